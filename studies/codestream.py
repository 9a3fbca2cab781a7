"""What a compressed frame says of itself, read before it is decoded.

Some decoders paint the part of a picture that is missing grey or black and call it a success, and a
codestream may be far larger than the DICOM header that wraps it admits. Both are found out here, from
the markers alone (ISO/IEC 10918-1 B.1, 14495-1 C.1, 15444-1 A.4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


class DamagedCodestream(ValueError):
    """The markers of a compressed frame contradict each other or end too early."""


@dataclass(frozen=True, slots=True)
class Codestream:
    """Size and kind of a compressed frame; `is_rgb` and `is_ycc` say what its own markers claim."""

    rows: int
    columns: int
    components: int
    precision: int
    is_signed: bool = False
    is_rgb: bool = False
    is_ycc: bool = False


_ALONE = {0x01, *range(0xD0, 0xDA)}
_FRAME_MARKERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}


def read_jpeg(data: bytes) -> Codestream:
    """Describe a JPEG or JPEG-LS frame from its markers; raise `DamagedCodestream` when it is cut short."""
    if data[:2] != b"\xff\xd8":
        raise DamagedCodestream("no JPEG start of image")
    jfif, adobe, position = False, -1, 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise DamagedCodestream("no marker where one is due")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in _ALONE:
            position += 2
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        body = data[position + 4 : position + 2 + length]
        jfif |= marker == 0xE0 and body[:4] == b"JFIF"
        if marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        if marker in _FRAME_MARKERS:
            _require_end_of_image(data)
            return _jpeg_frame(body, jfif, adobe)
        position += 2 + length
    raise DamagedCodestream("no frame header")


def _jpeg_frame(body: bytes, jfif: bool, adobe: int) -> Codestream:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise DamagedCodestream("a frame header cut short")
    precision, rows, columns, components = struct.unpack_from(">BHHB", body)
    named_rgb = [body[6 + 3 * n] for n in range(components)] in ([82, 71, 66], [114, 103, 98])
    is_rgb = components == 3 and (adobe == 0 or (named_rgb and adobe < 0 and not jfif))
    is_ycc = components == 3 and not is_rgb and (adobe == 1 or jfif)
    return Codestream(rows, columns, components, precision, is_rgb=is_rgb, is_ycc=is_ycc)


def _require_end_of_image(data: bytes) -> None:
    """Raise when no end-of-image marker closes the data (padding bytes may follow it)."""
    end = len(data)
    while end > 2 and data[end - 1] in (0x00, 0xFF):
        end -= 1
    if data[end - 2 : end] != b"\xff\xd9":
        raise DamagedCodestream("no end of image")


def read_jpeg2000(data: bytes) -> Codestream:
    """Describe a JPEG 2000 or HTJ2K codestream; raise `DamagedCodestream` when tile-parts are missing."""
    start = 0
    if data[4:8] == b"jP  ":  # wrapped as a JP2 file, against PS3.5 A.4.4 but met in practice
        start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or data[start : start + 4] != b"\xff\x4f\xff\x51" or len(data) < start + 42:
        raise DamagedCodestream("no JPEG 2000 image size")
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    (components,) = struct.unpack_from(">H", data, start + 40)
    if len(data) <= start + 42:
        raise DamagedCodestream("a header cut short")
    depth = data[start + 42]
    _require_tile_parts(data, start)
    return Codestream(bottom - top, right - left, components, (depth & 0x7F) + 1, bool(depth & 0x80))


def _require_tile_parts(data: bytes, start: int) -> None:
    """Walk from the first to the last tile-part by their lengths (Psot) and see that all are there."""
    position = start + 2
    while position + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, position)
        if marker == 0xFFD9:
            return
        if marker == 0xFF90 and position + 10 <= len(data):
            (length,) = struct.unpack_from(">I", data, position + 6)
            if length == 0:  # until the end of the codestream
                _require_end_of_image(data)
                return
            position += length
        elif 0xFF4F < marker < 0xFF90:
            position += 2 + length
        else:
            raise DamagedCodestream("no marker where one is due")
    if position > len(data):
        raise DamagedCodestream("a tile cut short")
    if position + 2 <= len(data) and data[position : position + 2] != b"\xff\xd9":
        raise DamagedCodestream("no marker where one is due")
