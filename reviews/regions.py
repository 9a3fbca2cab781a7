"""Regions on films: where a reader says a finding is, and where its heatmap has no business."""

from __future__ import annotations

import math

from reviews.record import Annotation

ELLIPSE_POINTS = 48

Outline = tuple[tuple[float, float], ...]


def outline_of(region: Annotation) -> Outline:
    """The closed outline of an annotation of `reviews.record.REGIONS`: (row, column) in stored-pixel space.

    Two points are the corners of the box around an ellipse, more are the outline itself.
    """
    if len(region.points) != 2:
        return region.points
    (top, left), (bottom, right) = region.points
    row, column = (top + bottom) / 2, (left + right) / 2
    height, width = abs(bottom - top) / 2, abs(right - left) / 2
    turns = (2 * math.pi * n / ELLIPSE_POINTS for n in range(ELLIPSE_POINTS))
    return tuple((row + height * math.sin(turn), column + width * math.cos(turn)) for turn in turns)
