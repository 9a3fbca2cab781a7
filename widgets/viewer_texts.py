"""What the texts in the corners of a film say: who it is, what it is, how it is shown; and its scale bar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from PySide6.QtCore import QCoreApplication

from studies.display import DisplayState
from studies.geometry import Letters
from studies.image import Header, Image, Window
from widgets.viewer_geometry import Placement, View
from widgets.words import in_words

_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class CornerTexts:
    """Lines of text in the corners; the first line at the top right is drawn heavier."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def person_name(name: str) -> str:
    """A DICOM person name as a person reads it: family name, comma, the rest (PS3.5 6.2.1.1)."""
    alphabetic = next((group for group in name.split("=") if group.strip("^ ")), "")
    family, _, rest = alphabetic.partition("^")
    given = " ".join(part.strip() for part in rest.split("^") if part.strip())
    return f"{family.strip()}, {given}" if given and family.strip() else family.strip() or given


TextField = Literal[
    "name",
    "patient_id",
    "birth",
    "time",
    "accession",
    "study",
    "series",
    "laterality",
    "window",
    "zoom",
    "position",
    "orientation",
    "scale",
]
"""What a reader may choose to see on a film. Warnings are no choice."""

TEXT_FIELDS: tuple[TextField, ...] = get_args(TextField)

IDENTITY: frozenset[TextField] = frozenset({"name", "patient_id", "birth", "time", "accession"})
"""What tells who the patient is: hidden in one key when a film is shown to others."""

NOTHING: frozenset[TextField] = frozenset()


def field_name(field: TextField) -> str:
    """A field in the reader's words, for a menu."""
    translate = QCoreApplication.translate
    names: dict[TextField, str] = {
        "name": translate("CornerTexts", "Patient's name"),
        "patient_id": translate("CornerTexts", "Patient ID"),
        "birth": translate("CornerTexts", "Birth date and sex"),
        "time": translate("CornerTexts", "Study date and time"),
        "accession": translate("CornerTexts", "Accession number"),
        "study": translate("CornerTexts", "Modality and description"),
        "series": translate("CornerTexts", "Series"),
        "laterality": translate("CornerTexts", "Laterality and view"),
        "window": translate("CornerTexts", "Window"),
        "zoom": translate("CornerTexts", "Zoom"),
        "position": translate("CornerTexts", "Place in the series"),
        "orientation": translate("CornerTexts", "Orientation letters"),
        "scale": translate("CornerTexts", "Scale bar"),
    }
    return names[field]


def header_texts(header: Header, hidden: frozenset[TextField] = NOTHING) -> CornerTexts:
    """What a header says of patient and study. What it does not say is left out, never made up."""
    translate = QCoreApplication.translate
    born, accession = header.patient_birth_date, header.accession_number
    names = {
        "L": translate("CornerTexts", "Left"),
        "R": translate("CornerTexts", "Right"),
        "B": translate("CornerTexts", "Both sides"),
        "U": "",
    }
    laterality = names.get(header.laterality, header.laterality)
    number = header.series_number
    file_name = "" if header.patient_name or header.patient_id else Path(header.path).name
    who: tuple[tuple[TextField, str], ...] = (
        ("name", person_name(header.patient_name)),
        ("patient_id", header.patient_id),
        ("name", file_name),
        (
            "birth",
            "  ".join(
                part
                for part in (
                    translate("CornerTexts", "born {0}").format(born) if born else "",
                    header.patient_sex,
                )
                if part
            ),
        ),
        ("time", " ".join(part for part in (header.study_date, header.study_time[:8]) if part)),
        ("accession", translate("CornerTexts", "Acc. {0}").format(accession) if accession else ""),
    )
    other = header.series_description if header.series_description != header.study_description else ""
    what: tuple[tuple[TextField, str], ...] = (
        ("study", _once(header.modality, header.study_description)),
        ("series", other),
        ("series", "" if number is None else translate("CornerTexts", "Series {0}").format(number)),
        ("laterality", "  ".join(part for part in (laterality, header.view_position) if part)),
    )
    phantom = translate("CornerTexts", "Phantom, not a patient") if header.is_phantom else ""
    return CornerTexts(_filled((*_chosen(what, hidden), phantom)), _filled(_chosen(who, hidden)))


