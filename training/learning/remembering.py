"""Against forgetting: what a base model knew is learned along, from what is at hand of it.

Tuned on a few dozen corrections alone a network drifts from what it knew. Two things hold it:

- *Replay*: films of the base model's own training, of which there are embeddings and labels beside its
  weights, but no images (`training.replay`). They teach the head while the features behind it stand still,
  or only the last stage moves: a few epochs of that leave them true enough (docs/training.md).
- *Distillation*: what the base model says of the films at hand, where no reader says otherwise, is what
  the candidate goes on saying (Li and Hoiem 2016). It holds for every depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from inference.anatomy import Anatomy
from inference.card import Task
from training.learning.changes import uniform
from training.replay import Replay

_REPLAY = 3  # stream of random numbers


def recalled(
    probabilities: NDArray[np.float32], truth: NDArray[np.float32], task: Task
) -> tuple[torch.Tensor, torch.Tensor]:
    """What a base model says of films, and where that may be learned: not where a reader said otherwise.

    Parameters
    ----------
    probabilities
        (N, K) of the findings that the base model knows, NaN for others.
    truth
        (N, K): 1, 0, or NaN for unknown.

    Returns
    -------
    tuple
        (N, K) float32 probabilities, and (N, K) float32 weights of 0 or 1.
    """
    known = np.isfinite(probabilities)
    said = np.where(known, probabilities, 0).astype(np.float32)
    if task == "multiclass":
        right = np.take_along_axis(truth, said.argmax(1)[:, None], 1)[:, 0]
        agrees = np.broadcast_to((np.isnan(right) | (right == 1))[:, None], known.shape)
    else:
        agrees = np.isnan(truth) | ((said >= 0.5) == (truth == 1))
    return torch.from_numpy(said), torch.from_numpy((known & agrees).astype(np.float32))


def drift(logits: torch.Tensor, said: torch.Tensor, counts: torch.Tensor, task: Task) -> torch.Tensor:
    """How far logits are from what the base model said: cross-entropy less the least it can be.

    Parameters
    ----------
    logits, said, counts
        (B, K), as `recalled` gave the last two. Of one-of-many findings those that the base model does not
        know are left aside: what it says is compared among its own.
    """
    if task == "multilabel":
        terms = F.binary_cross_entropy_with_logits(logits, said, reduction="none")
        least = F.binary_cross_entropy(said, said, reduction="none")
        return ((terms - least) * counts).sum() / counts.numel()
    own = logits.masked_fill(counts == 0, torch.finfo(logits.dtype).min)
    terms = said * (said.clamp_min(1e-12).log() - F.log_softmax(own, 1))
    return (terms * counts).sum() / len(logits)


class Rehearsal:
    """The loss of a head on films of its base model's training.

    Parameters
    ----------
    replay
        In the order of the candidate's findings.
    class_weights
        (K,) as the training weighs them.
    """

    def __init__(self, replay: Replay, anatomy: Anatomy, task: Task, seed: int, device: torch.device) -> None:
        truth = replay.truth
        fits = (truth == 1).sum(1) == 1 if task == "multiclass" else (truth >= 0).any(1)
        usable = np.flatnonzero(fits & anatomy.has_linear_end)  # another head is more than its last layer
        self._embeddings = torch.from_numpy(replay.embeddings[usable]).to(device)
        self._truth = torch.from_numpy(truth[usable].astype(np.float32)).to(device)
        self._task, self._seed, self._device = task, seed, device

    def __len__(self) -> int:
        return len(self._embeddings)

    def loss(self, network: Any, count: int, epoch: int, number: int) -> torch.Tensor:
        """Of `count` of the films, drawn for this batch of this epoch."""
        dice = uniform(self._seed, (_REPLAY, epoch, number), np.arange(count), 0, 1)[:, 0]
        rows = torch.from_numpy((dice * len(self)).astype(np.int64)).to(self._device)
        logits = classified(network, self._embeddings[rows])
        truth = self._truth[rows]
        if self._task == "multiclass":
            return F.cross_entropy(logits, truth.argmax(1))
        terms = F.binary_cross_entropy_with_logits(logits, truth.clamp_min(0), reduction="none")
        known = (truth >= 0).float()
        return (terms * known).sum() / known.sum().clamp_min(1)


def classified(network: Any, embeddings: torch.Tensor) -> torch.Tensor:
    """(B, K) logits that the last layer gives for (B, D) embeddings."""
    classifier = network.get_classifier()
    if isinstance(classifier, nn.Conv2d):
        cells: torch.Tensor = classifier(embeddings[:, :, None, None])
        return cells.flatten(1)
    logits: torch.Tensor = classifier(embeddings)
    return logits


def columns(findings: Sequence[str], base: Sequence[str]) -> list[int | None]:
    """Where each of the candidate's findings stands among the base model's; None for a new one."""
    return [base.index(f) if f in base else None for f in findings]
