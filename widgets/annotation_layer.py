"""Annotations drawn over a film, and what of them lies under the mouse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QTransform,
)

from reviews.record import POINTS, REGIONS, Annotation
from studies.image import Image
from widgets import theme
from widgets.annotation_shapes import Shape, shape_of
from widgets.annotation_words import words_of
from widgets.viewer_geometry import Placement
from widgets.viewer_layers import stored_to_widget
from widgets.viewer_text_painting import TextPainter

_OUTLINE = QColor(8, 9, 10, 210)
_LINE_PX, _OUTLINE_PX = 1.5, 4.0
_HANDLE_PX = 4.5
_EDGE_PX = 4.0  # between a value and the edge of the view
_PADDING_PX = 4.0  # around a value: its ground, where it is taken hold of
_AROUND_PX = 8.0  # around a line: its outline, its handles
_GROUND = QColor(8, 9, 10, 120)
_REGION_OUTLINE_PX = 3.0  # regions are larger than measurements, and quieter
_FILL_ALPHA, _HATCH_ALPHA = 26, 130
_SHADE = QColor(8, 9, 10, 90)  # under the hatching, which would not be seen on bright heatmap

Part = Literal["handle", "label", "body"]


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under the mouse."""

    annotation: Annotation
    part: Part
    handle: int = 0


@dataclass(frozen=True, slots=True)
class _Laid:
    """An annotation as it lies on the screen."""

    annotation: Annotation
    shape: Shape
    words: tuple[str, ...]
    label: QRectF  # empty without words


