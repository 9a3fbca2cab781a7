"""The header of a NIfTI-1 or NIfTI-2 file: what its values are, and where they lie in the patient.

A NIfTI header is one struct of fixed size (nifti1.h, nifti2.h), so that it is read here, with the limits
that a file from anywhere needs; the tests hold it against nibabel. Places are turned from NIfTI's directions
(right to left, back to front, feet to head) into those of DICOM (to the left, to the back, to the head).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_HEADER = 544

_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_COLOURS = {128: 3, 2304: 4}
_OTHER_TYPES = {1: "1-bit", 32: "complex", 1536: "128-bit float", 1792: "complex", 2048: "complex"}
_MM_A_UNIT = {1: 1000.0, 2: 1.0, 3: 0.001}
_TO_DICOM = np.diag([-1.0, -1.0, 1.0])


class DamagedHeader(ValueError):
    """The header contradicts itself; the message is a clause for a sentence."""


class OtherValues(ValueError):
    """The file is sound, but of a kind that is no picture; the message is a clause for a sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Nifti:
    """What the header says.

    Parameters
    ----------
    shape
        Voxels along i, j, k and in time; i varies fastest in the file.
    dtype
        Of one value, in the file's byte order.
    samples
        1, or 3 and 4 for RGB and RGBA.
    affine
        (3, 4), from the centre of voxel (i, j, k) to DICOM's patient coordinates in mm.
    is_placed
        Whether the file says how it lies in the patient; if not, `affine` is its bare size.
    """

    shape: tuple[int, int, int, int]
    dtype: np.dtype[Any]
    samples: int
    offset: int
    slope: float
    intercept: float
    affine: NDArray[np.float64]
    is_placed: bool
    shown_range: tuple[float, float] | None
    description: str

    @property
    def size(self) -> int:
        """Bytes from the beginning of the file to the end of the values."""
        return self.offset + math.prod(self.shape) * self.samples * self.dtype.itemsize


def looks_like_nifti(head: bytes) -> bool:
    """Whether the first 352 bytes or more are those of a NIfTI file, of one file or of a pair."""
    return _version(head) != 0


def _version(head: bytes) -> int:
    if head[344:348] in (b"n+1\0", b"ni1\0") and 348 in (_int(head, "<"), _int(head, ">")):
        return 1
    return 2 if head[4:8] in (b"n+2\0", b"ni2\0") and 540 in (_int(head, "<"), _int(head, ">")) else 0


def _int(head: bytes, order: str) -> int:
    return int(struct.unpack_from(f"{order}i", head)[0])


def read_nifti(head: bytes) -> Nifti:
    """Read a header from the first `LONGEST_HEADER` bytes of a file (fewer where the file is shorter).

    Raises
    ------
    DamagedHeader, OtherValues
        The header contradicts itself, or describes values that are no picture.
    """
    version = _version(head)
    order = "<" if _int(head, "<") in (348, 540) else ">"
    one = version == 1
    if len(head) < (348 if one else 540):
        raise DamagedHeader("its header is cut short")
    if (head[344:348] if one else head[4:8])[:2] == b"ni":
        raise OtherValues("is the header of a NIfTI pair, of which the values lie in another file")

    def at(offset_1: int, code_1: str, offset_2: int, code_2: str) -> tuple[Any, ...]:
        return struct.unpack_from(order + (code_1 if one else code_2), head, offset_1 if one else offset_2)

    counts = at(40, "8h", 16, "8q")
    (kind,), (offset,) = at(70, "h", 12, "h"), at(108, "f", 168, "q")
    sizes = [float(size) for size in at(76, "8f", 104, "8d")]
    (slope, intercept), (most, least) = at(112, "2f", 176, "2d"), at(124, "2f", 192, "2d")
    (units,), codes = at(123, "B", 500, "i"), at(252, "2h", 344, "2i")
    quaternion, rows = at(256, "6f", 352, "6d"), at(280, "12f", 400, "12d")
    (description,) = at(148, "80s", 240, "80s")
    mm = _MM_A_UNIT.get(int(units) & 7, 1.0)
    affine, is_placed = _affine(codes, sizes, quaternion, rows)
    affine[:] *= mm
    is_scaled = math.isfinite(slope) and math.isfinite(intercept) and slope != 0
    is_shown = math.isfinite(least) and math.isfinite(most) and most > least
    return Nifti(
        shape=_shape(counts),
        dtype=_dtype(kind, order),
        samples=_COLOURS.get(kind, 1),
        offset=_offset(offset, 352 if one else 544),
        slope=float(slope) if is_scaled else 1.0,
        intercept=float(intercept) if is_scaled else 0.0,
        affine=affine,
        is_placed=is_placed,
        shown_range=(float(least), float(most)) if is_shown else None,
        description=description.split(b"\0")[0].decode("utf-8", "replace").strip(),
    )


def _shape(counts: tuple[int, ...]) -> tuple[int, int, int, int]:
    used = counts[1 : counts[0] + 1]
    if not 1 <= counts[0] <= 7 or any(count < 1 for count in used):
        raise DamagedHeader(f"it says it has {' x '.join(map(str, counts[1:]))} voxels")
    if math.prod(used[4:]) > 1:
        raise OtherValues(f"has {math.prod(used[4:])} values a voxel, expected one, or one a moment")
    i, j, k, t = (*used[:4], 1, 1, 1, 1)[:4]
    return i, j, k, t


def _dtype(kind: int, order: str) -> np.dtype[Any]:
    if kind in _COLOURS:
        return np.dtype("u1")
    if kind not in _TYPES:
        raise OtherValues(
            f"has {_OTHER_TYPES.get(kind, f'type {kind}')} values, expected integers, floats or RGB"
        )
    return np.dtype(order + _TYPES[kind])


def _offset(offset: float, least: int) -> int:
    if not least <= offset < 2**31:
        raise DamagedHeader(f"it says its values begin at byte {offset:g}")
    return int(offset)


def _affine(
    codes: tuple[int, ...], sizes: list[float], quaternion: tuple[float, ...], rows: tuple[float, ...]
) -> tuple[NDArray[np.float64], bool]:
    """From voxels to DICOM's patient coordinates, (3, 4): the sform, else the qform, else sizes alone."""
    by_qform, by_sform = codes
    if by_sform > 0:
        found = np.asarray(rows, dtype=np.float64).reshape(3, 4)
        if np.isfinite(found).all() and abs(np.linalg.det(found[:, :3])) > 1e-9:
            return _TO_DICOM @ found, True
    lengths = [abs(size) if math.isfinite(size) and size else 1.0 for size in sizes[1:4]]
    if by_qform > 0 and all(math.isfinite(part) for part in quaternion):
        b, c, d, *origin = quaternion
        turned = _rotation(b, c, d) * np.asarray([*lengths[:2], math.copysign(lengths[2], sizes[0] or 1.0)])
        return _TO_DICOM @ np.column_stack((turned, origin)), True
    return _TO_DICOM @ np.column_stack((np.diag(lengths), np.zeros(3))), False


def _rotation(b: float, c: float, d: float) -> NDArray[np.float64]:
    """The rotation of a unit quaternion of which the first part is left out (nifti1.h, method 2)."""
    a = math.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    norm = math.sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = a / norm, b / norm, c / norm, d / norm
    return np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * b * c - 2 * a * d, 2 * b * d + 2 * a * c],
            [2 * b * c + 2 * a * d, a * a + c * c - b * b - d * d, 2 * c * d - 2 * a * b],
            [2 * b * d - 2 * a * c, 2 * c * d + 2 * a * b, a * a + d * d - c * c - b * b],
        ]
    )
