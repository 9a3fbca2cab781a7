"""Films as the network learns from them: changed, normalised, with what is true of them.

A film is changed by itself (`training.learning.changes`), so a batch is the same in whichever process it is
made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from inference.card import Preprocessing, Task
from inference.preprocess import normalise
from training.learning.augment import corrupted, distorted, grid_of, mixed
from training.learning.blanking import Blanking
from training.learning.changes import Changes, draw
from training.learning.order import Order
from training.learning.tensors import Films
from training.plan import Plan
from training.samples import Sample


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Films as the network sees them, and what is true of them.

    Parameters
    ----------
    rows
        (B,) int64: which of the training's films.
    x
        (B, C, S, S) float32, changed and normalised; where a part of the network stands still, what it gave
        of them.
    targets, known
        (B, K) smoothed targets, and 1 where the answer is known.
    grid
        (B, S, S, 2): where each place lies on the film as it was (`training.learning.augment.warped`); None
        where nothing was moved.
    partners, partners_grid
        Of the films that each was mixed with; None where none was.
    blanked
        (B,) bool: the lungs of these, or of those they were mixed with, are covered; None for none.
    said, counts
        (B, K) what the base model says of them, and where that is learned (`training.learning.remembering`).
    """

    rows: NDArray[np.int64]
    x: torch.Tensor
    targets: torch.Tensor
    known: torch.Tensor
    grid: torch.Tensor | None = None
    partners: NDArray[np.int64] | None = None
    partners_grid: torch.Tensor | None = None
    blanked: torch.Tensor | None = None
    said: torch.Tensor | None = None
    counts: torch.Tensor | None = None

    def part(self, own: slice) -> Batch:
        """Some of its films."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        cut: dict[str, Any] = {n: None if value is None else value[own] for n, value in told.items()}
        return Batch(**cut)


class Batches:
    """Makes the batches of a training.

    Attributes
    ----------
    truth
        (N, K) float32 of all films, NaN for unknown.
    recalled
        What the base model says of all films, (N, K), and where that is learned; None where it is not.
    """

    def __init__(
        self, plan: Plan, preprocessing: Preprocessing, films: Films, device: torch.device, task: Task
    ) -> None:
        self._plan, self._preprocessing, self._films = plan, preprocessing, films
        self._device, self._task = device, task
        self.truth = _truth_of(films.samples)
        self.recalled: tuple[torch.Tensor, torch.Tensor] | None = None
        self._blanking = _blanking_of(plan, films, self.truth, task)

    def plain(self, rows: Sequence[int] | NDArray[np.int64]) -> torch.Tensor:
        """(B, C, S, S) float32, unchanged."""
        x = normalise(self._films.batch(rows, self._device), self._preprocessing)
        return x.to(memory_format=torch.channels_last)

    def changed(
        self, rows: NDArray[np.int64], epochs: ArrayLike, repeats: ArrayLike = 0
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(B, C, S, S) float32, changed as in these epochs, and the grid that says how they were moved."""
        changes = draw(self._plan, epochs, rows, repeats)
        x, grid = self._films.batch(rows, self._device, changes.window), None  # (B, S, S) in [0, 1]
        if self.moves:
            x, grid = distorted(x, changes)
        if self._blanking is not None:
            x = self._blanking.covered(x, rows, grid, epochs, repeats)
        x = corrupted(normalise(x, self._preprocessing), changes)
        return x.to(memory_format=torch.channels_last), grid

    def grid(self, rows: NDArray[np.int64], epochs: ArrayLike) -> torch.Tensor | None:
        """How `changed` would move these films."""
        if not self.moves:
            return None
        changes: Changes = draw(self._plan, epochs, rows)
        return grid_of(changes, self._preprocessing.input_size, self._device)

    @property
    def moves(self) -> bool:
        """Whether films are turned, moved, mirrored or exposed otherwise."""
        return self._plan.augmentation > 0 or self._plan.horizontal_flip

    @property
    def changes_nothing(self) -> bool:
        """Whether every epoch sees every film alike."""
        plan = self._plan
        return not (self.moves or plan.noise or plan.erase or plan.blank_lungs or plan.window_jitter)

    def learned_from(self, part: Order, epoch: int, number: int) -> Batch:
        """Some films in an epoch; batches of an epoch are numbered."""
        x, grid = self.changed(part.rows, epoch, part.repeats)
        batch = self.told(part.rows, x, grid, epoch, part.repeats)
        return self._mixed(batch, epoch, number) if self._plan.mixup > 0 else batch

    def told(
        self,
        rows: NDArray[np.int64],
        x: torch.Tensor,
        grid: torch.Tensor | None,
        epochs: ArrayLike,
        repeats: ArrayLike = 0,
    ) -> Batch:
        """A batch of what was made of some films in these epochs, with what is true of them."""
        targets, known = self._targets(rows)
        blanked = None
        if self._blanking is not None:
            blanked = self._blanking.chosen(rows, epochs, repeats).to(self._device)
            prior = self._blanking.prior.to(self._device).expand_as(targets)
            targets = torch.where(blanked[:, None], prior, targets)
            known = torch.where(blanked[:, None], 1.0, known)
        batch = Batch(rows, x, targets, known, grid, blanked=blanked)
        if self.recalled is None:
            return batch
        said, counts = (told[rows].to(self._device) for told in self.recalled)
        if blanked is not None:
            counts = counts * ~blanked[:, None]
        return replace(batch, said=said, counts=counts)

    def _mixed(self, batch: Batch, epoch: int, number: int) -> Batch:
        """Mixup: each film with another of the batch, whose answers and whose place count too."""
        random = np.random.default_rng([self._plan.seed, epoch, number])
        share = float(random.beta(self._plan.mixup, self._plan.mixup))
        order = random.permutation(len(batch.rows))
        partner = torch.from_numpy(order).to(self._device)
        x, targets, known = mixed(batch.x, batch.targets, batch.known, share, partner)
        batch = replace(
            batch, x=x, targets=targets, known=known, partners=batch.rows[order],
            partners_grid=None if batch.grid is None else batch.grid[partner],
            blanked=None if batch.blanked is None else batch.blanked | batch.blanked[partner],
        )  # fmt: skip
        if batch.said is None or batch.counts is None:
            return batch
        _, said, counts = mixed(batch.x, batch.said, batch.counts, share, partner)
        return replace(batch, said=said, counts=counts)

    def _targets(self, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, K) smoothed targets, and (B, K) 1 where the answer is known."""
        truth = self.truth[rows]
        known = torch.isfinite(truth)
        target = torch.where(known, truth, torch.zeros_like(truth))
        smoothing = self._plan.label_smoothing
        share = 0.5 if self._task == "multilabel" else 1 / truth.shape[1]
        smoothed = target * (1 - smoothing) + smoothing * share
        return smoothed.to(self._device), known.float().to(self._device)


def _blanking_of(plan: Plan, films: Films, truth: torch.Tensor, task: Task) -> Blanking | None:
    """Who covers lungs; None where the plan does not ask for it."""
    if plan.blank_lungs == 0:
        return None
    if films.allowed is None:
        raise ValueError("lungs that are to be covered need films on which they were looked for")
    rows = np.flatnonzero([sample.part == "train" for sample in films.samples])
    return Blanking(plan, films.allowed, truth, rows, task)


def _truth_of(samples: Sequence[Sample]) -> torch.Tensor:
    rows = [[float("nan") if t is None else float(t) for t in s.truth] for s in samples]
    return torch.tensor(rows, dtype=torch.float32)
