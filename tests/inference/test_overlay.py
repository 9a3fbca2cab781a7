from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.overlay import (
    COLOUR_MAPS,
    CONTOUR_LEVELS,
    MODES,
    ColourMap,
    HeatmapStyle,
    Mode,
    colour_table,
    contour_styles,
    overlay,
    strength,
    to_stored_pixels,
)
from inference.prediction import Heatmap


def make_heatmap(grid: list[list[float]], box: tuple[float, float, float, float]) -> Heatmap:
    return Heatmap("f", "gradcam", np.array(grid, dtype=np.float32), box, 1.0)


def test_cell_centres_keep_their_values_and_between_them_it_is_linear() -> None:
    stored = to_stored_pixels(make_heatmap([[0.0, 8.0], [-8.0, 0.0]], (0, 0, 10, 20)), (10, 20))
    assert stored.dtype == np.float32
    assert stored.shape == (10, 20)
    assert stored[2, 5] == pytest.approx(0.4)  # half a pixel right of the first cell's centre, at (2.5, 5)
    assert stored[0, 0] == 0.0  # constant beyond the outermost centres
    assert stored[0, 19] == 8.0
    assert stored[9, 0] == -8.0
    assert np.allclose(np.diff(stored[2, 5:15]), 0.8)


def test_a_box_beyond_the_image_is_cut_and_one_inside_leaves_zeros() -> None:
    ones = [[1.0, 1.0], [1.0, 1.0]]
    assert (to_stored_pixels(make_heatmap(ones, (-5, 0, 15, 10)), (10, 10)) == 1.0).all()
    inside = to_stored_pixels(make_heatmap(ones, (2, 3, 6, 8)), (10, 10))
    assert (inside[2:6, 3:8] == 1.0).all()
    assert inside.sum() == 4 * 5


def test_padding_moves_the_map_with_the_image() -> None:
    """A grid over a padded input: the middle rows alone lie on the image."""
    stored = to_stored_pixels(make_heatmap([[9.0], [1.0], [1.0], [9.0]], (-10, 0, 30, 40)), (20, 40))
    assert stored[10, 20] == 1.0
    assert stored[0].max() == pytest.approx(5.0, abs=0.5)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 60), st.integers(1, 60))
def test_a_map_never_exceeds_its_grid(h: int, w: int, rows: int, columns: int) -> None:
    grid = np.random.default_rng(h * w).normal(size=(h, w)).astype(np.float32)
    stored = to_stored_pixels(Heatmap("f", "m", grid, (0.0, 0.0, rows, columns), 1.0), (rows, columns))
    assert stored.shape == (rows, columns)
    assert stored.max() <= grid.max() + 1e-5
    assert stored.min() >= grid.min() - 1e-5


def old_overlay(grey: NDArray[np.uint8], map_: Heatmap, opacity: float) -> NDArray[np.uint8]:
    """What `explain` wrote before there were styles, from its definition: strength is colour and alpha."""
    share = np.clip(to_stored_pixels(map_, grey.shape[:2]) / map_.peak, 0.0, 1.0)
    step = np.rint(share * 255).astype(int)
    alpha = (step / 255 * opacity)[:, :, None]
    picture = grey if grey.ndim == 3 else np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(np.rint(picture * (1 - alpha) + colour_table("inferno")[step] * alpha), np.uint8)


def noisy(h: int = 7, w: int = 5, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 1, (h, w)).astype(np.float32)


def picture(rows: int = 60, columns: int = 80) -> NDArray[np.uint8]:
    return np.random.default_rng(9).integers(0, 256, (rows, columns), dtype=np.uint8)


