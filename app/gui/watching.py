"""A run that is a process of its own, as the window watches it: ten times a second, through its folder."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.runs import Run
from training.alone import ENDS

LOOK_INTERVAL_MS = 100


class Watch(QObject):
    """Watches one run at a time. Lives on the GUI thread.

    Signals
    -------
    started()
    told(dict)
        An event of the contract.
    ended(Run, dict)
        The run, and its last event.
    vanished(Run)
        Its process is gone without a last event.
    """

    started = Signal()
    told = Signal(object)
    ended = Signal(object, object)
    vanished = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_INTERVAL_MS)
        self._timer.timeout.connect(self._look)

    @property
    def is_on(self) -> bool:
        """Whether a run is watched."""
        return self._run is not None

    def begin(self, run: Run) -> None:
        """Watch a run that works: what it tells from now on, or all where nobody has looked yet."""
        self._run = run
        self.started.emit()
        self._timer.start()

    def cancel(self) -> None:
        """Wish that the run stop; its last event follows."""
        if self._run is not None:
            self._run.cancel()

    def close(self) -> None:
        """Look no more; the run goes on by itself."""
        self._timer.stop()

    def _look(self) -> None:
        run = self._run
        if run is None:
            return
        seen = run.look()
        for event in seen.events:
            self.told.emit(event)
            if event["event"] in ENDS:
                self._end()
                self.ended.emit(run, event)
                return
        if not seen.is_alive:
            self._end()
            self.vanished.emit(run)

    def _end(self) -> None:
        self._run = None
        self._timer.stop()
