"""Where the lungs are on a frontal chest film, and what is asked about it: without torch.

A mask comes from `inference.lungs`. Whoever draws it, crops to it or measures evidence with it uses the
functions here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference.overlay import to_stored_pixels
from inference.prediction import Heatmap

HALF = 128
"""The least value of a mask's grid that is lung."""

MOST_LUNGS = 2
LEAST_AREA, MOST_AREA = 0.06, 0.75
"""Both lungs' share of the film."""
LEAST_LUNG = 0.12
"""The smaller lung's share of both."""
LEAST_SURENESS = 0.80
"""See `sureness`."""
LEAST_SOLIDITY = 0.70
"""Area of a lung over that of its convex hull."""

LEAST_SHARED_HEIGHT = 0.5
"""Of the lower lung's height, what the other has beside it."""
MOST_NECK = 0.75
"""Height where two lungs touch over the height of the lower one."""

_LEAST_JOINED_WIDTH = 8  # cells
_FINER = 4  # points of an outline in a cell of the grid
_SMOOTHING_CELLS = 0.75  # standard deviation, along the outline


@dataclass(frozen=True, slots=True, eq=False)
class LungMask:
    """The lungs of one frame.

    Parameters
    ----------
    grid
        (h, w) uint8: the probability of being lung x 255, cleaned up (see `from_probability`).
    box
        (top, left, bottom, right) in stored-pixel coordinates, edges not centres: the part of the
        image that the grid covers, which is all of it.
    is_plausible
        Whether this looks like the two lungs of a chest. Where it does not, nothing is said of the mask.
    """

    grid: NDArray[np.uint8]
    box: tuple[float, float, float, float]
    is_plausible: bool


