"""Drawing where a finding is, and over heatmap that is on the wrong place: what lies on the film, and how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from reviews.record import Annotation
from studies.image import Window
from tests.widgets.films import film
from tests.widgets.hand import SHIFT, At, Hand
from widgets.annotation_text import FilmText
from widgets.annotation_tools import AnnotationTools
from widgets.annotation_words import words_of
from widgets.viewer import Viewer
from widgets.viewer_layers import stored_point
from widgets.viewer_tools import Tool

IMAGE = film(np.full((300, 400), 900, np.uint16), voi=(Window(2048, 4096),))


class Board:
    """A viewer of 400 x 300 px with a film of as many pixels; what is drawn is kept."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer, self.tools, self.hand = viewer, AnnotationTools(viewer), Hand(viewer)
        self.kept: list[Annotation] = []
        self.wanted = 0
        self.tools.changed.connect(self._keep)
        self.tools.finding_wanted.connect(self._on_wanted)

    def _keep(self, annotation: Annotation) -> None:
        named = replace(annotation, uuid=annotation.uuid or f"number {len(self.kept)}")
        self.kept = [one for one in self.kept if one.uuid != named.uuid] + [named]
        self.tools.show(self.kept, "Ada")

    def _on_wanted(self) -> None:
        self.wanted += 1

    def draw(self, tool: Tool, *way: At) -> Annotation:
        self.viewer.set_left_tool(tool)
        self.hand.press(way[0])
        for at in way[1:]:
            self.hand.move(at)
        self.hand.release(way[-1])
        self.viewer.set_left_tool("window")
        return self.kept[-1]

    def stored(self, at: At) -> tuple[float, float]:
        placement = self.viewer.placement
        assert placement is not None
        return stored_point(placement, self.viewer.devicePixelRatioF(), QPointF(*at))


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
    made.tools.show([], "Ada")
    made.tools.set_findings(
        {"evidence": "nodule", "not-evidence": "effusion"}, {"nodule": "lung nodule", "effusion": "fluid"}
    )
    return made


def picture(board: Board) -> NDArray[np.int16]:
    """The view as (300, 400, 3)."""
    shown = board.viewer.grab().toImage().scaled(400, 300).convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.bytesPerLine())
    return flat[:, : 3 * shown.width()].reshape(shown.height(), shown.width(), 3).astype(np.int16)


def test_a_drag_draws_an_ellipse_that_names_its_finding(board: Board) -> None:
    drawn = board.draw("evidence", (100, 80), (150, 100), (200, 150))
    assert (drawn.kind, drawn.text, drawn.reader) == ("evidence", "nodule", "Ada")
    corners = board.stored((100, 80)), board.stored((200, 150))
    assert np.array(drawn.points) == pytest.approx(np.array(corners))
    assert words_of(drawn, IMAGE, {"nodule": "lung nodule"}) == ("lung nodule",)
    wrong = board.draw("not-evidence", (220, 80), (300, 150))
    assert (wrong.kind, wrong.text) == ("not-evidence", "effusion")
    assert words_of(wrong, IMAGE, {"effusion": "fluid"}) == ("Wrong place: fluid",)


def test_on_a_film_that_is_turned_and_mirrored_it_lies_in_stored_pixels(board: Board) -> None:
    board.viewer.rotate(90)
    board.viewer.flip_horizontal()
    # 300 rows run from left to right now, 400 columns from top to bottom, at a zoom of 3/4.
    zoom, left = 300 / 400, (400 - 300 * 300 / 400) / 2
    drawn = board.draw("evidence", (left + 40 * zoom, 100 * zoom), (left + 200 * zoom, 220 * zoom))
    assert np.array(drawn.points).ravel().tolist() == pytest.approx([40, 100, 200, 220], abs=1.5)


def test_a_rectangle_has_four_corners_that_can_be_dragged(board: Board) -> None:
    board.tools.set_region_shape("rectangle")
    drawn = board.draw("evidence", (100, 80), (150, 100), (200, 150))
    corners = [(100, 80), (200, 80), (200, 150), (100, 150)]
    assert np.array(drawn.points) == pytest.approx(np.array([board.stored(corner) for corner in corners]))
    board.hand.drag((200, 150), (240, 180))
    moved = board.kept[-1]
    assert moved.uuid == drawn.uuid
    assert moved.points[2] == pytest.approx(board.stored((240, 180)), abs=1)
    assert moved.points[0] == drawn.points[0]
    board.viewer.set_left_tool("evidence")
    board.hand.drag((20, 200), (80, 230), SHIFT)
    square = np.array(board.kept[-1].points)
    assert np.ptp(square, axis=0).tolist() == pytest.approx([60, 60], abs=1)


def test_an_outline_follows_the_hand_and_keeps_only_the_points_it_needs(board: Board) -> None:
    board.tools.set_region_shape("outline")
    turns = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    way = [(200 + 60 * float(np.cos(t)), 150 + 60 * float(np.sin(t))) for t in turns]
    drawn = board.draw("evidence", *way)
    assert 8 < len(drawn.points) < 60
    corners = np.array(drawn.points)
    middle = np.array(board.stored((200, 150)))
    assert np.hypot(*(corners - middle).T) == pytest.approx(60, abs=1.5)
    board.hand.drag((260, 150), (280, 160))  # by its line: it has no handles
    moved = np.array(board.kept[-1].points)
    assert (moved - corners).mean(axis=0).tolist() == pytest.approx([10, 20], abs=1)


def test_a_click_draws_nothing_and_without_a_finding_a_drag_asks_for_one(board: Board) -> None:
    board.viewer.set_left_tool("evidence")
    board.hand.click((100, 100))
    board.hand.click((101, 101))
    assert board.kept == []
    board.tools.cancel()
    board.tools.set_findings({}, {})
    board.hand.drag((100, 80), (200, 150))
    assert (board.kept, board.wanted) == ([], 1)


def test_a_region_says_its_finding_and_asks_for_no_words(board: Board) -> None:
    drawn = board.draw("evidence", (100, 80), (200, 150))
    board.tools.select(drawn)
    board.tools.name_selected()
    board.hand.double_click((100, 115))
    field = board.viewer.findChild(FilmText)
    assert field is None or not field.isVisible()


def test_regions_lie_lightly_on_the_film_and_are_told_apart_without_colour(board: Board) -> None:
    bare = picture(board)
    board.draw("evidence", (40, 60), (180, 240))
    board.draw("not-evidence", (220, 60), (360, 240))
    board.hand.move((5, 5))
    board.tools.select(None)
    changed = np.abs(picture(board) - bare).max(axis=2)
    inside, hatched = changed[120:180, 90:130], changed[120:180, 270:310]
    assert 0 < inside.max() < 60  # an even breath of colour
    assert np.ptp(inside) <= 2
    assert np.ptp(hatched) > 30  # lines over an even shade
    assert changed[5:40, 5:395].max() == 0
    board.viewer.set_bare(True)
    assert np.abs(picture(board) - bare)[100:200, 60:340].max() == 0
