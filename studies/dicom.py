"""DICOM images: what a file's header says, and one frame of it decoded.

The frame is decoded by the one decoder that `studies.decoding` names for its transfer syntax. A file
that ends early is refused, never shown in part.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

from studies.calibration import regions_of, spacing_of
from studies.colour import GREY, HALVED, expand_422, palette_to_rgb, to_rgb
from studies.decoding import NATIVE, Decoded, Layout, arrange, decode_encapsulated
from studies.dicom_display import (
    float_padding,
    modality_transform,
    padding_of,
    polarity_of,
    presentation_lut_of,
    stored_range,
    voi_of,
)
from studies.dicom_file import (
    PARSER_ERRORS,
    OpenFile,
    PixelElement,
    clause,
    opened,
    quietly,
)
from studies.dicom_header import HEADER_KEYWORDS, header_of
from studies.dicom_layout import MAX_PIXELS as MAX_PIXELS
from studies.dicom_layout import layout_of
from studies.dicom_plane import plane_of
from studies.elements import text
from studies.errors import UnreadableFile, UnsupportedImage
from studies.frames import encapsulated_frame, native_bits, native_frame, require_complete
from studies.image import Header, Image
from studies.missing_decoder import missing_module
from studies.overlay import embedded_groups, overlays_of
from studies.regular_file import RegularFile, open_regular
from studies.shutter import shutter_of


def read_header(path: Path, file: RegularFile | None = None) -> Header:
    """Read the header of a DICOM image and make sure that the file is whole; nothing is decoded.

    Parameters
    ----------
    file
        The file, when it is open already.

    Raises
    ------
    StudyError
        One sentence that names the file, what was found and what was expected.
    """
    sink: list[str] = []
    with opened(path, sink, file, HEADER_KEYWORDS) as dicom:
        try:
            with quietly(sink):
                layout, frames = layout_of(dicom)
                require_complete(dicom, layout, frames, sink)
                return header_of(dicom, layout.rows, layout.columns, frames)
        except PARSER_ERRORS as error:
            raise UnreadableFile(
                f"{path}: its header is damaged or cut short ({clause(error)}), expected readable values."
            ) from error


def read_frame(header: Header, frame: int = 1) -> Image:
    """Decode one frame, counted from 1.

    Raises
    ------
    StudyError
        One sentence that names the file, what was found and what was expected.
    """
    path, sink = Path(header.path), []  # type: tuple[Path, list[str]]
    with _complete(header, sink) as whole:
        file, layout, frames, element = whole.file, whole.layout, whole.frames, whole.element
        try:
            with quietly(sink):
                if not 1 <= frame <= frames:
                    raise UnreadableFile(
                        f"{path}: has {frames} frame(s), expected a frame number up to that, found {frame}."
                    )
                encoded = _encoded(file, element, layout, frames, frame - 1)
            decoded, words = _decode_with_words(file, element, layout, encoded)
            with quietly(sink):
                image = _image(header, frame, file, layout, decoded, sink)
                return _with_graphics(image, file, words, sink)
        except ImportError as error:
            raise UnsupportedImage(f"{path}: {missing_module(error, file.transfer_syntax)}.") from error
        except PARSER_ERRORS as error:
            raise UnreadableFile(
                f"{path}: frame {frame} cannot be decoded ({clause(error)}), expected intact"
                f" {uid.UID(file.transfer_syntax).name} pixel data."
            ) from error


@dataclass(frozen=True, slots=True)
class _Complete:
    """A file of which it is known that it holds all frames that its header promises."""

    file: OpenFile
    layout: Layout
    frames: int
    element: PixelElement
    warnings: tuple[str, ...]


@contextmanager
def _complete(header: Header, sink: list[str]) -> Iterator[_Complete]:
    """The file of a header, open and looked through; what was learned of many frames is kept for the next.

    An enhanced file describes every frame before the first pixel: to read it all again for each frame would
    take longer than to decode them.
    """
    path = Path(header.path)
    if header.frames == 1 or header.transfer_syntax_uid == uid.DeflatedExplicitVRLittleEndian:
        with opened(path, sink) as file:
            yield _looked_through(header.sop_instance_uid, file, sink)
        return
    with open_regular(path) as found:
        changed_ns = os.fstat(found.stream.fileno()).st_mtime_ns
        known = _known(header.sop_instance_uid, path, changed_ns, found.size)
        sink.extend(known.warnings)
        yield replace(known, file=replace(known.file, stream=found.stream))


@lru_cache(maxsize=2)
def _known(sop_instance_uid: str, path: Path, changed_ns: int, size: int) -> _Complete:
    """A file's data set, as long as its size and date of change stay what they are; its stream is closed."""
    sink: list[str] = []
    with opened(path, sink) as file:
        return _looked_through(sop_instance_uid, file, sink)


def _looked_through(sop_instance_uid: str, file: OpenFile, sink: list[str]) -> _Complete:
    try:
        with quietly(sink):
            _require_same(sop_instance_uid, file)
            layout, frames = layout_of(file)
            element = require_complete(file, layout, frames, sink)
    except PARSER_ERRORS as error:
        raise UnreadableFile(
            f"{file.path}: its header is damaged or cut short ({clause(error)}), expected readable values."
        ) from error
    return _Complete(file, layout, frames, element, tuple(sink))


def _require_same(sop_instance_uid: str, file: OpenFile) -> None:
    """Refuse a file that was replaced since its header was read: it may be of another patient."""
    found = text(file.dataset, "SOPInstanceUID")
    if found and found != sop_instance_uid:
        raise UnreadableFile(
            f"{file.path}: holds another image than when it was added, expected the same one; add it again."
        )


