"""A search for settings from the window: a run that is a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.gui.watching import Watch
from app.runs import SEARCH, Run, new_run, newest_run
from app.workplace import Workplace


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
        self._watch = Watch(self)
        self._watch.started.connect(self.started)
        self._watch.told.connect(self.told)
        self._watch.ended.connect(self._on_ended)
        self._watch.vanished.connect(self._on_vanished)

    @property
    def is_running(self) -> bool:
        return self._watch.is_on

    def find_run(self) -> None:
        """After a start: watch a search that still runs, offer to resume one that was interrupted, and show
        what an earlier one found."""
        run = newest_run(self._workplace.runs_folder, (SEARCH,))
        if run is None:
            return
        seen = run.look()
        if seen.is_alive:
            self._watch.begin(Run(run.folder))
            return
        for event in seen.events:
            self.told.emit(event)
        if not run.has_ended or seen.events[-1]["event"] == "cancelled":
            self.resumable.emit(run.id)
        elif seen.events[-1]["event"] == "done" and not run.is_decided and self._is_newest(run):
            self.found.emit(run, seen.events[-1])

    def start(self, arguments: Sequence[str]) -> None:
        """Begin with options of the command `search`."""
        if self._watch.is_on:
            return
        run = new_run(self._workplace.runs_folder)
        words = [*arguments, "--device", self._workplace.settings.device]
        try:
            run.start(self._workplace.options, words, SEARCH)
        except OSError as error:
            self.failed.emit(self.tr("The search could not be started: {0}.").format(error))
            return
        self._watch.begin(run)

    def resume(self, run_id: str) -> None:
        """Go on with a search that was cancelled or killed."""
        run = Run(self._workplace.runs_folder / run_id)
        try:
            run.resume(self._workplace.options)
        except (OSError, ValueError) as error:
            self.failed.emit(self.tr("The search {0} could not be resumed: {1}.").format(run_id, error))
            return
        self._watch.begin(run)

    def cancel(self) -> None:
        self._watch.cancel()

    def close(self) -> None:
        """Stop watching; the search goes on by itself."""
        self._watch.close()

    def _is_newest(self, run: Run) -> bool:
        """Whether no training was started after it, whose result would be shown instead."""
        training = newest_run(self._workplace.runs_folder)
        return training is None or training.id < run.id

    def _on_ended(self, run: Run, event: dict[str, Any]) -> None:
        if event["event"] == "done":
            self.found.emit(run, event)
        elif event["event"] == "cancelled":
            self.resumable.emit(run.id)

    def _on_vanished(self, run: Run) -> None:
        self.resumable.emit(run.id)  # first: the last that is said is why it ended
        self.stopped.emit(run.last_words() or self.tr("The search's process ended without a word."))
