"""Overlay planes of a DICOM file (PS3.3 C.9.2): graphics and regions of interest, a bit a pixel.

A plane has data of its own (60xx,3000) or, as the standard once allowed, lies in bits of the pixel data
that the image does not use. What a plane says of its size is held against the length of its data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from studies.image import Overlay

GROUPS = tuple(range(0x6000, 0x6020, 2))
LARGEST_PLANE = 200_000_000
"""Bits that one plane may have."""

_ROWS, _COLUMNS, _TYPE, _ORIGIN = 0x0010, 0x0011, 0x0040, 0x0050
_FRAMES, _FIRST_FRAME, _ALLOCATED, _POSITION = 0x0015, 0x0051, 0x0100, 0x0102
_DESCRIPTION, _LABEL, _DATA = 0x0022, 0x1500, 0x3000
_DAMAGED = (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)


def embedded_groups(dataset: Dataset) -> tuple[int, ...]:
    """Groups of the planes that lie in unused bits of the pixel data (retired in 2004)."""
    return tuple(
        group
        for group in GROUPS
        if (group, _DATA) not in dataset and (_number(dataset, group, _ALLOCATED) or 1) > 1
    )


def overlays_of(
    dataset: Dataset,
    frame: int,
    words: NDArray[np.unsignedinteger[Any]] | None,
    big_endian: bool,
    sink: list[str],
) -> tuple[Overlay, ...]:
    """The planes that belong to a frame, counted from 1; what cannot be used is told in `sink`.

    Parameters
    ----------
    words
        (H, W) the frame's pixels with all their allocated bits, where `embedded_groups` names any.
    """
    found = []
    for group in GROUPS:
        read: Callable[[], NDArray[np.bool_] | None] | None = None
        if (group, _DATA) in dataset:
            read = _reading_data(dataset, group, frame, big_endian)
        elif words is not None and group in embedded_groups(dataset):
            read = _reading_bits(dataset, group, words)
        if read is None:
            continue
        try:
            bits = read()
            if bits is not None:
                found.append(_overlay(dataset, group, bits))
        except _DAMAGED as error:
            sink.append(f"The overlay {group:04X} cannot be shown ({error}).")
    return tuple(found)


def _number(dataset: Dataset, group: int, element: int) -> int | None:
    value: Any = dataset[group, element].value if (group, element) in dataset else None
    try:
        return None if value is None or value == "" else int(value)
    except (TypeError, ValueError):
        return None


def _text(dataset: Dataset, group: int, element: int) -> str:
    value: Any = dataset[group, element].value if (group, element) in dataset else None
    return "" if value is None else str(value).strip()


def _reading_data(
    dataset: Dataset, group: int, frame: int, big_endian: bool
) -> Callable[[], NDArray[np.bool_] | None]:
    """How the plane of a frame is read out of (60xx,3000), eight bits to a byte, the lowest first."""

    def read() -> NDArray[np.bool_] | None:
        rows, columns = _size(dataset, group)
        index = _index(dataset, group, frame)
        if index is None:
            return None
        data = bytes(dataset[group, _DATA].value or b"")
        if big_endian and dataset[group, _DATA].VR == "OW" and len(data) % 2 == 0:
            data = np.frombuffer(data, "u2").byteswap().tobytes()
        first, count = index * rows * columns, rows * columns
        if len(data) * 8 < first + count:
            raise ValueError(
                f"it has {len(data)} bytes, expected {(first + count + 7) // 8} for {columns} x {rows} bits"
            )
        packed = np.frombuffer(data, np.uint8)[first // 8 : (first + count + 7) // 8]
        bits = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + count]
        return bits.astype(np.bool_).reshape(rows, columns)

    return read


def _reading_bits(
    dataset: Dataset, group: int, words: NDArray[np.unsignedinteger[Any]]
) -> Callable[[], NDArray[np.bool_] | None]:
    """How a plane is read out of one bit of every pixel."""

    def read() -> NDArray[np.bool_] | None:
        if _size(dataset, group) != words.shape:
            raise ValueError(f"it is {_size(dataset, group)}, expected the image's {words.shape}")
        position = _number(dataset, group, _POSITION) or 0
        if not 0 <= position < 8 * words.dtype.itemsize:
            raise ValueError(f"it is in bit {position}, expected one of {8 * words.dtype.itemsize}")
        return np.asarray((words >> words.dtype.type(position)) & words.dtype.type(1), dtype=np.bool_)

    return read


def _size(dataset: Dataset, group: int) -> tuple[int, int]:
    rows, columns = _number(dataset, group, _ROWS) or 0, _number(dataset, group, _COLUMNS) or 0
    if rows < 1 or columns < 1 or rows * columns > LARGEST_PLANE:
        raise ValueError(f"it is {columns} x {rows} bits, expected 1 to {LARGEST_PLANE:,} of them")
    return rows, columns


def _index(dataset: Dataset, group: int, frame: int) -> int | None:
    """Which of the plane's frames lies over a frame of the image; None for none (PS3.3 C.9.3)."""
    count = _number(dataset, group, _FRAMES) or 1
    first = _number(dataset, group, _FIRST_FRAME)
    if count <= 1 and first is None:  # one plane over every frame
        return 0
    index = frame - (first or 1)
    return index if 0 <= index < count else None


def _overlay(dataset: Dataset, group: int, bits: NDArray[np.bool_]) -> Overlay:
    origin: Any = dataset[group, _ORIGIN].value if (group, _ORIGIN) in dataset else (1, 1)
    row, column = (int(value) for value in (origin if origin is not None and len(origin) == 2 else (1, 1)))
    kind: Literal["G", "R"] = "R" if _text(dataset, group, _TYPE).upper() == "R" else "G"
    label = _text(dataset, group, _LABEL) or _text(dataset, group, _DESCRIPTION)
    bits.setflags(write=False)
    return Overlay(bits, row - 1, column - 1, label, kind, group)
