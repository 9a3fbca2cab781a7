"""Long work that has to be done on the GUI thread: a few milliseconds of it at a time.

Whatever waits for the thread (painting, a key, an answer of the worker) goes between two slices.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

SLICE_S = 0.006


class Slices(QObject):
    """Goes through iterators one after the other, each step of which is short."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[tuple[Iterator[None], Callable[[], None] | None]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._work)

    def run(self, steps: Iterator[None], then: Callable[[], None] | None = None) -> None:
        """Go through the steps in slices, after what was given before; `then` is called at the end."""
        self._waiting.append((steps, then))
        self._timer.start()

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting)

    def clear(self) -> None:
        """Leave everything that is not done yet."""
        self._waiting.clear()
        self._timer.stop()

    def _work(self) -> None:
        until = time.perf_counter() + SLICE_S
        while self._waiting and time.perf_counter() < until:
            steps, then = self._waiting[0]
            try:
                next(steps)
            except StopIteration:
                self._waiting.popleft()
                if then is not None:
                    then()
        if not self._waiting:
            self._timer.stop()
