"""Measuring and marking with a mouse: what is drawn lies on the film, where the hand was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from reviews.record import Annotation
from studies.image import Spacing, Window
from tests.widgets.films import film, noise
from tests.widgets.hand import LEFT, SHIFT, At, Hand
from widgets.annotation_layer import AnnotationLayer
from widgets.annotation_text import FilmText
from widgets.annotation_tools import AnnotationTools
from widgets.annotation_words import words_of
from widgets.viewer import Viewer
from widgets.viewer_geometry import View
from widgets.viewer_layers import stored_point, stored_to_widget

IMAGE = film(noise(300, 400), voi=(Window(2048, 4096),), spacing=Spacing(0.5, 0.5, "patient"))


class Board:
    """A viewer with its tools; what is drawn is kept, as the window around it would."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.tools = AnnotationTools(viewer)
        self.hand = Hand(viewer)
        self.kept: dict[str, Annotation] = {}
        self.told: list[Annotation] = []
        self.tools.changed.connect(self._keep)

    def _keep(self, annotation: Annotation) -> None:
        named = replace(annotation, uuid=annotation.uuid or f"number {len(self.kept)}")
        self.kept[named.uuid] = named
        self.told.append(annotation)
        self.show()

    def show(self, *more: Annotation) -> None:
        self.tools.show((*self.kept.values(), *more), "Ada")

    @property
    def only(self) -> Annotation:
        (one,) = self.kept.values()
        return one

    def draw(self, tool: Any, *drags: tuple[At, At]) -> Annotation:
        """Draw by dragging, then take the window tool again."""
        self.viewer.set_left_tool(tool)
        for start, end in drags:
            self.hand.drag(start, end)
        self.viewer.set_left_tool("window")
        return list(self.kept.values())[-1]

    def stored(self, at: At) -> tuple[float, float]:
        """(row, column) of a point of the widget."""
        placement = self.viewer.placement
        assert placement is not None
        return stored_point(placement, self.viewer.devicePixelRatioF(), QPointF(*at))

    def on_screen(self, row: float, column: float) -> At:
        """The place in the widget of a point of the film."""
        placement = self.viewer.placement
        assert placement is not None
        at = stored_to_widget(placement, self.viewer.devicePixelRatioF()).map(QPointF(column, row))
        return at.x(), at.y()

    @property
    def text(self) -> FilmText:
        found = self.viewer.findChild(FilmText)
        assert found is not None
        return found

    def write(self, words: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
        assert self.text.isVisible()
        self.text.clear()
        QTest.keyClicks(self.text, words)
        QTest.keyClick(self.text, key)


@pytest.fixture
def board(qtbot: QtBot, themed: QApplication) -> Board:
    viewer = Viewer()
    qtbot.addWidget(viewer)
    viewer.resize(400, 300)
    with qtbot.waitExposed(viewer):
        viewer.show()
    viewer.show_image(IMAGE)
    made = Board(viewer)
    viewer.image_changed.emit()
    made.show()
    return made


def picture(board: Board) -> NDArray[np.int16]:
    """The view as (300, 400, 3), whatever the scale of the screen."""
    board.viewer.clearFocus()
    shown = board.viewer.grab().toImage().scaled(400, 300).convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.bytesPerLine())
    return flat[:, : 3 * shown.width()].reshape(shown.height(), shown.width(), 3).astype(np.int16)


# -- drawing ---------------------------------------------------------------------------------------


def test_a_length_is_drawn_by_dragging(board: Board) -> None:
    board.viewer.set_left_tool("length")
    board.hand.drag((100, 100), (180, 160))
    drawn = board.only
    assert (drawn.kind, drawn.frame, drawn.sop_instance_uid) == ("length", 1, "1.2.3")
    assert drawn.reader == "Ada"
    assert drawn.points == (board.stored((100, 100)), board.stored((180, 160)))
    assert words_of(drawn, IMAGE) == ("50.0 mm",)
    assert board.viewer.left_tool == "length"  # until another is chosen
    assert board.viewer.state.voi == Window(2048, 4096)  # nothing else was done by the drag


def test_a_length_is_drawn_by_a_click_at_each_end(board: Board) -> None:
    board.viewer.set_left_tool("length")
    board.hand.click((100, 100))
    board.hand.move((150, 100))
    assert board.tools.is_drawing
    assert board.kept == {}
    board.hand.click((180, 160))
    assert board.only.points == (board.stored((100, 100)), board.stored((180, 160)))
    assert not board.tools.is_drawing


