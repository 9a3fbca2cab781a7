"""From sampled stored values to grey: all that a change of the window costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studies.display import DisplayState, DisplayTable, Tables, full_range_window, render
from studies.image import Image, Window
from widgets.viewer_sampling import Sampled

_PATTERNS = 65536


class FilmMapper:
    """Maps sampled stored values of one image to grey; a change of the window is one look-up a pixel.

    The look-up goes by the bit pattern of a 16-bit value, so that pixels are never shifted or clipped first.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._tables: Tables | None = None
        self._full_range: Window | None = None
        self._made: tuple[DisplayState, DisplayTable | None] | None = None

    def map(self, sampled: Sampled, state: DisplayState) -> NDArray[np.uint8]:
        """(h, w) or (h, w, 3) uint8 of the visible part."""
        if state.voi is None and not self._image.is_colour:
            if self._full_range is None:
                self._full_range = full_range_window(self._image)
            state = replace(state, voi=self._full_range)
        found = self._table(state)
        if found is None:
            return render(
                replace(self._image, pixels=sampled.pixels, valid=sampled.valid, overlays=(), shutter=None),
                state,
            )
        grey = _looked_up(found, sampled.pixels)
        if sampled.valid is not None:
            grey[~sampled.valid] = 0
        return grey

    def _table(self, state: DisplayState) -> DisplayTable | None:
        if self._made is None or self._made[0] != state:
            if self._tables is None:
                self._tables = Tables(self._image)
            self._made = state, self._tables.table(state)
        return self._made[1]


def _looked_up(table: DisplayTable, pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Greys of pixels through a table, values beyond its ends taking its first or last entry."""
    if pixels.dtype == np.uint8:
        patterns = np.clip(np.arange(256) - table.first, 0, len(table.entries) - 1)
        return np.asarray(cv2.LUT(pixels, table.entries[patterns]), dtype=np.uint8)
    if pixels.dtype in (np.uint16, np.int16):
        entries = _by_pattern(table, is_signed=pixels.dtype == np.int16)
        return np.asarray(cv2.LUT(pixels.view(np.uint16), entries), dtype=np.uint8)
    index = np.clip(pixels - table.first, 0, len(table.entries) - 1).astype(np.int64)
    return np.asarray(np.take(table.entries, index), dtype=np.uint8)


def _by_pattern(table: DisplayTable, *, is_signed: bool) -> NDArray[np.uint8]:
    """The table over all bit patterns of 16 bit, (65536,) uint8."""
    lowest = -_PATTERNS // 2 if is_signed else 0
    start = table.first - lowest
    entries = table.entries
    if start == 0 and len(entries) == _PATTERNS and not is_signed:
        return entries
    if start < 0:
        entries, start = entries[min(-start, len(entries) - 1) :], 0
    entries = entries[: _PATTERNS - start] if start < _PATTERNS else entries[:1]
    full = np.empty(_PATTERNS, np.uint8)
    start = min(start, _PATTERNS - 1)
    full[:start] = entries[0]
    full[start : start + len(entries)] = entries
    full[start + len(entries) :] = entries[-1]
    return np.roll(full, -_PATTERNS // 2) if is_signed else full
