"""The outline of the lungs over a film: where the model's evidence is expected to lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from widgets import theme
from widgets.viewer import Viewer
from widgets.viewer_geometry import Placement

_HALO = QColor(8, 9, 10, 120)
_LINE_PX, _HALO_PX = 1.25, 3.25
_LINE_OPACITY = 0.85


class LungOutline(QObject):
    """A `Layer` of one viewer: a quiet thin line, which the film's own greys stay stronger than."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._frame: tuple[str, int] | None = None
        self._outlines: tuple[NDArray[np.float64], ...] = ()
        self._is_wanted = False
        viewer.add_layer(self)
        viewer.image_changed.connect(viewer.update)

    def show_outlines(self, frame: tuple[str, int] | None, outlines: Sequence[NDArray[np.float64]]) -> None:
        """Say where the lungs of a frame are.

        Parameters
        ----------
        frame
            SOPInstanceUID and number: nothing is drawn over any other film.
        outlines
            Closed lines, each (N, 2) of (row, column) in stored-pixel space.
        """
        self._frame, self._outlines = frame, tuple(outlines)
        self._viewer.update()

    def set_visible(self, is_visible: bool) -> None:
        """Draw the outline, or keep it off."""
        self._is_wanted = is_visible
        self._viewer.update()

    @property
    def is_visible(self) -> bool:
        return self._is_wanted

    @property
    def is_drawn(self) -> bool:
        """Whether there is a line on the film now."""
        image = self._viewer.image
        if image is None or not self._outlines or not self._is_wanted or self._viewer.is_bare:
            return False
        return self._frame == (image.header.sop_instance_uid, image.frame)

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw the lines with a dark halo, so that they are seen on bone and on air."""
        if not self.is_drawn:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        matrix = placement.matrix() / ratio
        polygons = [
            QPolygonF([QPointF(x, y) for x, y in (line[:, ::-1] @ matrix[:, :2].T + matrix[:, 2]).tolist()])
            for line in self._outlines
        ]
        for colour, width in ((_HALO, _HALO_PX), (QColor(theme.TOKENS.text), _LINE_PX)):
            pen = QPen(colour, width)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setOpacity(1.0 if colour is _HALO else _LINE_OPACITY)
            painter.setPen(pen)
            for polygon in polygons:
                painter.drawPolygon(polygon)