class AnnotationLayer:
    """A `Layer`; told what to show by `widgets.annotation_tools.AnnotationTools`."""

    def __init__(self) -> None:
        self.annotations: tuple[Annotation, ...] = ()
        self.reader = ""
        self.displays: Mapping[str, str] = {}  # of findings, by machine name
        self.hovered: str | None = None  # uuid
        self.selected: str | None = None
        self.draft: Annotation | None = None  # being drawn; may have fewer points than it will
        self.changed: Annotation | None = None  # being dragged, in the place of what it was
        self.hidden: str | None = None  # uuid of a text that is being written over the film
        self.font = QFont()
        self._image: Image | None = None
        self._texts = TextPainter()
        self._words: dict[str, tuple[object, tuple[str, ...]]] = {}
        self._painted: object = None  # what was drawn last
        self._picture: tuple[object, QPointF, QImage] | None = None  # of it, if it was drawn twice

    def set_image(self, image: Image | None) -> None:
        """Measure on another film."""
        self._image = image
        self._words.clear()
        self._painted = self._picture = None

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw all annotations, what is held above the others.

        What stands still while the window is dragged is drawn twice, then kept as a picture.
        """
        if not self.annotations and self.draft is None:
            return
        held = self.hovered, self.selected, self.hidden, self.reader
        shown = placement, ratio, self.annotations, self.draft, self.changed, held, self.font.key()
        if self._picture is None or self._picture[0] != shown:
            laid = self._laid(placement, ratio)
            if self._painted != shown:
                self._painted = shown
                self._paint_all(painter, laid)
                return
            self._picture = shown, *self._drawn(laid, _view_of(placement, ratio), ratio)
        painter.drawImage(self._picture[1], self._picture[2])

    def _paint_all(self, painter: QPainter, several: list[_Laid]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for laid in several:
            self._paint(painter, laid)

    def _drawn(self, several: list[_Laid], view: QRectF, ratio: float) -> tuple[QPointF, QImage]:
        """A picture of the part of the view that annotations take, and where its top left stands."""
        room = QRectF()
        for laid in several:
            room = room.united(laid.shape.room).united(laid.label)
        room = room.adjusted(-_AROUND_PX, -_AROUND_PX, _AROUND_PX, _AROUND_PX)
        whole = room.intersected(view.adjusted(-_EDGE_PX, -_EDGE_PX, _EDGE_PX, _EDGE_PX)).toAlignedRect()
        size = QSize(max(round(whole.width() * ratio), 1), max(round(whole.height() * ratio), 1))
        picture = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.translate(-whole.topLeft())
        self._paint_all(painter, several)
        painter.end()
        return QPointF(whole.topLeft()), picture

    def hit(self, at: QPointF, placement: Placement, ratio: float) -> Hit | None:
        """What a press at a point of the widget would take hold of; what was drawn last goes first."""
        several = self._laid(placement, ratio)[::-1]
        for laid in several:
            handle = laid.shape.handle_at(at) if self.is_own(laid.annotation) else None
            if handle is not None:
                return Hit(laid.annotation, "handle", handle)
        for laid in several:
            if laid.label.contains(at):
                return Hit(laid.annotation, "body" if laid.annotation.kind == "text" else "label")
            if laid.shape.holds(at):
                return Hit(laid.annotation, "body")
        return None

    def is_own(self, annotation: Annotation) -> bool:
        """Whether the reader drew it, and so may change it."""
        return annotation.reader == self.reader

    def label_centre(self, annotation: Annotation, placement: Placement, ratio: float) -> QPointF | None:
        """The middle of an annotation's value on the screen; None where it has none."""
        laid = next((one for one in self._laid(placement, ratio) if one.annotation is annotation), None)
        return laid.label.center() if laid is not None and laid.words else None

    # -- laying ------------------------------------------------------------------------------------

    def _laid(self, placement: Placement, ratio: float) -> list[_Laid]:
        """From the one painted first to the one painted last; values keep clear of those laid before."""
        to_widget, view = stored_to_widget(placement, ratio), _view_of(placement, ratio)
        changed = self.changed
        shown = [
            changed if changed is not None and changed.uuid == one.uuid else one
            for one in self.annotations
            if one.uuid != self.hidden
        ]
        if self.draft is not None:
            shown.append(self.draft)
        laid: list[_Laid] = []
        taken: list[QRectF] = []
        for one in shown:
            laid.append(self._lay(one, to_widget, view, taken))
            taken.append(laid[-1].label)
        laid.sort(key=lambda one: self._is_held(one.annotation))
        return laid

    def _lay(self, annotation: Annotation, to_widget: QTransform, view: QRectF, taken: list[QRectF]) -> _Laid:
        points = [to_widget.map(QPointF(column, row)) for row, column in annotation.points]
        shape = shape_of(annotation.kind, points)
        words = self._words_of(annotation)
        if not words:
            return _Laid(annotation, shape, words, QRectF())
        metrics = QFontMetricsF(self.font)
        width = math.ceil(max(metrics.horizontalAdvance(line) for line in words))
        size = QSizeF(width, len(words) * _line_px(metrics)) + QSizeF(2 * _PADDING_PX, 2 * _PADDING_PX)
        if annotation.label_at is not None:
            row, column = annotation.label_at
            label = QRectF(QPointF(0, 0), size)
            label.moveCenter(to_widget.map(QPointF(column, row)))
            return _Laid(annotation, shape, words, label)
        boxes = [place.box(size) for place in shape.places]
        if annotation.kind == "text":
            return _Laid(annotation, shape, words, boxes[0])
        inside = [box for box in boxes if view.contains(box)]
        free = (box for box in inside if not any(box.intersects(other) for other in taken))
        label = next(free, (inside or boxes)[0])
        if shape.lines.boundingRect().adjusted(-1, -1, 1, 1).intersects(view):
            _bring_into(label, view)
        return _Laid(annotation, shape, words, label)

    def _is_held(self, annotation: Annotation) -> bool:
        return annotation is self.draft or annotation.uuid in (self.hovered, self.selected)

    def _words_of(self, annotation: Annotation) -> tuple[str, ...]:
        """The lines beside an annotation, worked out once for each place that it had."""
        is_whole = len(annotation.points) >= POINTS[annotation.kind]
        display = self.displays.get(annotation.text, "")
        key = annotation.points, annotation.text, annotation.uuid == self.hovered, display
        kept = self._words.get(annotation.uuid)
        if kept is None or kept[0] != key:
            words: tuple[str, ...] = ()
            if is_whole and self._image is not None:
                words = words_of(annotation, self._image, self.displays)
            if not self.is_own(annotation) and annotation.uuid == self.hovered:
                words = (*words, annotation.reader)
            kept = self._words[annotation.uuid] = key, words
        return kept[1]

    # -- painting ----------------------------------------------------------------------------------

    def _paint(self, painter: QPainter, laid: _Laid) -> None:
        annotation, shape = laid.annotation, laid.shape
        is_held = self._is_held(annotation)
        colour = self._colour(annotation, is_held)
        if annotation.label_at is not None and laid.words and shape.handles:
            _paint_dotted(painter, _leader(laid), colour)
        _paint_dotted(painter, shape.links, colour)
        style = Qt.PenStyle.SolidLine if self.is_own(annotation) else Qt.PenStyle.DashLine
        if annotation.kind in REGIONS:
            _paint_region(painter, shape, colour, style, is_wrong=annotation.kind == "not-evidence")
        else:
            _paint_lines(painter, shape, colour, style)
        if is_held and self.is_own(annotation):
            _paint_handles(painter, shape.handles, colour)
        if laid.words:
            self._paint_words(painter, laid, QPen(colour, 1, Qt.PenStyle.DotLine) if is_held else None)

    def _paint_words(self, painter: QPainter, laid: _Laid, frame: QPen | None) -> None:
        """On a ground that lets the film through, so that they can be read on bone and on air."""
        painter.setPen(frame if frame is not None else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(_GROUND)
        painter.drawRoundedRect(laid.label, _PADDING_PX, _PADDING_PX)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        metrics = QFontMetricsF(self.font)
        left, top = round(laid.label.left() + _PADDING_PX), laid.label.top() + _PADDING_PX
        for number, line in enumerate(laid.words):
            baseline = round(top + number * _line_px(metrics) + metrics.ascent())
            self._texts.draw(painter, QPointF(left, baseline), line, self.font, QColor(theme.TOKENS.text))

    def _colour(self, annotation: Annotation, is_held: bool) -> QColor:
        if is_held:
            return QColor(theme.TOKENS.accent_hover)
        if annotation.kind == "evidence":
            return QColor(theme.TOKENS.accent)
        return QColor(theme.TOKENS.text if self.is_own(annotation) else theme.TOKENS.text_quiet)


def _view_of(placement: Placement, ratio: float) -> QRectF:
    view = QRectF(0, 0, placement.width / ratio, placement.height / ratio)
    return view.adjusted(_EDGE_PX, _EDGE_PX, -_EDGE_PX, -_EDGE_PX)


def _line_px(metrics: QFontMetricsF) -> int:
    return math.ceil(metrics.height() * 1.1)


def _bring_into(label: QRectF, view: QRectF) -> None:
    """Push a value back that would stand beyond the edge of the view."""
    label.moveLeft(max(min(label.left(), view.right() - label.width()), view.left()))
    label.moveTop(max(min(label.top(), view.bottom() - label.height()), view.top()))


def _leader(laid: _Laid) -> QPainterPath:
    """From a value that was dragged away to the nearest point of its lines."""
    label, path = laid.label, QPainterPath()
    targets = laid.shape.handles

    def from_label(point: QPointF) -> QPointF:
        return QPointF(
            min(max(point.x(), label.left()), label.right()), min(max(point.y(), label.top()), label.bottom())
        )

    def distance(point: QPointF) -> float:
        start = from_label(point)
        return math.hypot(point.x() - start.x(), point.y() - start.y())

    nearest = min(targets, key=distance)
    if distance(nearest) > 2 * _HANDLE_PX:
        path.moveTo(from_label(nearest))
        path.lineTo(nearest)
    return path


def _paint_lines(painter: QPainter, shape: Shape, colour: QColor, style: Qt.PenStyle) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(_OUTLINE, _OUTLINE_PX, Qt.PenStyle.SolidLine))
    painter.drawPath(shape.lines)
    if not shape.head.isEmpty():
        painter.drawPolygon(shape.head)
    painter.setPen(_pen(colour, _LINE_PX, style))
    painter.drawPath(shape.lines)
    if not shape.head.isEmpty():
        painter.setBrush(colour)
        painter.drawPolygon(shape.head)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_region(
    painter: QPainter, shape: Shape, colour: QColor, style: Qt.PenStyle, *, is_wrong: bool
) -> None:
    """A breath of colour where a finding is; hatched, so not by colour alone, where it is not."""
    if is_wrong:
        painter.fillPath(shape.lines, _SHADE)
    inside = QColor(colour)
    inside.setAlpha(_HATCH_ALPHA if is_wrong else _FILL_ALPHA)
    pattern = Qt.BrushStyle.BDiagPattern if is_wrong else Qt.BrushStyle.SolidPattern
    painter.fillPath(shape.lines, QBrush(inside, pattern))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(_OUTLINE, _REGION_OUTLINE_PX, Qt.PenStyle.SolidLine))
    painter.drawPath(shape.lines)
    painter.setPen(_pen(colour, _LINE_PX, style))
    painter.drawPath(shape.lines)


def _pen(colour: QColor, width: float, style: Qt.PenStyle) -> QPen:
    return QPen(colour, width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _paint_dotted(painter: QPainter, path: QPainterPath, colour: QColor) -> None:
    if path.isEmpty():
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen_colour, width, style in (
        (_OUTLINE, 2.5, Qt.PenStyle.SolidLine),
        (colour, 1.0, Qt.PenStyle.DotLine),
    ):
        painter.setPen(QPen(pen_colour, width, style))
        painter.drawPath(path)


def _paint_handles(painter: QPainter, handles: Sequence[QPointF], colour: QColor) -> None:
    """Rings, so that the place itself stays in sight."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen_colour, width in ((_OUTLINE, _OUTLINE_PX), (colour, _LINE_PX)):
        painter.setPen(QPen(pen_colour, width))
        for handle in handles:
            painter.drawEllipse(handle, _HANDLE_PX, _HANDLE_PX)
