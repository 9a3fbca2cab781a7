"""The pages of a TIFF file: what each holds, and the values of deep ones.

Pillow serves what is shallow: bits, palettes, 8 bits a sample. Deeper, signed and float values are libtiff's
(through imagecodecs): of those Pillow refuses some, and some (signed bytes, big-endian compressed floats,
16-bit colour in planes) it gives back wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2

MAX_PAGES = 100_000

_FORMATS = {1: "u", 2: "i", 3: "f"}
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_REDUCED_OR_MASK = 0b101


class DamagedTiff(ValueError):
    """The directories of a file contradict each other; the message is a clause for a sentence."""


class OtherTiff(ValueError):
    """A page is sound, but of a kind that cannot be shown; the message is a clause for a sentence."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one directory of the file says.

    Parameters
    ----------
    index
        Its place among all directories, from 0.
    dtype
        ``"u2"``, ``"i4"``, ``"f4"``, ...; empty where samples have several sizes or no whole bytes.
    tile
        Width and length of its tiles, or (0, 0).
    orientation
        1 to 8, as in EXIF.
    """

    index: int
    rows: int
    columns: int
    samples: int
    dtype: str
    photometric: int
    is_planar: bool
    tile: tuple[int, int]
    orientation: int

    @property
    def is_deep(self) -> bool:
        """Whether its values are libtiff's to read."""
        is_plain = self.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
        return is_plain and self.dtype not in ("", "u1")


def pages(stream: BinaryIO) -> list[Page]:
    """The pictures of a file, without their reduced copies and masks; may raise what Pillow raises."""
    stream.seek(0)
    head = stream.read(8)
    if head[2:3] == b"+" or head[3:4] == b"+":
        head += stream.read(8)
    directory = ImageFileDirectory_v2(head)
    found: list[Page] = []
    seen: set[int] = set()
    offset = directory.next
    while offset:
        if offset in seen or len(seen) >= MAX_PAGES:
            raise DamagedTiff("its pages follow each other in a circle, or are too many")
        index = len(seen)
        seen.add(offset)
        stream.seek(offset)
        directory.load(stream)
        if not int(_first(directory, 254, 0)) & _REDUCED_OR_MASK or not found:
            found.append(_page(directory, index))
        offset = directory.next
    if not found:
        raise DamagedTiff("it has no page")
    return found


def _first(directory: ImageFileDirectory_v2, tag: int, default: Any) -> Any:
    value = directory.get(tag, default)
    return (value[0] if value else default) if isinstance(value, tuple) else value


def _page(directory: ImageFileDirectory_v2, index: int) -> Page:
    samples = int(_first(directory, 277, 1))
    bits, formats = directory.get(258, (1,)), directory.get(339, (1,))
    dtype = ""
    if len(set(bits)) == 1 and len(set(formats)) == 1 and bits[0] in (8, 16, 32, 64):
        dtype = f"{_FORMATS.get(formats[0], '')}{bits[0] // 8}" if formats[0] in _FORMATS else ""
    return Page(
        index=index,
        rows=int(_first(directory, 257, 0)),
        columns=int(_first(directory, 256, 0)),
        samples=samples,
        dtype=dtype,
        photometric=int(_first(directory, 262, -1)),
        is_planar=samples > 1 and int(_first(directory, 284, 1)) == 2,
        tile=(int(_first(directory, 322, 0)), int(_first(directory, 323, 0))),
        orientation=int(_first(directory, 274, 1)),
    )


def deep_values(content: bytes, page: Page) -> NDArray[Any]:
    """The values of a deep page, (H, W) or (H, W, samples), as they are stored, in native byte order.

    Raises
    ------
    OtherTiff
        They are neither grey, grey with transparency, RGB nor RGBA of a depth that can be shown.
    """
    if page.dtype in ("u8", "i8") or (page.samples > 2 and page.dtype[0] != "u") or page.samples > 4:
        kind = {"u": "unsigned", "i": "signed", "f": "float"}[page.dtype[0]]
        raise OtherTiff(
            f"has {page.samples} sample(s) of {8 * int(page.dtype[1:])}-bit {kind} values a pixel, expected"
            " grey values of up to 32 bits, or RGB of unsigned ones"
        )
    from imagecodecs import tiff_decode

    values = np.asarray(tiff_decode(content, index=page.index))
    if page.is_planar and values.ndim == 3 and values.shape[0] == page.samples:
        values = np.moveaxis(values, 0, -1)
    expected = (page.rows, page.columns) + ((page.samples,) if page.samples > 1 else ())
    if values.shape != expected:
        raise DamagedTiff(f"its page has the shape {values.shape}, expected {expected}")
    return values


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Values turned and mirrored as the orientation tag asks (TIFF 6.0, page 36), rows then columns first."""
    turned = values.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else values
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return turned[::-1] if orientation in (3, 4, 7, 8) else turned
