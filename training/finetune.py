"""Fine-tuning: from labelled images to a candidate in the registry, as a generator of events.

The generator is the whole run; whoever iterates over it (a command, a worker process) decides where
it runs. It leaves the current model alone. A run that was cancelled or killed goes on when it is
called again with the same folder: exactly, on the CPU in float32.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inference.adapted import probabilities_of
from inference.card import REPLAY, ModelCard
from inference.devices import best_device
from inference.errors import InferenceError
from inference.lungs import LungFinder
from inference.network import prepare
from inference.registry import ModelRegistry
from training.beginning import check_decoded, keep_decoded, unreadable_before
from training.calibrate import choose_operating_points, fit_temperature
from training.candidate import candidate_card, conclude, rounded, versions
from training.errors import Cancelled, TrainingError, UnusablePlan
from training.events import Evaluation, ImageResult, TrainingEvent
from training.learning import checkpoint
from training.learning.allowed import AllowedRegions
from training.learning.familiar import known_of
from training.learning.learner import Learner, Term
from training.learning.networks import starting_network
from training.learning.processes import ALONE, Group
from training.learning.reasons import Reasons
from training.learning.tensors import Films
from training.plan import Plan
from training.proof.gate import MARGIN
from training.proof.metrics import evaluate_results
from training.proof.probes import finder_for
from training.replay import Replay, replay_of
from training.runs import CANCELLED, CHECKPOINT, Wish, append_event, write_plan
from training.samples import Sample, Samples, fits, hints_for, require_some

__all__ = ["Plan", "fine_tune"]

PREPARE_EVENT_S = 0.2
logger = logging.getLogger(__name__)


def fine_tune(
    plan: Plan,
    samples: Samples,
    registry: ModelRegistry,
    run_folder: Path,
    base: ModelCard | None = None,
    *,
    current: ModelCard | None = None,
    cache_folder: Path | None = None,
    margin: float = MARGIN,
    films: Films | None = None,
    learnt: dict[str, torch.Tensor] | None = None,
    concludes: bool = True,
    wish: Wish | None = None,
    group: Group = ALONE,
) -> Iterator[TrainingEvent]:
    """Train a candidate and measure it on the test part.

    Parameters
    ----------
    samples
        The training part is fitted, the validation part chooses the epoch and the temperature, the
        test part only measures.
    run_folder
        Made if it is not there. Every event is added to its `events.jsonl`; a file `cancel` in it
        stops the run within a batch.
    base
        The model to start from; None starts from scratch with `plan.backbone`.
    current
        The model that the candidate is compared with, by default `base`.
    cache_folder
        Where decoded films are kept for the next run; None keeps them in memory only.
    margin
        How much worse the candidate may be and still pass (`training.proof.gate.compare`).
    films
        The films of the training and validation part where they are decoded already, as those of a job.
    learnt
        Weights that were learnt elsewhere: they are calibrated, described and measured here like any.
    concludes
        False ends after the last epoch, as a trial of a search does: the test part is not looked at, and
        nothing enters the registry.
    wish
        The wish that it stop, by default `run_folder`'s. It is looked for until the candidate is put into the
        registry, and not afterwards.
    group
        The processes that train together (`training.learning.processes`). The first alone writes and yields
        events, and makes the candidate; the others have to be given the same and end without a word.

    Yields
    ------
    TrainingEvent
        ``plan``, ``prepare``…, ``epoch``…, and as the last ``done``, ``cancelled`` or ``failed``.
    """
    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        run = _Run(plan, samples, registry, run_folder, base, current or base, cache_folder, margin)
        run.films, run.learnt, run.concludes = films, learnt, concludes
        run.watch(wish or Wish(run_folder), group)
        for event in _ended_in_words(run.events()):
            if group.is_first:
                append_event(run_folder, event)
                yield event
    except OSError as error:  # the run's folder itself cannot be written
        yield TrainingEvent("failed", {"reason": _in_words(error)})
    except Exception as error:
        append_event(run_folder, TrainingEvent("failed", {"reason": f"Unexpected: {error!r}"}))
        raise


def _ended_in_words(events: Iterator[TrainingEvent]) -> Iterator[TrainingEvent]:
    """The same events, with what a person can mend as a last event."""
    try:
        yield from events
    except Cancelled:
        yield TrainingEvent("cancelled", {"reason": CANCELLED})
    except (TrainingError, InferenceError) as error:
        yield TrainingEvent("failed", {"reason": _in_words(error)})
    except OSError as error:
        yield TrainingEvent("failed", {"reason": _in_words(error)})
    except (MemoryError, torch.OutOfMemoryError):
        reason = "The memory is too small for this training: a smaller batch or input size is expected."
        yield TrainingEvent("failed", {"reason": reason})


def _in_words(error: Exception) -> str:
    """One sentence, with its capital and its full stop."""
    said = str(error)
    if isinstance(error, OSError) and error.strerror:
        said = f"{error.filename or 'A file'} could not be used: {error.strerror}"
    said = said.strip().rstrip(".") or type(error).__name__
    return said[0].upper() + said[1:] + "."


def needs_allowed(plan: Plan) -> bool:
    """Whether a training has to know where evidence may lie."""
    return plan.evidence_weight > 0 or plan.blank_lungs > 0


def films_for(
    plan: Plan,
    chosen: Sequence[Sample],
    findings: tuple[str, ...],
    card: ModelCard,
    registry: ModelRegistry,
    cache_folder: Path | None,
) -> Films:
    """Films as a plan wants them, not decoded yet."""
    pre = card.preprocessing
    if not needs_allowed(plan):
        lungs = LungFinder(registry.lungs_folder) if pre.crop == "lungs" else None
        return Films(chosen, pre, cache_folder, lungs, plan=plan)
    allowed = AllowedRegions(chosen, findings, pre)
    return Films(chosen, pre, cache_folder, finder_for(registry, card), allowed, plan)


def check_allowed(plan: Plan, films: Films, rows: Sequence[int]) -> None:
    """Raise `UnusablePlan` where nothing is known of where evidence may lie on these films, which are learned
    from, or which lungs are to be covered."""
    allowed = films.allowed
    if plan.blank_lungs > 0 and (allowed is None or not allowed.knows_lungs(rows)):
        raise UnusablePlan(
            f"blank_lungs is {plan.blank_lungs:g}, but on no film of the training part were lungs found; "
            "frontal chest films are expected, or 0"
        )
    if plan.evidence_weight > 0 and (allowed is None or not allowed.knows_any(rows)):
        raise UnusablePlan(
            f"evidence_weight is {plan.evidence_weight:g}, but nothing is known of where evidence may "
            "lie; frontal chest films or films on which readers drew regions are expected, or 0"
        )


@dataclass(slots=True)
class _Best:
    """The epoch that will be kept."""

    epoch: int = 0
    log_loss: float = float("inf")
    weights: dict[str, torch.Tensor] | None = None


class _Run:
    """One run: what it was given, and its events in order."""

    def __init__(
        self,
        plan: Plan,
        samples: Samples,
        registry: ModelRegistry,
        folder: Path,
        base: ModelCard | None,
        current: ModelCard | None,
        cache_folder: Path | None,
        margin: float,
    ) -> None:
        self.plan, self.samples, self.registry, self.folder = plan, samples, registry, folder
        self.base, self.current, self.cache_folder = base, current, cache_folder
        self.margin = margin
        self.films: Films | None = None
        self.learnt: dict[str, torch.Tensor] | None = None
        self.concludes = True
        self.watch(Wish(folder), ALONE)
        self.started = time.monotonic()
        self.best = _Best()
        self.history: list[dict[str, Any]] = []

    def watch(self, wish: Wish, group: Group) -> None:
        """Look for the wish that it stop: by oneself, and where processes learn together."""
        self.wish, self.group = wish, group
        self.look_up: Callable[[], None] = partial(group.look, wish.look)
        self.look_together: Callable[[], None] = partial(group.look_together, wish.look)

    def events(self) -> Iterator[TrainingEvent]:
        self.look_up()
        device = best_device(self.plan.device)
        with _threads(self.plan.threads):
            card = candidate_card(self.plan, self.samples, self.base)
            require_some(self.samples, card.task, card.display_of)
            yield self._told_plan(card, device)
            films = self.films if self.films is not None else self._films(card)
            yield from self._decode(films)
            self.group.meet(self.look_up)
            learner = self._learner(card, films, device)
            if self.group.is_first:
                keep_decoded(self.folder, films.digests())
            if self.learnt is not None:
                self.best = _Best(weights=self.learnt)
            else:
                yield from self._learn(learner, films)
            if self.concludes and self.group.is_first:
                yield self._finish(card, learner, films)

    def _told_plan(self, card: ModelCard, device: torch.device) -> TrainingEvent:
        if self.group.is_first:
            write_plan(self.folder, self.plan.as_json())
        return TrainingEvent("plan", {
            "name": card.name, "architecture": card.architecture, "findings": list(card.finding_names),
            "parent": card.parent, "device": str(device), "epochs": self.plan.epochs,
            "depth": self.plan.depth if self.base else "all", "parts": self.samples.counts(),
            "hints": [*self.samples.hints, *hints_for(self.samples, card.task), *self._replay_hints()],
            "failures": list(self.samples.failures),
        })  # fmt: skip

    def _replay_hints(self) -> tuple[str, ...]:
        if self.base is None or self.plan.replay == 0 or REPLAY in self.base.companions:
            return ()
        return (
            f"{self.base.name or self.base.id} brought no films of its own training, so none are replayed",
        )

    def _films(self, card: ModelCard) -> Films:
        chosen = [
            s
            for s in self.samples.samples
            if s.part == "validation" or (s.part == "train" and fits(s, card.task))
        ]
        return films_for(
            self._own_plan(), chosen, self.samples.findings, card, self.registry, self.cache_folder
        )

    def _own_plan(self) -> Plan:
        """The plan of what is learned here; of weights that were learnt elsewhere nothing more is."""
        if self.learnt is None:
            return self.plan
        return replace(self.plan, evidence_weight=0.0, blank_lungs=0.0)

    def _decode(self, films: Films) -> Iterator[TrainingEvent]:
        """Decode films; where the run began before, they have to be what they were."""
        told = -PREPARE_EVENT_S
        films.leave_out(self.group.from_first(unreadable_before(self.folder)))
        for done, total in films.decode():
            self.look_up()
            if done == total or time.monotonic() - told >= PREPARE_EVENT_S:
                told = time.monotonic()
                failures = [*films.failures, *films.remarks] if done == total else []
                yield TrainingEvent("prepare", {"done": done, "total": total, "failures": failures})
        if self.group.is_first:
            check_decoded(self.folder, films.samples, films.digests())

    def _learner(self, card: ModelCard, films: Films, device: torch.device) -> Learner:
        rows = [i for i, s in enumerate(films.samples) if s.part == "train" and films.readable[i]]
        readable = tuple(films.samples[i] for i in rows)
        require_some(replace(self.samples, samples=readable), card.task, card.display_of)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.plan.seed)
            network = starting_network(self.plan, card, self.registry, self.base)
        return Learner(
            self._own_plan(), network, card.preprocessing, films, rows, device,
            task=card.task, is_tuned=self.base is not None, look_up=self.look_together,
            terms=self._terms(card, films, rows, network), group=self.group,
        )  # fmt: skip

    def _terms(self, card: ModelCard, films: Films, rows: list[int], network: nn.Module) -> list[Term]:
        """What the loss has beside right and wrong.

        Raises
        ------
        UnusablePlan
            Nothing is known of where evidence may lie, or which lungs are to be covered; or the network has
            no maps that it could learn by.
        """
        plan, allowed = self._own_plan(), films.allowed
        check_allowed(plan, films, rows)
        if plan.evidence_weight == 0 or allowed is None:
            return []
        return [
            Reasons(plan.evidence_weight, network, card.preprocessing, allowed, card.task, card.architecture)
        ]

    def _learn(self, learner: Learner, films: Films) -> Iterator[TrainingEvent]:
        """Epoch by epoch, each with a checkpoint, from where an earlier call ended."""
        used = [s for i, s in enumerate(films.samples) if films.readable[i]]
        told = f"{self.base.id} {self.base.weights_sha256}" if self.base else ""
        fingerprint = self.plan.fingerprint(used, self.samples.findings, told)
        path = self.folder / CHECKPOINT
        if self.base is not None:
            known = [f in self.base.finding_names for f in self.samples.findings]
            learner.remember(known, self._replay(self.base))
        found = checkpoint.read(path, fingerprint) if self.group.is_first else None
        first, spent = self._restore(learner, self.group.from_first(found))
        started = time.monotonic()
        for epoch in range(first, self.plan.epochs + 1):
            if self._has_stopped_improving():
                break
            with _own_randomness(learner.device):
                loss, rate = learner.learn_epoch(epoch)
            validation = self._validate(learner, films)
            self._remember(epoch, validation, learner)
            elapsed = spent + time.monotonic() - started
            self.history.append({"epoch": epoch, "loss": loss, **validation})
            if self.group.is_first:
                checkpoint.save(path, self._state(learner, epoch, elapsed), fingerprint)
            yield TrainingEvent("epoch", {
                "epoch": epoch, "epochs": self.plan.epochs, "loss": loss, "validation": validation,
                "learning_rate": rate, "elapsed_s": round(elapsed, 2),
                "remaining_s": round(elapsed / epoch * (self.plan.epochs - epoch), 2),
            })  # fmt: skip

    def _replay(self, base: ModelCard) -> Replay | None:
        """Films of the base model's own training; None where it brought none, or none are asked for."""
        replay = replay_of(self.registry, base) if self.plan.replay else None
        return None if replay is None else replay.of_findings(self.samples.findings)

    def _with_base(self, replay: Replay | None) -> Replay | None:
        """The films of this training, with those of the base model where its embeddings are still true."""
        if self.base is None or replay is None or self.plan.depth != "head":
            return replay
        before = replay_of(self.registry, self.base)
        return replay if before is None else replay.joined(before)

    def _validate(self, learner: Learner, films: Films) -> dict[str, float | None]:
        rows = [i for i, s in enumerate(films.samples) if s.part == "validation" and films.readable[i]]
        told = self._measure(learner, films, rows, 1.0)
        return {
            "log_loss": told.log_loss,
            "macro_auroc": told.macro_auroc,
            "accuracy": told.accuracy,
            "balanced_accuracy": told.balanced_accuracy,
        }

    def _measure(
        self,
        learner: Learner,
        films: Films,
        rows: list[int],
        temperature: float,
        points: dict[str, float] | None = None,
    ) -> Evaluation:
        said = probabilities_of(learner.logits(rows), temperature, learner.task)
        results = [
            ImageResult(s.image, s.patient, s.truth, tuple(float(v) for v in p))
            for s, p in zip((films.samples[i] for i in rows), said, strict=True)
        ]
        return evaluate_results(
            results, self.samples.findings, "", bootstrap=0, task=learner.task, operating_points=points
        )

    def _remember(self, epoch: int, validation: dict[str, float | None], learner: Learner) -> None:
        """Keep this epoch's weights if they are the best so far, or the last where that was asked."""
        loss = validation["log_loss"]
        if self.plan.keep == "last" or loss is None or loss < self.best.log_loss:
            self.best = _Best(epoch, float("inf") if loss is None else loss, _copy_of(learner))

    def _has_stopped_improving(self) -> bool:
        patience, losses = self.plan.patience, [h["log_loss"] for h in self.history]
        alone = self.plan.head_epochs if self.base is not None and self.plan.depth != "head" else 0
        if not patience or None in losses or len(losses) <= patience + alone:
            return False
        return bool(min(losses[-patience:]) >= min(losses[:-patience]))

    def _state(self, learner: Learner, epoch: int, elapsed_s: float) -> dict[str, Any]:
        return {
            "epoch": epoch, "elapsed_s": elapsed_s, "learner": learner.state(), "history": self.history,
            "best": {
                "epoch": self.best.epoch,
                "log_loss": self.best.log_loss,
                "weights": self.best.weights if self.best.epoch != epoch else None,
            },
        }  # fmt: skip

    def _restore(self, learner: Learner, state: dict[str, Any] | None) -> tuple[int, float]:
        """The first epoch that is still to be done, and the seconds that were spent before."""
        if state is None:
            return 1, 0.0
        learner.restore(state["learner"])
        self.best, self.history = _Best(**state["best"]), list(state["history"])
        if self.best.weights is None:  # the last epoch is the best: its weights are stored once
            self.best.weights = _copy_of(learner)
        logger.info("A training goes on after epoch %d.", state["epoch"])
        return int(state["epoch"]) + 1, float(state["elapsed_s"])

    def _finish(self, card: ModelCard, learner: Learner, films: Films) -> TrainingEvent:
        """Keep the chosen epoch: rounded, calibrated, measured, compared, and put into the registry."""
        assert self.best.weights is not None
        learner.look_up = self.look_up  # the others have gone
        kept = rounded(self.best.weights, self.plan.stored_as)
        learner.measured.load_state_dict(kept)
        rows = [i for i, s in enumerate(films.samples) if s.part == "validation" and films.readable[i]]
        fitted = self.plan.temperature or fit_temperature(
            learner.logits(rows), [films.samples[i].truth for i in rows], card.task
        )
        temperature = fitted or (self.base.temperature if self.base else 1.0)
        points = choose_operating_points(
            probabilities_of(learner.logits(rows), temperature, card.task),
            [films.samples[i].truth for i in rows],
            card.finding_names,
        )
        validation = self._measure(learner, films, rows, temperature, points)
        figures = {k: v for k, v in validation.as_json().items() if k not in ("model", "intervals")}
        card = replace(
            card,
            temperature=round(temperature, 6),
            operating_points=points,
            recipe=card.recipe | {"epoch_kept": self.best.epoch, "made_with": versions()},
            figures={"validation": figures} if rows else {},
        )
        trained = [i for i, s in enumerate(films.samples) if s.part == "train" and films.readable[i]]
        model = prepare(card, learner.measured, learner.device)
        typical, replay = known_of(
            model, films, trained, rows, self.samples.findings, self.look_up, self.plan.seed
        )
        outcome = conclude(
            card, kept, typical, self.samples, self.registry, self.current, self.plan, learner.device,
            self.look_up, last_look=self.wish.look_last, margin=self.margin, replay=self._with_base(replay),
        )  # fmt: skip
        page = outcome.write_report(self.folder / "report")
        told = {"epoch_kept": self.best.epoch, "temperature": card.temperature, "report": page and str(page)}
        return TrainingEvent("done", outcome.as_json() | told)


def _copy_of(learner: Learner) -> dict[str, torch.Tensor]:
    return {k: v.detach().cpu().clone() for k, v in learner.measured.state_dict().items()}


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads for torch, and what it had before afterwards; 0 changes nothing."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _own_randomness(device: torch.device) -> Iterator[None]:
    """Leave torch's global random numbers as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
