"""Images out of a ZIP archive: only images, only into the folder given, only within limits."""

from __future__ import annotations

import hashlib
import lzma
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from studies.dicom_file import looks_like_dicom
from studies.errors import ImageTooLarge, StudyError, UnreadableFile
from studies.picture import looks_like_picture

MAX_MEMBERS = 100_000
MAX_UNPACKED_BYTES = 16 * 1024**3
MAX_RATIO = 1100
"""No honest deflate stream grows by more than 1032 to one."""

LARGE, LARGE_RATIO = 1 << 30, 100
"""An archive that unpacks to more than so many bytes must not grow by more than so many to one."""

_BLOCK = 1 << 20
_LOCAL_HEADER_BYTES = 30  # without the name
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError)


@dataclass(frozen=True, slots=True)
class ArchiveProblem:
    """A member that could not be unpacked, as one sentence."""

    sentence: str


def unpack(path: Path, into: Path) -> Iterator[Path | ArchiveProblem]:
    """Write the images of an archive below `into`, one after the other, and give their new paths.

    The folder is named by the archive's content, so that the same archive is unpacked once. Names are
    made anew (number and a plain form of the member's own name): no member decides where it lands.

    Raises
    ------
    StudyError
        The archive is damaged, encrypted or hostile: a member leaves its folder, or it grows too large.
    OSError
        It cannot be read, or the folder cannot be written.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _require_harmless(path, members)
            folder = into / digest[:32]
            _require_space(path, folder, members)
            for number, member in enumerate(members, start=1):
                if not _is_hidden(member.filename):
                    yield from _unpack_member(path, archive, member, folder, number)
    except _ZIP_ERRORS as error:
        raise UnreadableFile(
            f"{path}: is a damaged ZIP archive ({error}), expected an intact one."
        ) from error


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _require_harmless(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise ImageTooLarge(f"{path}: has {len(members)} files, expected at most {MAX_MEMBERS:,}.")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED_BYTES:
        raise ImageTooLarge(f"{path}: unpacks to {total:,} bytes, expected at most {MAX_UNPACKED_BYTES:,}.")
    packed = sum(member.compress_size for member in members)
    if total > LARGE and total > LARGE_RATIO * packed:
        raise ImageTooLarge(f"{path}: grows from {packed:,} to {total:,} bytes, expected honest compression.")
    _require_apart(path, members)
    for member in members:
        name = member.orig_filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or re.match(r"^[A-Za-z]:", name) or "\0" in name:
            raise UnreadableFile(
                f"{path}: has a file that would leave its folder ({name!r}), expected names within it."
            )
        if member.file_size > MAX_RATIO * max(member.compress_size, 1024):
            raise ImageTooLarge(
                f"{path}: has a file that grows from {member.compress_size} to {member.file_size} bytes,"
                " expected honest compression."
            )


def _require_apart(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse files that share their bytes: thirty megabytes of them once unpacked to four petabytes."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise UnreadableFile(
                f"{path}: has files that overlap within it ({member.filename!r}), expected each by itself."
            )
        end = member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size


def _require_space(path: Path, folder: Path, members: list[zipfile.ZipInfo]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    total, free = sum(member.file_size for member in members), shutil.disk_usage(folder).free
    if total > free:
        raise UnreadableFile(
            f"{path}: unpacks to {total:,} bytes, found {free:,} free at {folder}, expected room for it."
        )


def _unpack_member(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, number: int
) -> Iterator[Path | ArchiveProblem]:
    """Write one member when its first bytes are those of an image; one whose name lies is told."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", PurePosixPath(member.filename).name)[-60:].strip("._") or "file"
    target = folder / f"{number:06d}-{name}"
    try:
        if target.exists() and target.stat().st_size == member.file_size:
            yield target
            return
        with archive.open(member) as source:
            head = source.read(140)
            if not (looks_like_dicom(head) or looks_like_picture(head)):
                if _claims_image(name):
                    yield ArchiveProblem(
                        f"{path}: its file {member.filename} is no image that can be told by its content,"
                        " expected DICOM, PNG, JPEG or TIFF."
                    )
                return
            _write(path, source, head, target, member.file_size)
        yield target
    except StudyError as error:
        yield ArchiveProblem(str(error))
    except _ZIP_ERRORS as error:
        yield ArchiveProblem(f"{path}: its file {name} cannot be unpacked ({error}), expected an intact one.")


def _write(path: Path, source: IO[bytes], head: bytes, target: Path, size: int) -> None:
    """Write a member beside its place and move it there whole; stop where it outgrows its promise."""
    partial = target.with_name(target.name + ".partial")
    written = len(head)
    with partial.open("wb") as out:
        out.write(head)
        while block := source.read(_BLOCK):
            written += len(block)
            if written > size:
                raise UnreadableFile(f"{path}: {target.name} outgrows its size, expected {size} bytes.")
            out.write(block)
    partial.replace(target)


def _claims_image(name: str) -> bool:
    return name.lower().endswith((".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff"))
