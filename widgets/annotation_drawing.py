"""An annotation as it is being drawn, and as it is being dragged: what each step of the mouse makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PySide6.QtCore import QPointF, Qt

from reviews.record import POINTS, REGIONS, Annotation, AnnotationKind
from widgets.annotation_layer import Hit
from widgets.annotation_shapes import BOXES, constrained, drawn_from, with_handle
from widgets.cover_shapes import CoverKind
from widgets.viewer_canvas import FilmCanvas
from widgets.viewer_layers import stored_point, stored_to_widget

CLICK_PX = 4
"""A press that moves no farther is a click."""
OUTLINE_POINT_PX = 3.0
"""Between the points of an outline that is drawn by hand."""
OUTLINE_OFF_PX = 0.75
"""So far a straight line may pass by a point of it that is left out."""


class Places:
    """Between the px of a film's widget and stored-pixel space, as the film lies now; it has a film."""

    def __init__(self, film: FilmCanvas) -> None:
        self._film = film

    def stored(self, at: QPointF, kind: AnnotationKind | None = None) -> tuple[float, float]:
        """(row, column) of a point of the widget; the corners of a box stay on the film."""
        placement, image = self._film.placement, self._film.image
        assert placement is not None
        assert image is not None
        row, column = stored_point(placement, self._film.devicePixelRatioF(), at)
        if kind in BOXES or kind in REGIONS:
            row = min(max(row, 0.0), float(image.shape[0]))
            column = min(max(column, 0.0), float(image.shape[1]))
        return row, column

    def on_screen(self, point: tuple[float, float]) -> QPointF:
        """The widget's (x, y) of a point in stored-pixel space."""
        placement = self._film.placement
        assert placement is not None
        return stored_to_widget(placement, self._film.devicePixelRatioF()).map(QPointF(point[1], point[0]))


def is_shift(modifiers: Qt.KeyboardModifier) -> bool:
    return bool(modifiers & Qt.KeyboardModifier.ShiftModifier)


