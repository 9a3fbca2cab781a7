"""Lets a library's function that runs to its end be followed and stopped, although it knows of neither."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

Result = TypeVar("Result")


class _Stopped(BaseException):
    """Nobody waits for the result any more. No `Exception`, so that no library swallows it."""


def in_stretches(work: Callable[[Callable[[], None]], Result]) -> Generator[None, None, Result]:
    """Run `work` on a thread of its own from one `pause()` to the next, as a generator is resumed.

    It never runs while the generator rests. Closing the generator makes the `pause()` that `work` waits in
    raise, and waits for its end. What `work` raises is raised here; what it returns is the generator's value.

    Parameters
    ----------
    work
        Is given `pause`, to be called on its own thread.
    """
    paused: queue.SimpleQueue[bool] = queue.SimpleQueue()  # True at a pause, False at the end
    resumed = threading.Semaphore(0)
    stopping = threading.Event()
    results: list[Result] = []
    failures: list[BaseException] = []

    def pause() -> None:
        paused.put(True)
        resumed.acquire()
        if stopping.is_set():
            raise _Stopped

    def run() -> None:
        try:
            results.append(work(pause))
        except _Stopped:
            pass
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            failures.append(error)
        finally:
            paused.put(False)

    thread = threading.Thread(target=run, name="explaining", daemon=True)
    thread.start()
    try:
        while paused.get():
            yield
            resumed.release()
    finally:
        stopping.set()
        resumed.release()
        thread.join()
    if failures:
        raise failures.pop()
    return results.pop()
