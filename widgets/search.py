"""A search for the settings of a training: its budget, its trials as they come, and what mattered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.numbers import duration_text, grouped
from widgets.plots_search import Axis, ImportanceChart, ParallelChart, Strand
from widgets.run_bar import RunBar
from widgets.setting_words import setting_name, setting_text
from widgets.theme import TOKENS, space
from widgets.training_parts import Reasoned, label, section

ENDED_EARLY = ("pruned", "failed")
_ROWS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class SearchChoice:
    """The budget of a search (0 minutes: no limit), which settings it is over, and the models to start from
    among which it chooses (none: the one that is chosen for a training)."""

    trials: int
    minutes: int
    over: tuple[str, ...]
    models: tuple[str, ...] = ()


class SearchView(QWidget):
    """Follows the events of `search --json`; it computes nothing.

    Signals
    -------
    start_requested(SearchChoice), cancel_requested(), resume_requested(run)
    use_requested(dict)
        The settings of the chosen trial are wanted for the next training.
    """

    start_requested = Signal(object)
    cancel_requested = Signal()
    resume_requested = Signal(str)
    use_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._blocked_by = ""
        self._space: dict[str, Any] = {}
        self._rows: dict[int, dict[str, Any]] = {}
        self._best = -1
        self._models: dict[str, str] = {}
        self._trials, self._minutes = QSpinBox(), QSpinBox()
        self._over = {
            name: QCheckBox(setting_name(name))
            for name in ("depth", "learning_rate", "weight_decay", "augmentation", "optimiser", "layer_decay")
        }
        self._over_models = QCheckBox(self.tr("model to start from"))
        start = QPushButton(theme.icon("play", TOKENS.on_accent), self.tr("Start search"))
        start.setProperty("role", "primary")
        start.clicked.connect(lambda: self.start_requested.emit(self.choice))
        self._start = Reasoned(start, self.tr("Try settings one after the other in a process of its own"))
        self._bar = self._made_bar()
        self.table = QTableWidget(0, 0)
        self.parallel = ParallelChart(self.tr("Trials"))
        self.importance = ImportanceChart(self.tr("What mattered"))
        use = QPushButton(self.tr("Use these settings"))
        use.clicked.connect(self._on_use)
        self._use = Reasoned(use, self.tr("Take the chosen trial's settings over into the next training"))
        self._fill_controls()
        self._lay_out()
        self.set_models({})
        self.show_running(False)
        self._bar.say(self.tr("No search has run yet."), "quiet")
        self._refresh_use()

    @property
    def choice(self) -> SearchChoice:
        over = tuple(name for name, box in self._over.items() if box.isChecked())
        models = tuple(self._models) if self._over_models.isChecked() and len(self._models) > 1 else ()
        return SearchChoice(self._trials.value(), self._minutes.value(), over, models)

    # What is told

    def set_models(self, models: Mapping[str, str]) -> None:
        """Models that answer the same findings, names by id: where there are several, one can be searched."""
        self._models = dict(models)
        self._over_models.setHidden(len(models) < 2)
        self._over_models.setToolTip(self.tr("One of: {0}").format(", ".join(models.values())))

    def set_blocked(self, reason: str) -> None:
        """Say why no search can be started; empty frees it."""
        self._blocked_by = reason
        self._refresh_start()

    def begin(self) -> None:
        """A search was started."""
        self._space, self._rows, self._best = {}, {}, -1
        self._fill_table()
        self._draw()
        self.importance.show_shares({})
        self._bar.begin()
        self._refresh_controls()

    def show_running(self, is_running: bool) -> None:
        self._bar.show_running(is_running)
        self._refresh_controls()

    def _refresh_controls(self) -> None:
        is_running = self._bar.is_running
        for control in (self._trials, self._minutes, *self._over.values(), self._over_models):
            control.setEnabled(not is_running)
        for number in [n for n, row in self._rows.items() if row["state"] == "running"]:
            self._fill_row(number)
        self._refresh_start()

    def show_resumable(self, run: str) -> None:
        """Offer to go on with an interrupted search; an empty run takes the offer back."""
        self._bar.show_resumable(run)
        if run:
            self._bar.say(self.tr("A search was interrupted. It can go on where it ended."), "look-again")

    def stopped(self, sentence: str) -> None:
        """The search's process ended without an end."""
        self._end(sentence, "failed")

    def _end(self, text: str, role: str) -> None:
        self._bar.end(text, role)
        self._refresh_controls()

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Follow one event of the contract."""
        kind = event.get("event")
        if kind == "search":
            self._on_search(event)
        elif kind == "trial":
            self._on_trial(event)
        elif kind == "prepare" and not self._rows:
            words = self.tr("Reading films: {0} of {1}")
            self._bar.say(words.format(grouped(int(event["done"])), grouped(int(event["total"]))), "")
        elif kind == "plan":
            self._bar.say(self.tr("Measuring the best trial on the test part"), "")
            self._bar.show_progress(0, 0)
        elif kind == "done":
            words = self.tr("Done. Trial {0} is best; it became a candidate.")
            self._end(words.format(int((event.get("search") or {}).get("trial", -1)) + 1), "saved")
        elif kind == "cancelled":
            self._end(self.tr("Cancelled. No candidate was made."), "quiet")
        elif kind == "failed":
            self._end(self.tr("The search failed: {0}").format(event.get("reason", "")), "failed")

    # Events

    def _on_search(self, event: Mapping[str, Any]) -> None:
        self._space = dict(event["space"])
        self._rows = {int(row["trial"]): dict(row) for row in event.get("finished", ())}
        self._fill_table()
        self._draw()

    def _on_trial(self, event: Mapping[str, Any]) -> None:
        number = int(event["trial"])
        self._rows[number] = dict(event)
        best = event.get("best")
        before, self._best = self._best, int(best["trial"]) if best else -1
        self._fill_row(number)
        if before != self._best:
            for changed in {before, self._best} & set(self._rows):
                self._fill_row(changed)
        self._draw()
        if "importance" in event:
            self.importance.show_shares({setting_name(n): v for n, v in event["importance"].items()})
        done, total = int(event["finished"]), int(event["trials"])
        epochs = max(int(event["epochs"]), 1)
        under_way = int(event["epoch"]) if event["state"] == "running" else 0
        self._bar.show_progress(done * epochs + under_way, total * epochs)
        if not self._bar.is_cancelling:
            words = self.tr("{0} of {1} trials").format(done, total)
            if (left := event.get("remaining_s")) is not None and done < total:
                words = self.tr("{0}, about {1} left").format(words, duration_text(float(left)))
            self._bar.say(words, "")
        self._refresh_use()

    # The table

    def _fill_table(self) -> None:
        headings = [self.tr("trial"), self.tr("state"), self.tr("epoch"), self.tr("log-loss")]
        self.table.clear()
        self.table.setRowCount(0)
        self.table.setColumnCount(len(headings) + len(self._space))
        self.table.setHorizontalHeaderLabels(headings + [setting_name(name) for name in self._space])
        self.table.setHidden(not self._space)
        for number in sorted(self._rows):
            self._fill_row(number)

    def _fill_row(self, number: int) -> None:
        """A trial stands in the row of its number."""
        while self.table.rowCount() <= number:
            self.table.insertRow(self.table.rowCount())
        row = self._rows[number]
        loss = row["log_loss"]
        parameters = [row["parameters"].get(name) for name in self._space]
        texts = [
            str(number + 1),
            self._state_words(number, str(row["state"])),
            str(row["epoch"]) if row["epoch"] else "–",
            "–" if loss is None else f"{loss:.3f}",
            *(
                "–" if value is None else self._said(name, value)
                for name, value in zip(self._space, parameters, strict=True)
            ),
        ]
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(str(row.get("reason") or ""))
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            if column != 1:
                item.setFont(theme.figures(item.font()))
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(number, column, item)

    def _state_words(self, number: int, state: str) -> str:
        words = {
            "running": self.tr("running") if self._bar.is_running else self.tr("interrupted"),
            "complete": self.tr("finished"),
            "pruned": self.tr("ended early"),
            "failed": self.tr("failed"),
        }
        return self.tr("best") if number == self._best else words.get(state, state)

    # The plots

    def _draw(self) -> None:
        losses = [row["log_loss"] for row in self._rows.values() if row["log_loss"] is not None]
        axes = [self._axis(name) for name in self._space]
        if axes:
            axes.append(Axis(self.tr("log-loss"), min(losses, default=0.0), max(losses, default=1.0)))
        strands = [
            Strand(
                number,
                (*(self._drawn(name, row["parameters"].get(name)) for name in self._space), row["log_loss"]),
                row["state"] in ENDED_EARLY,
            )
            for number, row in sorted(self._rows.items())
        ]
        self.parallel.show_trials(axes, strands, self._best)

    def _axis(self, name: str) -> Axis:
        kind = self._space[name]
        if "choices" in kind:
            return Axis(setting_name(name), choices=tuple(self._said(name, str(c)) for c in kind["choices"]))
        return Axis(setting_name(name), float(kind["low"]), float(kind["high"]), bool(kind["log"]))

    def _said(self, name: str, value: float | str) -> str:
        """A setting in words; a model by its name, where it is known."""
        return self._models.get(str(value), str(value)) if name == "model" else setting_text(value)

    def _drawn(self, name: str, value: float | str | None) -> float | str | None:
        """The same on its axis, where numbers stay numbers."""
        return self._said(name, value) if isinstance(value, str) else value

    # Choosing

    @property
    def _wanted(self) -> int:
        """The trial that is chosen in the table, else the best."""
        chosen = self.table.selectionModel()
        rows = chosen.selectedRows() if chosen is not None else []
        return rows[0].row() if rows else self._best

    def _on_selection(self) -> None:
        self.parallel.choose(self._wanted if self.table.selectionModel().hasSelection() else -1)
        self._refresh_use()

    def _on_use(self) -> None:
        self.use_requested.emit(dict(self._rows[self._wanted]["parameters"]))

    def _refresh_use(self) -> None:
        wanted = self._wanted
        self._use.setHidden(not self._space)
        self._use.block("" if wanted in self._rows else self.tr("No trial has come to its end yet."))
        if wanted in self._rows:
            words = self.tr("Use the settings of trial {0}").format(wanted + 1)
            self._use.button.setText(words)

    def _refresh_start(self) -> None:
        reason = self.tr("A search is running.") if self._bar.is_running else self._blocked_by
        if not reason and not any(box.isChecked() for box in self._over.values()):
            reason = self.tr("Nothing to search over is chosen.")
        self._start.block(reason)

    # Small things

    def _made_bar(self) -> RunBar:
        cancel = QPushButton(self.tr("Cancel the search"))
        cancel.setToolTip(self.tr("Stop at the next batch; what was found is kept, and can be resumed"))
        resume = QPushButton(theme.icon("play", TOKENS.text), self.tr("Resume the search"))
        resume.setToolTip(self.tr("Go on where the search ended, in the middle of a trial too"))
        bar = RunBar(self.tr("Progress of the search"), cancel, resume)
        bar.lead_with(self._start)
        bar.cancel_requested.connect(self.cancel_requested)
        bar.resume_requested.connect(self.resume_requested)
        return bar

    def _fill_controls(self) -> None:
        self._trials.setRange(2, 1000)
        self._trials.setValue(20)
        self._trials.setAccessibleName(self.tr("Trials"))
        self._trials.setToolTip(self.tr("How many settings are tried at most"))
        self._minutes.setRange(0, 10_000)
        self._minutes.setSpecialValueText(self.tr("no limit"))
        self._minutes.setSuffix(self.tr(" min"))
        self._minutes.setAccessibleName(self.tr("Time limit in minutes"))
        self._minutes.setToolTip(self.tr("No trial is begun after so long; the one under way ends"))
        for field in (self._trials, self._minutes):
            field.lineEdit().setTextMargins(space(2), 0, 0, 0)
        for name, box in self._over.items():
            box.setChecked(name in ("depth", "learning_rate", "weight_decay", "augmentation"))
            box.toggled.connect(self._refresh_start)
        self.table.setAccessibleName(self.tr("Trials of the search"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(space(7))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.setTabKeyNavigation(False)
        self.table.itemSelectionChanged.connect(self._on_selection)
        self.parallel.chosen.connect(self.table.selectRow)

    def _lay_out(self) -> None:
        part, layout = section(self.tr("Search"))
        layout.addWidget(
            label(
                self.tr(
                    "Tries settings for the model and epochs chosen at the left, and keeps what the "
                    "validation part likes best. The test part sees the best one only."
                ),
                "caption",
                wraps=True,
            )
        )
        form = QFormLayout()
        form.setHorizontalSpacing(space(4))
        form.setVerticalSpacing(space(2))
        budget = QHBoxLayout()
        budget.setSpacing(space(3))
        budget.addWidget(self._trials)
        budget.addWidget(label(self.tr("trials, within"), "quiet"))
        budget.addWidget(self._minutes)
        budget.addStretch(1)
        over = QGridLayout()
        over.setHorizontalSpacing(space(4))
        over.setVerticalSpacing(space(1))
        for place, box in enumerate(self._over.values()):
            over.addWidget(box, place // 3, place % 3)
        over.addWidget(self._over_models, len(self._over) // 3, 0)
        over.setColumnStretch(3, 1)
        form.addRow(label(self.tr("Budget"), "quiet"), budget)
        form.addRow(label(self.tr("Over"), "quiet"), over)
        layout.addLayout(form)
        layout.addWidget(self._bar)
        layout.addWidget(self.table)
        layout.addWidget(self._use)
        charts = QHBoxLayout()
        charts.setSpacing(space(6))
        charts.addWidget(self.parallel, 3)
        charts.addWidget(self.importance, 2)
        layout.addLayout(charts)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)
        self.table.hide()
        self.table.setFixedHeight(space(7) * (_ROWS_SHOWN + 1) + space(4))
        self.parallel.setFixedHeight(space(60))
        self.importance.setFixedHeight(space(60))
