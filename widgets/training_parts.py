"""Small pieces that the sections of the training tab share."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.theme import space


def label(text: str = "", role: str = "", *, wraps: bool = False) -> QLabel:
    """Plain text in one of the theme's roles."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wraps)
    return made


def set_role(widget: QWidget, role: str) -> None:
    """Change a widget's role and let the style sheet see it."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def section(title: str) -> tuple[QWidget, QVBoxLayout]:
    """A titled part of a panel, and the layout for what stands in it."""
    part = QWidget()
    layout = QVBoxLayout(part)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(space(2))
    layout.addWidget(label(title, "title"))
    return part, layout


def separator() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line


class Reasoned(QWidget):
    """A button with its reason beside it: while it cannot be pressed, text and tooltip say why."""

    def __init__(self, button: QPushButton, tip: str) -> None:
        super().__init__()
        self.button = button
        self._tip = tip
        self._why = label("", "caption", wraps=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(space(1))
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._why)
        self.block("")

    @property
    def reason(self) -> str:
        return self._why.text()

    def block(self, reason: str) -> None:
        """Say why the button cannot be pressed; an empty reason frees it.

        Who has just pressed it stays where they are: Qt would pass the focus on to the next button, and
        Space would press that.
        """
        is_here = self.button.hasFocus() or self.hasFocus()
        self.button.setEnabled(not reason)
        if is_here:
            (self if reason else self.button).setFocus(Qt.FocusReason.OtherFocusReason)
        self.button.setToolTip(reason or self._tip)
        self.button.setAccessibleDescription(reason or self._tip)
        self._why.setText(reason)
        self._why.setHidden(not reason)


class FigureTable(QWidget):
    """Rows of names and numbers; numbers stand below each other at the right."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(space(4))
        self._grid.setVerticalSpacing(space(1))

    def fill(self, headings: Sequence[str], rows: Sequence[Sequence[str]], roles: Sequence[str] = ()) -> None:
        """Replace everything. `roles` gives the role of each column from the second on."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for column, heading in enumerate(headings):
            self._put(label(heading, "caption"), 0, column)
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row):
                role = roles[column - 1] if 0 < column <= len(roles) else ""
                self._put(label(text, role), number, column)
        self._grid.setColumnStretch(0, 1)
        said = [", ".join(f"{h} {t}".strip() for h, t in zip(headings, row, strict=False)) for row in rows]
        self.setAccessibleDescription("; ".join(said))

    def _put(self, made: QLabel, row: int, column: int) -> None:
        if column:
            made.setFont(theme.figures(made.font()))
            made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(made, row, column)
