import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.overlay import colour_overlay, inferno_table, to_stored_pixels
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


def test_evidence_against_is_transparent_and_full_strength_has_full_opacity() -> None:
    grey = np.full((1, 4), 100, dtype=np.uint8)
    values = np.array([[-1.0, 0.0, 2.0, 4.0]], dtype=np.float32)
    shown = colour_overlay(grey, values, peak=2.0, opacity=0.5)
    assert shown.dtype == np.uint8
    assert shown[0, :2].tolist() == [[100, 100, 100]] * 2
    expected = np.rint((inferno_table()[255].astype(float) + 100) / 2)
    assert np.abs(shown[0, 2] - expected).max() <= 1
    assert shown[0, 3].tolist() == shown[0, 2].tolist()


def test_colour_pictures_are_kept_and_no_evidence_leaves_the_picture_alone() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    values = np.ones((5, 6), dtype=np.float32)
    assert np.array_equal(colour_overlay(picture, values, peak=0.0), picture)
    assert np.array_equal(colour_overlay(picture, -values, peak=1.0), picture)
    assert np.array_equal(colour_overlay(picture, values, peak=1.0, opacity=0.0), picture)


def test_inferno_goes_from_black_to_pale_yellow() -> None:
    table = inferno_table()
    assert table.shape == (256, 3)
    assert table[0].max() < 10
    assert table[255][0] > table[255][2] > 100  # yellow, so red over blue
    luma = table @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(luma) > -1.0).all()
