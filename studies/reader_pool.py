"""Processes that read files for a window or a command, so that no file can take it down, stall or bloat it.

Decoders are native code: a damaged film may crash them. Here that costs one reader and is told in one
sentence. Questions wait here, not in the pipes: what a reader of films looks at goes first, and what nobody
wants any more is never read. Nothing here blocks its caller.
"""

from __future__ import annotations

import atexit
import heapq
import itertools
import logging
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from studies.errors import StudyError, UnreadableFile
from studies.image import Header, Image
from studies.reader_child import outcome_of
from studies.reader_handle import Reader, Wanted
from studies.reader_parcel import LostParcel, Parcel
from studies.reader_task import (
    FrameOutcome,
    FrameTask,
    HeaderOutcome,
    HeadersTask,
    Limits,
    Part,
    Ready,
    Urgency,
    usable_cores,
)

__all__ = ["Limits", "ReaderPool", "Urgency", "Wanted"]

_log = logging.getLogger(__name__)

MOST_READERS = 4
_DEATHS_AT_START = 3
_PATIENCE_S = 2.0
_BLINK_S, _MOST_TOGETHER = 0.03, 16
_LOOK_S = 0.5  # how often time and memory of busy readers are looked at

Result = TypeVar("Result")


class ReaderPool:
    """Starts readers, asks them, starts another when one dies.

    Parameters
    ----------
    readers
        How many processes; as many as there are cores, at most four, when it is not said.
    limits
        What one file may cost.
    watches_memory
        Look at the memory of busy readers; done where the kernel does not limit it.
    niceness
        By how much all readers but the first, which is there for what is looked at, step back behind the
        program itself.
    """

    def __init__(
        self,
        readers: int | None = None,
        limits: Limits | None = None,
        *,
        watches_memory: bool | None = None,
        niceness: int = 5,
    ) -> None:
        self.count = readers or max(1, min(usable_cores(), MOST_READERS))
        self._limits = limits or Limits()
        self._watches_memory = sys.platform != "linux" if watches_memory is None else watches_memory
        self._niceness = niceness
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards the queue and the two flags below
        self._queue: list[tuple[int, int, Wanted[Any]]] = []
        self._stopping = False
        self._awake = False  # a wake-up is in the pipe already
        self._wake_receiver, self._wake_sender = multiprocessing.Pipe(duplex=False)
        self._readers: list[Reader] = []
        self._deaths_at_start = 0
        self._was_ready = False
        self._frame_s = _BLINK_S  # that a quick frame took lately
        self._thread: threading.Thread | None = None

    # -- asking ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the readers; questions may be asked before."""
        with self._lock:
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._serve, name="readers", daemon=True)
                self._thread.start()
                atexit.register(self.close)  # before multiprocessing ends its processes, and they are mourned

    def frame(self, header: Header, frame: int, urgency: Urgency = Urgency.SHOWN) -> Wanted[Image]:
        """Decode a frame. The result, or the `StudyError`, is set in a thread of the pool."""
        return self._submit(Wanted(FrameTask(header, frame), urgency))

    def thumbnail(
        self, header: Header, frame: int, side: int = 96, urgency: Urgency = Urgency.LISTED
    ) -> Wanted[NDArray[np.uint8]]:
        """Decode a frame and give its thumbnail; the frame itself does not travel."""
        return self._submit(Wanted(FrameTask(header, frame, side), urgency))

    def headers(
        self,
        paths: Sequence[str],
        on_part: Callable[[Sequence[HeaderOutcome]], None],
        urgency: Urgency = Urgency.LISTED,
    ) -> Wanted[None]:
        """Read the headers of files: `on_part` is called in a thread of the pool, in the paths' order."""
        wanted: Wanted[None] = Wanted(HeadersTask(tuple(paths)), urgency)
        wanted.on_part = on_part
        return self._submit(wanted)

    def hasten(self, wanted: Wanted[Any], urgency: Urgency) -> None:
        """Somebody waits for it now. What has been begun goes on as it is."""
        with self._lock:
            if urgency < wanted.urgency and not self._stopping and not wanted.running() and not wanted.done():
                wanted.urgency = urgency
                self._push(wanted)
                self._wake()

    def _submit(self, wanted: Wanted[Result]) -> Wanted[Result]:
        with self._lock:
            if self._stopping:
                wanted.cancel()
                return wanted
            self._push(wanted)
            self._wake()
        if self._thread is None:
            self.start()
        return wanted

    def _push(self, wanted: Wanted[Any]) -> None:
        number = next(self._numbers)
        order = -number if wanted.urgency is Urgency.SHOWN else number
        heapq.heappush(self._queue, (wanted.urgency, order, wanted))

    @property
    def is_up(self) -> bool:
        """Whether a reader has been ready."""
        return self._was_ready

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the readers that are there."""
        return tuple(r.process.pid for r in tuple(self._readers) if r.process.pid is not None)

    @property
    def busy_pids(self) -> tuple[int, ...]:
        """Process ids of the readers that are at work."""
        busy = (r for r in tuple(self._readers) if r.asked)
        return tuple(r.process.pid for r in busy if r.process.pid is not None)

    def close(self) -> None:
        """End the readers; what is waiting is cancelled."""
        with self._lock:
            if not self._stopping and self._thread is not None:
                self._wake()
            self._stopping = True
            left = [wanted for _, _, wanted in self._queue]
            self._queue.clear()
        for wanted in left:
            wanted.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        atexit.unregister(self.close)

    # -- the pool's thread ---------------------------------------------------------------------------

    def _wake(self) -> None:
        """Wake the serving thread. The lock is held; at most one byte is ever in the pipe."""
        if not self._awake:
            self._awake = True
            self._wake_sender.send_bytes(b"!")

    def _serve(self) -> None:
        try:
            while not self._stopping:
                self._start_missing()
                self._hand_over()
                self._listen()
                self._end_late_ones()
        finally:
            for reader in self._readers:
                for wanted in reader.asked:
                    path = wanted.task.path
                    wanted.set_exception(UnreadableFile(f"{path}: was left before it had been read."))
                reader.close()
            self._readers = []

    def _start_missing(self) -> None:
        """Have a reader in every place, unless they do not come up at all and nobody asks."""
        with self._lock:
            is_asked = bool(self._queue)
        if self._deaths_at_start >= _DEATHS_AT_START and not is_asked:
            return
        there = {reader.place for reader in self._readers}
        for place in range(self.count):
            if place in there:
                continue
            try:
                self._readers = [*self._readers, Reader(place, self._niceness if place else 0)]
            except OSError as error:
                _log.exception("A reader could not be started")
                self._on_death_at_start(str(error.strerror))
                return

    def _hand_over(self) -> None:
        """Give every free reader what is most urgent."""
        while True:
            free = [r for r in self._readers if r.is_ready and not r.asked]
            with self._lock:
                wanted = self._next(free)
                group = [] if wanted is None else [wanted, *self._more_like(wanted)]
                is_urgent = bool(self._queue) and self._queue[0][0] < Urgency.LISTED
            if wanted is None:
                if is_urgent and not free:
                    self._have_one_make_way()
                return
            group = [one for one in group if one.running() or one.set_running_or_notify_cancel()]
            if not group:
                continue
            if not free:
                threading.Thread(target=_read_here, args=(wanted,), name="readers-first", daemon=True).start()
                continue
            place = (min if wanted.urgency is Urgency.SHOWN else max)(r.place for r in free)
            reader = next(r for r in free if r.place == place)
            reader.ask(group, self._limits, watched=self._watches_memory)

    def _have_one_make_way(self) -> None:
        """Interrupt a reader of headers; what it has not read waits again."""
        readers = [r for r in self._readers if r.asked and isinstance(r.asked[0].task, HeadersTask)]
        if readers:
            min(readers, key=lambda reader: reader.place).make_way()

    def _more_like(self, wanted: Wanted[Any]) -> list[Wanted[Any]]:
        """Frames that are quickly read go to a reader several at a time: a question costs as much as one.

        Together they take a blink, for what is looked at may have to wait for them. The lock is held.
        """
        if wanted.urgency is Urgency.SHOWN or wanted.is_careful or not wanted.is_quick:
            return []
        fair_share = len(self._queue) // self.count
        most = min(int(_BLINK_S / self._frame_s), _MOST_TOGETHER, fair_share + 1)
        more: list[Wanted[Any]] = []
        while self._queue and len(more) + 1 < most:
            urgency, _, following = self._queue[0]
            is_alike = urgency == wanted.urgency and following.is_quick and not following.is_careful
            if not is_alike and following.urgency == urgency and not following.done():
                break
            heapq.heappop(self._queue)
            if is_alike and following.urgency == urgency and not following.done():
                more.append(following)
        return more

    def _next(self, free: list[Reader]) -> Wanted[Any] | None:
        """Take the most urgent question that can be answered now. The lock is held."""
        while self._queue:
            urgency, _, wanted = self._queue[0]
            if wanted.urgency != urgency or wanted.done():
                heapq.heappop(self._queue)  # hastened since, or cancelled
                continue
            if not free:
                is_first = not self._was_ready and urgency is Urgency.SHOWN and wanted.task.is_safe
                return heapq.heappop(self._queue)[2] if is_first else None
            is_reserved = len(free) == 1 and free[0].place == 0 and self.count > 1
            if is_reserved and urgency is not Urgency.SHOWN and not wanted.task.is_small:
                return None  # or who opens a film would have to wait for a large one that nobody looks at
            return heapq.heappop(self._queue)[2]
        return None

    def _listen(self) -> None:
        """Wait until a reader says something or ends, a question comes, or somebody is late."""
        readers = {r.connection: r for r in self._readers}
        ends = {r.process.sentinel: r for r in self._readers}
        deadlines = [r.deadline for r in self._readers if r.deadline]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        if timeout is not None and self._watches_memory:
            timeout = min(timeout, _LOOK_S)
        woken = wait([self._wake_receiver, *readers, *ends], timeout)
        if self._wake_receiver in woken:
            with self._lock:
                self._wake_receiver.recv_bytes()
                self._awake = False
        for connection, reader in readers.items():
            if connection in woken:
                try:
                    self._on_message(reader, connection.recv())
                except (EOFError, OSError, LostParcel):
                    self._on_death(reader)
            elif reader.process.sentinel in woken:
                self._on_death(reader)

    def _on_message(self, reader: Reader, message: object) -> None:
        if isinstance(message, Ready):
            reader.is_ready, reader.deadline = True, 0.0
            self._was_ready, self._deaths_at_start = True, 0
            return
        if isinstance(message, Part):
            self._on_headers(reader, message)
        elif isinstance(message, Parcel):
            self._on_frames(reader, reader.parcels.receive(message))

    def _on_headers(self, reader: Reader, part: Part) -> None:
        reader.expect(self._limits.seconds)
        wanted = reader.asked[0]
        wanted.take_part(part.outcomes)
        if not part.is_last:
            return
        reader.asked.clear()
        reader.rest()
        self._go_on_with(wanted)

    def _on_frames(self, reader: Reader, outcomes: Sequence[FrameOutcome]) -> None:
        come = [reader.asked.popleft() for _ in outcomes]
        if reader.asked:
            reader.expect(self._limits.seconds_for(max(one.task.pixels for one in reader.asked)))
        else:
            reader.rest()
        if come[-1].is_quick:
            now = time.monotonic()
            self._frame_s += 0.3 * ((now - reader.began) / len(outcomes) - self._frame_s)
            reader.began = now
        for wanted, outcome in zip(come, outcomes, strict=True):
            if isinstance(outcome, StudyError):
                wanted.set_exception(outcome)
            else:
                wanted.set_result(outcome)

    def _end_late_ones(self) -> None:
        now = time.monotonic()
        for reader in list(self._readers):
            if reader.deadline and now > reader.deadline:
                reader.process.kill()
                reader.killed_for = "took too long"
                self._on_death(reader)
            elif self._watches_memory and reader.asked and reader.is_bloated():
                reader.process.kill()
                reader.killed_for = "needed more memory than a file of its size may"
                self._on_death(reader)

    def _on_death(self, reader: Reader) -> None:
        """Tell of the file that a reader died of; another takes its place."""
        self._readers = [r for r in self._readers if r is not reader]
        exit_code = reader.close(_PATIENCE_S)  # its pipe is closed before it is quite gone
        if not reader.is_ready:
            self._on_death_at_start(f"exit code {exit_code}")
            return
        what = reader.killed_for or f"ended the process that read it ({exit_code})"
        if len(reader.asked) > 1:  # which of them was it? One by one until it is found
            for wanted in reversed(reader.asked):
                wanted.is_careful = True
                self._ask_again(wanted)
        elif reader.asked:
            self._on_fatal(reader.asked[0], what)

    def _on_fatal(self, wanted: Wanted[Any], what: str) -> None:
        if isinstance(wanted.task, FrameTask):
            wanted.set_exception(_fatal(wanted.task.path, what))
            return
        if not wanted.is_careful and len(wanted.left) > 1:
            wanted.is_careful = True
        else:
            wanted.is_careful = False
            wanted.take_part([_fatal(wanted.left[0], what)])
        self._go_on_with(wanted)

    def _go_on_with(self, wanted: Wanted[Any]) -> None:
        """Ask for the headers that have not come, if there are any."""
        if wanted.left:
            self._ask_again(wanted)
        else:
            wanted.set_result(None)

    def _ask_again(self, wanted: Wanted[Any]) -> None:
        with self._lock:
            heapq.heappush(self._queue, (wanted.urgency, -next(self._numbers), wanted))

    def _on_death_at_start(self, reason: str) -> None:
        """Readers that never come up are not started for ever; what waits is told so."""
        self._deaths_at_start += 1
        if self._deaths_at_start < _DEATHS_AT_START or any(r.is_ready for r in self._readers):
            return
        with self._lock:
            waiting = [wanted for _, _, wanted in self._queue if not wanted.done()]
            self._queue.clear()
        for wanted in waiting:
            if wanted.running() or wanted.set_running_or_notify_cancel():
                path = wanted.task.path
                wanted.set_exception(
                    UnreadableFile(f"{path}: the program's reading process does not start ({reason}).")
                )


def _fatal(path: str, what: str) -> UnreadableFile:
    return UnreadableFile(f"{path}: {what} and was given up, expected an intact image file.")


def _read_here(wanted: Wanted[Any]) -> None:
    """Read a file that no compiled decoder sees, while the readers are still starting."""
    task = wanted.task
    if not isinstance(task, FrameTask):
        raise TypeError(task)
    outcome = outcome_of(task)
    if isinstance(outcome, StudyError):
        wanted.set_exception(outcome)
    else:
        wanted.set_result(outcome)
