"""The window's handle to the inference worker. Free of torch, and nothing here ever blocks its caller.

Questions wait here, not in the pipe: one at a time is with the worker, so that an urgent one waits for
one image at most, and one that nobody needs any more is never computed.
"""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from inference.messages import Died, Failed, Looked, Question, Ready, WorkerEvent, WorkerSettings
from inference.worker import main
from studies.image import Header

__all__ = ["Died", "Failed", "InferenceClient", "Looked", "Ready", "WorkerEvent"]

_log = logging.getLogger(__name__)

_DEATHS_AT_START = 3  # a worker that never comes up is not started for ever
_PATIENCE_S = 2.0
_PATIENCE_AT_STOP_S = 0.2  # leaving Python with torch loaded takes a second, and there is nothing to save


class InferenceClient:
    """Starts the worker, asks it, starts it again when it dies.

    Parameters
    ----------
    models_folder, bundled_folder, cache_folder
        Where the worker finds models and keeps embeddings.
    on_event
        Called with every event, from this client's own thread. It has to be quick.
    device
        See `inference.devices.best_device`.
    """

    def __init__(
        self,
        models_folder: Path,
        bundled_folder: Path,
        cache_folder: Path,
        on_event: Callable[[WorkerEvent], None],
        device: str = "auto",
    ):
        self._settings = WorkerSettings(models_folder, bundled_folder, cache_folder, device)
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards the queue below
        self._urgent: list[Question] = []  # the latest last, and asked first
        self._background: deque[Question] = deque()
        self._asked: Question | None = None  # with the worker
        self._forgotten = False  # nobody wants the answer to `_asked`
        self._stopping = False
        self._wake_receiver, self._wake_sender = multiprocessing.Pipe(duplex=False)
        self._awake = False  # a wake-up is in the pipe already
        self._thread: threading.Thread | None = None
        self._process: SpawnProcess | None = None
        self._is_ready = False
        self._deaths_at_start = 0
        self._deadly: set[int] = set()  # questions that a worker died of, or at least with
        self._last_words = ""

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker, None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    @property
    def waiting(self) -> int:
        """How many questions wait here; the one that is with the worker does not count."""
        with self._lock:
            return len(self._urgent) + len(self._background)

    def start(self) -> None:
        """Start the worker; `Ready` tells when it is up. Questions may be asked before."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="inference-client", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the worker; questions that are waiting stay without an answer. Waits for a few seconds."""
        with self._lock:
            self._stopping = True
            self._wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(4 * _PATIENCE_S)

    def ask(
        self,
        header: Header,
        frame: int,
        model_id: str,
        *,
        maps: Sequence[str] = (),
        method: str = "gradcam",
        adapted_head: Path | None = None,
        urgent: bool = False,
    ) -> int:
        """Ask about a frame; `Looked` or `Failed` with the number that is returned here follows.

        Parameters
        ----------
        maps, method
            See `inference.predictor.Predictor.look`.
        adapted_head
            An .npz file of `AdaptedHead.write`.
        urgent
            Urgent questions go before all others, the latest first.
        """
        number = next(self._numbers)
        question = Question(number, header, frame, model_id, tuple(maps), method, adapted_head)
        with self._lock:
            (self._urgent if urgent else self._background).append(question)
            self._wake()
        return number

    def forget(self, request: int) -> None:
        """No answer to this question is wanted any more."""
        with self._lock:
            self._urgent = [q for q in self._urgent if q.request != request]
            self._background = deque(q for q in self._background if q.request != request)
            if self._asked is not None and self._asked.request == request:
                self._forgotten = True

    def forget_background(self) -> None:
        """No question that is still waiting and not urgent is wanted any more."""
        with self._lock:
            self._background.clear()

    def _wake(self) -> None:
        """Wake the serving thread. The lock is held; at most one byte is ever in the pipe."""
        if not self._awake:
            self._awake = True
            self._wake_sender.send_bytes(b"!")

    def _serve(self) -> None:
        """Start workers until the client is stopped."""
        while not self._stopping:
            self._is_ready, self._last_words = False, ""
            try:
                exit_code = self._run_worker()
            except OSError as error:
                _log.exception("The inference process could not be started")
                exit_code, self._last_words = None, str(error.strerror)
            if not self._stopping:
                self._on_death(exit_code)

    def _run_worker(self) -> int | None:
        """Start a worker and talk to it until it is gone or the client is stopped; its exit code."""
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(
            target=main, args=(theirs, self._settings), name="overread-inference", daemon=True
        )
        try:
            process.start()
            theirs.close()  # or its end would never show on ours
            self._process = process
            self._talk(ours, process)
        finally:
            ours.close()  # the worker reads the end of the pipe and ends
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
        """Give the worker the next question if it is free; False when it is gone."""
        with self._lock:
            if not self._is_ready or self._asked is not None or not (self._urgent or self._background):
                return True
            question = self._urgent.pop() if self._urgent else self._background.popleft()
            self._asked, self._forgotten = question, False
        try:
            connection.send(question)
        except OSError:
            return False
        return True

    def _on_message(self, message: WorkerEvent) -> None:
        if isinstance(message, Died):  # it says why before it goes
            self._last_words = message.reason
        elif isinstance(message, Ready):
            self._is_ready, self._deaths_at_start = True, 0
            self._on_event(message)
        else:
            with self._lock:
                is_wanted, self._asked = not self._forgotten, None
            if is_wanted:
                self._on_event(message)

    def _on_death(self, exit_code: int | None) -> None:
        """Tell, and see to it that the question that was with the worker is asked again, once."""
        reason = self._last_words or f"The prediction process ended unexpectedly (exit code {exit_code})."
        if not self._is_ready:
            self._deaths_at_start += 1
            gives_up = bool(self._last_words) or self._deaths_at_start >= _DEATHS_AT_START
            self._on_event(Died(reason, will_restart=not gives_up))
            if gives_up:
                self._give_up(reason)
            return
        self._on_event(Died(reason))
        with self._lock:
            question, self._asked = self._asked, None
            if question is None or self._forgotten:
                return
            has_done_so_before = question.request in self._deadly
            self._deadly.add(question.request)
            if not has_done_so_before:
                self._urgent.append(question)
        if has_done_so_before:
            name = Path(question.header.path).name
            self._on_event(
                Failed(question.request, f"{name} ended the prediction process twice and is passed over.")
            )

    def _give_up(self, reason: str) -> None:
        """The worker does not come up: fail what is waiting; the next question is the next attempt."""
        with self._lock:
            waiting = [*reversed(self._urgent), *self._background]
            self._urgent.clear()
            self._background.clear()
        for question in waiting:
            self._on_event(Failed(question.request, reason))
        self._deaths_at_start = _DEATHS_AT_START - 1  # one more attempt at each further question
        while not self._stopping and not (self._urgent or self._background):
            wait([self._wake_receiver])
            self._go_back_to_sleep()


def _end(process: SpawnProcess, patience_s: float) -> None:
    """Wait for a worker whose pipe was closed; stop it when it is busy. It holds nothing that can be lost."""
    process.join(patience_s)
    if process.is_alive():
        process.terminate()
        process.join(_PATIENCE_S)
    if process.is_alive():
        process.kill()
        process.join()
