"""A whole review with the keyboard alone, on US, French and German keyboards."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import CT, SAMPLES
from tests.widgets.keyboards import CONTROL, NONE, SHIFT, key_at, key_that_says
from widgets.viewer import Viewer
from widgets.worklist import StudyView

pytestmark = pytest.mark.timeout(300)


class Keyboard:
    """Hands on a keyboard of one layout, at a desk."""

    def __init__(self, desk: Desk, layout: str) -> None:
        self.desk = desk
        self.layout = layout

    def at(self, place: str, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Press the key that is where a US keyboard has `place`."""
        self._send(key_at(self.layout, place, modifiers))

    def says(self, label: str, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Press the key on which `label` stands."""
        self._send(key_that_says(self.layout, label, modifiers))

    def named(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Press a key that is the same on all keyboards."""
        QTest.keyClick(QApplication.focusWidget() or self.desk.window, key, modifiers)

    def _send(self, event: QKeyEvent) -> None:
        QApplication.sendEvent(QApplication.focusWidget() or self.desk.window, event)


def note_field(desk: Desk) -> QPlainTextEdit:
    field = desk.window.reading.findings.findChild(QPlainTextEdit)
    assert field is not None
    return field


@pytest.mark.parametrize("layout", ["us", "fr", "de"])
def test_a_review_needs_no_mouse(open_desk: OpenDesk, layout: str) -> None:
    desk = open_desk()
    page, store = desk.window.reading, desk.place.store
    desk.station.open_paths([SAMPLES / "PHANTOM-001", SAMPLES / "PHANTOM-002"])
    desk.settle(3)
    desk.window.focus_film()
    keys, viewer = Keyboard(desk, layout), page.viewer
    for _ in range(3):
        keys.named(Qt.Key.Key_Up, CONTROL)
    assert page.worklist.selected == page.worklist.shown_uids()[0]
    desk.until(lambda: viewer.image is not None)
    first = desk.key
    assert first is not None

    # Search the worklist, come back to the film, go from study to study.
    search = page.worklist.findChild(QLineEdit)
    assert search is not None
    keys.says("F", CONTROL)
    desk.until(search.hasFocus)
    QTest.keyClicks(search, "wz0")
    assert search.text() == "wz0"
    search.clear()
    keys.named(Qt.Key.Key_Escape)
    desk.until(viewer.hasFocus)
    keys.named(Qt.Key.Key_Down, CONTROL)
    desk.until(lambda: desk.key != first)
    keys.named(Qt.Key.Key_Up, CONTROL)
    desk.until(lambda: desk.key == first and viewer.image is not None)

    # Tools and windows, by the place of the key.
    for place, tool in (("t", "pan"), ("z", "zoom"), ("s", "scroll"), ("w", "window")):
        keys.at(place)
        assert viewer.left_tool == tool
    shown = viewer.state.voi
    keys.at("2")
    assert viewer.state.voi is not shown
    assert viewer.image is not None
    keys.at("1")
    assert viewer.state.voi is viewer.image.voi[0]
    keys.at("0")
    assert "Auto" in getattr(viewer.state.voi, "explanation", "")
    keys.at("i")
    keys.at("r")
    assert (viewer.state.inverted, viewer.view.rotation) == (True, 90)
    assert store.history() == []

    # Esc leaves the tool first; the view is reset by the second.
    keys.at("z")
    keys.named(Qt.Key.Key_Escape)
    assert viewer.left_tool == "window"
    assert viewer.state.inverted
    keys.named(Qt.Key.Key_Escape)
    assert not viewer.state.inverted

    # The heatmap, and that of another finding.
    keys.at("h")
    desk.until(lambda: viewer.is_heatmap_drawn)
    before = page.evidence.finding
    keys.at("]")
    desk.until(lambda: page.evidence.finding != before)
    keys.at("[")
    desk.until(lambda: page.evidence.finding == before)

    # Answer, take back, write a note and come back, mark the study.
    library = desk.station.library
    keys.at("2", SHIFT)
    desk.until(lambda: library.decision(first) is not None)
    keys.says("Z", CONTROL)
    desk.until(lambda: library.decision(first) is None)
    keys.says("Y", CONTROL)
    desk.until(lambda: library.decision(first) is not None)
    keys.at("n")
    desk.until(note_field(desk).hasFocus)
    QTest.keyClicks(note_field(desk), "wz/1 U")
    keys.named(Qt.Key.Key_Return, CONTROL)
    desk.until(viewer.hasFocus)
    desk.until(lambda: (review := store.standing(*first)) is not None and review.note == "wz/1 U")
    keys.named(Qt.Key.Key_Down, CONTROL)
    desk.until(lambda: desk.key != first)
    second = desk.key
    assert second is not None
    keys.at("/")
    desk.until(lambda: desk.row().status == "read")
    keys.at("/")
    desk.until(lambda: desk.row().status != "read")
    keys.at("u")
    desk.until(lambda: store.standing(*second) is not None)
    keys.named(Qt.Key.Key_Down, CONTROL)
    desk.until(lambda: desk.key not in (first, second))
    third = desk.key
    assert third is not None
    desk.until(lambda: desk.row().suggestion is not None and viewer.image is not None)
    keys.named(Qt.Key.Key_Return)
    desk.until(lambda: store.standing(*third) is not None)


def test_a_series_is_scrolled_and_played_from_the_keyboard(open_desk: OpenDesk) -> None:
    desk = open_desk()
    page = desk.window.reading
    desk.station.open_paths([CT])
    desk.until(lambda: page.viewer.image is not None and page.viewer.position[1] == 40)
    keys = Keyboard(desk, "us")
    desk.window.focus_film()

    def at(index: int) -> Callable[[], bool]:
        return lambda: page.viewer.position[0] == index and page.viewer.image is not None

    for key, index in (
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_PageDown, 12),
        (Qt.Key.Key_Up, 11),
        (Qt.Key.Key_PageUp, 1),
        (Qt.Key.Key_End, 39),
    ):
        keys.named(key)
        desk.until(at(index))

    # CT windows: three to seven, wherever the file's own end.
    widths = []
    for digit in "34567":
        keys.at(digit)
        widths.append(getattr(page.viewer.state.voi, "width", None))
    assert widths == [80.0, 400.0, 350.0, 1800.0, 1500.0]

    # Cine goes round without leaving an image out, and stops when the reader scrolls.
    seen: list[int] = []
    page.viewer.image_changed.connect(lambda: seen.append(page.viewer.position[0]))
    keys.at("c")
    cine = desk.station.acts.cine
    assert cine.is_playing
    for _ in range(10):
        keys.named(Qt.Key.Key_Up, SHIFT)
    assert cine.speed == 60
    desk.until(lambda: len([i for n, i in enumerate(seen) if seen[n - 1 : n] != [i]]) > 45)
    assert desk.window.film_bar.button("cine").text() == "60/s"
    keys.named(Qt.Key.Key_Down)
    assert not cine.is_playing
    passed = [i for n, i in enumerate(seen) if n == 0 or seen[n - 1] != i]
    assert all((b - a) % 40 == 1 for a, b in pairwise(passed[:-1])), passed


