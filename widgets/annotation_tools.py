"""Measuring and marking by mouse: drawing, taking hold, moving, naming.

A length is drawn by dragging, or by a click at each end; what has more points goes on until it has them
all. Every part of an annotation can be dragged: its handles, its value, the whole. What comes of it is
told in signals; who keeps it shows it again with `show`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent

from reviews.record import POINTS, Annotation, AnnotationKind
from widgets import theme
from widgets.annotation_layer import AnnotationLayer, Hit
from widgets.annotation_shapes import BOXES, constrained, drawn_from, with_handle
from widgets.annotation_text import FilmText
from widgets.viewer import Viewer
from widgets.viewer_geometry import Placement
from widgets.viewer_layers import stored_point, stored_to_widget

_CLICK_PX = 4  # a press that moves no farther is a click
_KINDS: dict[str, AnnotationKind] = {kind: kind for kind in POINTS}
_UNDISTURBED = ("area zoom", "area window", "magnifier")  # tools that begin upon an annotation too


@dataclass(frozen=True, slots=True)
class _Hold:
    """A drag of something that is there."""

    hit: Hit
    start: QPointF
    label: QPointF  # the middle of the value as the drag began
    is_moved: bool = False


class AnnotationTools(QObject):
    """The annotations of one viewer: a layer over its film and a pointer before its own tools.

    Signals
    -------
    changed
        An `Annotation` as the reader wants it to be now: a new one has no uuid yet.
    selected
        Something else is selected here, or nothing (`Annotation` or None).
    """

    changed = Signal(object)
    selected = Signal(object)

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._layer = AnnotationLayer()
        self._hold: _Hold | None = None
        self._pressed: QPointF | None = None
        self._is_line_begun = False  # by the press that is under way
        self._is_between_lines = False  # of a Cobb angle: no point follows the mouse
        self._text = FilmText(viewer)
        self._asked: Annotation | None = None  # whose text is being written
        self._text.written.connect(self._on_written)
        self._text.given_up.connect(self._on_text_given_up)
        viewer.add_layer(self._layer)
        viewer.add_pointer(self)
        viewer.image_changed.connect(self._on_image_changed)
        viewer.tool_changed.connect(lambda _: self._drop_draft())
        viewer.cursor_left.connect(lambda: self._hover_over(None))
        viewer.view_changed.connect(lambda: self._text.end(is_given_up=False))

    # -- what is shown -----------------------------------------------------------------------------

    def show(self, annotations: Sequence[Annotation], reader: str) -> None:
        """Show the annotations of the film on the screen; only this reader's can be changed."""
        layer = self._layer
        layer.annotations, layer.reader = tuple(annotations), reader
        uuids = {one.uuid for one in annotations}
        if layer.selected is not None and layer.selected not in uuids:
            self.select(None)
        if layer.hovered not in uuids:
            layer.hovered = None
        if self._hold is not None and self._hold.hit.annotation.uuid not in uuids:
            self._drop_hold()
        self._viewer.update()

    @property
    def shown(self) -> tuple[Annotation, ...]:
        """The annotations of the film on the screen."""
        return self._layer.annotations

    @property
    def selection(self) -> Annotation | None:
        """The annotation that keys act on; None without one."""
        return next((one for one in self._layer.annotations if one.uuid == self._layer.selected), None)

    @property
    def is_drawing(self) -> bool:
        """Whether something is being drawn, dragged or written."""
        return self._layer.draft is not None or self._hold is not None or self._text.is_asking

    def select(self, annotation: Annotation | None) -> None:
        """Let keys act on another annotation."""
        uuid = None if annotation is None else annotation.uuid
        if uuid != self._layer.selected:
            self._layer.selected = uuid
            self.selected.emit(annotation)
            self._viewer.update()

    def select_at(self, at: QPointF) -> None:
        """Select the reader's own annotation under a point of the widget, if there is one."""
        hit = self._hit(at)
        if hit is not None and self._layer.is_own(hit.annotation):
            self.select(hit.annotation)

    def name_selected(self) -> None:
        """Ask for the text of the selected annotation."""
        if (annotation := self.selection) is not None:
            self._ask_text(annotation)

    # -- the pointer -------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> bool:
        """Take hold of what is there, or draw with the tool in hand."""
        placement = self._viewer.placement
        if event.button() != Qt.MouseButton.LeftButton or placement is None:
            return False
        if self._text.was_left_by_mouse():
            return True  # the click that ended a text means nothing more
        at = event.position()
        if self._layer.draft is None:
            hit = self._hit(at)
            if hit is not None and self._would_hold(hit):
                self._take_hold(hit, at, placement)
                return True
            self.select(None)
        kind = _KINDS.get(self._viewer.left_tool)
        if kind is None:
            return False
        self._pressed = at
        self._begin_line(kind, at, event.modifiers())
        self._viewer.update()
        return True

    def move(self, event: QMouseEvent) -> None:
        """Drag what is held, or the end of what is drawn."""
        at = event.position()
        if self._hold is not None:
            self._drag(self._hold, at, event.modifiers())
        elif self._layer.draft is not None:
            self._follow(at, event.modifiers())

    def release(self, event: QMouseEvent) -> None:
        """Keep what was dragged, or set a point."""
        at, pressed = event.position(), self._pressed
        self._pressed = None
        if self._hold is not None:
            self._let_go(self._hold)
        elif self._layer.draft is not None and pressed is not None:
            is_click = (at - pressed).manhattanLength() < _CLICK_PX
            if not (is_click and self._is_line_begun):
                self._follow(at, event.modifiers())
                self._set_point()
            self._is_line_begun = False

    def hover(self, event: QMouseEvent) -> Qt.CursorShape | None:
        """Follow with the end of what is drawn, or show what a press would take hold of."""
        self._text.was_left_by_mouse()
        if self._layer.draft is not None:
            self._follow(event.position(), event.modifiers())
            return Qt.CursorShape.CrossCursor
        hit = self._hit(event.position())
        self._hover_over(hit)
        if hit is not None and self._would_hold(hit):
            return {
                "handle": Qt.CursorShape.PointingHandCursor,
                "label": Qt.CursorShape.OpenHandCursor,
                "body": Qt.CursorShape.SizeAllCursor,
            }[hit.part]
        return Qt.CursorShape.CrossCursor if self._viewer.left_tool in _KINDS else None

    def double_click(self, event: QMouseEvent) -> bool:
        """Name what is under the mouse; a quick second click while drawing is a click like any other."""
        if self._layer.draft is not None:
            self._pressed = event.position()
            self.release(event)
            return True
        hit = self._hit(event.position())
        if hit is not None and self._layer.is_own(hit.annotation):
            self.select(hit.annotation)
            self._ask_text(hit.annotation)
            return True
        return self._viewer.left_tool in _KINDS

    def cancel(self) -> bool:
        """Give up what is being drawn or dragged, else let go of what is selected."""
        if self._text.is_asking:
            self._text.end(is_given_up=True)
        elif self._layer.draft is not None:
            self._drop_draft()
        elif self._hold is not None:
            self._drop_hold()
        elif self._layer.selected is not None:
            self.select(None)
        else:
            return False
        self._viewer.update()
        return True

    # -- drawing -----------------------------------------------------------------------------------

    def _begin_line(self, kind: AnnotationKind, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """A press while drawing: the beginning of a line, or the place of a point that follows already."""
        draft = self._layer.draft
        if draft is None:
            image = self._viewer.image
            assert image is not None
            point = self._stored(at, kind)
            draft = Annotation(image.header.sop_instance_uid, image.frame, kind, (point,), self._layer.reader)
        elif self._is_between_lines:
            self._is_between_lines = False
            draft = replace(draft, points=(*draft.points, self._stored(at, kind)))
        else:
            self._follow(at, modifiers)
            return
        self._is_line_begun = len(draft.points) < POINTS[kind]
        if self._is_line_begun:
            draft = replace(draft, points=(*draft.points, draft.points[-1]))
        self._layer.draft = draft

    def _follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        draft = self._layer.draft
        if draft is None or self._is_between_lines or self._asked is not None:
            return
        before = drawn_from(draft.kind, len(draft.points) - 1)
        if before is not None and modifiers & Qt.KeyboardModifier.ShiftModifier:
            at = constrained(draft.kind, self._on_screen(draft.points[before]), at)
        points = (*draft.points[:-1], self._stored(at, draft.kind))
        self._layer.draft = replace(draft, points=points)
        self._viewer.update()

    def _set_point(self) -> None:
        """The point that follows the mouse stays where it is; the next one follows, or all are there."""
        draft = self._layer.draft
        assert draft is not None
        if len(draft.points) == POINTS[draft.kind]:
            self._finish(draft)
        elif draft.kind == "cobb":
            self._is_between_lines = True
        else:
            self._layer.draft = replace(draft, points=(*draft.points, draft.points[-1]))

    def _finish(self, draft: Annotation) -> None:
        self._drop_draft()
        if not self._has_extent(draft):
            return
        if draft.kind in ("arrow", "text"):
            self._ask_text(draft)
        else:
            self.changed.emit(draft)

    def _has_extent(self, draft: Annotation) -> bool:
        """Whether every line is long enough to have been meant."""
        points = [self._on_screen(point) for point in draft.points]
        for place in range(1, len(points)):
            before = drawn_from(draft.kind, place)
            if before is None:
                continue
            by = points[place] - points[before]
            is_flat = draft.kind in BOXES and min(abs(by.x()), abs(by.y())) < 1
            if is_flat or by.manhattanLength() < _CLICK_PX:
                return False
        return True

    def _drop_draft(self) -> None:
        self._layer.draft = None
        self._is_line_begun = self._is_between_lines = False
        self._viewer.update()

    # -- holding -----------------------------------------------------------------------------------

    def _take_hold(self, hit: Hit, at: QPointF, placement: Placement) -> None:
        label = self._layer.label_centre(hit.annotation, placement, self._viewer.devicePixelRatioF())
        self._hold = _Hold(hit, at, at if label is None else label)
        self.select(hit.annotation)

    def _drag(self, hold: _Hold, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        by = at - hold.start
        if not hold.is_moved and by.manhattanLength() < _CLICK_PX:
            return
        self._hold = replace(hold, is_moved=True)
        before = hold.hit.annotation
        points = [self._on_screen(point) for point in before.points]
        if hold.hit.part == "label":
            row, column = self._stored(hold.label + by)
            self._layer.changed = replace(before, label_at=(row, column))
        elif hold.hit.part == "handle":
            is_constrained = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            moved = with_handle(before.kind, points, hold.hit.handle, at, is_constrained)
            stored = tuple(self._stored(point, before.kind) for point in moved)
            self._layer.changed = replace(before, points=stored)
        else:
            stored = tuple(self._stored(point + by) for point in points)
            label_at = (
                None if before.label_at is None else self._stored(self._on_screen(before.label_at) + by)
            )
            self._layer.changed = replace(before, points=stored, label_at=label_at)
        self._viewer.update()

    def _let_go(self, hold: _Hold) -> None:
        self._hold = None
        changed, self._layer.changed = self._layer.changed, None
        if hold.is_moved and changed is not None and changed != hold.hit.annotation:
            self.changed.emit(changed)
        self._viewer.update()

    def _drop_hold(self) -> None:
        self._hold = self._layer.changed = None
        self._viewer.update()

    # -- writing -----------------------------------------------------------------------------------

    def _ask_text(self, annotation: Annotation) -> None:
        placement = self._viewer.placement
        if placement is None:
            return
        self._asked = annotation
        at = self._on_screen(annotation.points[-1])
        if annotation.kind == "text":
            self._layer.hidden = annotation.uuid or None
        elif annotation.uuid:
            label = self._layer.label_centre(annotation, placement, self._viewer.devicePixelRatioF())
            at = at if label is None else label
        else:
            self._layer.draft = annotation  # the arrow stays in sight
            at += QPointF(theme.space(2), 0)
        self._text.ask(at, annotation.text)
        self._viewer.update()

    def _on_written(self, text: str) -> None:
        annotation = self._end_asking()
        if annotation is None or (annotation.kind == "text" and not text):
            return
        if not annotation.uuid or text != annotation.text:
            self.changed.emit(replace(annotation, text=text))

    def _on_text_given_up(self) -> None:
        annotation = self._end_asking()
        if annotation is not None and not annotation.uuid and annotation.kind == "arrow":
            self.changed.emit(annotation)  # an arrow needs no words

    def _end_asking(self) -> Annotation | None:
        annotation, self._asked = self._asked, None
        self._layer.hidden = None
        if annotation is not None and not annotation.uuid:
            self._drop_draft()
        self._viewer.update()
        return annotation

    # -- places ------------------------------------------------------------------------------------

    def _hit(self, at: QPointF) -> Hit | None:
        placement = self._viewer.placement
        if placement is None or self._viewer.left_tool in _UNDISTURBED:
            return None
        return self._layer.hit(at, placement, self._viewer.devicePixelRatioF())

    def _would_hold(self, hit: Hit) -> bool:
        """Whether a press takes hold of it.

        Who has a drawing tool in hand wants to draw, beside and across what is there: only handles, what
        is selected, and texts for the tool that writes them come before that.
        """
        annotation, tool = hit.annotation, self._viewer.left_tool
        if not self._layer.is_own(annotation):
            return False
        is_selected = annotation.uuid == self._layer.selected
        return tool not in _KINDS or hit.part == "handle" or is_selected or annotation.kind == tool == "text"

    def _hover_over(self, hit: Hit | None) -> None:
        uuid = None if hit is None else hit.annotation.uuid
        if uuid != self._layer.hovered and self._hold is None:
            self._layer.hovered = uuid
            self._viewer.update()

    def _stored(self, at: QPointF, kind: AnnotationKind | None = None) -> tuple[float, float]:
        """(row, column) of a point of the widget; the corners of a box stay on the film."""
        placement, image = self._viewer.placement, self._viewer.image
        assert placement is not None
        assert image is not None
        row, column = stored_point(placement, self._viewer.devicePixelRatioF(), at)
        if kind in BOXES:
            row = min(max(row, 0.0), float(image.shape[0]))
            column = min(max(column, 0.0), float(image.shape[1]))
        return row, column

    def _on_screen(self, point: tuple[float, float]) -> QPointF:
        placement = self._viewer.placement
        assert placement is not None
        return stored_to_widget(placement, self._viewer.devicePixelRatioF()).map(QPointF(point[1], point[0]))

    def _on_image_changed(self) -> None:
        self._text.end(is_given_up=False)
        self._drop_draft()
        self._drop_hold()
        self._layer.hovered = None
        self._layer.annotations = ()
        self._layer.font = theme.figures(self._viewer.font())
        self._layer.font.setPixelSize(theme.text_px())
        self._layer.set_image(self._viewer.image)
        self.select(None)
