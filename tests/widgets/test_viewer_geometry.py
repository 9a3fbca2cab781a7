"""Points of the film and points of the screen find each other through every turn, flip and zoom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.image import Spacing
from tests.widgets.films import film, noise
from widgets.viewer_geometry import MOST_ZOOM, Film, Placement, View

FILMS = st.builds(
    Film,
    rows=st.integers(1, 4000),
    columns=st.integers(1, 4000),
    row_scale=st.floats(1.0, 4.0),
    column_scale=st.just(1.0),
)
VIEWS = st.builds(
    View,
    rotation=st.sampled_from([0, 90, 180, 270]),
    flipped=st.booleans(),
    zoom=st.none() | st.floats(0.02, 40.0),
    centre=st.none() | st.tuples(st.floats(0, 1000), st.floats(0, 1000)),
)
PLACEMENTS = st.builds(
    Placement, film=FILMS, view=VIEWS, width=st.integers(16, 3000), height=st.integers(16, 3000)
)
POINTS = st.tuples(st.floats(-100, 4100), st.floats(-100, 4100))


@given(PLACEMENTS, POINTS)
def test_a_point_of_the_film_comes_back_from_the_screen(
    placement: Placement, point: tuple[float, float]
) -> None:
    x, y = placement.image_to_view(*point)
    assert placement.view_to_image(x, y) == pytest.approx(point, abs=1e-5)


@given(FILMS, st.sampled_from([0, 90, 180, 270]), st.booleans(), st.integers(64, 3000), st.integers(64, 3000))
def test_a_fitted_film_is_whole_and_touches_two_edges(
    laid: Film, rotation: int, flipped: bool, width: int, height: int
) -> None:
    placement = Placement(laid, View(rotation, flipped), width, height)
    left, top, right, bottom = placement.film_box()
    assert left >= -1.01
    assert top >= -1.01
    assert right <= width + 1.01
    assert bottom <= height + 1.01
    assert abs(right - left - width) < 1.01 or abs(bottom - top - height) < 1.01


@given(PLACEMENTS, st.floats(0.1, 10), st.floats(0, 1), st.floats(0, 1))
def test_zooming_keeps_the_point_under_the_cursor(
    placement: Placement, factor: float, across: float, down: float
) -> None:
    x, y = across * placement.width, down * placement.height
    row, column = placement.view_to_image(x, y)
    view = placement.zoomed(placement.zoom * factor, x, y)
    assert view.zoom is not None
    assert view.zoom <= MOST_ZOOM
    assert view.centre is not None
    row_centre, column_centre = view.centre
    if not (0 < row_centre < placement.film.rows and 0 < column_centre < placement.film.columns):
        return  # held at the film's edge, so that the film is not lost
    there = Placement(placement.film, view, placement.width, placement.height)
    x_now, y_now = there.image_to_view(row, column)
    slack = 0.51 * (1 + view.zoom / placement.zoom)  # laid on whole pixels of the screen, before and after
    assert (x_now, y_now) == pytest.approx((x, y), abs=slack)


@given(PLACEMENTS)
def test_turning_four_times_and_mirroring_twice_changes_nothing(placement: Placement) -> None:
    view = placement.view
    assert view.turned(90).turned(90).turned(90).turned(90) == view
    assert view.turned(-90).turned(90) == view
    assert view.mirrored().mirrored() == view


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flipped", [False, True])
def test_mirroring_exchanges_left_and_right_of_the_screen(rotation: int, flipped: bool) -> None:
    laid = Film(100, 100)
    before = Placement(laid, View(rotation, flipped, 2.0), 400, 400)
    after = Placement(laid, before.view.mirrored(), 400, 400)
    x, y = before.image_to_view(10, 30)
    assert after.image_to_view(10, 30) == pytest.approx((400 - x, y))


def test_a_turn_goes_clockwise() -> None:
    placement = Placement(Film(100, 100), View().turned(90), 100, 100)
    assert placement.image_to_view(0, 0) == pytest.approx((100, 0))


def test_a_drag_moves_the_film_with_the_mouse() -> None:
    placement = Placement(Film(500, 500), View(90, True, 2.0), 300, 300)
    x, y = placement.image_to_view(250, 250)
    moved = Placement(placement.film, placement.panned(17, -9), 300, 300)
    assert moved.image_to_view(250, 250) == pytest.approx((x + 17, y - 9))


def test_pixels_that_are_higher_than_wide_are_shown_higher() -> None:
    image = film(noise(100, 100), spacing=Spacing(2.0, 1.0, "patient"))
    left, top, right, bottom = Placement(Film.of(image), View(), 400, 400).film_box()
    assert bottom - top == pytest.approx(2 * (right - left))


def test_up_to_one_to_one_the_film_lies_on_whole_pixels() -> None:
    for zoom in np.linspace(0.1, 1.0, 19):
        box = Placement(Film(331, 257), View(zoom=float(zoom)), 401, 300).film_box()
        assert np.allclose(box, np.rint(box))
