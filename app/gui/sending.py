"""Trainings sent to a server: `jobs pack --send` in a process of its own, because it loads torch.

Every few seconds somebody looks at what lies in the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.gui.command import Command, Ended
from app.gui.jobs import Jobs
from app.workplace import Workplace
from training.jobs.records import Sent, sent_jobs

LOOK_MS = 5000


class Sending(QObject):
    """Sends one job at a time. Lives on the GUI thread.

    Signals
    -------
    sent()
        It lies in the folder, whole.
    failed(str)
        Why it does not, in a sentence.
    jobs_seen(list of Sent)
        What was sent so far, newest first, and what lies in the folders now.
    """

    sent = Signal()
    failed = Signal(str)
    jobs_seen = Signal(object)

    def __init__(self, workplace: Workplace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._command = Command(workplace.options, self)
        self._command.ended.connect(self._on_ended)
        self._command.not_started.connect(self._on_not_started)
        self._jobs = Jobs("sent-jobs", 1, self)  # a network share may take its time
        self._is_looking = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    @property
    def folder(self) -> str:
        """Where jobs go; empty before one was chosen."""
        return self._workplace.settings.jobs_folder

    @property
    def is_sending(self) -> bool:
        return self._command.is_running

    def choose_folder(self, folder: str) -> None:
        self._workplace.change_settings(replace(self._workplace.settings, jobs_folder=folder))

    def watch(self) -> None:
        """Look for results from now on."""
        self._timer.start()
        self.look()

    def look(self) -> None:
        """See what lies in the folders; `jobs_seen` follows."""
        if self._is_looking:
            return
        self._is_looking = True
        records = self._workplace.folder / "jobs"

        def done(jobs: list[Sent]) -> None:
            self._is_looking = False
            self.jobs_seen.emit(jobs)

        self._jobs.submit(lambda: sent_jobs(records), done)

    def send(self, arguments: Sequence[str]) -> None:
        """Pack a training with these options of `train`; `sent` or `failed` follows."""
        packing = ["jobs", "pack", *arguments, f"--send={Path(self.folder).absolute()}", "--json"]
        self._command.start(packing)

    def close(self) -> None:
        """End what is under way, and tell nobody. A job that is half packed is none."""
        self._timer.stop()
        self._command.close()
        self._jobs.close(wait=False)

    def _on_not_started(self, reason: str) -> None:
        self.failed.emit(self.tr("The job could not be packed: {0}.").format(reason))

    def _on_ended(self, ended: Ended) -> None:
        if '"job":' in ended.out:  # films that could not be read are left out, and are no failure of the job
            self.sent.emit()
        else:
            self.failed.emit(ended.last_words or self.tr("Packing the job ended without a word."))
        self.look()
