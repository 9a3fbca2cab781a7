"""Directions, lengths and angles of an image, in the patient where the file says enough.

Points are (row, column) in stored-pixel space: whole numbers lie on edges between pixels, the centre of
the first pixel at (0.5, 0.5). What is measured names its unit and what it is true of, so that nobody reads
millimetres where there are none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studies.image import Header, Image, Spacing, SpacingKind

Point = tuple[float, float]
Letters = tuple[str, str, str, str]

_AXES = ("RL", "AP", "FH")  # letters of the negative and the positive direction of x, y and z
_OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "F": "H", "H": "F"}
_LEAST_COSINE = 0.2
"""Parts of a direction below this (less than 12 degrees) get no letter."""


def direction_letters(cosines: tuple[float, float, float]) -> str:
    """The direction of a vector in the patient, the strongest part first: ``"L"``, ``"LA"``, ``"HPL"``."""
    strongest = sorted(range(3), key=lambda axis: -abs(cosines[axis]))
    return "".join(
        _AXES[axis][cosines[axis] > 0] for axis in strongest if abs(cosines[axis]) >= _LEAST_COSINE
    )


def opposite(letters: str) -> str:
    """The letters of the opposite direction; empty for letters that are none of a person's."""
    known = [_OPPOSITE.get(letter, "") for letter in letters]
    return "".join(known) if all(known) else ""


def orientation_letters(
    orientation: tuple[float, float, float, float, float, float] | tuple[str, str] | None,
) -> Letters:
    """Letters at the left, top, right and bottom of an image as it is stored, empty where not known.

    Parameters
    ----------
    orientation
        Direction cosines of rows and columns (PS3.3 C.7.6.2.1.1), or PatientOrientation (C.7.6.1.1.1):
        what lies to the right and below.
    """
    if orientation is None:
        return "", "", "", ""
    if len(orientation) == 2:
        right, bottom = orientation
    else:
        right, bottom = direction_letters(orientation[:3]), direction_letters(orientation[3:])
    return opposite(right), opposite(bottom), right, bottom


def letters_of(image: Image) -> Letters:
    """The letters of an image: from its plane, else from what its header says of a film."""
    return orientation_letters(image.orientation or image.header.patient_orientation)


@dataclass(frozen=True, slots=True)
class Plane:
    """A frame's place in the patient (PS3.3 C.7.6.2.1.1); vectors are (x, y, z), lengths in mm.

    Parameters
    ----------
    origin
        The centre of the first pixel.
    along_row, along_column
        Unit vectors to the right and downwards.
    """

    origin: tuple[float, float, float]
    along_row: tuple[float, float, float]
    along_column: tuple[float, float, float]
    row_mm: float
    column_mm: float

    @property
    def normal(self) -> NDArray[np.float64]:
        return np.asarray(np.cross(self.along_row, self.along_column), dtype=np.float64)

    @property
    def distance_mm(self) -> float:
        """How far along its normal the plane lies."""
        return float(np.dot(self.normal, self.origin))

    def to_patient(self, point: Point) -> tuple[float, float, float]:
        """Where a point of the image lies in the patient, in mm (equation C.7.6.2.1-1)."""
        right = (point[1] - 0.5) * self.column_mm * np.asarray(self.along_row)
        down = (point[0] - 0.5) * self.row_mm * np.asarray(self.along_column)
        x, y, z = (float(part) for part in np.asarray(self.origin) + right + down)
        return x, y, z

    def to_image(self, place: tuple[float, float, float]) -> Point:
        """The point of the image that is nearest to a place in the patient."""
        offset = np.asarray(place) - np.asarray(self.origin)
        return (
            float(np.dot(offset, self.along_column)) / self.row_mm + 0.5,
            float(np.dot(offset, self.along_row)) / self.column_mm + 0.5,
        )


def plane_of(image: Image) -> Plane | None:
    """The plane of a frame, or None where its place or its spacing in the patient are not known."""
    spacing, orientation = image.spacing, image.orientation
    if image.position is None or orientation is None or spacing is None or spacing.kind != "patient":
        return None
    across, down = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    lengths = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    if min(lengths) < 0.5:
        return None
    one, other = (across / lengths[0]).tolist(), (down / lengths[1]).tolist()
    return Plane(image.position, tuple(one), tuple(other), spacing.row_mm, spacing.column_mm)


def frame_distance_mm(header: Header, frame: int) -> float | None:
    """How far along its normal a frame lies, read from the header alone; None where that is not known.

    Frames of two series can be compared where their `frame_of_reference_uid` and their orientation agree.
    """
    if header.frame_positions_mm:
        inside = 1 <= frame <= len(header.frame_positions_mm)
        return header.frame_positions_mm[frame - 1] if inside else None
    if header.frames != 1 or header.image_position is None or header.image_orientation is None:
        return None
    normal = np.cross(header.image_orientation[:3], header.image_orientation[3:])
    length = float(np.linalg.norm(normal))
    return float(np.dot(normal, header.image_position)) / length if length >= 0.5 else None


@dataclass(frozen=True, slots=True)
class Length:
    """A length, and what it is a length of: `kind` is None for pixels."""

    value: float
    unit: Literal["mm", "px"]
    kind: SpacingKind | None = None


def spacing_at(image: Image, point: Point) -> Spacing | None:
    """The spacing that lengths at a point are measured with; None where only pixels can be counted."""
    if image.regions:
        region = next((one for one in image.regions if one.contains(*point)), None)
        if region is None or not region.is_spatial:
            return None
        return Spacing(abs(region.row_delta) * 10.0, abs(region.column_delta) * 10.0, "region")
    return None if image.spacing is None or image.spacing.kind == "unknown" else image.spacing


def spacing_between(image: Image, points: tuple[Point, ...]) -> Spacing | None:
    """The spacing that all points share: of an ultrasound image, that of the one region they all lie in."""
    first = spacing_at(image, points[0])
    if first is None or not image.regions:
        return first
    region = next(one for one in image.regions if one.contains(*points[0]))
    return first if all(region.contains(*point) for point in points) else None


def length_between(image: Image, start: Point, end: Point) -> Length:
    """The distance of two points in mm where they are known, otherwise in stored pixels."""
    down, right = end[0] - start[0], end[1] - start[1]
    spacing = spacing_between(image, (start, end))
    if spacing is None:
        return Length(math.hypot(down, right), "px")
    return Length(math.hypot(down * spacing.row_mm, right * spacing.column_mm), "mm", spacing.kind)


def area_of(image: Image, points: tuple[Point, ...], pixels: float) -> tuple[float, Literal["mm²", "px"]]:
    """The area of so many pixels around points, in mm² where the spacing there is known."""
    spacing = spacing_between(image, points)
    return (pixels, "px") if spacing is None else (pixels * spacing.row_mm * spacing.column_mm, "mm²")


def angle_between(image: Image, one: tuple[Point, Point], other: tuple[Point, Point]) -> float:
    """The angle of two directed lines in degrees, 0 to 180, true to the proportions of the pixels.

    For the angle at a corner give both lines from the corner; for a Cobb angle take the smaller of the
    result and 180 minus it.
    """
    spacing = spacing_between(image, (*one, *other)) or image.spacing
    row_mm, column_mm = (spacing.row_mm, spacing.column_mm) if spacing else (1.0, 1.0)
    lines = [((end[0] - start[0]) * row_mm, (end[1] - start[1]) * column_mm) for start, end in (one, other)]
    (down, right), (other_down, other_right) = lines
    cross, dot = right * other_down - down * other_right, right * other_right + down * other_down
    return math.degrees(math.atan2(abs(cross), dot))
