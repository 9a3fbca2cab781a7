"""Measuring and marking by mouse: drawing, taking hold, moving, naming.

A length is drawn by dragging, or by a click at each end; what has more points goes on until it has them
all. Every part of an annotation can be dragged: its handles, its value, the whole. What comes of it is
told in signals; who keeps it shows it again with `show`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter

from reviews.record import POINTS, REGIONS, Annotation, AnnotationKind
from widgets import theme
from widgets.annotation_drawing import Drawing, Hold, Places, is_shift
from widgets.annotation_layer import AnnotationLayer, Hit
from widgets.annotation_text import FilmText
from widgets.cover_shapes import CoverKind
from widgets.viewer import Viewer
from widgets.viewer_geometry import Placement

_KINDS: dict[str, AnnotationKind] = {kind: kind for kind in POINTS}
_UNDISTURBED = ("area zoom", "area window", "magnifier", "cover")  # tools that begin upon an annotation too


class AnnotationTools(QObject):
    """The annotations of one viewer: a layer over its film and a pointer before its own tools.

    Signals
    -------
    changed
        An `Annotation` as the reader wants it to be now: a new one has no uuid yet.
    selected
        Something else is selected here, or nothing (`Annotation` or None).
    finding_wanted
        A region was to be drawn, and nobody has said of which finding.
    """

    changed = Signal(object)
    selected = Signal(object)
    finding_wanted = Signal()

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._layer = AnnotationLayer()
        self._places = Places(viewer)
        self._drawing = Drawing(self._places)
        self._hold: Hold | None = None
        self._text = FilmText(viewer)
        self._asked: Annotation | None = None  # whose text is being written
        self._findings: dict[AnnotationKind, str] = {}  # machine names; of which regions are drawn
        self._text.written.connect(self._on_written)
        self._text.given_up.connect(self._on_text_given_up)
        viewer.add_layer(self)
        viewer.add_pointer(self)
        viewer.image_changed.connect(self._on_image_changed)
        viewer.tool_changed.connect(self._on_tool_changed)
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

    def set_findings(self, findings: Mapping[AnnotationKind, str], displays: Mapping[str, str]) -> None:
        """Of which finding each kind of region is drawn, empty for none; what people read for findings."""
        if self._layer.displays != displays:
            self._layer.displays = dict(displays)
            self._viewer.update()
        self._findings = dict(findings)

    def set_region_shape(self, shape: CoverKind) -> None:
        """Draw regions in this shape from now on."""
        self._drawing.region_shape = shape

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
        return self._drawing.draft is not None or self._hold is not None or self._text.is_asking

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw the annotations, unless the film alone is wanted."""
        if not self._viewer.is_bare:
            self._layer.paint(painter, placement, ratio)

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
        if self._drawing.draft is None:
            hit = self._hit(at)
            if hit is not None and self._would_hold(hit):
                label = self._layer.label_centre(hit.annotation, placement, self._viewer.devicePixelRatioF())
                self._hold = Hold(hit, at, at if label is None else label)
                self.select(hit.annotation)
                return True
            self.select(None)
        kind, image = _KINDS.get(self._viewer.left_tool), self._viewer.image
        if kind is None or image is None:
            return False
        text = self._findings.get(kind, "")
        if kind in REGIONS and not text:
            self.finding_wanted.emit()
            return True
        new = Annotation(image.header.sop_instance_uid, image.frame, kind, (), self._layer.reader, text)
        self._drawing.press(at, event.modifiers(), new)
        self._show_draft()
        return True

    def move(self, event: QMouseEvent) -> None:
        """Drag what is held, or the end of what is drawn."""
        at, hold = event.position(), self._hold
        if hold is None:
            self._drawing.follow(at, event.modifiers())
            self._show_draft()
        elif hold.moves(at):
            self._hold = replace(hold, is_moved=True)
            self._layer.changed = hold.dragged(at, self._places, is_shift(event.modifiers()))
            self._viewer.update()

    def release(self, event: QMouseEvent) -> None:
        """Keep what was dragged, or set a point."""
        if self._hold is not None:
            self._let_go(self._hold)
        else:
            self._on_drawn(self._drawing.release(event.position(), event.modifiers()))

    def hover(self, event: QMouseEvent) -> Qt.CursorShape | None:
        """Follow with the end of what is drawn, or show what a press would take hold of."""
        self._text.was_left_by_mouse()
        if self._drawing.draft is not None:
            self._drawing.follow(event.position(), event.modifiers())
            self._show_draft()
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
        if self._drawing.draft is not None:
            self._on_drawn(self._drawing.click(event.position(), event.modifiers()))
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
        elif self._drawing.draft is not None:
            self._drop_drawing()
        elif self._hold is not None:
            self._drop_hold()
        elif self._layer.selected is not None:
            self.select(None)
        else:
            return False
        self._viewer.update()
        return True

    # -- what comes of it --------------------------------------------------------------------------

    def _show_draft(self) -> None:
        """What is being drawn; an arrow stays in sight while its text is being written."""
        asked = self._asked if self._asked is not None and self._asked.kind == "arrow" else None
        self._layer.draft = asked if asked is not None and not asked.uuid else self._drawing.draft
        self._viewer.update()

    def _on_drawn(self, drawn: Annotation | None) -> None:
        if drawn is not None and drawn.kind in ("arrow", "text"):
            self._ask_text(drawn)
        elif drawn is not None:
            self.changed.emit(drawn)
        self._show_draft()

    def _drop_drawing(self) -> None:
        self._drawing.drop()
        self._show_draft()

    def _let_go(self, hold: Hold) -> None:
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
        if placement is None or annotation.kind in REGIONS:  # a region says its finding and nothing else
            return
        self._asked = annotation
        at = self._places.on_screen(annotation.points[-1])
        if annotation.kind == "text":
            self._layer.hidden = annotation.uuid or None
        elif annotation.uuid:
            label = self._layer.label_centre(annotation, placement, self._viewer.devicePixelRatioF())
            at = at if label is None else label
        else:
            at += QPointF(theme.space(2), 0)
        self._text.ask(at, annotation.text)
        self._show_draft()

    def _on_written(self, text: str) -> None:
        annotation = self._end_asking()
        if annotation is None:
            return
        if annotation.kind == "text" and not text:
            if annotation.uuid:
                self.changed.emit(replace(annotation, is_deleted=True))
        elif not annotation.uuid or text != annotation.text:
            self.changed.emit(replace(annotation, text=text))

    def _on_text_given_up(self) -> None:
        annotation = self._end_asking()
        if annotation is not None and not annotation.uuid and annotation.kind == "arrow":
            self.changed.emit(annotation)  # an arrow needs no words

    def _end_asking(self) -> Annotation | None:
        annotation, self._asked = self._asked, None
        self._layer.hidden = None
        self._show_draft()
        return annotation

    # -- what is under the mouse ---------------------------------------------------------------------

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

    def _on_tool_changed(self, _: str) -> None:
        self._drop_drawing()
        self._hover_over(None)

    def _on_image_changed(self) -> None:
        self._text.end(is_given_up=False)
        self._drop_drawing()
        self._drop_hold()
        self._layer.hovered = None
        self._layer.annotations = ()
        self._layer.font = theme.figures(self._viewer.font())
        self._layer.font.setPixelSize(theme.text_px())
        self._layer.set_image(self._viewer.image)
        self.select(None)
