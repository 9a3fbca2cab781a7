"""Finding the images of files, folders, archives and DICOMDIRs by reading headers only.

Results come as they are found, in an order that does not depend on the file system. In a folder, files
of other kinds are passed over; a file that a person named is answered for, image or not.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from studies.archive import ArchiveProblem, unpack
from studies.dicomdir import is_dicomdir, referenced_files
from studies.errors import NotAnImage, StudyError
from studies.image import Header, Series, Study
from studies.reader import read_header

IMAGE_SUFFIXES = (".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""Endings that claim an image: such a file in a folder is answered for even if it is none."""

_SYSTEM_FILES = ("thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information")


@dataclass(frozen=True, slots=True)
class Found:
    """An image whose header was read."""

    header: Header


@dataclass(frozen=True, slots=True)
class Failed:
    """A path that could not be used; `reason` is one sentence that names it."""

    path: str
    reason: str


def scan(paths: Iterable[Path], unpack_into: Path | None = None) -> Iterator[Found | Failed]:
    """Find the images of paths: files, folders (with all below them), ZIP archives, DICOMDIRs.

    Parameters
    ----------
    unpack_into
        Folder that images of ZIP archives are written to, once for each archive's content; it has to
        outlive the headers. Without one, archives are refused.
    """
    seen: set[str] = set()
    for path in paths:
        yield from _scan_named(Path(os.path.abspath(path)), unpack_into, seen)  # noqa: PTH100 (keeps links)


def _scan_named(path: Path, unpack_into: Path | None, seen: set[str]) -> Iterator[Found | Failed]:
    """A path that a person named: every outcome is told."""
    try:
        if path.is_dir():
            yield from _scan_folder(path, unpack_into, seen)
        elif path.is_file() and is_dicomdir(path):
            for file in referenced_files(path):
                yield from _scan_file(file, seen, is_named=True)
        elif path.is_file() and zipfile.is_zipfile(path):
            yield from _scan_archive(path, unpack_into, seen)
        else:
            yield from _scan_file(path, seen, is_named=True)
    except StudyError as error:
        yield Failed(str(path), str(error))
    except OSError as error:
        yield Failed(
            str(path),
            f"{path}: could not be read or unpacked ({error.strerror or error}), expected an image.",
        )


def _scan_file(path: Path, seen: set[str], *, is_named: bool) -> Iterator[Found | Failed]:
    """One file; when it was not named, another kind of file is no failure unless it claims to be an image."""
    key = os.path.realpath(path)
    if key in seen:
        return
    seen.add(key)
    try:
        yield Found(read_header(path))
    except NotAnImage as error:
        if is_named or (path.suffix.lower() in IMAGE_SUFFIXES and not _is_dicom_object(error)):
            yield Failed(str(path), str(error))
    except StudyError as error:
        if is_named or path.suffix.lower() in IMAGE_SUFFIXES or not _is_empty(path):
            yield Failed(str(path), str(error))


def _is_dicom_object(error: NotAnImage) -> bool:
    """Whether the file is a sound DICOM object of another kind (a report, a presentation state)."""
    return "is a DICOM object" in str(error)


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return False


def _scan_folder(folder: Path, unpack_into: Path | None, seen: set[str]) -> Iterator[Found | Failed]:
    count = 0
    for outcome in _walk(folder, unpack_into, seen, set()):
        count += 1
        yield outcome
    if count == 0:
        yield Failed(
            str(folder), f"{folder}: contains no images, expected DICOM, PNG, JPEG or TIFF files in it."
        )


def _walk(
    folder: Path, unpack_into: Path | None, seen: set[str], visited: set[str]
) -> Iterator[Found | Failed]:
    """Everything in a folder, files before folders; links are followed, each folder is entered once."""
    real = os.path.realpath(folder)
    if real in visited:
        return
    visited.add(real)
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name for entry in entries if not _is_hidden(entry.name)), key=natural_key)
    except OSError as error:
        yield Failed(
            str(folder),
            f"{folder}: could not be listed ({error.strerror or error}), expected a folder that may be read.",
        )
        return
    folders = []
    for name in names:
        path = folder / name
        if path.is_dir():
            folders.append(path)
        elif path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            yield from _scan_named(path, unpack_into, seen)
        elif name.upper() != "DICOMDIR" and path.is_file():
            yield from _scan_file(path, seen, is_named=False)
    for path in folders:
        yield from _walk(path, unpack_into, seen, visited)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM_FILES


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key under which IM2 stands before IM10."""
    parts = re.split(r"(\d+)", name.casefold())
    keys = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
    return (*keys, (2, 0, name))


def _scan_archive(path: Path, unpack_into: Path | None, seen: set[str]) -> Iterator[Found | Failed]:
    if unpack_into is None:
        yield Failed(str(path), f"{path}: is a ZIP archive, expected a folder that it may be unpacked into.")
        return
    count = 0
    for item in unpack(path, unpack_into):
        count += 1
        if isinstance(item, ArchiveProblem):
            yield Failed(str(path), item.sentence)
        else:
            yield from _scan_file(item, seen, is_named=False)
    if count == 0:
        yield Failed(str(path), f"{path}: contains no images, expected DICOM, PNG, JPEG or TIFF files in it.")


def assemble(headers: Iterable[Header]) -> list[Study]:
    """Group headers into studies, the newest first; an instance that comes twice is taken once."""
    studies: dict[str, dict[str, list[Header]]] = {}
    known: set[str] = set()
    for header in headers:
        if header.sop_instance_uid in known:
            continue
        known.add(header.sop_instance_uid)
        series = studies.setdefault(header.study_instance_uid, {})
        series.setdefault(header.series_instance_uid, []).append(header)
    assembled = []
    for study_uid, groups in studies.items():
        ordered = [Series(uid, tuple(_in_order(group))) for uid, group in groups.items()]
        ordered.sort(key=lambda one: _number_key(one.headers[0].series_number))
        assembled.append(Study(study_uid, tuple(ordered)))
    assembled.sort(key=lambda study: (study.first.study_date, study.first.study_time), reverse=True)
    return assembled


def _number_key(number: int | None) -> tuple[bool, int]:
    return number is None, number or 0


def _in_order(headers: list[Header]) -> list[Header]:
    """Slices of one orientation along their normal, others by instance number, then by path."""
    by_number = sorted(
        headers, key=lambda header: (_number_key(header.instance_number), natural_key(header.path))
    )
    along = _positions_mm(by_number)
    if along is None:
        return by_number
    return [by_number[index] for index in sorted(range(len(along)), key=lambda index: round(along[index], 4))]


def _positions_mm(headers: list[Header]) -> list[float] | None:
    """Distance of each slice along the common normal, or None where there is none (PS3.3 C.7.6.2.1.1)."""
    first = headers[0].image_orientation
    if first is None or len(headers) < 2:
        return None
    normal = np.cross(first[:3], first[3:])
    length = float(np.linalg.norm(normal))
    if length < 0.5:
        return None
    positions = []
    for header in headers:
        if header.image_position is None or header.image_orientation is None or header.frames > 1:
            return None
        if not np.allclose(header.image_orientation, first, atol=1e-2):
            return None
        positions.append(float(np.dot(normal / length, header.image_position)))
    return positions
