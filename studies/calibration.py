"""How far pixels lie apart, and what that is true of (PS3.3 10.7.1, C.8.5.5).

A projection's pixels are known at the detector; the patient lies in front of it and is smaller. Only
where the file says how much, or was calibrated, are its millimetres those of the patient.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from studies.elements import macro, number, numeric, text
from studies.image import Spacing, SpacingKind, UltrasoundRegion

PROJECTION = ("CR", "DX", "RG", "XA", "RF", "MG", "PX", "IO")
LARGEST_MAGNIFICATION = 20.0
_UNITS = ("", "%", "dB", "cm", "s", "Hz", "dB/s", "cm/s", "cm²", "cm²/s", "cm³", "cm³/s", "°")


def spacing_of(
    dataset: Dataset, frame: int, regions: tuple[UltrasoundRegion, ...], sink: list[str]
) -> Spacing | None:
    """Pixel spacing of a frame, from what is most surely true of the patient to the bare proportion."""
    by_region = _spacing_of_regions(regions)
    if by_region is not None:
        return by_region
    own = _pair(macro(dataset, frame, "PixelMeasuresSequence"), "PixelSpacing")
    imager = _pair(dataset, "ImagerPixelSpacing")
    if own is not None:
        kind = _kind_of_pixel_spacing(dataset, own, imager)
        return _corrected(dataset, own, sink) if kind == "detector" else Spacing(*own, kind)
    if imager is not None:
        return _corrected(dataset, imager, sink)
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    if scanned is not None:
        return Spacing(*scanned, "unknown")
    ratio = _pair(dataset, "PixelAspectRatio")
    return Spacing(ratio[0] / ratio[1], 1.0, "unknown") if ratio and ratio[0] != ratio[1] else None


def _pair(source: Dataset, keyword: str) -> tuple[float, float] | None:
    values = numeric(source, keyword)
    return (values[0], values[1]) if len(values) >= 2 and min(values[:2]) > 0 else None


def _kind_of_pixel_spacing(
    dataset: Dataset, own: tuple[float, float], imager: tuple[float, float] | None
) -> SpacingKind:
    """Pixel Spacing is of the patient in cross sections, and in projections that were calibrated."""
    modality = text(dataset, "Modality").upper()
    if text(dataset, "PixelSpacingCalibrationType"):
        return "patient"
    if imager is not None:
        return "detector" if own == imager else "patient"
    if modality in PROJECTION:
        return "detector"
    return "unknown" if modality in ("OT", "SC") else "patient"


def _corrected(dataset: Dataset, pair: tuple[float, float], sink: list[str]) -> Spacing:
    """Spacing at the detector, divided by the magnification where the file states one (C.8.7.5)."""
    factor = number(dataset, "EstimatedRadiographicMagnificationFactor")
    detector = number(dataset, "DistanceSourceToDetector")
    patient = number(dataset, "DistanceSourceToPatient")
    if not factor and detector and patient:
        factor = detector / patient
    if not factor:
        return Spacing(*pair, "detector")
    if not 1.0 <= factor <= LARGEST_MAGNIFICATION:
        sink.append(f"A magnification of {factor:g} cannot be; lengths are those at the detector.")
        return Spacing(*pair, "detector")
    return Spacing(pair[0] / factor, pair[1] / factor, "corrected", factor)


def _spacing_of_regions(regions: tuple[UltrasoundRegion, ...]) -> Spacing | None:
    """What all two-dimensional regions agree on to a thousandth, else None."""
    pairs = [(abs(one.row_delta) * 10, abs(one.column_delta) * 10) for one in regions if one.is_spatial]
    if not pairs:
        return None
    first = pairs[0]
    if any(abs(a - b) > 1e-3 * b for pair in pairs for a, b in zip(pair, first, strict=True)):
        return None
    return Spacing(*first, "region")


def regions_of(dataset: Dataset, rows: int, columns: int, sink: list[str]) -> tuple[UltrasoundRegion, ...]:
    """Calibrated regions (PS3.3 C.8.5.5), those listed first being preferred where boxes overlap."""
    found = []
    for item in dataset.get("SequenceOfUltrasoundRegions") or []:
        region = _region(item, rows, columns)
        if region is None:
            sink.append("A region of ultrasound calibration makes no sense; it is not measured in.")
        else:
            found.append(region)
    return tuple(found)


def _region(item: Dataset, rows: int, columns: int) -> UltrasoundRegion | None:
    box = [number(item, f"RegionLocation{name}") for name in ("MinY0", "MinX0", "MaxY1", "MaxX1")]
    units = [number(item, f"PhysicalUnits{axis}Direction") for axis in "YX"]
    deltas = [number(item, f"PhysicalDelta{axis}") for axis in "YX"]
    if any(value is None for value in (*box, *units, *deltas)) or 0.0 in deltas:
        return None
    top, left, bottom, right = (int(value or 0) for value in box)
    if not (0 <= top <= bottom < rows + 1 and 0 <= left <= right < columns + 1):
        return None
    row_unit, column_unit = (
        _UNITS[int(unit or 0)] if 0 <= (unit or 0) < len(_UNITS) else "" for unit in units
    )
    pixel = [number(item, f"ReferencePixel{axis}0") for axis in "YX"]
    values = [number(item, f"ReferencePixelPhysicalValue{axis}") or 0.0 for axis in "YX"]
    return UltrasoundRegion(
        top=top,
        left=left,
        bottom=min(bottom + 1, rows),
        right=min(right + 1, columns),
        spatial_format=int(number(item, "RegionSpatialFormat") or 0),
        data_type=int(number(item, "RegionDataType") or 0),
        row_unit=row_unit,
        column_unit=column_unit,
        row_delta=float(deltas[0] or 0.0),
        column_delta=float(deltas[1] or 0.0),
        reference=None if None in pixel else (top + int(pixel[0] or 0), left + int(pixel[1] or 0)),
        reference_value=(values[0], values[1]),
    )
