"""Parts of an image that the reader covers, to ask what the model says without them. Free of torch.

What is covered is not made black: a black patch is a finding of its own. It is filled with what its rim
goes over into, so that it has no edge and no structure (Gortler et al. 1996, "The Lumigraph": the pixels
that can be seen are pulled into ever coarser grids, and what is missing is pushed back from them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Polygon = tuple[tuple[float, float], ...]
Box = tuple[float, float, float, float]

_LINES = 4  # across a row of pixels, on which an outline is looked at
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True, slots=True)
class Region:
    """What is covered.

    Parameters
    ----------
    polygons
        Closed outlines of (row, column) in stored-pixel space; a pixel is inside where its centre is.
    keeps
        The outlines are what stays to be seen, and everything else is covered.
    """

    polygons: tuple[Polygon, ...]
    keeps: bool = False


def covered(square: NDArray[np.float32], box: Box, region: Region) -> NDArray[np.float32]:
    """A network's square with a region covered: (S, S) float32.

    Parameters
    ----------
    square
        (S, S) float32 in [0, 1].
    box
        (top, left, bottom, right) in stored-pixel coordinates: the part of the image that it shows.
    """
    hidden = share_covered(square.shape[0], box, region)
    if not hidden.any():
        return square
    seen = np.where(hidden > 0, np.float32(0), np.float32(1))
    fill = _filled(square, seen)
    return np.asarray(square + hidden * (fill - square), dtype=np.float32)


def share_covered(side: int, box: Box, region: Region) -> NDArray[np.float32]:
    """How much of each pixel of the square is covered: (side, side) float32 in [0, 1].

    Parameters
    ----------
    box
        (top, left, bottom, right) in stored-pixel coordinates: the part of the image that the square shows.
    """
    top, left, bottom, right = box
    share = np.zeros((side, side), np.float64)
    for polygon in region.polygons:
        corners = np.asarray(polygon, np.float64).reshape(-1, 2)
        if len(corners) >= 3 and np.isfinite(corners).all():
            rows = (corners[:, 0] - top) * (side / (bottom - top))
            columns = (corners[:, 1] - left) * (side / (right - left))
            share = np.maximum(share, _share_inside(rows, columns, side))
    return np.asarray(1.0 - share if region.keeps else share, dtype=np.float32)


def _share_inside(rows: NDArray[np.float64], columns: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """How much of each pixel lies in a polygon, (side, side): exact along rows, by four lines across them.

    Every crossing of a line with the outline opens or closes the inside for all pixels to its right; the
    sum along the row is how many times the outline goes round a place.
    """
    lines = (np.arange(side * _LINES) + 0.5) / _LINES  # (L,)
    next_rows, next_columns = np.roll(rows, -1), np.roll(columns, -1)
    above, below = rows[:, None] <= lines, next_rows[:, None] <= lines  # (N, L)
    edge, line = np.nonzero(above != below)
    along = (lines[line] - rows[edge]) / (next_rows[edge] - rows[edge])
    crossing = np.clip(columns[edge] + along * (next_columns[edge] - columns[edge]), 0.0, side)
    sign = np.where(above[edge, line], 1.0, -1.0)
    pixel = np.floor(crossing).astype(np.intp)
    after = crossing - pixel
    turns = np.zeros((side * _LINES, side + 2))
    np.add.at(turns, (line, pixel), sign * (1.0 - after))
    np.add.at(turns, (line, pixel + 1), sign * after)
    around = np.round(np.abs(np.cumsum(turns, axis=1)[:, :side]), 6)  # what is closed again is not quite 0
    inside = np.minimum(around, 1.0)
    return np.asarray(inside.reshape(side, _LINES, side).mean(axis=1))


def _filled(square: NDArray[np.float32], seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """The square, what is not seen of it continued smoothly from what is; both (S, S)."""
    if not seen.any():
        return np.full_like(square, square.mean())
    return _pulled_and_pushed(square * seen, seen)


def _pulled_and_pushed(values: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted values (h, w) over their weights where those are 1, and from a coarser grid where not."""
    import cv2  # not for everybody who says what is to be covered

    known = np.minimum(weights, 1.0)
    own = values / np.maximum(weights, _LEAST_WEIGHT)
    height, width = values.shape
    if (known >= 1.0).all() or max(height, width) <= 1:
        return np.asarray(own, dtype=np.float32)
    half = ((width + 1) // 2, (height + 1) // 2)
    coarse_values = cv2.resize(own * known, half, interpolation=cv2.INTER_AREA)
    coarse_weights = cv2.resize(known, half, interpolation=cv2.INTER_AREA)
    # Four pixels weigh as one, and one that is seen alone already says what stands there.
    more = np.minimum(4.0 * coarse_weights, 1.0) / np.maximum(coarse_weights, _LEAST_WEIGHT)
    coarse = _pulled_and_pushed(coarse_values * more, coarse_weights * more)
    pushed = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(own * known + pushed * (1.0 - known), dtype=np.float32)
