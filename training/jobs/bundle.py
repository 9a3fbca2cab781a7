"""Bundles: a manifest and a few files, as a folder or as one ZIP file, that travel between machines.

Whoever opens a bundle knows beforehand what may be in it: names that are not on that list are refused before
anything is unpacked, and every file is compared with the manifest while it is copied. Nothing in it is ever
run or unpickled. Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from training.errors import UnusableJob

VERSION = 1
LARGEST_MANIFEST = 256 * 1024**2  # a row of a film is about 150 bytes
_CHUNK = 1 << 20
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # a ZIP file has a date for each member; this one says nothing
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, ValueError)


def write_bundle(
    target: Path, manifest_name: str, manifest: dict[str, Any], files: Mapping[str, Path]
) -> None:
    """Write a bundle: a ZIP file where `target` ends so, else a folder. It is there whole or not at all.

    Parameters
    ----------
    manifest
        What JSON can say; the files' hashes and sizes are added as its `files`.
    files
        Name in the bundle, and where its content is.
    """
    told = {name: {"sha256": _sha256(path), "bytes": path.stat().st_size} for name, path in files.items()}
    text = json.dumps(manifest | {"files": told}, indent=1, sort_keys=True, allow_nan=False) + "\n"
    if target.exists():
        raise UnusableJob(f"{target} is there already; a name that is free is expected")
    part = target.with_name(target.name + ".part")
    _remove(part)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix.lower() == ".zip":
            _write_zip(part, manifest_name, text, files)
        else:
            _write_folder(part, manifest_name, text, files)
        part.replace(target)
    except OSError as error:
        raise UnusableJob(f"{target} could not be written: {error.strerror or error}") from error
    finally:
        _remove(part)


def read_manifest(path: Path, manifest_name: str, format_name: str) -> dict[str, Any]:
    """A bundle's manifest alone.

    Raises
    ------
    UnusableJob
        It is no bundle of this kind or version.
    """
    with _opened(path, {manifest_name: LARGEST_MANIFEST}, manifest_name, is_partial=True) as members:
        return _manifest_of(path, members, manifest_name, format_name)


def unpack_bundle(
    path: Path, manifest_name: str, format_name: str, limits: Mapping[str, int], into: Path
) -> dict[str, Any]:
    """Copy a bundle's files into a folder, each compared with the manifest, and return the manifest.

    Parameters
    ----------
    limits
        Names that may be in it besides the manifest, and the most bytes that each may have.

    Raises
    ------
    UnusableJob
        It is damaged, or holds anything else than that.
    """
    with _opened(path, {manifest_name: LARGEST_MANIFEST, **limits}, manifest_name) as members:
        manifest = _manifest_of(path, members, manifest_name, format_name)
        told = manifest.get("files")
        if not isinstance(told, dict) or set(told) != set(members.names) - {manifest_name}:
            raise UnusableJob(f"{path} does not hold the files that its {manifest_name} names")
        into.mkdir(parents=True, exist_ok=True)
        for name, facts in told.items():
            _copy_checked(path, members, name, facts, into / name)
    return manifest


class _Copy:
    """A file that is being written; what goes wrong is told of it and not of the bundle."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path, self._stream = path, stream

    def write(self, block: bytes) -> None:
        try:
            self._stream.write(block)
        except OSError as error:
            raise UnusableJob(f"{self._path} could not be written: {error.strerror or error}") from error


class _Members:
    """What lies in a bundle, by its plain name."""

    def __init__(self, sizes: dict[str, int], path: Path, archive: zipfile.ZipFile | None) -> None:
        self.names = tuple(sizes)
        self.sizes = sizes
        self._path, self._archive = path, archive

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(name) if self._archive is not None else (self._path / name).open("rb")


