"""NIfTI volumes as series of axial frames, shown as radiologists look at them.

Whichever way the voxels were stored, frames are the planes nearest to axial, from the feet to the head (and
where there are several moments, one moment after the other); the patient's right is on the image's left, the
front at the top. That only swaps and turns axes: no value is interpolated. Of an uncompressed file one
frame is read; a compressed one is inflated whole, within limits, and the last one is kept.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studies.dicom import MAX_PIXELS, frozen
from studies.dicom_display import stored_range
from studies.dicom_header import derived_uid
from studies.dicom_plane import normal_of
from studies.display import auto_window
from studies.errors import ImageTooLarge, UnreadableFile, UnsupportedImage
from studies.image import Header, Image, Spacing, Window
from studies.nifti import LONGEST_HEADER, DamagedHeader, Nifti, OtherValues, looks_like_nifti, read_nifti

LARGEST_INFLATED = 1024**3
"""Bytes that a compressed volume may grow to."""

MAX_FRAMES = 100_000
_GZIP = b"\x1f\x8b"
_DAMAGED = (EOFError, OSError, ValueError, zlib.error)


@dataclass(frozen=True, slots=True, eq=False)
class _Turned:
    """The volume's axes as they are shown.

    Parameters
    ----------
    axes
        Which of i, j, k runs down, to the right, and from frame to frame.
    steps
        1, or -1 where that axis runs the other way.
    affine
        (3, 4), from (row, column, slice) as shown to patient coordinates in mm.
    """

    axes: tuple[int, int, int]
    steps: tuple[int, int, int]
    affine: NDArray[np.float64]


def looks_like_volume(head: bytes) -> bool:
    """Whether a file's first kilobyte is that of a NIfTI volume, compressed or not."""
    return looks_like_nifti(_inflated_head(head))


def _inflated_head(head: bytes) -> bytes:
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, LONGEST_HEADER)
    except zlib.error:
        return b""


def read_header(path: Path) -> Header:
    """Read a volume's header and make UIDs of its content; StudyError when that cannot be done."""
    nifti, is_compressed = _nifti(path)
    if not is_compressed and path.stat().st_size < nifti.size:
        raise _cut_short(path, path.stat().st_size, nifti.size)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    turned = _turned(nifti)
    rows, columns, slices = (nifti.shape[axis] for axis in turned.axes)
    orientation = _orientation(turned) if nifti.is_placed else None
    normal = normal_of(orientation) if orientation else None
    along: tuple[float, ...] = ()
    if normal is not None:
        places = [turned.affine @ (0, 0, k, 1) for k in range(slices)]
        along = tuple(round(float(normal @ place), 4) for place in places) * nifti.shape[3]
    return Header(
        path=str(path),
        kind="volume",
        sop_instance_uid=derived_uid(digest),
        study_instance_uid=derived_uid(digest, "study"),
        series_instance_uid=derived_uid(digest, "series"),
        rows=rows,
        columns=columns,
        frames=slices * nifti.shape[3],
        content_hash=digest,
        series_description=nifti.description,
        image_position=_position(turned, 0) if nifti.is_placed else None,
        image_orientation=orientation,
        frame_positions_mm=along,
    )


def read_frame(header: Header, frame: int = 1) -> Image:
    """One frame of a volume; StudyError when it cannot be had."""
    path = Path(header.path)
    nifti, is_compressed = _nifti(path)
    turned = _turned(nifti)
    slices = nifti.shape[turned.axes[2]]
    frames = slices * nifti.shape[3]
    if not 1 <= frame <= frames:
        raise UnreadableFile(
            f"{path}: has {frames} frame(s), expected a frame number up to that, found {frame}."
        )
    if not is_compressed and path.stat().st_size < nifti.size:
        raise _cut_short(path, path.stat().st_size, nifti.size)
    try:
        shown = _image(header, frame, nifti, turned, is_compressed)
        if nifti.samples > 1 or shown.voi:
            return shown
        middle = slices // 2 + 1  # one window for all frames, so that scrolling does not change it
        other = shown if middle == frame else _image(header, middle, nifti, turned, is_compressed)
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    return replace(shown, voi=(replace(auto_window(other), explanation="Middle slice"),))


