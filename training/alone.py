"""One process at a time works in a run's folder. The lock is the system's: it ends with the process, killed
or not. Importing this module does not import torch.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from training.errors import RunIsBusy

LOCK, PID, EVENTS = "lock", "pid", "events.jsonl"
ENDS = ("done", "cancelled", "failed")
PATIENCE_S, LOOK_S = 60.0, 0.05  # for a process that has told its end: a busy machine takes its time
_BUSY = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})

logger = logging.getLogger(__name__)


@contextmanager
def alone_in(run_folder: Path) -> Iterator[None]:
    """Work in a run's folder, which is made if it is not there, and taken away if nothing was left in it.

    Who works is in `pid` meanwhile, so that a window that comes later sees a run that nobody waits for. A
    process that has told its end and is not gone yet is waited for.

    Raises
    ------
    RunIsBusy
        Another process works there.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    lock = run_folder / LOCK
    with lock.open("ab") as stream:
        try:
            _take_from_one_that_ends(stream, run_folder)
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


def has_told_its_end(run_folder: Path) -> bool:
    """Whether the last event is an end."""
    events = run_folder / EVENTS
    lines = events.read_bytes().strip().splitlines() if events.exists() else []
    try:
        last = json.loads(lines[-1]) if lines else None
    except ValueError:  # cut off by a kill
        return False
    return isinstance(last, dict) and last.get("event") in ENDS


def _take_from_one_that_ends(stream: IO[bytes], run_folder: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _take(stream)
        except OSError as error:
            if error.errno not in _BUSY or time.monotonic() > until or not has_told_its_end(run_folder):
                raise
        time.sleep(LOOK_S)


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
