"""Films whose lungs are covered while a network learns: of those it is to say what it says of nobody.

A network can be right by what lies beside the lungs: borders, letters, the patient's position (Maguolo and
Nanni 2021). Shown films without lungs whose answer is how frequent each finding is, it finds nothing there to
learn from. What is covered is filled in several ways, so that a fill does not become a finding of its own.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional as F

from inference.card import Task
from training.learning.allowed import AllowedRegions
from training.learning.changes import uniform
from training.plan import Plan

_STREAM = 7  # of random numbers, so that this choice moves no other
_WAVES = 6  # knots of a low-frequency pattern, each way
_AROUND = 0.24  # of the side: what a fill of the surroundings is the mean of
_EVEN, _SURROUNDINGS = 0.4, 0.8  # chances: an even grey, then the surroundings, else an even grey with waves


class Blanking:
    """Covers the lungs of some films of each batch; which ones depends on seed, epoch and film alone.

    Parameters
    ----------
    allowed
        Knows where the lungs are; films of which it does not are left as they are.
    truth
        (N, K) float32 of all films, NaN for unknown.
    rows
        Those that are learned from: how frequent findings are among them is what is to be said.
    """

    def __init__(
        self, plan: Plan, allowed: AllowedRegions, truth: torch.Tensor, rows: NDArray[np.int64], task: Task
    ) -> None:
        self._seed, self._share, self._allowed = plan.seed, plan.blank_lungs, allowed
        self.prior = _prior(truth[torch.from_numpy(rows)], task, is_balanced=plan.sampling == "balanced")

    def chosen(self, rows: NDArray[np.int64], epochs: ArrayLike, repeats: ArrayLike = 0) -> torch.Tensor:
        """(B,) bool: which of these films are covered in these epochs."""
        dice = uniform(self._seed, (_STREAM, epochs), rows, repeats, 1)[:, 0]
        has_lungs = (self._allowed.lungs[torch.from_numpy(rows)] > 0).flatten(1).any(1)
        return torch.from_numpy(dice < self._share) & has_lungs

    def covered(
        self,
        x: torch.Tensor,
        rows: NDArray[np.int64],
        grid: torch.Tensor | None,
        epochs: ArrayLike,
        repeats: ArrayLike = 0,
    ) -> torch.Tensor:
        """(B, S, S) intensities in [0, 1], with the lungs of those covered that are `chosen`."""
        chosen = self.chosen(rows, epochs, repeats)
        if not bool(chosen.any()):
            return x
        dice = torch.from_numpy(uniform(self._seed, (_STREAM, epochs), rows, repeats, 4 + _WAVES**2))
        at = chosen.to(x.device)
        lungs = self._allowed.lungs_on(rows[chosen.numpy()], x.device, None if grid is None else grid[at])
        finer = F.interpolate(lungs[:, None], size=x.shape[1:], mode="bilinear", align_corners=False)[:, 0]
        x = x.clone()
        x[at] = filled(x[at], finer, dice[chosen].to(x.device))
        return x


def filled(x: torch.Tensor, hidden: torch.Tensor, dice: torch.Tensor) -> torch.Tensor:
    """Films with a part hidden under grey, their surroundings' or a pattern's, as the dice have it.

    Parameters
    ----------
    x, hidden
        (n, S, S) float32 in [0, 1]: intensities, and how much of each pixel is hidden.
    dice
        (n, 4 + 36) float32 in [0, 1).
    """
    kind, coin, level = (dice[:, i, None, None] for i in (1, 2, 3))
    seen = 1 - hidden
    mean = (x * seen).sum((1, 2)) / seen.sum((1, 2)).clamp_min(1)
    even = torch.where(coin < 0.5, mean[:, None, None], level)
    around = _blurred(x * seen) / _blurred(seen).clamp_min(0.02)
    knots = dice[:, 4:].reshape(-1, 1, _WAVES, _WAVES)
    waves = F.interpolate(knots, size=x.shape[1:], mode="bicubic", align_corners=False)[:, 0] / 2 - 0.25
    fill = torch.where(kind < _EVEN, even, torch.where(kind < _SURROUNDINGS, around, even + waves))
    return x * seen + fill.clamp(0, 1) * hidden


def _blurred(x: torch.Tensor) -> torch.Tensor:
    """(n, S, S): the sum over a box around each pixel, up to a factor."""
    reach = int(x.shape[-1] * _AROUND / 2)
    rows = F.avg_pool2d(x[:, None], (2 * reach + 1, 1), 1, (reach, 0))
    return F.avg_pool2d(rows, (1, 2 * reach + 1), 1, (0, reach))[:, 0]


def _prior(truth: torch.Tensor, task: Task, *, is_balanced: bool) -> torch.Tensor:
    """(K,): what is true of a film of which nothing is known, as it is learned from."""
    if is_balanced:
        return torch.full((truth.shape[1],), 1 / truth.shape[1] if task == "multiclass" else 0.5)
    known = torch.isfinite(truth).sum(0).clamp_min(1)
    return torch.nan_to_num(truth).sum(0) / known
