"""Covering a part of a film, or all but a part, to ask what the model says without it.

A shape is dragged over the film and stays until it is taken away: dragged again, it moves; so do the
arrow keys. Every step is told, so that probabilities can follow. Nothing of it is kept.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPainterPath, QPen, QPolygonF

from widgets import theme
from widgets.cover_shapes import Cover, CoverKind, Point
from widgets.viewer import Viewer
from widgets.viewer_geometry import Placement
from widgets.viewer_layers import stored_point, stored_to_widget

_LEAST_PX = 4.0
_OUTLINE_POINT_PX = 3.0  # between the points of an outline drawn by hand
_STEP, _FINE_STEP = 0.02, 0.005  # of the film's longer side
_GROWTH = 1.15
_FIRST_SHARE = 0.25  # of the film's shorter side: what a key lays down where there is nothing yet
_OUTLINE = QColor(8, 9, 10, 210)
_DIRECTIONS = {"Up": (0, -1), "Down": (0, 1), "Left": (-1, 0), "Right": (1, 0)}


class CoverTool(QObject):
    """The tool ``"cover"`` of one viewer: a layer over its film, and a pointer while it is in hand.

    Signals
    -------
    covered
        What the reader covers now (`Cover`), or None where nothing is covered any more.
    """

    covered = Signal(object)

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._cover: Cover | None = None
        self._kind: CoverKind = "rectangle"
        self._keeps = False
        self._start: QPointF | None = None
        self._before: Cover | None = None  # what is being drawn over, or moved
        self._begun = Cover("rectangle", ())  # what is being drawn, also before it is large enough
        self._is_moving = False
        viewer.add_layer(self)
        viewer.add_pointer(self)
        viewer.image_changed.connect(self._on_image_changed)
        viewer.tool_changed.connect(self._on_tool_changed)
        self._frame = self._frame_of_film()

    # -- what is covered ---------------------------------------------------------------------------

    @property
    def cover(self) -> Cover | None:
        return self._cover

    @property
    def kind(self) -> CoverKind:
        """The shape that is drawn next."""
        return self._kind

    @property
    def keeps(self) -> bool:
        """Whether the shape that is there, or else the next one, is kept and everything else covered."""
        return self._keeps if self._cover is None else self._cover.keeps

    def set_kind(self, kind: CoverKind) -> None:
        """Draw another shape from now on; a box that is there takes it at once."""
        self._kind = kind
        if self._cover is not None and "outline" not in (kind, self._cover.kind):
            self._put(replace(self._cover, kind=kind))

    def set_keeps(self, keeps: bool) -> None:
        """Keep what lies inside instead of covering it, or the other way round."""
        self._keeps = keeps
        if self._cover is not None:
            self._put(replace(self._cover, keeps=keeps))

    def clear(self) -> bool:
        """Take the shape away; whether there was one."""
        was_there = self._cover is not None
        self._start = self._before = None
        self._put(None)
        return was_there

    def take_key(self, key: str, is_fine: bool) -> bool:
        """Move the shape by an arrow key, size it by plus and minus; whether the key was for it.

        Where there is no shape yet, the key lays one down in the middle.
        """
        image, placement = self._viewer.image, self._viewer.placement
        if not self._is_in_hand or image is None or placement is None:
            return False
        if key not in _DIRECTIONS and key not in ("Equal", "Minus"):
            return False
        if self._cover is None:
            self._put(self._first(placement))
        elif key in _DIRECTIONS:
            across, down = _DIRECTIONS[key]
            left, top, right, bottom = placement.film_box()
            px = max(right - left, bottom - top) * (_FINE_STEP if is_fine else _STEP)
            start, end = placement.view_to_image(0, 0), placement.view_to_image(across * px, down * px)
            self._put(self._cover.moved((end[0] - start[0], end[1] - start[1]), image.shape))
        else:
            self._put(self._cover.grown(_GROWTH if key == "Equal" else 1 / _GROWTH, image.shape))
        return True

    def _first(self, placement: Placement) -> Cover:
        """A shape in the middle of what is seen of the film."""
        row, column = placement.centre
        side = min(placement.film.rows, placement.film.columns) * _FIRST_SHARE / 2
        kind: CoverKind = "rectangle" if self._kind == "outline" else self._kind
        corners = (row - side, column - side), (row + side, column + side)
        return Cover(kind, corners, self._keeps)

    def _put(self, cover: Cover | None) -> None:
        if cover != self._cover:
            self._cover = cover
            self._viewer.update()
            self.covered.emit(cover)

    # -- the pointer -------------------------------------------------------------------------------

    @property
    def _is_in_hand(self) -> bool:
        return self._viewer.left_tool == "cover"

    def press(self, event: QMouseEvent) -> bool:
        """Take hold of the shape, or begin another one; with Shift, what lies inside is kept."""
        if event.button() != Qt.MouseButton.LeftButton or not self._is_in_hand:
            return False
        self._start, self._before = event.position(), self._cover
        self._is_moving = self._is_on_shape(event.position())
        if not self._is_moving:
            keeps = self._keeps != bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._begun = Cover(self._kind, (self._stored(event.position()),), keeps)
        return True

    def move(self, event: QMouseEvent) -> None:
        """Carry the shape along, or draw it out to the mouse."""
        start, image, at = self._start, self._viewer.image, event.position()
        if start is None or image is None:
            return
        if self._is_moving and self._before is not None:
            one, other = self._stored(start, is_held=False), self._stored(at, is_held=False)
            self._put(self._before.moved((other[0] - one[0], other[1] - one[1]), image.shape))
        elif not self._is_moving:
            self._draw_to(at)

    def release(self, event: QMouseEvent) -> None:
        """Leave the shape where it is; a click beside it takes it away."""
        if self._start is not None and not self._is_moving and not self._is_large_enough():
            self._put(None)
        self._start = self._before = None

    def hover(self, event: QMouseEvent) -> Qt.CursorShape | None:
        """Whether a press would take hold of the shape, or begin one."""
        if not self._is_in_hand:
            return None
        is_on = self._is_on_shape(event.position())
        return Qt.CursorShape.SizeAllCursor if is_on else Qt.CursorShape.CrossCursor

    def double_click(self, event: QMouseEvent) -> bool:
        """Means nothing while the tool is in hand."""
        return self._is_in_hand

    def cancel(self) -> bool:
        """Give up what is being dragged, else take the shape away (Esc)."""
        if self._start is not None and self._cover != self._before:
            before, self._start, self._before = self._before, None, None
            self._put(before)
            return True
        self._start = None
        return self.clear()

    def _draw_to(self, at: QPointF) -> None:
        begun, point = self._begun, self._stored(at)
        if begun.kind != "outline":
            self._put(replace(begun, points=(begun.points[0], point)))
            return
        last = self._on_screen(begun.points[-1])
        if (at - last).manhattanLength() >= _OUTLINE_POINT_PX:
            self._begun = replace(begun, points=(*begun.points, point))
            if len(set(self._begun.points)) >= 3:
                self._put(self._begun)

    def _is_large_enough(self) -> bool:
        """Whether what was drawn was meant, and is no click."""
        cover = self._cover
        if cover is None or cover == self._before or len(set(cover.polygon)) < 3:
            return False
        top, left, bottom, right = cover.box
        one, other = self._on_screen((top, left)), self._on_screen((bottom, right))
        return min(abs(other.x() - one.x()), abs(other.y() - one.y())) >= _LEAST_PX

    def _is_on_shape(self, at: QPointF) -> bool:
        return self._cover is not None and self._cover.holds(self._stored(at, is_held=False))

    def _stored(self, at: QPointF, is_held: bool = True) -> Point:
        """A point of the widget on the film; held at its edges."""
        placement, image = self._viewer.placement, self._viewer.image
        assert placement is not None
        assert image is not None
        row, column = stored_point(placement, self._viewer.devicePixelRatioF(), at)
        if not is_held:
            return row, column
        return min(max(row, 0.0), float(image.shape[0])), min(max(column, 0.0), float(image.shape[1]))

    def _on_screen(self, point: Point) -> QPointF:
        placement = self._viewer.placement
        assert placement is not None
        return stored_to_widget(placement, self._viewer.devicePixelRatioF()).map(QPointF(point[1], point[0]))

    # -- when it ends ------------------------------------------------------------------------------

    def _frame_of_film(self) -> tuple[str, int] | None:
        image = self._viewer.image
        return None if image is None else (image.header.sop_instance_uid, image.frame)

    def _on_image_changed(self) -> None:
        """A shape is about one film: on the next one it is gone."""
        frame = self._frame_of_film()
        if frame != self._frame:
            self._frame = frame
            self.clear()

    def _on_tool_changed(self, tool: str) -> None:
        if tool != "cover":
            self.clear()

    # -- the layer ---------------------------------------------------------------------------------

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Darken what the model does not see, so far that the reader still does."""
        cover = self._cover
        if cover is None or self._viewer.is_bare:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        to_widget = stored_to_widget(placement, ratio)
        polygon = QPolygonF([to_widget.map(QPointF(column, row)) for row, column in cover.polygon])
        outline, film = QPainterPath(), QPainterPath()
        outline.addPolygon(polygon)
        outline.closeSubpath()
        rows, columns = placement.film.rows, placement.film.columns
        corners = ((0, 0), (columns, 0), (columns, rows), (0, rows))
        film.addPolygon(QPolygonF([to_widget.map(QPointF(x, y)) for x, y in corners]))
        film.closeSubpath()
        hidden = film.subtracted(outline) if cover.keeps else outline.intersected(film)
        shade, hatch = QColor(theme.TOKENS.film), QColor(theme.TOKENS.text_quiet)
        shade.setAlpha(165)
        hatch.setAlpha(70)
        painter.fillPath(hidden, shade)
        painter.fillPath(hidden, QBrush(hatch, Qt.BrushStyle.BDiagPattern))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((_OUTLINE, 4.0), (QColor(theme.TOKENS.accent), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawPath(outline)
