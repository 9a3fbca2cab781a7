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
from studies.reader_parcel import Sender
from studies.reader_task import (
    FrameOutcome,
    FrameTask,
    HeaderOutcome,
    HeadersTask,
    MakeWay,
    Part,
    Question,
    Ready,
)
from studies.thumbnail import thumbnail

_log = logging.getLogger(__name__)

HEADERS_S, FRAMES_S = 0.05, 0.01
"""What is done is handed over at least so often, so that the first is seen while others are read."""

_ALARM_GRACE_S = 5.0


def main(connection: Connection, niceness: int) -> None:
    """Answer questions until the other end of `connection` is closed, by intent or by its process's end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    _end_with_parent()
    _step_back(niceness)
    sender = Sender(connection)
    try:
        connection.send(Ready())
        while True:
            question: Question | MakeWay = connection.recv()
            if isinstance(question, MakeWay):
                continue  # it was done already
            sender.begin()
            _limit(question)
            if isinstance(question.tasks, HeadersTask):
                _send_headers(connection, question.tasks)
            else:
                _send_frames(sender, question.tasks)
            del question
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _send_frames(sender: Sender, tasks: tuple[FrameTask, ...]) -> None:
    """Read frames and send them, several together where they are quick."""
    outcomes: list[FrameOutcome] = []
    sent = time.monotonic()
    for task in tasks:
        outcomes.append(outcome_of(task))
        if time.monotonic() - sent > FRAMES_S:
            sender.send(outcomes)
            outcomes, sent = [], time.monotonic()
    if outcomes:
        sender.send(outcomes)


def outcome_of(task: FrameTask) -> FrameOutcome:
    """The frame or thumbnail that is asked for, or why there is none."""
    try:
        image = read(task.header, task.frame)
        return image if task.side is None else thumbnail(image, task.side)
    except Exception as error:  # noqa: BLE001  (the edge of this process: one file, not the reader)
        return told(error, task)


def _send_headers(connection: Connection, task: HeadersTask) -> None:
    """Read headers and send them as they come, until all are read or something else is more urgent."""
    outcomes: list[HeaderOutcome] = []
    sent = time.monotonic()
    for path in task.paths:
        if connection.poll():
            break  # `MakeWay`, or the end of the pipe
        outcomes.append(header_of(path))
        if time.monotonic() - sent > HEADERS_S:
            connection.send(Part(tuple(outcomes), is_last=False))
            outcomes, sent = [], time.monotonic()
    connection.send(Part(tuple(outcomes), is_last=True))


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
    signal.setitimer(signal.ITIMER_REAL, 2 * question.seconds * question.files + _ALARM_GRACE_S)
    if sys.platform == "linux" and question.bytes:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        allowed = pages * resource.getpagesize() + question.bytes
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = allowed if hard == resource.RLIM_INFINITY else min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
