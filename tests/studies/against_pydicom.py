"""What we read and show of a DICOM file, against what pydicom computes of it.

Stored values have to be the same, colours within what two decoders may differ by, modality values the same,
and greys the same after rounding to 8 bits.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import uid
from pydicom.data import data_manager
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array
from pydicom.pixels.common import PhotometricInterpretation

from studies.display import network_intensities, render, stored_to_modality
from studies.errors import NotAnImage, StudyError
from studies.image import Image, LookupTable, Window
from studies.reader import read, read_header

COLOUR_TOLERANCE = 2
"""Grey levels by which RGB may differ: each decoder rounds its inverse DCT and YBR its own way."""

NO_IMAGE_IN_THEM = "dicomdirtests"
"""The folder of pydicom's collection in which files are headers alone."""

WITHOUT_PYDICOM = {
    "JPEG-LL.dcm": "lossless JPEG",
    "JPEG-lossy.dcm": "JPEG of 12 bits",
    "JPGExtended.dcm": "JPEG of 12 bits",
    "JPGLosslessP14SV1_1s_1f_8b.dcm": "lossless JPEG",
    "SC_rgb_jpeg_gdcm.dcm": "lossless JPEG",
    "bad_sequence.dcm": "lossless JPEG",
    "badVR.dcm": "a number that is none",
    "liver_nonbyte_aligned_deflate.dcm": "frames deflated one by one",
    "liver_rle.dcm": "RLE of 1 bit",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "a file that ends early, with all its frames there",
}
"""Files that we read and pydicom, with the decoders that may be shipped, does not; and what is in them.

With pylibjpeg-libjpeg (GPL) beside it, pydicom reads the lossless ones, with the same values.
"""

REFUSED = {
    "chrJapMulti.dcm": "no pixel data",
    "chrJapMultiExplicitIR6.dcm": "no pixel data",
    "chrKoreanMulti.dcm": "no pixel data",
    "chrSQEncoding.dcm": "no image",
    "chrSQEncoding1.dcm": "no image",
    "empty_charset_LEI.dcm": "no image",
    "JPEG2000-embedded-sequence-delimiter.dcm": "a codestream of 3,722,445,056 columns",
    "meta_missing_tsyntax.dcm": "no image",
    "MR_truncated.dcm": "fewer bytes than pixels; pydicom pads them",
    "nested_priv_SQ.dcm": "no image",
    "no_meta_group_length.dcm": "no image",
    "priv_SQ.dcm": "no image",
    "UN_sequence.dcm": "no image",
}
"""Files that are refused, and why that is right."""

