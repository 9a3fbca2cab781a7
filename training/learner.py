"""The training loop's inside: one epoch of steps, one look at the validation part, and their state.

It reads from top to bottom: batch, augment, forward, loss, backward, clip, step, average.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from inference.card import Preprocessing, Task
from inference.preprocess import normalise
from training.augment import corrupt, distort, mix
from training.errors import TrainingDiverged
from training.networks import moving_parameters, parameter_groups, set_moving, set_training_mode
from training.plan import Plan
from training.samples import Sample
from training.tensors import Films

VALIDATION_BATCH = 64


class Learner:
    """A network that learns from films.

    Parameters
    ----------
    network
        On the CPU; it is moved to `device` and changed.
    films, rows
        Decoded films, and which of them are learnt from.
    is_tuned
        It starts from a base model: `plan.depth` and ``batch_norm="auto"`` take effect.
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
    ) -> None:
        self.plan, self.preprocessing, self.films, self.device, self.task = (
            plan, preprocessing, films, device, task,
        )  # fmt: skip
        self.rows = np.asarray(rows, np.int64)
        self._look_up = look_up
        self._freeze_batch_norm = plan.batch_norm == "frozen" or (plan.batch_norm == "auto" and is_tuned)
        self.network: nn.Module = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        set_moving(self.network, moving_parameters(self.network, plan.depth if is_tuned else "all"))
        self.averaged: nn.Module | None = copy.deepcopy(self.network) if plan.ema else None
        self.optimiser = _optimiser(plan, self.network)
        self.truth = _truth_of(films.samples)  # (N, K), NaN for unknown
        self._weights = _class_weights(self.truth[self.rows], plan.class_balance, task).to(device)
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
        seed = _seed_of(self.plan.seed, epoch)
        order = np.random.default_rng(seed)
        generator = torch.Generator(device=self.device).manual_seed(seed)
        torch.manual_seed(seed)  # dropout and stochastic depth
        set_training_mode(self.network, freeze_batch_norm=self._freeze_batch_norm)
        shuffled = order.permutation(self.rows)
        losses = 0.0
        for b in range(self.steps_an_epoch):
            self._look_up()
            chosen = shuffled[b * self.batch_size : (b + 1) * self.batch_size]
            loss = self._learn_batch(chosen, order, generator)
            if not math.isfinite(loss):
                raise TrainingDiverged(
                    f"the loss became {loss} in epoch {epoch} at a learning rate of {self._rate():g}; "
                    "a lower learning rate, or more warm-up, is expected to cure it"
                )
            losses += loss
        return losses / self.steps_an_epoch, float(self.optimiser.param_groups[0]["lr"])

    def _learn_batch(
        self, chosen: NDArray[np.int64], order: np.random.Generator, generator: torch.Generator
    ) -> float:
        plan = self.plan
        x = self.films.batch(chosen, self.device)  # (B, S, S) in [0, 1]
        if plan.augmentation > 0 or plan.horizontal_flip:
            x = distort(x, generator, strength=plan.augmentation, horizontal_flip=plan.horizontal_flip)
        x = corrupt(normalise(x, self.preprocessing), generator, noise=plan.noise, erase=plan.erase)
        targets, known = self._targets(chosen)
        if plan.mixup > 0:
            share, partner = float(order.beta(plan.mixup, plan.mixup)), order.permutation(len(chosen))
            x, targets, known = mix(x, targets, known, share, torch.from_numpy(partner).to(self.device))
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        loss = self._loss(self._forward(self.network, x), targets, known)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if plan.gradient_clip > 0:
            nn.utils.clip_grad_norm_(self.network.parameters(), plan.gradient_clip)
        self.optimiser.step()
        self.steps += 1
        self._average()
        return float(loss.detach())

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
            "steps": self.steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.network.load_state_dict(state["network"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])

    def _forward(self, network: nn.Module, x: torch.Tensor) -> torch.Tensor:
        halved = self.plan.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halved):
            out: torch.Tensor = network(x.to(memory_format=torch.channels_last))
        return out.float()

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


def _optimiser(plan: Plan, network: nn.Module) -> torch.optim.Optimizer:
    groups = parameter_groups(network, plan.weight_decay)
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
