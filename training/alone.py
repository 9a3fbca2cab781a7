"""One process at a time works in a run's folder. The lock is the system's: it ends with the process, killed
or not. Importing this module does not import torch.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from training.errors import RunIsBusy

LOCK, PID, EVENTS = "lock", "pid", "events.jsonl"
_BUSY = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})

logger = logging.getLogger(__name__)


@contextmanager
def alone_in(run_folder: Path) -> Iterator[None]:
    """Work in a run's folder, which is made if it is not there, and taken away if nothing was left in it.

    Who works is in `pid` meanwhile, so that a window that comes later sees a run that nobody waits for.

    Raises
    ------
    RunIsBusy
        Another process works there.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    lock = run_folder / LOCK
    with lock.open("ab") as stream:
        try:
            _take(stream)
        except OSError as error:
            if error.errno in _BUSY:
                raise RunIsBusy(
                    f"{run_folder} is being worked in by another process; a run goes on once at a time"
                ) from error
            logger.warning("%s could not be locked: %s", lock, error)  # a share that knows no locks
        _say_who(run_folder)
        try:
            yield
        finally:
            (run_folder / PID).unlink(missing_ok=True)
            if {path.name for path in run_folder.iterdir()} <= {LOCK}:
                if sys.platform != "win32":  # where an open file cannot be taken away
                    lock.unlink(missing_ok=True)
                with suppress(OSError):
                    run_folder.rmdir()


def _take(stream: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _say_who(run_folder: Path) -> None:
    import psutil

    with suppress(OSError):
        told = who_works(os.getpid(), psutil.Process().create_time(), told_before(run_folder))
        (run_folder / PID).write_text(told, encoding="utf-8")


def who_works(pid: int, created: float, told_before: int) -> str:
    """What `pid` holds: the process, when it was made, and how much others told before it (`told_before`)."""
    return f"{pid} {created} {told_before}"


def told_before(run_folder: Path) -> int:
    """Bytes of `events.jsonl` by now: an end among them is that of an earlier process."""
    events = run_folder / EVENTS
    return events.stat().st_size if events.exists() else 0