def _encoded(file: OpenFile, element: PixelElement, layout: Layout, frames: int, index: int) -> Any:
    """A frame's bytes, or for 1-bit pixels, which share bytes between frames, its array."""
    if file.transfer_syntax not in NATIVE:
        return encapsulated_frame(file, element, frames, index)
    if layout.bits_allocated == 1:
        return native_bits(file, element, layout, index)
    return native_frame(file, element, layout, index)


def _decode(file: OpenFile, element: PixelElement, layout: Layout, encoded: Any) -> Decoded:
    if file.transfer_syntax not in NATIVE:
        return decode_encapsulated(file.transfer_syntax, encoded, layout)
    if layout.bits_allocated == 1:
        return Decoded(encoded, layout.photometric)
    if element.keyword != "PixelData":
        dtype = np.dtype(f"{'>' if file.is_big_endian else '<'}f{layout.bits_allocated // 8}")
        return Decoded(np.frombuffer(encoded, dtype).reshape(layout.rows, layout.columns), layout.photometric)
    if layout.photometric in HALVED:
        pairs = expand_422(encoded, layout.rows, layout.columns)
        return Decoded(pairs, layout.photometric.removesuffix("_422"))
    return Decoded(arrange(encoded, layout, big_endian=file.is_big_endian), layout.photometric)


def _decode_with_words(
    file: OpenFile, element: PixelElement, layout: Layout, encoded: Any
) -> tuple[Decoded, NDArray[Any] | None]:
    """A frame, and where overlays lie in bits that it does not use, its pixels with all their bits."""
    allocated = layout.bits_allocated
    if allocated not in (8, 16) or layout.samples > 1 or not embedded_groups(file.dataset):
        return _decode(file, element, layout, encoded), None
    whole = replace(layout, bits_stored=allocated, high_bit=allocated - 1, is_signed=False)
    decoded = _decode(file, element, whole, encoded)
    words = decoded.pixels
    if words.dtype != np.dtype(f"u{allocated // 8}"):
        return _decode(file, element, layout, encoded), None
    pixels = arrange(np.ascontiguousarray(words).tobytes(), layout, big_endian=sys.byteorder == "big")
    return Decoded(pixels, decoded.photometric), words


def _with_graphics(image: Image, file: OpenFile, words: NDArray[Any] | None, sink: list[str]) -> Image:
    """The image with what the file draws over it and hides of it, its place and its size in the patient."""
    dataset, frame = file.dataset, image.frame
    overlays = overlays_of(dataset, frame, words, file.is_big_endian, sink)
    shutter = shutter_of(dataset, frame, overlays, sink)
    hiding = shutter.bitmap if shutter is not None else None
    regions = regions_of(dataset, *image.shape, sink)
    spacing = spacing_of(dataset, frame, regions, sink)
    position, orientation = plane_of(dataset, frame)
    if image.header.presentation_intent == "FOR PROCESSING":
        sink.append("The image is FOR PROCESSING: it was not made to be read from.")
    return replace(
        image,
        overlays=tuple(one for one in overlays if one is not hiding),
        shutter=shutter,
        regions=regions,
        spacing=spacing,
        position=position,
        orientation=orientation,
        warnings=tuple(sink),
    )


def _image(
    header: Header, frame: int, file: OpenFile, layout: Layout, decoded: Decoded, sink: list[str]
) -> Image:
    """The decoded frame with what the file says of how to show it."""
    dataset, pixels = file.dataset, decoded.pixels
    if layout.photometric not in GREY:
        if layout.photometric == "PALETTE COLOR":
            rgb = palette_to_rgb(pixels, dataset, file.is_big_endian)
        else:
            rgb = to_rgb(pixels, decoded.photometric, _colour_bits(pixels, layout))
        return Image(header, frame, frozen(rgb))
    slope, intercept, lut, units = modality_transform(
        dataset, frame, layout.is_signed, file.is_big_endian, sink
    )
    modality_is_signed = layout.is_signed or intercept < 0 or slope < 0
    pixels, valid = _finite(pixels, dataset)
    padding = (
        padding_of(dataset, layout.is_signed, layout.bits_allocated) if pixels.dtype.kind != "f" else None
    )
    if padding is not None:
        inside = (pixels >= padding[0]) & (pixels <= padding[1])
        valid = ~inside if inside.any() else None
    return Image(
        header,
        frame,
        frozen(pixels),
        polarity=polarity_of(dataset),
        valid=None if valid is None else frozen(valid),
        slope=slope,
        intercept=intercept,
        modality_lut=lut,
        voi=voi_of(
            dataset,
            frame,
            modality_is_signed and lut is None,
            pixels.dtype.kind == "f",
            file.is_big_endian,
            sink,
        ),
        presentation_lut=presentation_lut_of(dataset, file.is_big_endian, sink),
        stored_range=stored_range(pixels, layout.bits_stored, layout.is_signed),
        bits_stored=layout.bits_stored,
        units=units,
        padding=padding,
    )


def _colour_bits(pixels: NDArray[Any], layout: Layout) -> int:
    return 8 if pixels.dtype.itemsize == 1 else layout.bits_stored


def _finite(pixels: NDArray[Any], dataset: Dataset) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Float pixels as float32, what is not finite or is padding 0 and marked invalid; others as they are."""
    if pixels.dtype.kind != "f":
        return pixels, None
    padded = float_padding(dataset, pixels)
    with np.errstate(over="ignore"):
        narrow = pixels.astype(np.float32)
    valid = np.isfinite(narrow) if padded is None else np.isfinite(narrow) & ~padded
    if valid.all():
        return narrow, None
    return np.where(valid, narrow, np.float32(0)), valid


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The array, contiguous and not writeable."""
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
