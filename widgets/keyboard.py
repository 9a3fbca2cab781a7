"""Which key was pressed: letters, digits and signs by the place of the key, commands by its label.

On a French keyboard the digit row gives digits only with Shift, on a German one Y and Z change places. A
tool that is reached without looking has to stay where the hand knows it, so plain keys go by their place,
which the native scan code tells; they are named after what a US keyboard has there. Ctrl with a letter
goes by what the key says: Ctrl+Z is on the key that is labelled Z, here as in every other program.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeyEvent

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIGNS = {
    "Minus": "-",
    "Equal": "=",
    "BracketLeft": "[",
    "BracketRight": "]",
    "Semicolon": ";",
    "Quote": "'",
    "Backquote": "`",
    "Backslash": "\\",
    "Angle": "<",
    "Comma": ",",
    "Period": ".",
    "Slash": "/",
}
"""Keys with signs, and what a US keyboard says there (`Angle` is the key that only ISO keyboards have)."""

_ROWS = {  # evdev codes, which are scan code set 1 too, of the first key of each stretch
    2: (*"1234567890", "Minus", "Equal"),
    16: (*"QWERTYUIOP", "BracketLeft", "BracketRight"),
    30: (*"ASDFGHJKL", "Semicolon", "Quote", "Backquote"),
    43: ("Backslash", *"ZXCVBNM", "Comma", "Period", "Slash"),
    86: ("Angle",),
}
_PLACES = {first + n: name for first, names in _ROWS.items() for n, name in enumerate(names)}
_X11_OFFSET = 8
_MAC_PLACES = dict(
    zip(
        (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23),
        (*"ASDFHGZXCV", "Angle", *"BQWERYT", *"123465"),
        strict=True,
    )
) | dict(
    zip(
        (24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 50),
        (
            *("Equal", "9", "7", "Minus", "8", "0", "BracketRight", "O", "U", "BracketLeft", "I", "P"),
            *("L", "J", "Quote", "K", "Semicolon", "Backslash", "Comma", "Slash", "N", "M", "Period"),
            "Backquote",
        ),
        strict=True,
    )
)
"""kVK_ANSI codes of Apple's Carbon headers; the same on every layout."""

_KEYS = {
    Qt.Key.Key_Space: "Space",
    Qt.Key.Key_Tab: "Tab",
    Qt.Key.Key_Backtab: "Tab",
    Qt.Key.Key_Escape: "Esc",
    Qt.Key.Key_Return: "Enter",
    Qt.Key.Key_Enter: "Enter",
    Qt.Key.Key_Backspace: "Backspace",
    Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Insert: "Insert",
    Qt.Key.Key_Home: "Home",
    Qt.Key.Key_End: "End",
    Qt.Key.Key_PageUp: "PageUp",
    Qt.Key.Key_PageDown: "PageDown",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Menu: "Menu",
    **{Qt.Key(int(Qt.Key.Key_F1) + n): f"F{n + 1}" for n in range(12)},
}
_TYPED = {
    **{sign: name for name, sign in _SIGNS.items()},
    **dict(zip("!@#$%^&*()", "1234567890", strict=True)),
    "+": "Equal",
}
"""What a program that sends characters without places means by a sign."""

_SPOKEN_MODIFIERS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


@dataclass(frozen=True, slots=True)
class Stroke:
    """A key with Ctrl and Shift, as ``Ctrl+Shift+Z``; `key` is a name that this module knows."""

    key: str
    ctrl: bool = False
    shift: bool = False

    def __str__(self) -> str:
        return f"{'Ctrl+' if self.ctrl else ''}{'Shift+' if self.shift else ''}{self.key}"


def is_by_place(key: str) -> bool:
    """Whether the key is a letter, a digit or a sign."""
    return key in _SIGNS or (len(key) == 1 and key in _LETTERS + "0123456789")


def stroke_from(text: str) -> Stroke:
    """Read what `str` of a stroke wrote.

    Raises
    ------
    ValueError
        It names no key, in one sentence.
    """
    key, has = text, {"Ctrl": False, "Shift": False}
    for name in has:
        if key.startswith(f"{name}+"):
            has[name], key = True, key.removeprefix(f"{name}+")
    if not is_by_place(key) and key not in _KEYS.values():
        raise ValueError(f"{text!r} is no key; expected for example 'W', 'Shift+R', 'Ctrl+Z' or 'F5'")
    return Stroke(key, has["Ctrl"], has["Shift"])


