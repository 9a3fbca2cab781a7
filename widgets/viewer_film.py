"""One frame on the screen: the ground around it, its greys, its shutter, and the planes of its file."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter

from studies.display import DisplayState
from studies.image import Image
from widgets import theme
from widgets.viewer_geometry import Placement
from widgets.viewer_mapping import FilmMapper
from widgets.viewer_pictures import picture_of
from widgets.viewer_planes import ShutterPainter, planes_of
from widgets.viewer_sampling import FilmSampler, mappable


class FilmPainter:
    """Draws one image wherever it is laid; what was sampled and mapped last is kept."""

    def __init__(self, image: Image) -> None:
        shown = mappable(image)
        self._sampler, self._mapper = FilmSampler(shown), FilmMapper(shown)
        self._shutter = None if image.shutter is None else ShutterPainter(image.shutter, image.shape)
        self._planes = planes_of(image, QColor(theme.TOKENS.accent))

    def paint(
        self,
        painter: QPainter,
        room: QRect,
        placement: Placement,
        ratio: float,
        state: DisplayState,
        is_moving: bool,
    ) -> None:
        """Fill `room` with the film and, where it leaves room free, with the ground.

        Parameters
        ----------
        ratio
            Physical pixels of the screen a px.
        is_moving
            The film is being zoomed: see `FilmSampler.sample`.
        """
        sampled = self._sampler.sample(placement, is_moving)
        if sampled is None:
            painter.fillRect(room, QColor(theme.TOKENS.film))
            return
        left, top, right, bottom = (edge / ratio for edge in sampled.box)
        _paint_ground(painter, room, QRectF(left, top, right - left, bottom - top))
        grey = np.ascontiguousarray(self._mapper.map(sampled, state))
        picture = picture_of(grey)
        picture.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(left, top), picture)
        if self._shutter is not None:
            self._shutter.paint(painter, placement, ratio)

    def paint_planes(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw the graphics that the file carries over its own image."""
        for plane in self._planes:
            plane.paint(painter, placement, ratio)


def _paint_ground(painter: QPainter, room: QRect, film: QRectF) -> None:
    """Fill what the film leaves free; what it covers is painted once only."""
    ground, width, height = QColor(theme.TOKENS.film), room.width(), room.height()
    left, top = math.ceil(film.left()), math.ceil(film.top())
    right, bottom = math.floor(film.right()), math.floor(film.bottom())
    for x, y, wide, high in (
        (0, 0, width, top),
        (0, bottom, width, height - bottom),
        (0, top, left, bottom - top),
        (right, top, width - right, bottom - top),
    ):
        if wide > 0 and high > 0:
            painter.fillRect(x, y, wide, high, ground)
