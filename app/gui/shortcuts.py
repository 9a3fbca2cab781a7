"""Sends key presses to actions: which key counts where, and what is left to the control in focus."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from app.gui.actions import Action
from app.gui.film_window import FilmWindow
from app.gui.keymap import Keymap
from widgets.keyboard import Legends, Stroke, is_by_place, stroke_of
from widgets.viewer import Viewer

_ARROWS = frozenset({"Up", "Down", "Left", "Right"})
_MOVES = _ARROWS | {"Home", "End", "PageUp", "PageDown"}
_FUNCTION_KEYS = frozenset(f"F{n}" for n in range(1, 13))


def takes_text(widget: QWidget | None) -> bool:
    """Whether typing goes into this widget."""
    return isinstance(widget, (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)) or (
        isinstance(widget, QComboBox) and widget.isEditable()
    )


def has_use_for(widget: QWidget | None, key: str) -> bool:
    """Whether a control that has the focus needs a key that moves or presses."""
    if isinstance(widget, QAbstractButton):
        return key == "Space"
    if isinstance(widget, (QAbstractItemView, QComboBox)):
        return key in _MOVES or key == "Space"
    return isinstance(widget, (QAbstractSlider, QTabBar)) and key in _MOVES


class Shortcuts(QObject):
    """An event filter on the application that takes the keys of one window.

    While text is written, or something covers the film, only what counts everywhere is taken, and of
    that only what writes nothing. Plain letters, digits and signs that no action is on are swallowed on the
    reading page, so that a list does not jump to a study because a key was missed.

    Parameters
    ----------
    is_reading
        Whether the reading page is in front, with nothing over the film.
    is_listening
        Whether some control waits for a key to be chosen: then nothing is taken.
    take_first
        Whether what the reader has in hand takes a key, before any action does.

    Signals
    -------
    legends_changed
        A key was seen to say something else than was thought.
    text_left
        Esc was pressed in a field beside the film.
    """

    legends_changed = Signal()
    text_left = Signal()

    def __init__(
        self,
        window: QWidget,
        keymap: Keymap,
        legends: Legends,
        actions: Mapping[str, Action],
        run: Callable[[Action], object],
        is_reading: Callable[[], bool],
        is_listening: Callable[[], bool],
        take_first: Callable[[Stroke], bool],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._keymap = keymap
        self._legends = legends
        self._actions = actions
        self._run = run
        self._is_reading = is_reading
        self._is_listening = is_listening
        self._take_first = take_first
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a key press that means something here; leave every other event alone."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if not isinstance(watched, QWidget) or not self._is_ours(watched.window()):
            return False
        if self._legends.learn(event):
            self.legends_changed.emit()
        stroke = stroke_of(event)
        if stroke is None or self._is_listening():
            return False
        # Without a window manager no window is ever active, and Qt names no focus though keys arrive.
        focus = QApplication.focusWidget() or watched.window().focusWidget()
        return self._take(stroke, focus, event.isAutoRepeat())

    def _is_ours(self, window: QWidget) -> bool:
        """Whether keys that go to a window count here: the main one, or the one that films were moved to."""
        return window is self._window or isinstance(window, FilmWindow)

    def _take(self, stroke: Stroke, focus: QWidget | None, is_repeat: bool) -> bool:
        action = self._actions.get(self._keymap.action_of(stroke) or "")
        is_text = takes_text(focus)
        if isinstance(focus, QLineEdit) and stroke == Stroke("Esc") and self._is_beside_film(focus):
            self.text_left.emit()
            return True
        if is_text or not self._is_reading():
            if action is None or action.scope != "everywhere" or not _counts_in_text(stroke):
                return False
        elif not has_use_for(focus, stroke.key) and self._take_first(stroke):
            return True
        elif action is None:
            return self._is_missed(stroke, focus)
        elif action.scope == "film" and has_use_for(focus, stroke.key):
            return False
        if not is_repeat or action.repeats:  # a key that is held down must not answer film after film
            self._run(action)
        return True

    def _is_beside_film(self, field: QLineEdit) -> bool:
        """Whether a field of the reading page is none that is open on a film, which closes it itself."""
        parent = field.parentWidget()
        while parent is not None and not isinstance(parent, Viewer):
            parent = parent.parentWidget()
        return parent is None and self._is_reading()

    def _is_missed(self, stroke: Stroke, focus: QWidget | None) -> bool:
        """Whether a key without an action is kept from the control in focus, which would have its own use."""
        if stroke.ctrl:
            return False
        keys_of_the_film = _MOVES | {"Space"}
        is_of_the_film = isinstance(focus, Viewer) and stroke.key in keys_of_the_film
        return is_of_the_film or is_by_place(stroke.key) or stroke.key == "Enter"


def _counts_in_text(stroke: Stroke) -> bool:
    return stroke.ctrl or stroke.key in _FUNCTION_KEYS
