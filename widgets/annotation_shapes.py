"""The lines of an annotation on the screen: where they run, where they are taken hold of, how they are held.

Everything here is in the widget's px, so that lines and handles are as large at every zoom. A film is
turned by quarters only, so a box that stands upright in stored pixels does so on the screen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainterPath, QPainterPathStroker, QPolygonF

from reviews.record import REGIONS, AnnotationKind

HOLD_PX = 6.0
"""So near to a line or a handle it is taken hold of."""

_TICK_PX = 5.0
_ARC_PX = 26.0
_HEAD_PX = (14.0, 5.0)
_BESIDE_PX = 10.0
_RIGHT, _LEFT, _BELOW, _ABOVE = QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)

BOXES: tuple[AnnotationKind, ...] = ("ellipse", "rectangle")
MOST_CORNERS = 8
"""Of an outline: one with more was drawn by hand, and has no corners that are taken hold of."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value may stand: the point at `side` of its box lies at the anchor.

    A side of (0, 0) is the top left of the value's box, (1, 1) its bottom right.
    """

    anchor: QPointF
    side: tuple[float, float]

    def box(self, size: QSizeF) -> QRectF:
        """The box of a value of this size."""
        across, down = self.side
        return QRectF(self.anchor - QPointF(size.width() * across, size.height() * down), size)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is drawn of an annotation, its value apart.

    Parameters
    ----------
    lines
        What is drawn, and what takes hold of the whole.
    links
        Dotted: what only helps to see what belongs together.
    head
        Filled: the head of an arrow.
    places
        Where the value may stand, the best first.
    """

    lines: QPainterPath
    links: QPainterPath
    handles: tuple[QPointF, ...]
    places: tuple[Place, ...]
    head: QPolygonF = field(default_factory=QPolygonF)

    @property
    def room(self) -> QRectF:
        """The box around all lines."""
        return self.lines.boundingRect().united(self.links.boundingRect()).united(self.head.boundingRect())

    def holds(self, at: QPointF) -> bool:
        """Whether a press here takes hold of the whole: the inside of a box is left to the film."""
        reach = 2 * HOLD_PX
        if not self.lines.boundingRect().adjusted(-reach, -reach, reach, reach).contains(at):
            return False
        stroker = QPainterPathStroker()
        stroker.setWidth(reach)
        return stroker.createStroke(self.lines).contains(at) or self.head.containsPoint(
            at, Qt.FillRule.WindingFill
        )

    def handle_at(self, at: QPointF) -> int | None:
        """The handle that a press here takes hold of: the nearest within reach."""
        distances = [math.hypot(at.x() - h.x(), at.y() - h.y()) for h in self.handles]
        nearest = min(range(len(distances)), key=distances.__getitem__, default=None)
        return nearest if nearest is not None and distances[nearest] <= HOLD_PX + 1 else None


def shape_of(kind: AnnotationKind, points: Sequence[QPointF]) -> Shape:
    """The lines of an annotation; `points` may be fewer than it will have while it is being drawn."""
    if kind in REGIONS:
        return _box("ellipse", points) if len(points) <= 2 else _outline(points)
    if kind in BOXES:
        return _box(kind, points)
    if kind == "angle":
        return _angle(points)
    if kind == "cobb":
        return _cobb(points)
    if kind == "arrow":
        return _arrow(points)
    if kind == "text":
        return Shape(QPainterPath(), QPainterPath(), (), (Place(points[0], (0.0, 0.5)),))
    return _length(points)


def _polyline(points: Sequence[QPointF]) -> QPainterPath:
    path = QPainterPath(points[0])
    for point in points[1:]:
        path.lineTo(point)
    return path


def _unit(start: QPointF, end: QPointF) -> QPointF:
    across, down = end.x() - start.x(), end.y() - start.y()
    length = math.hypot(across, down)
    return QPointF(0, 0) if length < 1e-6 else QPointF(across / length, down / length)


def _length(points: Sequence[QPointF]) -> Shape:
    start, end = points[0], points[-1]
    path = _polyline(points)
    along = _unit(start, end)
    normal = QPointF(-along.y(), along.x()) * _TICK_PX
    for point in (start, end):
        path.moveTo(point - normal)
        path.lineTo(point + normal)
    left, right = sorted((start, end), key=lambda point: (round(point.x()), point.y()))
    middle = (start + end) / 2
    places = (_beside(right, _RIGHT), _beside(left, _LEFT), _beside(middle, _BELOW), _beside(middle, _ABOVE))
    return Shape(path, QPainterPath(), tuple(points), places)


def _beside(point: QPointF, direction: QPointF) -> Place:
    """A value that stands off a point in a direction, its nearest edge to the point."""
    reach = max(abs(direction.x()), abs(direction.y()), 1e-6)
    side = 0.5 - 0.5 * direction.x() / reach, 0.5 - 0.5 * direction.y() / reach
    return Place(point + direction * _BESIDE_PX, side)


def _angle(points: Sequence[QPointF]) -> Shape:
    path = _polyline(points)
    if len(points) < 3:
        return Shape(path, QPainterPath(), tuple(points), (_beside(points[-1], _RIGHT),))
    corner = points[1]
    one, other = _unit(corner, points[0]), _unit(corner, points[2])
    arms = [math.hypot(p.x() - corner.x(), p.y() - corner.y()) for p in (points[0], points[2])]
    radius = min(_ARC_PX, *(0.6 * arm for arm in arms))
    start = math.degrees(math.atan2(-one.y(), one.x()))
    turn = (math.degrees(math.atan2(-other.y(), other.x())) - start + 180) % 360 - 180
    around = QRectF(corner.x() - radius, corner.y() - radius, 2 * radius, 2 * radius)
    path.arcMoveTo(around, start)
    path.arcTo(around, start, turn)
    # The value stands on the side of the corner where no line runs.
    away = _unit(one + other, QPointF(0, 0))
    return Shape(
        path, QPainterPath(), tuple(points), (_beside(corner, away if not away.isNull() else _BELOW),)
    )


