"""Keys are looked up and changed in the help sheet; whatever tells a key tells the one in force."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

from app.gui.actions import ACTIONS
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES
from tests.widgets.keyboards import SHIFT, key_at
from widgets.help_sheet import KeyButton

pytestmark = pytest.mark.timeout(300)


def sheet_key(desk: Desk, name: str) -> KeyButton:
    """The button with the key of an action, by the action's name."""
    found = [
        b for b in desk.window.sheet.findChildren(KeyButton) if b.accessibleName().startswith(f"{name}: ")
    ]
    assert len(found) == 1, name
    return found[0]


def press(desk: Desk, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    desk.until(lambda: QApplication.focusWidget() is not None)
    QTest.keyClick(QApplication.focusWidget(), key, modifier)


def put_on(desk: Desk, name: str, key: Qt.Key) -> None:
    """Go to an action's key with the keyboard and press another one."""
    sheet_key(desk, name).setFocus()
    press(desk, Qt.Key.Key_Return)
    assert desk.window.sheet.is_listening
    press(desk, key)
    assert not desk.window.sheet.is_listening


def kept_keys(desk: Desk) -> object:
    path = desk.place.folder / "settings.json"
    return json.loads(path.read_text())["keys"]


def test_every_action_is_listed_with_its_key_and_found_by_words(open_desk: OpenDesk) -> None:
    desk = open_desk()
    sheet = desk.window.sheet
    desk.window.focus_film()
    press(desk, Qt.Key.Key_F1)
    assert sheet.isVisible()
    names = {b.accessibleName().split(": ")[0] for b in sheet.findChildren(KeyButton)}
    assert len(sheet.findChildren(KeyButton)) == len(ACTIONS)
    assert {"Pan", "Zoom", "Length", "Cobb angle", "Accept the suggestion and go on"} <= names
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    QTest.keyClicks(field, "ct: lung")
    desk.until(lambda: len([b for b in sheet.findChildren(KeyButton) if b.isVisible()]) == 1)
    field.setText("no such thing")
    desk.until(lambda: "No action matches" in desk.texts(sheet))
    press(desk, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert desk.window.reading.viewer.hasFocus()
    press(desk, Qt.Key.Key_F1)
    press(desk, Qt.Key.Key_F1)
    assert not sheet.isVisible()


def test_the_focus_stays_in_the_sheet_and_keys_do_not_reach_the_film(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    sheet, store = desk.window.sheet, desk.place.store
    desk.window.focus_film()
    press(desk, Qt.Key.Key_F1)
    for _ in range(len(ACTIONS) + 12):
        press(desk, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert sheet.isAncestorOf(focused)
    button = next(b for b in sheet.findChildren(QPushButton) if b.isEnabled())
    button.setFocus()
    for key in (Qt.Key.Key_U, Qt.Key.Key_Slash, Qt.Key.Key_I):
        press(desk, key)
    assert store.history() == []
    assert not desk.window.reading.viewer.state.inverted
    assert desk.row().status == "to read"


def test_a_key_is_changed_swapped_and_put_back(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    sheet, viewer = desk.window.sheet, desk.window.reading.viewer
    bar, keys = desk.window.film_bar, desk.station._keys.keymap

    # A free key is taken at once.
    desk.window.focus_film()
    press(desk, Qt.Key.Key_F1)
    put_on(desk, "Flip left and right", Qt.Key.Key_F2)
    desk.until(lambda: kept_keys(desk) == {"flip": "F2"})
    assert sheet_key(desk, "Flip left and right").text() == "F2"

    # A key that is taken is told, and nothing changes until the reader says so.
    put_on(desk, "Pan", Qt.Key.Key_Z)
    desk.until(lambda: "Z is the key of “Zoom”; “Pan” can change places with it." in desk.texts(sheet))
    assert str(keys.stroke("pan")) == "T"
    desk.click(sheet, "Leave it")
    assert str(keys.stroke("pan")) == "T"
    put_on(desk, "Pan", Qt.Key.Key_Z)
    press(desk, Qt.Key.Key_Space)  # the focus is on "Change places"
    desk.until(lambda: kept_keys(desk) == {"flip": "F2", "pan": "Z", "zoom": "T"})
    assert "(Z)" in bar.button("pan").toolTip()
    assert "(T)" in bar.button("zoom").toolTip()

    # Tab carries the focus, Esc gives up.
    sheet_key(desk, "Invert").setFocus()
    press(desk, Qt.Key.Key_Return)
    press(desk, Qt.Key.Key_Tab)
    assert "cannot be chosen" in desk.texts(sheet)
    press(desk, Qt.Key.Key_Return)
    press(desk, Qt.Key.Key_Escape)
    assert sheet.isVisible()
    assert str(keys.stroke("invert")) == "I"

    # The film obeys the new keys and no longer the old ones.
    press(desk, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    press(desk, Qt.Key.Key_Z)
    assert viewer.left_tool == "pan"
    press(desk, Qt.Key.Key_F2)
    assert viewer.view.flipped
    press(desk, Qt.Key.Key_X)
    assert viewer.view.flipped

    # One is put back, then all.
    press(desk, Qt.Key.Key_F1)
    desk.click(sheet, "Reset Flip left and right")
    desk.until(lambda: kept_keys(desk) == {"pan": "Z", "zoom": "T"})
    desk.click(sheet, "Reset all keys")
    desk.until(lambda: kept_keys(desk) == {})
    assert "(T)" in bar.button("pan").toolTip()


def test_changed_keys_are_there_the_next_time_and_told_everywhere(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.window.focus_film()
    press(desk, Qt.Key.Key_F1)
    put_on(desk, "Unsure", Qt.Key.Key_F2)
    put_on(desk, "Write a note", Qt.Key.Key_F4)
    desk.until(lambda: kept_keys(desk) == {"unsure": "F2", "note": "F4"})
    desk.close()
    desk = open_desk()
    findings = desk.window.reading.findings
    assert desk.button(findings, "Unsure").text() == "Unsure  F2"
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    assert "(Shift+2)" in desk.button(findings, "opacity").toolTip()
    desk.window.focus_film()
    press(desk, Qt.Key.Key_U)
    assert desk.place.store.history() == []
    press(desk, Qt.Key.Key_F2)
    desk.until(lambda: desk.place.store.history() != [])


def test_labels_follow_the_keyboard_that_is_typed_on(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.window.focus_film()
    viewer = desk.window.reading.viewer
    assert "(W)" in desk.window.film_bar.button("window").toolTip()
    QApplication.sendEvent(viewer, key_at("fr", "q"))  # an A stands there
    desk.until(lambda: "(Z)" in desk.window.film_bar.button("window").toolTip())
    press(desk, Qt.Key.Key_F1)
    assert sheet_key(desk, "Study reviewed, or not after all").text() == "!"
    assert sheet_key(desk, "Take back").text() == "Ctrl+Z"
    assert sheet_key(desk, "Second finding").text() == "Shift+2"


def test_preferences_reach_every_view_and_are_kept(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    page = desk.window.reading
    desk.window.focus_film()
    QApplication.sendEvent(page.viewer, key_at("us", ",", Qt.KeyboardModifier.ControlModifier))
    sheet = desk.window.sheet
    assert sheet.isVisible()
    desk.click(sheet, "Patient's name")
    assert all("name" in viewer.hidden_texts for viewer in page.grid.viewers)
    desk.click(sheet, "Dragging down brightens")
    settings = desk.place.settings
    assert (settings.drag_up_brighter, settings.hidden_texts) == (False, ("name",))
    reader = QApplication.focusWidget() if isinstance(QApplication.focusWidget(), QLineEdit) else None
    name = next(field for field in sheet.findChildren(QLineEdit) if field.accessibleName() == "Reader's name")
    assert reader is None or reader is name
    name.setFocus()
    name.selectAll()
    QTest.keyClicks(name, "B. Jones")
    press(desk, Qt.Key.Key_Return)
    assert desk.place.settings.reader == "B. Jones"
    assert any("B. Jones" in label.text() for label in desk.window.status.findChildren(QLabel))
    press(desk, Qt.Key.Key_Escape)
    assert not sheet.isVisible()

    # Dragging up by hand darkens now.
    window = page.viewer.state.voi
    at = page.viewer.rect().center()
    QTest.mousePress(page.viewer, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(page.viewer, at - type(at)(0, 60))
    QTest.mouseRelease(page.viewer, Qt.MouseButton.LeftButton, pos=at - type(at)(0, 60))
    moved = page.viewer.state.voi
    assert getattr(moved, "center", 0) > getattr(window, "center", 0)
    desk.close()
    again = open_desk()
    assert all("name" in viewer.hidden_texts for viewer in again.window.reading.grid.viewers)


def test_patients_are_hidden_with_one_key_in_film_and_worklist(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    page = desk.window.reading
    desk.window.focus_film()
    view = page.worklist._view
    index = view.model().index(0, 0)
    assert "Anton" in page.viewer.accessibleDescription()
    assert "Anton" in index.data()
    press(desk, Qt.Key.Key_P)
    assert "Anton" not in page.viewer.accessibleDescription()
    assert "Anton" not in index.data() + index.data(Qt.ItemDataRole.ToolTipRole)
    assert desk.window.identity_button.isVisible()
    desk.click(desk.window, "Patient data is hidden; press to show it")
    assert "Anton" in page.viewer.accessibleDescription()
    assert not desk.window.identity_button.isVisible()
    press(desk, Qt.Key.Key_U, SHIFT)  # an unused key does nothing
    assert desk.place.store.history() == []