def test_two_quick_clicks_at_two_places_draw_too(board: Board) -> None:
    board.viewer.set_left_tool("length")
    board.hand.click((100, 100))
    board.hand.move((104, 103))
    board.hand.double_click((104, 103))  # what a window system may make of it
    assert board.only.points[0] == board.stored((100, 100))


@pytest.mark.parametrize("first_by_drag", [True, False])
def test_an_angle_has_its_corner_in_the_middle(board: Board, first_by_drag: bool) -> None:
    board.viewer.set_left_tool("angle")
    if first_by_drag:
        board.hand.drag((100, 100), (100, 200))
    else:
        board.hand.click((100, 100))
        board.hand.click((100, 200))
    board.hand.move((150, 200))
    assert board.kept == {}
    board.hand.click((200, 200))
    assert board.only.points == tuple(board.stored(at) for at in ((100, 100), (100, 200), (200, 200)))
    assert words_of(board.only, IMAGE) == ("90.0°",)


@pytest.mark.parametrize("by_drag", [True, False])
def test_a_cobb_angle_has_two_lines_and_nothing_is_drawn_between_them(board: Board, by_drag: bool) -> None:
    board.viewer.set_left_tool("cobb")
    lines = ((100, 100), (200, 100)), ((100, 200), (200, 250))
    for start, end in lines:
        if by_drag:
            board.hand.drag(start, end)
        else:
            board.hand.click(start)
            board.hand.click(end)
        board.hand.move((300, 20))  # on the way to the next line
    assert board.only.points == tuple(board.stored(at) for line in lines for at in line)
    assert words_of(board.only, IMAGE) == ("Cobb 26.6°",)


def test_shift_makes_a_circle_and_holds_lines_level(board: Board) -> None:
    board.viewer.set_left_tool("ellipse")
    board.hand.drag((100, 100), (160, 130), SHIFT)
    (top, left), (bottom, right) = board.only.points
    assert bottom - top == pytest.approx(right - left) == pytest.approx(60.0)
    board.viewer.set_left_tool("length")
    board.hand.drag((200, 200), (260, 210), SHIFT)
    board.hand.drag((60, 200), (70, 260), SHIFT)
    level, upright = list(board.kept.values())[1:]
    assert level.points[0][0] == level.points[1][0]
    assert upright.points[0][1] == upright.points[1][1]


def test_a_box_stays_on_the_film(board: Board) -> None:
    drawn = board.draw("rectangle", ((300, 200), (399, 299)))
    moved = board.stored((-50, -50))
    assert moved[0] < 0
    board.draw("rectangle", ((60, 60), (-50, -50)))
    assert drawn != list(board.kept.values())[-1]
    assert list(board.kept.values())[-1].points[1] == (0.0, 0.0)


def test_what_is_too_short_was_not_meant(board: Board) -> None:
    board.viewer.set_left_tool("length")
    board.hand.click((100, 100))
    board.hand.click((101, 100))
    assert board.kept == {}
    assert not board.tools.is_drawing


def test_esc_gives_up_what_is_being_drawn(board: Board) -> None:
    board.viewer.set_left_tool("angle")
    board.hand.drag((100, 100), (100, 200))
    assert board.viewer.cancel()
    assert not board.tools.is_drawing
    board.hand.move((200, 200))
    board.hand.click((200, 200))
    assert board.kept == {}
    assert board.viewer.cancel()
    assert not board.viewer.cancel()  # there is nothing left to give up


def test_another_tool_or_another_film_gives_up_what_is_being_drawn(board: Board) -> None:
    board.viewer.set_left_tool("length")
    board.hand.click((100, 100))
    board.viewer.set_left_tool("ellipse")
    assert not board.tools.is_drawing
    board.hand.click((100, 100))
    board.viewer.show_image(film(noise(300, 400), frame=2), keep_view=True)
    assert not board.tools.is_drawing
    assert board.kept == {}


@pytest.mark.parametrize(
    "view", [View(90), View(180, True), View(270, True, 2.0, (120, 180)), View(flipped=True)]
)
def test_the_same_film_turned_gives_the_same_measurement(board: Board, view: View) -> None:
    """Drawn over the same two places of the film, whatever the view."""
    there = (90.0, 130.0), (150.0, 210.0)
    board.viewer.set_view(view)
    ends = board.on_screen(*there[0]), board.on_screen(*there[1])
    length = board.draw("length", ends)
    board.kept.clear()
    board.show()
    ellipse = board.draw("ellipse", ends)
    assert np.allclose(length.points, there)
    assert words_of(length, IMAGE) == ("50.0 mm",)
    assert words_of(ellipse, IMAGE) == words_of(replace(ellipse, points=there), IMAGE)


