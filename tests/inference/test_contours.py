"""Lines of equal value lie where the map has that value, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.contours import contours

Box = tuple[float, float, float, float]


def value_at(grid: NDArray[np.float32], box: Box, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map at (row, column): linear between the centres of its cells, from the definition."""
    top, left, bottom, right = box
    h, w = grid.shape
    row = np.clip((points[:, 0] - top) / (bottom - top) * h - 0.5, 0, h - 1)
    column = np.clip((points[:, 1] - left) / (right - left) * w - 0.5, 0, w - 1)
    i, j = np.minimum(row.astype(int), max(h - 2, 0)), np.minimum(column.astype(int), max(w - 2, 0))
    down, along = row - i, column - j
    below, beside = np.minimum(i + 1, h - 1), np.minimum(j + 1, w - 1)
    upper = grid[i, j] * (1 - along) + grid[i, beside] * along
    lower = grid[below, j] * (1 - along) + grid[below, beside] * along
    return np.asarray(upper * (1 - down) + lower * down)


@given(st.integers(1, 8), st.integers(1, 8), st.floats(-1, 1), st.integers(0, 50))
def test_every_point_of_a_line_has_its_value(h: int, w: int, value: float, seed: int) -> None:
    grid = np.random.default_rng(seed).normal(0, 1, (h, w)).astype(np.float32)
    box = (-7.0, 3.0, 93.0, 143.0)
    for line in contours(grid, box, value):
        assert np.abs(value_at(grid, box, line.points) - value).max() < 1e-5
        assert line.points[:, 0].min() >= -7.0
        assert line.points[:, 1].max() <= 143.0


@given(st.integers(2, 7), st.integers(2, 7), st.floats(-1, 1), st.integers(0, 50))
def test_lines_that_do_not_close_end_at_the_box(h: int, w: int, value: float, seed: int) -> None:
    grid = np.random.default_rng(seed).normal(0, 1, (h, w)).astype(np.float32)
    for line in contours(grid, (0, 0, 50, 60), value):
        ends = line.points[[0, -1]]
        is_at_edge = np.isclose(ends, 0) | np.isclose(ends, [50, 60])
        assert line.is_closed or is_at_edge.any(axis=1).all()


def test_a_single_hot_cell_is_ringed_once() -> None:
    grid = np.zeros((5, 5), np.float32)
    grid[2, 2] = 1.0
    (line,) = contours(grid, (0, 0, 50, 50), 0.5)
    assert line.is_closed
    assert np.allclose(line.points.mean(axis=0), 25, atol=0.5)
    assert np.allclose(np.abs(line.points - 25).max(), 5, atol=0.01)  # half way to the next centre


def corner_of(points: NDArray[np.float64]) -> tuple[bool, bool]:
    """(lower half, right half) of the corner of a box of 2 x 2 that a line cuts off: where its ends lie."""
    row, column = points[[0, -1]].mean(axis=0)
    return bool(row > 1), bool(column > 1)


@pytest.mark.parametrize("distance", [-0.2, -0.0005, -0.00001, 0.00001, 0.0005, 0.2])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_saddle_is_passed_on_the_right_side(distance: float, is_mirrored: bool) -> None:
    """Two hot corners across from each other: joined below the saddle's value, apart above it."""
    grid = np.array([[1.0, 0.0], [0.0, 0.8]], np.float32)
    grid = grid[:, ::-1] if is_mirrored else grid
    lines = contours(grid, (0, 0, 2, 2), 0.8 / 1.8 + distance)
    assert len(lines) == 2
    hot = [(False, is_mirrored), (True, not is_mirrored)]  # (lower half, right half)
    cold = [(False, not is_mirrored), (True, is_mirrored)]
    around = [corner_of(line.points) for line in lines]
    assert sorted(around) == sorted(cold if distance < 0 else hot)


def test_a_value_that_is_nowhere_has_no_line() -> None:
    assert contours(np.ones((4, 4), np.float32), (0, 0, 8, 8), 2.0) == ()
    assert contours(np.ones((1, 1), np.float32), (0, 0, 8, 8), 0.5) == ()
