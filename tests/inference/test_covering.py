"""What is covered is where the reader drew it, and is filled with nothing that looks like a finding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.draw import polygon2mask

from inference.covering import Region, covered, share_covered
from tests.inference.making import make_film

SIDE = 32
WHOLE = (0.0, 0.0, 320.0, 160.0)  # stored pixels are ten rows and five columns of a pixel of the square

corners = st.tuples(st.floats(-40, 360), st.floats(-40, 200))
squares = st.integers(0, 20).map(lambda seed: (make_film(SIDE, SIDE, seed) / 255).astype(np.float32))


def rectangle(top: float, left: float, bottom: float, right: float) -> Region:
    return Region((((top, left), (top, right), (bottom, right), (bottom, left)),))


@given(st.floats(-20, 340), st.floats(-20, 180), st.floats(1, 200), st.floats(1, 100))
def test_a_rectangle_covers_its_own_area(top: float, left: float, height: float, width: float) -> None:
    bottom, right = top + height, left + width
    share = share_covered(SIDE, WHOLE, rectangle(top, left, bottom, right))
    rows = max(0.0, min(bottom, 320) - max(top, 0)) / 10
    columns = max(0.0, min(right, 160) - max(left, 0)) / 5
    assert float(share.sum()) == pytest.approx(rows * columns, abs=0.3 * columns + 1e-3)
    outside = np.ones((SIDE, SIDE), bool)
    outside[max(int(top // 10), 0) : int(bottom // 10) + 1, max(int(left // 5), 0) : int(right // 5) + 1] = 0
    assert not share[outside].any()


@given(st.lists(corners, min_size=3, max_size=7))
def test_pixels_that_lie_wholly_in_a_shape_are_covered_and_those_outside_are_not(
    polygon: list[tuple[float, float]],
) -> None:
    share = share_covered(SIDE, WHOLE, Region((tuple(polygon),)))
    finer = 8
    scaled = [(row / 320 * SIDE * finer - 0.5, column / 160 * SIDE * finer - 0.5) for row, column in polygon]
    inside = polygon2mask((SIDE * finer, SIDE * finer), np.asarray(scaled))
    counted = inside.reshape(SIDE, finer, SIDE, finer).mean(axis=(1, 3))
    is_simple = (
        np.abs(share - counted).max() < 0.35
    )  # even-odd and winding differ where a shape crosses itself
    assert is_simple or len(polygon) > 3
    assert (share >= 0).all()
    assert (share <= 1).all()


def test_the_box_places_the_shape() -> None:
    """A square that shows a part of the film, as a crop does, is covered where that part is."""
    share = share_covered(8, (100, 200, 180, 280), rectangle(100, 200, 140, 280))
    assert np.array_equal(share, np.repeat([1.0, 0.0], 4)[:, None].repeat(8, axis=1))


def test_keeping_is_the_complement_and_shapes_add_up() -> None:
    one, other = rectangle(20, 20, 200, 80), rectangle(150, 60, 300, 120)
    both = Region((*one.polygons, *other.polygons))
    share = share_covered(SIDE, WHOLE, both)
    assert np.allclose(share_covered(SIDE, WHOLE, Region(both.polygons, keeps=True)), 1 - share)
    parts = [share_covered(SIDE, WHOLE, region) for region in (one, other)]
    assert np.array_equal(share, np.maximum(*parts))


def test_which_way_a_shape_is_drawn_is_no_matter() -> None:
    shape = ((20.0, 20.0), (250.0, 40.0), (130.0, 140.0))
    assert np.allclose(
        share_covered(SIDE, WHOLE, Region((shape,))), share_covered(SIDE, WHOLE, Region((shape[::-1],)))
    )


@given(squares, st.lists(corners, min_size=3, max_size=6), st.booleans())
def test_what_is_not_covered_stays_and_the_fill_lies_between_what_is_seen(
    square: np.ndarray, polygon: list[tuple[float, float]], keeps: bool
) -> None:
    region = Region((tuple(polygon),), keeps)
    share = share_covered(SIDE, WHOLE, region)
    found = covered(square, WHOLE, region)
    assert found.dtype == np.float32
    assert np.array_equal(found[share == 0], square[share == 0])
    if (share == 0).any():
        seen = square[share == 0]
        assert (found[share == 1] >= seen.min() - 1e-4).all()
        assert (found[share == 1] <= seen.max() + 1e-4).all()


def test_a_bright_spot_that_is_covered_leaves_no_trace() -> None:
    ramp = np.linspace(0.2, 0.6, SIDE, dtype=np.float32)[:, None].repeat(SIDE, axis=1)
    marked = ramp.copy()
    marked[12:18, 10:16] = 1.0
    found = covered(marked, (0, 0, SIDE, SIDE), rectangle(12, 10, 18, 16))
    assert np.abs(found - ramp).max() < 0.06


def test_everything_covered_is_one_even_grey() -> None:
    square = make_film(SIDE, SIDE).astype(np.float32) / 255
    found = covered(square, WHOLE, rectangle(-1, -1, 321, 161))
    assert np.ptp(found) < 1e-6
    assert found.mean() == pytest.approx(square.mean(), abs=1e-5)


@pytest.mark.parametrize(
    "polygon", [(), ((1.0, 1.0), (5.0, 5.0)), ((1.0, 1.0), (float("nan"), 5.0), (9.0, 1.0))]
)
def test_no_shape_covers_nothing(polygon: tuple[tuple[float, float], ...]) -> None:
    square = make_film(SIDE, SIDE).astype(np.float32) / 255
    assert np.array_equal(covered(square, WHOLE, Region((polygon,))), square)