# -- texts -----------------------------------------------------------------------------------------


def test_a_text_is_written_on_the_film(board: Board) -> None:
    board.viewer.set_left_tool("text")
    board.hand.click((120, 90))
    board.write("old fracture")
    assert board.only.text == "old fracture"
    assert board.only.points == (board.stored((120, 90)),)
    assert not board.text.isVisible()
    assert board.viewer.hasFocus()


def test_a_text_of_nothing_or_given_up_is_none(board: Board) -> None:
    board.viewer.set_left_tool("text")
    board.hand.click((120, 90))
    board.write("  ")
    board.hand.click((120, 90))
    board.write("never mind", Qt.Key.Key_Escape)
    assert board.kept == {}
    assert not board.tools.is_drawing


def test_keys_that_a_text_has_no_use_for_do_not_reach_the_film(board: Board, qtbot: QtBot) -> None:
    board.viewer.set_left_tool("text")
    board.hand.click((120, 90))
    reached: list[Qt.Key] = []
    board.viewer.keyPressEvent = lambda event: reached.append(event.key())  # type: ignore[method-assign]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_F, Qt.Key.Key_Return):
        QTest.keyClick(board.text, key)
    assert reached == []
    assert board.only.text == "f"


def test_a_click_elsewhere_ends_a_text_and_begins_no_other(board: Board) -> None:
    board.viewer.set_left_tool("text")
    board.hand.click((120, 90))
    QTest.keyClicks(board.text, "here")
    board.hand.press((300, 200))
    board.hand.release((300, 200))
    assert board.only.text == "here"
    assert not board.text.isVisible()
    board.hand.click((300, 200))
    assert board.text.isVisible()


@pytest.mark.parametrize(("key", "text"), [(Qt.Key.Key_Return, "here"), (Qt.Key.Key_Escape, "")])
def test_an_arrow_may_have_a_text(board: Board, key: Qt.Key, text: str) -> None:
    board.viewer.set_left_tool("arrow")
    board.hand.drag((200, 100), (240, 140))
    board.hand.move((10, 10))
    board.write("here", key)
    assert board.only.text == text
    assert board.only.points == (board.stored((200, 100)), board.stored((240, 140)))  # head, then tail


def test_scrolling_on_keeps_what_was_written_on_the_film_before(board: Board) -> None:
    board.viewer.set_left_tool("text")
    board.hand.click((120, 90))
    QTest.keyClicks(board.text, "here")
    board.viewer.show_image(film(noise(300, 400), frame=2), keep_view=True)
    assert (board.only.frame, board.only.text) == (1, "here")


def test_a_text_that_is_emptied_is_deleted(board: Board) -> None:
    board.viewer.set_left_tool("text")
    board.hand.click((120, 90))
    board.write("gone soon")
    board.viewer.set_left_tool("window")
    board.hand.double_click((130, 90))
    board.write("")
    assert board.only.is_deleted


def test_a_double_click_names_what_is_under_it(board: Board) -> None:
    board.draw("length", ((100, 100), (200, 100)))
    board.hand.double_click((150, 100))
    board.write("aorta")
    assert board.only.text == "aorta"
    assert words_of(board.only, IMAGE) == ("aorta", "50.0 mm")


# -- taking hold -----------------------------------------------------------------------------------


def test_the_whole_a_handle_and_the_value_can_be_dragged(board: Board) -> None:
    before = board.draw("length", ((100, 100), (200, 100)))
    board.hand.drag((150, 101), (160, 131))
    assert np.allclose(board.only.points, np.add(before.points, (30, 10)))
    board.hand.drag((110, 130), (110, 200))
    assert np.allclose(board.only.points, [(200, 110), (130, 210)])
    # The value stands right of the right end until it is put elsewhere.
    points = board.only.points
    board.hand.drag((240, 130), (300, 60))
    assert board.only.points == points
    assert board.only.label_at is not None
    assert np.allclose(np.subtract(board.stored((300, 60)), board.only.label_at), (0, 0), atol=30)
    # And it goes along with the whole.
    label_at = board.only.label_at
    board.hand.drag((160, 165), (150, 155))
    assert np.allclose(np.subtract(board.only.label_at, label_at), (-10, -10))