@contextmanager
def _opened(
    path: Path, limits: Mapping[str, int], manifest_name: str, *, is_partial: bool = False
) -> Iterator[_Members]:
    """A bundle whose members' names, kinds and sizes are in order; `is_partial` passes others over."""
    try:
        if path.is_dir():
            sizes, archive = _sizes_in_folder(path), None
        else:
            if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for good
                raise UnusableJob(f"{path} is no file and no folder; a bundle is expected")
            archive = zipfile.ZipFile(path)
            sizes = _sizes_in_zip(path, archive)
    except UnusableJob:
        raise
    except FileNotFoundError as error:
        raise UnusableJob(f"{path} is not there; a bundle is expected") from error
    except _DAMAGED as error:
        raise UnusableJob(f"{path} is no complete bundle: {_first_line(error)}") from error
    try:
        if manifest_name not in sizes:
            raise UnusableJob(f"{path} holds no {manifest_name}; another kind of bundle was expected")
        if is_partial:
            sizes = {name: size for name, size in sizes.items() if name in limits}
        for name, size in sizes.items():
            if name not in limits:
                raise UnusableJob(f"{path} holds {name[:80]!r}, which does not belong there")
            if size > limits[name]:
                raise UnusableJob(f"{path}: {name} has {size} bytes, at most {limits[name]} are expected")
        yield _Members(sizes, path, archive)
    except _DAMAGED as error:
        raise UnusableJob(f"{path} is damaged: {_first_line(error)}") from error
    finally:
        if archive is not None:
            archive.close()


def _sizes_in_zip(path: Path, archive: zipfile.ZipFile) -> dict[str, int]:
    """Stored members only, so that nothing is larger unpacked than packed."""
    members = archive.infolist()
    if any(m.compress_type != zipfile.ZIP_STORED or m.flag_bits & 0x1 for m in members):
        raise UnusableJob(f"{path} holds compressed or encrypted members; bundles are written plain")
    if len({m.filename for m in members}) != len(members):
        raise UnusableJob(f"{path} holds members of the same name twice, so it was refused")
    if sum(m.file_size for m in members) > path.stat().st_size:
        raise UnusableJob(f"{path} holds members that overlap, so it was refused")
    return {m.filename: m.file_size for m in members}


def _sizes_in_folder(path: Path) -> dict[str, int]:
    sizes = {}
    for entry in list(os.scandir(path)):
        told = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(told.st_mode):
            raise UnusableJob(f"{entry.path} is a folder, a link or a device; a plain file is expected")
        sizes[entry.name] = told.st_size
    return sizes


def _manifest_of(path: Path, members: _Members, manifest_name: str, format_name: str) -> dict[str, Any]:
    with members.open(manifest_name) as stream:
        text = stream.read(LARGEST_MANIFEST + 1)
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableJob(f"{path}: {manifest_name} is no JSON: {_first_line(error)}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != format_name:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise UnusableJob(f"{path} is {str(found)[:40]!r}; {format_name!r} is expected")
    if manifest.get("version") != VERSION:
        raise UnusableJob(
            f"{path} is of version {str(manifest.get('version'))[:20]}; version {VERSION} is expected: both "
            "machines need the same Overread"
        )
    return manifest


def _copy_checked(path: Path, members: _Members, name: str, facts: Any, target: Path) -> None:
    """Copy one member; what the manifest did not promise is not left behind."""
    promised = (facts.get("bytes"), facts.get("sha256")) if isinstance(facts, dict) else (None, None)
    digest, count = hashlib.sha256(), 0
    try:
        with members.open(name) as source, _writing(target) as copy:
            while count <= members.sizes[name] and (block := source.read(_CHUNK)):
                count += len(block)
                digest.update(block)
                copy.write(block)
        if (count, digest.hexdigest()) != promised:
            raise UnusableJob(
                f"{path}: {name} is not the file that its manifest names; it was changed on its way"
            )
    except BaseException:
        target.unlink(missing_ok=True)
        raise


@contextmanager
def _writing(path: Path) -> Iterator[_Copy]:
    with path.open("wb") as stream:
        yield _Copy(path, stream)


def _write_zip(part: Path, manifest_name: str, text: str, files: Mapping[str, Path]) -> None:
    with part.open("wb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo(manifest_name, _LONG_AGO), text)
            for name, source in files.items():
                info = zipfile.ZipInfo(name, _LONG_AGO)
                info.file_size = source.stat().st_size
                with source.open("rb") as content, archive.open(info, "w") as member:
                    shutil.copyfileobj(content, member, _CHUNK)
        stream.flush()
        os.fsync(stream.fileno())


def _write_folder(part: Path, manifest_name: str, text: str, files: Mapping[str, Path]) -> None:
    part.mkdir()
    for name, source in files.items():
        shutil.copyfile(source, part / name)
    (part / manifest_name).write_text(text, encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
