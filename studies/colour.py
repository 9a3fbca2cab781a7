"""Colour pixels of every DICOM kind as 8-bit RGB (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

GREY = ("MONOCHROME1", "MONOCHROME2")
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT")

HALVED = ("YBR_FULL_422", "YBR_PARTIAL_422")
"""Kinds of which uncompressed pixels come in pairs that share their chroma."""


def to_rgb(pixels: NDArray[Any], photometric: str, bits: int) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of three samples a pixel, each of `bits` bits, unsigned."""
    eight = to_eight_bits(pixels, bits)
    return eight if not photometric.startswith("YBR") else _rgb_of_ybr(eight, "PARTIAL" in photometric)


def to_eight_bits(pixels: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Values of `bits` bits scaled to 0..255, rounded."""
    if bits == 8 and pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    scaled = pixels.astype(np.float64) * (255.0 / (2.0**bits - 1.0))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), dtype=np.uint8)


def _rgb_of_ybr(ybr: NDArray[np.uint8], is_partial: bool) -> NDArray[np.uint8]:
    """Undo YBR_FULL (ITU-T T.871, 7) or YBR_PARTIAL (head- and footroom of ITU-R BT.601)."""
    y, cb, cr = (ybr[..., channel].astype(np.float32) for channel in range(3))
    cb, cr = cb - 128.0, cr - 128.0
    if is_partial:
        y, cb, cr = (y - 16.0) * (255.0 / 219.0), cb * (255.0 / 224.0), cr * (255.0 / 224.0)
    rgb = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    return np.asarray(np.clip(np.rint(rgb), 0, 255), dtype=np.uint8)


def expand_422(data: bytes, rows: int, columns: int) -> NDArray[np.uint8]:
    """Uncompressed YBR of the `HALVED` kinds, stored Y1 Y2 Cb Cr, as (H, W, 3) with chroma repeated."""
    quads = np.frombuffer(data, dtype=np.uint8).reshape(-1, 4)
    out = np.empty((len(quads) * 2, 3), dtype=np.uint8)
    out[0::2, 0], out[1::2, 0] = quads[:, 0], quads[:, 1]
    out[:, 1], out[:, 2] = np.repeat(quads[:, 2], 2), np.repeat(quads[:, 3], 2)
    return out.reshape(rows, columns, 3)


def lut_entries(item: Dataset, descriptor: str, data: str, big_endian: bool) -> tuple[int, int, NDArray[Any]]:
    """First mapped value, bits and entries (N,) of a LUT, from elements of which the VR varies.

    The descriptor's 0 stands for 65,536 entries. Bytes may hold an entry each (8 bit, packed) or in
    two; plain integers are taken as they are. Raises ValueError when there are fewer than promised.
    """
    count, first, bits = (int(value) for value in item[descriptor].value)
    count = count % 65536 or 65536
    raw = item[data].value
    if isinstance(raw, bytes | bytearray):
        packed = len(raw) < 2 * count
        entries = np.frombuffer(raw, dtype="u1" if packed else (">u2" if big_endian else "<u2"))
    else:
        entries = np.atleast_1d(np.asarray(raw, dtype=np.int64)) & 0xFFFF
        if len(entries) * 2 in (count, count + 1):  # 8-bit entries, two to a word
            entries = entries.astype("<u2").view("u1")
    if len(entries) < count:
        raise ValueError(f"a lookup table has {len(entries)} entries, expected {count}")
    return first, bits, entries[:count].astype(np.float64)


def palette_to_rgb(pixels: NDArray[Any], dataset: Dataset, big_endian: bool) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of PALETTE COLOR pixels; KeyError without a palette, ValueError if it is short."""
    if "SegmentedRedPaletteColorLookupTableData" in dataset:
        segmented = apply_color_lut(pixels, dataset)
        return (segmented >> (8 * segmented.dtype.itemsize - 8)).astype(np.uint8)
    channels = []
    bits = 8
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTable"
        first, bits, entries = lut_entries(dataset, f"{name}Descriptor", f"{name}Data", big_endian)
        if pixels.dtype.kind == "i" and first > 32767:
            first -= 65536
        channels.append(entries[np.clip(pixels.astype(np.int64) - first, 0, len(entries) - 1)])
    rgb = np.stack(channels, axis=-1)
    if bits == 16 and rgb.max(initial=0.0) > 255:  # some writers say 16 and store 8
        rgb = np.floor(rgb / 256.0)
    return np.asarray(np.clip(rgb, 0, 255), dtype=np.uint8)
