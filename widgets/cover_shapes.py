"""What a reader covers of a film, or keeps: its shape, moved and sized. Free of widgets and mouse."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import cv2
import numpy as np

from inference.covering import Region

CoverKind = Literal["rectangle", "ellipse", "outline"]
COVER_KINDS: tuple[CoverKind, ...] = get_args(CoverKind)
Point = tuple[float, float]

_ELLIPSE_POINTS = 48
_LEAST_SIDE = 1.0  # stored pixels


@dataclass(frozen=True, slots=True)
class Cover:
    """A shape on a film, in stored-pixel space.

    Parameters
    ----------
    points
        (row, column): two opposite corners of the box of a rectangle or an ellipse; all of an outline.
    keeps
        What lies inside is kept, and everything else is covered.
    """

    kind: CoverKind
    points: tuple[Point, ...]
    keeps: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(top, left, bottom, right)."""
        rows, columns = zip(*self.points, strict=True)
        return min(rows), min(columns), max(rows), max(columns)

    @property
    def centre(self) -> Point:
        top, left, bottom, right = self.box
        return (top + bottom) / 2, (left + right) / 2

    @property
    def polygon(self) -> tuple[Point, ...]:
        """The closed outline, (row, column)."""
        top, left, bottom, right = self.box
        if self.kind == "rectangle":
            return (top, left), (top, right), (bottom, right), (bottom, left)
        if self.kind == "ellipse":
            (row, column), height, width = self.centre, (bottom - top) / 2, (right - left) / 2
            turns = (2 * math.pi * n / _ELLIPSE_POINTS for n in range(_ELLIPSE_POINTS))
            return tuple((row + height * math.sin(t), column + width * math.cos(t)) for t in turns)
        return self.points

    @property
    def region(self) -> Region:
        """What the model is asked about."""
        return Region((self.polygon,), self.keeps)

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside."""
        outline = np.array(self.polygon, np.float32)
        return cv2.pointPolygonTest(outline, (float(point[0]), float(point[1])), False) >= 0

    def moved(self, by: Point, shape: tuple[int, int]) -> Cover:
        """The cover pushed by (rows, columns); its centre stays on a film of (rows, columns) `shape`."""
        row, column = self.centre
        down = min(max(row + by[0], 0.0), float(shape[0])) - row
        along = min(max(column + by[1], 0.0), float(shape[1])) - column
        return replace(self, points=tuple((r + down, c + along) for r, c in self.points))

    def grown(self, factor: float, shape: tuple[int, int]) -> Cover:
        """The cover enlarged about its centre: not beyond twice the film, not to nothing."""
        top, left, bottom, right = self.box
        largest = 2 * max(shape)
        if max(bottom - top, right - left) * factor > largest:
            return self
        if min(bottom - top, right - left) * factor < _LEAST_SIDE:
            return self
        row, column = self.centre
        points = tuple((row + (r - row) * factor, column + (c - column) * factor) for r, c in self.points)
        return replace(self, points=points)
