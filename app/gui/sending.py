"""Trainings sent to a server: `jobs pack --send` in a process of its own, because it loads torch.

Every few seconds somebody looks at what lies in the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from app import locations
from app.gui.jobs import Jobs
from app.gui.last_words import last_words
from app.workplace import Workplace
from training.job_records import Sent, sent_jobs

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
        self._process: QProcess | None = None
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
        return self._process is not None

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
        if self._process is not None:
            return
        program, *words = locations.command_line_program()
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("OMP_WAIT_POLICY", "PASSIVE")
        environment.insert("PYTHONUTF8", "1")
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(str(locations.program_folder()))
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        packing = ["jobs", "pack", *arguments, f"--send={Path(self.folder).absolute()}", "--json"]
        process.start(program, [*words, *self._workplace.options, *packing])

    def close(self) -> None:
        """End what is under way, and tell nobody. A job that is half packed is none."""
        self._timer.stop()
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect()
            process.errorOccurred.disconnect()
            process.kill()
            process.waitForFinished(2000)
        self._jobs.close(wait=False)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._process = None
            self.failed.emit(self.tr("The job could not be packed: {0}.").format(reason))

    def _on_finished(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        out = bytes(process.readAllStandardOutput().data()).decode("utf-8", "replace")
        errors = bytes(process.readAllStandardError().data()).decode("utf-8", "replace")
        process.deleteLater()
        if '"job":' in out:  # films that could not be read are left out, and are no failure of the job
            self.sent.emit()
        else:
            self.failed.emit(last_words(errors) or self.tr("Packing the job ended without a word."))
        self.look()