def stroke_of(event: QKeyEvent, platform: str = sys.platform) -> Stroke | None:
    """Which key was pressed with what; None for a bare modifier, with Alt or Meta, and for unknown keys."""
    modifiers = event.modifiers()
    if modifiers & _SPOKEN_MODIFIERS:
        return None
    has_ctrl = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
    has_shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
    key = Qt.Key(event.key())
    name = _KEYS.get(key)
    if name is not None:
        return Stroke(name, has_ctrl, has_shift or key == Qt.Key.Key_Backtab)
    if modifiers & Qt.KeyboardModifier.KeypadModifier:
        name = _by_label(event)
    elif has_ctrl and Qt.Key.Key_A <= key <= Qt.Key.Key_Z:
        name = chr(int(key))
    else:
        name = place_of(event, platform) or _by_label(event)
    return None if name is None else Stroke(name, has_ctrl, has_shift)


def place_of(event: QKeyEvent, platform: str = sys.platform) -> str | None:
    """Where the key is, named after the US key there; None where the system does not tell."""
    if event.modifiers() & Qt.KeyboardModifier.KeypadModifier:
        return None
    if platform == "darwin":
        if not event.nativeVirtualKey() and not event.nativeModifiers():
            return None  # 0 is the A key too, but a real event always says something of modifiers
        return _MAC_PLACES.get(event.nativeVirtualKey())
    code = event.nativeScanCode()
    return _PLACES.get(code if platform == "win32" else code - _X11_OFFSET)


def _by_label(event: QKeyEvent) -> str | None:
    """The key by its character: events of programs, of the keypad, and of places nobody knows."""
    key = int(event.key())
    if int(Qt.Key.Key_A) <= key <= int(Qt.Key.Key_Z) or int(Qt.Key.Key_0) <= key <= int(Qt.Key.Key_9):
        return chr(key)
    return _TYPED.get(event.text()) or (_TYPED.get(chr(key)) if key < 0x80 else None)


_LAYOUTS: tuple[Mapping[str, str], ...] = (
    {},
    {"Y": "Z", "Z": "Y", "Minus": "ß", "BracketLeft": "Ü", "Semicolon": "Ö", "Quote": "Ä", "Slash": "-",
     "BracketRight": "+", "Backslash": "#", "Equal": "´", "Backquote": "^"},
    {"Q": "A", "A": "Q", "W": "Z", "Z": "W", "Semicolon": "M", "M": ",", "Comma": ";", "Period": ":",
     "Slash": "!", "Minus": ")", "BracketLeft": "^", "BracketRight": "$", "Quote": "Ù", "Backslash": "*",
     "Backquote": "²"},
)  # fmt: skip
"""What a German and a French keyboard say otherwise than a US one."""


class Legends:
    """What the reader's keys say, learned from the keys that they press.

    Until a key was pressed, the first of the layouts US, German and French is assumed that agrees with
    everything seen.
    """

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def learn(self, event: QKeyEvent, platform: str = sys.platform) -> bool:
        """Note what a plain key writes; whether that was news."""
        place, text = place_of(event, platform), event.text().strip()
        if place is None or place.isdigit() or event.modifiers() or len(text) != 1 or not text.isprintable():
            return False
        says = text if text == "ß" else text.upper()
        if self.of(place) == says:
            self._seen[place] = says
            return False
        self._seen[place] = says
        return True

    def of(self, place: str) -> str:
        """What stands on a key. Digits are on every keyboard, whether with Shift or without."""
        if place in self._seen:
            return self._seen[place]
        fitting = (layout for layout in _LAYOUTS if self._agrees(layout))
        return next(fitting, _LAYOUTS[0]).get(place, _SIGNS.get(place, place))

    def _agrees(self, layout: Mapping[str, str]) -> bool:
        return all(layout.get(p, _SIGNS.get(p, p)) == says for p, says in self._seen.items())

    def text(self, stroke: Stroke) -> str:
        """The stroke as a reader knows it: ``Ctrl+Z``, ``Shift+R``, ``Page up``."""
        translate = QCoreApplication.translate
        names = {
            "Space": translate("Keyboard", "Space"),
            "Enter": translate("Keyboard", "Enter"),
            "Backspace": translate("Keyboard", "Backspace"),
            "Delete": translate("Keyboard", "Delete"),
            "Insert": translate("Keyboard", "Insert"),
            "Home": translate("Keyboard", "Home"),
            "End": translate("Keyboard", "End"),
            "PageUp": translate("Keyboard", "Page up"),
            "PageDown": translate("Keyboard", "Page down"),
            "Menu": translate("Keyboard", "Menu key"),
            "Up": "↑",
            "Down": "↓",
            "Left": "←",
            "Right": "→",
        }
        by_label = stroke.ctrl and stroke.key in _LETTERS
        key = stroke.key if by_label else names.get(stroke.key) or self.of(stroke.key)
        ctrl = translate("Keyboard", "Ctrl") + "+" if stroke.ctrl else ""
        shift = translate("Keyboard", "Shift") + "+" if stroke.shift else ""
        return f"{ctrl}{shift}{key}"
