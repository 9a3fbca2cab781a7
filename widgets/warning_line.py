"""A line that tells a reader to look again."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from widgets import theme


class WarningLine(QWidget):
    """An amber line with an icon: the colour is never the only sign."""

    def __init__(self, is_strong: bool = False) -> None:
        super().__init__()
        side = theme.space(4)
        icon = QLabel()
        icon.setPixmap(
            theme.icon("alert-outline", theme.TOKENS.look_again).pixmap(
                QSize(side, side), self.devicePixelRatioF()
            )
        )
        self._words = QLabel()
        self._words.setProperty("role", "look-again")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        font = self._words.font()
        font.setBold(is_strong)
        self._words.setFont(font)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(2))
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        self.hide()

    @property
    def text(self) -> str:
        return self._words.text()

    def say(self, sentence: str) -> None:
        """Say what to beware of; empty for nothing."""
        self._words.setText(sentence)
        self.setAccessibleName(sentence)
        self.setVisible(bool(sentence))
