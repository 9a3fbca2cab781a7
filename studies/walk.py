"""Which files of folders, archives and DICOMDIRs might be images, in an order that no file system decides.

Nothing is opened here but the lists themselves (archives, DICOMDIRs), and nothing but regular files is
handed on: a folder may hold pipes and devices.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from studies.archive import ArchiveProblem, unpack
from studies.dicomdir import is_dicomdir, referenced_files
from studies.errors import StudyError

_SYSTEM_FILES = ("thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information")


@dataclass(frozen=True, slots=True)
class File:
    """A file that may be an image; one that a person named is answered for in any case."""

    path: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A path that could not be used; `reason` is one sentence that names it."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Begins:
    """What follows, until it `Ends`, is in one folder or archive that a person named."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The end of it; when nothing was told in between, it holds no images."""

    path: str


@dataclass(frozen=True, slots=True)
class Again:
    """A file that has been told before."""


Step = File | Failed | Begins | Ends | Again


def walk(paths: Iterable[Path], unpack_into: Path | None) -> Iterator[Step]:
    """Walk through what a person named: files, folders (with all below them), ZIP archives, DICOMDIRs.

    Parameters
    ----------
    unpack_into
        See `studies.scan.scan`.
    """
    walker = _Walker(unpack_into)
    for path in paths:
        yield from walker.named(Path(os.path.abspath(path)))  # noqa: PTH100 (keeps links)


class _Walker:
    """Remembers which files it has told: each is told once, however many ways lead to it."""

    def __init__(self, unpack_into: Path | None) -> None:
        self._unpack_into = unpack_into
        self._files: set[str] = set()

    def named(self, path: Path) -> Iterator[Step]:
        """A path that a person named: every outcome is told."""
        try:
            if path.is_dir():
                yield Begins()
                yield from self._folder(path, set())
                yield Ends(str(path))
            elif path.is_file() and is_dicomdir(path):
                for file in referenced_files(path):
                    yield from self._file(str(file), os.path.realpath(file), is_named=True)
            elif path.is_file() and zipfile.is_zipfile(path):
                yield from self._archive(path)
            else:
                yield from self._file(str(path), os.path.realpath(path), is_named=True)
        except StudyError as error:
            yield Failed(str(path), str(error))
        except OSError as error:
            yield Failed(
                str(path),
                f"{path}: could not be read or unpacked ({error.strerror or error}), expected an image.",
            )

    def _file(self, path: str, real: str, *, is_named: bool) -> Iterator[Step]:
        if real in self._files:
            yield Again()
            return
        self._files.add(real)
        yield File(path, is_named)

    def _folder(self, folder: Path, entered: set[str]) -> Iterator[Step]:
        """Everything in a folder, files before folders; links are followed, each folder is entered once."""
        real = os.path.realpath(folder)
        if real in entered:
            return
        entered.add(real)
        try:
            with os.scandir(folder) as found:
                entries = sorted(
                    (entry for entry in found if not _is_hidden(entry.name)),
                    key=lambda entry: natural_key(entry.name),
                )
        except OSError as error:
            yield Failed(
                str(folder),
                f"{folder}: could not be listed ({error.strerror or error}),"
                " expected a folder that may be read.",
            )
            return
        folders = []
        for entry in entries:
            kind = _kind(entry)
            if kind == "folder":
                folders.append(entry.path)
            elif kind == "file" and entry.name.lower().endswith(".zip") and zipfile.is_zipfile(entry.path):
                yield from self.named(Path(entry.path))
            elif kind == "file" and entry.name.upper() != "DICOMDIR":
                is_link = entry.is_symlink()
                there = os.path.realpath(entry.path) if is_link else os.path.join(real, entry.name)  # noqa: PTH118
                yield from self._file(entry.path, there, is_named=False)
        for path in folders:
            yield from self._folder(Path(path), entered)

    def _archive(self, path: Path) -> Iterator[Step]:
        if self._unpack_into is None:
            yield Failed(
                str(path), f"{path}: is a ZIP archive, expected a folder that it may be unpacked into."
            )
            return
        yield Begins()
        for item in unpack(path, self._unpack_into):
            if isinstance(item, ArchiveProblem):
                yield Failed(str(path), item.sentence)
            else:
                yield from self._file(str(item), os.path.realpath(item), is_named=False)
        yield Ends(str(path))


def _kind(entry: os.DirEntry[str]) -> str:
    """``"folder"``, ``"file"`` or, for pipes, devices and links that lead nowhere, nothing."""
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else ""
    except OSError:  # a link to itself
        return ""


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM_FILES


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key under which IM2 stands before IM10."""
    parts = re.split(r"(\d+)", name.casefold())
    keys = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
    return (*keys, (2, 0, name))
