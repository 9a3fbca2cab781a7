"""A heatmap at the screen's resolution, laid over the film that it explains."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter

from inference.contours import Contour
from inference.overlay import (
    GAP_PX,
    HeatmapStyle,
    Mode,
    argb_table,
    contour_picture,
    contour_styles,
    lines_at,
    strength,
)
from inference.prediction import Heatmap
from widgets.viewer_geometry import Placement
from widgets.viewer_pictures import picture_of_argb
from widgets.viewer_sampling import MARGIN_PX, Box


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """A heatmap laid into a part of the screen; `steps` (h, w) is its strength, None for lines."""

    mode: Mode
    ratio: float
    matrix: NDArray[np.float64]
    box: Box
    steps: NDArray[np.uint8] | None


class HeatmapPainter:
    """A heatmap in a style: what `inference.overlay.overlay` makes of it, at the screen's resolution.

    What was sampled serves every opacity, threshold and colour map, and the film being moved; contours
    are found once for all placements.
    """

    def __init__(self, heatmap: Heatmap) -> None:
        self.heatmap = heatmap
        self._laid: _Laid | None = None
        self._picture: tuple[_Laid, HeatmapStyle, QImage] | None = None
        self._lines: dict[float, tuple[Contour, ...]] = {}

    def paint(self, painter: QPainter, placement: Placement, ratio: float, style: HeatmapStyle) -> None:
        """Draw the visible part in the widget's px; `ratio` is physical pixels of the screen a px."""
        left, top, right, bottom = placement.visible_box()
        if right <= left or bottom <= top or self.heatmap.peak <= 0:
            return
        laid = self._lay(placement, style.mode, ratio)
        picture = self._coloured(laid, style)
        picture.setDevicePixelRatio(ratio)
        dx, dy = (round(float(d)) for d in placement.matrix()[:, 2] - laid.matrix[:, 2])
        painter.drawImage(QPointF((laid.box[0] + dx) / ratio, (laid.box[1] + dy) / ratio), picture)

    def _lay(self, placement: Placement, mode: Mode, ratio: float) -> _Laid:
        """What was laid last where that serves, else anew.

        A film that is moved is laid a little beyond the viewport, so that the next steps find it there.
        """
        matrix, visible = placement.matrix(), placement.visible_box()
        kept = self._laid
        is_moved = (
            kept is not None
            and (kept.mode, kept.ratio) == (mode, ratio)
            and np.array_equal(kept.matrix[:, :2], matrix[:, :2])
        )
        if kept is None or not is_moved or not _holds(kept, matrix, visible):
            box = placement.visible_box(MARGIN_PX) if is_moved else visible
            steps = None
            if mode != "contours":
                steps = sampled(self.heatmap, placement, mode, GAP_PX * ratio, box)
            self._laid = kept = _Laid(mode, ratio, matrix, box, steps)
        return kept

    def _coloured(self, laid: _Laid, style: HeatmapStyle) -> QImage:
        """Premultiplied ARGB of what was laid."""
        if self._picture is None or self._picture[0] is not laid or self._picture[1] != style:
            if laid.steps is None:
                argb = self._contours(laid, style)
            else:
                argb = cv2.LUT(laid.steps, argb_table(style).view(np.int32)).view(np.uint32)
            self._picture = laid, style, picture_of_argb(argb)
        return self._picture[2]

    def _contours(self, laid: _Laid, style: HeatmapStyle) -> NDArray[np.uint32]:
        for line in contour_styles(style):
            if line.level not in self._lines:
                self._lines[line.level] = lines_at(self.heatmap, line.level)
        left, top, right, bottom = laid.box
        to_picture = laid.matrix - np.array([[0, 0, left], [0, 0, top]])
        bgra = contour_picture(self._lines, style, to_picture, (bottom - top, right - left), laid.ratio)
        return argb_of_bgra(bgra)


def _holds(laid: _Laid, matrix: NDArray[np.float64], visible: Box) -> bool:
    """Whether what was laid covers the visible part once it is moved along."""
    dx, dy = np.rint(matrix[:, 2] - laid.matrix[:, 2])
    left, top, right, bottom = laid.box
    inside = left + dx <= visible[0] and top + dy <= visible[1]
    return bool(inside and right + dx >= visible[2] and bottom + dy >= visible[3])


def argb_of_bgra(bgra: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(h, w) ARGB, each in the processor's own order of bytes, of (h, w, 4)."""
    return bgra.view("<u4")[:, :, 0].astype(np.uint32, copy=False)


def sampled(
    heatmap: Heatmap, placement: Placement, mode: Mode, gap_px: float, box: Box | None = None
) -> NDArray[np.uint8]:
    """(h, w) uint8 strength at the centres of the pixels of a box of the screen, else of the visible one."""
    left, top, right, bottom = box or placement.visible_box()
    x, y = np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5
    matrix = placement.matrix()
    if placement.view.rotation in (0, 180):
        columns, rows = (x - matrix[0, 2]) / matrix[0, 0], (y - matrix[1, 2]) / matrix[1, 1]
        return strength(heatmap, rows, columns, mode, gap_px)
    # The film lies on its side: its rows run across the screen, so that the map is laid on its side too.
    rows, columns = (x - matrix[0, 2]) / matrix[0, 1], (y - matrix[1, 2]) / matrix[1, 0]
    start, first, end, last = heatmap.box
    turned = replace(heatmap, grid=heatmap.grid.T, box=(first, start, last, end))
    return strength(turned, columns, rows, mode, gap_px)