NOT_IMAGES = (".py", ".pyc", ".json", ".md", ".txt", ".zip", ".cfg")
Verdict = Literal["same", "refused", "not an image", "alone", "differs", "crashed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a file came out; `detail` is our sentence, pydicom's, or what differs.

    ``"alone"`` is a file that we read and pydicom does not.
    """

    path: Path
    verdict: Verdict
    detail: str = ""

    @property
    def is_explained(self) -> bool:
        if self.verdict == "refused":
            return self.path.name in REFUSED or NO_IMAGE_IN_THEM in self.path.parts
        if self.verdict == "alone":
            return self.path.name in WITHOUT_PYDICOM
        return self.verdict in ("same", "not an image")


def collection() -> list[Path]:
    """All files of pydicom's own collection and, where it is installed, of pydicom-data's."""
    roots = [Path(data_manager.DATA_ROOT)]
    roots += [Path(source.data_path) for source in data_manager.external_data_sources().values()]
    found = (path for root in roots for path in sorted(root.rglob("*")))
    return [path for path in found if path.is_file() and path.suffix not in NOT_IMAGES]


def compare(path: Path) -> Outcome:
    """Read, show and compare one file: its first, middle and last frame."""
    try:
        header = read_header(path)
        numbers = sorted({1, (header.frames + 1) // 2, header.frames})
        images = [read(header, number) for number in numbers]
    except NotAnImage as error:
        return Outcome(path, "not an image", str(error))
    except StudyError as error:
        return Outcome(path, "refused", str(error))
    except Exception as error:  # noqa: BLE001 (this is what is looked for)
        return Outcome(path, "crashed", f"{type(error).__name__}: {error}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, force=True)
            frames = [_raw(dataset, image) for image in images]
    except Exception as error:  # noqa: BLE001 (whatever pydicom raises)
        first = (str(error).splitlines() or [""])[0][:150]
        return Outcome(path, "alone", f"pydicom: {type(error).__name__}: {first}")
    for image, raw in zip(images, frames, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            difference = next(_differences(image, raw, dataset), None)
        if difference is not None:
            return Outcome(path, "differs", f"frame {image.frame}: {difference}")
    return Outcome(path, "same")


def _raw(dataset: Dataset, image: Image) -> NDArray[Any]:
    """The frame as pydicom decodes it, in colour as RGB."""
    if "TransferSyntaxUID" not in dataset.file_meta:  # pydicom reads such a file, but does not decode it
        dataset.file_meta.TransferSyntaxUID = uid.UID(image.header.transfer_syntax_uid)
    if dataset.get("NumberOfFrames"):
        return np.asarray(pixel_array(dataset, index=image.frame - 1))
    return np.asarray(pixel_array(dataset))


def _differences(image: Image, raw: NDArray[Any], dataset: Dataset) -> Iterator[str]:
    if image.is_colour:
        yield from _colour_differences(image, raw, dataset)
        return
    ours = image.pixels if image.valid is None else np.where(image.valid, image.pixels, 0)
    theirs = raw if image.valid is None else np.where(image.valid, raw, 0)
    if ours.shape != theirs.shape or not np.array_equal(ours, theirs.astype(ours.dtype)):
        yield _summary("stored values", ours, theirs)
        return
    for overlay in image.overlays:
        theirs = dataset.overlay_array(overlay.group)
        if theirs.ndim == 2 and not np.array_equal(overlay.bits, theirs):
            yield f"overlay {overlay.group:04X}"
    flat = _flat(dataset, image.frame)
    modality = apply_modality_lut(raw, flat)
    if not np.allclose(stored_to_modality(image, raw), modality, rtol=1e-6, atol=1e-6):
        yield _summary("modality values", stored_to_modality(image, raw), modality)
        return
    grey = _grey(image, raw, modality, flat)
    valid = np.ones(image.shape, bool) if image.valid is None else image.valid
    shown = render(image)[valid].astype(float)
    expected = grey[valid] * 255
    if np.abs(shown - expected).max(initial=0) > 0.5 + 1e-3:
        yield _summary("greys", shown, expected)
    if np.abs(network_intensities(image)[valid] - grey[valid]).max(initial=0) > 1e-4:
        yield _summary("intensities", network_intensities(image)[valid], grey[valid])


def _flat(dataset: Dataset, frame: int) -> Dataset:
    """The data set with a frame's functional groups where files of a single frame have them."""
    flat = copy.copy(dataset)
    groups = list(dataset.get("SharedFunctionalGroupsSequence") or [])
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    groups += [per_frame[frame - 1]] if len(per_frame) >= frame else []
    for group in groups:
        for keyword in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for element in (group.get(keyword) or [Dataset()])[0]:
                flat[element.tag] = element
    if "BitsStored" not in flat:  # floats: LINEAR counts whole values, and of a width of 1 makes a threshold
        flat.BitsStored, flat.PixelRepresentation, flat.VOILUTFunction = 16, 0, "LINEAR_EXACT"
    return flat


def _grey(image: Image, raw: NDArray[Any], modality: NDArray[Any], flat: Dataset) -> NDArray[np.float64]:
    """Grey from 0 to 1 as pydicom's VOI gives it, turned round where the file says so."""
    voi = image.voi[0] if image.voi else None
    if isinstance(voi, Window) and voi.function == "LINEAR" and voi.width < 1:
        raise AssertionError("a window that the standard does not allow")
    if voi is None:
        inside = modality if image.valid is None else modality[image.valid]
        low, high = float(inside.min()), float(inside.max())
        grey = (modality.astype(np.float64) - low) / max(high - low, 1e-12)
    elif isinstance(voi, LookupTable):
        grey = apply_voi_lut(modality.astype(np.int64), flat).astype(np.float64) / (2**voi.bits - 1)
    else:
        shown = apply_voi_lut(modality.astype(np.float64), flat).astype(np.float64)
        low, high = _output_range(flat)
        grey = (shown - low) / (high - low)
    inverted = flat.PhotometricInterpretation == PhotometricInterpretation.MONOCHROME1
    inverted |= flat.get("PresentationLUTShape") == "INVERSE"
    return np.asarray(1 - grey if inverted else grey, dtype=np.float64)


def _output_range(flat: Dataset) -> tuple[float, float]:
    """The range over which pydicom spreads a window: that of all modality values."""
    bits = flat.BitsStored
    low, high = (
        (0.0, 2.0**bits - 1)
        if flat.PixelRepresentation == 0
        else (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)
    )
    if flat.get("ModalityLUTSequence"):
        return 0.0, 2.0 ** flat.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    if flat.get("RescaleSlope") is not None:
        low, high = (end * float(flat.RescaleSlope) + float(flat.RescaleIntercept) for end in (low, high))
    return low, high


def _colour_differences(image: Image, raw: NDArray[Any], dataset: Dataset) -> Iterator[str]:
    photometric = dataset.PhotometricInterpretation
    if photometric == PhotometricInterpretation.PALETTE_COLOR:
        expected = apply_color_lut(raw, dataset)
        bits = 8 * expected.dtype.itemsize
        expected = expected >> (bits - 8) if expected.max(initial=0) > 255 else expected
        tolerance = 0
    else:
        expected, tolerance = raw, COLOUR_TOLERANCE
        if expected.dtype.itemsize > 1:
            expected = np.rint(expected / (2.0**dataset.BitsStored - 1) * 255)
    if expected.shape != image.pixels.shape:
        yield f"shape {image.pixels.shape}, pydicom {expected.shape}"
    elif np.abs(image.pixels.astype(int) - expected.astype(int)).max() > tolerance:
        yield _summary("colours", image.pixels, expected)
    elif not np.array_equal(render(image), image.pixels):
        yield "what is rendered is not what was read"


def _summary(what: str, ours: NDArray[Any], theirs: NDArray[Any]) -> str:
    if ours.shape != theirs.shape:
        return f"{what} {ours.shape} {ours.dtype}, pydicom {theirs.shape} {theirs.dtype}"
    apart = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    return (
        f"{what} {np.count_nonzero(apart)} of {apart.size} differ, by up to {apart.max():g}"
        f" ({ours.dtype} and {theirs.dtype})"
    )
