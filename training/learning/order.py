"""In which order the films of an epoch are learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Films one after the other.

    Parameters
    ----------
    rows
        (N,) int64: which of the training's films.
    repeats
        (N,) int64: how often each came before in the same epoch.
    """

    rows: NDArray[np.int64]
    repeats: NDArray[np.int64]

    @classmethod
    def of_epoch(cls, plan: Plan, epoch: int, rows: NDArray[np.int64], truth: NDArray[np.float32]) -> Order:
        """As many films as there are in `rows`, in the order of this epoch.

        Parameters
        ----------
        truth
            (M, K) of all films: 1, 0, or NaN for unknown.
        """
        random = np.random.default_rng([plan.seed, epoch])
        drawn = random.permutation(rows)
        if plan.sampling == "balanced":
            drawn = random.permutation(_evenly(drawn, truth[drawn], float(random.random())))
        return cls(drawn, _earlier(drawn))

    def part(self, first: int, count: int) -> Order:
        return Order(self.rows[first : first + count], self.repeats[first : first + count])


def _evenly(rows: NDArray[np.int64], truth: NDArray[np.float32], start: float) -> NDArray[np.int64]:
    """As many as there are, so that every finding is seen equally often.

    A film counts as its rarest present finding does; films without any are one more kind. Every kind, and
    every film of it, comes as often as it is due, to less than one (systematic sampling).
    """
    present = truth == 1  # (N, K)
    kinds = np.concatenate([present, ~present.any(1, keepdims=True)], 1)
    weights = kinds / np.maximum(kinds.sum(0), 1)  # (N, K + 1)
    together = np.argsort(weights.argmax(1), kind="stable")
    shares = weights.max(1)[together]
    ends = np.floor(np.cumsum(shares / shares.sum()) * len(rows) + start).astype(int)
    ends[-1] = len(rows)
    return np.repeat(rows[together], np.diff(ends, prepend=0))


def _earlier(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each entry stands before its own place."""
    order = np.argsort(rows, kind="stable")
    ranks = np.arange(len(rows))
    firsts = np.concatenate([[True], np.diff(rows[order]) != 0]) if len(rows) else np.zeros(0, bool)
    earlier = np.empty(len(rows), np.int64)
    earlier[order] = ranks - np.maximum.accumulate(np.where(firsts, ranks, 0))
    return earlier
