"""What the training page offers beside training here: a search for settings, and another machine's work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QDateTime, QLocale, QObject, Qt

from app.gui.learning import Learning
from app.gui.remarks import Remarks
from app.gui.searching import Searching
from app.gui.sending import Sending
from app.gui.window import Window
from app.runs import Run
from app.workplace import Workplace
from training.jobs.records import Sent
from widgets.numbers import duration_text
from widgets.search import SearchChoice
from widgets.training import TrainingChoice
from widgets.training_server import SentJob


class SearchDesk(QObject):
    """Carries what happens in the two parts of the page to their controllers, and what they tell back."""

    def __init__(self, workplace: Workplace, window: Window, learning: Learning, remarks: Remarks) -> None:
        super().__init__(window)
        self.searching = Searching(workplace, self)
        self.sending = Sending(workplace, self)
        self._window, self._learning, self._remarks = window, learning, remarks
        self._results: dict[str, Path] = {}
        self._told_of: set[str] = set()
        self._connect_search()
        self._connect_server()
        window.page_changed.connect(self._on_page_changed)

    def on_library_loaded(self) -> None:
        """Look for a search that runs or was interrupted, and for results of jobs that were sent."""
        self.searching.find_run()
        self.sending.watch()

    def close(self) -> None:
        self.searching.close()
        self.sending.close()

    def _on_page_changed(self, number: int) -> None:
        if number == 1:
            self.sending.look()

    # -- the search ------------------------------------------------------------------------------

    def _connect_search(self) -> None:
        searching, view = self.searching, self._window.training.search
        view.start_requested.connect(self._on_search_requested)
        view.cancel_requested.connect(searching.cancel)
        view.resume_requested.connect(searching.resume)
        view.use_requested.connect(self._on_use_requested)
        searching.started.connect(view.begin)
        searching.told.connect(view.on_event)
        searching.told.connect(self._show_in_status)
        searching.stopped.connect(view.stopped)
        searching.stopped.connect(lambda _: self._window.status.show_training(""))
        searching.resumable.connect(view.show_resumable)
        searching.found.connect(self._on_found)
        searching.failed.connect(self._remarks.say_failed)

    def _on_search_requested(self, choice: SearchChoice) -> None:
        arguments = _options_of(self._window.training.choice)
        arguments += ["--trials", str(choice.trials), "--minutes", str(choice.minutes)]
        if choice.models:
            arguments += ["--models", ",".join(choice.models)]
        self.searching.start([*arguments, "--over", ",".join(choice.over)])

    def _on_found(self, run: Run, done: dict[str, Any]) -> None:
        self._learning.take_over(run, done)

    def _on_use_requested(self, settings: dict[str, Any]) -> None:
        self._remarks.say(self.tr("The next training uses these settings."))

    def _show_in_status(self, event: dict[str, Any]) -> None:
        if self._learning.is_training:
            return  # the status line tells of that
        if event["event"] == "trial":
            done, total = int(event["finished"]), int(event["trials"])
            words = self.tr("search: {0} of {1} trials").format(done, total)
            if (left := event.get("remaining_s")) is not None and done < total:
                words = self.tr("{0}, {1} left").format(words, duration_text(float(left)))
            self._window.status.show_training(words, done, total)
        elif event["event"] in ("done", "cancelled", "failed"):
            self._window.status.show_training("")

    # -- the server ------------------------------------------------------------------------------

    def _connect_server(self) -> None:
        sending, view = self.sending, self._window.training.server
        view.set_folder(sending.folder)
        view.folder_chosen.connect(self._on_folder_chosen)
        view.send_requested.connect(self._on_send_requested)
        view.take_requested.connect(self._on_take_requested)
        sending.sent.connect(self._on_sent)
        sending.failed.connect(self._on_send_failed)
        sending.jobs_seen.connect(self._on_jobs_seen)

    def _on_folder_chosen(self, folder: str) -> None:
        self.sending.choose_folder(folder)
        self._window.training.server.set_folder(folder)

    def _on_send_requested(self, folder: str) -> None:
        view = self._window.training.server
        view.set_sending(True)
        view.say("", "caption")
        self.sending.send(_options_of(self._window.training.choice))

    def _on_sent(self) -> None:
        self._window.training.server.set_sending(False)
        self._window.training.server.say(self.tr("The job lies in the folder."), "saved")

    def _on_send_failed(self, sentence: str) -> None:
        self._window.training.server.set_sending(False)
        self._window.training.server.say(sentence, "failed")

    def _on_take_requested(self, job: str) -> None:
        if job in self._results:
            self._learning.take(self._results[job])

    def _on_jobs_seen(self, jobs: list[Sent]) -> None:
        self._results = {sent.job: sent.result for sent in jobs if sent.state == "result"}
        self._window.training.server.show_jobs(
            [SentJob(s.job, str(s.folder), _when(s.sent), s.state) for s in jobs]
        )
        if self._results.keys() - self._told_of:
            self._window.training.server.say("", "caption")  # that it was sent is told beside the result
            self._remarks.say(self.tr("The result of a training that was sent lies there: see Training."))
        self._told_of |= self._results.keys()


def _options_of(choice: TrainingChoice) -> list[str]:
    """The options of `train` that say what is chosen on the page."""
    options = ["--model", choice.model_id, "--depth", choice.depth, "--epochs", str(choice.epochs)]
    for name, value in choice.settings:
        options += [f"--{name.replace('_', '-')}", str(value)]
    return options


def _when(told: str) -> str:
    """A moment as people of this place write it."""
    moment = QDateTime.fromString(told, Qt.DateFormat.ISODate).toLocalTime()
    return QLocale().toString(moment, QLocale.FormatType.ShortFormat)
