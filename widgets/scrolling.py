"""A column that is scrolled up and down, and never cuts its words."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QScrollArea, QWidget


class ColumnArea(QScrollArea):
    """Is at least as wide as what it holds needs beside its scroll bar: other languages have longer words.

    Parameters
    ----------
    least, most
        Its smallest width, and what it takes at most of its own accord, in pixels. Only what needs more than
        that is scrolled sideways.
    """

    def __init__(self, column: QWidget, least: int, most: int) -> None:
        super().__init__()
        self._least, self._most = least, most
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setMinimumWidth(least)
        self.setWidget(column)

    def sizeHint(self) -> QSize:
        return QSize(self.minimumWidth(), super().sizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        column = self.widget()
        if column is not None and watched is column and event.type() == QEvent.Type.LayoutRequest:
            needed = column.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
            self.setMinimumWidth(min(max(needed, self._least), self._most))
        return super().eventFilter(watched, event)
