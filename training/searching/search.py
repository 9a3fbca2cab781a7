"""A search over trainings with Optuna, as a generator of events, that ends with one candidate.

Each trial is a training of its own that ends after its last epoch: only the validation part is looked at.
What came of every trial stands in a journal in the run's folder, so that a search that was cancelled or
killed goes on where it ended, in the middle of a trial too. The best trial alone is then measured on the
test part, beside the current model, as any candidate (`finetune.fine_tune`).
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from inference.card import ModelCard
from inference.registry import ModelRegistry
from training.errors import TooLittleData, TrainingError, UnusableCheckpoint, UnusablePlan
from training.events import TrainingEvent
from training.finetune import fine_tune
from training.plan import Plan
from training.proof.gate import MARGIN
from training.runs import CHECKPOINT, Wish, append_event
from training.samples import Samples
from training.searching.space import Choices, Range, Search, State, plan_with, space_of, told, usual

JOURNAL, TRIALS = "search.log", "trials"
ENOUGH_TO_WEIGH = 4  # finished trials, before anybody says which setting matters
_NAME, _MADE_OF, _SPENT, _REASON = "search", "made_of", "spent_s", "reason"
_STATES: dict[TrialState, State] = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

logger = logging.getLogger(__name__)


def search(
    plan: Plan,
    samples: Samples,
    registry: ModelRegistry,
    run_folder: Path,
    what: Search,
    base: ModelCard | None = None,
    *,
    current: ModelCard | None = None,
    cache_folder: Path | None = None,
    margin: float = MARGIN,
    wish: Wish | None = None,
) -> Iterator[TrainingEvent]:
    """Search for the settings of a training, and make a candidate with the best.

    Parameters
    ----------
    plan
        All that is not searched; its own settings are the first trial.
    run_folder
        Every event is added to its `events.jsonl`; a file `cancel` in it stops the search within a batch.
    base, current, cache_folder, margin, wish
        As `finetune.fine_tune` takes them.

    Yields
    ------
    TrainingEvent
        ``search`` (the space), ``trial``… (one at each beginning, epoch and end of a trial), then those of a
        training that goes on from the best trial: ``plan``, ``prepare``…, ``done``; or ``cancelled`` or
        ``failed``.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    run = _Search(plan, samples, registry, run_folder, what, base, current, cache_folder, margin)
    run.wish = wish or run.wish
    try:
        for event in run.events():
            append_event(run_folder, event)
            yield event
    except TrainingError as error:
        said = str(error).rstrip(".")
        event = TrainingEvent("failed", {"reason": f"{said[0].upper()}{said[1:]}."})
        append_event(run_folder, event)
        yield event


