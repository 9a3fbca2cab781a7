"""What went wrong, said where it does not interrupt: one list for an import, a thin banner for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.numbers import counted
from widgets.theme import TOKENS, space
from widgets.words import in_words

Level = Literal["note", "look-again", "failed"]

_LOOKS: dict[Level, tuple[str, str]] = {
    "note": ("information-outline", TOKENS.text_quiet),
    "look-again": ("alert-outline", TOKENS.look_again),
    "failed": ("alert-circle-outline", TOKENS.failed),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One file that could not be used: which, what is wrong in one sentence, what helps to mend it."""

    file: str
    sentence: str
    details: str = ""

    @property
    def as_text(self) -> str:
        return "\n".join(part for part in (self.file, self.sentence, self.details) if part)


class ImportProblems(QWidget):
    """Everything that one import could not read, as one list that waits until somebody looks.

    Signals
    -------
    closed()
        The reader has seen enough.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._problems: list[Problem] = []
        self._title = QLabel()
        self._title.setProperty("role", "strong")
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Files that could not be read"))
        self._list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self._list.setWordWrap(True)
        self._copy = QPushButton(theme.icon("content-copy"), self.tr("Copy details"))
        self._copy.setToolTip(self.tr("Copies the chosen lines, or all if none is chosen"))
        self._copy.clicked.connect(self._on_copy)
        close = _closing(self.tr("Close the list"))
        close.clicked.connect(self._on_close)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._copy)
        top.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(space(3), space(2), space(3), space(2))
        layout.setSpacing(space(2))
        layout.addLayout(top)
        layout.addWidget(self._list)
        self.set_problems([])

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    def set_problems(self, problems: Iterable[Problem]) -> None:
        """Replace the list, as at the begin of an import."""
        self._problems = []
        self._list.clear()
        self.add(problems)

    def add(self, problems: Iterable[Problem]) -> None:
        """Add what was found since."""
        for problem in problems:
            self._problems.append(problem)
            icon = theme.icon("alert-circle-outline", TOKENS.failed)
            item = QListWidgetItem(icon, in_words(problem.sentence))
            item.setToolTip(problem.file)
            self._list.addItem(item)
        count = len(self._problems)
        self._title.setText(
            counted(
                count,
                self.tr("1 file could not be read; the rest is in the worklist."),
                self.tr("{0} files could not be read; the rest is in the worklist."),
            )
        )
        self._copy.setEnabled(bool(count))

    def _on_copy(self) -> None:
        rows = sorted(self._list.row(item) for item in self._list.selectedItems())
        chosen = [self._problems[row] for row in rows] or self._problems
        QGuiApplication.clipboard().setText("\n\n".join(problem.as_text for problem in chosen))

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()


class Banner(QWidget):
    """One line at the top of the window for what a reader should know now and need not answer.

    Signals
    -------
    action_requested()
        The button, where there is one, was pressed.
    closed()
    """

    action_requested = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._details = ""
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._action = QPushButton()
        self._action.clicked.connect(self.action_requested)
        self._copy = QPushButton(self.tr("Copy details"))
        self._copy.setProperty("role", "flat")
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._details))
        close = _closing(self.tr("Close the message"))
        close.clicked.connect(self._on_close)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(space(3), space(1), space(2), space(1))
        layout.setSpacing(space(2))
        for widget in (self._icon, self._text, self._action, self._copy, close):
            layout.addWidget(widget)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def show_message(self, text: str, level: Level = "note", *, action: str = "", details: str = "") -> None:
        """Show a sentence; a newer one takes its place. `details` is what *Copy details* copies."""
        icon, colour = _LOOKS[level]
        self._icon.setPixmap(theme.icon(icon, colour).pixmap(space(5), space(5)))
        self._text.setText(text)
        self.setAccessibleName(text)
        self._details = "\n".join(part for part in (text, details) if part)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._copy.setVisible(bool(details))
        self.show()

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()


def _closing(name: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon("close"))
    button.setAccessibleName(name)
    button.setToolTip(name)
    return button
