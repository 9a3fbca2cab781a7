"""Stored values of the visible part of a film at the screen's resolution.

Reduction comes before mapping: what stands on the screen is the mean of the values under each of its
pixels, never the mean of greys. While a film is being zoomed the mean is taken from a pyramid of
halvings and between two neighbours, which is quick; as soon as it stands still, it is taken over the
exact area. Padding never bleeds into its neighbours. A film that is moved is cut anew from a part a
little larger than the viewport.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studies.display import stored_to_modality
from studies.image import Image
from widgets.viewer_geometry import Placement

MARGIN_PX = 160
"""What is sampled beyond each edge of the viewport, so that moving the film needs no new sampling."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Stored values of the visible part at the screen's resolution.

    Parameters
    ----------
    box
        (left, top, right, bottom) in the viewport's physical pixels.
    pixels
        (h, w) or (h, w, 3), of a type that OpenCV resizes; rows may be apart in memory.
    valid
        (h, w) bool, None where every pixel is valid.
    is_exact
        Reduced over the exact area, not between neighbours of a halved film.
    """

    box: Box
    pixels: NDArray[Any]
    valid: NDArray[np.bool_] | None
    is_exact: bool = True


def mappable(image: Image) -> Image:
    """The image with modality values in place of stored ones where a table, not a line, joins the two.

    A mean of stored values means nothing behind a modality LUT; a mean of its values does.
    """
    if image.modality_lut is None or image.is_colour:
        return image
    values = np.rint(stored_to_modality(image, image.pixels)).astype(np.int32)
    low, high = int(values.min()), int(values.max())
    narrow = values.astype(np.uint16) if low >= 0 and high < 65536 else values
    return replace(
        image,
        pixels=narrow,
        modality_lut=None,
        slope=1.0,
        intercept=0.0,
        stored_range=(float(low), float(high)),
        padding=None,
    )


def _resizable(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same values in a type that OpenCV resizes and warps, exact for whole numbers up to 32 bit."""
    if not pixels.dtype.isnative:
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if pixels.dtype in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
        return pixels
    if pixels.dtype in (np.int8, np.bool_):
        return pixels.astype(np.int16)
    return pixels.astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """A film reduced: its pixels (times their weight where there is one), and the size of a stored pixel."""

    pixels: NDArray[Any]
    weight: NDArray[np.float32] | None
    scale_row: float
    scale_column: float


class FilmSampler:
    """Brings one image's stored values to the screen; keeps the reduced film and the last answer."""

    def __init__(self, image: Image) -> None:
        self._is_whole = image.pixels.dtype.kind in "iub"
        self._shape = image.shape
        self._levels = [_first_level(image)]
        self._reduced: _Level | None = None
        self._reduced_size: tuple[int, int] | None = None
        self._kept: tuple[NDArray[np.float64], Sampled] | None = None

    def sample(self, placement: Placement, is_moving: bool = False) -> Sampled | None:
        """The visible part at the screen's resolution; None when nothing of the film is visible.

        Parameters
        ----------
        is_moving
            The film is being zoomed: quick rather than exact where it is reduced.
        """
        visible = placement.visible_box()
        if visible[2] <= visible[0] or visible[3] <= visible[1]:
            return None
        matrix = placement.matrix()
        if self._kept is None or not self._still_serves(matrix, visible, is_moving):
            self._kept = matrix, self._make(placement, matrix, is_moving)
        kept_matrix, sampled = self._kept
        dx, dy = (round(float(shift)) for shift in matrix[:, 2] - kept_matrix[:, 2])
        left, top, right, bottom = sampled.box
        moved = left + dx, top + dy, right + dx, bottom + dy
        if moved == visible:
            return sampled
        part = np.s_[
            visible[1] - moved[1] : visible[3] - moved[1], visible[0] - moved[0] : visible[2] - moved[0]
        ]
        valid = None if sampled.valid is None else sampled.valid[part]
        return Sampled(visible, sampled.pixels[part], valid, sampled.is_exact)

    def _still_serves(self, matrix: NDArray[np.float64], visible: Box, is_moving: bool) -> bool:
        """Whether what was sampled last holds the part that is visible now, as well as is asked for."""
        assert self._kept is not None
        kept_matrix, sampled = self._kept
        if not (is_moving or sampled.is_exact) or not np.array_equal(matrix[:, :2], kept_matrix[:, :2]):
            return False
        shift = matrix[:, 2] - kept_matrix[:, 2]
        dx, dy = np.rint(shift)
        if abs(shift[0] - dx) > 1e-6 or abs(shift[1] - dy) > 1e-6:
            return False
        left, top, right, bottom = sampled.box
        inside = left + dx <= visible[0] and top + dy <= visible[1]
        return bool(inside and right + dx >= visible[2] and bottom + dy >= visible[3])

    def _make(self, placement: Placement, matrix: NDArray[np.float64], is_moving: bool) -> Sampled:
        box = placement.visible_box(0 if is_moving else MARGIN_PX)
        down, along = placement.steps
        level = self._quick_level(down, along) if is_moving else self._exact_level(down, along)
        if is_moving and level.weight is None and not placement.view.rotation and not placement.view.flipped:
            return Sampled(box, _stretched(level, matrix, box), None, is_exact=False)
        to_view = np.vstack([matrix, [0.0, 0.0, 1.0]])
        to_level = np.diag([level.scale_column, level.scale_row, 1.0]) @ np.linalg.inv(to_view)
        pixels = warped(level.pixels, to_level, box)
        valid = None
        if level.weight is not None:
            share = warped(level.weight, to_level, box)
            valid = share >= 0.5
            pixels = np.divide(pixels, share, out=np.zeros_like(pixels), where=valid)
        if self._is_whole and pixels.dtype.kind == "f":
            pixels = np.rint(pixels)
        return Sampled(box, pixels, valid, not is_moving)

    def _quick_level(self, down: float, along: float) -> _Level:
        """The smallest halving of the film that is still as fine as the screen."""
        wanted = max(0, math.floor(-math.log2(max(down, along)) + 1e-9))
        while len(self._levels) <= wanted and min(self._levels[-1].pixels.shape[:2]) >= 2:
            self._levels.append(_halved(self._levels[-1]))
        return self._levels[min(wanted, len(self._levels) - 1)]

    def _exact_level(self, down: float, along: float) -> _Level:
        """The film reduced by area to the screen's resolution; itself where it is not reduced."""
        rows, columns = self._shape
        size = max(round(rows * min(down, 1.0)), 1), max(round(columns * min(along, 1.0)), 1)
        first = self._levels[0]
        if size == self._shape:
            return first
        if self._reduced is None or self._reduced_size != size:
            target = size[1], size[0]
            weight = first.weight
            self._reduced = _Level(
                cv2.resize(first.pixels, target, interpolation=cv2.INTER_AREA),
                None if weight is None else cv2.resize(weight, target, interpolation=cv2.INTER_AREA),
                size[0] / rows,
                size[1] / columns,
            )
            self._reduced_size = size
        return self._reduced