class _Search:
    """One search: what it was given, and its events in order."""

    def __init__(
        self,
        plan: Plan,
        samples: Samples,
        registry: ModelRegistry,
        folder: Path,
        what: Search,
        base: ModelCard | None,
        current: ModelCard | None,
        cache_folder: Path | None,
        margin: float,
    ) -> None:
        self.plan, self.samples, self.registry, self.folder, self.what = plan, samples, registry, folder, what
        self.base, self.current, self.cache_folder, self.margin = base, current or base, cache_folder, margin
        base_id = base.id if base is not None else ""
        self.wish = Wish(folder)
        self.space = space_of(what, plan, base_id)
        self.bases = {base_id: base} | {name: registry.find(name) for name in what.models}
        for card in self.bases.values():
            if card is not None and base is not None and card.finding_names != base.finding_names:
                raise UnusablePlan(f"{card.id} answers other findings than {base.id}; the same are expected")
        self.study = self._study()
        self.started = time.monotonic()
        self.spent_before = float(self.study.user_attrs.get(_SPENT, 0.0))
        self.trials = what.trials
        self.seen = Samples(
            samples.findings, samples.of_part("train", "validation"), display_names=samples.display_names
        )

    def events(self) -> Iterator[TrainingEvent]:
        if not any(s.part == "validation" for s in self.samples.samples):
            raise TooLittleData("no patients are in the validation part, by which a search chooses")
        self._draw_all_where_few()
        yield TrainingEvent("search", {
            "space": told(self.space), "trials": self.trials, "minutes": self.what.minutes,
            "sampler": self.what.sampler, "pruner": self.what.pruner, "epochs": self.plan.epochs,
            "parts": self.samples.counts(),
            "finished": [self._row(t) for t in self._finished()],
        })  # fmt: skip
        while (trial := self._next()) is not None:
            for event in self._try(trial):
                yield event
                if event.event == "cancelled":
                    return
        best = self._best()
        if best is None:
            reasons = [t.user_attrs.get(_REASON, "") for t in self._finished()]
            raise TrainingError(next((r for r in reasons if r), "no trial came to its end"))
        yield from self._conclude(best)

    # Trials

    def _next(self) -> optuna.Trial | None:
        """The trial that a kill interrupted, or a new one; None when the budget is spent."""
        done = len(self._finished())
        # Seeded by its number, so that a search that was resumed draws what it would have drawn.
        seed = int(np.random.SeedSequence([self.what.seed, done]).generate_state(1)[0])
        self.study.sampler = _sampler(self.what, seed)
        interrupted = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if interrupted:
            trial = optuna.Trial(self.study, interrupted[0]._trial_id)
        elif done >= self.trials or (self._is_time_over() and self._best() is not None):
            return None
        else:
            trial = self.study.ask()
        for name, kind in self.space.items():
            if isinstance(kind, Choices):
                trial.suggest_categorical(name, kind.values)
            else:
                trial.suggest_float(name, kind.low, kind.high, log=kind.is_log)
        return trial

    def _try(self, trial: optuna.Trial) -> Iterator[TrainingEvent]:
        """Train with a trial's settings until its end, or until it is not worth it."""
        folder = self._folder_of(trial.number)
        parameters = self._settings(trial.params)
        known = dict(self.study.get_trials(deepcopy=False)[trial.number].intermediate_values)
        yield self._told_trial(trial.number)
        events = fine_tune(
            plan_with(self.plan, parameters), self.seen, self.registry, folder,
            self.bases[parameters.get("model", self.base.id if self.base else "")],
            cache_folder=self.cache_folder, concludes=False, wish=self.wish,
        )  # fmt: skip
        state = TrialState.COMPLETE
        for event in events:
            if event.event == "prepare" and not self._finished():
                yield event
            elif event.event == "epoch":
                loss = event.values["validation"]["log_loss"]
                epoch = int(event.values["epoch"])
                if loss is not None and epoch not in known:
                    trial.report(loss, epoch)
                    known[epoch] = loss
                yield self._told_trial(trial.number, event.values)
                if epoch < self.plan.epochs and self._is_worthless(trial):
                    events.close()  # type: ignore[attr-defined]
                    state = TrialState.PRUNED
                    break
            elif event.event == "cancelled":
                self._remember_time()
                yield TrainingEvent("cancelled", {"reason": "Somebody cancelled the search."})
                return
            elif event.event == "failed":
                trial.set_user_attr(_REASON, event.values["reason"])
                state = TrialState.PRUNED  # the worst there is, so that nothing like it is drawn again
        self._tell(trial, state, known)
        yield self._told_trial(trial.number)

    def _is_worthless(self, trial: optuna.Trial) -> bool:
        return trial.should_prune() or (self._is_time_over() and self._best() is not None)

    def _tell(self, trial: optuna.Trial, state: TrialState, losses: dict[int, float]) -> None:
        if state is TrialState.COMPLETE and not losses:
            trial.set_user_attr(_REASON, "Nothing could be measured on the validation part.")
            state = TrialState.PRUNED
        value = min(losses.values()) if state is TrialState.COMPLETE else None
        self.study.tell(trial, value, state)
        self._remember_time()
        best = self._best()
        for finished in self._finished():  # only the best can become the candidate
            if best is None or finished.number != best.number:
                (self._folder_of(finished.number) / CHECKPOINT).unlink(missing_ok=True)

    def _conclude(self, best: FrozenTrial) -> Iterator[TrainingEvent]:
        """Measure the best trial as a candidate: its training is at its end already."""
        parameters = self._settings(best.params)
        events = fine_tune(
            plan_with(self.plan, parameters), self.samples, self.registry, self._folder_of(best.number),
            self.bases[parameters.get("model", self.base.id if self.base else "")],
            current=self.current, cache_folder=self.cache_folder, margin=self.margin,
            wish=self.wish,
        )  # fmt: skip
        for event in events:
            if event.event == "done":
                (self._folder_of(best.number) / CHECKPOINT).unlink(missing_ok=True)
                found = {"search": {"trial": best.number, "parameters": parameters, "log_loss": best.value}}
                yield TrainingEvent("done", event.values | found)
            else:
                yield event

    # What is known so far

    def _finished(self) -> list[FrozenTrial]:
        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        return list(self.study.get_trials(deepcopy=False, states=states))

    def _best(self) -> FrozenTrial | None:
        complete = [t for t in self._finished() if t.state is TrialState.COMPLETE and t.value is not None]
        return min(complete, key=lambda t: (t.value, t.number), default=None)

    def _told_trial(self, number: int, epoch: dict[str, Any] | None = None) -> TrainingEvent:
        frozen = self.study.get_trials(deepcopy=False)[number]
        spent, done = self._spent(), len(self._finished())
        row = self._row(frozen)
        best = self._best()
        values = row | {
            "epochs": self.plan.epochs,
            "finished": done,
            "trials": self.trials,
            "best": {"trial": best.number, "log_loss": best.value} if best is not None else None,
            "elapsed_s": round(spent, 2),
            "remaining_s": round(self._left(spent, done), 2) if done else None,
        }
        if epoch is not None:
            values["loss"], values["validation"] = epoch["loss"], epoch["validation"]
        if frozen.state.is_finished():
            values["importance"] = self._importance()
        return TrainingEvent("trial", values)

    def _row(self, frozen: FrozenTrial) -> dict[str, Any]:
        """A line of the table of trials."""
        losses = frozen.intermediate_values
        state = _STATES.get(frozen.state, "running")
        reason = frozen.user_attrs.get(_REASON, "")
        return {
            "trial": frozen.number,
            "parameters": self._settings(frozen.params),
            "state": "failed" if reason else state,
            "epoch": max(losses, default=0),
            "log_loss": min(losses.values(), default=None),
            "reason": reason,
        }

    def _importance(self) -> dict[str, float]:
        """Which share of the difference between finished trials each setting accounts for (fANOVA, Hutter et
        al. 2014); empty where there are too few to tell."""
        complete = [t for t in self._finished() if t.state is TrialState.COMPLETE]
        if len(complete) < ENOUGH_TO_WEIGH or len({t.value for t in complete}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self.what.seed)
        try:
            weighed = optuna.importance.get_param_importances(self.study, evaluator=evaluator)
        except (RuntimeError, ValueError) as error:
            logger.info("The settings could not be weighed: %s", error)
            return {}
        return {name: round(float(share), 4) for name, share in weighed.items() if math.isfinite(share)}

    def _settings(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """In the space's order; numbers short enough to be read and typed again."""
        return {
            name: float(f"{parameters[name]:.4g}") if isinstance(kind, Range) else parameters[name]
            for name, kind in self.space.items()
            if name in parameters
        }

    # Budget

    def _spent(self) -> float:
        return self.spent_before + time.monotonic() - self.started

    def _remember_time(self) -> None:
        self.study.set_user_attr(_SPENT, self._spent())

    def _is_time_over(self) -> bool:
        return self.what.minutes > 0 and self._spent() >= 60 * self.what.minutes

    def _left(self, spent: float, done: int) -> float:
        by_trials = spent / done * (self.trials - done)
        return max(min(by_trials, 60 * self.what.minutes - spent) if self.what.minutes else by_trials, 0.0)

    # The journal

    def _study(self) -> optuna.Study:
        optuna.logging.disable_default_handler()
        journal = self.folder / JOURNAL
        _mend(journal)
        storage = JournalStorage(JournalFileBackend(str(journal), JournalFileOpenLock(str(journal))))
        base = f"{self.base.id} {self.base.weights_sha256}" if self.base else ""
        of = self.plan.fingerprint(self.samples.of_part("train", "validation"), self.samples.findings, base)
        made_of = [of, {k: v for k, v in self.what.as_json().items() if k not in ("trials", "minutes")}]
        known = {s.study_name for s in optuna.get_all_study_summaries(storage)}
        study = optuna.create_study(
            study_name=_NAME, storage=storage, load_if_exists=True, direction="minimize",
            pruner=_pruner(self.what, self.plan.epochs),
        )  # fmt: skip
        if _NAME not in known or _MADE_OF not in study.user_attrs:
            study.set_user_attr(_MADE_OF, _as_journalled(made_of))
            study.enqueue_trial(usual(self.space, self.plan, self.base.id if self.base else ""))
        elif study.user_attrs[_MADE_OF] != _as_journalled(made_of):
            raise UnusableCheckpoint(
                f"{journal} belongs to a search of another plan, other images or another base model; "
                "a search resumes with what it was started with"
            )
        return study

    def _draw_all_where_few(self) -> None:
        """Where nothing but a few choices is searched, each is tried once."""
        kinds = list(self.space.values())
        if not all(isinstance(kind, Choices) for kind in kinds):
            return
        every = list(itertools.product(*(kind.values for kind in kinds if isinstance(kind, Choices))))
        if len(every) > self.trials:
            return
        self.trials = len(every)
        known = [
            t.params or t.system_attrs.get("fixed_params") for t in self.study.get_trials(deepcopy=False)
        ]
        for values in every:
            parameters = dict(zip(self.space, values, strict=True))
            if parameters not in known:
                self.study.enqueue_trial(parameters)

    def _folder_of(self, number: int) -> Path:
        return self.folder / TRIALS / f"{number:04d}"


def _sampler(what: Search, seed: int) -> optuna.samplers.BaseSampler:
    if what.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(10, max(4, what.trials // 3)))


def _pruner(what: Search, epochs: int) -> optuna.pruners.BasePruner:
    if what.pruner == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=max(1, epochs // 5))
    if what.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
    return optuna.pruners.NopPruner()


def _mend(journal: Path) -> None:
    """Take away what a kill left behind: a line that it cut off, and its lock. One process works in a run's
    folder."""
    journal.with_name(journal.name + ".lock").unlink(missing_ok=True)
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        journal.write_bytes(whole)


def _as_journalled(value: Sequence[Any]) -> Any:
    """A value as it comes back from JSON."""
    return json.loads(json.dumps(value))
