"""Cine: the images of a series one after the other, at the speed that the file or the reader asks for."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from widgets.viewer import Viewer

SPEEDS = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 24.0, 30.0, 40.0, 50.0, 60.0)
"""Images a second that a reader may choose."""

USUAL_SPEED = 15.0


class Cine(QObject):
    """Plays the series of one view, round and round, until the reader scrolls or stops it.

    An image that is not decoded yet is waited for: playing slows down, and nothing is left out.

    Signals
    -------
    changed
        Playing began or ended, or its speed changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer: Viewer | None = None
        self._chosen_speed: float | None = None  # by the reader, for the series that is playing
        self._is_stepping = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._step)

    @property
    def is_playing(self) -> bool:
        return self._viewer is not None

    @property
    def speed(self) -> float:
        """Images a second: what the reader chose, else what the file says, else 15."""
        if self._chosen_speed is not None:
            return self._chosen_speed
        image = None if self._viewer is None else self._viewer.image
        said = None if image is None else image.header.frames_per_second
        return said if said else USUAL_SPEED

    def toggle(self, viewer: Viewer) -> None:
        """Play the series of a view, or stop what is playing."""
        if self._viewer is not None:
            self.stop()
        elif viewer.image is not None and viewer.position[1] > 1:
            self._viewer = viewer
            self._chosen_speed = None
            viewer.scroll_requested.connect(self._on_scrolled)
            self._timer.start(self._interval_ms)
            self.changed.emit()

    def stop(self) -> None:
        """Stay at the image that is shown."""
        if self._viewer is None:
            return
        self._timer.stop()
        self._viewer.scroll_requested.disconnect(self._on_scrolled)
        self._viewer = None
        self._chosen_speed = None
        self.changed.emit()

    def change_speed(self, by: int) -> None:
        """To the next faster or slower of the round speeds."""
        if self._viewer is None:
            return
        if by > 0:
            self._chosen_speed = next((s for s in SPEEDS if s > self.speed), SPEEDS[-1])
        else:
            self._chosen_speed = next((s for s in reversed(SPEEDS) if s < self.speed), SPEEDS[0])
        self._timer.setInterval(self._interval_ms)
        self.changed.emit()

    @property
    def _interval_ms(self) -> int:
        return max(round(1000 / self.speed), 1)

    def _step(self) -> None:
        viewer = self._viewer
        if viewer is None:
            return
        index, count = viewer.position
        if count < 2 or not viewer.isVisible():
            self.stop()
            return
        if viewer.image is None:
            return  # it is being decoded
        self._is_stepping = True
        viewer.scroll_requested.emit(1 if index + 1 < count else -index)
        self._is_stepping = False

    def _on_scrolled(self, _by: int) -> None:
        if not self._is_stepping:
            self.stop()