def test_the_edges_of_an_ellipse_and_the_corners_of_a_rectangle_are_dragged_alone(board: Board) -> None:
    board.draw("ellipse", ((100, 100), (200, 160)))
    board.hand.drag((200, 130), (240, 150))
    assert np.allclose(board.only.points, [(100, 100), (160, 240)])
    board.hand.drag((170, 160), (170, 180), SHIFT)
    (top, left), (bottom, right) = board.only.points
    assert right - left == pytest.approx(bottom - top) == pytest.approx(80)
    board.kept.clear()
    board.show()
    board.draw("rectangle", ((100, 100), (200, 160)))
    board.hand.drag((200, 100), (220, 90))
    (one, other) = board.only.points
    assert sorted((one[0], other[0])) == pytest.approx([90, 160])
    assert sorted((one[1], other[1])) == pytest.approx([100, 220])


def test_the_inside_of_a_region_is_left_to_the_film(board: Board) -> None:
    before = board.draw("rectangle", ((100, 100), (300, 250)))
    board.hand.drag((200, 170), (260, 170))
    assert board.only == before
    assert isinstance(board.viewer.state.voi, Window)
    assert board.viewer.state.voi.width > 4096


def test_shift_holds_a_line_level_while_its_end_is_dragged(board: Board) -> None:
    board.draw("length", ((100, 100), (200, 120)))
    board.hand.drag((200, 120), (220, 110), SHIFT)
    assert np.allclose(board.only.points, [board.stored((100, 100)), board.stored((220, 100))])


def test_esc_puts_back_what_is_being_dragged_then_lets_go_of_it(board: Board) -> None:
    before = board.draw("length", ((100, 100), (200, 100)))
    board.hand.move((150, 100))
    board.hand.press((150, 100))
    board.hand.move((150, 160))
    assert board.viewer.cancel()
    board.hand.release((150, 160))
    assert board.only == before
    assert board.tools.selection == before
    assert board.viewer.cancel()
    assert board.tools.selection is None
    assert not board.viewer.cancel()


def test_a_press_on_it_selects_and_a_press_beside_it_does_not(board: Board) -> None:
    one = board.draw("length", ((100, 100), (200, 100)))
    assert board.tools.selection is None
    board.hand.click((150, 100))
    assert board.tools.selection == one
    assert board.told == [replace(one, uuid="")]  # a click changes nothing
    board.hand.click((50, 250))
    assert board.tools.selection is None


def test_what_is_deleted_is_not_selected_any_more(board: Board) -> None:
    board.draw("length", ((100, 100), (200, 100)))
    board.hand.click((150, 100))
    board.kept.clear()
    told: list[object] = []
    board.tools.selected.connect(told.append)
    board.show()
    assert told == [None]
    assert board.tools.selection is None


def test_a_tool_in_hand_draws_across_what_is_there_but_takes_hold_of_handles(board: Board) -> None:
    across = board.draw("length", ((100, 100), (200, 100)))
    board.viewer.set_left_tool("length")
    board.hand.drag((150, 100), (150, 200))  # from its line
    board.hand.drag((230, 100), (300, 60))  # from its value
    assert len(board.kept) == 3
    assert board.kept[next(iter(board.kept))] == across
    board.hand.drag((200, 100), (200, 150))  # its end
    assert len(board.kept) == 3
    moved = board.tools.selection
    assert moved is not None
    assert moved.points[1] == board.stored((200, 150))
    board.hand.drag((150, 125), (150, 225))  # selected now: the whole goes along
    assert len(board.kept) == 3


def test_another_readers_annotation_is_named_and_stays(board: Board) -> None:
    bens = Annotation("1.2.3", 1, "length", ((100.0, 100.0), (100.0, 200.0)), "Ben", uuid="b")
    board.show(bens)
    away = picture(board)
    board.hand.move((150, 100))
    assert board.viewer.cursor().shape() == Qt.CursorShape.ArrowCursor
    assert (picture(board) != away).any()  # now with Ben's name
    board.hand.drag((150, 100), (150, 160))
    board.hand.double_click((150, 100))
    assert board.told == []
    assert board.tools.selection is None
    assert not board.text.isVisible()


def test_area_tools_and_the_lens_begin_upon_an_annotation_too(board: Board) -> None:
    before = board.draw("length", ((100, 100), (200, 100)))
    board.viewer.set_left_tool("area zoom")
    board.hand.drag((150, 100), (200, 180))
    assert board.only == before


