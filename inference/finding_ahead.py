"""Threads of the worker that find what is asked about next, while it computes.

They wake it by a pipe, so that it can wait for them and for questions at once, and begin nothing while
something urgent is being answered: that would take cores from it.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from inference.threads import decoders

Asked = TypeVar("Asked")
Found = TypeVar("Found")


class FindingAhead(Generic[Asked, Found]):
    """Calls `find` in threads of its own.

    Parameters
    ----------
    find
        Finds what belongs to a question: called in any of the threads, several at a time.
    """

    def __init__(self, find: Callable[[Asked], Found]) -> None:
        self._find = find
        self._pool = decoders()
        self._receiver, self._sender = multiprocessing.Pipe(duplex=False)
        self._is_told = False  # a wake-up is in that pipe already
        self._lock = threading.Lock()
        self._calm = threading.Event()
        self._calm.set()

    @property
    def wake_up(self) -> Connection:
        """Ready to be read when something was found; `clear` reads it."""
        return self._receiver

    def clear(self) -> None:
        """Wait for the next that will be found."""
        with self._lock:
            if self._is_told:
                self._receiver.recv_bytes()
                self._is_told = False

    def begin(self, asked: Asked) -> Future[Found]:
        """Find it, after what was begun before."""
        found = self._pool.submit(self._find_in_peace, asked)
        found.add_done_callback(lambda _: self._tell())
        return found

    def hold(self) -> None:
        """Begin nothing until `go_on`; what has been begun is found."""
        self._calm.clear()

    def go_on(self) -> None:
        """Nothing urgent is being answered any more, or it waits for something that is to be found."""
        self._calm.set()

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _find_in_peace(self, asked: Asked) -> Found:
        self._calm.wait()
        return self._find(asked)

    def _tell(self) -> None:
        with self._lock:
            if not self._is_told:
                self._is_told = True
                self._sender.send_bytes(b"!")
