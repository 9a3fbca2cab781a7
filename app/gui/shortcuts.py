"""Keys of the window, by the place of the key where that matters.

On a French keyboard the digit row gives digits only with Shift, on a US keyboard only without. Bare
digit keys choose window presets, Shift with them answers findings; so both go by the place of the
key, which the native scan code tells, and not by the character.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_X11_DIGITS = {10 + n: (n + 1) % 10 for n in range(10)}  # evdev codes + 8: 10 is "1", 19 is "0"
_WINDOWS_DIGITS = {2 + n: (n + 1) % 10 for n in range(10)}
_MAC_DIGITS = {18: 1, 19: 2, 20: 3, 21: 4, 23: 5, 22: 6, 26: 7, 28: 8, 25: 9, 29: 0}
_SHIFTED_US = dict(zip("!@#$%^&*()", (1, 2, 3, 4, 5, 6, 7, 8, 9, 0), strict=True))


def digit_of(event: QKeyEvent) -> int | None:
    """Which key of the digit row was pressed, whatever the layout makes of it; None for another key."""
    if event.modifiers() & Qt.KeyboardModifier.KeypadModifier:
        return None
    if sys.platform == "darwin":
        return _MAC_DIGITS.get(event.nativeVirtualKey())
    if event.nativeScanCode():
        codes = _WINDOWS_DIGITS if sys.platform == "win32" else _X11_DIGITS
        return codes.get(event.nativeScanCode())
    # Events without a scan code come from programs (tests, assistive tools), which mean the character.
    if Qt.Key.Key_0 <= event.key() <= Qt.Key.Key_9:
        return int(event.key()) - int(Qt.Key.Key_0)
    return _SHIFTED_US.get(event.text())


def takes_text(widget: QWidget | None) -> bool:
    """Whether typing goes into this widget."""
    return isinstance(widget, (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)) or (
        isinstance(widget, QComboBox) and widget.isEditable()
    )


class Shortcuts(QObject):
    """Sends the reading page's keys to its actions while no text is being written.

    Parameters
    ----------
    keys
        What each key does, by (key, has Ctrl, has Shift).
    on_preset, on_finding
        Called with the digit (0 to 9) of a bare digit key, and of Shift with one.
    on_enter
        Called on Enter and Return, once a press. A focused button is pressed with Space, as everywhere in Qt.
    is_active
        Whether the reading page is in front.
    """

    def __init__(
        self,
        window: QWidget,
        keys: Mapping[tuple[Qt.Key, bool, bool], Callable[[], object]],
        on_preset: Callable[[int], object],
        on_finding: Callable[[int], object],
        on_enter: Callable[[], object],
        is_active: Callable[[], bool],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._keys = keys
        self._on_preset = on_preset
        self._on_finding = on_finding
        self._on_enter = on_enter
        self._is_active = is_active
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a key press that means something here; leave every other event alone."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if not isinstance(watched, QWidget) or watched.window() is not self._window or not self._is_active():
            return False
        focus = QApplication.focusWidget()
        if takes_text(focus):
            return False
        return self._take(event, focus)

    def _take(self, event: QKeyEvent, focus: QWidget | None) -> bool:
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        has_shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        has_control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
            return False
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not modifiers:
            if not event.isAutoRepeat():  # a key that is held down must not answer film after film
                self._on_enter()
            return True
        digit = digit_of(event)
        if digit is not None and not has_control:
            (self._on_finding if has_shift else self._on_preset)(digit)
            return True
        action = self._keys.get((key, has_control, has_shift))
        if action is None:
            return False
        action()
        return True
