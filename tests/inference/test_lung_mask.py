from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.lung_mask import (
    HALF,
    LungMask,
    crop_box,
    from_probability,
    inside,
    outlines,
    over_pixels,
    share_inside,
)
from inference.overlay import to_stored_pixels
from inference.prediction import Heatmap

SIDE = 96
BOX = (0.0, 0.0, 960.0, 768.0)


def ellipses(
    *places: tuple[float, float, float, float], side: int = SIDE, sure: float = 0.98
) -> NDArray[np.float32]:
    """Soft ellipses of (row, column, height, width), as shares of the side."""
    at = (np.arange(side, dtype=np.float32) + 0.5) / side
    found = np.zeros((side, side), np.float32)
    for row, column, height, width in places:
        away = ((at[:, None] - row) / height) ** 2 + ((at[None] - column) / width) ** 2
        found = np.maximum(found, sure / (1 + np.exp(np.clip(20 * (np.sqrt(away) - 1), -30, 30))))
    return np.asarray(found, np.float32)


RIGHT, LEFT = (0.5, 0.28, 0.32, 0.14), (0.5, 0.72, 0.32, 0.14)


def lungs() -> LungMask:
    return from_probability(ellipses(RIGHT, LEFT), BOX)


def heatmap(grid: NDArray[np.float32], box: tuple[float, float, float, float] = BOX) -> Heatmap:
    return Heatmap("covid-19", "gradcam", grid.astype(np.float32), box, float(grid.max()))


def test_two_lungs_beside_each_other_are_plausible() -> None:
    assert lungs().is_plausible


def test_lungs_that_touch_are_plausible() -> None:
    bridge = (0.4, 0.5, 0.03, 0.3)
    assert from_probability(ellipses(RIGHT, LEFT, bridge), BOX).is_plausible


@pytest.mark.parametrize(
    "places",
    [
        (),
        (RIGHT,),
        ((0.25, 0.5, 0.14, 0.3), (0.75, 0.5, 0.14, 0.3)),  # above each other
        ((0.5, 0.28, 0.06, 0.05), (0.5, 0.72, 0.06, 0.05)),  # too small
        (RIGHT, (0.5, 0.72, 0.06, 0.05)),  # one of the two is a speck
        ((0.25, 0.28, 0.14, 0.14), (0.75, 0.72, 0.14, 0.14)),  # at no common height
        ((0.5, 0.5, 0.6, 0.6),),  # everything
    ],
)
def test_what_has_not_the_shape_of_two_lungs_is_not_plausible(
    places: tuple[tuple[float, float, float, float], ...],
) -> None:
    assert not from_probability(ellipses(*places), BOX).is_plausible


def test_lungs_that_the_network_is_not_sure_of_are_not_plausible() -> None:
    assert not from_probability(ellipses(RIGHT, LEFT, sure=0.62), BOX).is_plausible


def test_shapes_full_of_bays_are_not_plausible() -> None:
    found = ellipses(RIGHT, LEFT)
    found[::4] = 0.0
    found[:, 40:56] = 0.0
    found[:, [20, 70]] = np.maximum(found[:, [20, 70]], 0.98)
    assert not from_probability(found, BOX).is_plausible


def test_crescents_are_not_plausible() -> None:
    """Rings and crescents of ultrasound pictures are side by side too."""
    hollow = ellipses((0.5, 0.36, 0.28, 0.13), (0.5, 0.64, 0.28, 0.13))
    assert not from_probability(np.where(hollow > 0.5, 0.0, ellipses(RIGHT, LEFT)), BOX).is_plausible


def test_specks_are_removed_and_holes_filled() -> None:
    found = ellipses(RIGHT, LEFT)
    found[2:6, 45:50] = 0.9
    found[46:50, 24:28] = 0.1
    mask = from_probability(found, BOX)
    assert mask.is_plausible
    assert (mask.grid[2:6, 45:50] < HALF).all()
    assert (mask.grid[46:50, 24:28] >= HALF).all()


def test_a_tail_as_thin_as_a_wire_is_cut_off() -> None:
    found = ellipses(RIGHT, LEFT)
    found[70:92, 28:30] = 0.9
    mask = from_probability(found, BOX)
    assert (mask.grid[82:92, 28:30] < HALF).all()
    assert mask.is_plausible


def test_evidence_in_a_lung_is_inside_and_evidence_between_them_is_not() -> None:
    in_a_lung = ellipses((0.5, 0.28, 0.1, 0.05), side=48)
    between = ellipses((0.5, 0.5, 0.1, 0.03), side=48)
    assert share_inside(heatmap(in_a_lung), lungs()) == pytest.approx(1.0, abs=0.02)
    assert share_inside(heatmap(between), lungs()) == pytest.approx(0.0, abs=0.02)
    both = share_inside(heatmap(in_a_lung / in_a_lung.sum() + between / between.sum()), lungs())
    assert both == pytest.approx(0.5, abs=0.02)


