"""Drawing a box on a film to look at it: zoomed to fill the view, or as what the window is made for."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from studies.display import auto_window
from studies.image import Image
from widgets import theme
from widgets.viewer import Viewer
from widgets.viewer_geometry import MOST_ZOOM, Placement, View
from widgets.viewer_layers import stored_point

_LEAST_PX = 4.0
_OUTLINE = QColor(8, 9, 10, 210)
Point = tuple[float, float]


def view_of_area(placement: Placement, one: Point, other: Point) -> View:
    """The view in which the box between two points of stored-pixel space just fills the viewport."""
    (x0, y0), (x1, y1) = placement.image_to_view(*one), placement.image_to_view(*other)
    wide, high = max(abs(x1 - x0), 1e-6), max(abs(y1 - y0), 1e-6)
    zoom = placement.zoom * min(placement.width / wide, placement.height / high)
    centre = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
    return replace(placement.view, zoom=min(zoom, MOST_ZOOM), centre=centre)


def pixels_of_area(image: Image, one: Point, other: Point) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of the stored pixels that a box touches; None where it touches none."""
    rows, columns = image.shape
    (top, bottom), (left, right) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    box = (
        max(math.floor(top), 0),
        max(math.floor(left), 0),
        min(math.ceil(bottom), rows),
        min(math.ceil(right), columns),
    )
    return box if box[2] > box[0] and box[3] > box[1] else None


class AreaTools(QObject):
    """The tools ``"area zoom"`` and ``"area window"`` of one viewer."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._start: QPointF | None = None
        self._end = QPointF()
        viewer.add_layer(self)
        viewer.add_pointer(self)
        viewer.image_changed.connect(self.cancel)
        viewer.tool_changed.connect(lambda _: self.cancel())

    def press(self, event: QMouseEvent) -> bool:
        """Begin the box."""
        if event.button() != Qt.MouseButton.LeftButton or not self._is_in_hand:
            return False
        self._start = self._end = event.position()
        return True

    def move(self, event: QMouseEvent) -> None:
        """Draw it out to the mouse."""
        if self._start is not None:
            self._end = event.position()
            self._viewer.update()

    def release(self, event: QMouseEvent) -> None:
        """Do what the box was drawn for; nothing where it is too small to have been meant."""
        start, self._start = self._start, None
        self._viewer.update()
        placement, image = self._viewer.placement, self._viewer.image
        if start is None or placement is None or image is None:
            return
        box = QRectF(start, event.position()).normalized()
        if min(box.width(), box.height()) < _LEAST_PX:
            return
        ratio = self._viewer.devicePixelRatioF()
        one, other = (stored_point(placement, ratio, at) for at in (box.topLeft(), box.bottomRight()))
        if self._viewer.left_tool == "area zoom":
            self._viewer.set_view(view_of_area(placement, one, other))
        elif (pixels := pixels_of_area(image, one, other)) is not None and not image.is_colour:
            self._viewer.apply_window(auto_window(image, pixels))

    def hover(self, event: QMouseEvent) -> Qt.CursorShape | None:
        """A cross where a box would begin."""
        return Qt.CursorShape.CrossCursor if self._is_in_hand else None

    def double_click(self, event: QMouseEvent) -> bool:
        """A double click draws nothing, and means nothing else while the tool is in hand."""
        return self._is_in_hand

    def cancel(self) -> bool:
        """Give up the box that is being drawn."""
        was_drawing = self._start is not None
        self._start = None
        self._viewer.update()
        return was_drawing

    @property
    def _is_in_hand(self) -> bool:
        return self._viewer.left_tool in ("area zoom", "area window")

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw the box as it is being drawn out."""
        if self._start is None:
            return
        box = QRectF(self._start, self._end).normalized()
        fill = QColor(theme.TOKENS.accent)
        fill.setAlpha(24)
        painter.fillRect(box, fill)
        for colour, width, style in (
            (_OUTLINE, 3.0, Qt.PenStyle.SolidLine),
            (QColor(theme.TOKENS.accent), 1.0, Qt.PenStyle.DashLine),
        ):
            painter.setPen(QPen(colour, width, style))
            painter.drawRect(box)