def _cobb(points: Sequence[QPointF]) -> Shape:
    lines = [points[at : at + 2] for at in range(0, len(points), 2)]
    path, links = QPainterPath(), QPainterPath()
    for line in lines:
        path.addPath(_polyline(line))
    middles = [(line[0] + line[-1]) / 2 for line in lines]
    if len(middles) > 1:
        links.addPath(_polyline(middles))
    along, middle = _unit(middles[0], middles[-1]), (middles[0] + middles[-1]) / 2
    across = QPointF(abs(along.y()), -abs(along.x())) if not along.isNull() else _RIGHT
    return Shape(path, links, tuple(points), (_beside(middle, across), _beside(middle, -across)))


def _box(kind: AnnotationKind, points: Sequence[QPointF]) -> Shape:
    one, other = points[0], points[-1]
    box = QRectF(one, other).normalized()
    path = QPainterPath()
    middle = (one + other) / 2
    if kind == "ellipse":
        path.addEllipse(box)
        handles = (
            QPointF(middle.x(), one.y()),
            QPointF(other.x(), middle.y()),
            QPointF(middle.x(), other.y()),
            QPointF(one.x(), middle.y()),
        )
    else:
        path.addRect(box)
        handles = (one, QPointF(other.x(), one.y()), other, QPointF(one.x(), other.y()))
    return Shape(path, QPainterPath(), handles, _around(box))


def _around(box: QRectF) -> tuple[Place, ...]:
    middle = box.center()
    return (
        _beside(QPointF(box.right(), middle.y()), _RIGHT),
        _beside(QPointF(box.left(), middle.y()), _LEFT),
        _beside(QPointF(middle.x(), box.bottom()), _BELOW),
        _beside(QPointF(middle.x(), box.top()), _ABOVE),
    )


def _outline(points: Sequence[QPointF]) -> Shape:
    path = _polyline(points)
    path.closeSubpath()
    handles = tuple(points) if len(points) <= MOST_CORNERS else ()
    return Shape(path, QPainterPath(), handles, _around(path.boundingRect()))


def _arrow(points: Sequence[QPointF]) -> Shape:
    tip, tail = points[0], points[-1]
    back = _unit(tip, tail)
    length, half = _HEAD_PX
    length = min(length, math.hypot(tail.x() - tip.x(), tail.y() - tip.y()))
    base = tip + back * length
    across = QPointF(-back.y(), back.x()) * half
    sides = (_LEFT, _RIGHT) if tail.x() < tip.x() else (_RIGHT, _LEFT)
    return Shape(
        _polyline([base, tail]),
        QPainterPath(),
        (tip, tail),
        tuple(_beside(tail, side) for side in sides),
        QPolygonF([tip, base + across, base - across]),
    )


# -- holding: what a drag makes of the points ------------------------------------------------------


def constrained(kind: AnnotationKind, fixed: QPointF, at: QPointF) -> QPointF:
    """`at` with Shift held: a box becomes a square (an ellipse a circle), a line level or upright."""
    across, down = at.x() - fixed.x(), at.y() - fixed.y()
    if kind in BOXES or kind in REGIONS:
        side = max(abs(across), abs(down))
        return fixed + QPointF(math.copysign(side, across), math.copysign(side, down))
    return QPointF(at.x(), fixed.y()) if abs(across) >= abs(down) else QPointF(fixed.x(), at.y())


def drawn_from(kind: AnnotationKind, place: int) -> int | None:
    """Which point the line to a point comes from; None where it begins a line of its own."""
    if place == 0 or (kind == "cobb" and place == 2):
        return None
    return place - 1


def with_handle(
    kind: AnnotationKind, points: Sequence[QPointF], handle: int, to: QPointF, is_constrained: bool
) -> tuple[QPointF, ...]:
    """The points after a handle was dragged; with Shift held, as `constrained` says."""
    if kind == "ellipse" or (kind in REGIONS and len(points) == 2):
        return _with_edge(points, handle, to, is_constrained)
    if kind in REGIONS:
        return (*points[:handle], to, *points[handle + 1 :])
    if kind == "rectangle":
        corners = shape_of(kind, points).handles
        fixed = corners[(handle + 2) % 4]
        return fixed, constrained(kind, fixed, to) if is_constrained else to
    if is_constrained and len(points) > 1:
        before = drawn_from(kind, handle)
        to = constrained(kind, points[handle + 1 if before is None else before], to)
    return (*points[:handle], to, *points[handle + 1 :])


def _with_edge(
    points: Sequence[QPointF], handle: int, to: QPointF, is_constrained: bool
) -> tuple[QPointF, ...]:
    """An ellipse with one edge dragged: that of the first point's row, the second's column, and so on."""
    (left, top), (right, bottom) = ((point.x(), point.y()) for point in points)
    if handle == 0:
        top = to.y()
    elif handle == 1:
        right = to.x()
    elif handle == 2:
        bottom = to.y()
    else:
        left = to.x()
    if is_constrained:
        if handle in (0, 2):
            middle, half = (left + right) / 2, abs(bottom - top) / 2
            left, right = middle - half, middle + half
        else:
            middle, half = (top + bottom) / 2, abs(right - left) / 2
            top, bottom = middle - half, middle + half
    return QPointF(left, top), QPointF(right, bottom)
