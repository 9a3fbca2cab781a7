"""What a measurement on a film comes to, free of how the film is laid on a screen.

Points are (row, column) in stored-pixel space (see `studies.geometry`), so turning, flipping and zooming
change no value. Pixels are counted where their centre lies inside; padding is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from studies.display import stored_to_modality
from studies.geometry import Length, Point, angle_between, area_of, length_between, spacing_between
from studies.image import Image, SpacingKind

Outline = Literal["ellipse", "rectangle"]
_SUMMED_BY_CV2 = (np.uint8, np.int8, np.uint16, np.int16)


@dataclass(frozen=True, slots=True)
class Area:
    """An area, and what it is an area of: `kind` is None for pixels."""

    value: float
    unit: Literal["mm²", "px²"]
    kind: SpacingKind | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the pixels of a region, in modality units; the deviation is that of all of them (divided by N)."""

    mean: float
    deviation: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class RegionValues:
    """What lies inside an ellipse or a rectangle.

    Parameters
    ----------
    pixels
        Valid pixels of the image whose centre lies inside.
    area
        Of the outline itself, not of the pixels.
    channels
        One for grey, red, green and blue for colour; none where no valid pixel lies inside.
    units
        Of the channels (``"HU"``), or empty.
    """

    pixels: int
    area: Area
    channels: tuple[Statistics, ...]
    units: str = ""


def length(image: Image, start: Point, end: Point) -> Length:
    """The distance of two points in mm where they are known, otherwise in stored pixels."""
    return length_between(image, start, end)


def angle(image: Image, one: Point, corner: Point, other: Point) -> float:
    """The angle at a corner in degrees, 0 to 180."""
    return angle_between(image, (corner, one), (corner, other))


def cobb_angle(image: Image, one: tuple[Point, Point], other: tuple[Point, Point]) -> float:
    """The angle of two lines in degrees, 0 to 90, whichever way each was drawn."""
    found = angle_between(image, one, other)
    return min(found, 180.0 - found)


def region_values(image: Image, outline: Outline, one: Point, other: Point) -> RegionValues:
    """What lies inside the outline that fills the box between two opposite corners.

    Only pixels in the box are looked at.
    """
    top, bottom = sorted((one[0], other[0]))
    left, right = sorted((one[1], other[1]))
    rows, columns = image.shape
    first_row, last_row = _centres(top, bottom, rows)
    first_column, last_column = _centres(left, right, columns)
    box = slice(first_row, last_row), slice(first_column, last_column)
    mask = None
    if outline == "ellipse":
        mask = _inside_ellipse((top, left, bottom, right), box)
    mask = _and(mask, None if image.valid is None else image.valid[box])
    part = image.pixels[box]
    if part.dtype.kind == "f":
        mask = _and(mask, np.isfinite(part))
    pixels = part.shape[0] * part.shape[1] if mask is None else int(np.count_nonzero(mask))
    area = _area(image, outline, (top, left, bottom, right))
    channels = () if pixels == 0 else _statistics(image, part, mask)
    return RegionValues(pixels, area, channels, "" if image.is_colour else image.units)


def _centres(low: float, high: float, count: int) -> tuple[int, int]:
    """The first pixels whose centres are at `low` and at `high`, or beyond."""
    first, last = (min(max(math.ceil(edge - 0.5), 0), count) for edge in (low, high))
    return first, max(first, last)


def _inside_ellipse(edges: tuple[float, float, float, float], box: tuple[slice, slice]) -> NDArray[np.bool_]:
    """(h, w): whether the centres of a box of pixels lie in the ellipse between four edges.

    Each row is one run of pixels, so that nothing but its two ends has to be worked out.
    """
    top, left, bottom, right = edges
    rows = np.arange(box[0].start, box[0].stop) + 0.5
    height, width = max((bottom - top) / 2, 1e-9), max((right - left) / 2, 1e-9)
    half = width * np.sqrt(np.maximum(1.0 - ((rows - (top + bottom) / 2) / height) ** 2, 0.0))
    middle, offset = (left + right) / 2 - 0.5, box[1].start
    starts = (np.ceil(middle - half) - offset).astype(np.int32)
    stops = (np.floor(middle + half) + 1 - offset).astype(np.int32)
    columns = np.arange(box[1].stop - box[1].start, dtype=np.int32)
    return np.asarray((columns >= starts[:, None]) & (columns < stops[:, None]))


def _and(one: NDArray[np.bool_] | None, other: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _area(image: Image, outline: Outline, edges: tuple[float, float, float, float]) -> Area:
    top, left, bottom, right = edges
    pixels = (bottom - top) * (right - left) * (math.pi / 4 if outline == "ellipse" else 1.0)
    corners = (top, left), (top, right), (bottom, left), (bottom, right)
    spacing = spacing_between(image, corners)
    if spacing is None:
        return Area(pixels, "px²")
    return Area(area_of(image, corners, pixels)[0], "mm²", spacing.kind)


def _statistics(image: Image, part: NDArray[Any], mask: NDArray[np.bool_] | None) -> tuple[Statistics, ...]:
    if part.ndim == 3:
        return tuple(_of_whole_numbers(part[..., channel], mask) for channel in range(part.shape[2]))
    if image.modality_lut is not None or part.dtype not in _SUMMED_BY_CV2:
        values = stored_to_modality(image, part if mask is None else part[mask])
        return (
            Statistics(float(values.mean()), float(values.std()), float(values.min()), float(values.max())),
        )
    stored = _of_whole_numbers(part, mask)
    ends = [value * image.slope + image.intercept for value in (stored.least, stored.greatest)]
    mean = stored.mean * image.slope + image.intercept
    return (Statistics(mean, stored.deviation * abs(image.slope), min(ends), max(ends)),)


def _of_whole_numbers(part: NDArray[Any], mask: NDArray[np.bool_] | None) -> Statistics:
    """Of stored values of 8 or 16 bit: a rule (rescale) is applied to four numbers, not to every pixel."""
    native = part if part.dtype.isnative else part.astype(part.dtype.newbyteorder("="))
    chosen = None if mask is None else mask.view(np.uint8)
    mean, deviation = cv2.meanStdDev(native, mask=chosen)
    least, greatest, _, _ = cv2.minMaxLoc(native, mask=chosen)
    return Statistics(float(mean[0, 0]), float(deviation[0, 0]), float(least), float(greatest))