def test_negative_evidence_does_not_count() -> None:
    grid = ellipses((0.5, 0.28, 0.1, 0.05), side=48) - ellipses((0.5, 0.5, 0.1, 0.03), side=48)
    assert share_inside(heatmap(grid), lungs()) == pytest.approx(1.0, abs=0.02)


def test_there_is_no_share_without_positive_evidence_or_without_lungs() -> None:
    positive = np.ones((7, 7), np.float32)
    assert share_inside(heatmap(-positive), lungs()) is None
    assert share_inside(heatmap(np.zeros((7, 7), np.float32)), lungs()) is None
    assert share_inside(heatmap(positive), replace(lungs(), is_plausible=False)) is None
    beside_the_image = heatmap(positive, (0.0, 2000.0, 960.0, 3000.0))
    assert share_inside(beside_the_image, lungs()) is None


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(600, 1200), st.floats(500, 1000)),
)
def test_the_share_is_that_of_the_map_as_it_is_drawn(
    seed: int, box: tuple[float, float, float, float]
) -> None:
    grid = np.random.default_rng(seed).normal(size=(7, 7)).astype(np.float32)
    mask = lungs()
    drawn = np.maximum(to_stored_pixels(heatmap(grid, box), (960, 768)), 0.0).astype(np.float64)
    where = over_pixels(mask, (960, 768))
    share = share_inside(heatmap(grid, box), mask)
    if drawn.sum() < 1.0:
        return
    assert share == pytest.approx(drawn[where].sum() / drawn.sum(), abs=0.04)  # cells, not pixels


def test_the_crop_is_the_lungs_box_with_a_margin() -> None:
    top, left, bottom, right = crop_box(lungs(), margin=0.0)
    assert (top, bottom) == pytest.approx((0.18 * 960, 0.82 * 960), abs=12)
    assert (left, right) == pytest.approx((0.14 * 768, 0.86 * 768), abs=12)
    wide = crop_box(lungs(), margin=0.1)
    assert wide[0] == pytest.approx(top - 0.1 * (bottom - top), abs=1)
    assert wide[3] == pytest.approx(right + 0.1 * (right - left), abs=1)


def test_a_crop_without_plausible_lungs_is_the_whole_image() -> None:
    assert crop_box(replace(lungs(), is_plausible=False)) == (0, 0, 960, 768)


def test_an_outline_lies_on_the_border_of_a_lung() -> None:
    polygons = outlines(lungs())
    assert len(polygons) == 2
    for polygon in polygons:
        lung = RIGHT if polygon[:, 1].mean() < 384 else LEFT
        down = (polygon[:, 0] / 960 - lung[0]) / lung[2]
        across = (polygon[:, 1] / 768 - lung[1]) / lung[3]
        assert np.abs(np.hypot(down, across) - 1).max() < 0.06


def test_an_outline_has_no_steps() -> None:
    for polygon in outlines(lungs()):
        along = np.diff(np.vstack([polygon, polygon[:2]]), axis=0)
        turned = np.abs(np.angle(np.exp(1j * np.diff(np.arctan2(along[:, 0], along[:, 1])))))
        assert np.degrees(turned).max() < 25


def test_outlines_end_at_the_image() -> None:
    polygons = outlines(from_probability(np.full((SIDE, SIDE), 0.99, np.float32), BOX))
    assert len(polygons) == 1
    assert polygons[0].min() >= 0
    assert polygons[0][:, 0].max() <= 960
    assert polygons[0][:, 1].max() <= 768
    assert np.ptp(polygons[0][:, 0]) > 0.97 * 960


@given(st.integers(1, 400), st.integers(1, 400))
def test_inside_and_over_pixels_agree(rows: int, columns: int) -> None:
    mask = replace(lungs(), box=(0.0, 0.0, float(rows), float(columns)))
    pixels = over_pixels(mask, (rows, columns))
    at = inside(mask, np.arange(rows)[:, None] + 0.5, np.arange(columns)[None] + 0.5)
    assert (pixels != at).mean() < 0.02


def test_nothing_beside_the_image_is_inside() -> None:
    everything = from_probability(np.ones((SIDE, SIDE), np.float32), BOX)
    assert inside(everything, [0.0, 960.0, 480.0], [0.0, 768.0, 384.0]).all()
    assert not inside(everything, [-1.0, 961.0, 480.0, 480.0], [10.0, 10.0, -1.0, 769.0]).any()
