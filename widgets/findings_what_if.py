"""What the findings panel says while a part of the film is covered: that its numbers are a what-if."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from widgets import theme
from widgets.key_hints import stands_for
from widgets.theme import space


class WhatIf(QWidget):
    """A line above the probabilities, and a button that takes the cover away.

    Signals
    -------
    ended
        The reader wants to see the film as it is again.
    """

    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        icon = QLabel()
        side = space(4)
        icon.setPixmap(theme.icon("selection-off", theme.TOKENS.accent).pixmap(side, side))
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        button = QToolButton()
        button.setIcon(theme.icon("close"))
        button.setAccessibleName(self.tr("Take the cover away"))
        stands_for(button, "escape", self.tr("Take the cover away"))
        button.clicked.connect(self.ended)
        row = QHBoxLayout(self)
        row.setContentsMargins(space(2), space(1), space(1), space(1))
        row.setSpacing(space(2))
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(self, keeps: bool, problem: str = "") -> None:
        """Say what is covered, or why that cannot be answered."""
        words = (
            self.tr("What if only this part were seen? Shown only, never kept.")
            if keeps
            else self.tr("What if this part were not seen? Shown only, never kept.")
        )
        self._words.setText(problem or words)
        self.setAccessibleName(self._words.text())
        self.show()
