"""TIFF files of kinds that no library here writes: tiles, planes, predictors, signed and wide values."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

_FORMATS = {"u": 1, "i": 2, "f": 3}
_COMPRESSIONS = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773}


def _packed(block: NDArray[Any], compression: str, predictor: bool) -> bytes:
    """The bytes of a strip or tile, (rows, columns, samples), as they lie in the file."""
    if predictor:
        block = np.concatenate((block[:, :1], np.diff(block, axis=1)), axis=1).astype(block.dtype)
    data = block.tobytes()
    if compression == "lzw":
        return bytes(imagecodecs.lzw_encode(data))
    if compression == "packbits":
        return b"".join(bytes(imagecodecs.packbits_encode(row.tobytes())) for row in block)
    return zlib.compress(data) if compression == "deflate" else data


def _blocks(pixels: NDArray[Any], tile: int, planar: bool) -> list[NDArray[Any]]:
    planes = [pixels[..., n : n + 1] for n in range(pixels.shape[2])] if planar else [pixels]
    if not tile:
        return planes
    blocks = []
    for plane in planes:
        for top in range(0, plane.shape[0], tile):
            for left in range(0, plane.shape[1], tile):
                block = np.zeros((tile, tile, plane.shape[2]), plane.dtype)
                part = plane[top : top + tile, left : left + tile]
                block[: part.shape[0], : part.shape[1]] = part
                blocks.append(block)
    return blocks


def write_tiff(
    path: Path,
    *pages: NDArray[Any],
    order: str = "<",
    compression: str = "none",
    predictor: bool = False,
    tile: int = 0,
    planar: bool = False,
    photometric: int | None = None,
    extra: dict[int, tuple[int, tuple[int, ...]]] | None = None,
) -> Path:
    """Write pages of (H, W) or (H, W, samples); tags of `extra` are (type, values)."""
    data = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0))
    link = 4
    for page in pages:
        pixels = (page if page.ndim == 3 else page[..., None]).astype(page.dtype.newbyteorder(order))
        blocks = [_packed(block, compression, predictor) for block in _blocks(pixels, tile, planar)]
        offsets = []
        for block in blocks:
            offsets.append(len(data))
            data += block + b"\0" * (len(block) % 2)
        rows, columns, samples = pixels.shape
        places, lengths = (324, 325) if tile else (273, 279)
        tags: dict[int, tuple[int, tuple[int, ...]]] = {
            256: (4, (columns,)),
            257: (4, (rows,)),
            258: (3, (8 * pixels.dtype.itemsize,) * samples),
            259: (3, (_COMPRESSIONS[compression],)),
            262: (3, (photometric if photometric is not None else (2 if samples >= 3 else 1),)),
            277: (3, (samples,)),
            284: (3, (2 if planar else 1,)),
            317: (3, (2 if predictor else 1,)),
            339: (3, (_FORMATS[pixels.dtype.kind],) * samples),
            places: (4, tuple(offsets)),
            lengths: (4, tuple(len(block) for block in blocks)),
            **({322: (3, (tile,)), 323: (3, (tile,))} if tile else {278: (4, (rows,))}),
            **(extra or {}),
        }
        struct.pack_into(order + "I", data, link, len(data))
        link = _write_tags(data, tags, order)
    path.write_bytes(data)
    return path


def _write_tags(data: bytearray, tags: dict[int, tuple[int, tuple[int, ...]]], order: str) -> int:
    """Append a directory; where the offset of the next one has to be written."""
    start, count = len(data), len(tags)
    values_at = start + 2 + 12 * count + 4
    directory, values = bytearray(struct.pack(order + "H", count)), bytearray()
    for tag, (kind, numbers) in sorted(tags.items()):
        packed = struct.pack(order + str(len(numbers)) + {3: "H", 4: "I"}[kind], *numbers)
        directory += struct.pack(order + "HHI", tag, kind, len(numbers))
        if len(packed) <= 4:
            directory += packed.ljust(4, b"\0")
        else:
            directory += struct.pack(order + "I", values_at + len(values))
            values += packed + b"\0" * (len(packed) % 2)
    data += directory + bytes(4) + values
    return start + 2 + 12 * count
