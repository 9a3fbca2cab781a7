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
SpacingKind = Literal["patient", "detector", "corrected", "region", "unknown"]
"""What a distance between pixels is measured at, so that nobody reads millimetres that are none.

``"patient"``: in the patient (cross sections, calibrated projections). ``"detector"``: at the detector,
larger than the patient is. ``"corrected"``: at the detector, divided by the magnification that the file
states. ``"region"``: inside ultrasound regions only, see `UltrasoundRegion`. ``"unknown"``: only the
proportion of the two distances can be relied on; lengths are told in pixels.
"""


@dataclass(frozen=True, slots=True)
class Header:
    """What one file's header says. Text fields are empty, never None, when the file is silent.

    Parameters
    ----------
    path
        Absolute path of the file.
    kind
        ``"dicom"``, ``"picture"`` (PNG, JPEG, TIFF) or ``"volume"`` (NIfTI).
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
    presentation_intent
        ``"FOR PROCESSING"`` or ``"FOR PRESENTATION"`` (PS3.3 C.8.11.1.1.1), or empty.
    lossy_compression
        How the pixels were compressed with loss, ``"JPEG, 12:1"``; empty when they were not.
    image_type
        ImageType (PS3.3 C.7.6.1.1.2).
    patient_orientation
        Directions of the rows and of the columns (PS3.3 C.7.6.1.1.1), ``("L", "F")``, or None.
    frames_per_second
        Rate at which a cine is to be shown, or None.
    frame_order
        Frame numbers, from 1, in the order of space; empty where that is the order of the file.
    frame_positions_mm
        Of each frame of the file, its distance along the normal of `image_orientation`; empty where
        frames have no positions, or not all the same orientation.
    """

    path: str
    kind: Literal["dicom", "picture", "volume"]
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
    frame_of_reference_uid: str = ""
    presentation_intent: str = ""
    lossy_compression: str = ""
    image_type: tuple[str, ...] = ()
    patient_orientation: tuple[str, str] | None = None
    frames_per_second: float | None = None
    frame_order: tuple[int, ...] = ()
    frame_positions_mm: tuple[float, ...] = ()

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
        return tuple((h, n) for h in self.headers for n in h.frame_order or range(1, h.frames + 1))


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
    """Distance between the centres of rows and of columns in mm, and what it is measured at.

    `magnification` is the factor by which the distances at the detector were divided ("corrected").
    """

    row_mm: float
    column_mm: float
    kind: SpacingKind
    magnification: float | None = None


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A part of an ultrasound image with a calibration of its own (PS3.3 C.8.5.5).

    Parameters
    ----------
    top, left, bottom, right
        Its box in stored pixels, bottom and right excluded.
    spatial_format
        What is drawn: 1 two-dimensional, 2 M-mode, 3 spectral, 4 wave form, 5 graphics, 0 nothing known.
    data_type
        What it shows: 1 tissue, 2 colour flow, 3 and 4 Doppler, ... (C.8.5.5.1.2).
    row_unit, column_unit
        Unit downwards and to the right: ``"cm"``, ``"s"``, ``"cm/s"``, ``"Hz"``, ...; empty for none.
    row_delta, column_delta
        Units a pixel, downwards and to the right; negative where values fall.
    reference
        (row, column) of the reference pixel in the whole image, or None.
    reference_value
        Values, in `row_unit` and `column_unit`, at the centre of the reference pixel.
    """

    top: int
    left: int
    bottom: int
    right: int
    spatial_format: int
    data_type: int
    row_unit: str
    column_unit: str
    row_delta: float
    column_delta: float
    reference: tuple[int, int] | None = None
    reference_value: tuple[float, float] = (0.0, 0.0)

    @property
    def is_spatial(self) -> bool:
        """Whether lengths can be measured in it: two-dimensional, centimetres both ways."""
        return self.spatial_format == 1 and (self.row_unit, self.column_unit) == ("cm", "cm")

    def contains(self, row: float, column: float) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A plane of graphics or of a region of interest over an image (PS3.3 C.9.2).

    Parameters
    ----------
    bits
        (H', W') bool, not writeable; it may be smaller or larger than the image.
    row, column
        Where its first row and column lie in the image, counted from 0; may be negative.
    kind
        ``"G"`` graphics, ``"R"`` region of interest.
    group
        The group of its elements, 0x6000 to 0x601E.
    """

    bits: NDArray[np.bool_]
    row: int = 0
    column: int = 0
    label: str = ""
    kind: Literal["G", "R"] = "G"
    group: int = 0x6000


@dataclass(frozen=True, slots=True, eq=False)
class Shutter:
    """What is hidden from view (PS3.3 C.7.6.11, C.7.6.15); shapes together show what all of them show.

    Parameters
    ----------
    rectangle
        (top, left, bottom, right) of what is shown, in stored pixels, bottom and right excluded.
    circle
        (row, column) of the centre and radius, in stored pixels.
    polygon
        (row, column) of its corners in stored pixels.
    bitmap
        Where its bits are set, the image is hidden.
    p_value
        What hidden pixels are shown as, 0 black to 65535 white.
    """

    rectangle: tuple[int, int, int, int] | None = None
    circle: tuple[float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    bitmap: Overlay | None = None
    p_value: int = 0


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
        The least and greatest stored value that the file's BitsStored and sign allow; of values of more
        than 20 bits, and of floats, those that the frame holds.
    presentation_lut
        Table from VOI output to P-values (PS3.3 C.11.6), spread over the whole of either; None for most.
    position, orientation
        Of this frame, in patient coordinates: the centre of its first pixel in mm, and the direction
        cosines of its rows and of its columns (PS3.3 C.7.6.2.1.1); None where the file is silent.
    overlays
        The 60xx planes of this frame.
    shutter
        What the file hides from view. It is display alone: no network is told of it.
    regions
        Calibrated regions of an ultrasound image.
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
    position: tuple[float, float, float] | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    overlays: tuple[Overlay, ...] = ()
    shutter: Shutter | None = None
    regions: tuple[UltrasoundRegion, ...] = ()
    presentation_lut: LookupTable | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3