@pytest.mark.parametrize("opacity", [0.5, 0.8])
@pytest.mark.parametrize("box", [(0, 0, 60, 80), (-10, 0, 70, 80), (10, 20, 50, 60)])
def test_the_smooth_overlay_is_what_it_was_before_there_were_styles(
    box: tuple[float, float, float, float], opacity: float
) -> None:
    map_ = Heatmap("f", "m", noisy(), box, 1.5)
    for grey in (picture(), np.dstack([picture()] * 3)):
        made = overlay(grey, map_, HeatmapStyle(opacity=opacity))
        assert made.dtype == np.uint8
        assert np.abs(made.astype(int) - old_overlay(grey, map_, opacity)).max() <= 1
    assert np.array_equal(overlay(picture(), map_), overlay(picture(), map_, HeatmapStyle()))


def test_evidence_against_is_transparent_and_full_strength_has_full_opacity() -> None:
    grey = np.full((1, 4), 100, dtype=np.uint8)
    map_ = Heatmap("f", "m", np.array([[-1.0, 0.0, 2.0, 4.0]], np.float32), (0, 0, 1, 4), 2.0)
    shown = overlay(grey, map_, HeatmapStyle(opacity=0.5))
    assert shown[0, :2].tolist() == [[100, 100, 100]] * 2
    expected = np.rint((colour_table("inferno")[255].astype(float) + 100) / 2)
    assert np.abs(shown[0, 2] - expected).max() <= 1
    assert shown[0, 3].tolist() == shown[0, 2].tolist()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("peak", [0.0, -1.0, 1000.0])
def test_an_absent_finding_leaves_the_picture_alone(mode: Mode, peak: float) -> None:
    """The scale is that of all findings: one with a thousandth of the joint peak is not drawn."""
    map_ = Heatmap("f", "m", noisy(), (0, 0, 60, 80), peak)
    assert np.array_equal(overlay(np.dstack([picture()] * 3), map_, HeatmapStyle(mode))[..., 0], picture())


@pytest.mark.parametrize("mode", MODES)
def test_evidence_against_and_no_opacity_leave_the_picture_alone(mode: Mode) -> None:
    against = Heatmap("f", "m", -np.abs(noisy()), (0, 0, 60, 80), 1.0)
    for_it = Heatmap("f", "m", np.abs(noisy()), (0, 0, 60, 80), 1.0)
    assert np.array_equal(overlay(picture(), against, HeatmapStyle(mode))[..., 1], picture())
    assert np.array_equal(overlay(picture(), for_it, HeatmapStyle(mode, opacity=0.0))[..., 1], picture())
    assert not np.array_equal(overlay(picture(), for_it, HeatmapStyle(mode))[..., 1], picture())


@pytest.mark.parametrize("mode", ["smooth", "cells"])
def test_nothing_is_drawn_below_the_threshold_and_nothing_changes_above(mode: Mode) -> None:
    map_ = Heatmap("f", "m", noisy(), (0, 0, 60, 80), 2.0)
    rows, columns = np.arange(60) + 0.5, np.arange(80) + 0.5
    drawn = strength(map_, rows, columns, mode) >= 0.4 * 255
    grey = np.dstack([picture()] * 3)
    whole, cut = (overlay(grey, map_, HeatmapStyle(mode, threshold=t)) for t in (0.0, 0.4))
    assert np.array_equal(cut[drawn], whole[drawn])
    assert np.array_equal(cut[~drawn], grey[~drawn])
    assert 0 < drawn.sum() < drawn.size


def test_cells_are_the_grid_itself_with_bare_film_between_them() -> None:
    grid = np.abs(noisy(3, 4)) + np.float32(0.1)
    map_ = Heatmap("f", "m", grid, (0, 0, 60, 80), float(grid.max()))
    steps = strength(map_, np.arange(60) + 0.5, np.arange(80) + 0.5, "cells", gap_px=2)
    expected = np.rint(grid / grid.max() * 255)
    for i, j in np.ndindex(3, 4):
        cell = steps[20 * i : 20 * i + 20, 20 * j : 20 * j + 20]
        assert np.unique(cell[1:-1, 1:-1]).tolist() == [expected[i, j]]
    for edge in (20, 40):
        assert not steps[edge - 1 : edge + 1].any()
    for edge in (20, 40, 60):
        assert not steps[:, edge - 1 : edge + 1].any()
    assert steps[0, 0] > 0  # no gap where the map ends
    assert steps[18, 0] > 0