def _nifti(path: Path) -> tuple[Nifti, bool]:
    """The header, its promises within limits, and whether the file is compressed."""
    try:
        with path.open("rb") as stream:
            is_compressed = stream.read(2) == _GZIP
            stream.seek(0)
            source: Any = gzip.GzipFile(fileobj=stream) if is_compressed else stream
            head = source.read(LONGEST_HEADER)
        nifti = read_nifti(head)
    except OtherValues as error:
        raise UnsupportedImage(f"{path}: {error}.") from error
    except DamagedHeader as error:
        raise UnreadableFile(f"{path}: its header is damaged ({error}), expected a NIfTI volume.") from error
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    turned = _turned(nifti)
    rows, columns, slices = (nifti.shape[axis] for axis in turned.axes)
    if rows * columns > MAX_PIXELS:
        raise ImageTooLarge(
            f"{path}: promises {columns} x {rows} pixels, expected at most {MAX_PIXELS:,} a frame."
        )
    if slices * nifti.shape[3] > MAX_FRAMES:
        raise ImageTooLarge(
            f"{path}: promises {slices * nifti.shape[3]:,} frames, expected at most {MAX_FRAMES:,}."
        )
    if is_compressed and nifti.size > LARGEST_INFLATED:
        raise ImageTooLarge(
            f"{path}: grows to {nifti.size:,} bytes, expected at most {LARGEST_INFLATED:,};"
            " decompress it first: of an uncompressed file one slice at a time is read."
        )
    return nifti, is_compressed


def _turned(nifti: Nifti) -> _Turned:
    """Down is to the back, right is to the patient's left, frames go to the head, as nearly as axes allow."""
    directions = nifti.affine[:, :3] / np.maximum(np.linalg.norm(nifti.affine[:, :3], axis=0), 1e-12)
    wanted = (1, 0, 2)  # patient y, x, z
    axes = max(
        itertools.permutations(range(3)),
        key=lambda order: sum(abs(directions[wanted[n], order[n]]) for n in range(3)),
    )
    steps = tuple(1 if directions[wanted[n], axes[n]] >= 0 else -1 for n in range(3))
    shown = np.zeros((4, 4))
    shown[3, 3] = 1.0
    for n, (axis, step) in enumerate(zip(axes, steps, strict=True)):
        shown[axis, n] = step
        shown[axis, 3] = 0 if step > 0 else nifti.shape[axis] - 1
    return _Turned(axes, steps, nifti.affine @ shown)  # type: ignore[arg-type]


def _orientation(turned: _Turned) -> tuple[float, float, float, float, float, float]:
    """Direction cosines of the rows (to the right), then of the columns (down)."""
    down, right = turned.affine[:, 0], turned.affine[:, 1]
    x, y, z = (float(part) for part in right / np.linalg.norm(right))
    u, v, w = (float(part) for part in down / np.linalg.norm(down))
    return x, y, z, u, v, w


def _position(turned: _Turned, index: int) -> tuple[float, float, float]:
    x, y, z = (float(part) for part in turned.affine @ (0, 0, index, 1))
    return x, y, z


def _slab(path: Path, nifti: Nifti, is_compressed: bool, moment: int, axis: int, place: int) -> NDArray[Any]:
    """Values around one slice of a moment, (i, j, k[, samples]); of slices along k that slice alone.

    Slices along k lie in one piece and are read; others lie across their moment, which is mapped.
    """
    i, j, k, _ = nifti.shape
    per_slice = i * j * nifti.samples
    first = nifti.offset + moment * k * per_slice * nifti.dtype.itemsize
    if axis == 2:
        first, k = first + place * per_slice * nifti.dtype.itemsize, 1
    shape = (*((nifti.samples,) if nifti.samples > 1 else ()), i, j, k)
    values: NDArray[Any]
    if is_compressed:
        data = _inflated(path, path.stat().st_mtime_ns, nifti.size)
        values = np.frombuffer(data, nifti.dtype, per_slice * k, first).reshape(shape, order="F")
    elif axis == 2:
        with path.open("rb") as stream:
            stream.seek(first)
            raw = stream.read(per_slice * nifti.dtype.itemsize)
        values = np.frombuffer(raw, nifti.dtype).reshape(shape, order="F")
    else:
        values = np.memmap(path, nifti.dtype, "r", first, shape, order="F")
    return np.moveaxis(values, 0, -1) if nifti.samples > 1 else values


