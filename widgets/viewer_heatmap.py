"""A heatmap at the screen's resolution, laid over the film that it explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from inference.overlay import inferno_table, to_stored_pixels
from inference.prediction import Heatmap
from widgets.viewer_geometry import Placement
from widgets.viewer_pictures import picture_of_argb
from widgets.viewer_sampling import warped

_HEATMAP_SIDE = 256


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
            box = placement.visible_box()
            to_view = np.vstack([placement.matrix(), [0.0, 0.0, 1.0]])
            rows, columns = self._strength.shape
            small = np.diag([columns / self._shape[1], rows / self._shape[0], 1.0])
            strength = warped(self._strength, small @ np.linalg.inv(to_view), box)
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
