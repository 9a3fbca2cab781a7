"""A training while it runs: what is under way, how long it will take, its curves, and Cancel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.numbers import duration_text, grouped
from widgets.plots import LineChart
from widgets.run_bar import RunBar
from widgets.theme import TOKENS, space
from widgets.training_parts import label, section
from widgets.words import hint_in_words


class RunView(QWidget):
    """Follows the events of `train --json`; it computes nothing.

    Signals
    -------
    cancel_requested()
    resume_requested(run)
        The reader wants an interrupted training to go on.
    """

    cancel_requested = Signal()
    resume_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._plan = label("", "quiet", wraps=True)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setToolTip(self.tr("Stop at the next batch; the model in use stays as it is"))
        resume = QPushButton(theme.icon("play", TOKENS.text), self.tr("Resume"))
        resume.setToolTip(self.tr("Go on from the last finished epoch"))
        self._bar = RunBar(self.tr("Progress of the training"), cancel, resume)
        self._bar.cancel_requested.connect(self.cancel_requested)
        self._bar.resume_requested.connect(self.resume_requested)
        self.loss = LineChart(self.tr("Loss"), self.tr("epoch"), self.tr("log-loss"))
        self.validation = LineChart(self.tr("Validation"), self.tr("epoch"), "")
        for chart in (self.loss, self.validation):
            chart.set_empty_text(self.tr("Curves begin with the first epoch"))
        self._charts = QWidget()
        self._lay_out()
        self._bar.say(self.tr("No training has run in this session."), "quiet")

    # What is told

    def begin(self, plan: str) -> None:
        """A training was started, with this plan in words."""
        self._plan.setText(plan)
        self._plan.setHidden(not plan)
        for chart in (self.loss, self.validation):
            chart.clear()
        self._charts.show()
        self._bar.begin()

    def show_running(self, is_running: bool) -> None:
        self._bar.show_running(is_running)

    def show_resumable(self, run: str, text: str) -> None:
        """Offer to go on with an interrupted training; an empty run takes the offer back."""
        self._bar.show_resumable(run)
        self._bar.say(text, "look-again")

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Follow one event of the contract."""
        follow = {
            "plan": self._on_plan,
            "prepare": self._on_prepare,
            "epoch": self._on_epoch,
            "done": self._on_done,
            "cancelled": self._on_cancelled,
            "failed": self._on_failed,
        }.get(str(event.get("event")))
        if follow is not None:
            follow(event)

    def stopped(self, sentence: str) -> None:
        """The training's process ended without an end; the model in use is untouched."""
        self._bar.end(sentence, "failed")

    # Events

    def _on_plan(self, event: Mapping[str, Any]) -> None:
        hints = [hint_in_words(str(hint)) for hint in event.get("hints", ())]
        if hints:
            lines = [line for line in (*self._plan.text().split("\n"), *hints) if line]
            self._plan.setText("\n".join(dict.fromkeys(lines)))  # one that was resumed says them again
            self._plan.setHidden(False)
        parts: Mapping[str, Any] = event.get("parts") or {}
        if not (parts.get("validation") or {}).get("images"):
            self.validation.set_empty_text(self.tr("No film is in the validation part"))
        self._bar.say(self.tr("Preparing on {0}").format(event.get("device", "")), "")

    def _on_prepare(self, event: Mapping[str, Any]) -> None:
        done, total = int(event["done"]), int(event["total"])
        self._bar.show_progress(done, max(total, 1))
        self._bar.say(self.tr("Reading films: {0} of {1}").format(grouped(done), grouped(total)), "")

    def _on_epoch(self, event: Mapping[str, Any]) -> None:
        epoch, epochs = int(event["epoch"]), int(event["epochs"])
        self._bar.show_progress(epoch, max(epochs, 1))
        words = self.tr("Epoch {0} of {1}").format(epoch, epochs)
        remaining = event.get("remaining_s")
        if remaining is not None and epoch < epochs:
            words = self.tr("{0}, {1} left").format(words, duration_text(float(remaining)))
        if not self._bar.is_cancelling:
            self._bar.say(words, "")
        validation: Mapping[str, float | None] = event.get("validation") or {}
        lines = (
            (self.loss, self.tr("training"), event.get("loss")),
            (self.loss, self.tr("validation"), validation.get("log_loss")),
            (self.validation, self.tr("macro AUROC"), validation.get("macro_auroc")),
            (self.validation, self.tr("balanced accuracy"), validation.get("balanced_accuracy")),
        )
        planned = (1.0, float(max(epochs, 2)))
        self.loss.set_limits(planned)
        self.validation.set_limits(planned, (0.0, 1.0))
        for chart, name, value in lines:
            if value is not None:
                chart.append(name, epoch, float(value))

    def _on_done(self, event: Mapping[str, Any]) -> None:
        kept = event.get("epoch_kept")
        self._charts.setVisible(bool(self.loss.series))  # what a server learned has no epoch here
        words = self.tr("Done. Epoch {0} was kept.").format(kept) if kept else self.tr("Done.")
        self._bar.end(words, "saved")

    def _on_cancelled(self, event: Mapping[str, Any]) -> None:
        self._bar.end(self.tr("Cancelled. The model in use stays as it is."), "quiet")

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        reason = str(event.get("reason", ""))
        self._bar.end(self.tr("The training failed: {0}").format(reason), "failed")

    def _lay_out(self) -> None:
        part, layout = section(self.tr("Training"))
        charts = QHBoxLayout(self._charts)
        charts.setContentsMargins(0, 0, 0, 0)
        charts.setSpacing(space(6))
        charts.addWidget(self.loss)
        charts.addWidget(self.validation)
        layout.addWidget(self._plan)
        layout.addWidget(self._bar)
        layout.addSpacing(space(2))
        layout.addWidget(self._charts)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)
        self._plan.hide()
        self.loss.setFixedHeight(space(52))
        self.validation.setFixedHeight(space(52))
