"""The window's handle to the process that re-fits heads. Nothing here blocks its caller.

Of several fits of one model that are asked for while one runs, the latest waits and the others are dropped:
each fit reads all that was decided until it begins. The process holds nothing that could be lost (decisions
are in the store before anything is asked): when it dies, it is started again and asked again.
"""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from app.fitting_messages import (
    Ask,
    Asked,
    Died,
    Done,
    Doubt,
    Failed,
    Fit,
    FittingEvent,
    FittingSettings,
    Nearest,
    Neighbours,
    Ready,
    Score,
    Scored,
)
from app.fitting_process import main
from inference.embeddings import FrameKey

__all__ = ["Died", "Failed", "Fitting", "FittingEvent", "Neighbours", "Ready", "Scored"]

_log = logging.getLogger(__name__)

_DEATHS_IN_A_ROW = 3  # a process that dies of whatever it is asked is not started for ever
_PATIENCE_S = 2.0
_PATIENCE_AT_STOP_S = 0.2


class Fitting:
    """Starts the process, asks it, starts it again when it dies.

    Parameters
    ----------
    on_event
        Called with every event, from this handle's own thread. It has to be quick.
    """

    def __init__(
        self, data_folder: Path, bundled_folder: Path, on_event: Callable[[FittingEvent], None]
    ) -> None:
        self._settings = FittingSettings(data_folder, bundled_folder)
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards what waits and what the process has
        self._waiting: list[Asked] = []
        self._with_process: Asked | None = None  # one at a time: the next may be dropped until then
        self._stopping = False
        self._wake_receiver, self._wake_sender = multiprocessing.Pipe(duplex=False)
        self._awake = False
        self._thread: threading.Thread | None = None
        self._process: SpawnProcess | None = None
        self._is_ready = False
        self._deaths = 0

    @property
    def pid(self) -> int | None:
        """Id of the process, None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    @property
    def is_busy(self) -> bool:
        """Whether anything that was asked has no answer yet."""
        with self._lock:
            return bool(self._waiting) or self._with_process is not None

    def start(self) -> None:
        """Start the process; questions may be asked before it is up."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="fitting", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the process; what it has not answered stays without an answer."""
        with self._lock:
            self._stopping = True
            self._wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(4 * _PATIENCE_S)

    # -- asking ----------------------------------------------------------------------------------

    def fit(self, model_id: str) -> int:
        """Re-fit a model's head from all that is decided by now; `Scored` or `Failed` follows."""
        return self._ask(lambda number: Fit(number, model_id))

    def score(self, model_ids: tuple[str, ...]) -> int:
        """Score every frame by the adapted heads on disk; a `Scored` follows for each there is."""
        return self._ask(lambda number: Score(number, model_ids))

    def nearest(self, model_id: str, key: FrameKey, count: int) -> int:
        """Ask for the decided frames that are nearest to one; `Neighbours` follows. The latest wins."""
        return self._ask(lambda number: Nearest(number, model_id, key, count))

    def order(self, model_ids: tuple[str, ...], reader: str, reading: str) -> int:
        """Ask for the order in which a reader is asked about waiting studies; `Ordered` follows."""
        return self._ask(lambda number: Ask(number, model_ids, reader, reading))

    def doubt(self, model_id: str) -> int:
        """Ask which decisions are suspected errors; `Doubted` follows, when nothing else is asked."""
        return self._ask(lambda number: Doubt(number, model_id))

    def _ask(self, make: Callable[[int], Asked]) -> int:
        asked = make(next(self._numbers))
        with self._lock:
            self._waiting = [other for other in self._waiting if not _replaces(asked, other)]
            if isinstance(asked, Nearest):  # quick, and somebody is looking at it
                self._waiting.insert(0, asked)
            else:
                self._waiting.append(asked)
            self._wake()
        return asked.request

    def _wake(self) -> None:
        """Wake the serving thread. The lock is held; at most one byte is ever in the pipe."""
        if not self._awake:
            self._awake = True
            self._wake_sender.send_bytes(b"!")

    # -- the process's life ------------------------------------------------------------------------

    def _serve(self) -> None:
        while not self._stopping:
            self._is_ready = False
            try:
                exit_code = self._run_process()
            except OSError as error:
                _log.warning("the fitting process could not be started: %s", error.strerror)
                exit_code = None
            if not self._stopping:
                self._on_death(exit_code)

    def _run_process(self) -> int | None:
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(
            target=main, args=(theirs, self._settings), name="overread-fitting", daemon=True
        )
        try:
            process.start()
            theirs.close()  # or its end would never show on ours
            self._process = process
            self._talk(ours, process)
        finally:
            ours.close()  # the process reads the end of the pipe and ends
            self._process = None
            if process.pid is not None:
                _end(process, _PATIENCE_AT_STOP_S if self._stopping else _PATIENCE_S)
        return process.exitcode

    def _talk(self, connection: Connection, process: SpawnProcess) -> None:
        while not self._stopping and self._hand_over(connection):
            ready = wait([connection, process.sentinel, self._wake_receiver])
            if self._wake_receiver in ready:
                self._go_back_to_sleep()
            if connection in ready:
                try:
                    self._on_message(connection.recv())
                except (EOFError, OSError):
                    return
            elif process.sentinel in ready:
                return

    def _go_back_to_sleep(self) -> None:
        with self._lock:
            self._wake_receiver.recv_bytes()
            self._awake = False

    def _hand_over(self, connection: Connection) -> bool:
        """Give the process what is next; False when it is gone."""
        with self._lock:
            if not self._is_ready or self._with_process is not None or not self._waiting:
                return True
            self._with_process = asked = self._waiting.pop(0)
        try:
            connection.send(asked)
        except OSError:
            return False
        return True

    def _on_message(self, message: FittingEvent | Done) -> None:
        if isinstance(message, Ready):
            self._is_ready = True
        if isinstance(message, Done):
            with self._lock:
                self._with_process = None
            self._deaths = 0
            return
        self._on_event(message)

    def _on_death(self, exit_code: int | None) -> None:
        """Tell; what was asked is asked again, unless the process dies of it again and again."""
        self._deaths += 1
        gives_up = self._deaths >= _DEATHS_IN_A_ROW
        reason = f"The process that adapts the model to this site ended unexpectedly (exit code {exit_code})."
        dropped: list[Asked] = []
        with self._lock:
            asked, self._with_process = self._with_process, None
            if asked is not None and not any(_replaces(other, asked) for other in self._waiting):
                self._waiting.insert(0, asked)
            if gives_up:
                dropped, self._waiting = self._waiting, []
        self._on_event(Died(reason, will_restart=not gives_up))
        for one in dropped:
            self._on_event(Failed(one.request, reason))
        while gives_up and not self._stopping and not self._waiting:  # the next question is the next attempt
            wait([self._wake_receiver])
            self._go_back_to_sleep()


def _replaces(new: Asked, old: Asked) -> bool:
    """Whether the answer to a new question makes that to an old one useless."""
    if isinstance(new, Fit) and isinstance(old, Fit):
        return new.model_id == old.model_id
    return type(new) is type(old) and not isinstance(new, Fit)


def _end(process: SpawnProcess, patience_s: float) -> None:
    """Wait for a process whose pipe was closed; stop it when it is busy. Nothing can be lost."""
    process.join(patience_s)
    if process.is_alive():
        process.terminate()
        process.join(_PATIENCE_S)
    if process.is_alive():
        process.kill()
        process.join()
