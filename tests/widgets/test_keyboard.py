"""Plain keys are known by their place and Ctrl with a letter by its label, on every layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from tests.widgets.keyboards import CONTROL, LAYOUTS, NONE, PLACES, SHIFT, key_at, key_that_says
from widgets.keyboard import Legends, Stroke, stroke_from, stroke_of

KEYPAD = Qt.KeyboardModifier.KeypadModifier
NAMES = {
    "-": "Minus",
    "=": "Equal",
    "[": "BracketLeft",
    "]": "BracketRight",
    ";": "Semicolon",
    "'": "Quote",
    ",": "Comma",
    ".": "Period",
    "/": "Slash",
}
BY_PLACE = {*NAMES.values(), "Backquote", "Backslash", "Angle"} | set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
BY_NAME = {"Space", "Tab", "Esc", "Enter", "Backspace", "Delete", "Insert", "Menu"}
BY_NAME |= {"Home", "End", "PageUp", "PageDown", "Up", "Down", "Left", "Right"}
BY_NAME |= {f"F{n}" for n in range(1, 13)}
KNOWN = BY_PLACE | BY_NAME


def name_of(place: str) -> str:
    return NAMES.get(place, place.upper())


@pytest.mark.parametrize("platform", ["linux", "win32"])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_key_is_known_by_its_place_with_shift_and_without(layout: str, platform: str) -> None:
    for place in PLACES:
        plain = stroke_of(key_at(layout, place, NONE, platform), platform)
        shifted = stroke_of(key_at(layout, place, SHIFT, platform), platform)
        assert plain == Stroke(name_of(place)), place
        assert shifted == Stroke(name_of(place), shift=True), place


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("label", ["Z", "Y", "F", "O", "A", "Q"])
def test_ctrl_with_a_letter_is_the_key_that_is_labelled_so(layout: str, label: str) -> None:
    assert stroke_of(key_that_says(layout, label, CONTROL)) == Stroke(label, ctrl=True)


def test_ctrl_goes_by_the_place_where_the_layout_has_no_latin_letters() -> None:
    yat = QKeyEvent(QEvent.Type.KeyPress, Qt.Key(0x42F), CONTROL, 52, 0, 0, "")  # Я stands on the Z key
    assert stroke_of(yat, "linux") == Stroke("Z", ctrl=True)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_ctrl_with_a_digit_is_the_digit_row(layout: str) -> None:
    assert [stroke_of(key_at(layout, d, CONTROL)) for d in "123"] == [Stroke(d, ctrl=True) for d in "123"]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "A"),
        (12, "Q"),
        (13, "W"),
        (6, "Z"),
        (44, "Slash"),
        (18, "1"),
        (23, "5"),
        (22, "6"),
        (29, "0"),
        (46, "M"),
    ],
)
def test_a_mac_tells_the_place_by_its_own_numbers(code: int, name: str) -> None:
    french = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Eacute, NONE, 0, code, 0x100, "é")
    assert stroke_of(french, "darwin") == Stroke(name)


def test_what_a_program_sends_on_a_mac_is_not_mistaken_for_the_a_key() -> None:
    assert stroke_of(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_W, NONE, "w"), "darwin") == Stroke("W")


@pytest.mark.parametrize(
    ("key", "text", "code", "modifiers", "name"),
    [
        (Qt.Key.Key_3, "3", 0, NONE, "3"),  # from a program, which knows no places
        (Qt.Key.Key_NumberSign, "#", 0, SHIFT, "Shift+3"),
        (Qt.Key.Key_Slash, "/", 0, NONE, "Slash"),
        (Qt.Key.Key_W, "w", 251, NONE, "W"),  # a remote desktop puts keys in places of its own
        (Qt.Key.Key_7, "7", 79, KEYPAD, "7"),
        (Qt.Key.Key_Slash, "/", 106, KEYPAD, "Slash"),
        (Qt.Key.Key_Plus, "+", 86, KEYPAD, "Equal"),
        (Qt.Key.Key_Enter, "\r", 104, KEYPAD, "Enter"),
        (Qt.Key.Key_Up, "", 80, KEYPAD, "Up"),
        (Qt.Key.Key_Backtab, "", 23, SHIFT, "Shift+Tab"),
    ],
)
def test_a_key_without_a_known_place_is_what_it_says(
    key: Qt.Key, text: str, code: int, modifiers: Qt.KeyboardModifier, name: str
) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, key, modifiers, code, 0, 0, text)
    assert str(stroke_of(event, "linux")) == name


def test_alt_and_bare_modifiers_are_nobodys() -> None:
    alt = Qt.KeyboardModifier.AltModifier
    assert stroke_of(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_W, alt, 25, 0, 0, "w")) is None
    assert stroke_of(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Shift, SHIFT, 50, 0, 0, "")) is None


@given(
    st.sampled_from([*"AZ09", "Slash", "F12", "PageUp", "Space", "Esc", "Enter", "Minus"]),
    st.booleans(),
    st.booleans(),
)
def test_a_stroke_is_read_as_it_was_written(key: str, ctrl: bool, shift: bool) -> None:
    stroke = Stroke(key, ctrl, shift)
    assert stroke_from(str(stroke)) == stroke


@given(st.text(max_size=12).filter(lambda text: text.split("+")[-1] not in KNOWN))
def test_any_other_text_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no key; expected"):
        stroke_from(text)


def test_labels_are_learned_from_the_keys_that_are_pressed() -> None:
    legends = Legends()
    assert legends.text(Stroke("Slash")) == "/"
    assert not legends.learn(key_at("fr", "f"), "linux")  # F is where it is on a US keyboard
    assert legends.learn(key_at("fr", "q"), "linux")
    # One key that says something else tells the layout, and with it what the others say.
    assert [legends.of(place) for place in ("Q", "A", "W", "Slash", "3")] == ["A", "Q", "Z", "!", "3"]
    assert legends.text(Stroke("Z", ctrl=True)) == "Ctrl+Z"
    assert legends.text(Stroke("A", shift=True)) == "Shift+Q"


def test_a_german_keyboard_is_told_by_its_z() -> None:
    legends = Legends()
    legends.learn(key_at("de", "y"), "linux")
    assert [legends.of(place) for place in ("Y", "Z", "Slash", "Q")] == ["Z", "Y", "-", "Q"]


def test_a_layout_nobody_knows_is_learned_key_by_key() -> None:
    legends = Legends()
    for code, text in ((24, "'"), (25, ","), (53, "q")):  # Dvorak
        legends.learn(
            QKeyEvent(QEvent.Type.KeyPress, Qt.Key(ord(text.upper())), NONE, code, 0, 0, text), "linux"
        )
    assert [legends.of(place) for place in ("Q", "W", "X", "T")] == ["'", ",", "Q", "T"]
