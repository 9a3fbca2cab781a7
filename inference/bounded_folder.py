"""Small files on disk that can be made again: bounded, and never believed when they are damaged.

Every file ends in a checksum of what stands before it. What cannot be read or written costs time, never a
result. Several processes may use one folder.
"""

from __future__ import annotations

import logging
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger(__name__)

_BLOCK = 4096
_CHECKSUM_BYTES = 4


class BoundedFolder:
    """Files by key in `folder`, which is made when something is first put there.

    Parameters
    ----------
    limit_bytes
        What they may take on the disk, where a small file takes a whole block. What was not used for the
        longest time is thrown away first.
    """

    def __init__(self, folder: Path, suffix: str, limit_bytes: int):
        self._folder = folder
        self._suffix = suffix
        self._limit_bytes = limit_bytes
        self._bytes: int | None = None  # unknown until the first put looks

    def get(self, key: str) -> bytes | None:
        """What was put there, or None where nothing is, or nothing that is whole."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("A cached file cannot be read: %s: %s", path.name, error.strerror)
            return None
        payload, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
        if len(checksum) < _CHECKSUM_BYTES or _checksum(payload) != checksum:
            self.forget(key)
            return None
        with suppress(OSError):
            os.utime(path)
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Keep some bytes; a full disk keeps nothing."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
                try:
                    file.write(payload + _checksum(payload))
                    file.flush()
                except OSError:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            before = _size_on_disk(path.stat().st_size) if path.exists() else 0
            added = _size_on_disk(Path(file.name).stat().st_size) - before
            Path(file.name).replace(path)
        except OSError as error:
            _log.warning("Something could not be cached: %s", error.strerror)
            return
        self._bytes = self._measure() if self._bytes is None else self._bytes + added
        if self._bytes > self._limit_bytes:
            self._drop_oldest()

    def forget(self, key: str) -> None:
        """Throw a file away that is damaged."""
        path = self._path(key)
        _log.warning("A cached file is damaged and will be made again: %s", path.name)
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}{self._suffix}"

    def _files(self) -> list[tuple[int, int, Path]]:
        """(time in ns, bytes, path) of every file; other processes may add and remove meanwhile."""
        found = []
        for path in self._folder.glob("??/*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime_ns, _size_on_disk(status.st_size), path))
        return found

    def _measure(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _drop_oldest(self) -> None:
        """Down to nine tenths of the limit, so that this is not done at every put."""
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= self._limit_bytes * 0.9:
                break
            with suppress(OSError):
                path.unlink(missing_ok=True)
                left -= size
        self._bytes = left


def _size_on_disk(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _checksum(payload: bytes) -> bytes:
    return zlib.crc32(payload).to_bytes(_CHECKSUM_BYTES, "little")