def _once(modality: str, description: str) -> str:
    """Modality and description; the modality alone is not said twice."""
    if description.upper().split()[:1] == [modality.upper()]:
        return description
    return f"{modality} {description}".strip()


def _chosen(lines: tuple[tuple[TextField, str], ...], hidden: frozenset[TextField]) -> tuple[str, ...]:
    return tuple(words for field, words in lines if field not in hidden)


def spoken(header: Header, hidden: frozenset[TextField] = NOTHING) -> tuple[str, ...]:
    """The same for a screen reader: who, then what."""
    texts = header_texts(header, hidden)
    return (*texts.top_right, *texts.top_left)


def warnings_of(image: Image) -> tuple[str, ...]:
    """What a reader has to know before trusting the film."""
    lossy = image.header.lossy_compression
    said = QCoreApplication.translate("CornerTexts", "Compressed with loss: {0}").format(lossy)
    return (*((said,) if lossy else ()), *map(in_words, image.warnings))


def _filled(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


def number_text(value: float) -> str:
    """A number with as many figures as help: whole from 100 on, else three significant ones."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return text.replace("-", "−")


def display_texts(
    image: Image,
    state: DisplayState,
    zoom: float,
    position: int,
    count: int,
    hidden: frozenset[TextField] = NOTHING,
) -> tuple[str, ...]:
    """Window, zoom and place in the series, for the lower left corner."""
    shown: list[str] = []
    if not image.is_colour and "window" not in hidden:
        shown.append(_window_text(image, state))
    if state.inverted:
        shown.append(QCoreApplication.translate("CornerTexts", "Inverted"))
    if "zoom" not in hidden:
        shown.append(QCoreApplication.translate("CornerTexts", "Zoom {0}%").format(f"{zoom * 100:.0f}"))
    if count > 1 and "position" not in hidden:
        shown.append(f"{position + 1} / {count}")
    return tuple(shown)


def _window_text(image: Image, state: DisplayState) -> str:
    voi = state.voi
    if isinstance(voi, Window):
        units = f" {image.units}" if image.units in ("HU", "SUV") else ""
        text = QCoreApplication.translate("CornerTexts", "W {0}  L {1}")
        text = text.format(number_text(voi.width), number_text(voi.center) + units)
        return f"{text}  {in_words(voi.explanation)}" if voi.explanation else text
    if voi is None:
        return QCoreApplication.translate("CornerTexts", "Full range")
    return voi.explanation or QCoreApplication.translate("CornerTexts", "The file's own table")


def laid_texts(view: View) -> tuple[str, ...]:
    """How a film is turned, for the eye that would not notice; these lines cannot be hidden."""
    translate = QCoreApplication.translate
    lines = []
    if view.flipped:
        lines.append(translate("CornerTexts", "Flipped"))
    if view.rotation:
        lines.append(translate("CornerTexts", "Turned {0}°").format(view.rotation))
    return tuple(lines)


def screen_letters(letters: Letters, view: View) -> Letters:
    """The letters at the left, top, right and bottom of the screen, of those of the image as stored."""
    left, top, right, bottom = letters
    if view.flipped:
        left, right = right, left
    for _ in range(view.rotation // 90):
        left, top, right, bottom = bottom, left, top, right
    return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A length to measure by eye: `length_px` physical pixels of the screen are `text`."""

    length_px: float
    text: str


def scale_bar(image: Image, placement: Placement) -> ScaleBar | None:
    """The longest round length up to a quarter of the viewport; None where millimetres are not known."""
    spacing = image.spacing
    if spacing is None or spacing.kind in ("unknown", "region"):
        return None
    mm_a_px = min(spacing.row_mm, spacing.column_mm) / placement.zoom
    room = placement.width / 4
    fitting = [mm for mm in _LENGTHS_MM if mm / mm_a_px <= room]
    if not fitting:
        return None
    length_mm = fitting[-1]
    text = f"{length_mm // 10} cm" if length_mm >= 10 else f"{length_mm} mm"
    if spacing.kind == "detector":
        text = QCoreApplication.translate("CornerTexts", "{0} at detector").format(text)
    elif spacing.kind == "corrected":
        text = QCoreApplication.translate("CornerTexts", "{0} by stated magnification").format(text)
    return ScaleBar(length_mm / mm_a_px, text)
