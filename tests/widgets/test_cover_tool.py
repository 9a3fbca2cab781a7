"""A shape over the film: dragged, moved, sized, kept instead of covered, and taken away again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from tests.widgets.films import film, noise
from tests.widgets.hand import SHIFT, Hand
from widgets.cover_shapes import Cover, CoverKind
from widgets.cover_tool import CoverTool
from widgets.viewer import Viewer
from widgets.viewer_geometry import View
from widgets.viewer_layers import stored_point

points = st.tuples(st.floats(0, 300), st.floats(0, 400))


@pytest.fixture
def tool(viewer: Viewer) -> CoverTool:
    viewer.show_image(film(noise(300, 400)))
    made = CoverTool(viewer)
    viewer.set_left_tool("cover")
    return made


def heard(tool: CoverTool) -> list[Cover | None]:
    told: list[Cover | None] = []
    tool.covered.connect(told.append)
    return told


def stored(viewer: Viewer, x: float, y: float) -> tuple[float, float]:
    placement = viewer.placement
    assert placement is not None
    return stored_point(placement, viewer.devicePixelRatioF(), QPointF(x, y))


@pytest.mark.parametrize("view", [View(), View(90, True)])
def test_a_rectangle_is_dragged_over_the_film_and_every_step_is_told(
    viewer: Viewer, tool: CoverTool, view: View
) -> None:
    viewer.set_view(view)
    told = heard(tool)
    Hand(viewer).drag((150, 100), (210, 180))
    assert len(told) == 2
    assert told[-1] == tool.cover == Cover("rectangle", (stored(viewer, 150, 100), stored(viewer, 210, 180)))
    assert not tool.cover.region.keeps


def test_with_shift_the_inside_is_kept(viewer: Viewer, tool: CoverTool) -> None:
    Hand(viewer).drag((150, 100), (210, 180), SHIFT)
    assert tool.cover is not None
    assert tool.cover.region.keeps
    tool.set_keeps(False)
    assert not tool.cover.region.keeps


def test_a_shape_moves_when_it_is_dragged_and_another_begins_beside_it(
    viewer: Viewer, tool: CoverTool
) -> None:
    hand = Hand(viewer)
    hand.drag((150, 100), (210, 180))
    before = tool.cover
    assert before is not None
    hand.drag((180, 140), (200, 150))
    after = tool.cover
    assert after is not None
    start, end = stored(viewer, 180, 140), stored(viewer, 200, 150)
    assert after.centre[0] - before.centre[0] == pytest.approx(end[0] - start[0])
    assert after.centre[1] - before.centre[1] == pytest.approx(end[1] - start[1])
    assert after.box[2] - after.box[0] == pytest.approx(before.box[2] - before.box[0])
    hand.drag((300, 200), (330, 240))
    assert tool.cover is not None
    assert tool.cover.points[0] == stored(viewer, 300, 200)


def test_a_click_beside_the_shape_takes_it_away(viewer: Viewer, tool: CoverTool) -> None:
    hand = Hand(viewer)
    hand.drag((150, 100), (210, 180))
    told = heard(tool)
    hand.click((180, 140))
    assert told == []
    hand.click((300, 200))
    assert told[-1] is None
    assert tool.cover is None


def test_an_outline_is_drawn_by_hand(viewer: Viewer, tool: CoverTool) -> None:
    tool.set_kind("outline")
    hand = Hand(viewer)
    hand.move((150, 100))
    hand.press((150, 100))
    for at in ((200, 100), (200, 160), (151, 160)):
        hand.move(at)
    hand.release((151, 160))
    assert tool.cover is not None
    assert tool.cover.kind == "outline"
    assert len(tool.cover.polygon) == 4
    assert tool.cover.holds(stored(viewer, 175, 130))
    assert not tool.cover.holds(stored(viewer, 220, 130))


def test_escape_gives_up_the_drag_first_then_the_shape(viewer: Viewer, tool: CoverTool) -> None:
    hand = Hand(viewer)
    hand.drag((150, 100), (210, 180))
    before = tool.cover
    hand.press((180, 140))
    hand.move((220, 140))
    assert tool.cover != before
    assert viewer.cancel()
    assert tool.cover == before
    hand.release((220, 140))
    assert tool.cover == before
    assert viewer.cancel()
    assert tool.cover is None
    assert not viewer.cancel()


def test_everything_can_be_done_by_keys(viewer: Viewer, tool: CoverTool) -> None:
    told = heard(tool)
    assert tool.take_key("Right", False)
    first = tool.cover
    assert first is not None
    assert first.centre == pytest.approx((150, 200))
    assert tool.take_key("Right", False)
    assert tool.cover is not None
    assert tool.cover.centre == pytest.approx((150, 200 + 0.02 * 400))
    assert tool.take_key("Up", True)
    assert tool.cover.centre == pytest.approx((150 - 0.005 * 400, 208))
    assert tool.take_key("Equal", False)
    assert tool.cover.box[2] - tool.cover.box[0] > first.box[2] - first.box[0]
    assert not tool.take_key("Home", False)
    assert len(told) == 4


def test_arrows_go_where_they_point_on_a_film_that_is_turned(viewer: Viewer, tool: CoverTool) -> None:
    viewer.set_view(View(90))
    tool.take_key("Right", False)
    assert tool.cover is not None
    row, column = tool.cover.centre
    tool.take_key("Right", False)
    assert tool.cover.centre[0] < row  # turned clockwise, the first row is at the right
    assert tool.cover.centre[1] == pytest.approx(column)


def test_without_the_tool_in_hand_mouse_and_keys_are_left_alone(viewer: Viewer, tool: CoverTool) -> None:
    viewer.set_left_tool("pan")
    assert not tool.take_key("Right", False)
    Hand(viewer).drag((150, 100), (210, 180))
    assert tool.cover is None


def test_another_film_or_another_tool_ends_it(viewer: Viewer, tool: CoverTool) -> None:
    hand = Hand(viewer)
    hand.drag((150, 100), (210, 180))
    viewer.show_image(film(noise(300, 400, seed=1)))  # the same frame, read again
    assert tool.cover is not None
    viewer.show_image(film(noise(300, 400), frame=2))
    assert tool.cover is None
    hand.drag((150, 100), (210, 180))
    viewer.set_left_tool("window")
    assert tool.cover is None


def test_the_covered_part_is_darker_and_the_kept_one_is_not(viewer: Viewer, tool: CoverTool) -> None:
    viewer.show_image(film(noise(300, 400) * 0 + 4000))
    hand = Hand(viewer)

    def grey(x: int, y: int) -> float:
        around = [viewer.grab().toImage().pixelColor(x + dx, y + dy) for dx in range(4) for dy in range(4)]
        return sum(QColor(colour).lightness() for colour in around) / len(around)

    bright = grey(180, 140)
    hand.drag((150, 100), (210, 180))
    hand.move((10, 10))
    assert grey(180, 140) < 0.6 * bright
    assert grey(300, 250) == pytest.approx(bright, abs=2)
    tool.set_keeps(True)
    assert grey(180, 140) == pytest.approx(bright, abs=2)
    assert grey(300, 250) < 0.6 * bright


@given(st.sampled_from(["rectangle", "ellipse"]), points, points, points)
def test_a_moved_shape_keeps_its_size_and_its_centre_on_the_film(
    kind: CoverKind, one: tuple[float, float], other: tuple[float, float], by: tuple[float, float]
) -> None:
    cover = Cover(kind, (one, other))
    moved = cover.moved((2 * by[0] - 300, 2 * by[1] - 400), (300, 400))
    assert moved.box[2] - moved.box[0] == pytest.approx(cover.box[2] - cover.box[0], abs=1e-9)
    assert -1e-9 <= moved.centre[0] <= 300 + 1e-9
    assert -1e-9 <= moved.centre[1] <= 400 + 1e-9


@given(points, points)
def test_an_ellipse_lies_in_its_box_and_touches_it(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    cover = Cover("ellipse", (one, other))
    rows, columns = zip(*cover.polygon, strict=True)
    assert (min(rows), min(columns), max(rows), max(columns)) == pytest.approx(cover.box, abs=1e-6)
