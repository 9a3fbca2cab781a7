"""The pixel format that a DICOM header promises, held against limits before it is believed (C.7.6.3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset

from studies.colour import COLOUR, GREY, HALVED
from studies.decoding import DECODERS, NATIVE, Layout
from studies.dicom_file import OpenFile
from studies.elements import number, text
from studies.errors import ImageTooLarge, NotAnImage, UnreadableFile, UnsupportedImage
from studies.frames import frame_bits
from studies.missing_decoder import missing_for_syntax

MAX_PIXELS = 200_000_000
"""Pixels that one frame may have."""


def layout_of(file: OpenFile) -> tuple[Layout, int]:
    """Pixel format and number of frames, or the StudyError that says why there are none."""
    path, dataset = file.path, file.dataset
    rows, columns = number(dataset, "Rows"), number(dataset, "Columns")
    if rows is None or columns is None:
        raise _no_image(file)
    if file.transfer_syntax not in NATIVE and file.transfer_syntax not in DECODERS:
        raise UnsupportedImage(f"{path}: {missing_for_syntax(file.transfer_syntax)}.")
    if rows < 1 or columns < 1:
        raise UnreadableFile(f"{path}: says it has {columns:g} x {rows:g} pixels, expected at least one.")
    if rows * columns > MAX_PIXELS:
        raise ImageTooLarge(
            f"{path}: promises {columns:g} x {rows:g} pixels, expected at most {MAX_PIXELS:,} a frame."
        )
    frames = number(dataset, "NumberOfFrames")
    keyword = file.pixel_element.keyword if file.pixel_element else "PixelData"
    default = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword)
    allocated = default or int(number(dataset, "BitsAllocated") or 0)
    stored = default or int(number(dataset, "BitsStored") or allocated)
    layout = Layout(
        rows=int(rows),
        columns=int(columns),
        samples=int(number(dataset, "SamplesPerPixel") or 1),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=int(number(dataset, "HighBit") or stored - 1) if not default else stored - 1,
        is_signed=number(dataset, "PixelRepresentation") == 1,
        photometric=text(dataset, "PhotometricInterpretation").upper() or "MONOCHROME2",
        planar=int(number(dataset, "PlanarConfiguration") or 0),
    )
    _require_supported(path, layout)
    return _as_stored(file, layout, max(1, int(frames or 1))), max(1, int(frames or 1))


def _no_image(file: OpenFile) -> UnreadableFile:
    """Why a data set without Rows and Columns is no image: another kind of object, or cut short."""
    meta = getattr(file.dataset, "file_meta", Dataset())
    kind = text(file.dataset, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID")
    name = uid.UID(kind).name if kind else ""
    if not name or "Image Storage" in name:
        return UnreadableFile(
            f"{file.path}: its DICOM header has no Rows and Columns, expected a complete image header."
        )
    return NotAnImage(f"{file.path}: is a DICOM object without an image ({name}), expected an image.")


def _require_supported(path: Path, layout: Layout) -> None:
    if layout.bits_allocated not in (1, 8, 16, 32, 64):
        raise UnsupportedImage(
            f"{path}: has {layout.bits_allocated} bits allocated a sample, expected 1, 8, 16, 32 or 64."
        )
    if not 1 <= layout.bits_stored <= layout.high_bit + 1 <= layout.bits_allocated:
        raise UnreadableFile(
            f"{path}: says {layout.bits_stored} bits stored, high bit {layout.high_bit}, in"
            f" {layout.bits_allocated} allocated, expected stored <= high bit + 1 <= allocated."
        )
    samples = 1 if layout.photometric in (*GREY, "PALETTE COLOR") else 3
    known = (*GREY, *COLOUR, "PALETTE COLOR")
    if layout.photometric not in known or layout.samples != samples:
        raise UnsupportedImage(
            f"{path}: has {layout.samples} sample(s) a pixel of photometric interpretation"
            f" {layout.photometric}, expected a grey, palette, RGB or YBR image."
        )


def _as_stored(file: OpenFile, layout: Layout, frames: int) -> Layout:
    """The layout, with 4:2:2 corrected to full where the pixel data is as long as that."""
    element = file.pixel_element
    if layout.photometric not in HALVED or element is None or file.transfer_syntax not in NATIVE:
        return layout
    full = replace(layout, photometric=layout.photometric.removesuffix("_422"))
    return full if (element.length or 0) >= frame_bits(full) * frames // 8 else layout
