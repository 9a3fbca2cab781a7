"""The training loop's inside: one epoch of steps, one look at the validation part, and their state.

It reads from top to bottom: batch, augment, forward, loss, backward, clip, step, average.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from inference.card import Preprocessing, Task
from inference.preprocess import normalise
from training.augment import corrupted, distorted, mixed
from training.changes import draw
from training.errors import TrainingDiverged, UnusablePlan
from training.networks import Encoded, moving_parameters, parameter_groups, set_moving, set_training_mode
from training.order import Order
from training.plan import Plan
from training.samples import Sample
from training.tensors import Films

VALIDATION_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Films as the network sees them, and what is true of them.

    Parameters
    ----------
    rows
        (B,) int64: which of the training's films.
    x
        (B, C, S, S) float32, changed and normalised.
    targets, known
        (B, K) smoothed targets, and 1 where the answer is known.
    grid
        (B, S, S, 2): where each place lies on the film as it was (`training.augment.warped`); None where
        nothing was moved.
    """

    rows: NDArray[np.int64]
    x: torch.Tensor
    targets: torch.Tensor
    known: torch.Tensor
    grid: torch.Tensor | None = None


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
        It starts from a base model: `plan.depth`, `plan.head_epochs`, `plan.layer_decay` and
        ``batch_norm="auto"`` take effect.
    terms
        What is added to the loss of each batch, from the same pass of the network.
    look_up
        Called at every batch; raises to stop.
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
    ) -> None:
        self.plan, self.preprocessing, self.films, self.device, self.task = (
            plan, preprocessing, films, device, task,
        )  # fmt: skip
        self.rows = np.asarray(rows, np.int64)
        self._look_up, self._terms = look_up, tuple(terms)
        self._freeze_batch_norm = plan.batch_norm == "frozen" or (plan.batch_norm == "auto" and is_tuned)
        self.network: nn.Module = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._moving = moving_parameters(self.network, plan.depth if is_tuned else "all")
        self._head_epochs = plan.head_epochs if is_tuned and plan.depth != "head" else 0
        self._encoded = Encoded(self.network)
        self.averaged: nn.Module | None = copy.deepcopy(self.network) if plan.ema else None
        decay = plan.layer_decay if is_tuned else 1.0
        self.optimiser = _optimiser(
            plan, parameter_groups(self.network, self._moving, plan.weight_decay, decay)
        )
        self._half = half_precision(plan.precision, device)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._half is torch.float16)
        self.truth = _truth_of(films.samples)  # (N, K), NaN for unknown
        balance = plan.class_balance if plan.sampling == "shuffle" else 0.0
        self._weights = _class_weights(self.truth[self.rows], balance, task).to(device)
        self.batch_size = min(plan.batch_size, len(self.rows))
        self.steps_an_epoch = len(self.rows) // self.batch_size
        self.steps = 0

    @property
    def measured(self) -> nn.Module:
        """The network that is measured and kept: the moving average where there is one."""
        return self.averaged if self.averaged is not None else self.network

    def learn_epoch(self, epoch: int) -> tuple[float, float]:
        """Every film once, in full batches; what is left over waits for another epoch's order.

        Returns
        -------
        (mean loss, learning rate of the last step)
        """
        torch.manual_seed(_seed_of(self.plan.seed, epoch))  # dropout and stochastic depth
        self._set_moving(epoch)
        order = Order.of_epoch(self.plan, epoch, self.rows, self.truth.numpy())
        losses = 0.0
        for b in range(self.steps_an_epoch):
            self._look_up()
            loss = self._learn_batch(epoch, order.part(b * self.batch_size, self.batch_size), b)
            if not math.isfinite(loss):
                raise TrainingDiverged(
                    f"the loss became {loss} in epoch {epoch} at a learning rate of {self._rate():g}; "
                    "a lower learning rate, or more warm-up, is expected to cure it"
                )
            losses += loss
        return losses / self.steps_an_epoch, float(self.optimiser.param_groups[0]["lr"])

    def _set_moving(self, epoch: int) -> None:
        """The head alone at first, where that is asked, then all that the depth says."""
        moving = self._moving
        if epoch <= self._head_epochs:
            moving = moving_parameters(self.network, "head")
        set_moving(self.network, moving)
        set_training_mode(self.network, freeze_batch_norm=self._freeze_batch_norm)

    def _learn_batch(self, epoch: int, part: Order, number: int) -> float:
        batch = self._batch(epoch, part, number)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate() * group["rate"]
        with torch.autocast(self.device.type, self._half, enabled=self._half is not None):
            features, logits = self._encoded(batch.x)
        loss = self._loss(logits.float(), batch.targets, batch.known)
        for term in self._terms:
            loss = loss + term(batch, features, logits)
        self.optimiser.zero_grad()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self.optimiser)
        if self.plan.gradient_clip > 0:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.plan.gradient_clip)
        self._scaler.step(self.optimiser)
        self._scaler.update()
        self.steps += 1
        self._average()
        return float(loss.detach())

    def _batch(self, epoch: int, part: Order, number: int) -> Batch:
        """Films of the training part, changed as the plan says: each by itself, whoever is beside it."""
        plan, grid = self.plan, None
        changes = draw(plan, epoch, part.rows, part.repeats)
        x = self.films.batch(part.rows, self.device)  # (B, S, S) in [0, 1]
        if plan.augmentation > 0 or plan.horizontal_flip:
            x, grid = distorted(x, changes)
        x = corrupted(normalise(x, self.preprocessing), changes)
        x = x.to(memory_format=torch.channels_last)
        batch = Batch(part.rows, x, *self._targets(part.rows), grid)
        return self._mixed(batch, epoch, number) if plan.mixup > 0 else batch

    def _mixed(self, batch: Batch, epoch: int, number: int) -> Batch:
        """Mixup; nothing that lies on a film lies on two, so such a batch has no grid."""
        random = np.random.default_rng([self.plan.seed, epoch, number])
        share = float(random.beta(self.plan.mixup, self.plan.mixup))
        partner = torch.from_numpy(random.permutation(len(batch.rows))).to(self.device)
        x, targets, known = mixed(batch.x, batch.targets, batch.known, share, partner)
        return replace(batch, x=x, targets=targets, known=known, grid=None)

    def logits(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """(len(rows), K) float32 of the measured network, in float32 and without augmentation."""
        network = self.measured
        network.eval()
        told = []
        with torch.inference_mode():
            for start in range(0, len(rows), VALIDATION_BATCH):
                self._look_up()
                x = self.films.batch(rows[start : start + VALIDATION_BATCH], self.device)
                x = normalise(x, self.preprocessing).to(memory_format=torch.channels_last)
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

    def _targets(self, chosen: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, K) smoothed targets, and (B, K) 1 where the answer is known."""
        truth = self.truth[chosen]
        known = torch.isfinite(truth)
        target = torch.where(known, truth, torch.zeros_like(truth))
        smoothing = self.plan.label_smoothing
        share = 0.5 if self.task == "multilabel" else 1 / truth.shape[1]
        return (target * (1 - smoothing) + smoothing * share).to(self.device), known.float().to(self.device)

    def _loss(self, logits: torch.Tensor, targets: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        if self.task == "multiclass":
            return -(targets * F.log_softmax(logits, 1) * self._weights).sum(1).mean()
        terms = F.binary_cross_entropy_with_logits(
            logits, targets, pos_weight=self._weights, reduction="none"
        )
        return (terms * known).sum() / known.sum().clamp_min(1)

    def _rate(self) -> float:
        """Linear warm-up times cosine (Loshchilov and Hutter 2017), of this step."""
        plan, total = self.plan, self.steps_an_epoch * self.plan.epochs
        rising = min(1.0, (self.steps + 1) / (total * plan.warm_up)) if plan.warm_up > 0 else 1.0
        falling = 0.5 * (1 + math.cos(math.pi * self.steps / total)) if plan.schedule == "cosine" else 1.0
        return plan.learning_rate * rising * falling

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


def half_precision(precision: str, device: torch.device) -> torch.dtype | None:
    """The type that the network computes with beside float32; None for float32 alone.

    Raises
    ------
    UnusablePlan
        float16 was asked for where its gradients cannot be scaled.
    """
    if precision == "auto":
        if device.type != "cuda":
            return None
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if precision == "float16" and device.type != "cuda":
        raise UnusablePlan(
            f"precision float16 was asked for on {device}; bfloat16 or float32 is expected there"
        )
    return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]


def _optimiser(plan: Plan, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    if plan.optimiser == "sgd":
        nesterov = plan.momentum > 0
        return torch.optim.SGD(groups, plan.learning_rate, momentum=plan.momentum, nesterov=nesterov)
    kind = torch.optim.AdamW if plan.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, plan.learning_rate)


def _truth_of(samples: Sequence[Sample]) -> torch.Tensor:
    rows = [[float("nan") if t is None else float(t) for t in s.truth] for s in samples]
    return torch.tensor(rows, dtype=torch.float32)


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
