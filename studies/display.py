"""The one place where stored values become grey (PS3.3 C.11.1, C.11.2, C.7.6.3.1.2).

Viewer, thumbnails, rendered files and networks all go through `_grey`: modality transform, then VOI,
then polarity, once. A network sees the file's own view of the image, never the reader's window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studies.image import Image, LookupTable, Shutter, Window
from studies.shutter import visible

LARGEST_TABLE = 1 << 20
"""Stored ranges up to this many values get a table; wider ones (32-bit images) are computed by pixel."""

LUMA_BT601 = (0.299, 0.587, 0.114)

CT_PRESETS_HU = (
    ("Brain", 40.0, 80.0),
    ("Abdomen", 50.0, 400.0),
    ("Mediastinum", 50.0, 350.0),
    ("Bone", 400.0, 1800.0),
    ("Lung", -600.0, 1500.0),
)


@dataclass(frozen=True, slots=True)
class DisplayState:
    """How one image is shown; `voi` None is the full range of valid pixels (of a picture: of its depth)."""

    voi: Window | LookupTable | None
    inverted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DisplayTable:
    """Grey of stored value v is ``entries[clip(v - first, 0, len(entries) - 1)]``; entries are uint8 (N,)."""

    first: int
    entries: NDArray[np.uint8]


def stored_to_modality(image: Image, values: NDArray[Any]) -> NDArray[np.float64]:
    """Modality LUT or rescale of stored values (PS3.3 C.11.1), any shape, float64, in ``image.units``."""
    if image.modality_lut is not None:
        return _look_up(image.modality_lut, np.asarray(values, dtype=np.float64))
    return np.asarray(values, dtype=np.float64) * image.slope + image.intercept


def _look_up(lut: LookupTable, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entries of a LUT for values, those beyond its ends taking the first or last entry (C.11.1.1.1)."""
    index = np.clip(np.rint(values) - lut.first, 0, len(lut.entries) - 1).astype(np.intp)
    return np.asarray(lut.entries[index], dtype=np.float64)


