"""Work that must not run on the GUI thread, and how its results come back to it.

A job is a function that captures everything it needs before it starts. Its result is handed to a
callback on the GUI thread. An executor of one thread keeps order (the store's); one of several
does not (decoding).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

Result = TypeVar("Result")


class Jobs(QObject):
    """Runs functions in threads of their own and delivers results on the thread of this object.

    Parameters
    ----------
    threads
        One keeps the order of submission.
    """

    _delivered = Signal(object)

    def __init__(self, name: str, threads: int = 1, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._is_open = True
        self._delivered.connect(lambda deliver: deliver(), Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        work: Callable[[], Result],
        on_done: Callable[[Result], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run `work`; then one of the callbacks on the GUI thread. Without `on_error`, an error is
        raised there, where the exception hook shows it."""
        if not self._is_open:
            return

        def finished(future: Future[Result]) -> None:
            if future.cancelled() or not self._is_open:
                return
            self._delivered.emit(lambda: self._deliver(future, on_done, on_error))

        self._pool.submit(work).add_done_callback(finished)

    def deliver(self, call: Callable[[], None]) -> None:
        """Run `call` on the GUI thread; may be called from any thread."""
        if self._is_open:
            self._delivered.emit(call)

    def _deliver(
        self,
        future: Future[Result],
        on_done: Callable[[Result], None] | None,
        on_error: Callable[[Exception], None] | None,
    ) -> None:
        if not self._is_open:
            return
        error = future.exception()
        if error is None:
            if on_done is not None:
                on_done(future.result())
        elif on_error is not None and isinstance(error, Exception):
            on_error(error)
        else:
            raise error

    def close(self, wait: bool = True) -> None:
        """Finish what was begun (with `wait`), drop what was not, deliver nothing more."""
        self._is_open = False
        self._pool.shutdown(wait=wait, cancel_futures=not wait)
