"""A search for settings from the window: a run of its own process, watched ten times a second."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.runs import ENDS, SEARCH, Run, new_run, newest_run
from app.workplace import Workplace

log = logging.getLogger(__name__)

LOOK_INTERVAL_MS = 100


class Searching(QObject):
    """One search at a time. Lives on the GUI thread.

    Signals
    -------
    started()
    told(dict)
        An event of the contract.
    stopped(str)
        The process is gone without an end; a sentence.
    resumable(run id)
    found(Run, dict)
        It ended with a candidate: the run, and its last event.
    failed(str)
    """

    started = Signal()
    told = Signal(object)
    stopped = Signal(str)
    resumable = Signal(str)
    found = Signal(object, object)
    failed = Signal(str)

    def __init__(self, workplace: Workplace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._run: Run | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_INTERVAL_MS)
        self._timer.timeout.connect(self._look)

    @property
    def is_running(self) -> bool:
        return self._run is not None

    def find_run(self) -> None:
        """After a start: watch a search that still runs, offer to resume one that was interrupted, and show
        what an earlier one found."""
        run = newest_run(self._workplace.runs_folder, (SEARCH,))
        if run is None:
            return
        seen = run.look()
        if seen.is_alive:
            self._watch(Run(run.folder))
            return
        for event in seen.events:
            self.told.emit(event)
        if not run.has_ended or seen.events[-1]["event"] == "cancelled":
            self.resumable.emit(run.id)
        elif seen.events[-1]["event"] == "done" and not run.is_decided and self._is_newest(run):
            self.found.emit(run, seen.events[-1])

    def start(self, arguments: Sequence[str]) -> None:
        """Begin with options of the command `search`."""
        if self._run is not None:
            return
        run = new_run(self._workplace.runs_folder)
        words = [*arguments, "--device", self._workplace.settings.device]
        try:
            run.start(self._workplace.options, words, SEARCH)
        except OSError as error:
            self.failed.emit(self.tr("The search could not be started: {0}.").format(error))
            return
        self._watch(run)

    def resume(self, run_id: str) -> None:
        """Go on with a search that was cancelled or killed."""
        run = Run(self._workplace.runs_folder / run_id)
        try:
            run.resume(self._workplace.options)
        except (OSError, ValueError) as error:
            self.failed.emit(self.tr("The search {0} could not be resumed: {1}.").format(run_id, error))
            return
        self._watch(run)

    def cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()

    def close(self) -> None:
        """Stop watching; the search goes on by itself."""
        self._timer.stop()

    def _is_newest(self, run: Run) -> bool:
        """Whether no training was started after it, whose result would be shown instead."""
        training = newest_run(self._workplace.runs_folder)
        return training is None or training.id < run.id

    def _watch(self, run: Run) -> None:
        self._run = run
        self.started.emit()
        self._timer.start()

    def _look(self) -> None:
        if self._run is None:
            return
        seen = self._run.look()
        for event in seen.events:
            self.told.emit(event)
            if event["event"] in ENDS:
                self._on_ended(event)
                return
        if not seen.is_alive:
            run = self._end()
            self.stopped.emit(run.last_words() or self.tr("The search's process ended without a word."))
            self.resumable.emit(run.id)

    def _on_ended(self, event: dict[str, Any]) -> None:
        run = self._end()
        if event["event"] == "done":
            self.found.emit(run, event)
        elif event["event"] == "cancelled":
            self.resumable.emit(run.id)

    def _end(self) -> Run:
        run, self._run = self._run, None
        assert run is not None
        self._timer.stop()
        return run
