"""The help sheet: every action with its key, searched and changed where it stands; and the preferences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.keyboard import Stroke, stroke_of
from widgets.preferences import Preferences
from widgets.theme import space

TWO_COLUMNS_PX = 600
MOST_WIDTH_PX = 960


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An action as the sheet lists it: `key` as the reader knows it, `also` further keys of it."""

    action: str
    group: str
    name: str
    key: str
    also: str = ""
    is_changed: bool = False


class KeyButton(QPushButton):
    """A key that can be changed: pressed, it waits for another one.

    Signals
    -------
    stroke_chosen
        The key that was pressed instead (`Stroke`).
    listening_changed
        Whether it waits.
    """

    stroke_chosen = Signal(object)
    listening_changed = Signal(bool)

    def __init__(self, row: KeyRow) -> None:
        super().__init__(row.key)
        self._row = row
        self._is_listening = False
        self.setProperty("role", "key")
        self.setProperty("changed", row.is_changed)
        self.setAccessibleName(self.tr("{0}: {1}").format(row.name, row.key))
        self.setToolTip(self.tr("Press to put “{0}” on another key").format(row.name))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(space(16))
        self.clicked.connect(lambda: self.set_listening(True))

    @property
    def is_listening(self) -> bool:
        return self._is_listening

    def set_listening(self, is_listening: bool) -> None:
        if is_listening == self._is_listening:
            return
        self._is_listening = is_listening
        self.setText(self.tr("press a key") if is_listening else self._row.key)
        self.listening_changed.emit(is_listening)

    def event(self, event: QEvent) -> bool:
        """While it waits, every key is the new one: Tab and what presses buttons, too."""
        if self._is_listening and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._on_pressed(event)
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses it like Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: object) -> None:
        self.set_listening(False)
        super().focusOutEvent(event)  # type: ignore[arg-type]

    def _on_pressed(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.set_listening(False)
            return
        stroke = stroke_of(event)
        if stroke is not None and not event.isAutoRepeat():
            self.set_listening(False)
            self.stroke_chosen.emit(stroke)


class HelpSheet(QFrame):
    """A panel over the film. It knows no action: it is given rows, and tells what the reader wants.

    Signals
    -------
    stroke_chosen(action, stroke)
        The reader wants an action on another key (`Stroke`).
    swap_confirmed(action, stroke)
        The same, though another action is on that key; both change places.
    reset_requested(action), reset_all_requested()
        Back to the default.
    closed()
        The sheet was closed.
    """

    stroke_chosen = Signal(str, object)
    swap_confirmed = Signal(str, object)
    reset_requested = Signal(str)
    reset_all_requested = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sheet")
        self.setProperty("surface", "sheet")
        self.setAccessibleName(self.tr("Keys and preferences"))
        self._rows: tuple[KeyRow, ...] = ()
        self._buttons: dict[str, KeyButton] = {}
        self._columns_shown = 0
        self._offered: tuple[str, Stroke] | None = None
        self.preferences = Preferences()
        self._search = QLineEdit()
        self._search.setPlaceholderText(self.tr("Search actions and keys"))
        self._search.setAccessibleName(self.tr("Search actions and keys"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._list)
        self._list_area = QScrollArea()
        self._list_area.setWidgetResizable(True)
        self._list_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._pages = QStackedWidget()
        self._build_conflict()
        self._lay_out()
        self.hide()

    # What it is told

    def set_rows(self, rows: Sequence[KeyRow]) -> None:
        """List these actions; what is in focus stays in focus."""
        focused = next((id_ for id_, b in self._buttons.items() if b.hasFocus()), None)
        self._rows = tuple(rows)
        self._reset_all.setEnabled(any(row.is_changed for row in rows))
        if self.isVisible():
            self._list()
            if focused in self._buttons:
                self._buttons[focused].setFocus(Qt.FocusReason.OtherFocusReason)

    def show_keys(self) -> None:
        """Open at the list of keys, ready to be searched."""
        self._open(0)
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_preferences(self) -> None:
        """Open at the preferences."""
        self._open(1)
        self.preferences.focus_first()

    def offer_swap(self, action: str, stroke: Stroke, sentence: str) -> None:
        """Say that another action is on the key, and offer to let both change places."""
        self._offered = action, stroke
        self._say(sentence)
        self._swap.show()
        self._swap.setFocus(Qt.FocusReason.OtherFocusReason)

    def refuse(self, sentence: str) -> None:
        """Say why an action cannot be on a key."""
        self._say(sentence)
        self._swap.hide()

    def close_sheet(self) -> None:
        self.hide()
        self.closed.emit()

    @property
    def is_listening(self) -> bool:
        """Whether the next key is the one that is being chosen."""
        return any(button.is_listening for button in self._buttons.values())

    def place_over(self, room: QRect) -> None:
        """Lie over this part of the window, never wider than reads well."""
        width = min(room.width() - 2 * space(4), MOST_WIDTH_PX)
        height = room.height() - 2 * space(4)
        left = room.left() + (room.width() - width) // 2
        self.setGeometry(left, room.top() + space(4), width, height)

    # Building

    def _build_conflict(self) -> None:
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setProperty("role", "look-again")
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._swap = QPushButton(self.tr("Change places"))
        self._swap.setToolTip(self.tr("Each of the two actions gets the other's key"))
        self._swap.clicked.connect(self._on_swap)
        self._leave = QPushButton(self.tr("Leave it"))
        self._leave.setToolTip(self.tr("Nothing changes"))
        self._leave.clicked.connect(self._on_leave)
        self._conflict = QWidget()
        row = QHBoxLayout(self._conflict)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(space(2))
        row.addWidget(self._said, 1)
        row.addWidget(self._swap)
        row.addWidget(self._leave)
        self._conflict.hide()

    def _lay_out(self) -> None:
        self._tabs = [
            self._made_tab(self.tr("Keys"), 0),
            self._made_tab(self.tr("Preferences"), 1),
        ]
        close = QToolButton()
        close.setIcon(theme.icon("close"))
        close.setAccessibleName(self.tr("Close"))
        close.setToolTip(self.tr("Back to the film  (Esc)"))
        close.clicked.connect(self.close_sheet)
        self._reset_all = QPushButton(self.tr("Reset all keys"))
        self._reset_all.setToolTip(self.tr("Put every action back on its first key"))
        self._reset_all.clicked.connect(self.reset_all_requested)
        top = QHBoxLayout()
        top.setSpacing(space(1))
        for tab in self._tabs:
            top.addWidget(tab)
        top.addStretch(1)
        top.addWidget(close)
        keys = QWidget()
        column = QVBoxLayout(keys)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(space(2))
        head = QHBoxLayout()
        head.setSpacing(space(2))
        head.addWidget(self._search, 1)
        head.addWidget(self._reset_all)
        column.addLayout(head)
        column.addWidget(self._conflict)
        column.addWidget(self._list_area, 1)
        hint = QLabel(
            self.tr(
                "Click a key, or press Enter on it, then press another one. "
                "Keys go by their place, with Ctrl by what they say."
            )
        )
        hint.setProperty("role", "caption")
        hint.setWordWrap(True)
        column.addWidget(hint)
        self._pages.addWidget(keys)
        self._pages.addWidget(self.preferences)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(space(4), space(3), space(4), space(3))
        whole.setSpacing(space(3))
        whole.addLayout(top)
        whole.addWidget(self._pages, 1)

    def _made_tab(self, words: str, page: int) -> QToolButton:
        tab = QToolButton()
        tab.setText(words)
        tab.setCheckable(True)
        tab.setAutoExclusive(True)
        tab.setChecked(page == 0)
        tab.setToolTip(words)
        tab.clicked.connect(lambda: self._open(page))
        return tab

    def _open(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        self._tabs[page].setChecked(True)
        self._conflict.hide()
        self.show()
        self.raise_()
        self._list()

    # The list

    def _found(self) -> list[KeyRow]:
        words = self._search.text().casefold().split()
        return [
            row
            for row in self._rows
            if all(w in f"{row.group} {row.name} {row.key} {row.also}".casefold() for w in words)
        ]

    def _list(self) -> None:
        """Lay the groups into columns of about the same length, none of them torn apart."""
        groups: dict[str, list[KeyRow]] = {}
        for row in self._found():
            groups.setdefault(row.group, []).append(row)
        count = 2 if self.width() >= TWO_COLUMNS_PX else 1
        self._columns_shown = count
        lengths = [0] * count
        inner = QWidget()
        columns = QHBoxLayout(inner)
        columns.setContentsMargins(0, 0, space(3), 0)
        columns.setSpacing(space(8))
        layouts = []
        for _ in range(count):
            layout = QVBoxLayout()
            layout.setSpacing(space(4))
            layouts.append(layout)
            columns.addLayout(layout, 1)
        half = sum(len(rows) + 2 for rows in groups.values()) / count
        self._buttons = {}
        place = 0
        for group, rows in groups.items():
            if place + 1 < count and lengths[place] + len(rows) / 2 > half:
                place += 1
            layouts[place].addLayout(self._made_group(group, rows))
            lengths[place] += len(rows) + 2
        for layout in layouts:
            layout.addStretch(1)
        if not groups:
            nothing = QLabel(self.tr("No action matches “{0}”.").format(self._search.text()))
            nothing.setProperty("role", "quiet")
            layouts[0].insertWidget(0, nothing)
        self._list_area.setWidget(inner)
        inner.setAutoFillBackground(False)  # `setWidget` has switched it on
        self._list_area.viewport().setAutoFillBackground(False)

    def _made_group(self, group: str, rows: list[KeyRow]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(space(1))
        title = QLabel(group)
        title.setProperty("role", "title")
        column.addWidget(title)
        for row in rows:
            line = QHBoxLayout()
            line.setSpacing(space(2))
            name = QLabel(row.name)
            name.setTextFormat(Qt.TextFormat.PlainText)
            name.setWordWrap(True)
            words = QVBoxLayout()
            words.setSpacing(0)
            words.addWidget(name)
            if row.also:  # below: beside it, names of keys would need more room than a column has
                also = QLabel(self.tr("also {0}").format(row.also))
                also.setProperty("role", "caption")
                words.addWidget(also)
            line.addLayout(words, 1)
            line.addWidget(self._made_keys(row))
            column.addLayout(line)
        return column

    def _made_keys(self, row: KeyRow) -> QWidget:
        button = KeyButton(row)
        button.stroke_chosen.connect(lambda stroke, id_=row.action: self._on_stroke(id_, stroke))
        button.listening_changed.connect(lambda _: self._conflict.hide())
        self._buttons[row.action] = button
        box = QWidget()
        keys = QHBoxLayout(box)
        keys.setContentsMargins(0, 0, 0, 0)
        keys.setSpacing(space(1))
        if row.is_changed:
            reset = QToolButton()
            reset.setIcon(theme.icon("restore", theme.TOKENS.text_quiet))
            reset.setAccessibleName(self.tr("Reset {0}").format(row.name))
            reset.setToolTip(self.tr("Back to the first key of “{0}”").format(row.name))
            reset.clicked.connect(lambda _=False, id_=row.action: self.reset_requested.emit(id_))
            keys.addWidget(reset)
        keys.addWidget(button)
        return box

    # What happened

    def _say(self, sentence: str) -> None:
        self._said.setText(sentence)
        self._conflict.setAccessibleName(sentence)
        self._conflict.show()

    def _on_stroke(self, action: str, stroke: Stroke) -> None:
        self._conflict.hide()
        self.stroke_chosen.emit(action, stroke)

    def _on_swap(self) -> None:
        self._conflict.hide()
        if self._offered is not None:
            action, stroke = self._offered
            self._offered = None
            self._focus_key(action)
            self.swap_confirmed.emit(action, stroke)

    def _on_leave(self) -> None:
        self._conflict.hide()
        if self._offered is not None:
            self._focus_key(self._offered[0])
            self._offered = None

    def _focus_key(self, action: str) -> None:
        if action in self._buttons:
            self._buttons[action].setFocus(Qt.FocusReason.OtherFocusReason)

    # What Qt asks

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes; arrows go from key to key."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        else:
            event.accept()  # nothing goes through to what is covered

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isVisible() and (2 if self.width() >= TWO_COLUMNS_PX else 1) != self._columns_shown:
            self._list()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round within the sheet for as long as it is open."""
        stops: list[QWidget] = []
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
            if takes_tab and self.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled():
                stops.append(widget)
            widget = widget.nextInFocusChain()
        focused = self.focusWidget()
        if not stops:
            return False
        place = stops.index(focused) if focused in stops else -1
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(place + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True
