"""What dragging the mouse over a film means, free of Qt's events: windows and zooms as plain numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from studies.display import DisplayState, full_range_window, valid_range
from studies.image import Image, LookupTable, Window

Tool = Literal[
    "window",
    "pan",
    "zoom",
    "scroll",
    "area zoom",
    "area window",
    "magnifier",
    "length",
    "angle",
    "cobb",
    "ellipse",
    "rectangle",
    "arrow",
    "text",
    "evidence",
    "not-evidence",
    "cover",
]
"""What the left button does. From ``"area zoom"`` on, a `Pointer` on the film does it, not the viewer."""

_DRAG_PX = 500.0
_ZOOM_PX = 240.0
_SAMPLES = 512


def window_of(image: Image, state: DisplayState) -> Window:
    """The window that a drag starts from: the one in force, or the span of the table or range in force."""
    voi = state.voi
    if isinstance(voi, Window):
        return voi
    if isinstance(voi, LookupTable):
        return Window(voi.first + len(voi.entries) / 2, max(float(len(voi.entries)), 1.0))
    return full_range_window(image)


def drag_step(image: Image, window: Window) -> float:
    """Modality units for each px of a drag.

    The geometric mean of the span of the data and of the window's width, over 500 px: a wide window
    moves fast, a narrow one finely, and the type in which the values are stored plays no part.
    """
    part = slice(None, None, max(1, max(image.shape) // _SAMPLES))
    valid = None if image.valid is None else image.valid[part, part]
    low, high = valid_range(replace(image, pixels=image.pixels[part, part], valid=valid))
    span = high - low if high > low else 1.0
    return math.sqrt(span * min(max(window.width, span / 1e4), span * 4)) / _DRAG_PX


def dragged_window(window: Window, step: float, dx: float, dy: float, is_inverted: bool) -> Window:
    """The window after a drag of (dx, dy) px from `window`: right is wider, up is brighter.

    Parameters
    ----------
    step
        Modality units a px, see `drag_step`.
    is_inverted
        Great values are shown dark, so that raising the centre brightens.
    """
    least = 1.0 if window.function == "LINEAR" else step / 100
    width = max(window.width + dx * step, least)
    center = window.center + (-dy if is_inverted else dy) * step
    return Window(center, width, window.function)


def dragged_zoom(zoom: float, dy: float) -> float:
    """The zoom after a drag by dy px from `zoom`: up is larger."""
    return zoom * math.exp(-dy / _ZOOM_PX)


def is_shown_inverted(image: Image, state: DisplayState) -> bool:
    """Whether great modality values are dark on the screen."""
    return (image.polarity == "min-is-white") != state.inverted
