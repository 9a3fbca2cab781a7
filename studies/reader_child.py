"""The process that opens files for others: a file that crashes, stalls or bloats it harms nobody else.

It is spawned by `studies.reader_pool`, answers one question at a time over a pipe, and ends when the pipe
or its parent does.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from studies.errors import ImageTooLarge, StudyError, UnreadableFile
from studies.reader import read, read_header
from studies.reader_parcel import send
from studies.reader_task import FrameTask, HeaderOutcome, HeadersTask, Part, Question, Ready, Refused
from studies.thumbnail import thumbnail

_log = logging.getLogger(__name__)

PART_S = 0.05
"""Headers are handed over at least so often, so that the first of them are seen while others are read."""

_ALARM_GRACE_S = 5.0


def main(connection: Connection, niceness: int) -> None:
    """Answer questions until the other end of `connection` is closed, by intent or by its process's end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    _end_with_parent()
    _step_back(niceness)
    held: object = None
    try:
        connection.send(Ready())
        while True:
            question: Question = connection.recv()
            held = None  # the parent has taken the last parcel, or it would not ask again
            _limit(question)
            held = _answer(connection, question)
            del question
    except (EOFError, BrokenPipeError, ConnectionResetError):
        del held
        return


def _answer(connection: Connection, question: Question) -> object:
    """Answer one question, whatever happens to it; what is returned has to live until the next one."""
    task, number = question.task, question.number
    if isinstance(task, HeadersTask):
        _answer_headers(connection, number, task)
        return None
    try:
        value = read(task.header, task.frame)
        if task.side is None:
            return send(connection, number, value)
        return send(connection, number, thumbnail(value, task.side))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001  (the edge of this process: one file, not the reader)
        connection.send(Refused(number, told(error, task)))
    return None


def _answer_headers(connection: Connection, number: int, task: HeadersTask) -> None:
    outcomes: list[HeaderOutcome] = []
    sent = time.monotonic()
    for path in task.paths:
        outcomes.append(header_of(path))
        if time.monotonic() - sent > PART_S:
            connection.send(Part(number, tuple(outcomes)))
            outcomes, sent = [], time.monotonic()
    if outcomes:
        connection.send(Part(number, tuple(outcomes)))


def header_of(path: str) -> HeaderOutcome:
    """A file's header, or why it has none."""
    try:
        return read_header(Path(path))
    except StudyError as error:
        return type(error)(*error.args)  # without its causes, which hold the file open
    except Exception as error:  # noqa: BLE001  (as above)
        return told(error, HeadersTask((path,)))


def told(error: Exception, task: FrameTask | HeadersTask) -> StudyError:
    """What went wrong as a sentence; what no file should be able to cause is logged as well."""
    path = task.path
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return ImageTooLarge(
            f"{path}: needs more memory than a file of its size may, expected one that can be decoded in it."
        )
    if isinstance(error, StudyError):
        return type(error)(*error.args)
    _log.error("a file could not be read", exc_info=error)
    words = " ".join(str(error).split()).rstrip(".")[:200]
    return UnreadableFile(
        f"{path}: cannot be read ({type(error).__name__}: {words or 'no reason given'}),"
        " expected an intact image file."
    )


def _end_with_parent() -> None:
    """End when the parent is gone, even in the middle of a frame."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _step_back(niceness: int) -> None:
    """Leave the cores to whoever a person waits for, and no core file behind after a crash."""
    if sys.platform == "win32":
        import psutil

        if niceness:
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        return
    import resource

    if niceness:
        os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit(question: Question) -> None:
    """Have the kernel keep the limits too: memory on Linux, time wherever there are alarms.

    The pool ends a reader that is late; the alarm ends one whose pool is gone and that hangs in a decoder
    which never lets a thread of Python run.
    """
    if sys.platform == "win32":
        return
    signal.setitimer(signal.ITIMER_REAL, 2 * question.seconds * _files(question) + _ALARM_GRACE_S)
    if sys.platform == "linux" and question.bytes:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        allowed = pages * resource.getpagesize() + question.bytes
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = allowed if hard == resource.RLIM_INFINITY else min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _files(question: Question) -> int:
    return len(question.task.paths) if isinstance(question.task, HeadersTask) else 1
