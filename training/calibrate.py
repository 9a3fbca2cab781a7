"""What is fitted to films that a network was not: how honest its probabilities are, and what to do at them.

One number, the temperature, makes probabilities honest (Guo et al. 2017). An operating point says from which
probability on a finding is worth telling; it leaves the probability what it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.adapted import probabilities_of
from inference.card import Task
from training.events import ImageResult
from training.proof.metrics import image_losses
from training.proof.table import table_of

LEAST_IMAGES = 20  # fewer say too little about confidence
LEAST_OF_EACH = 10  # films with a finding, and films without it, that an operating point is chosen from
COOLEST, HOTTEST = 0.2, 5.0
STEPS = 60


def fit_temperature(
    logits: NDArray[np.float32], truths: list[tuple[int | None, ...]], task: Task
) -> float | None:
    """The temperature with the lowest log-loss on (N, K) logits; None on too few images.

    Golden-section search on its logarithm: log-loss has one minimum there.
    """

    def loss(log_temperature: float) -> float:
        said = probabilities_of(logits, float(np.exp(log_temperature)), task)
        results = [
            ImageResult(str(i), str(i), truth, tuple(float(v) for v in row))
            for i, (truth, row) in enumerate(zip(truths, said, strict=True))
        ]
        losses, scored = image_losses(table_of(results, task))
        return float(losses[scored].mean()) if scored.any() else float("nan")

    if len(truths) < LEAST_IMAGES or not np.isfinite(loss(0.0)):
        return None
    low, high = float(np.log(COOLEST)), float(np.log(HOTTEST))
    ratio = (np.sqrt(5.0) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
        if high - low < 1e-4:
            break
    return float(np.exp((low + high) / 2))


def choose_operating_points(
    probabilities: NDArray[np.float32], truths: Sequence[tuple[int | None, ...]], findings: Sequence[str]
) -> dict[str, float]:
    """For each finding the probability at which sensitivity plus specificity is largest (Youden 1950).

    Nobody has said what a missed finding costs and what a false alarm; this choice weighs both alike and does
    not depend on how frequent the finding is among the films it is made on. It lies half-way between the
    two probabilities that it separates.

    Parameters
    ----------
    probabilities
        (N, K) calibrated probabilities of films that the weights were not fitted to.
    truths
        N times K: 1, 0, or None for unknown.

    Returns
    -------
    Without findings of which fewer than `LEAST_OF_EACH` films show, or do not show, one.
    """
    points: dict[str, float] = {}
    for k, finding in enumerate(findings):
        known = [(float(p[k]), t[k]) for p, t in zip(probabilities, truths, strict=True) if t[k] is not None]
        said, true = np.array([p for p, _ in known]), np.array([t for _, t in known], dtype=bool)
        if min(int(true.sum()), int((~true).sum())) >= LEAST_OF_EACH:
            points[finding] = _youden(said, true)
    return points


def _youden(said: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    values = np.unique(said)
    cuts = np.r_[(values[1:] + values[:-1]) / 2, values[0]]  # calling every film is one of the choices
    called = said[None] >= cuts[:, None]  # (cuts, N)
    gains = called[:, true].mean(axis=1) - called[:, ~true].mean(axis=1)
    best = np.flatnonzero(gains >= gains.max() - 1e-12)
    return round(float(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]]), 6)
