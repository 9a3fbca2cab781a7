"""Keys decide only where a reader means them to; what others decide meanwhile is shown."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.app.conftest import Overread
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES

pytestmark = pytest.mark.timeout(300)
SHIFT = Qt.KeyboardModifier.ShiftModifier


def press_by_place(desk: Desk, code: Qt.Key, text: str, scan_code: int, shift: bool) -> None:
    """A key as the windowing system reports it: what it means in this layout, and where it is."""
    modifiers = SHIFT if shift else Qt.KeyboardModifier.NoModifier
    event = QKeyEvent(QEvent.Type.KeyPress, code, modifiers, scan_code, 0, 0, text)
    QApplication.sendEvent(desk.window.reading.viewer, event)


def test_keys_by_place_text_fields_and_other_programs(open_desk: OpenDesk, overread: Overread) -> None:
    desk = open_desk()
    store, viewer = desk.place.store, desk.window.reading.viewer
    desk.press(Qt.Key.Key_Return)  # there is nothing yet
    assert store.history() == []
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    key = desk.key
    assert key is not None
    desk.until(lambda: viewer.image is not None and viewer.image.header.sop_instance_uid == key[0])

    # Enter and letters in the search field are the field's.
    search = desk.window.reading.worklist.findChild(QLineEdit)
    assert search is not None
    desk.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    desk.until(search.hasFocus)
    QTest.keyClicks(search, "u")
    QTest.keyClick(search, Qt.Key.Key_Return)
    QTest.keyClick(search, Qt.Key.Key_Backspace)
    viewer.setFocus()
    desk.until(lambda: len(desk.rows) == 2)
    assert store.history() == []

    # French layout: the digit row gives signs without Shift (a window preset) and digits with it.
    state = viewer.state
    press_by_place(desk, Qt.Key.Key_Agrave, "à", 19, shift=False)
    desk.until(lambda: viewer.state != state)
    assert store.history() == []
    press_by_place(desk, Qt.Key.Key_2, "2", 11, shift=True)
    desk.until(lambda: store.standing(*key) is not None)
    review = store.standing(*key)
    assert review is not None
    assert dict(review.findings) == {"no-finding": "absent", "opacity": "present"}

    desk.until(lambda: desk.row().status == "read")

    # Somebody else decides on the command line: the row says so by itself.
    other = next(row for row in desk.rows if row.status == "to read")
    study = desk.station.library.studies[other.study_uid]
    told = overread("review", study.first.path, "--finding", "opacity=present", "--reader", "B. Jones")
    assert told.status == 0, told.err
    desk.until(lambda: all(row.status == "read" for row in desk.rows), 20_000)
    desk.choose_row([row.study_uid for row in desk.rows].index(other.study_uid))
    desk.until(lambda: "B. Jones decided" in desk.texts(desk.window.reading.findings))

    # Another reader's decision is not ours to take back.
    desk.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: store.standing(*key) is None)
    assert store.standing(study.first.sop_instance_uid, 1) is not None
    desk.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: "left to take back" in desk.texts(desk.window.banner))


def test_going_on_quickly_leaves_no_film_without_its_suggestion(
    open_desk: OpenDesk, overread: Overread
) -> None:
    overread("import", *(SAMPLES / f"PHANTOM-00{n}" for n in (1, 2, 3)))
    desk = open_desk()
    desk.until(lambda: len(desk.rows) == 4)
    desk.until(lambda: desk.key is not None)
    for number in (1, 2, 3, 0, 2):  # before the worker is up
        desk.choose_row(number)
    desk.settle(4)
    assert all(row.suggestion for row in desk.rows)


def test_enter_in_the_search_shows_the_first_that_was_found_and_decides_nothing(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001", SAMPLES / "PHANTOM-002"])
    desk.settle(3)
    page = desk.window.reading
    page.worklist.select(next(row.study_uid for row in desk.rows if row.patient_id == "PHANTOM-001"))
    search = page.worklist.findChild(QLineEdit)
    assert search is not None
    desk.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    desk.until(search.hasFocus)
    QTest.keyClicks(search, "phantom-002")
    desk.press(Qt.Key.Key_Return)
    desk.until(page.viewer.hasFocus)
    assert desk.row().patient_id == "PHANTOM-002"
    desk.until(lambda: page.viewer.image is not None)
    assert desk.place.store.history() == []
    assert not desk.station.reading._decisions._under_way
