"""A run's folder: its plan, what it told, and the wish that it stop. Without torch.

A run is a process of its own and outlives the window that started it. Whoever opens the folder later
reads in `events.jsonl` how far it is, and cancels it by writing a file called `cancel`.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from training.alone import EVENTS
from training.errors import Cancelled
from training.events import TrainingEvent
from training.room import write_whole

CANCELLED = "Somebody cancelled the training."
PLAN, CANCEL, CHECKPOINT = "plan.json", "cancel", "checkpoint.pt"

logger = logging.getLogger(__name__)


def append_event(run_folder: Path, event: TrainingEvent) -> None:
    """Add one line to `events.jsonl`; a line that an earlier kill left unfinished is closed first."""
    line = json.dumps(finite(event.as_json()), allow_nan=False) + "\n"
    path = run_folder / EVENTS
    try:
        with path.open("ab+") as stream:
            end = stream.seek(0, os.SEEK_END)
            if end:
                stream.seek(end - 1)
                if stream.read(1) != b"\n":
                    line = "\n" + line
            stream.write(line.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # writing does not say where


def read_events(run_folder: Path) -> list[TrainingEvent]:
    """What a run has told so far, in order. An unfinished line is passed over."""
    try:
        lines = (run_folder / EVENTS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    told = []
    for line in lines:
        try:
            values = json.loads(line)
            told.append(TrainingEvent(values.pop("event"), values))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return told


def ask_to_cancel(run_folder: Path) -> None:
    """Wish that the run stop; it looks at every batch."""
    (run_folder / CANCEL).touch()


LOOK_S = 0.1
PATIENCE_S = 0.8  # from a wish to cancel until the process ends without being asked again


class Wish:
    """The wish that a run stop: a file in its folder, until it is fulfilled or comes too late."""

    def __init__(self, run_folder: Path) -> None:
        self._folder, self._file = run_folder, run_folder / CANCEL
        self._lock = threading.Lock()  # so that the run goes past its last look or ends, and never both
        self._is_late = False
        self._was_heard = False

    def look(self) -> None:
        """Raise `Cancelled` where somebody wished so. The wish is fulfilled by it and taken away, so that
        the run can be resumed."""
        if self._file.exists() and not self._is_late:
            self._file.unlink(missing_ok=True)
            self._was_heard = True
            raise Cancelled

    def look_last(self) -> None:
        """The same, before something is made that has to be there as a whole, with its last event."""
        with self._lock:
            self.look()
            self._is_late = True

    @contextmanager
    def ends_process(self, say: Callable[[TrainingEvent], None]) -> Iterator[None]:
        """End this process where the wish is not heard soon: between two looks lies a whole batch, and a
        large one may take a minute.

        Nothing is lost by it that a kill would not lose: checkpoints, events and models are written as a
        whole. For the process of a training alone.

        Parameters
        ----------
        say
            Called with the last event, from another thread.
        """
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK_S):
                if self._file.exists() and not over.wait(PATIENCE_S):
                    with self._lock:
                        if self._file.exists() and not self._is_late and not over.is_set():
                            self._end_process(say)

        threading.Thread(target=watch, name="cancel-watch", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                over.set()
                if self._is_late:
                    self._file.unlink(missing_ok=True)
        if self._was_heard:  # all is told: taking torch down takes longer than people wait
            _exit_at_once()

    def _end_process(self, say: Callable[[TrainingEvent], None]) -> None:
        event = TrainingEvent("cancelled", {"reason": CANCELLED})
        append_event(self._folder, event)
        self._file.unlink(missing_ok=True)
        say(event)
        _exit_at_once()


def _exit_at_once() -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


NICE = 10  # a tenth of what others get, where they want it


def lower_priority() -> None:
    """Let everything else on this machine go first. Call it in a training's own process."""
    try:
        if sys.platform == "win32":
            import psutil

            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(NICE)
            _lower_session()
    except OSError as error:
        logger.warning("The training keeps its priority: %s", error)


def _lower_session() -> None:
    """Linux shares the processors between sessions first, then between the processes of each (sched(7), "The
    autogroup feature"): without this a training of a session of its own had half of the machine."""
    autogroup = Path("/proc/self/autogroup")
    if autogroup.exists() and os.getsid(0) == os.getpid():
        autogroup.write_text(str(NICE), encoding="ascii")


def write_plan(run_folder: Path, plan: dict[str, Any]) -> None:
    """Write `plan.json`; the old one stands until the new one is complete."""
    write_whole(run_folder / PLAN, (json.dumps(plan, indent=2, sort_keys=True) + "\n").encode())


def finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: a figure that cannot be had is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return value
