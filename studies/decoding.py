"""Which decoder serves which transfer syntax, and the frame it makes of the encoded bytes.

One decoder each, named here, because decoders differ in speed by a factor of three and in colour by a
grey level. Measured on 3000 x 2500, 16 bit: see "Facts" in the design. pylibjpeg-libjpeg is GPL-3 and
absent; imagecodecs takes its place for lossless and 12-bit JPEG.
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid

from studies.codestream import Codestream, DamagedCodestream, read_jpeg, read_jpeg2000
from studies.colour import HALVED, expand_422

NATIVE = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)
"""Transfer syntaxes whose pixels are not compressed one by one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the DICOM header says of one frame (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    photometric: str
    planar: int


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A frame as decoded: (H, W) or (H, W, samples), and the photometric interpretation it now has."""

    pixels: NDArray[Any]
    photometric: str


class WrongFrame(ValueError):
    """The decoded frame is not what the header announced; the message is a clause for a sentence."""


DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"
"""Deflated Image Frame Compression, which pydicom 3.0 has no name for."""

ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"

RETIRED_JPEG = ("1.2.840.10008.1.2.4.52", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")
"""Extended and progressive JPEG of 8 and 12 bits, as old files have it."""

FrameDecoder = Callable[[bytes, Layout], Decoded]


def decode_encapsulated(transfer_syntax: str, data: bytes, layout: Layout) -> Decoded:
    """Decode one compressed frame.

    Raises
    ------
    DamagedCodestream, WrongFrame, KeyError
        The bytes are damaged, disagree with the header, or no decoder is named for the transfer syntax.
    """
    decoded = DECODERS[transfer_syntax](data, layout)
    expected = (layout.rows, layout.columns) + ((layout.samples,) if layout.samples > 1 else ())
    if decoded.pixels.shape != expected:
        raise WrongFrame(f"its compressed frame has the shape {decoded.pixels.shape}, expected {expected}")
    return decoded


def _require_size(found: Codestream, layout: Layout) -> None:
    """Raise before a frame is decoded that is larger than, or otherwise not, what the header says."""
    if (found.rows, found.columns, found.components) != (layout.rows, layout.columns, layout.samples):
        raise WrongFrame(
            f"its compressed frame is {found.columns} x {found.rows} with {found.components} component(s),"
            f" expected {layout.columns} x {layout.rows} with {layout.samples}"
        )


def _signed(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    """Two's complement of `bits` bits read from unsigned (or already signed) integers."""
    signed = pixels.view(np.dtype(f"i{pixels.dtype.itemsize}"))
    shift = 8 * pixels.dtype.itemsize - bits
    return (signed << shift) >> shift if shift > 0 else signed


def _unsigned(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    """The lowest `bits` bits of integers, as unsigned."""
    unsigned = pixels.view(np.dtype(f"u{pixels.dtype.itemsize}"))
    return unsigned & unsigned.dtype.type((1 << bits) - 1) if bits < 8 * pixels.dtype.itemsize else unsigned


def _decode_jpeg(data: bytes, layout: Layout) -> Decoded:
    """JPEG baseline and extended; 8 bit by Pillow's libjpeg-turbo, 12 bit by imagecodecs."""
    found = read_jpeg(data)
    _require_size(found, layout)
    if found.precision != 8:
        from imagecodecs import jpeg8_decode

        pixels = np.asarray(jpeg8_decode(data))
        return Decoded(_signed(pixels, found.precision) if layout.is_signed else pixels, layout.photometric)
    from PIL.JpegImagePlugin import JpegImageFile

    picture = JpegImageFile(io.BytesIO(data))
    photometric = layout.photometric
    if layout.samples == 3:
        if found.is_rgb or found.is_ycc:  # the codestream says so itself: libjpeg's RGB is right
            photometric = "RGB"
        else:
            picture.draft("YCbCr", picture.size)
            photometric = "YBR_FULL" if photometric.startswith("YBR") else photometric
    pixels = np.asarray(picture)
    return Decoded(_signed(pixels, 8) if layout.is_signed else pixels, photometric)


def _decode_lossless_jpeg(data: bytes, layout: Layout) -> Decoded:
    """JPEG lossless, process 14, by libjpeg-turbo 3, told that no colour transform takes place."""
    from imagecodecs import jpeg8_decode

    found = read_jpeg(data)
    _require_size(found, layout)
    same = "RGB" if layout.samples == 3 else None
    pixels = np.asarray(jpeg8_decode(data, colorspace=same, outcolorspace=same))
    return Decoded(_signed(pixels, found.precision) if layout.is_signed else pixels, layout.photometric)


def _decode_jpeg_ls(data: bytes, layout: Layout) -> Decoded:
    """JPEG-LS by pyjpegls (CharLS); planes come one after the other in interleave mode 0."""
    import jpeg_ls

    found = read_jpeg(data)
    _require_size(found, layout)
    buffer, info = jpeg_ls.decode_pixel_data(data)
    pixels = np.frombuffer(buffer, dtype="<u2" if info["bits_per_sample"] > 8 else "u1")
    if layout.samples == 1:
        pixels = pixels.reshape(layout.rows, layout.columns)
    elif info["interleave_mode"] == 0:
        pixels = pixels.reshape(layout.samples, layout.rows, layout.columns).transpose(1, 2, 0)
    else:
        pixels = pixels.reshape(layout.rows, layout.columns, layout.samples)
    return Decoded(_signed(pixels, found.precision) if layout.is_signed else pixels, layout.photometric)


def _decode_jpeg_2000(data: bytes, layout: Layout) -> Decoded:
    """JPEG 2000 and HTJ2K by OpenJPEG, which undoes the multi-component transform itself."""
    from imagecodecs import jpeg2k_decode

    found = read_jpeg2000(data)
    _require_size(found, layout)
    pixels = np.asarray(jpeg2k_decode(data, numthreads=2))
    if found.is_signed != layout.is_signed:
        fit = _signed if layout.is_signed else _unsigned
        pixels = fit(np.ascontiguousarray(pixels), found.precision)
    photometric = "RGB" if layout.photometric in ("YBR_ICT", "YBR_RCT") else layout.photometric
    return Decoded(pixels, photometric)


def _decode_rle(data: bytes, layout: Layout) -> Decoded:
    """RLE, a segment for each byte of a sample, the highest first, sample by sample (PS3.5 G).

    imagecodecs unpacks the segments. It can take whole frames too, but a damaged one makes it fault
    (2026.3.6), and pylibjpeg-rle panics over some.
    """
    if layout.bits_allocated not in (1, 8, 16, 32):
        raise WrongFrame(f"it has {layout.bits_allocated} bits allocated in RLE, expected 1, 8, 16 or 32")
    octets = max(1, layout.bits_allocated // 8)
    segments = _rle_segments(data, layout.samples * octets)
    pixels = layout.rows * layout.columns
    if layout.bits_allocated == 1:
        packed = _unpacked(segments[0], (pixels + 7) // 8, pixels + _RLE_SLACK)
        return Decoded(_bits_of_segment(packed.tobytes(), layout), layout.photometric)
    values = np.empty((layout.samples, pixels, octets), dtype=np.uint8)
    for number, segment in enumerate(segments):
        sample, place = divmod(number, octets)
        values[sample, :, octets - 1 - place] = _unpacked(segment, pixels, pixels + _RLE_SLACK)[:pixels]
    return Decoded(arrange(values.tobytes(), layout, planar=1), layout.photometric)


_RLE_SLACK = 128
"""Bytes that a segment may give beyond its pixels, of a run over the byte that pads it."""


def _rle_segments(data: bytes, count: int) -> list[bytes]:
    """The segments of a frame, their offsets held against its length."""
    if len(data) < 64 or int.from_bytes(data[:4], "little") != count or count > 15:
        raise DamagedCodestream(f"an RLE header that does not say {count} segment(s)")
    offsets = [*struct.unpack_from(f"<{count}I", data, 4), len(data)]
    if offsets[0] < 64 or any(one >= other for one, other in itertools.pairwise(offsets)):
        raise DamagedCodestream("RLE segments that do not follow each other")
    return [data[start:end] for start, end in itertools.pairwise(offsets)]


def _unpacked(segment: bytes, least: int, most: int) -> NDArray[np.uint8]:
    """A segment's bytes, at least and at most so many."""
    from imagecodecs import packbits_decode

    room = memoryview(bytearray(most))
    found = np.frombuffer(packbits_decode(segment, out=room), dtype=np.uint8)
    if len(found) < least:
        raise WrongFrame(f"an RLE segment holds {len(found)} bytes, expected {least}")
    return found


def _bits_of_segment(segment: bytes, layout: Layout) -> NDArray[np.uint8]:
    """1-bit pixels of a frame, uint8 (H, W): eight to a byte, or as some writers have it, a byte each."""
    pixels = layout.rows * layout.columns
    values = np.frombuffer(segment, np.uint8)
    if len(values) < pixels:
        values = np.unpackbits(values, bitorder="little")
    if len(values) < pixels:
        raise WrongFrame(f"its frame has {len(values)} pixels, expected {pixels}")
    return values[:pixels].reshape(layout.rows, layout.columns)


def _decode_deflated(data: bytes, layout: Layout) -> Decoded:
    """Frames deflated one by one (PS3.5 A.4.14), each no longer than its pixels."""
    pixels = layout.rows * layout.columns * layout.samples
    count = (pixels * layout.bits_allocated + 7) // 8
    raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, count + 2)
    if not count <= len(raw) <= count + 1:
        raise WrongFrame(f"its deflated frame has {len(raw)} bytes or more, expected {count}")
    if layout.bits_allocated == 1:
        return Decoded(_bits_of_segment(raw, layout), layout.photometric)
    return Decoded(arrange(raw[:count], layout), layout.photometric)


def _decode_uncompressed(data: bytes, layout: Layout) -> Decoded:
    """Frames that are only wrapped (PS3.5 A.4.11), each padded to whole words."""
    pixels = layout.rows * layout.columns
    if layout.bits_allocated == 1:
        return Decoded(_bits_of_segment(data, layout), layout.photometric)
    halved = layout.photometric in HALVED and layout.samples == 3
    count = pixels * (2 if halved else layout.samples) * layout.bits_allocated // 8
    if not count <= len(data) <= count + 1:
        raise WrongFrame(f"its frame has {len(data)} bytes, expected {count}")
    if halved:
        pairs = expand_422(data[:count], layout.rows, layout.columns)
        return Decoded(pairs, layout.photometric.removesuffix("_422"))
    return Decoded(arrange(data[:count], layout), layout.photometric)


def arrange(
    data: bytes, layout: Layout, *, planar: int | None = None, big_endian: bool = False
) -> NDArray[Any]:
    """Uncompressed bytes of one frame as (H, W) or (H, W, samples), unused bits cleared, native byte order.

    `data` holds exactly rows x columns x samples values of bits_allocated (8, 16, 32 or 64) bits.
    """
    kind = "i" if layout.is_signed else "u"
    order = ">" if big_endian else "<"
    pixels = np.frombuffer(data, dtype=f"{order}{kind}{layout.bits_allocated // 8}")
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    above = layout.bits_allocated - 1 - layout.high_bit
    spare = layout.bits_allocated - layout.bits_stored
    if spare > 0:
        pixels = (pixels << above) >> spare
    if layout.samples == 1:
        return pixels.reshape(layout.rows, layout.columns)
    if (layout.planar if planar is None else planar) == 1:
        return pixels.reshape(layout.samples, layout.rows, layout.columns).transpose(1, 2, 0)
    return pixels.reshape(layout.rows, layout.columns, layout.samples)


DECODERS: dict[str, FrameDecoder] = {
    ENCAPSULATED_UNCOMPRESSED: _decode_uncompressed,
    uid.RLELossless: _decode_rle,
    DEFLATED_IMAGE_FRAME: _decode_deflated,
    uid.JPEGBaseline8Bit: _decode_jpeg,
    uid.JPEGExtended12Bit: _decode_jpeg,
    **dict.fromkeys(RETIRED_JPEG, _decode_jpeg),
    uid.JPEGLossless: _decode_lossless_jpeg,
    uid.JPEGLosslessSV1: _decode_lossless_jpeg,
    uid.JPEGLSLossless: _decode_jpeg_ls,
    uid.JPEGLSNearLossless: _decode_jpeg_ls,
    uid.JPEG2000Lossless: _decode_jpeg_2000,
    uid.JPEG2000: _decode_jpeg_2000,
    uid.HTJ2KLossless: _decode_jpeg_2000,
    uid.HTJ2KLosslessRPCL: _decode_jpeg_2000,
    uid.HTJ2K: _decode_jpeg_2000,
}
"""The decoder of each compressed transfer syntax."""
