"""What may be laid over a film, and what may take the mouse on it before the film's own tools do.

Measurements, a magnifier, an area that is being drawn: each is a module of its own that is handed to
the viewer. The viewer knows these two shapes and none of the things.
"""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QTransform

from widgets.viewer_geometry import Placement


class Layer(Protocol):
    """Drawn over film and heatmap, under the texts, in the order in which layers were added."""

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw in the widget's px; `ratio` is physical pixels of the screen a px.

        `stored_to_widget` gives the way from stored-pixel space. The painter's state need not be
        restored.
        """


class Pointer(Protocol):
    """Asked before the viewer's own tools; whoever takes a press gets all until the release."""

    def press(self, event: QMouseEvent) -> bool:
        """Whether the press is taken."""

    def move(self, event: QMouseEvent) -> None:
        """The mouse moved after a press that was taken."""

    def release(self, event: QMouseEvent) -> None:
        """The button of the press that was taken was let go."""

    def hover(self, event: QMouseEvent) -> Qt.CursorShape | None:
        """The mouse moves with no button held: the cursor that shows what a press would do here."""

    def double_click(self, event: QMouseEvent) -> bool:
        """Whether the double click is taken."""

    def cancel(self) -> bool:
        """Give up what is under way (Esc); whether there was anything."""


def stored_to_widget(placement: Placement, ratio: float) -> QTransform:
    """The way from stored-pixel space as (column, row) to the widget's px as (x, y)."""
    matrix = placement.matrix() / ratio
    return QTransform(matrix[0, 0], matrix[1, 0], matrix[0, 1], matrix[1, 1], matrix[0, 2], matrix[1, 2])


def stored_point(placement: Placement, ratio: float, at: QPointF) -> tuple[float, float]:
    """(row, column) in stored-pixel space of a point of the widget."""
    return placement.view_to_image(at.x() * ratio, at.y() * ratio)
