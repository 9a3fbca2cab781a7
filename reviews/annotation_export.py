"""Annotations for other programs: rows of plain values, with what each measurement comes to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reviews.export import RowValues, write_csv
from reviews.record import Annotation
from studies.image import Header, Image
from studies.measurement import angle, cobb_angle, length, region_values

_COLUMNS = (
    "path",
    "sop_instance_uid",
    "frame",
    "uuid",
    "kind",
    "text",
    "reader",
    "time",
    "points",
    "value",
    "unit",
    "measured_at",
    "pixels",
    "value_units",
    "channels",
)


def annotation_row(annotation: Annotation, header: Header, image: Image | None) -> RowValues:
    """An annotation that stands as `export annotations` tells it.

    `points` are (row, column) in stored-pixel space. `measured_at` says what millimetres are true of
    (`studies.image.SpacingKind`); None where there are none.

    Parameters
    ----------
    image
        Its frame, None where it could not be read: then nothing is measured.
    """
    return {
        "path": header.path,
        "sop_instance_uid": annotation.sop_instance_uid,
        "frame": annotation.frame,
        "uuid": annotation.uuid,
        "kind": annotation.kind,
        "text": annotation.text,
        "reader": annotation.reader,
        "time": annotation.time,
        "points": [list(point) for point in annotation.points],
        **({} if image is None else _values(annotation, image)),
    }


def _values(annotation: Annotation, image: Image) -> RowValues:
    """What a measurement comes to; nothing for an arrow or a text."""
    points = annotation.points
    if annotation.kind == "length":
        found = length(image, points[0], points[1])
        return {"value": found.value, "unit": found.unit, "measured_at": found.kind}
    if annotation.kind == "angle":
        return {"value": angle(image, points[0], points[1], points[2]), "unit": "°"}
    if annotation.kind == "cobb":
        return {"value": cobb_angle(image, (points[0], points[1]), (points[2], points[3])), "unit": "°"}
    if annotation.kind == "ellipse" or annotation.kind == "rectangle":
        inside = region_values(image, annotation.kind, points[0], points[1])
        channels: list[dict[str, Any]] = [
            {"mean": one.mean, "sd": one.deviation, "min": one.least, "max": one.greatest}
            for one in inside.channels
        ]
        return {
            "value": inside.area.value,
            "unit": inside.area.unit,
            "measured_at": inside.area.kind,
            "pixels": inside.pixels,
            "value_units": inside.units,
            "channels": channels,
        }
    return {}


def write_annotations_csv(rows: Sequence[RowValues], path: Path) -> None:
    """Write annotation rows; points and channels are JSON, what a kind has no word for is empty."""
    write_csv([list(_COLUMNS), *([row.get(name) for name in _COLUMNS] for row in rows)], path)
