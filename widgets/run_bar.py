"""What a run in a process of its own does now, how far it is, Cancel while it runs, and Resume after that."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from widgets.theme import space
from widgets.training_parts import label, set_role


class RunBar(QWidget):
    """Words, two buttons and a bar, in whatever view follows a run.

    Signals
    -------
    cancel_requested()
    resume_requested(run)
        The reader wants an interrupted run to go on.

    Parameters
    ----------
    progress
        What the bar is called.
    cancel, resume
        As the view words them.
    """

    cancel_requested = Signal()
    resume_requested = Signal(str)

    def __init__(self, progress: str, cancel: QPushButton, resume: QPushButton) -> None:
        super().__init__()
        self._resumable = ""
        self.is_running = self.is_cancelling = False
        self._words = label("", wraps=True)
        self._cancel, self._resume = cancel, resume
        self._cancel.clicked.connect(self._on_cancel)
        self._resume.clicked.connect(lambda: self.resume_requested.emit(self._resumable))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(progress)
        self._row = QHBoxLayout()
        self._row.setSpacing(space(3))
        self._row.addWidget(self._words, 1)
        self._row.addWidget(resume)
        self._row.addWidget(cancel)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(space(2))
        whole.addLayout(self._row)
        whole.addWidget(self._bar)
        self.show_running(False)

    def lead_with(self, widget: QWidget) -> None:
        """Let something stand before the words."""
        self._row.insertWidget(0, widget)

    def begin(self) -> None:
        """A run was started; none can be resumed."""
        self._resumable = ""
        self.show_running(True)
        self.say(self.tr("Starting"), "")

    def show_running(self, is_running: bool) -> None:
        """Whether the run works; how far it is, nobody knows yet."""
        self.is_running, self.is_cancelling = is_running, False
        self._bar.setHidden(not is_running)
        self._cancel.setHidden(not is_running)
        self._cancel.setEnabled(True)
        self._resume.setHidden(is_running or not self._resumable)
        if is_running:
            self.show_progress(0, 0)

    def end(self, text: str, role: str) -> None:
        """The run is over, and what came of it."""
        self.show_running(False)
        self.say(text, role)

    def show_resumable(self, run: str) -> None:
        """Offer to go on with a run once none works; an empty one takes the offer back."""
        self._resumable = run
        self._resume.setHidden(not run or self.is_running)

    def show_progress(self, done: int, total: int) -> None:
        """How much of the whole is done; a total of 0 says that nobody knows."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def say(self, text: str, role: str) -> None:
        """What the run does, or what came of it."""
        self._words.setText(text)
        set_role(self._words, role)

    def _on_cancel(self) -> None:
        self.is_cancelling = True
        self._cancel.setEnabled(False)
        self.say(self.tr("Stopping after this batch"), "quiet")
        self.cancel_requested.emit()