def _apply_window(window: Window, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The VOI functions of PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2 with ymin 0 and ymax 1."""
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        exponent = np.clip(-4.0 * (x - center) / width, -700.0, 700.0)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)), dtype=np.float64)
    if window.function == "LINEAR":
        center, width = center - 0.5, width - 1.0
    if width <= 0:
        return (x > center).astype(np.float64)
    grey = np.subtract(x, center)
    grey /= width
    grey += 0.5
    return np.clip(grey, 0.0, 1.0, out=grey)


def valid_range(image: Image) -> tuple[float, float]:
    """Least and greatest modality value of the valid pixels; for a picture that of its depth."""
    if image.header.kind == "picture" and image.pixels.dtype.kind == "u":
        ends = stored_to_modality(image, np.asarray(image.stored_range))
        return float(ends.min()), float(ends.max())
    values = _valid_values(image, image.pixels, image.valid)
    if image.modality_lut is not None:
        values = stored_to_modality(image, values)
        return float(values.min()), float(values.max())
    ends = stored_to_modality(image, np.asarray([values.min(), values.max()]))
    return float(ends.min()), float(ends.max())


def _valid_values(image: Image, pixels: NDArray[Any], valid: NDArray[np.bool_] | None) -> NDArray[Any]:
    """The valid ones of `pixels` as (N,), N > 0: all finite ones when none is valid, else a single zero."""
    chosen = pixels.ravel() if valid is None else pixels[valid]
    if chosen.size == 0:
        chosen = pixels.ravel()
        if pixels.dtype.kind == "f":
            chosen = chosen[np.isfinite(chosen)]
    return chosen if chosen.size else np.zeros(1, dtype=pixels.dtype)


def full_range_window(image: Image) -> Window:
    """The window that just spans the valid pixels: what a `DisplayState` without a VOI shows."""
    low, high = valid_range(image)
    return Window((low + high) / 2, max(high - low, 1e-12), "LINEAR_EXACT", "Full range")


def initial_state(image: Image) -> DisplayState:
    """What the viewer first shows: the file's first VOI, else the full range."""
    return DisplayState(image.voi[0] if image.voi else None)


def auto_window(image: Image, region: tuple[int, int, int, int] | None = None) -> Window:
    """A window from the 1st to the 99th percentile of the valid modality values that no shutter hides.

    Parameters
    ----------
    region
        (top, left, bottom, right) in stored pixels, bottom and right excluded; None is the whole image.
    """
    if image.is_colour:
        return Window(128.0, 256.0, "LINEAR", "Auto")
    pixels, valid = image.pixels, image.valid
    if image.shutter is not None:
        shown = visible(image.shutter, *image.shape)
        valid = shown if valid is None else valid & shown
    if region is not None:
        top, left, bottom, right = region
        rows, columns = image.shape
        part = slice(max(top, 0), min(bottom, rows)), slice(max(left, 0), min(right, columns))
        pixels = pixels[part]
        valid = None if valid is None else valid[part]
    values = _valid_values(image, pixels, valid)
    step = max(1, values.size // 500_000)
    low, high = np.percentile(stored_to_modality(image, values[::step]), (1.0, 99.0))
    if pixels.dtype.kind == "f" or abs(image.slope) < 1:
        return Window(float(low + high) / 2, max(float(high - low), 1e-12), "LINEAR_EXACT", "Auto")
    return Window(float(low + high + 1) / 2, float(high - low) + 1, "LINEAR", "Auto")


def _grey(image: Image, values: NDArray[Any], state: DisplayState) -> NDArray[np.float64]:
    """Grey in [0, 1] of stored values through modality transform and VOI, before polarity."""
    return _grey_of_modality(image, stored_to_modality(image, values), state)


def _grey_of_modality(
    image: Image, modality: NDArray[np.float64], state: DisplayState
) -> NDArray[np.float64]:
    """Grey in [0, 1] of modality values through VOI and presentation LUT, before polarity."""
    if isinstance(state.voi, LookupTable):
        grey = np.clip(_look_up(state.voi, modality) / (2.0**state.voi.bits - 1.0), 0.0, 1.0)
    else:
        grey = _apply_window(full_range_window(image) if state.voi is None else state.voi, modality)
    lut = image.presentation_lut
    if lut is None:
        return grey
    spread = grey * (len(lut.entries) - 1) + lut.first  # C.11.6: all of the one over all of the other
    return np.clip(_look_up(lut, spread) / (2.0**lut.bits - 1.0), 0.0, 1.0)


def _polarise(image: Image, state: DisplayState, shades: NDArray[Any], white: float) -> NDArray[Any]:
    """Shades from 0 to `white`, turned round where least is white or the reader inverts, but not for both."""
    if (image.polarity == "min-is-white") == state.inverted:
        return shades
    return np.asarray(shades.dtype.type(white) - shades)


def _bytes(image: Image, state: DisplayState, grey: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Greys in [0, 1] as 8 bit, rounded before polarity so that inversion is the exact complement."""
    scaled = grey * 255.0
    return _polarise(image, state, np.rint(scaled, out=scaled).astype(np.uint8), 255)


def _stored_values(image: Image) -> NDArray[np.int64] | None:
    """Every value that may be stored, rising; None where that is no table's business."""
    first, last = image.stored_range
    if image.is_colour or image.pixels.dtype.kind not in "iub" or last - first >= LARGEST_TABLE:
        return None
    return np.arange(int(first), int(last) + 1, dtype=np.int64)


def _blacken_padding(image: Image, stored: NDArray[np.int64], entries: NDArray[Any]) -> None:
    if image.padding is not None:
        entries[(stored >= image.padding[0]) & (stored <= image.padding[1])] = 0


class Tables:
    """Tables of one image, one after the other, as a reader drags its window.

    What does not depend on the window (the modality values of all stored values) is worked out once.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._stored = _stored_values(image)
        self._modality = None if self._stored is None else stored_to_modality(image, self._stored)

    def table(self, state: DisplayState) -> DisplayTable | None:
        """The whole of display as a table of 8-bit greys; None for colour, float and very deep images."""
        if self._stored is None or self._modality is None:
            return None
        entries = _bytes(self._image, state, _grey_of_modality(self._image, self._modality, state))
        _blacken_padding(self._image, self._stored, entries)
        return DisplayTable(int(self._stored[0]), entries)


def table(image: Image, state: DisplayState) -> DisplayTable | None:
    """The whole of display as a table of 8-bit greys; None for colour, float and very deep images."""
    return Tables(image).table(state)


def _take(pixels: NDArray[Any], first: int, entries: NDArray[Any]) -> NDArray[Any]:
    """``entries[clip(pixels - first)]``; 8- and 16-bit pixels through a table over all their bit patterns."""
    last = len(entries) - 1
    if pixels.dtype.itemsize > 2:
        return np.take(entries, np.clip(pixels.astype(np.int64) - first, 0, last))
    unsigned = np.dtype(f"u{pixels.dtype.itemsize}")
    patterns = np.arange(256**unsigned.itemsize, dtype=unsigned)
    values = patterns.view(np.uint8 if pixels.dtype.kind == "b" else pixels.dtype).astype(np.int64)
    complete = np.ascontiguousarray(entries[np.clip(values - first, 0, last)])
    import cv2

    return np.asarray(cv2.LUT(np.ascontiguousarray(pixels).view(unsigned), complete))


def _grey_pixels(image: Image, state: DisplayState) -> NDArray[np.float64]:
    """Grey of every pixel (H, W) before polarity, without a table, in strips that keep memory low."""
    out = np.empty(image.shape, dtype=np.float64)
    known = state if state.voi is not None else DisplayState(full_range_window(image), state.inverted)
    for top in range(0, image.shape[0], 256):
        out[top : top + 256] = _grey(image, image.pixels[top : top + 256], known)
    return out


def network_intensities(image: Image) -> NDArray[np.float32]:
    """What a network is given before its own preprocessing: float32 (H, W) in [0, 1], 0 black.

    The file's first VOI, else the full range of valid pixels (of a picture: of its depth), polarity
    applied. Colour is reduced to ITU-R BT.601 luma. Padding is 0. No reader's window enters, and no
    display shutter: what it hides from a dazzled eye was there when the network was trained.
    """
    if image.is_colour:
        red, green, blue = (image.pixels[..., channel].astype(np.float32) for channel in range(3))
        luma = LUMA_BT601[0] * red + LUMA_BT601[1] * green + LUMA_BT601[2] * blue
        intensities: NDArray[np.float32] = np.clip(luma / np.float32(255.0), 0.0, 1.0)
    else:
        state, stored = initial_state(image), _stored_values(image)
        if stored is None:
            greys = _polarise(image, state, _grey_pixels(image, state), 1.0)
            intensities = greys.astype(np.float32)
        else:
            greys = _polarise(image, state, _grey(image, stored, state), 1.0)
            _blacken_padding(image, stored, greys)
            intensities = _take(image.pixels, int(stored[0]), greys.astype(np.float32))
    if image.valid is not None:
        intensities[~image.valid] = 0.0
    return intensities


def render(image: Image, state: DisplayState | None = None) -> NDArray[np.uint8]:
    """The image at full size as 8-bit grey (H, W) or RGB (H, W, 3), without a state as it is first shown.

    The file's shutter hides what it hides.
    """
    state = initial_state(image) if state is None else state
    if image.is_colour:
        shown = np.array(image.pixels, dtype=np.uint8)
        shown = 255 - shown if state.inverted else shown
    else:
        found = table(image, state)
        if found is None:
            shown = _bytes(image, state, _grey_pixels(image, state))
        else:
            shown = _take(image.pixels, found.first, found.entries)
        if image.valid is not None:
            shown[~image.valid] = 0
    if image.shutter is not None:
        shown[~visible(image.shutter, *image.shape)] = shutter_grey(image.shutter)
    return shown


def shutter_grey(shutter: Shutter) -> int:
    """The 8-bit grey of what a shutter hides; a P-value, so that no window and no inversion changes it."""
    return round(shutter.p_value * 255 / 65535)
