"""Lines of equal value through the grid of a heatmap, by marching squares.

Lorensen and Cline, *Marching cubes*, SIGGRAPH 1987, in two dimensions; where a square has two corners
above and two below across from each other, the value at its saddle decides (Nielson and Hamann, *The
asymptotic decider*, IEEE Visualization 1991), which is exact, since the map is bilinear in each square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_SAMPLES = 96  # along an axis, for grids of many cells
_MOST_BETWEEN = 16  # between the centres of two cells


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """One line: (N, 2) float64 points as (row, column); whether its end meets its beginning."""

    points: NDArray[np.float64]
    is_closed: bool


def contours(
    grid: NDArray[np.float32], box: tuple[float, float, float, float], value: float
) -> tuple[Contour, ...]:
    """Where the map has this value.

    Parameters
    ----------
    grid
        (h, w): the map, linear between the centres of its cells, constant beyond the outermost.
    box
        (top, left, bottom, right) that the grid covers; the points are in its space. Lines end at it.
    """
    rows, columns = _samples(grid.shape[0]), _samples(grid.shape[1])  # in cells from the box's edge
    field = _between(grid.astype(np.float64), rows, columns) - value  # (m, n)
    above = field >= 0
    places = _crossings(field, above)
    top, left, bottom, right = box
    down, across = (bottom - top) / grid.shape[0], (right - left) / grid.shape[1]

    def placed(line: list[_Edge]) -> NDArray[np.float64]:
        points = np.array([places[edge] for edge in line])  # (N, 2), in samples
        row = np.interp(points[:, 0], np.arange(len(rows)), rows)
        column = np.interp(points[:, 1], np.arange(len(columns)), columns)
        return np.column_stack([top + row * down, left + column * across])

    return tuple(Contour(placed(line), is_closed) for line, is_closed in _linked(_pairs(field, above)))


_Edge = tuple[bool, int, int]
"""An edge of the lattice between samples: whether it runs down the rows, and where it begins."""


def _samples(cells: int) -> NDArray[np.float64]:
    """Where the map is sampled along an axis, in cells: at both edges, at every centre and between them."""
    between = min(max(_MOST_SAMPLES // cells, 2), _MOST_BETWEEN)
    centres = np.linspace(0.5, cells - 0.5, (cells - 1) * between + 1)
    return np.concatenate([[0.0], centres, [float(cells)]])


def _between(
    grid: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The map at the crossings of rows and columns, given in cells."""
    centre_rows, centre_columns = np.arange(grid.shape[0]) + 0.5, np.arange(grid.shape[1]) + 0.5
    along = np.stack([np.interp(columns, centre_columns, line) for line in grid])  # (h, n)
    return np.stack([np.interp(rows, centre_rows, line) for line in along.T], axis=1)


def _crossings(field: NDArray[np.float64], above: NDArray[np.bool_]) -> dict[_Edge, tuple[float, float]]:
    """The edges that a line crosses, and where, in samples as (row, column)."""
    places: dict[_Edge, tuple[float, float]] = {}
    for i, j in np.argwhere(above[:-1] != above[1:]).tolist():
        places[True, i, j] = i + field[i, j] / (field[i, j] - field[i + 1, j]), j
    for i, j in np.argwhere(above[:, :-1] != above[:, 1:]).tolist():
        places[False, i, j] = i, j + field[i, j] / (field[i, j] - field[i, j + 1])
    return places


def _pairs(field: NDArray[np.float64], above: NDArray[np.bool_]) -> list[tuple[_Edge, _Edge]]:
    """For each square, the edges that a piece of a line joins."""
    pairs: list[tuple[_Edge, _Edge]] = []
    corners = above[:-1, :-1].astype(int) + above[:-1, 1:] + above[1:, :-1] + above[1:, 1:]
    for i, j in np.argwhere((corners > 0) & (corners < 4)).tolist():
        upper, lower, left, right = (False, i, j), (False, i + 1, j), (True, i, j), (True, i, j + 1)
        if above[i, j] == above[i + 1, j + 1] and above[i, j + 1] == above[i + 1, j]:  # a saddle
            (a, b), (c, d) = field[i : i + 2, j : j + 2]
            if ((a * d - b * c) / (a + d - b - c) >= 0) == above[i, j]:
                pairs += [(upper, right), (left, lower)]
            else:
                pairs += [(upper, left), (right, lower)]
            continue
        crossed = [
            edge
            for edge, is_crossed in (
                (upper, above[i, j] != above[i, j + 1]),
                (lower, above[i + 1, j] != above[i + 1, j + 1]),
                (left, above[i, j] != above[i + 1, j]),
                (right, above[i, j + 1] != above[i + 1, j + 1]),
            )
            if is_crossed
        ]
        pairs.append((crossed[0], crossed[1]))
    return pairs


def _linked(pairs: list[tuple[_Edge, _Edge]]) -> list[tuple[list[_Edge], bool]]:
    """Pieces put together to lines: those that end at the box first, then those that close."""
    joined: dict[_Edge, list[_Edge]] = {}
    for one, other in pairs:
        joined.setdefault(one, []).append(other)
        joined.setdefault(other, []).append(one)
    ends = [edge for edge, others in joined.items() if len(others) == 1]
    seen: set[_Edge] = set()
    lines: list[tuple[list[_Edge], bool]] = []
    for start in (*ends, *joined):
        if start in seen:
            continue
        line = [start]
        seen.add(start)
        while following := next((edge for edge in joined[line[-1]] if edge not in seen), None):
            line.append(following)
            seen.add(following)
        lines.append((line, len(joined[start]) == 2))
    return lines
