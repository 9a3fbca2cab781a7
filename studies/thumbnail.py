"""Small pictures of images for lists."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from studies.display import DisplayState, full_range_window, initial_state, render, shutter_grey
from studies.image import Image
from studies.shutter import visible


def thumbnail(image: Image, side: int = 96) -> NDArray[np.uint8]:
    """The image as it is first shown, uint8 (h, w) or (h, w, 3), its longer side at most `side` pixels.

    The stored pixels are thinned first, so that a large film costs little; proportions follow the
    pixel spacing where the file has one.
    """
    rows, columns = image.shape
    tall, wide = _proportions(image)
    scale = min(side / tall, side / wide)
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    state = initial_state(image)
    if state.voi is None and not image.is_colour:
        state = DisplayState(full_range_window(image), state.inverted)
    step = max(1, min(rows, columns) // (4 * side))
    thin = replace(
        image,
        pixels=image.pixels[::step, ::step],
        valid=None if image.valid is None else image.valid[::step, ::step],
        shutter=None,
    )
    shown = np.ascontiguousarray(render(thin, state))
    if image.shutter is not None:
        shown[~visible(image.shutter, rows, columns)[::step, ::step]] = shutter_grey(image.shutter)
    return np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _proportions(image: Image) -> tuple[float, float]:
    """Height and width in units of one length, from the spacing of pixels where it is known."""
    rows, columns = image.shape
    if image.spacing is None:
        return float(rows), float(columns)
    return rows * image.spacing.row_mm, columns * image.spacing.column_mm
