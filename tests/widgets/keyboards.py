"""Keyboards as their windowing systems report them: what a key writes, and where it is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier

# Rows from left to right: without Shift, then with it. Dead keys, which write nothing, are "·".
LAYOUTS: dict[str, tuple[tuple[str, str], ...]] = {
    "us": (
        ("1234567890-=", "!@#$%^&*()_+"),
        ("qwertyuiop[]", "QWERTYUIOP{}"),
        ("asdfghjkl;'", 'ASDFGHJKL:"'),
        ("zxcvbnm,./", "ZXCVBNM<>?"),
    ),
    "fr": (
        ("&é\"'(-è_çà)=", "1234567890°+"),
        ("azertyuiop·$", "AZERTYUIOP·£"),
        ("qsdfghjklmù", "QSDFGHJKLM%"),
        ("wxcvbn,;:!", "WXCVBN?./§"),
    ),
    "de": (
        ("1234567890ß·", '!"§$%&/()=?·'),
        ("qwertzuiopü+", "QWERTZUIOPÜ*"),
        ("asdfghjklöä", "ASDFGHJKLÖÄ"),
        ("yxcvbnm,.-", "YXCVBNM;:_"),
    ),
}
FIRST_CODES = (2, 16, 30, 44)  # Linux' KEY_1, KEY_Q, KEY_A, KEY_Z; Windows' scan codes are the same
PLACES = tuple("".join(plain for plain, _ in LAYOUTS["us"]))


def key_at(
    layout: str, place: str, modifiers: Qt.KeyboardModifier = NONE, platform: str = "linux"
) -> QKeyEvent:
    """The press of a key named by what a US keyboard writes there, on a keyboard with another layout."""
    row = next(n for n, (plain, _) in enumerate(LAYOUTS["us"]) if place in plain)
    column = LAYOUTS["us"][row][0].index(place)
    written = LAYOUTS[layout][row][bool(modifiers & SHIFT)][column]
    code = FIRST_CODES[row] + column + (8 if platform == "linux" else 0)
    if written == "·":
        return QKeyEvent(
            QEvent.Type.KeyPress,
            Qt.Key.Key_Dead_Circumflex,
            modifiers,
            code,
            Qt.Key.Key_Dead_Circumflex,
            0,
            "",
        )
    key = Qt.Key.Key_ssharp if written == "ß" else Qt.Key(ord(written.upper()))
    text = chr(ord(written) & 31) if modifiers & CONTROL and written.isascii() else written
    return QKeyEvent(QEvent.Type.KeyPress, key, modifiers, code, int(key), 0, text)


def key_that_says(layout: str, label: str, modifiers: Qt.KeyboardModifier = NONE) -> QKeyEvent:
    """The press of the key on which a label stands."""
    for row, (plain, _) in enumerate(LAYOUTS[layout]):
        if label.lower() in plain:
            return key_at(layout, LAYOUTS["us"][row][0][plain.index(label.lower())], modifiers)
    raise AssertionError(f"{label} is on no key of {layout}")
