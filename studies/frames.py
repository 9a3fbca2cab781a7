"""One frame's bytes out of an open DICOM file, and whether the file holds all that its header promises."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame

from studies.colour import HALVED
from studies.decoding import NATIVE, Layout
from studies.dicom_file import OpenFile, PixelElement
from studies.errors import UnreadableFile, UnsupportedImage


def frame_bits(layout: Layout) -> int:
    """Bits that one uncompressed frame takes (PS3.5 8.1, PS3.3 C.7.6.3.1.2)."""
    samples = 2 if layout.photometric in HALVED and layout.samples == 3 else layout.samples
    return layout.rows * layout.columns * samples * layout.bits_allocated


def require_complete(file: OpenFile, layout: Layout, frames: int, sink: list[str]) -> PixelElement:
    """The pixel element, after making sure that the file does not end before its pixels do.

    Raises
    ------
    UnreadableFile
        The pixels are absent, cut short, or wrapped the other way than the transfer syntax says.
    """
    element = file.pixel_element
    if element is None:
        raise UnreadableFile(f"{file.path}: ends before its pixel data, expected the whole file.")
    if file.transfer_syntax in NATIVE:
        if element.length is None:
            raise UnreadableFile(
                f"{file.path}: holds compressed pixel data, expected uncompressed as it says itself."
            )
        _require_native(file, element, layout, frames)
    elif element.length is None:
        _require_fragments(file, element, frames, sink)
    else:
        raise UnreadableFile(
            f"{file.path}: holds uncompressed pixel data, expected compressed as it says itself."
        )
    return element


def _require_native(file: OpenFile, element: PixelElement, layout: Layout, frames: int) -> None:
    expected = (frame_bits(layout) * frames + 7) // 8
    found = min(element.length or 0, file.size - element.offset)
    if found < expected:
        raise UnreadableFile(
            f"{file.path}: is cut short, found {found} bytes of pixel data, expected {expected}"
            f" ({layout.columns} x {layout.rows}, {layout.bits_allocated} bit, {frames} frame(s))."
        )


def _require_fragments(file: OpenFile, element: PixelElement, frames: int, sink: list[str]) -> None:
    """Step from fragment to fragment (PS3.5 A.4) without reading them; the first item is the offset table."""
    position, items, is_closed = element.offset, 0, False
    while position + 8 <= file.size and not is_closed:
        file.stream.seek(position)
        group, number, length = struct.unpack("<HHI", file.stream.read(8))
        is_closed = (group, number) == (0xFFFE, 0xE0DD)
        if not is_closed and (group, number) != (0xFFFE, 0xE000):
            raise UnreadableFile(
                f"{file.path}: has damaged compressed pixel data (no item at byte {position}),"
                " expected a sequence of fragments."
            )
        if not is_closed:
            position += 8 + length
            items += 1
    if position > file.size or items - 1 < frames:
        raise UnreadableFile(
            f"{file.path}: is cut short, found {max(items - 1, 0)} fragment(s) of compressed pixel data up to"
            f" byte {file.size}, expected whole ones of {frames} frame(s)."
        )
    if not is_closed:
        sink.append("The file ends without closing its pixel data; all frames are there.")


def encapsulated_frame(file: OpenFile, element: PixelElement, frames: int, index: int) -> bytes:
    """The encoded bytes of one frame, its fragments joined; may raise pydicom's errors."""
    extended = None
    if "ExtendedOffsetTable" in file.dataset and "ExtendedOffsetTableLengths" in file.dataset:
        extended = (file.dataset.ExtendedOffsetTable, file.dataset.ExtendedOffsetTableLengths)
    file.stream.seek(element.offset)
    return get_frame(file.stream, index, number_of_frames=frames, extended_offsets=extended)


def native_frame(file: OpenFile, element: PixelElement, layout: Layout, index: int) -> bytes:
    """The bytes of one uncompressed frame of whole bytes."""
    count = frame_bits(layout) // 8
    start = index * count
    swap = file.is_big_endian and layout.bits_allocated == 8 and element.vr == "OW"
    first = start - start % 2 if swap else start
    file.stream.seek(element.offset + first)
    data = file.stream.read(start - first + count + (start - first + count) % 2 * swap)
    if swap:  # PS3.5 8.2.2: bytes of 8-bit pixels are swapped in words
        data = (
            np.frombuffer(data[: len(data) // 2 * 2], dtype="u2").byteswap().tobytes()
            + data[len(data) // 2 * 2 :]
        )
        data = data[start - first : start - first + count]
    if len(data) != count:
        raise UnreadableFile(
            f"{file.path}: is cut short, found {len(data)} bytes of a frame, expected {count}."
        )
    return data


def native_bits(file: OpenFile, element: PixelElement, layout: Layout, index: int) -> NDArray[np.uint8]:
    """One frame of 1-bit pixels as uint8 (H, W) of 0 and 1; frames need not begin at a byte (PS3.5 D.1)."""
    if layout.samples != 1:
        raise UnsupportedImage(
            f"{file.path}: has 1-bit pixels of {layout.samples} samples, expected one sample."
        )
    pixels = layout.rows * layout.columns
    start = index * pixels
    file.stream.seek(element.offset + start // 8)
    data = np.frombuffer(file.stream.read((start % 8 + pixels + 7) // 8), dtype=np.uint8)
    if file.is_big_endian and element.vr == "OW" and len(data) % 2 == 0:
        data = data.view("u2").byteswap().view(np.uint8)
    bits = np.unpackbits(data, bitorder="little")[start % 8 : start % 8 + pixels]
    return bits.reshape(layout.rows, layout.columns)