def from_probability(probability: NDArray[np.float32], box: tuple[float, float, float, float]) -> LungMask:
    """Make a mask: what is thinner than three cells is cut off, the two largest parts are kept, holes filled.

    Parameters
    ----------
    probability
        (h, w) float32 in [0, 1].
    """
    grid = np.rint(np.clip(probability, 0.0, 1.0) * 255.0).astype(np.uint8)
    raw = grid.copy()
    above = (grid >= HALF).astype(np.uint8)
    firm = cv2.morphologyEx(above, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, figures, _ = cv2.connectedComponentsWithStats(firm, connectivity=4)
    order = np.argsort(figures[1:, cv2.CC_STAT_AREA])[::-1] + 1
    kept = np.isin(labels, order[:MOST_LUNGS]) & (labels > 0)
    grid[(above > 0) & ~kept] = HALF - 1
    filled = _filled(kept)
    grid[filled & ~kept] = 255
    return LungMask(grid, box, _looks_like_lungs(raw, filled))


def share_inside(heatmap: Heatmap, mask: LungMask) -> float | None:
    """The share of a heatmap's positive mass that lies in the lungs, in [0, 1].

    The map is interpolated as it is drawn (`inference.overlay.to_stored_pixels`), at the mask's resolution.

    Returns
    -------
    float or None
        None where the mask is not plausible or the map has nothing positive on the image.
    """
    if not mask.is_plausible:
        return None
    height, width = mask.grid.shape
    top, left, bottom, right = mask.box
    down, across = height / (bottom - top), width / (right - left)
    box = heatmap.box
    on_grid = (
        *((box[0] - top) * down, (box[1] - left) * across),
        *((box[2] - top) * down, (box[3] - left) * across),
    )
    positive = np.maximum(to_stored_pixels(replace(heatmap, box=on_grid), (height, width)), 0.0)
    total = float(positive.sum(dtype=np.float64))
    if total <= 0.0:
        return None
    return float(positive[mask.grid >= HALF].sum(dtype=np.float64)) / total


def outlines(mask: LungMask) -> tuple[NDArray[np.float64], ...]:
    """The lungs' borders, smooth enough to be drawn.

    Returns
    -------
    tuple
        For each part a closed polygon (N, 2) float64 of (row, column) in stored-pixel space; its last
        point is joined to its first. They are there for an implausible mask too.
    """
    height, width = mask.grid.shape
    top, left, bottom, right = mask.box
    padded = np.pad(mask.grid, 1)
    finer = cv2.resize(padded, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_LINEAR)
    found, _ = cv2.findContours((finer >= HALF).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    polygons = []
    for line in found:
        if len(line) < 2 * _FINER:
            continue
        smooth = _smoothed(line[:, 0, ::-1].astype(np.float64))  # (N, 2)
        cells = (smooth + 0.5) / _FINER - 1.0  # continuous, edges on whole numbers
        row = np.clip(top + cells[:, 0] * (bottom - top) / height, top, bottom)
        column = np.clip(left + cells[:, 1] * (right - left) / width, left, right)
        polygons.append(np.column_stack([row, column])[::2])
    return tuple(polygons)


def crop_box(mask: LungMask, margin: float = 0.08) -> tuple[int, int, int, int]:
    """The box around both lungs, with a margin, on whole pixels and within the image.

    Parameters
    ----------
    margin
        On each side, as a share of the lungs' height and width.

    Returns
    -------
    tuple
        (top, left, bottom, right) in stored-pixel coordinates: the slice ``[top:bottom, left:right]``.
        The whole image where the mask is not plausible.
    """
    top, left, bottom, right = mask.box
    whole = round(top), round(left), round(bottom), round(right)
    if not mask.is_plausible:
        return whole
    above = mask.grid >= HALF
    ends = []
    for axis, start, end in ((1, top, bottom), (0, left, right)):
        cells = np.flatnonzero(above.any(axis=axis))
        scale = (end - start) / above.shape[1 - axis]
        first, last = start + cells[0] * scale, start + (cells[-1] + 1) * scale
        spare = margin * (last - first)
        ends.append((int(np.floor(first - spare)), int(np.ceil(last + spare))))
    (first_row, last_row), (first_column, last_column) = ends
    return (
        max(first_row, whole[0]),
        max(first_column, whole[1]),
        min(last_row, whole[2]),
        min(last_column, whole[3]),
    )


def inside(mask: LungMask, rows: ArrayLike, columns: ArrayLike) -> NDArray[np.bool_]:
    """Whether positions lie in the lungs; `rows` and `columns` are of stored-pixel space and broadcast."""
    height, width = mask.grid.shape
    top, left, bottom, right = mask.box
    row, column = np.asarray(rows, np.float64), np.asarray(columns, np.float64)
    y = np.clip((row - top) / (bottom - top) * height - 0.5, 0, height - 1)
    x = np.clip((column - left) / (right - left) * width - 0.5, 0, width - 1)
    y0, x0 = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
    y1, x1 = np.minimum(y0 + 1, height - 1), np.minimum(x0 + 1, width - 1)
    dy, dx, grid = y - y0, x - x0, mask.grid.astype(np.float64)
    value = (1 - dy) * ((1 - dx) * grid[y0, x0] + dx * grid[y0, x1])
    value += dy * ((1 - dx) * grid[y1, x0] + dx * grid[y1, x1])
    on_it = (row >= top) & (row <= bottom) & (column >= left) & (column <= right)
    return np.asarray((value >= HALF - 0.5) & on_it)


def over_pixels(mask: LungMask, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """`inside` for the centre of every pixel of the image, whose (H, W) is `shape`, at once: (H, W) bool."""
    if mask.box != (0, 0, *shape):
        raise ValueError(f"these lungs are of another image: {mask.box} for {shape}")
    values = cv2.resize(mask.grid, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(values >= HALF)


def sureness(grid: NDArray[np.uint8]) -> float:
    """Dice of probabilities x 255 with what they come to at one half: 1 where all are 0 or 255."""
    halves = grid >= HALF
    both = float(grid[halves].sum(dtype=np.float64)) / 255.0
    total = float(grid.sum(dtype=np.float64)) / 255.0 + float(halves.sum())
    return 2.0 * both / total if total > 0 else 0.0


def _filled(kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without holes: what cannot be reached from outside belongs to it."""
    padded = np.pad(kept, 1).astype(np.uint8)
    cv2.floodFill(padded, None, (0, 0), 2)
    return np.asarray(padded[1:-1, 1:-1] != 2)


def _looks_like_lungs(raw: NDArray[np.uint8], lungs: NDArray[np.bool_]) -> bool:
    """Whether a mask has the size, the sides, the shape and the sureness of lungs.

    Parameters
    ----------
    raw
        (h, w) uint8 before it was cleaned up.
    lungs
        (h, w) after.
    """
    area = float(lungs.mean())
    if not LEAST_AREA <= area <= MOST_AREA:
        return False
    if sureness(raw) < LEAST_SURENESS:
        return False
    sides = _sides(lungs)
    if sides is None:
        return False
    return all(_solidity(side) >= LEAST_SOLIDITY for side in sides)


def _sides(lungs: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """The two lungs, or None where there are no two beside each other."""
    count, labels = cv2.connectedComponents(lungs.astype(np.uint8), connectivity=4)
    if count == 3:
        one, other = labels == 1, labels == 2
    elif count == 2 and (halves := _halved(lungs)) is not None:
        one, other = halves
    else:
        return None
    areas = float(one.sum()), float(other.sum())
    if min(areas) < LEAST_LUNG * sum(areas):
        return None
    rows_one, rows_other = np.flatnonzero(one.any(axis=1)), np.flatnonzero(other.any(axis=1))
    shared = min(rows_one[-1], rows_other[-1]) - max(rows_one[0], rows_other[0])
    least = min(np.ptp(rows_one), np.ptp(rows_other))
    return (one, other) if shared > LEAST_SHARED_HEIGHT * least else None


def _halved(lungs: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Lungs that touch, cut where they are thinnest, near the middle; None where there is no such place."""
    columns = lungs.sum(axis=0)
    filled = np.flatnonzero(columns)
    first, width = int(filled[0]), int(np.ptp(filled)) + 1
    if width < _LEAST_JOINED_WIDTH:
        return None
    start, end = first + width // 4, first + width - width // 4
    cut = start + int(np.argmin(columns[start:end]))
    if columns[cut] > MOST_NECK * min(columns[:cut].max(), columns[cut:].max()):
        return None
    at = np.arange(lungs.shape[1])
    return lungs & (at < cut), lungs & (at >= cut)


def _solidity(part: NDArray[np.bool_]) -> float:
    points = np.argwhere(part)[:, ::-1].astype(np.int32)
    hull = cv2.convexHull(points)
    picture = np.zeros(part.shape, np.uint8)
    cv2.fillConvexPoly(picture, hull, 1)
    return float(part.sum()) / float(picture.sum())


def _smoothed(line: NDArray[np.float64]) -> NDArray[Any]:
    """A closed line without the steps of the grid: (N, 2), circularly smoothed."""
    sigma = _SMOOTHING_CELLS * _FINER
    reach = min(int(np.ceil(3 * sigma)), len(line) - 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    around = np.concatenate([line[-reach:], line, line[:reach]]) if reach else line
    return np.column_stack([np.convolve(around[:, k], weights / weights.sum(), "valid") for k in (0, 1)])
