"""Files that are written as a whole, and what is said where there is no room for one: which it is, why, and
how much it needs."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from training.errors import TrainingError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_MEGABYTE = 1e6


def write_whole(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk; what was there stands until then.

    Raises
    ------
    TrainingError
        It could not be written; nothing of it is left.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TrainingError(sentence_of(path, error, len(content))) from error


def sentence_of(path: Path, error: OSError, needed: int) -> str:
    """A sentence without its full stop.

    Parameters
    ----------
    needed
        Bytes that the file has when it is whole; 0 where nobody can tell.
    """
    said = f"{path} could not be written: {error.strerror or error}"
    if error.errno not in _NO_ROOM or not needed:
        return said
    free = _free(path)
    left = f", and {_megabytes(free)} are free" if error.errno == errno.ENOSPC and free is not None else ""
    return f"{said}; {_megabytes(needed)} are needed{left}"


def _free(path: Path) -> int | None:
    """Bytes that are left where a file would lie."""
    for folder in path.parents:
        try:
            return shutil.disk_usage(folder).free
        except OSError:
            continue
    return None


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:.1f} MB" if count >= _MEGABYTE / 10 else f"{count / _MEGABYTE * 1000:.0f} kB"
