"""From stored pixels to the pixels of the screen: only what is shown is mapped.

Two steps. `FilmSampler` brings the stored values of the visible part to the screen's resolution (by
area where the film is larger than its place, between neighbours where it is smaller) and keeps them
until the film is moved. Mapping these to grey through the display table is all that a change of the
window costs. Padding never bleeds into its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from inference.overlay import inferno_table, to_stored_pixels
from inference.prediction import Heatmap
from studies.display import DisplayState, full_range_window, render, table
from studies.image import Image, Window
from widgets.viewer_geometry import Placement

_HEATMAP_SIDE = 256
_LONGEST_TABLE = 65536


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Stored values of the visible part at the screen's resolution.

    Parameters
    ----------
    box
        (left, top, right, bottom) in the viewport's physical pixels.
    pixels
        (h, w) or (h, w, 3), of a type that OpenCV resizes.
    valid
        (h, w) bool, None where every pixel is valid.
    """

    box: tuple[int, int, int, int]
    pixels: NDArray[Any]
    valid: NDArray[np.bool_] | None


def _resizable(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same values in a type that OpenCV resizes and warps, exact for whole numbers up to 32 bit."""
    if not pixels.dtype.isnative:
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if pixels.dtype in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
        return pixels
    if pixels.dtype in (np.int8, np.bool_):
        return pixels.astype(np.int16)
    return pixels.astype(np.float64)


class FilmSampler:
    """Brings one image's stored values to the screen; keeps the reduced film and the last answer."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._pixels = _resizable(image.pixels)
        self._valid = None if image.is_colour else image.valid
        self._reduced_size: tuple[int, int] | None = None
        self._reduced: tuple[NDArray[Any], NDArray[np.float32] | None] | None = None
        self._placement: Placement | None = None
        self._sampled: Sampled | None = None

    def sample(self, placement: Placement) -> Sampled | None:
        """The visible part at the screen's resolution; None when nothing of the film is visible."""
        if placement != self._placement:
            self._sampled = self._make(placement)
            self._placement = placement
        return self._sampled

    def _make(self, placement: Placement) -> Sampled | None:
        left, top, right, bottom = box = placement.visible_box()
        if right <= left or bottom <= top:
            return None
        rows, columns = self._image.shape
        down, along = placement.steps
        size = max(round(rows * min(down, 1.0)), 1), max(round(columns * min(along, 1.0)), 1)
        source, weight = self._source(size)
        to_view = np.vstack([placement.matrix(), [0.0, 0.0, 1.0]])
        to_source = np.diag([size[1] / columns, size[0] / rows, 1.0]) @ np.linalg.inv(to_view)
        shape = bottom - top, right - left
        pixels = _warped(source, to_source, (left, top), shape)
        valid = None
        if weight is not None:
            share = _warped(weight, to_source, (left, top), shape)
            valid = share >= 0.5
            pixels = np.divide(pixels, share, out=np.zeros_like(pixels), where=valid)
        if self._image.pixels.dtype.kind in "iub" and pixels.dtype.kind == "f":
            pixels = np.rint(pixels)
        return Sampled(box, pixels, valid)

    def _source(self, size: tuple[int, int]) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        """Pixels and their validity reduced to `size` by area.

        With padding, the pixels are multiplied with their validity, so that dividing one by the
        other after every resampling gives a mean of valid pixels only.
        """
        if self._reduced is None or self._reduced_size != size:
            pixels, weight = self._pixels, None
            if self._valid is not None:
                weight = self._valid.astype(np.float32)
                pixels = np.where(self._valid, pixels, 0).astype(np.float64)
            if size != self._image.shape:
                pixels = cv2.resize(pixels, (size[1], size[0]), interpolation=cv2.INTER_AREA)
                if weight is not None:
                    weight = cv2.resize(weight, (size[1], size[0]), interpolation=cv2.INTER_AREA)
            self._reduced, self._reduced_size = (pixels, weight), size
        return self._reduced


def _warped(
    source: NDArray[Any], to_source: NDArray[np.float64], corner: tuple[int, int], shape: tuple[int, int]
) -> NDArray[Any]:
    """`source` sampled between neighbours at the centres of the pixels of a box of the screen.

    Parameters
    ----------
    to_source
        (3, 3): continuous screen (x, y, 1) to continuous source (column, row, 1), edges on whole numbers.
    corner
        (left, top) of the box on the screen; `shape` is its (height, width).
    """
    height, width = shape
    # Centres: screen pixel i is at i + 0.5, and OpenCV's source pixel j is at j, not j + 0.5.
    at_centres = np.array([[1.0, 0.0, corner[0] + 0.5], [0.0, 1.0, corner[1] + 0.5], [0.0, 0.0, 1.0]])
    half_back = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
    matrix = (half_back @ to_source @ at_centres)[:2]
    corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]], dtype=float)
    low = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 1, 0)
    high = np.ceil(corners.max(axis=1)).astype(int) + 2
    part = source[low[1] : high[1], low[0] : high[0]]
    matrix[:, 2] -= low
    whole = np.rint(matrix)
    if np.abs(matrix - whole).max() < 1e-6:
        matrix = whole
        x, y = int(whole[0, 2]), int(whole[1, 2])
        fits = x >= 0 and y >= 0 and x + width <= part.shape[1] and y + height <= part.shape[0]
        if fits and np.array_equal(whole[:, :2], np.eye(2)):
            return np.ascontiguousarray(part[y : y + height, x : x + width])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped: NDArray[Any] = cv2.warpAffine(
        np.ascontiguousarray(part), matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return warped


class FilmMapper:
    """Maps sampled stored values to grey; a change of the window alone costs one look-up."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._sampled: Sampled | None = None
        self._index: tuple[int, int, NDArray[np.uint16]] | None = None
        self._full_range: Window | None = None

    def map(self, sampled: Sampled, state: DisplayState) -> NDArray[np.uint8]:
        """(h, w) or (h, w, 3) uint8 of the visible part."""
        if sampled is not self._sampled:
            self._sampled, self._index = sampled, None
        if state.voi is None and not self._image.is_colour:
            if self._full_range is None:
                self._full_range = full_range_window(self._image)
            state = replace(state, voi=self._full_range)
        found = table(self._image, state)
        if found is None or len(found.entries) > _LONGEST_TABLE:
            part = replace(self._image, pixels=sampled.pixels, valid=sampled.valid)
            return render(part, state)
        index = self._index_for(sampled, found.first, len(found.entries))
        entries = np.zeros(_LONGEST_TABLE, dtype=np.uint8)
        entries[: len(found.entries)] = found.entries
        grey: NDArray[np.uint8] = cv2.LUT(index, entries)
        if sampled.valid is not None:
            grey[~sampled.valid] = 0
        return grey

    def _index_for(self, sampled: Sampled, first: int, length: int) -> NDArray[np.uint16]:
        if self._index is None or self._index[:2] != (first, length):
            pixels = sampled.pixels
            if first == 0 and length == _LONGEST_TABLE and pixels.dtype == np.uint16:
                index = pixels
            else:
                index = np.clip(pixels.astype(np.int32) - first, 0, length - 1).astype(np.uint16)
            self._index = first, length, np.ascontiguousarray(index)
        return self._index[2]


class HeatmapPainter:
    """A heatmap at the screen's resolution: colour and transparency follow its strength.

    Strength is value over `Heatmap.peak`, and both colour and transparency are those of
    `inference.overlay.colour_overlay`. Positive evidence only; the rest stays bare film.
    """

    def __init__(self, heatmap: Heatmap, shape: tuple[int, int]) -> None:
        self.heatmap = heatmap
        self._shape = shape
        part = min(1.0, _HEATMAP_SIDE / max(shape))
        small = max(round(shape[0] * part), 1), max(round(shape[1] * part), 1)
        scale = small[0] / shape[0], small[1] / shape[1]
        top, left, bottom, right = heatmap.box
        box = top * scale[0], left * scale[1], bottom * scale[0], right * scale[1]
        values = to_stored_pixels(replace(heatmap, box=box), small)
        peak = heatmap.peak
        strength = np.clip(values / peak, 0.0, 1.0) if peak > 0 else np.zeros_like(values)
        self._strength = strength.astype(np.float32)
        self._placement: Placement | None = None
        self._steps: NDArray[np.uint8] | None = None
        self._picture: tuple[float, QImage] | None = None

    def picture(self, placement: Placement, opacity: float) -> QImage:
        """The visible part, premultiplied ARGB, to be drawn at the corner of `placement.visible_box()`."""
        if placement != self._placement or self._steps is None:
            left, top, right, bottom = placement.visible_box()
            to_view = np.vstack([placement.matrix(), [0.0, 0.0, 1.0]])
            rows, columns = self._strength.shape
            small = np.diag([columns / self._shape[1], rows / self._shape[0], 1.0])
            shape = max(bottom - top, 1), max(right - left, 1)
            strength = _warped(self._strength, small @ np.linalg.inv(to_view), (left, top), shape)
            self._steps = (strength * 255.0).astype(np.uint8)
            self._placement, self._picture = placement, None
        if self._picture is None or self._picture[0] != opacity:
            argb = argb_table(opacity)[self._steps]
            self._picture = opacity, picture_of_argb(argb)
        return self._picture[1]


def argb_table(opacity: float) -> NDArray[np.uint32]:
    """(256,) premultiplied ARGB for strengths 0 to 1, as `inference.overlay.colour_overlay` mixes them."""
    alpha = np.linspace(0.0, opacity, 256)
    colour = np.rint(inferno_table() * alpha[:, None]).astype(np.uint32)  # (256, 3)
    opaque = np.rint(alpha * 255.0).astype(np.uint32)
    argb = (opaque << 24) | (colour[:, 0] << 16) | (colour[:, 1] << 8) | colour[:, 2]
    return argb.astype(np.uint32)


def picture_of_argb(argb: NDArray[np.uint32]) -> QImage:
    """A picture of (h, w) premultiplied ARGB; it owns its pixels."""
    argb = np.ascontiguousarray(argb)
    height, width = argb.shape
    return QImage(argb.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()


def picture_of(grey: NDArray[np.uint8]) -> QImage:
    """A picture of (h, w) grey or (h, w, 3) RGB that borrows the array, which must outlive it."""
    grey = np.ascontiguousarray(grey)
    height, width = grey.shape[:2]
    depth = QImage.Format.Format_Grayscale8 if grey.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(grey.data, width, height, grey.strides[0], depth)
