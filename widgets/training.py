"""The training tab: what was collected, what a training will do, how it goes, whether it is worth it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from reviews.record import Collected
from widgets import theme
from widgets.scrolling import ColumnArea
from widgets.search import SearchView
from widgets.theme import space
from widgets.training_adapted import AdaptedView
from widgets.training_choice import ChoiceForm, Depth, ModelOption, TrainingChoice
from widgets.training_collected import CollectedView
from widgets.training_comparison import ComparisonView, DifferingFilm
from widgets.training_parts import Reasoned, label, section, separator
from widgets.training_run import RunView
from widgets.training_server import ServerView
from widgets.wheel import leave_wheel_to_scrolling

__all__ = ["Depth", "DifferingFilm", "ModelOption", "TrainingChoice", "TrainingPanel"]


class TrainingPanel(QWidget):
    """Collected decisions at the left, the run and its result at the right.

    Signals
    -------
    start_requested(TrainingChoice), cancel_requested(), resume_requested(run)
    promote_requested(model_id, reason), discard_requested(model_id), roll_back_requested()
    preview_wanted(Plan)
        Somebody looks at what augmentation does to a film.
    film_requested(image)
        A held-out film on which candidate and current model differ.
    report_requested()
        The comparison as a page for other programs.
    evaluation_requested()
        How good is the model in use?

    `adapted`, `search` and `server` are parts with signals of their own.
    """

    start_requested = Signal(object)
    preview_wanted = Signal(object)
    cancel_requested = Signal()
    resume_requested = Signal(str)
    promote_requested = Signal(str, str)
    discard_requested = Signal(str)
    roll_back_requested = Signal()
    film_requested = Signal(str)
    report_requested = Signal()
    evaluation_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._displays: dict[str, str] = {}
        self._collected = CollectedView()
        self._choice = ChoiceForm()
        self._in_use = label("", wraps=True)
        self._run = RunView()
        self.search = SearchView()
        self.server = ServerView()
        self.adapted = AdaptedView()
        self._ways = QTabWidget()
        self._comparison = ComparisonView()
        roll_back = QPushButton(theme.icon("restore"), self.tr("Roll back"))
        roll_back.clicked.connect(self.roll_back_requested)
        self._roll_back = Reasoned(roll_back, self.tr("Use the model again that was in use before"))
        self._lay_out()
        self._choice.start_requested.connect(self.start_requested)
        self._choice.preview_wanted.connect(self.preview_wanted)
        self._choice.alike_changed.connect(self.search.set_models)
        self.search.use_requested.connect(self._on_use_requested)
        self._run.cancel_requested.connect(self.cancel_requested)
        self._run.resume_requested.connect(self.resume_requested)
        self._comparison.film_requested.connect(self.film_requested)
        self._comparison.report_requested.connect(self.report_requested)
        self._comparison.decision.promote_requested.connect(self.promote_requested)
        self._comparison.decision.discard_requested.connect(self.discard_requested)
        self.set_model_in_use("", "")

    # Before

    def set_display_names(self, displays: Mapping[str, str]) -> None:
        """What people read for findings' machine names."""
        self._displays = dict(displays)

    def set_collected(self, collected: Collected) -> None:
        """Show what readers have decided so far."""
        self._collected.show_collected(collected, self._displays)
        self._choice.set_collected(collected)

    def set_pass_ms(self, pass_ms: float) -> None:
        """What one look of the model takes on this machine: times are estimated from it."""
        self._choice.set_pass_ms(pass_ms)

    def show_preview(self, variants: NDArray[np.uint8]) -> None:
        """Show (9, S, S) greys: what augmentation makes of a film."""
        self._choice.show_preview(variants)

    def say_preview(self, words: str) -> None:
        """Say why there is no preview."""
        self._choice.say_preview(words)

    def set_models(self, models: Sequence[ModelOption], chosen: str) -> None:
        """Offer the models that can be tuned, with one chosen."""
        self._choice.set_models(models, chosen)

    def choose_model(self, model_id: str) -> bool:
        """Choose the model that is to be tuned; whether it is offered."""
        return self._choice.choose_model(model_id)

    @property
    def choice(self) -> TrainingChoice:
        """What is chosen: the model, its depth, epochs and settings."""
        return self._choice.choice

    def set_start_blocked(self, reason: str) -> None:
        """Why a training cannot be started, in a sentence; empty where it can."""
        self._choice.set_blocked(reason)
        self.search.set_blocked(reason)
        self.server.set_blocked(reason)

    def set_reader(self, reader: str) -> None:
        """Who will stand for a promotion."""
        self._comparison.decision.set_reader(reader)

    def set_model_in_use(self, name: str, before: str, *, ids: Collection[str] = ()) -> None:
        """Say which model suggests, and which one *Roll back* returns to (empty: none).

        `ids` are those of all models in use.
        """
        self._comparison.decision.set_in_use(ids)
        self._in_use.setText(name or self.tr("No model is in use."))
        self._roll_back.block("" if before else self.tr("No other model was in use before."))
        if before:
            self._roll_back.button.setToolTip(self.tr("Use {0} again").format(before))

    # While

    def training_started(self, plan: str) -> None:
        """A training began; the plan says in words what will happen."""
        self._set_running(True)
        self._comparison.hide()
        self._ways.setCurrentIndex(0)
        self._run.begin(plan)

    def show_running(self, is_running: bool) -> None:
        """Say whether a training is under way, as after a start of the program that found one."""
        self._set_running(is_running)
        self._run.show_running(is_running)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Follow one event of `train --json`; the last one brings the comparison."""
        self._run.on_event(event)
        if event.get("event") in ("done", "cancelled", "failed"):
            self._set_running(False)
        elif event.get("event") in ("plan", "prepare", "epoch"):
            self._set_running(True)
        if event.get("event") == "done":
            self.show_comparison(
                event.get("evaluation"),
                event.get("current_evaluation"),
                event.get("gate") or {},
                model_id=str(event.get("model", "")),
                has_report=bool(event.get("report")),
            )

    def show_stopped(self, sentence: str) -> None:
        """The training's process is gone without having come to an end."""
        self._set_running(False)
        self._run.stopped(sentence)

    def show_resumable(self, run: str, text: str = "") -> None:
        """Offer to go on with a training that was interrupted; an empty run takes the offer back."""
        words = text or self.tr("A training was interrupted. It can go on from its last finished epoch.")
        self._run.show_resumable(run, words if run else "")

    # After

    def show_comparison(
        self,
        candidate: Mapping[str, Any] | None,
        current: Mapping[str, Any] | None,
        gate: Mapping[str, Any],
        *,
        model_id: str = "",
        differing: Sequence[DifferingFilm] = (),
        has_report: bool = False,
    ) -> None:
        """Show a candidate beside the current model (see `ComparisonView.show_comparison`).

        Without `model_id` the candidate's evaluation says which model it is.
        """
        named = model_id or str((candidate or {}).get("model", ""))
        self._comparison.show_comparison(
            candidate, current, gate, self._displays, differing, has_report=has_report
        )
        self._comparison.decision.show_candidate(named, passed=bool(gate.get("passed")))
        self._comparison.show()

    def show_promoted(self, sentence: str) -> None:
        """Say that the candidate is in use, once that is on disk."""
        self._comparison.decision.finish(sentence)

    def hide_comparison(self) -> None:
        """Put the candidate away."""
        self._comparison.hide()

    def _on_use_requested(self, settings: Mapping[str, str | float]) -> None:
        self._choice.use_settings(settings)

    def _set_running(self, is_running: bool) -> None:
        self._choice.set_running(is_running)
        self.server.set_training(is_running)
        self.adapted.set_running(is_running)

    def _lay_out(self) -> None:
        in_use, in_use_layout = section(self.tr("In use"))
        in_use_layout.addWidget(self._in_use)
        in_use_layout.addWidget(self._roll_back)
        measured = QPushButton(theme.icon("chart-line"), self.tr("Evaluation"))
        measured.setToolTip(self.tr("How good the model in use is on the films kept aside here"))
        measured.clicked.connect(self.evaluation_requested)
        in_use_layout.addWidget(measured, 0, Qt.AlignmentFlag.AlignLeft)
        left = _column(
            (
                self._collected,
                separator(),
                self.adapted,
                separator(),
                self._choice,
                separator(),
                self.server,
                separator(),
                in_use,
            )
        )
        pages = (_Page(self._run), _Page(self.search))
        for page, name in zip(pages, (self.tr("Training"), self.tr("Search")), strict=True):
            self._ways.addTab(page, name)

        def show_page(place: int) -> None:
            for number, page in enumerate(pages):
                page.set_shown(number == place)
            self._ways.updateGeometry()

        self._ways.currentChanged.connect(show_page)
        show_page(0)
        self._ways.setAccessibleName(self.tr("Training or search"))
        right = _column((self._ways, self._comparison))
        self._comparison.hide()
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        narrow = ColumnArea(left, space(90), space(140))
        narrow.viewport().setAutoFillBackground(False)
        left.setAutoFillBackground(False)
        narrow.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        narrow.setAccessibleName(self.tr("What was collected, and what will happen"))
        whole.addWidget(narrow)
        rule = QFrame()
        rule.setFixedWidth(1)
        rule.setObjectName("rule")
        rule.setStyleSheet(f"#rule {{ background: {theme.TOKENS.line}; }}")
        whole.addWidget(rule)
        wide = _scrolling(right)
        wide.setAccessibleName(self.tr("How the training goes, and the comparison"))
        whole.addWidget(wide, 1)
        leave_wheel_to_scrolling(self)


def _column(parts: Sequence[QWidget]) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(space(5), space(4), space(5), space(4))
    layout.setSpacing(space(4))
    for part in parts:
        layout.addWidget(part)
    layout.addStretch(1)
    return column


class _Page(QWidget):
    """A page of tabs that takes no room while another one is shown; a stack is as high as its highest."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, space(3), 0, 0)
        layout.addWidget(content)
        layout.addStretch(1)
        self._is_shown = True
        self.set_shown(False)

    def set_shown(self, is_shown: bool) -> None:
        policy = QSizePolicy.Policy.Preferred if is_shown else QSizePolicy.Policy.Ignored
        self.setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self._is_shown = is_shown

    def heightForWidth(self, width: int) -> int:
        return super().heightForWidth(width) if self._is_shown else 0


def _scrolling(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    area.setWidget(content)
    area.viewport().setAutoFillBackground(False)
    content.setAutoFillBackground(False)
    return area
