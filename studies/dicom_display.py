"""What a DICOM file says of how its values are to be shown and measured (PS3.3 C.11, C.7.6.16.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

from studies.colour import lut_entries
from studies.elements import macro, number, numeric, text
from studies.image import LookupTable, Polarity, Window

DEEPEST_TABLE = 20
"""Bits of a stored value up to which a table over all of them is worth while."""

_ANGIOGRAPHIC = (
    uid.XRayAngiographicImageStorage,
    uid.XRayRadiofluoroscopicImageStorage,
    "1.2.840.10008.5.1.4.1.1.12.3",  # biplane, retired
)


def polarity_of(dataset: Dataset) -> Polarity:
    """MONOCHROME1 and presentation LUT shape INVERSE say the same thing: it is inverted once."""
    inverse = text(dataset, "PresentationLUTShape").upper() == "INVERSE"
    first = text(dataset, "PhotometricInterpretation").upper() == "MONOCHROME1"
    return "min-is-white" if first or inverse else "min-is-black"


def presentation_lut_of(dataset: Dataset, big_endian: bool, sink: list[str]) -> LookupTable | None:
    """The table from VOI output to P-values, where a file carries one instead of a shape (PS3.3 C.11.6)."""
    for item in (dataset.get("PresentationLUTSequence") or [])[:1]:
        try:
            return _lookup_table(item, False, big_endian)
        except (KeyError, ValueError, TypeError) as error:
            sink.append(f"The presentation LUT cannot be used ({error}).")
    return None


def _lookup_table(item: Dataset, is_signed: bool, big_endian: bool) -> LookupTable:
    first, bits, entries = lut_entries(item, "LUTDescriptor", "LUTData", big_endian)
    if is_signed and first > 32767:  # the descriptor's US may stand for SS
        first -= 65536
    bits = bits if 1 <= bits <= 16 else 16
    if entries.max(initial=0.0) >= 2**bits:
        bits = 16
    return LookupTable(first, entries.astype(np.float32), bits, text(item, "LUTExplanation"))


def modality_transform(
    dataset: Dataset, frame: int, is_signed: bool, big_endian: bool, sink: list[str]
) -> tuple[float, float, LookupTable | None, str]:
    """Slope, intercept, modality LUT and units of a frame (PS3.3 C.11.1, C.7.6.16.2.9).

    Angiograms and fluoroscopies of which the values are not linear to X-ray intensity carry a table that
    makes them so; it is for measuring, not for display, and windows count in stored values (PS3.3
    C.8.7.1.1.2, PS3.4 N.2.5).
    """
    if text(dataset, "SOPClassUID") in _ANGIOGRAPHIC and text(
        dataset, "PixelIntensityRelationship"
    ).upper() in ("LOG", "DISP"):
        return 1.0, 0.0, None, ""
    if dataset.get("ModalityLUTSequence"):
        item = dataset.ModalityLUTSequence[0]
        kind = text(item, "ModalityLUTType")
        try:
            return 1.0, 0.0, _lookup_table(item, is_signed, big_endian), _units(dataset, kind)
        except (KeyError, ValueError, TypeError) as error:
            sink.append(f"The modality LUT cannot be used ({error}); stored values are shown.")
    source = macro(dataset, frame, "PixelValueTransformationSequence")
    slope, intercept = number(source, "RescaleSlope"), number(source, "RescaleIntercept")
    if slope == 0.0:
        sink.append("The rescale slope is 0; 1 is used.")
        slope = 1.0
    return (
        1.0 if slope is None else slope,
        intercept or 0.0,
        None,
        _units(dataset, text(source, "RescaleType"), slope is not None),
    )


def _units(dataset: Dataset, rescale_type: str, is_rescaled: bool = True) -> str:
    """RescaleType, PET units, or HU for a CT that does not say otherwise (PS3.3 C.8.2.1.1.2)."""
    if rescale_type:
        return "" if rescale_type in ("US", "UNSPECIFIED") else rescale_type
    if text(dataset, "Modality") == "CT" and is_rescaled:
        return "HU"
    return text(dataset, "Units")


def voi_of(
    dataset: Dataset, frame: int, is_signed: bool, is_float: bool, big_endian: bool, sink: list[str]
) -> tuple[Window | LookupTable, ...]:
    """VOI LUTs, then windows, as the file offers them for a frame; unusable ones are told in `sink`.

    LINEAR counts in whole values (of a width of 1 it makes a threshold), so float pixels are shown with
    LINEAR_EXACT instead.
    """
    source = macro(dataset, frame, "FrameVOILUTSequence")
    offered: list[Window | LookupTable] = []
    for item in source.get("VOILUTSequence") or dataset.get("VOILUTSequence") or []:
        try:
            offered.append(_lookup_table(item, is_signed, big_endian))
        except (KeyError, ValueError, TypeError) as error:
            sink.append(f"A VOI LUT cannot be used ({error}).")
    centers, widths = numeric(source, "WindowCenter"), numeric(source, "WindowWidth")
    name = text(source, "VOILUTFunction").upper() or "LINEAR"
    if name not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        sink.append(f"The VOI LUT function {name} is unknown; LINEAR is used.")
        name = "LINEAR"
    if is_float and name == "LINEAR":
        name = "LINEAR_EXACT"
    explanations = text(source, "WindowCenterWidthExplanation").split("\\")
    for index, (center, width) in enumerate(zip(centers, widths, strict=False)):
        if width < 1 if name == "LINEAR" else width <= 0:
            sink.append(f"A window of width {width:g} cannot be used.")
            continue
        explanation = explanations[index].strip() if index < len(explanations) else ""
        offered.append(Window(center, width, name, explanation))  # type: ignore[arg-type]
    return tuple(offered)


def float_padding(dataset: Dataset, pixels: NDArray[np.floating[Any]]) -> NDArray[np.bool_] | None:
    """Where float pixels, (H, W), are padding (PS3.3 C.7.6.24, C.7.6.25); None where the file names none."""
    for kind in ("Float", "DoubleFloat"):
        value = number(dataset, f"{kind}PixelPaddingValue")
        limit = number(dataset, f"{kind}PixelPaddingRangeLimit")
        if value is not None:
            low, high = sorted((value, value if limit is None else limit))
            return (pixels >= pixels.dtype.type(low)) & (pixels <= pixels.dtype.type(high))
    return None


def padding_of(dataset: Dataset, is_signed: bool, bits_allocated: int) -> tuple[int, int] | None:
    """First and last stored value that is padding (PS3.3 C.7.5.1.1.2), or None."""
    value, limit = number(dataset, "PixelPaddingValue"), number(dataset, "PixelPaddingRangeLimit")
    if value is None:
        return None
    ends = sorted(int(end) for end in (value, value if limit is None else limit))
    if is_signed and bits_allocated <= 16:  # the VR may be US where SS is meant
        half = 1 << (bits_allocated - 1)
        ends = sorted((end + half) % (2 * half) - half for end in ends)
    return ends[0], ends[1]


def stored_range(pixels: NDArray[Any], bits_stored: int, is_signed: bool) -> tuple[float, float]:
    """What BitsStored and sign allow, widened where a codestream holds more than that.

    Of values of more than 20 bits it is what the frame holds: that mostly fits into a table, all do not.
    """
    if pixels.dtype.kind == "f":
        finite = pixels[np.isfinite(pixels)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    low, high = (
        (-(1 << (bits_stored - 1)), (1 << (bits_stored - 1)) - 1)
        if is_signed
        else (0, (1 << bits_stored) - 1)
    )
    least, most = int(pixels.min()), int(pixels.max())
    if bits_stored > DEEPEST_TABLE:
        return float(least), float(most)
    return float(min(low, least)), float(max(high, most))
