"""The texts in the corners of a film, and its scale bar: who it is, what it is, how it is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from studies.display import DisplayState
from studies.image import Header, Image, Window
from widgets import theme
from widgets.viewer_geometry import Placement

_MARGIN = theme.space(3)
_OUTLINE = QColor(8, 9, 10, 200)
_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class CornerTexts:
    """Lines of text in the corners; the first line at the top right is drawn heavier."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _tr(text: str) -> str:
    return QCoreApplication.translate("CornerTexts", text)


def person_name(name: str) -> str:
    """A DICOM person name as a person reads it: family name, comma, the rest (PS3.5 6.2.1.1)."""
    alphabetic = next((group for group in name.split("=") if group.strip("^ ")), "")
    family, _, rest = alphabetic.partition("^")
    given = " ".join(part.strip() for part in rest.split("^") if part.strip())
    return f"{family.strip()}, {given}" if given and family.strip() else family.strip() or given


def header_texts(header: Header) -> CornerTexts:
    """What a header says of patient and study. What it does not say is left out, never made up."""
    born = f"{_tr('born')} {header.patient_birth_date}" if header.patient_birth_date else ""
    accession = f"{_tr('Acc.')} {header.accession_number}" if header.accession_number else ""
    identity = (
        person_name(header.patient_name),
        header.patient_id,
        "" if header.patient_name or header.patient_id else Path(header.path).name,
        "  ".join(part for part in (born, header.patient_sex) if part),
        " ".join(part for part in (header.study_date, header.study_time[:8]) if part),
        accession,
    )
    laterality = {"U": "", "L": _tr("Left"), "R": _tr("Right"), "B": _tr("Both sides")}.get(
        header.laterality, header.laterality
    )
    number = "" if header.series_number is None else f"{_tr('Series')} {header.series_number}"
    what = (
        " ".join(part for part in (header.modality, header.study_description) if part),
        header.series_description if header.series_description != header.study_description else "",
        number,
        "  ".join(part for part in (laterality, header.view_position) if part),
        _tr("Phantom, not a patient") if header.is_phantom else "",
    )
    return CornerTexts(_filled(what), _filled(identity))


def _filled(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


def number_text(value: float) -> str:
    """A number with as many figures as help: whole from 100 on, else three significant ones."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return text.replace("-", "−")


def display_texts(
    image: Image, state: DisplayState, zoom: float, position: int, count: int
) -> tuple[str, ...]:
    """Window, zoom and place in the series, for the lower left corner."""
    shown: list[str] = []
    if not image.is_colour:
        shown.append(_window_text(image, state))
    if state.inverted:
        shown.append(_tr("Inverted"))
    shown.append(f"{_tr('Zoom')} {zoom * 100:.0f}%")
    if count > 1:
        shown.append(f"{position + 1} / {count}")
    return tuple(shown)


def _window_text(image: Image, state: DisplayState) -> str:
    voi = state.voi
    if isinstance(voi, Window):
        units = f" {image.units}" if image.units in ("HU", "SUV") else ""
        text = f"W {number_text(voi.width)}  L {number_text(voi.center)}{units}"
        return f"{text}  {voi.explanation}" if voi.explanation else text
    if voi is None:
        return _tr("Full range")
    return voi.explanation or _tr("The file's own table")


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A length to measure by eye: `length_px` physical pixels of the screen are `text`."""

    length_px: float
    text: str


def scale_bar(image: Image, placement: Placement) -> ScaleBar | None:
    """The longest round length up to a quarter of the viewport; None where millimetres are not known."""
    spacing = image.spacing
    if spacing is None or spacing.kind == "unknown":
        return None
    mm_a_px = min(spacing.row_mm, spacing.column_mm) / placement.zoom
    room = placement.width / 4
    fitting = [mm for mm in _LENGTHS_MM if mm / mm_a_px <= room]
    if not fitting:
        return None
    length_mm = fitting[-1]
    text = f"{length_mm // 10} cm" if length_mm >= 10 else f"{length_mm} mm"
    if spacing.kind == "detector":
        text = f"{text} {_tr('at detector')}"
    elif spacing.kind == "corrected":
        text = f"{text} {_tr('by stated magnification')}"
    return ScaleBar(length_mm / mm_a_px, text)


def paint_corner_texts(painter: QPainter, room: QRectF, texts: CornerTexts, font: QFont) -> None:
    """Draw the texts inside `room`, each with a dark outline that keeps it readable on a bright film."""
    metrics = QFontMetricsF(font)
    line = math.ceil(metrics.height() * 1.1)
    inner = room.adjusted(_MARGIN, _MARGIN - 2, -_MARGIN, -_MARGIN + 2)
    half = inner.width() * (0.5 if texts.top_left else 1.0) - theme.space(2)
    heavy = QFont(font)
    heavy.setWeight(QFont.Weight.DemiBold)
    text, amber = QColor(theme.TOKENS.text), QColor(theme.TOKENS.look_again)
    for number, words in enumerate(texts.top_left):
        _line(painter, words, inner.left(), inner.top() + number * line, half, font, text)
    for number, words in enumerate(texts.top_right):
        chosen = heavy if number == 0 else font
        _line(painter, words, inner.right() - half, inner.top() + number * line, half, chosen, text, True)
    lower = [(words, text) for words in texts.bottom_left] + [(words, amber) for words in texts.warnings]
    for number, (words, colour) in enumerate(reversed(lower)):
        top = inner.bottom() - (number + 1) * line
        _line(painter, words, inner.left(), top, inner.width() * 0.7, font, colour)


def _line(
    painter: QPainter,
    words: str,
    left: float,
    top: float,
    width: float,
    font: QFont,
    colour: QColor,
    at_right: bool = False,
) -> None:
    metrics = QFontMetricsF(font)
    words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, width)
    if at_right:
        left += width - metrics.horizontalAdvance(words)
    painter.setFont(font)
    outlined_text(painter, QPointF(round(left), round(top + metrics.ascent())), words, colour)


def outlined_text(painter: QPainter, at: QPointF, words: str, colour: QColor) -> None:
    """One line of text in the painter's font, its baseline at `at`, with a dark outline."""
    painter.setPen(_OUTLINE)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)):
        painter.drawText(at + QPointF(dx, dy), words)
    painter.setPen(colour)
    painter.drawText(at, words)


def paint_scale_bar(painter: QPainter, room: QRectF, bar: ScaleBar, ratio: float, font: QFont) -> None:
    """Draw the scale bar at the lower right; `ratio` is physical pixels a px."""
    metrics = QFontMetricsF(font)
    length = bar.length_px / ratio
    right, bottom = round(room.right() - _MARGIN), round(room.bottom() - _MARGIN) - 1
    left = right - length
    for colour, width in ((_OUTLINE, 3.5), (QColor(theme.TOKENS.text), 1.5)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        painter.drawLine(QPointF(left, bottom), QPointF(right, bottom))
        painter.drawLine(QPointF(left, bottom - 5), QPointF(left, bottom))
        painter.drawLine(QPointF(right, bottom - 5), QPointF(right, bottom))
    painter.setFont(font)
    advance = metrics.horizontalAdvance(bar.text)
    at = QPointF(round(right - max(advance, (length + advance) / 2)), bottom - 9)
    outlined_text(painter, at, bar.text, QColor(theme.TOKENS.text))