# -- what is seen ----------------------------------------------------------------------------------


@pytest.mark.parametrize("grey", [0, 255])
def test_lines_are_seen_on_black_and_on_white(board: Board, grey: int) -> None:
    flat = film(np.full((300, 400), grey, np.uint8), voi=(Window(128, 256),))
    board.viewer.show_image(flat)
    board.show()
    bare = picture(board)
    board.draw("length", ((100, 100), (200, 140)))
    board.hand.move((10, 290))
    seen = picture(board)[90:150, 95:205]
    assert np.abs(seen - bare[90:150, 95:205]).max() > 150


def test_lines_are_as_wide_at_every_zoom(board: Board) -> None:
    board.viewer.show_image(film(np.zeros((300, 400), np.uint8)))
    board.show()
    board.draw("length", ((200, 60), (200, 250)))
    board.hand.move((10, 10))
    widths = []
    for zoom in (1.0, 4.0):
        board.viewer.set_view(View(zoom=zoom, centre=(155.0, 200.0)))
        widths.append(int((picture(board)[150, 190:210] > 100).any(axis=1).sum()))
    assert widths[0] == widths[1] > 0


def test_what_stands_still_looks_as_when_it_was_drawn_first(board: Board) -> None:
    """From the second time on it is a picture, which goes with view, zoom and what is held."""
    board.draw("ellipse", ((100, 100), (200, 160)))
    board.draw("length", ((30, 250), (380, 30)))
    board.hand.move((10, 10))
    views = View(), View(90), View(zoom=3.0, centre=(130.0, 150.0))
    seen = []
    for view in views:
        board.viewer.set_view(view)
        first, second, third = (picture(board) for _ in range(3))
        assert np.abs(first - second).max() <= 3
        assert (second == third).all()
        seen.append(third)
    for view, third in zip(views, seen, strict=True):
        board.viewer.set_view(view)
        board.viewer.image_changed.emit()  # forgets the picture
        board.show()
        assert np.abs(picture(board) - third).max() <= 3
    board.viewer.set_view(View())
    board.hand.move((150, 100))
    assert np.abs(picture(board) - seen[0]).max() > 50
    board.viewer.apply_window(Window(100, 50))
    board.kept.clear()
    board.show()
    bare = picture(board)
    board.tools.show((), "Ada")
    assert (picture(board) == bare).all()


def test_alt_shows_the_film_without_marks(board: Board) -> None:
    bare = picture(board)
    board.draw("length", ((100, 100), (200, 100)))
    board.hand.move((10, 290))
    assert (picture(board) != bare).any()
    board.viewer.set_bare(True)
    assert (picture(board) == bare).all()
    board.viewer.set_bare(False)
    assert (picture(board) != bare).any()


def test_nothing_is_drawn_for_an_annotation_of_another_film(board: Board) -> None:
    board.draw("length", ((100, 100), (200, 100)))
    board.viewer.show_image(film(noise(300, 400), frame=2), keep_view=True)
    assert board.tools.selection is None
    bare = picture(board)
    board.tools.show((), "Ada")
    assert (picture(board) == bare).all()


def test_a_left_press_with_the_tools_in_hand_makes_the_view_active(board: Board, qtbot: QtBot) -> None:
    board.viewer.set_left_tool("length")
    with qtbot.waitSignal(board.viewer.touched, timeout=1000):
        board.hand.press((100, 100), button=LEFT)


def test_values_keep_clear_of_each_other(board: Board) -> None:
    layer = AnnotationLayer()
    layer.reader = "Ada"
    layer.set_image(IMAGE)
    marks = [
        Annotation("1.2.3", 1, "length", ((row, 100.0), (row, 150.0)), "Ada", uuid=str(row))
        for row in (100.0, 104.0)
    ]
    layer.annotations = tuple(marks)
    placement = board.viewer.placement
    assert placement is not None
    one, other = (layer.label_centre(mark, placement, 1.0) for mark in marks)
    assert one is not None
    assert other is not None
    assert max(abs(one.x() - other.x()), abs(one.y() - other.y())) > 12


def test_a_value_keeps_clear_of_the_edge(board: Board) -> None:
    """The value of a box at the right edge stands on its other side."""
    board.draw("rectangle", ((330, 100), (390, 160)))
    board.hand.move((300, 130))
    assert board.viewer.cursor().shape() == Qt.CursorShape.OpenHandCursor