@lru_cache(maxsize=1)
def _inflated(path: Path, changed_ns: int, size: int) -> bytearray:
    """The first `size` bytes of a compressed file: no more is ever inflated than its header accounts for."""
    data, filled = bytearray(size), 0
    with gzip.open(path, "rb") as stream, memoryview(data) as room:
        while filled < size:
            count = stream.readinto(room[filled:])
            if not count:
                raise EOFError(f"found {filled:,} bytes, expected {size:,}")
            filled += count
    return data


def _cut_short(path: Path, found: int, expected: int) -> UnreadableFile:
    return UnreadableFile(f"{path}: is cut short, found {found:,} bytes, expected {expected:,}.")


def _damaged(path: Path, error: Exception) -> UnreadableFile:
    words = " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
    return UnreadableFile(f"{path}: is damaged or cut short ({words}), expected a whole volume.")


def _image(header: Header, frame: int, nifti: Nifti, turned: _Turned, is_compressed: bool) -> Image:
    moment, index = divmod(frame - 1, nifti.shape[turned.axes[2]])
    plane = _plane(Path(header.path), nifti, is_compressed, turned, moment, index)
    valid = None
    if nifti.samples > 1:
        pixels: NDArray[Any] = plane[..., :3]
    else:
        pixels = _native(plane)
        if pixels.dtype.kind == "f":
            finite = np.isfinite(pixels)
            valid = None if finite.all() else frozen(finite)
            pixels = np.where(finite, pixels, np.float32(0))
    bits = 8 * pixels.dtype.itemsize
    row_mm, column_mm = (float(length) for length in np.linalg.norm(turned.affine[:, :2], axis=0))
    unplaced = "The file does not say how it lies in the patient: sides may be swapped."
    window = _window_of(nifti)
    return Image(
        header,
        frame,
        frozen(pixels),
        valid=valid,
        slope=nifti.slope,
        intercept=nifti.intercept,
        voi=() if window is None else (window,),
        spacing=Spacing(row_mm, column_mm, "patient"),
        stored_range=stored_range(pixels, bits, pixels.dtype.kind == "i"),
        bits_stored=bits,
        warnings=() if nifti.is_placed else (unplaced,),
        position=_position(turned, index) if nifti.is_placed else None,
        orientation=_orientation(turned) if nifti.is_placed else None,
    )


def _plane(
    path: Path, nifti: Nifti, is_compressed: bool, turned: _Turned, moment: int, index: int
) -> NDArray[Any]:
    """One slice as (rows, columns[, samples]), its axes swapped and turned as they are shown."""
    down, right, along = turned.axes
    place = index if turned.steps[2] > 0 else nifti.shape[along] - 1 - index
    slab = _slab(path, nifti, is_compressed, moment, along, place)
    plane = np.take(slab, 0 if along == 2 else place, axis=along)
    if down > right:
        plane = plane.swapaxes(0, 1)
    return np.asarray(plane[:: turned.steps[0], :: turned.steps[1]])


def _native(plane: NDArray[Any]) -> NDArray[Any]:
    """Values in the machine's byte order; of 64 bits as 32 where they fit, else as floats."""
    native = plane.astype(plane.dtype.newbyteorder("="), copy=False)
    if native.dtype.itemsize < 8:
        return native
    if native.dtype.kind in "iu" and int(native.min()) >= -(2**31) and int(native.max()) < 2**31:
        return native.astype(np.int32)
    with np.errstate(over="ignore"):
        return native.astype(np.float32)


def _window_of(nifti: Nifti) -> Window | None:
    """What the file asks to be shown (cal_min, cal_max), in the units that slope and intercept give."""
    if nifti.shown_range is None:
        return None
    low, high = nifti.shown_range
    return Window((low + high) / 2, high - low, "LINEAR_EXACT", "File")
