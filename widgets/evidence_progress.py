"""How far an explanation is that takes many passes: a thin bar, the time that is left, and Cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from widgets.numbers import duration_text
from widgets.theme import space

BAR_PX = 4


class ExplanationProgress(QWidget):
    """Words and Cancel on one line, the bar below them; hidden while nothing is under way.

    Signals
    -------
    cancelled
        The reader does not want the explanation any more.
    """

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words = QLabel()
        self._words.setProperty("role", "quiet")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._bar = QProgressBar()
        self._bar.setAccessibleName(self.tr("Progress of the explanation"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(BAR_PX)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setProperty("role", "flat")
        cancel.setAccessibleName(self.tr("Cancel the explanation"))
        cancel.clicked.connect(self.cancelled)
        line = QHBoxLayout()
        line.setSpacing(space(2))
        line.addWidget(self._words, 1)
        line.addWidget(cancel)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(space(1))
        whole.addLayout(line)
        whole.addWidget(self._bar)
        self.hide()

    @property
    def text(self) -> str:
        return self._words.text()

    def say(self, method: str, done: int, total: int, remaining_s: float | None) -> None:
        """Show how far a method is; a total of 0 where nobody knows yet."""
        if total <= 0 or remaining_s is None:
            words = self.tr("{0}: begins").format(method)
        else:
            words = self.tr("{0}: {1} left").format(method, duration_text(max(remaining_s, 1.0)))
        self._words.setText(words)
        self._bar.setRange(0, max(total, 0))
        self._bar.setValue(min(done, total))
        self.show()
