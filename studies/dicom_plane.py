"""Where a file's frames lie in the patient (PS3.3 C.7.6.2, C.7.6.16.2.3, C.8.8.3.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from studies.elements import macro, number, numeric

Position = tuple[float, float, float]
Orientation = tuple[float, float, float, float, float, float]

SAME_DIRECTION = 1e-2
"""Direction cosines that differ by less are those of parallel slices."""


def normal_of(orientation: Orientation) -> NDArray[np.float64] | None:
    """The unit vector that rows and columns stand on, (3,), or None where they name no plane."""
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    return None if not length >= 0.5 else np.asarray(normal / length, dtype=np.float64)


def plane_of(dataset: Dataset, frame: int) -> tuple[Position | None, Orientation | None]:
    """Position and orientation of a frame, counted from 1; of a nuclear image those of its detector."""
    position = _position(macro(dataset, frame, "PlanePositionSequence"))
    orientation = _orientation(macro(dataset, frame, "PlaneOrientationSequence"))
    if orientation is None and dataset.get("DetectorInformationSequence"):
        detector = dataset.DetectorInformationSequence[0]
        return (_position(detector) if frame == 1 else None), _orientation(detector)
    if position is not None and orientation is not None and "GridFrameOffsetVector" in dataset:
        position = _on_grid(dataset, frame, position, orientation)
    return position, orientation


def _position(source: Dataset) -> Position | None:
    values = numeric(source, "ImagePositionPatient")
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _orientation(source: Dataset) -> Orientation | None:
    values = numeric(source, "ImageOrientationPatient")
    return values if len(values) == 6 else None


def _on_grid(dataset: Dataset, frame: int, position: Position, orientation: Orientation) -> Position | None:
    """Position of a plane of a dose grid: the first one's, moved along the normal."""
    offsets, normal = numeric(dataset, "GridFrameOffsetVector"), normal_of(orientation)
    if normal is None or frame > len(offsets):
        return None
    x, y, z = (float(part) for part in np.asarray(position) + (offsets[frame - 1] - offsets[0]) * normal)
    return x, y, z


def order_of_frames(dataset: Dataset, frames: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The frames of a file in space, as `Header.frame_order` and `Header.frame_positions_mm` hold them.

    Frames of one orientation stand together and lie along their normal, those at one place in the order
    of the file; orientations follow each other as they first come. Where a frame has no place, the order
    is that of the file.
    """
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if frames < 2 or not (groups or "GridFrameOffsetVector" in dataset):
        return (), ()
    stacks: list[Orientation] = []
    keys: list[tuple[int, float]] = []
    for frame in range(1, frames + 1):
        position, orientation = plane_of(dataset, frame)
        if position is None or orientation is None:
            return (), ()
        stack = next((n for n, one in enumerate(stacks) if _is_parallel(one, orientation)), len(stacks))
        if stack == len(stacks):
            stacks.append(orientation)
        normal = normal_of(stacks[stack])
        if normal is None:
            return (), ()
        keys.append((stack, round(float(np.dot(normal, position)), 4)))
    order = tuple(n + 1 for n in sorted(range(frames), key=lambda n: keys[n]))
    is_as_stored = order == tuple(range(1, frames + 1))
    along = tuple(place for _, place in keys) if len(stacks) == 1 else ()
    return (() if is_as_stored else order), along


def _is_parallel(one: Orientation, other: Orientation) -> bool:
    return all(abs(a - b) <= SAME_DIRECTION for a, b in zip(one, other, strict=True))


def frames_per_second(dataset: Dataset) -> float | None:
    """The rate of a cine: as recommended, as recorded, else from the time between frames (C.7.6.5)."""
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        rate = number(dataset, keyword)
        if rate and 0 < rate <= 1000:
            return rate
    times = numeric(dataset, "FrameTime") or numeric(dataset, "FrameTimeVector")[1:]
    mean_ms = sum(times) / len(times) if times else 0.0
    return 1000.0 / mean_ms if mean_ms >= 1.0 else None
