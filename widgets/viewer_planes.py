"""Planes that a file lays over its own image: graphics (60xx), and a shutter that hides what is outside."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPolygonF

from studies.image import Image, Overlay, Shutter
from widgets.viewer_geometry import Placement
from widgets.viewer_layers import stored_to_widget
from widgets.viewer_pictures import picture_of_argb
from widgets.viewer_sampling import warped


class PlanePainter:
    """A plane of bits in one colour, at the screen's resolution; thin lines stay visible when reduced."""

    def __init__(self, overlay: Overlay, shape: tuple[int, int], colour: QColor) -> None:
        self._bits = _on_image(overlay, shape)
        self._colour = colour
        self._placement: Placement | None = None
        self._picture: QImage | None = None

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw the visible part."""
        box = placement.visible_box()
        if box[2] <= box[0] or box[3] <= box[1]:
            return
        if placement != self._placement or self._picture is None:
            self._placement, self._picture = placement, self._made(placement, box)
        self._picture.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(box[0] / ratio, box[1] / ratio), self._picture)

    def _made(self, placement: Placement, box: tuple[int, int, int, int]) -> QImage:
        rows, columns = self._bits.shape
        down, along = placement.steps
        size = max(round(rows * min(down, 1.0)), 1), max(round(columns * min(along, 1.0)), 1)
        source = self._bits
        if size != self._bits.shape:
            source = cv2.resize(source, (size[1], size[0]), interpolation=cv2.INTER_AREA)
            source = cv2.convertScaleAbs(source, alpha=1.0 / min(down, along))
        to_view = np.vstack([placement.matrix(), [0.0, 0.0, 1.0]])
        to_source = np.diag([size[1] / columns, size[0] / rows, 1.0]) @ np.linalg.inv(to_view)
        return picture_of_argb(_colours(self._colour)[warped(source, to_source, box)])


def _on_image(overlay: Overlay, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The plane's bits as 0 and 255 where they lie on the image: (H, W)."""
    plane = np.zeros(shape, np.uint8)
    rows, columns = overlay.bits.shape
    top, left = max(overlay.row, 0), max(overlay.column, 0)
    bottom, right = min(overlay.row + rows, shape[0]), min(overlay.column + columns, shape[1])
    if bottom > top and right > left:
        part = np.s_[top - overlay.row : bottom - overlay.row, left - overlay.column : right - overlay.column]
        plane[top:bottom, left:right] = overlay.bits[part] * np.uint8(255)
    return plane


def _colours(colour: QColor) -> NDArray[np.uint32]:
    """(256,) premultiplied ARGB of one colour for shares 0 to 255."""
    share = np.arange(256, dtype=np.uint32)
    red, green, blue = (share * part // 255 for part in (colour.red(), colour.green(), colour.blue()))
    return np.asarray((share << 24) | (red << 16) | (green << 8) | blue, dtype=np.uint32)


class ShutterPainter:
    """Hides what a display shutter hides (PS3.3 C.7.6.11), sharp at every zoom."""

    def __init__(self, shutter: Shutter, shape: tuple[int, int]) -> None:
        grey = round(min(max(shutter.p_value, 0), 65535) / 257)
        self._colour = QColor(grey, grey, grey)
        self._hidden = _hidden(shutter, shape)
        self._bitmap = None if shutter.bitmap is None else PlanePainter(shutter.bitmap, shape, self._colour)

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Cover the hidden part of the film."""
        if not self._hidden.isEmpty():
            painter.fillPath(stored_to_widget(placement, ratio).map(self._hidden), self._colour)
        if self._bitmap is not None:
            self._bitmap.paint(painter, placement, ratio)


def _hidden(shutter: Shutter, shape: tuple[int, int]) -> QPainterPath:
    """What the shapes hide, as (column, row) in stored-pixel space."""
    film = QPainterPath()
    film.addRect(QRectF(0, 0, shape[1], shape[0]))
    shown = QPainterPath(film)
    if shutter.rectangle is not None:
        top, left, bottom, right = shutter.rectangle
        path = QPainterPath()
        path.addRect(QRectF(left, top, right - left, bottom - top))
        shown = shown.intersected(path)
    if shutter.circle is not None:
        row, column, radius = shutter.circle
        path = QPainterPath()
        path.addEllipse(QPointF(column, row), radius, radius)
        shown = shown.intersected(path)
    if shutter.polygon:
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(column, row) for row, column in shutter.polygon]))
        path.closeSubpath()
        shown = shown.intersected(path)
    return film.subtracted(shown)


def planes_of(image: Image, colour: QColor) -> tuple[PlanePainter, ...]:
    """Painters of the image's own graphics."""
    return tuple(PlanePainter(overlay, image.shape, colour) for overlay in image.overlays)
