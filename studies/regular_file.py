"""Opening a file that somebody named or that a folder holds, and nothing that only looks like one.

A named pipe keeps whoever opens it waiting for ever; a device may do anything. Only regular files are opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studies.errors import UnreadableFile

HEAD_BYTES = 32 * 1024
"""Read at once: as a rule the whole header of a DICOM image, in one request to a slow network drive."""


@dataclass(frozen=True, slots=True)
class RegularFile:
    """An open file, its first bytes, and its size when it was opened."""

    path: Path
    stream: BinaryIO
    head: bytes
    size: int


@contextmanager
def open_regular(path: Path) -> Iterator[RegularFile]:
    """Open a file for reading.

    Raises
    ------
    UnreadableFile
        It is missing, empty, may not be read, or is no regular file.
    """
    try:
        with open(path, "rb", opener=_open_without_waiting) as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UnreadableFile(f"{path}: is {_kind(found.st_mode)}, expected an image file.")
            head = stream.read(HEAD_BYTES)
            if not head:
                raise UnreadableFile(f"{path}: is empty, expected an image file.")
            yield RegularFile(path, stream, head, found.st_size)
    except FileNotFoundError as error:
        raise UnreadableFile(f"{path}: does not exist, expected an image file.") from error
    except IsADirectoryError as error:
        raise UnreadableFile(f"{path}: is a folder, expected an image file.") from error
    except PermissionError as error:
        if path.is_dir():  # as Windows says it
            raise UnreadableFile(f"{path}: is a folder, expected an image file.") from error
        raise UnreadableFile(
            f"{path}: may not be read by you, expected a file with rights to read it."
        ) from error
    except OSError as error:
        raise UnreadableFile(
            f"{path}: could not be read ({error.strerror or error}), expected an image file."
        ) from error


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")
