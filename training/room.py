"""What is said where a file cannot be written: which one, why, and how much room it needs."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

_NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_MEGABYTE = 1e6


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
    return f"{count / _MEGABYTE:.1f} MB"