def test_keys_do_not_answer_where_they_write_or_press(open_desk: OpenDesk) -> None:
    desk = open_desk()
    page, store = desk.window.reading, desk.place.store
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    keys = Keyboard(desk, "fr")

    # Space presses the button that has the focus, and is the film's otherwise.
    button = desk.window.page_buttons[1]
    button.setFocus()
    keys.named(Qt.Key.Key_Space)
    assert desk.window.page == 1
    keys.at("u")
    assert store.history() == []  # another page is in front
    keys.at("1", CONTROL)
    assert desk.window.page == 0
    desk.until(lambda: isinstance(QApplication.focusWidget(), Viewer))
    keys.named(Qt.Key.Key_Space)
    assert not page.viewer.is_text_visible

    # A key that means nothing does not reach the worklist, which would jump to a study.
    view = page.worklist.findChild(StudyView)
    assert view is not None
    view.setFocus()
    page.worklist.select(page.worklist.shown_uids()[0])
    chosen = page.worklist.selected
    keys.at("p", SHIFT)  # every name begins with a P
    assert page.worklist.selected == chosen
    keys.named(Qt.Key.Key_Down)
    desk.until(lambda: page.worklist.selected != chosen)

    # A key that is held down answers once.
    desk.window.focus_film()
    desk.until(lambda: page.viewer.image is not None and desk.row().suggestion is not None)
    held = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_Return, NONE, 36, 0, 0, "\r", True)
    QApplication.sendEvent(page.viewer, held)
    assert store.history() == []
