"""A heatmap at the screen's resolution, laid over the film that it explains."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from inference.contours import Contour
from inference.overlay import (
    GAP_PX,
    ContourStyle,
    HeatmapStyle,
    Mode,
    argb_table,
    contour_styles,
    lines_at,
    strength,
)
from inference.prediction import Heatmap
from widgets import theme
from widgets.viewer_geometry import Placement
from widgets.viewer_layers import stored_to_widget
from widgets.viewer_pictures import picture_of_argb


class HeatmapPainter:
    """A heatmap in a style: what `inference.overlay.overlay` makes of it, at the screen's resolution.

    What was sampled for a placement serves every opacity, threshold and colour map; contours are found
    once and drawn as lines at every placement.
    """

    def __init__(self, heatmap: Heatmap) -> None:
        self.heatmap = heatmap
        self._sampled: tuple[Placement, Mode, float, NDArray[np.uint8]] | None = None
        self._picture: tuple[NDArray[np.uint8], HeatmapStyle, QImage] | None = None
        self._paths: dict[float, QPainterPath] = {}

    def paint(self, painter: QPainter, placement: Placement, ratio: float, style: HeatmapStyle) -> None:
        """Draw the visible part in the widget's px; `ratio` is physical pixels of the screen a px."""
        left, top, right, bottom = placement.visible_box()
        if right <= left or bottom <= top:
            return
        if style.mode == "contours":
            room = QRectF(left / ratio, top / ratio, (right - left) / ratio, (bottom - top) / ratio)
            self._paint_contours(painter, room, placement, ratio, style)
            return
        picture = self.picture(placement, style, ratio)
        picture.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(left / ratio, top / ratio), picture)

    def picture(self, placement: Placement, style: HeatmapStyle, ratio: float = 1.0) -> QImage:
        """The visible part, premultiplied ARGB, for the corner of `placement.visible_box()`."""
        steps = self._steps(placement, style.mode, ratio)
        if self._picture is None or self._picture[0] is not steps or self._picture[1] != style:
            argb = cv2.LUT(steps, argb_table(style).view(np.int32))
            self._picture = steps, style, picture_of_argb(np.asarray(argb, np.int32).view(np.uint32))
        return self._picture[2]

    def _steps(self, placement: Placement, mode: Mode, ratio: float) -> NDArray[np.uint8]:
        """(h, w) uint8 strength of every pixel of the visible box."""
        if self._sampled is None or self._sampled[:3] != (placement, mode, ratio):
            self._sampled = placement, mode, ratio, sampled(self.heatmap, placement, mode, GAP_PX * ratio)
        return self._sampled[3]

    def _paint_contours(
        self, painter: QPainter, room: QRectF, placement: Placement, ratio: float, style: HeatmapStyle
    ) -> None:
        painter.save()
        painter.setClipRect(room)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        to_widget = stored_to_widget(placement, ratio)
        for line in contour_styles(style):
            if line.level not in self._paths:
                self._paths[line.level] = _path(lines_at(self.heatmap, line.level))
            stroke_contour(painter, to_widget.map(self._paths[line.level]), line)
        painter.restore()


def sampled(heatmap: Heatmap, placement: Placement, mode: Mode, gap_px: float) -> NDArray[np.uint8]:
    """(h, w) uint8 strength at the centres of the pixels of `placement.visible_box()`."""
    left, top, right, bottom = placement.visible_box()
    x, y = np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5
    matrix = placement.matrix()
    if placement.view.rotation in (0, 180):
        columns, rows = (x - matrix[0, 2]) / matrix[0, 0], (y - matrix[1, 2]) / matrix[1, 1]
        return strength(heatmap, rows, columns, mode, gap_px)
    # The film lies on its side: its rows run across the screen, so that the map is laid on its side too.
    rows, columns = (x - matrix[0, 2]) / matrix[0, 1], (y - matrix[1, 2]) / matrix[1, 0]
    box = heatmap.box
    turned = replace(heatmap, grid=heatmap.grid.T, box=(box[1], box[0], box[3], box[2]))
    return strength(turned, columns, rows, mode, gap_px)


def stroke_contour(painter: QPainter, path: QPainterPath, line: ContourStyle) -> None:
    """Draw a line of the style ``contours`` with its halo, as wide at every zoom."""
    for width, colour, opacity in (
        (line.halo_px, QColor(theme.TOKENS.film), line.halo_opacity),
        (line.width_px, QColor(*line.colour), line.opacity),
    ):
        colour.setAlphaF(opacity)
        pen = QPen(colour, width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(path, pen)


def _path(lines: tuple[Contour, ...]) -> QPainterPath:
    """Lines as (column, row) in stored-pixel space."""
    path = QPainterPath()
    for line in lines:
        row, column = line.points[0]
        path.moveTo(column, row)
        for row, column in line.points[1:]:
            path.lineTo(column, row)
        if line.is_closed:
            path.closeSubpath()
    return path
