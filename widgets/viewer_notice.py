"""What stands in the film's place when there is no film: what is wrong or missing, and what to do next."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from widgets import theme


class Notice(QWidget):
    """An icon, a sentence and one button in the middle of the film's place."""

    open_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setMinimumWidth(theme.space(70))
        self._words.setMaximumWidth(theme.space(110))
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._open = QPushButton()
        self._open.setProperty("role", "primary")
        self._open.clicked.connect(self.open_requested)
        self._copy = QPushButton(self.tr("Copy details"))
        self._copy.setToolTip(self.tr("Copy this sentence to the clipboard"))
        self._copy.clicked.connect(self._on_copy)
        column = QVBoxLayout(self)
        column.setSpacing(theme.space(3))
        column.addStretch(1)
        for widget in (self._icon, self._words, self._open, self._copy):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(widget, 100 if widget is self._words else 0)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(1)
        self.hide()

    @property
    def words(self) -> str:
        """The sentence that is shown."""
        return self._words.text()

    def show_problem(self, sentence: str) -> None:
        """Show what failed, with a button that copies it."""
        self._show("alert-circle-outline", theme.TOKENS.failed, sentence)
        self._copy.show()

    def show_empty(self, text: str, button_text: str) -> None:
        """Show that nothing is there yet, with the button that changes it (none without a text)."""
        self._show("image-outline", theme.TOKENS.text_quiet, text)
        self._open.setText(button_text)
        self._open.setVisible(bool(button_text))

    def _show(self, icon: str, colour: str, words: str) -> None:
        side = theme.space(10)
        self._icon.setPixmap(theme.icon(icon, colour).pixmap(QSize(side, side), self.devicePixelRatioF()))
        self._words.setText(words)
        self._words.setAccessibleName(words)
        self._open.hide()
        self._copy.hide()
        self.show()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.words)
