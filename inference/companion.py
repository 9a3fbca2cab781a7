"""A process beside this one that is asked over a pipe, and the thread that talks to it. Without torch.

The inference worker and the process that re-fits heads are such. What waits to be asked, and what becomes of
it when the process dies, their own handles know; here is its life: it is spawned, ended by closing its pipe,
and started again when it ends by itself. It holds nothing that could be lost.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

_log = logging.getLogger(__name__)

_PATIENCE_S = 2.0
_PATIENCE_AT_STOP_S = 0.2  # leaving Python with torch loaded takes a second, and there is nothing to save


class Companion:
    """Starts the process, talks to it, starts it again when it dies.

    All callbacks are called in a thread of its own, without a lock.

    Parameters
    ----------
    name
        Of the process and the thread.
    main, settings
        The process does ``main(connection, settings)`` until `connection` is closed.
    hand_over
        Gives the process what it may have, by the function that it is called with; called before each wait.
    on_message
        What the process said.
    on_death
        It ended unasked: its exit code and an empty sentence, or None and why it could not be started. Once
        this returns it is started again.
    """

    def __init__(
        self,
        name: str,
        main: Callable[[Connection, Any], None],
        settings: object,
        *,
        hand_over: Callable[[Callable[[object], None]], None],
        on_message: Callable[[Any], None],
        on_death: Callable[[int | None, str], None],
    ) -> None:
        self._name, self._main, self._settings = name, main, settings
        self._hand_over, self._on_message, self._on_death = hand_over, on_message, on_death
        self._stopping = False
        self._lock = threading.Lock()  # guards whether a wake-up is in the pipe
        self._awake = False
        self._wake_receiver, self._wake_sender = multiprocessing.Pipe(duplex=False)
        self._thread: threading.Thread | None = None
        self._process: SpawnProcess | None = None

    @property
    def pid(self) -> int | None:
        """Id of the process, None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def start(self) -> None:
        """Start the process."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the process. Waits for a few seconds."""
        self._stopping = True
        self.wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(4 * _PATIENCE_S)

    def wake(self) -> None:
        """Something waits to be handed over."""
        with self._lock:  # at most one byte is ever in the pipe
            if not self._awake:
                self._awake = True
                self._wake_sender.send_bytes(b"!")

    def sleep_until(self, is_needed: Callable[[], bool]) -> None:
        """Wait, in `on_death`, until something is asked or it is stopped: it is not started meanwhile."""
        while not self._stopping and not is_needed():
            wait([self._wake_receiver])
            self._go_back_to_sleep()

    def _go_back_to_sleep(self) -> None:
        with self._lock:
            self._wake_receiver.recv_bytes()
            self._awake = False

    # -- the process's life ------------------------------------------------------------------------

    def _serve(self) -> None:
        """Start processes until it is stopped."""
        while not self._stopping:
            exit_code, problem = None, ""
            try:
                exit_code = self._run_process()
            except OSError as error:
                _log.exception("The process %s could not be started", self._name)
                problem = str(error.strerror)
            if not self._stopping:
                self._on_death(exit_code, problem)

    def _run_process(self) -> int | None:
        """Start a process and talk to it until it is gone or nobody needs it; its exit code."""
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(
            target=self._main, args=(theirs, self._settings), name=f"overread-{self._name}", daemon=True
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
        while not self._stopping:
            try:
                self._hand_over(connection.send)
            except OSError:
                return
            ready = wait([connection, process.sentinel, self._wake_receiver])
            if self._wake_receiver in ready:
                self._go_back_to_sleep()
            if connection in ready:
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    return
                self._on_message(message)
            elif process.sentinel in ready:
                return


def _end(process: SpawnProcess, patience_s: float) -> None:
    """Wait for a process whose pipe was closed; stop it when it is busy."""
    process.join(patience_s)
    if process.is_alive():
        process.terminate()
        process.join(_PATIENCE_S)
    if process.is_alive():
        process.kill()
        process.join()
