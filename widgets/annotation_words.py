"""The words beside an annotation: what the reader wrote, and what the measurement comes to."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from reviews.record import REGIONS, Annotation
from studies.image import Image, SpacingKind
from studies.measurement import RegionValues, Statistics, angle, cobb_angle, length, region_values
from widgets.numbers import grouped
from widgets.viewer_texts import number_text
from widgets.words import in_words

_NO_UNITS = ("", "US", "NONE")


def words_of(
    annotation: Annotation, image: Image, displays: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The lines beside an annotation: its text, then its value; none for an arrow without a text.

    Parameters
    ----------
    displays
        What people read for findings, by their machine names.
    """
    if annotation.kind in REGIONS:
        finding = in_words((displays or {}).get(annotation.text, annotation.text))
        if annotation.kind == "evidence":
            return (finding,)
        return (QCoreApplication.translate("Annotation", "Wrong place: {0}").format(finding),)
    written = tuple(line for line in annotation.text.splitlines() if line.strip())
    return (*written, *value_words(annotation, image))


def value_words(annotation: Annotation, image: Image) -> tuple[str, ...]:
    """What the measurement comes to, in as many lines as it needs."""
    points = annotation.points
    if annotation.kind == "length":
        found = length(image, points[0], points[1])
        return (_at(f"{found.value:.1f} {found.unit}", found.kind),)
    if annotation.kind == "angle":
        return (f"{angle(image, points[0], points[1], points[2]):.1f}°",)
    if annotation.kind == "cobb":
        degrees = cobb_angle(image, (points[0], points[1]), (points[2], points[3]))
        return (QCoreApplication.translate("Annotation", "Cobb {0}°").format(f"{degrees:.1f}"),)
    if annotation.kind == "ellipse" or annotation.kind == "rectangle":
        return _region_words(region_values(image, annotation.kind, points[0], points[1]))
    return ()


def _region_words(values: RegionValues) -> tuple[str, ...]:
    translate = QCoreApplication.translate
    value = values.area.value
    figures = grouped(round(value)) if value >= 100 else f"{value:.3g}"
    area = _at(f"{figures} {values.area.unit}", values.area.kind)
    count = translate("Annotation", "{0} pixels").format(grouped(values.pixels))
    if not values.channels:
        return translate("Annotation", "No pixels"), area
    if len(values.channels) > 1:
        means = "  ".join(_number(channel.mean) for channel in values.channels)
        return translate("Annotation", "Mean R G B {0}").format(means), area, count
    return (*_statistics_words(values.channels[0], values.units), area, count)


def _statistics_words(found: Statistics, units: str) -> tuple[str, ...]:
    translate = QCoreApplication.translate
    unit = "" if units in _NO_UNITS else f" {units}"
    return (
        translate("Annotation", "Mean {0}   SD {1}").format(
            _number(found.mean) + unit, _number(found.deviation)
        ),
        translate("Annotation", "Min {0}   Max {1}").format(_number(found.least), _number(found.greatest)),
    )


def _number(value: float) -> str:
    """As `number_text`, with one decimal at least where a mean has one: 143.2, 12.4, 0.0312."""
    if 1 <= abs(value) < 10_000 and value != int(value):
        return f"{value:.1f}".replace("-", "−")
    return number_text(value)


def _at(text: str, kind: SpacingKind | None) -> str:
    """A value with what it is true of, as the scale bar says it."""
    if kind == "detector":
        return QCoreApplication.translate("CornerTexts", "{0} at detector").format(text)
    if kind == "corrected":
        return QCoreApplication.translate("CornerTexts", "{0} by stated magnification").format(text)
    return text
