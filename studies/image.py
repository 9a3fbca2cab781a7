"""The types that describe patients' images and travel from room to room.

A `Header` is what reading a file's header tells, without its pixels. An `Image` is one decoded
frame. A `Study` is headers, grouped as a worklist shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Polarity = Literal["min-is-black", "min-is-white"]
SpacingKind = Literal["patient", "detector", "unknown"]


@dataclass(frozen=True, slots=True)
class Header:
    """What one file's header says. Text fields are empty, never None, when the file is silent.

    Parameters
    ----------
    path
        Absolute path of the file.
    kind
        ``"dicom"`` or ``"picture"`` (PNG, JPEG, TIFF).
    sop_instance_uid
        SOPInstanceUID; for a picture a UID made from its content (``2.25.`` + SHA-256, PS3.5 B.2).
    content_hash
        SHA-256 of the file as hex for pictures and for DICOM files without PatientID, else empty.
    study_date, study_time
        ``YYYY-MM-DD`` and ``HH:MM:SS``, or empty.
    image_position, image_orientation
        Patient coordinates in mm (PS3.3 C.7.6.2.1.1), or None.
    is_phantom
        QualityControlImage (0028,0300) is YES: a phantom, not a patient.
    """

    path: str
    kind: Literal["dicom", "picture"]
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    rows: int
    columns: int
    frames: int = 1
    content_hash: str = ""
    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    accession_number: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    series_description: str = ""
    series_number: int | None = None
    instance_number: int | None = None
    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    laterality: str = ""
    manufacturer: str = ""
    transfer_syntax_uid: str = ""
    image_position: tuple[float, float, float] | None = None
    image_orientation: tuple[float, float, float, float, float, float] | None = None
    is_phantom: bool = False

    @property
    def split_key(self) -> str:
        """The unit of splitting: the patient, else the file's content."""
        return f"patient:{self.patient_id}" if self.patient_id else f"content:{self.content_hash}"


@dataclass(frozen=True, slots=True)
class Series:
    """Files of one SeriesInstanceUID, in the order in which they are scrolled."""

    series_instance_uid: str
    headers: tuple[Header, ...]

    @property
    def modality(self) -> str:
        return self.headers[0].modality

    @property
    def description(self) -> str:
        return self.headers[0].series_description

    @property
    def frames(self) -> tuple[tuple[Header, int], ...]:
        """Every frame as (header, frame number from 1), in scrolling order."""
        return tuple((h, n) for h in self.headers for n in range(1, h.frames + 1))


@dataclass(frozen=True, slots=True)
class Study:
    """Everything of one StudyInstanceUID; each picture file is a study of its own."""

    study_instance_uid: str
    series: tuple[Series, ...]

    @property
    def first(self) -> Header:
        return self.series[0].headers[0]


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window in modality units (PS3.3 C.11.2.1.2)."""

    center: float
    width: float
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"
    explanation: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """A LUT Sequence item (PS3.3 C.11.1.1.1): values below `first` map to entry 0."""

    first: int
    entries: NDArray[np.float32]  # (N,)
    bits: int
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Distance between pixel centres in mm, and what that distance is measured at."""

    row_mm: float
    column_mm: float
    kind: SpacingKind


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One decoded frame.

    Parameters
    ----------
    pixels
        Stored values: (H, W) integer or float32, or (H, W, 3) uint8 RGB. Not writeable.
    valid
        (H, W) bool, False where Pixel Padding Value stands; None when every pixel is valid.
    slope, intercept, modality_lut
        Modality transform (PS3.3 C.11.1): the table when there is one, else the line.
    voi
        The file's own windows and VOI LUTs in the order in which they are offered.
    polarity
        ``"min-is-white"`` for MONOCHROME1 or for presentation LUT shape INVERSE on MONOCHROME2;
        both together are ``"min-is-white"`` too (they say the same thing).
    padding
        Stored values from the first to the second, both included, are padding (PS3.3 C.7.5.1.1.2).
    stored_range
        The least and greatest stored value that the file's BitsStored and sign allow.
    """

    header: Header
    frame: int
    pixels: NDArray[np.generic]
    polarity: Polarity = "min-is-black"
    valid: NDArray[np.bool_] | None = None
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: LookupTable | None = None
    voi: tuple[Window | LookupTable, ...] = ()
    spacing: Spacing | None = None
    stored_range: tuple[float, float] = (0.0, 255.0)
    bits_stored: int = 8
    units: str = ""
    warnings: tuple[str, ...] = field(default=())
    padding: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3
