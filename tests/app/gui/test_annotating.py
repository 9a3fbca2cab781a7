"""A reader measures and marks, takes it back in the order of what was done, and finds it the next day."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from app.workplace import Workplace
from reviews.errors import StoreUnwritable
from reviews.record import Annotation, Changes
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import CT, SAMPLES
from tests.widgets.hand import At, Hand
from widgets.annotation_text import FilmText
from widgets.viewer import Viewer
from widgets.viewer_tools import Tool

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PLAIN = Qt.KeyboardModifier.NoModifier

pytestmark = pytest.mark.timeout(300)


def kept(desk: Desk) -> list[Annotation]:
    """What stands on disk, as another program sees it."""
    other = Workplace(desk.place.folder, desk.place.bundled)
    try:
        return other.store.annotations()
    finally:
        other.close()


def shown(desk: Desk, viewer: Viewer | None = None) -> Sequence[Annotation]:
    """What a view draws."""
    tools = desk.station.annotating.tools[viewer or desk.window.reading.viewer]
    return tools.shown


def middle(viewer: Viewer, x: float, y: float) -> At:
    """A place so far from the middle of the view."""
    return viewer.width() / 2 + x, viewer.height() / 2 + y


def draw(desk: Desk, tool: Tool, start: At, end: At, viewer: Viewer | None = None) -> None:
    """Drag from one place to another, given from the middle of the view."""
    viewer = viewer or desk.window.reading.viewer
    desk.station.acts.choose_tool(tool)
    Hand(viewer).drag(middle(viewer, *start), middle(viewer, *end))
    desk.station.acts.choose_tool("window")


def press(desk: Desk, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN) -> None:
    desk.window.reading.viewer.setFocus()
    desk.press(key, modifier)


def test_what_is_drawn_is_kept_taken_back_in_order_and_there_the_next_day(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-002"])
    desk.settle(1)
    key, viewer, hand = desk.key, desk.window.reading.viewer, Hand(desk.window.reading.viewer)
    assert key is not None
    store = desk.place.store

    # A key takes the tool in hand, a drag measures; it is shown at once and kept soon.
    press(desk, Qt.Key.Key_D)
    assert viewer.left_tool == "length"
    hand.drag(middle(viewer, -60, 0), middle(viewer, 60, 20))
    (length,) = shown(desk)
    assert (length.kind, length.reader, (length.sop_instance_uid, length.frame)) == (
        "length",
        "A. Smith",
        key,
    )
    press(desk, Qt.Key.Key_W)
    desk.until(lambda: kept(desk))
    desk.until(lambda: "saved" in desk.texts(desk.window.status))

    # A decision, then another mark: Ctrl+Z takes them back the other way round.
    press(desk, Qt.Key.Key_U)
    desk.until(lambda: store.standing(*key) is not None)
    draw(desk, "ellipse", (-40, -90), (40, -50))
    desk.until(lambda: len(kept(desk)) == 2)
    for _ in range(2):  # faster than the store answers
        press(desk, Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: store.standing(*key) is None)
    desk.until(lambda: [one.kind for one in shown(desk)] == ["length"])  # the disk knows before the screen
    press(desk, Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: not shown(desk))
    assert kept(desk) == []
    for _ in range(3):
        press(desk, Qt.Key.Key_Y, CONTROL)
    desk.until(lambda: len(shown(desk)) == 2)
    assert store.standing(*key) is not None

    # What is only begun is given up by the same key, and nothing else is.
    desk.station.acts.choose_tool("angle")
    hand.drag(middle(viewer, -100, -20), middle(viewer, -120, -60))
    press(desk, Qt.Key.Key_Z, CONTROL)
    hand.click(middle(viewer, -140, -20))
    assert viewer.cancel()
    assert len(shown(desk)) == 2

    # A text; and what is dragged elsewhere is kept there.
    answers = len(store.history())
    desk.station.acts.choose_tool("text")
    hand.click(middle(viewer, -100, 80))
    line = viewer.findChild(FilmText)
    assert line is not None
    QTest.keyClicks(line, "see prior")
    QTest.keyClick(line, Qt.Key.Key_Return)
    desk.station.acts.choose_tool("window")
    hand.drag(middle(viewer, 0, 10), middle(viewer, 10, 30))
    desk.until(lambda: len(kept(desk)) == 3)
    desk.until(lambda: all(one.points != length.points for one in kept(desk)))
    assert len(store.history()) == answers  # Enter answered nothing
    before = {one.uuid: one for one in kept(desk)}
    assert before[length.uuid].points != length.points
    desk.close()

    # The next day.
    desk = open_desk()
    desk.settle(1)
    desk.until(lambda: len(shown(desk)) == 3)
    assert {one.uuid: one for one in shown(desk)} == before
    assert any(one.text == "see prior" for one in shown(desk))
    # What was done yesterday is taken back too, the last of it first.
    press(desk, Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: any(one.points == length.points for one in shown(desk)))


def test_what_is_selected_is_deleted_and_all_of_a_film_at_once(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-002"])
    desk.settle(1)
    viewer, hand = desk.window.reading.viewer, Hand(desk.window.reading.viewer)
    draw(desk, "length", (-60, 0), (60, 0))
    draw(desk, "length", (-60, 60), (60, 60))
    press(desk, Qt.Key.Key_Delete)  # nothing is selected
    assert len(shown(desk)) == 2
    hand.click(middle(viewer, 0, 0))
    press(desk, Qt.Key.Key_Delete)
    assert len(shown(desk)) == 1
    draw(desk, "rectangle", (-60, -90), (60, -50))
    press(desk, Qt.Key.Key_Delete, SHIFT)
    assert not shown(desk)
    desk.until(lambda: not kept(desk))
    press(desk, Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: len(shown(desk)) == 2)

    # The menu that opens upon one of them is about that one.
    viewer.menu_requested.emit(viewer.mapToGlobal(QPointF(*middle(viewer, 0, 60))).toPoint())
    menu = next(menu for menu in viewer.findChildren(QMenu) if menu.isVisible())
    delete = next(one for one in entries(menu) if "Delete what is selected" in one.text())
    menu.close()
    delete.trigger()
    desk.until(lambda: len(kept(desk)) == 1)
    assert kept(desk)[0].kind == "rectangle"


def in_order(desk: Desk) -> list[tuple[str, int]]:
    """The frames of the series on the screen."""
    position = desk.station.reading.position
    assert position is not None
    return [(header.sop_instance_uid, frame) for header, frame in position.frames]


def entries(menu: QMenu) -> list[QAction]:
    """The lines of a menu and of those below it."""
    found = []
    for action in menu.actions():
        below = action.menu()
        found += entries(below) if isinstance(below, QMenu) else [action]
    return found


def test_a_frame_shows_its_marks_in_every_view_and_undo_goes_to_its_film(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([CT / f"{n:03d}.dcm" for n in (18, 19, 20)])
    desk.settle(1)
    desk.until(lambda: len(in_order(desk)) == 3)  # the first slice is shown before the last is found
    page, first = desk.window.reading, desk.key
    assert first is not None
    page.grid.set_layout("1x2")
    second = page.grid.viewers[1]
    assert page.viewer.image is not None
    second.show_image(page.viewer.image)
    draw(desk, "ellipse", (-50, -50), (30, 40), second)
    assert shown(desk, second) == shown(desk, page.viewer)
    assert len(shown(desk)) == 1
    page.grid.set_layout("1x1")
    desk.station.reading.step(1 if first == in_order(desk)[0] else -1)
    desk.until(lambda: desk.key != first and page.viewer.image is not None)
    desk.until(
        lambda: page.viewer.image is not None and page.viewer.image.header.sop_instance_uid != first[0]
    )
    assert not shown(desk)
    second.show_image(page.viewer.image)  # nobody shows the first film any more
    press(desk, Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: desk.key == first)
    desk.until(
        lambda: page.viewer.image is not None and page.viewer.image.header.sop_instance_uid == first[0]
    )
    assert not shown(desk)
    press(desk, Qt.Key.Key_Y, CONTROL)
    desk.until(lambda: shown(desk))


def test_another_readers_marks_appear_by_themselves_and_stay_theirs(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-002"])
    desk.settle(1)
    key = desk.key
    assert key is not None
    draw(desk, "length", (-60, 0), (60, 0))
    desk.until(lambda: kept(desk))
    other = Workplace(desk.place.folder, desk.place.bundled)
    bens = Annotation(*key, "length", ((100.0, 100.0), (100.0, 300.0)), "B. Jones")
    other.store.annotate([bens])
    other.close()
    desk.until(lambda: len(shown(desk)) == 2)
    press(desk, Qt.Key.Key_Delete, SHIFT)
    desk.until(lambda: [one.reader for one in kept(desk)] == ["B. Jones"])
    assert [one.reader for one in shown(desk)] == ["B. Jones"]


def test_what_could_not_be_written_is_not_shown_as_if_it_were(
    open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-002"])
    desk.settle(1)
    draw(desk, "length", (-60, 0), (60, 0))
    desk.until(lambda: kept(desk))
    (before,) = shown(desk)

    def refuse(several: Sequence[Annotation]) -> Changes:
        raise StoreUnwritable("The store could not be written: the disk is full.")

    monkeypatch.setattr(desk.place.store, "annotate", refuse)
    viewer = desk.window.reading.viewer
    Hand(viewer).drag(middle(viewer, 0, 0), middle(viewer, 0, 50))
    draw(desk, "ellipse", (-50, -90), (30, -40))
    assert len(shown(desk)) == 2
    desk.until(lambda: "Not saved. The store could not be written" in desk.texts(desk.window.banner))
    desk.until(lambda: len(shown(desk)) == 1)
    assert (shown(desk)[0].uuid, shown(desk)[0].points) == (before.uuid, before.points)
