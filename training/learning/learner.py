"""The training loop's inside: one epoch of steps, one look at the validation part, and their state.

It reads from top to bottom: batch, forward, loss, backward, clip, step, average.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from inference.anatomy import Anatomy, examine
from inference.card import Preprocessing, Task
from training.errors import TrainingDiverged
from training.learning.batches import Batch, Batches
from training.learning.frozen import Phase
from training.learning.networks import (
    Encoded,
    evaluating,
    moving_parameters,
    parameter_groups,
    set_moving,
    set_training_mode,
)
from training.learning.order import Order
from training.learning.processes import ALONE, Group
from training.learning.rates import half_precision, optimiser_of, rate_at
from training.learning.remembering import Rehearsal, drift, recalled
from training.learning.tensors import Films
from training.plan import Plan
from training.replay import Replay

__all__ = ["Batch", "Learner", "Term"]

VALIDATION_BATCH = 64

Term = Callable[[Batch, torch.Tensor, torch.Tensor], torch.Tensor]
"""What is added to a batch's loss: a number from the batch, the features and the (B, K) logits, which are in
the graph and may be in half precision."""


class Learner:
    """A network that learns from films.

    Parameters
    ----------
    network
        On the CPU; it is moved to `device` and changed.
    films, rows
        Decoded films, and which of them are learnt from.
    is_tuned
        It starts from a base model: `plan.depth`, `plan.head_epochs`, `plan.layer_decay`, `plan.copies` and
        ``batch_norm="auto"`` take effect.
    terms
        What is added to the loss of each batch, from the same pass of the network.
    look_up
        Called at every batch; raises to stop.
    group
        The processes that learn together, each from its share of every batch.
    """

    def __init__(
        self,
        plan: Plan,
        network: nn.Module,
        preprocessing: Preprocessing,
        films: Films,
        rows: Sequence[int],
        device: torch.device,
        *,
        task: Task,
        is_tuned: bool,
        look_up: Callable[[], None],
        terms: Sequence[Term] = (),
        group: Group = ALONE,
    ) -> None:
        self.plan, self.device, self.task = plan, device, task
        self._group = group
        self.rows = np.asarray(rows, np.int64)
        self.look_up, self._terms = look_up, tuple(terms)
        self._is_tuned, self._preprocessing = is_tuned, preprocessing
        self._freeze_batch_norm = plan.batch_norm == "frozen" or (plan.batch_norm == "auto" and is_tuned)
        self.network: nn.Module = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._moving = moving_parameters(self.network, plan.depth if is_tuned else "all")
        self._head_epochs = plan.head_epochs if is_tuned and plan.depth != "head" else 0
        self._encoded = Encoded(self.network)
        self._called: nn.Module = self._encoded  # as it is called, which averages gradients among processes
        self.averaged: nn.Module | None = copy.deepcopy(self.network) if plan.ema else None
        decay = plan.layer_decay if is_tuned else 1.0
        self.optimiser = optimiser_of(
            plan, parameter_groups(self.network, self._moving, plan.weight_decay, decay)
        )
        self._half = half_precision(plan.precision, device)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._half is torch.float16)
        self._batches = Batches(plan, preprocessing, films, device, task)
        self.truth = self._batches.truth  # (N, K), NaN for unknown
        balance = plan.class_balance if plan.sampling == "shuffle" else 0.0
        self._weights = _class_weights(self.truth[self.rows], balance, task).to(device)
        self.batch_size = min(plan.batch_size, len(self.rows))
        self.steps_an_epoch = len(self.rows) // self.batch_size
        self.steps = 0
        self._phase: Phase | None = None
        self._learning: list[nn.Parameter] = []  # in this phase
        self._rehearsal: Rehearsal | None = None
        self._anatomy: Anatomy | None = None

    @property
    def measured(self) -> nn.Module:
        """The network that is measured and kept: the moving average where there is one."""
        return self.averaged if self.averaged is not None else self.network

    @property
    def anatomy(self) -> Anatomy:
        """How the network ends."""
        if self._anatomy is None:
            with evaluating(self.network):
                self._anatomy = examine(self.network, self._preprocessing)
        return self._anatomy

    def remember(self, known: Sequence[bool], replay: Replay | None) -> None:
        """Hold on to what the base model knew, as far as the plan says so; before the first step.

        Parameters
        ----------
        known
            Which of the findings the base model knows.
        replay
            Films of its own training, in the order of the findings.
        """
        if self.plan.distillation > 0:
            of_base = np.flatnonzero(np.asarray(known))
            told = torch.from_numpy(self.logits(self.rows.tolist())[:, of_base])
            own = told.softmax(1) if self.task == "multiclass" else told.sigmoid()
            said = np.full(self.truth.shape, np.nan, np.float32)
            said[np.ix_(self.rows, of_base)] = own.numpy()
            self._batches.recalled = recalled(said, self.truth.numpy(), self.task)
        if replay is not None and self.plan.replay > 0:
            rehearsal = Rehearsal(replay, self.anatomy, self.task, self.plan.seed, self.device)
            self._rehearsal = rehearsal if len(rehearsal) else None

    def learn_epoch(self, epoch: int) -> tuple[float, float]:
        """As many films as there are, in full batches; what is left over waits for another epoch's order.

        Returns
        -------
        (mean loss, learning rate of the last step)
        """
        torch.manual_seed(_seed_of(self.plan.seed, epoch))  # dropout and stochastic depth
        order = Order.of_epoch(self.plan, epoch, self.rows, self.truth.numpy())
        phase = self._phase_of(epoch)
        set_training_mode(self.network, freeze_batch_norm=self._freeze_batch_norm)
        for version in phase.missing(epoch, order):
            phase.keep(version, self.rows, self._seen_by_front(phase, version))
        losses = 0.0
        for b in range(self.steps_an_epoch):
            self.look_up()
            loss = self._learn_batch(phase, epoch, order.part(b * self.batch_size, self.batch_size), b)
            if not math.isfinite(loss):
                raise TrainingDiverged(
                    f"the loss became {loss} in epoch {epoch} at a learning rate of {self._rate():g}; "
                    "a lower learning rate, or more warm-up, is expected to cure it"
                )
            losses += loss
        return losses / self.steps_an_epoch, float(self.optimiser.param_groups[0]["lr"])

    def _phase_of(self, epoch: int) -> Phase:
        """The head alone at first, where that is asked, then all that the depth says."""
        if self._phase is not None and epoch in self._phase.epochs:
            return self._phase
        plan, moving = self.plan, self._moving
        epochs = range(self._head_epochs + 1, plan.epochs + 1)
        if epoch <= self._head_epochs:
            epochs, moving = range(1, self._head_epochs + 1), moving_parameters(self.network, "head")
        set_moving(self.network, moving)
        set_training_mode(self.network, freeze_batch_norm=self._freeze_batch_norm)
        self._learning = [p for p in self.network.parameters() if p.requires_grad]
        self._phase = phase = Phase(epochs)
        if len(moving) < sum(1 for _ in self.network.parameters()):
            copies = 1 if self._batches.changes_nothing else plan.copies
            x = self._batches.plain(self.rows[:1])
            phase.cut(
                self.network, moving, self.anatomy, x, 0 if plan.mixup else copies, len(self.truth),
                needs_grid=bool(self._terms),
            )  # fmt: skip
        self._encoded.back = phase.back
        self._called = self._encoded  # another part moves: what watched the old one goes first
        self._called = self._group.wrapped(self._encoded)
        return phase

    def _seen_by_front(self, phase: Phase, version: int) -> Iterator[torch.Tensor]:
        """What stands still gives of the films that are learnt from, changed as in this version."""
        with evaluating(self.network), torch.inference_mode():
            for start in range(0, len(self.rows), VALIDATION_BATCH):
                self.look_up()
                rows = self.rows[start : start + VALIDATION_BATCH]
                x, _ = self._batches.changed(rows, phase.epochs[version])
                with torch.autocast(self.device.type, self._half, enabled=self._half is not None):
                    yield phase.front(x)

    def _learn_batch(self, phase: Phase, epoch: int, part: Order, number: int) -> float:
        batch, whole = self._shared_batch(phase, epoch, part, number)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate() * group["rate"]
        with torch.autocast(self.device.type, self._half, enabled=self._half is not None):
            features, logits = self._called(batch.x)
        loss, told = self._loss(batch, whole, features, logits)
        if self._rehearsal is not None and (phase.is_encoder_still or self.plan.depth == "last"):
            share = self.plan.replay
            count = max(1, round(len(whole.rows) * share / (1 - share)))
            again = self._rehearsal.loss(self.network, count, epoch, number)
            loss, told = (
                (1 - share) * loss + share * again,
                (1 - share) * told + share * float(again.detach()),
            )
        self.optimiser.zero_grad()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self.optimiser)
        if self.plan.gradient_clip > 0:
            nn.utils.clip_grad_norm_(self._learning, self.plan.gradient_clip)
        self._scaler.step(self.optimiser)
        self._scaler.update()
        self.steps += 1
        self._average()
        return told

    def _shared_batch(self, phase: Phase, epoch: int, part: Order, number: int) -> tuple[Batch, Batch]:
        """This process's share of a batch, and what is true of the whole one.

        Mixed films need partners of the whole batch, so that each process makes all of them.
        """
        own = self._group.share(len(part.rows))
        if self._group.count == 1:
            batch = self._batch(phase, epoch, part, number)
            return batch, batch
        if self.plan.mixup > 0:
            whole = self._batch(phase, epoch, part, number)
            return whole.part(own), whole
        batch = self._batch(phase, epoch, part.part(own.start, own.stop - own.start), number)
        epochs: Any = epoch
        if phase.is_kept:
            epochs = phase.epochs[0] + phase.versions(epoch, part.repeats)
        return batch, self._batches.told(part.rows, batch.x, None, epochs, part.repeats)

    def _batch(self, phase: Phase, epoch: int, part: Order, number: int) -> Batch:
        if not phase.is_kept:
            return self._batches.learned_from(part, epoch, number)
        versions = phase.versions(epoch, part.repeats)
        x = phase.take(versions, part.rows, self.device)
        grid = None
        if self._terms:
            grid = self._batches.grid(part.rows, phase.epochs[0] + versions)
        return self._batches.told(part.rows, x, grid, phase.epochs[0] + versions)

    def logits(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """(len(rows), K) float32 of the measured network, in float32 and without augmentation."""
        network = self.measured
        network.eval()
        told = []
        with torch.inference_mode():
            for start in range(0, len(rows), VALIDATION_BATCH):
                self.look_up()
                x = self._batches.plain(rows[start : start + VALIDATION_BATCH])
                told.append(network(x).float().cpu().numpy())
        logits = np.concatenate(told) if told else np.zeros((0, self.truth.shape[1]), np.float32)
        if not np.isfinite(logits).all():
            raise TrainingDiverged(
                f"the network's answers are no numbers any more after {self.steps} steps; "
                "a lower learning rate, or more warm-up, is expected to cure it"
            )
        return logits

    def state(self) -> dict[str, Any]:
        """All that decides what comes next, but the epoch."""
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged is not None else None,
            "optimiser": self.optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
            "steps": self.steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.network.load_state_dict(state["network"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])
        self.steps = int(state["steps"])

    def _loss(
        self, batch: Batch, whole: Batch, features: torch.Tensor, logits: torch.Tensor
    ) -> tuple[torch.Tensor, float]:
        """The loss whose gradient is averaged among the processes, and that of the whole batch.

        Every process works out the loss of the whole batch, in which its own films alone move anything; so
        whatever a loss is divided by is the whole batch's.
        """
        every = self._group.with_others(logits.float(), len(whole.rows))
        loss = self._answer_loss(every, whole.targets, whole.known)
        if whole.said is not None and whole.counts is not None:
            loss = loss + self.plan.distillation * drift(every, whole.said, whole.counts, self.task)
        told = float(loss.detach())
        if self._terms:
            parts = [term(batch, features, logits) for term in self._terms]
            added = torch.stack(parts).sum() * (len(batch.rows) / len(whole.rows))
            loss, told = loss + added, told + self._group.sum(added)
        return loss * self._group.count, told

    def _answer_loss(self, logits: torch.Tensor, targets: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        if self.task == "multiclass":
            return -(targets * F.log_softmax(logits, 1) * self._weights).sum(1).mean()
        terms = F.binary_cross_entropy_with_logits(
            logits, targets, pos_weight=self._weights, reduction="none"
        )
        return (terms * known).sum() / known.sum().clamp_min(1)

    def _rate(self) -> float:
        return rate_at(self.plan, self.steps, self.steps_an_epoch, self._head_epochs)

    @torch.no_grad()
    def _average(self) -> None:
        """Move the average towards the network; faster at first, when the network is still far off."""
        if self.averaged is None:
            return
        decay = min(self.plan.ema, (1 + self.steps) / (10 + self.steps))
        for mean, new in zip(
            self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True
        ):
            if mean.dtype.is_floating_point:
                mean.lerp_(new, 1 - decay)
            else:
                mean.copy_(new)


def _class_weights(truth: torch.Tensor, balance: float, task: Task) -> torch.Tensor:
    """(K,): by how much a present answer counts, 1 for all where `balance` is 0."""
    present = (truth == 1).sum(0).float()
    if task == "multilabel":
        absent = (truth == 0).sum(0).float()
        return torch.where(present > 0, absent.clamp_min(1) / present.clamp_min(1), 1.0) ** balance
    return (present.sum() / (truth.shape[1] * present.clamp_min(1))) ** balance


def _seed_of(seed: int, epoch: int) -> int:
    """Another seed for each epoch, and the same on every machine."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
