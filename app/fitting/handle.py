"""The window's handle to the process that re-fits heads. Nothing here blocks its caller.

Of several fits of one model that are asked for while one runs, the latest waits and the others are dropped:
each fit reads all that was decided until it begins. The process holds nothing that could be lost (decisions
are in the store before anything is asked): when it dies, it is started again and asked again.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

from app.fitting.messages import (
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
from app.fitting.process import main
from inference.companion import Companion
from inference.embeddings import FrameKey

__all__ = ["Died", "Failed", "Fitting", "FittingEvent", "Neighbours", "Ready", "Scored"]

_DEATHS_IN_A_ROW = 3  # a process that dies of whatever it is asked is not started for ever


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
        self._process = Companion(
            "fitting", main, FittingSettings(data_folder, bundled_folder),
            hand_over=self._hand_over, on_message=self._on_message, on_death=self._on_death,
        )  # fmt: skip
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards what waits and what the process has
        self._waiting: list[Asked] = []
        self._with_process: Asked | None = None  # one at a time: the next may be dropped until then
        self._is_ready = False
        self._deaths = 0

    @property
    def pid(self) -> int | None:
        """Id of the process, None while there is none."""
        return self._process.pid

    @property
    def is_busy(self) -> bool:
        """Whether anything that was asked has no answer yet."""
        with self._lock:
            return bool(self._waiting) or self._with_process is not None

    def start(self) -> None:
        """Start the process; questions may be asked before it is up."""
        self._process.start()

    def stop(self) -> None:
        """End the process; what it has not answered stays without an answer."""
        self._process.stop()

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
            self._process.wake()
        return asked.request

    # -- what the process is given, and says --------------------------------------------------------

    def _hand_over(self, send: Callable[[object], None]) -> None:
        """Give the process what is next."""
        with self._lock:
            if not self._is_ready or self._with_process is not None or not self._waiting:
                return
            self._with_process = asked = self._waiting.pop(0)
        send(asked)

    def _on_message(self, message: FittingEvent | Done) -> None:
        if isinstance(message, Ready):
            self._is_ready = True
        if isinstance(message, Done):
            with self._lock:
                self._with_process = None
            self._deaths = 0
            return
        self._on_event(message)

    def _on_death(self, exit_code: int | None, problem: str) -> None:
        """Tell; what was asked is asked again, unless the process dies of it again and again."""
        self._is_ready = False
        self._deaths += 1
        gives_up = self._deaths >= _DEATHS_IN_A_ROW
        ended = problem or f"exit code {exit_code}"
        reason = f"The process that adapts the model to this site ended unexpectedly ({ended})."
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
        if gives_up:  # the next question is the next attempt
            self._process.sleep_until(lambda: bool(self._waiting))


def _replaces(new: Asked, old: Asked) -> bool:
    """Whether the answer to a new question makes that to an old one useless."""
    if isinstance(new, Fit) and isinstance(old, Fit):
        return new.model_id == old.model_id
    return type(new) is type(old) and not isinstance(new, Fit)
