"""One reader's process as its pool sees it, and the answer that somebody waits for."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

import psutil

from studies.reader_child import main
from studies.reader_parcel import Receiver
from studies.reader_task import (
    FrameTask,
    HeaderOutcome,
    HeadersTask,
    Limits,
    MakeWay,
    Question,
    Task,
    Urgency,
)

_SECONDS_TO_START = 60.0

Result = TypeVar("Result")


class Wanted(Future[Result], Generic[Result]):
    """An answer that will come. `cancel` it when nobody wants it any more and it has not been begun."""

    def __init__(self, task: Task, urgency: Urgency) -> None:
        super().__init__()
        self.task = task
        self.urgency = urgency
        self.on_part: Callable[[Sequence[HeaderOutcome]], None] = lambda outcomes: None
        self.left: tuple[str, ...] = task.paths if isinstance(task, HeadersTask) else ()
        self.is_careful = False  # one file at a time, because a reader died of one of them

    @property
    def is_quick(self) -> bool:
        """Whether it is a frame that is read in a blink, as far as its size tells."""
        return isinstance(self.task, FrameTask) and self.task.is_small

    def take_part(self, outcomes: Sequence[HeaderOutcome]) -> None:
        """The next headers have come."""
        self.left = self.left[len(outcomes) :]
        self.on_part(outcomes)


class Reader:
    """One process and what it is doing. Used by the pool's thread alone."""

    def __init__(self, place: int, niceness: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.place = place
        self.connection, theirs = spawn.Pipe()
        self.process: SpawnProcess = spawn.Process(
            target=main, args=(theirs, niceness), name=f"overread-reader-{place}", daemon=True
        )
        try:
            self.process.start()
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()  # or its end would never show on ours
        self.parcels = Receiver(self.connection)
        self.is_ready = False
        self.asked: deque[Wanted[Any]] = deque()  # answers come in this order
        self._is_making_way = False
        self.began = 0.0
        self.deadline = time.monotonic() + _SECONDS_TO_START
        self.killed_for = ""
        self._allowed_bytes = 0
        self._idle_bytes = 0

    def ask(self, wanted: Sequence[Wanted[Any]], limits: Limits, *, watched: bool) -> None:
        """Hand headers or some frames over; that it is gone shows when its answer is waited for."""
        first = wanted[0]
        tasks: tuple[FrameTask, ...] | HeadersTask
        if isinstance(first.task, HeadersTask):
            tasks = HeadersTask(first.left[:1] if first.is_careful else first.left)
        else:
            tasks = tuple(one.task for one in wanted if isinstance(one.task, FrameTask))
        pixels = max(one.task.pixels for one in wanted)
        self._allowed_bytes = limits.bytes_for(pixels)
        self._idle_bytes = self._used_bytes() if watched else 0
        question = Question(tasks, limits.seconds_for(pixels), 0 if watched else self._allowed_bytes)
        self.asked.extend(wanted)
        self._is_making_way = False
        self.began = time.monotonic()
        self.expect(question.seconds)
        with contextlib.suppress(OSError):
            self.connection.send(question)

    def make_way(self) -> None:
        """Have it leave the headers that it is reading, for something more urgent."""
        if not self._is_making_way:
            self._is_making_way = True
            with contextlib.suppress(OSError):
                self.connection.send(MakeWay())

    def expect(self, seconds: float) -> None:
        """It has to say something within so many seconds from now."""
        self.deadline = time.monotonic() + seconds

    def rest(self) -> None:
        self.deadline = 0.0

    def is_bloated(self) -> bool:
        """Whether it has taken more memory than it may since it was asked."""
        return self._used_bytes() - self._idle_bytes > self._allowed_bytes

    def _used_bytes(self) -> int:
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def close(self, patience_s: float = 0.0) -> int | None:
        """Wait for its end for a while, then end it; its exit code. It holds nothing that could be lost."""
        self.connection.close()
        self.parcels.close()
        self.process.join(patience_s)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        exit_code = self.process.exitcode
        self.process.close()
        return exit_code
