"""A box drawn on the film zooms it, or windows it by what lies inside, whichever way the film is laid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studies.display import auto_window
from studies.image import Window
from tests.widgets.films import film, noise
from tests.widgets.hand import Hand
from widgets.area_tools import AreaTools, pixels_of_area, view_of_area
from widgets.viewer import Viewer
from widgets.viewer_geometry import Film, Placement, View

views = st.builds(View, st.sampled_from([0, 90, 180, 270]), st.booleans())


@pytest.fixture
def viewer(qtbot: QtBot, themed: QApplication) -> Viewer:
    made = Viewer()
    qtbot.addWidget(made)
    made.resize(400, 300)
    with qtbot.waitExposed(made):
        made.show()
    AreaTools(made)
    made.show_image(film(noise(300, 400), voi=(Window(2048, 4096),)))
    return made


@given(
    views, st.tuples(st.floats(0, 299), st.floats(0, 399)), st.tuples(st.floats(0, 299), st.floats(0, 399))
)
def test_a_zoomed_area_fills_the_view_and_lies_in_its_middle(
    view: View, one: tuple[float, float], other: tuple[float, float]
) -> None:
    placement = Placement(Film(300, 400, 2.0, 1.0), view, 640, 480)
    after = Placement(placement.film, view_of_area(placement, one, other), 640, 480)
    (x0, y0), (x1, y1) = after.image_to_view(*one), after.image_to_view(*other)
    assert min(x0, x1) >= -2
    assert max(x0, x1) <= 642
    assert min(y0, y1) >= -2
    assert max(y0, y1) <= 482
    assert (x0 + x1) / 2 == pytest.approx(320, abs=1.5)
    assert (y0 + y1) / 2 == pytest.approx(240, abs=1.5)
    if after.zoom < 64 and after.zoom > 1:
        assert abs(x1 - x0) == pytest.approx(640, abs=2) or abs(y1 - y0) == pytest.approx(480, abs=2)


@pytest.mark.parametrize("view", [View(), View(90, True)])
def test_dragging_a_box_zooms_to_it(viewer: Viewer, view: View) -> None:
    viewer.set_view(view)
    viewer.set_left_tool("area zoom")
    before = viewer.placement
    assert before is not None
    ratio = viewer.devicePixelRatioF()
    corners = (before.view_to_image(x * ratio, y * ratio) for x, y in ((160, 120), (240, 180)))
    middle = np.mean(list(corners), axis=0)
    Hand(viewer).drag((160, 120), (240, 180))
    after = viewer.placement
    assert after is not None
    assert after.zoom == pytest.approx(before.zoom * 5)
    assert np.allclose(after.centre, middle)
    assert (after.view.rotation, after.view.flipped) == (view.rotation, view.flipped)
    assert viewer.left_tool == "area zoom"


def test_dragging_a_box_windows_by_what_lies_inside(viewer: Viewer) -> None:
    pixels = noise(300, 400)
    pixels[100:200, 150:250] = 1000 + pixels[100:200, 150:250] // 64
    image = film(pixels, voi=(Window(2048, 4096),))
    viewer.show_image(image)
    viewer.flip_horizontal()
    viewer.set_left_tool("area window")
    placement = viewer.placement
    assert placement is not None
    ratio = viewer.devicePixelRatioF()
    (x0, y0), (x1, y1) = placement.image_to_view(110, 160), placement.image_to_view(190, 240)
    Hand(viewer).drag((x0 / ratio, y0 / ratio), (x1 / ratio, y1 / ratio))
    assert viewer.state.voi == auto_window(image, (110, 160, 190, 240))
    assert viewer.state.voi.width < 70
    assert viewer.zoom == placement.zoom


def test_a_box_that_is_too_small_or_given_up_does_nothing(viewer: Viewer) -> None:
    hand = Hand(viewer)
    for tool in ("area zoom", "area window"):
        viewer.set_left_tool(tool)  # type: ignore[arg-type]
        hand.drag((100, 100), (102, 150))
        hand.press((100, 100))
        hand.move((200, 200))
        assert viewer.cancel()
        hand.release((200, 200))
        hand.double_click((100, 100))
    assert viewer.state.voi == Window(2048, 4096)
    assert viewer.view == View()


def test_a_colour_film_has_no_window_to_take(viewer: Viewer) -> None:
    viewer.show_image(film(np.zeros((300, 400, 3), np.uint8)))
    viewer.set_left_tool("area window")
    before = viewer.state
    Hand(viewer).drag((100, 100), (200, 200))
    assert viewer.state == before


def test_pixels_of_an_area_are_those_it_touches() -> None:
    image = film(noise(60, 80))
    assert pixels_of_area(image, (1.2, 3.9), (4.1, 2.0)) == (1, 2, 5, 4)
    assert pixels_of_area(image, (-9, -9), (5, 5)) == (0, 0, 5, 5)
    assert pixels_of_area(image, (-9, -9), (-1, 5)) is None