def test_cells_too_small_for_gaps_have_none() -> None:
    map_ = Heatmap("f", "m", np.ones((20, 20), np.float32), (0, 0, 60, 60), 1.0)
    assert (strength(map_, np.arange(60) + 0.5, np.arange(60) + 0.5, "cells", gap_px=2) == 255).all()


def test_cells_lie_where_the_box_lies() -> None:
    map_ = Heatmap("f", "m", np.ones((2, 2), np.float32), (10, 20, 50, 60), 1.0)
    steps = strength(map_, np.arange(60) + 0.5, np.arange(80) + 0.5, "cells", gap_px=2)
    inside = np.zeros((60, 80), bool)
    inside[10:50, 20:60] = True
    assert not steps[~inside].any()
    assert (steps[inside] == 255).sum() == 38 * 38
    padded = replace(map_, box=(-60, 0, 60, 80))  # the upper row of cells lies above the film
    steps = strength(padded, np.arange(60) + 0.5, np.arange(80) + 0.5, "cells", gap_px=2)
    assert not steps[0].any()  # half of the gap between the two
    assert steps[1, 0] == 255


@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from(["smooth", "cells"]), st.booleans())
def test_positions_that_run_backwards_give_the_same_from_behind(
    h: int, w: int, mode: Mode, is_down: bool
) -> None:
    map_ = Heatmap("f", "m", noisy(h, w), (-3.0, 4.0, 47.0, 66.0), 1.0)
    rows, columns = np.arange(50) + 0.5, np.arange(70) + 0.5
    steps = strength(map_, rows, columns, mode)
    if is_down:
        assert np.array_equal(strength(map_, rows[::-1], columns, mode), steps[::-1])
    else:
        assert np.array_equal(strength(map_, rows, columns[::-1], mode), steps[:, ::-1])


def test_contours_leave_the_film_bare_between_them() -> None:
    """A ramp from 0 to the peak: three lines, at a quarter, a half and three quarters of it."""
    map_ = Heatmap("f", "m", np.linspace(0, 1, 9, dtype=np.float32)[None, :], (0, 0, 60, 180), 1.0)
    grey = np.full((60, 180), 90, np.uint8)
    drawn = (overlay(grey, map_, HeatmapStyle("contours")) != 90).any(axis=(0, 2))
    middles = [10 + level * 160 for level in CONTOUR_LEVELS]  # from the first centre to the last
    far = np.min([np.abs(np.arange(180) + 0.5 - m) for m in middles], axis=0) > 5
    assert not drawn[far].any()
    assert all(drawn[int(m) - 1 : int(m) + 1].any() for m in middles)


def test_contours_below_the_threshold_are_not_drawn() -> None:
    assert [s.level for s in contour_styles(HeatmapStyle("contours", threshold=0.5))] == [0.5, 0.75]
    assert [s.level for s in contour_styles(HeatmapStyle("contours", threshold=0.8))] == []


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_colour_maps_brighten_evenly(name: ColourMap) -> None:
    """Perceptually uniform: lightness (CIE L*) grows with every step, everywhere about as fast."""
    table = colour_table(name).astype(float)
    assert table.shape == (256, 3)
    linear = np.where(table / 255 <= 0.04045, table / 255 / 12.92, ((table / 255 + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)
    growth = np.diff(lightness[::15])
    assert (growth > 0).all()
    assert growth.max() < 3 * growth.min()  # the darkest end, where L* is coarse, grows slowest


def test_the_defaults_are_what_explain_always_wrote() -> None:
    style = HeatmapStyle()
    assert (style.mode, style.opacity, style.threshold, style.colour_map) == ("smooth", 0.5, 0.0, "inferno")
