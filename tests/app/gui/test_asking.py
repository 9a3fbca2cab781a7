"""A reader works through *ask first*: marks, reasons, an order that follows corrections and does not jump."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from app.workplace import Workplace
from studies.reader import read_header
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import film, write_png
from tests.reviews.parts import give_part
from widgets.worklist import StudyView

SHIFT = Qt.KeyboardModifier.ShiftModifier
COUNT = 14
SLOW_MS = 150_000  # for what takes the model a look at every film, on a busy machine

pytestmark = pytest.mark.timeout(300)


def choose_order(desk: Desk, order: str) -> None:
    combo = desk.window.reading.worklist.findChild(QComboBox)
    assert combo is not None
    combo.setCurrentIndex(combo.findData(order))


def tooltips(desk: Desk) -> dict[str, str]:
    view = desk.window.reading.worklist.findChild(StudyView)
    assert view is not None
    rows = [view.model().index(place, 0) for place in range(view.model().rowCount())]
    told = (str(index.data(Qt.ItemDataRole.ToolTipRole)) for index in rows)
    return dict(zip(desk.window.reading.worklist.shown_uids(), told, strict=True))


@pytest.fixture
def desk(open_desk: OpenDesk, data_dir: Path, tmp_path: Path) -> Desk:
    """Fourteen films, of which two measure models; the list is in the order of asking."""
    findings = ("covid-19", "no-finding", "pneumonia")
    paths = [write_png(tmp_path / "films" / f"{n:02d}.png", film(findings[n % 3], n)) for n in range(COUNT)]
    keys = [read_header(path).split_key for path in paths]
    give_part(data_dir / "overread.sqlite", keys[:2], "test")
    give_part(data_dir / "overread.sqlite", keys[2:], "train")
    opened = open_desk()
    opened.station.open_paths([tmp_path / "films"])
    opened.until(lambda: len(opened.rows) == COUNT)
    opened.until(lambda: all(row.suggestion or row.is_hidden for row in opened.rows), SLOW_MS)
    choose_order(opened, "ask first")
    opened.until(lambda: any("Asked because" in told for told in tooltips(opened).values()), SLOW_MS)
    opened.until(lambda: opened.window.reading.viewer.image is not None)
    return opened


def test_each_row_says_in_a_sentence_why_it_is_asked_about(desk: Desk) -> None:
    told = tooltips(desk)
    assert any("the model is unsure" in text for text in told.values())
    assert any("unlike any film read so far" in text for text in told.values())
    hidden = [row.study_uid for row in desk.rows if row.is_hidden]
    assert len(hidden) == 2
    for uid in hidden:
        assert "unsure" not in told[uid]
        assert "unlike" not in told[uid]


def test_a_mark_brings_a_study_to_the_front_and_the_same_key_takes_it_back(desk: Desk) -> None:
    worklist, store = desk.window.reading.worklist, desk.place.store
    desk.choose_row(8)
    uid = worklist.selected
    assert uid is not None
    desk.press(Qt.Key.Key_U, SHIFT)
    desk.until(lambda: desk.row().is_urgent)
    assert store.studies_urgent() == {uid: ("A. Smith",)}
    assert "Marked urgent by A. Smith" in tooltips(desk)[uid]
    desk.press(Qt.Key.Key_U, SHIFT)
    desk.until(lambda: not desk.row().is_urgent)
    assert store.studies_urgent() == {}
    assert [mark.is_urgent for mark in store.urgency_marks()] == [True, False]


def test_ones_own_marks_are_next_and_others_are_shown_where_they_stand(desk: Desk) -> None:
    worklist = desk.window.reading.worklist
    shown = worklist.shown_uids()
    own, others = shown[9], shown[11]
    other = Workplace(desk.place.folder, desk.place.bundled)
    other.store.mark_study_urgent(others, "B. Jones")
    other.store.mark_study_urgent(own, "A. Smith")
    other.close()
    desk.until(lambda: (worklist.row_of(own) or desk.row()).is_urgent)
    desk.until(lambda: worklist.next_unread(worklist.selected or "") == own)
    row = worklist.row_of(others)
    assert row is not None
    assert (row.urgent_by, row.is_urgent) == (("B. Jones",), False)
    assert "Marked urgent by B. Jones" in tooltips(desk)[others]


def test_reading_on_leaves_what_is_on_the_screen_in_its_place_and_what_was_read_above(desk: Desk) -> None:
    worklist = desk.window.reading.worklist
    view = worklist.findChild(StudyView)
    assert view is not None
    read: list[str] = []
    for _ in range(4):
        uid = worklist.selected
        assert uid is not None
        read.append(uid)
        desk.until(lambda: desk.window.reading.viewer.image is not None)
        requests = desk.station.asking._request  # counted before the answer, which may bring one at once
        before = view.visualRect(view.currentIndex()).top()
        desk.press(Qt.Key.Key_2, SHIFT)  # an answer that is one with and without a suggestion
        desk.until(lambda uid=uid: (worklist.row_of(uid) or desk.row()).status == "read")
        desk.until(lambda asked=requests: desk.station.asking._request > asked)
        desk.until(lambda: not desk.station.learning.adapting.fitting.is_busy)
        assert worklist.selected == uid
        assert view.visualRect(view.currentIndex()).top() == before
        following = worklist.next_unread(uid)
        assert following is not None
        worklist.select(following)
    desk.until(lambda: worklist.shown_uids()[:4] == read)
    assert worklist.shown_uids()[4] == worklist.selected


def test_the_order_is_remembered(desk: Desk, open_desk: OpenDesk) -> None:
    desk.until(lambda: desk.place.settings.order == "ask first")
    desk.close()
    again = open_desk()
    again.until(lambda: len(again.rows) == COUNT)
    assert again.window.reading.worklist.order == "ask first"
    again.until(lambda: any("Asked because" in told for told in tooltips(again).values()))


def test_the_menu_of_a_row_offers_the_mark_and_ticks_it(desk: Desk) -> None:
    menus = desk.station._keys._menus
    (urgent,) = [e for e in menus._row_entries() if e is not None and e.id == "urgent"]
    assert (urgent.is_on, bool(urgent.key)) == (False, True)
    desk.station.asking.toggle_urgent()
    desk.until(lambda: desk.row().is_urgent)
    (urgent,) = [e for e in menus._row_entries() if e is not None and e.id == "urgent"]
    assert urgent.is_on
