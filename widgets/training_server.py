"""Trainings that another machine does: sending one to a folder, and taking its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.theme import space
from widgets.training_parts import Reasoned, label, section, set_role

MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class SentJob:
    """A job that was sent: its id, the folder, when (in words), and what lies there now."""

    job: str
    folder: str
    sent: str
    state: Literal["waiting", "result", "taken"]


class ServerView(QWidget):
    """Send the training that is chosen above to a folder that a server sees; take back what it learnt.

    Signals
    -------
    folder_chosen(path)
        Another folder is to be sent to.
    send_requested(path), take_requested(job id)
    """

    folder_chosen = Signal(str)
    send_requested = Signal(str)
    take_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._folder = self._blocked_by = ""
        self._is_sending = self._is_training = False
        self._where = label("", "caption", wraps=True)
        choose = QPushButton(self.tr("Choose a folder"))
        choose.setToolTip(self.tr("A folder that the server looks into for jobs, such as a network share"))
        choose.clicked.connect(self._on_choose)
        self._choose = choose
        send = QPushButton(theme.icon("export"), self.tr("Send to the server"))
        send.clicked.connect(lambda: self.send_requested.emit(self._folder))
        self._send = Reasoned(
            send,
            self.tr(
                "Films of the training and validation part leave, at the network's size and without names"
            ),
        )
        self._words = label("", "caption", wraps=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(space(2))
        self._jobs: tuple[SentJob, ...] | None = None
        self._lay_out()
        self.set_folder("")
        self.show_jobs(())
        self.say("", "caption")

    @property
    def reason_not_to_send(self) -> str:
        if self._is_sending:
            return self.tr("Packing films of the training and validation part")
        if not self._folder:
            return self.tr("No folder is chosen yet.")
        return self._blocked_by

    def set_folder(self, folder: str) -> None:
        """The folder that jobs go to; empty: none was chosen."""
        self._folder = folder
        self._where.setText(folder)
        self._where.setHidden(not folder)
        self._choose.setText(self.tr("Choose another folder") if folder else self.tr("Choose a folder"))
        self._refresh()

    def set_blocked(self, reason: str) -> None:
        """Why nothing can be sent, such as too few decisions; empty frees it."""
        self._blocked_by = reason
        self._refresh()

    def set_sending(self, is_sending: bool) -> None:
        self._is_sending = is_sending
        self._refresh()

    def set_training(self, is_training: bool) -> None:
        """While a training runs here no result is measured."""
        if is_training != self._is_training:
            self._is_training = is_training
            jobs, self._jobs = self._jobs or (), None
            self.show_jobs(jobs)

    def say(self, text: str, role: str) -> None:
        self._words.setText(text)
        self._words.setHidden(not text)
        set_role(self._words, role)

    def show_jobs(self, jobs: Sequence[SentJob]) -> None:
        """The newest jobs that were sent, each with what has come of it."""
        shown = tuple(jobs)[:MOST_SHOWN]
        if shown == self._jobs:
            return
        self._jobs = shown
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for job in shown:
            self._list.addWidget(self._row(job))

    def _row(self, job: SentJob) -> QWidget:
        words = {
            "waiting": self.tr("Sent {0}, no result yet"),
            "result": self.tr("Sent {0}, its result is there"),
            "taken": self.tr("Sent {0}, its result was taken"),
        }[job.state]
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        told = label(words.format(job.sent), "saved" if job.state == "result" else "caption", wraps=True)
        told.setToolTip(job.folder)
        layout.addWidget(told, 1)
        if job.state == "result":
            take = QPushButton(self.tr("Take the result"))
            take.setToolTip(self.tr("Measure it here beside the model in use, on the test part"))
            take.setAccessibleName(self.tr("Take the result of the job sent {0}").format(job.sent))
            take.clicked.connect(lambda: self.take_requested.emit(job.job))
            if self._is_training:
                take.setEnabled(False)
                take.setToolTip(self.tr("A training is running."))
            layout.addWidget(take)
        return row

    def _on_choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("Where the server looks for jobs"), self._folder
        )
        if chosen:
            self.folder_chosen.emit(str(Path(chosen)))

    def _refresh(self) -> None:
        self._send.block(self.reason_not_to_send)

    def _lay_out(self) -> None:
        part, layout = section(self.tr("On a server"))
        layout.addWidget(self._where)
        layout.addWidget(self._choose, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._send)
        layout.addWidget(self._words)
        layout.addLayout(self._list)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)
