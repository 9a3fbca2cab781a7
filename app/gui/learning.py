"""How the window learns: the quick re-fit after each correction, and training runs.

The re-fit is done by a process beside the window (`app.gui.adapting`); a run is a process that outlives it
(`app.runs`, `app.gui.watching`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.gui.adapting import Adapting
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.measuring import Measuring
from app.gui.watching import Watch
from app.promoting import (
    NeedsReason,
    PromotionRefused,
    RolledBack,
    Standing,
    model_before,
    promote,
    roll_back,
    standing_of,
)
from app.runs import ADAPT, TAKE, TRAIN, Run, new_run, newest_result_of_commands, newest_run
from app.workplace import Workplace
from inference.card import ModelCard
from inference.errors import InferenceError
from reviews.errors import StoreError
from reviews.record import Collected
from widgets.words import in_words


@dataclass(frozen=True, slots=True)
class Comparison:
    """A finished candidate beside the model in use."""

    candidate: dict[str, Any]
    current: dict[str, Any] | None
    gate: dict[str, Any]
    model_id: str
    differing: tuple[dict[str, str], ...] = ()
    report: str = ""  # path of the page with both models; empty where there is none


class Learning(QObject):
    """Adaptation, training runs, promotion. Lives on the GUI thread."""

    collected = Signal(object)  # Collected
    run_started = Signal()
    run_event = Signal(object)  # dict of the contract
    run_stopped = Signal(str)  # a sentence; the process is gone without an end
    run_resumable = Signal(str, str)  # run id; why it ended, empty where nobody knows
    compared = Signal(object)  # Comparison
    promoted = Signal(str)  # model id, once it is on disk
    used = Signal(str)  # name of a model that suggests from now on, once that is on disk
    models_changed = Signal(object, object)  # list[ModelCard] in use, list of all
    failed = Signal(str)

    def __init__(
        self, workplace: Workplace, library: Library, store_jobs: Jobs, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._library = library
        self._store_jobs = store_jobs
        self.adapting = Adapting(workplace, library, self)
        self.measuring = Measuring(workplace, workplace.settings.device, self)
        self.before = ""  # name of the model that a roll-back returns to; empty without a promotion
        self.ever_promoted: frozenset[str] = frozenset()  # ids of models that are or were in use
        self.standings: dict[str, str] = {}  # by model: what to know before it is used, beside the one in use
        self._looks_elsewhere = False  # once the worklist is loaded: what is hidden from the reader is known
        self._ended_run: Run | None = None
        self._watch = Watch(self)
        self._watch.started.connect(self.run_started)
        self._watch.told.connect(self.run_event)
        self._watch.ended.connect(self._on_run_ended)
        self._watch.vanished.connect(self._on_run_vanished)

    # -- at once: the head ---------------------------------------------------------------------

    def adapt_soon(self, card: ModelCard) -> None:
        """Re-fit the head of a model; while one fit runs, at most one more waits."""
        self.adapting.fit_soon(card)

    def rescore(self) -> None:
        """Show what the adapted heads on disk say of every frame, as after a start or a promotion."""
        self.adapting.score()

    # -- in the long run: training ---------------------------------------------------------------

    def refresh_collected(self) -> None:
        """Count again what was collected, off the GUI thread."""

        def done(counts: Collected) -> None:
            self.collected.emit(counts)

        workplace = self._workplace
        self._store_jobs.submit(lambda: workplace.store.counts(), done, self._on_store_error)

    def refresh_models(self) -> None:
        """Read again which models there are and which are in use."""
        workplace = self._workplace

        def work() -> tuple[list[ModelCard], list[ModelCard], str, frozenset[str], list[Standing]]:
            promoted = frozenset(promotion.model for promotion in workplace.store.promotions())
            in_use, cards = workplace.models_in_use(), workplace.registry.cards()
            standings = [standing_of(workplace, card, in_use) for card in cards]
            return in_use, cards, model_before(workplace), promoted, standings

        def done(
            models: tuple[list[ModelCard], list[ModelCard], str, frozenset[str], list[Standing]],
        ) -> None:
            in_use, cards, self.before, self.ever_promoted, standings = models
            self.standings = {s.card.id: said for s in standings if (said := self._in_words(s))}
            self.models_changed.emit(in_use, cards)
            if self._looks_elsewhere:
                self._look_elsewhere()

        self._store_jobs.submit(work, done, self._on_store_error)

    @property
    def is_training(self) -> bool:
        return self._watch.is_on

    def find_run(self) -> None:
        """After a start: watch a training that still runs, offer to resume one that was killed, and show
        the result of one that ended while nobody looked."""
        self._looks_elsewhere = True
        self._look_elsewhere()
        run = newest_run(self._workplace.runs_folder)
        if run is None or run.is_decided:
            return
        seen = run.look()
        if seen.is_alive:
            self._watch.begin(Run(run.folder))
        elif not run.has_ended:
            self.run_resumable.emit(run.id, "")
        elif seen.events[-1]["event"] == "done":
            self._ended_run = run
            for event in seen.events:
                self.run_event.emit(event)
            self._tell_comparison(seen.events[-1])

    def _look_elsewhere(self) -> None:
        """Show the candidate that a command made while no window ran it, until somebody decides about it."""
        workplace = self._workplace

        def work() -> tuple[Run, dict[str, Any]] | None:
            found = newest_result_of_commands(workplace.runs_folder)
            if found is None:
                return None
            model = str(found[1]["model"])
            is_open = model not in {promotion.model for promotion in workplace.store.promotions()}
            return found if is_open and any(c.id == model for c in workplace.registry.cards()) else None

        def done(found: tuple[Run, dict[str, Any]] | None) -> None:
            shown = None if self._ended_run is None else self._ended_run.folder
            if found is not None and not self._watch.is_on and found[0].folder != shown:
                self._ended_run = found[0]
                self._tell_comparison(found[1])

        self._store_jobs.submit(work, done, self._on_store_error)

    def mark_decided(self) -> None:
        """What the last run brought was promoted or put away: it is not shown again."""
        if self._ended_run is not None:
            self._ended_run.mark_decided()
            self._ended_run = None

    def start(
        self,
        model_id: str,
        depth: str,
        epochs: int,
        settings: Mapping[str, str | float] | None = None,
    ) -> None:
        """Start a training from the store's reviews; `settings` are further choices of a plan by name."""
        if self._watch.is_on:
            return
        arguments = ["--model", model_id, "--depth", depth, "--epochs", str(epochs)]
        for name, value in (settings or {}).items():
            arguments += [f"--{name.replace('_', '-')}", str(value)]
        self._begin([*arguments, "--device", self._workplace.settings.device], TRAIN)

    def take(self, result: Path) -> None:
        """Measure what a server learnt, as a training of one's own is measured at its end."""
        if not self._watch.is_on:
            self._begin([str(result)], TAKE)

    def judge_adapted(self, model_id: str) -> None:
        """Make the re-fitted head of a model a candidate and compare it with the model in use."""
        if not self._watch.is_on:
            device = self._workplace.settings.device
            self._begin(["--model", model_id, "--device", device], ADAPT)

    def take_over(self, run: Run, done: dict[str, Any]) -> None:
        """Show the candidate that a search ended with."""
        self._ended_run = run
        self._tell_comparison(done)
        self.refresh_models()

    def _begin(self, arguments: list[str], command: tuple[str, ...]) -> None:
        run = new_run(self._workplace.runs_folder)
        try:
            run.start(self._workplace.options, arguments, command)
        except OSError as error:
            self.failed.emit(self.tr("The training could not be started: {0}.").format(error))
            return
        self._watch.begin(run)

    def resume(self, run_id: str) -> None:
        run = Run(self._workplace.runs_folder / run_id)
        try:
            run.resume(self._workplace.options)
        except (OSError, ValueError) as error:
            self.failed.emit(self.tr("The training {0} could not be resumed: {1}.").format(run_id, error))
            return
        self._watch.begin(run)

    def cancel(self) -> None:
        self._watch.cancel()

    def _on_run_ended(self, run: Run, event: dict[str, Any]) -> None:
        self._ended_run = run
        if event["event"] == "done":
            self._tell_comparison(event)
            self.refresh_models()
        elif event["event"] == "cancelled":
            self.run_resumable.emit(run.id, self.tr("Cancelled. It can be resumed."))

    def _on_run_vanished(self, run: Run) -> None:
        self.run_resumable.emit(run.id, "")  # first: the last that is said is why it ended
        self.run_stopped.emit(run.last_words() or self.tr("The training's process ended without a word."))

    def _tell_comparison(self, event: dict[str, Any]) -> None:
        self.compared.emit(
            Comparison(
                event.get("evaluation") or {},
                event.get("current_evaluation"),
                event["gate"],
                str(event["model"]),
                tuple(event.get("differing") or ()),
                str(event.get("report") or ""),
            )
        )

    # -- a person promotes -------------------------------------------------------------------------

    def promote(self, model_id: str, reason: str) -> None:
        """Use a candidate from now on, in the name of the reader; against its gate only with a reason."""
        self._promote(model_id, reason, lambda card: self._on_promoted(card.id))

    def use(self, model_id: str, reason: str) -> None:
        """The same for any model of the list."""

        def done(card: ModelCard) -> None:
            self.used.emit(card.name or card.id)
            self.refresh_models()

        self._promote(model_id, reason, done)

    def _promote(self, model_id: str, reason: str, then: Callable[[ModelCard], None]) -> None:
        workplace = self._workplace
        reader = workplace.settings.reader_name

        def work() -> ModelCard | NeedsReason:
            card = workplace.registry.find(model_id)
            try:
                promote(workplace, card, reader, reason)
            except NeedsReason as refusal:
                return refusal
            return card

        def done(result: ModelCard | NeedsReason) -> None:
            if isinstance(result, NeedsReason):
                self.failed.emit(self._in_words(result.standing))
            else:
                then(result)

        self._store_jobs.submit(work, done, self._on_store_error)

    def _in_words(self, standing: Standing) -> str:
        """What to know before a model is used: why that needs a reason, or that nobody compared it."""
        name = standing.card.name or standing.card.id
        if standing.compared_with and standing.current is not None:
            words = self.tr(
                "{0} was compared with {1}, and {2} is in use now: compare them (Models, Evaluation), "
                "or write a reason."
            )
            used = standing.current.name or standing.current.id
            return words.format(name, standing.compared_with, used)
        if standing.is_uncompared and standing.current is not None:
            words = self.tr("Nobody compared {0} with {1}, which is in use: Evaluation does.")
            return words.format(name, standing.current.name or standing.current.id)
        if not standing.needs_reason:
            return ""
        words = self.tr("The gate's verdict on {0} is “{1}”: using it all the same needs a reason.")
        return words.format(name, in_words(standing.verdict))

    def _on_promoted(self, model_id: str) -> None:
        if self._ended_run is not None:
            self.mark_decided()
        self.promoted.emit(model_id)
        self.refresh_models()

    def roll_back(self) -> None:
        """Go back to the model that was used before the newest promotion that stands."""
        workplace = self._workplace
        reader = workplace.settings.reader_name

        def done(result: RolledBack | None) -> None:
            if result is None:
                self.failed.emit(self.tr("No model was promoted, so there is nothing to roll back."))
            else:
                self.refresh_models()

        def work() -> RolledBack | None:
            return roll_back(workplace, reader)

        self._store_jobs.submit(work, done, self._on_store_error)

    def _on_store_error(self, error: Exception) -> None:
        if not isinstance(error, (StoreError, InferenceError, PromotionRefused)):
            raise error
        self.failed.emit(str(error))

    def close(self) -> None:
        self._watch.close()
        self.measuring.close()
        self.adapting.close()