def _first_level(image: Image) -> _Level:
    """The film itself.

    With padding, the pixels are multiplied with their validity, so that dividing one by the other after
    every resampling gives a mean of valid pixels only.
    """
    pixels = _resizable(image.pixels)
    if image.valid is None or image.is_colour:
        return _Level(pixels, None, 1.0, 1.0)
    is_short = image.pixels.dtype.itemsize <= 2 or image.pixels.dtype == np.float32
    kind = np.float32 if is_short else np.float64  # float32 holds 24 bits exactly
    return _Level(np.where(image.valid, pixels, 0).astype(kind), image.valid.astype(np.float32), 1.0, 1.0)


def _halved(level: _Level) -> _Level:
    """The next level: each pixel the mean of two by two, the last row or column repeated where it is odd."""
    return _Level(
        _half(level.pixels),
        None if level.weight is None else _half(level.weight),
        level.scale_row / 2,
        level.scale_column / 2,
    )


def _half(pixels: NDArray[Any]) -> NDArray[Any]:
    rows, columns = pixels.shape[:2]
    if rows % 2 or columns % 2:
        pixels = cv2.copyMakeBorder(pixels, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE)
    size = pixels.shape[1] // 2, pixels.shape[0] // 2
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _stretched(level: _Level, matrix: NDArray[np.float64], box: Box) -> NDArray[Any]:
    """An upright film between neighbours, up to half a pixel of the screen beside its place: see `warped`.

    Stretching a part of whole pixels takes a quarter of the time that sampling at the exact places takes.
    """
    step = matrix[1, 1] / level.scale_row, matrix[0, 0] / level.scale_column
    starts, stops, sizes = [], [], []
    for axis, (first, last) in enumerate(((box[1], box[3]), (box[0], box[2]))):
        shift, count = matrix[1 - axis, 2], level.pixels.shape[axis]
        start = min(max(math.floor((first - shift) / step[axis]), 0), count - 1)
        stop = max(min(math.ceil((last - shift) / step[axis]), count), start + 1)
        starts.append((start, max(first - round(start * step[axis] + shift), 0)))
        stops.append(stop)
        sizes.append(max(round((stop - start) * step[axis]), starts[axis][1] + last - first))
    part = level.pixels[starts[0][0] : stops[0], starts[1][0] : stops[1]]
    stretched = cv2.resize(part, (sizes[1], sizes[0]), interpolation=cv2.INTER_LINEAR)
    top, left = starts[0][1], starts[1][1]
    return np.asarray(stretched[top : top + box[3] - box[1], left : left + box[2] - box[0]])


def warped(source: NDArray[Any], to_source: NDArray[np.float64], box: Box) -> NDArray[Any]:
    """`source` sampled between neighbours at the centres of the pixels of a box of the screen.

    Parameters
    ----------
    to_source
        (3, 3): continuous screen (x, y, 1) to continuous source (column, row, 1), edges on whole numbers.
    box
        (left, top, right, bottom) on the screen.
    """
    width, height = box[2] - box[0], box[3] - box[1]
    # Centres: screen pixel i is at i + 0.5, and OpenCV's source pixel j is at j, not j + 0.5.
    at_centres = np.array([[1.0, 0.0, box[0] + 0.5], [0.0, 1.0, box[1] + 0.5], [0.0, 0.0, 1.0]])
    half_back = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
    matrix = (half_back @ to_source @ at_centres)[:2]
    corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]], dtype=float)
    low = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 1, 0)
    high = np.ceil(corners.max(axis=1)).astype(int) + 2
    part = source[low[1] : high[1], low[0] : high[0]]
    matrix[:, 2] -= low
    whole = np.rint(matrix)
    if np.abs(matrix - whole).max() < 1e-6:
        straight = _cut(part, whole.astype(int), width, height)
        if straight is not None:
            return straight
        matrix = whole
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            np.ascontiguousarray(part), matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
    )


def _cut(part: NDArray[Any], matrix: NDArray[np.int_], width: int, height: int) -> NDArray[Any] | None:
    """Pixel for pixel, without a copy: a plain part of the source; None where it is none."""
    x, y = int(matrix[0, 2]), int(matrix[1, 2])
    fits = x >= 0 and y >= 0 and x + width <= part.shape[1] and y + height <= part.shape[0]
    if fits and np.array_equal(matrix[:, :2], np.eye(2, dtype=int)):
        return part[y : y + height, x : x + width]
    return None