class Drawing:
    """Sets point after point. The last point of the draft follows the mouse until it is set.

    A line is drawn by dragging, or by a click at each of its ends; a region as an ellipse, a rectangle or an
    outline that follows the mouse.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.draft: Annotation | None = None
        self.region_shape: CoverKind = "ellipse"
        self._pressed: QPointF | None = None
        self._is_line_begun = False  # by the press that is under way
        self._is_between_lines = False  # of a Cobb angle: no point follows the mouse

    def press(self, at: QPointF, modifiers: Qt.KeyboardModifier, new: Annotation) -> None:
        """Begin a line, of `new` (which has no points) where nothing is being drawn, or hold its end."""
        self._pressed = at
        if self.draft is not None and not self._is_between_lines:
            self.follow(at, modifiers)
            return
        self._is_between_lines = False
        draft = new if self.draft is None else self.draft
        point = self._places.stored(at, draft.kind)
        self._is_line_begun = len(draft.points) + 1 < POINTS[draft.kind]
        self.draft = replace(draft, points=(*draft.points, *[point] * (2 if self._is_line_begun else 1)))

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse moved; with Shift held, as `constrained` says."""
        draft = self.draft
        if draft is None or self._is_between_lines:
            return
        if draft.kind in REGIONS and self.region_shape != "ellipse":
            self.draft = self._region_followed(draft, at, modifiers)
            return
        before = drawn_from(draft.kind, len(draft.points) - 1)
        if before is not None and is_shift(modifiers):
            at = constrained(draft.kind, self._places.on_screen(draft.points[before]), at)
        self.draft = replace(draft, points=(*draft.points[:-1], self._places.stored(at, draft.kind)))

    def release(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> Annotation | None:
        """The button was let go: the point is set, unless the press was the click that began the line.

        Returns
        -------
        Annotation or None
            What was drawn, when that was its last point and it is large enough to have been meant.
        """
        pressed, self._pressed = self._pressed, None
        is_begun, self._is_line_begun = self._is_line_begun, False
        if self.draft is None or pressed is None:
            return None
        if is_begun and (at - pressed).manhattanLength() < CLICK_PX:
            return None
        self.follow(at, modifiers)
        return self._set_point(self.draft)

    def click(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> Annotation | None:
        """A press and a release at one place, of which the press was told as something else."""
        self._pressed = at
        return self.release(at, modifiers)

    def drop(self) -> None:
        """Give up what is being drawn."""
        self.draft = self._pressed = None
        self._is_line_begun = self._is_between_lines = False

    def _region_followed(self, draft: Annotation, at: QPointF, modifiers: Qt.KeyboardModifier) -> Annotation:
        """A rectangle with its far corner at the mouse, or an outline that has come to it."""
        if self.region_shape == "outline":
            last = self._places.on_screen(draft.points[-1])
            if (at - last).manhattanLength() < OUTLINE_POINT_PX:
                return draft
            so_far = draft.points[:1] if draft.points[0] == draft.points[1] else draft.points
            return replace(draft, points=(*so_far, self._places.stored(at, draft.kind)))
        fixed = self._places.on_screen(draft.points[0])
        if is_shift(modifiers):
            at = constrained(draft.kind, fixed, at)
        corners = fixed, QPointF(at.x(), fixed.y()), at, QPointF(fixed.x(), at.y())
        return replace(draft, points=tuple(self._places.stored(corner, draft.kind) for corner in corners))

    def _set_point(self, draft: Annotation) -> Annotation | None:
        if draft.kind in REGIONS:
            self.drop()
            if not self._has_room(draft):
                return None
            return self._thinned(draft) if self.region_shape == "outline" else draft
        if len(draft.points) == POINTS[draft.kind]:
            self.drop()
            return draft if self._has_extent(draft) else None
        if draft.kind == "cobb":
            self._is_between_lines = True
        else:
            self.draft = replace(draft, points=(*draft.points, draft.points[-1]))
        return None

    def _has_room(self, draft: Annotation) -> bool:
        """Whether a region is large enough to have been meant, and to be one."""
        points = [self._places.on_screen(point) for point in draft.points]
        across = max(p.x() for p in points) - min(p.x() for p in points)
        down = max(p.y() for p in points) - min(p.y() for p in points)
        return min(across, down) >= CLICK_PX and (len(points) == 2 or len(set(draft.points)) >= 3)

    def _thinned(self, draft: Annotation) -> Annotation:
        """An outline without the points that a straight line comes near enough to."""
        points = [self._places.on_screen(point) for point in draft.points]
        line = np.array([(p.x(), p.y()) for p in points], np.float32)
        kept = cv2.approxPolyDP(line, OUTLINE_OFF_PX, closed=True)[:, 0].tolist()
        if len(kept) < 3:
            return draft
        return replace(draft, points=tuple(self._places.stored(QPointF(x, y), draft.kind) for x, y in kept))

    def _has_extent(self, draft: Annotation) -> bool:
        """Whether every line is long enough to have been meant."""
        points = [self._places.on_screen(point) for point in draft.points]
        for place in range(1, len(points)):
            before = drawn_from(draft.kind, place)
            if before is None:
                continue
            by = points[place] - points[before]
            is_flat = draft.kind in BOXES and min(abs(by.x()), abs(by.y())) < 1
            if is_flat or by.manhattanLength() < CLICK_PX:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Hold:
    """A drag of something that is there.

    Parameters
    ----------
    start
        Where it began, in the widget's px.
    label
        The middle of the value as it began.
    """

    hit: Hit
    start: QPointF
    label: QPointF
    is_moved: bool = False

    def moves(self, at: QPointF) -> bool:
        """Whether the mouse has moved far enough to mean a drag."""
        return self.is_moved or (at - self.start).manhattanLength() >= CLICK_PX

    def dragged(self, at: QPointF, places: Places, is_constrained: bool) -> Annotation:
        """The annotation with its handle, its value or its whole dragged to here."""
        before, by = self.hit.annotation, at - self.start
        if self.hit.part == "label":
            return replace(before, label_at=places.stored(self.label + by))
        points = [places.on_screen(point) for point in before.points]
        if self.hit.part == "handle":
            moved = with_handle(before.kind, points, self.hit.handle, at, is_constrained)
            return replace(before, points=tuple(places.stored(point, before.kind) for point in moved))
        label_at = None
        if before.label_at is not None:
            label_at = places.stored(places.on_screen(before.label_at) + by)
        return replace(before, points=tuple(places.stored(point + by) for point in points), label_at=label_at)
