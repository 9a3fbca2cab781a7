"""How many more patients would settle a comparison that proves nothing yet.

What is true of the two models is drawn many times as it may be after what was found, and the comparison with
more patients is played: it is settled where its intervals would decide. Before anything is found a candidate
is as likely to be about as good as the model that it was made from (`ALIKE`) as to be another (`UNLIKE`):
without the first half, a few patients on which all goes by chance would promise an early end; without the
second, a clear difference would be talked away.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ALIKE, UNLIKE = (0.01, 0.02), (0.1, 0.2)  # standard deviations of the true gain in macro AUROC, in log-loss
PLAYED = 2000
WIDER = 2.24 / 1.96  # an interval of 97.5%, by which the gate calls a candidate worse
MOST_OFTEN = 0.8  # of the plays that have to be settled
MOST = 1_000_000  # patients; nobody collects more to settle one comparison


def patients_needed(
    value: Floats, drawn: Floats, patients: int, *, margin: float, no_difference: float, least: int
) -> int:
    """How many more patients settle the verdict in most plays; never more than `MOST`.

    Parameters
    ----------
    value
        (2,) gains in macro AUROC and log-loss that were found, above zero where the candidate is better.
    drawn
        (B, 2) the same of each resample.
    margin, no_difference, least
        As the gate has them (`training.proof.gate`).
    """
    known = drawn[np.isfinite(drawn).all(axis=1)]
    covariance = np.cov(known, rowvar=False) + 1e-12 * np.eye(2)
    random = np.random.default_rng(0)
    truth = _true_gains(value, covariance, random)
    new = random.multivariate_normal(np.zeros(2), covariance, PLAYED)
    spread = np.sqrt(np.diag(covariance))
    for more in _steps(max(least - patients, 1), MOST):
        total = patients + more
        found = (patients * value + more * (truth + new * np.sqrt(patients / more))) / total
        half = 1.96 * spread * np.sqrt(patients / total)
        settled = (found - half >= margin).all(axis=1) | (found + half * WIDER < -no_difference).any(axis=1)
        if settled.mean() >= MOST_OFTEN:
            return more
    return MOST


def _true_gains(value: Floats, covariance: Floats, random: np.random.Generator) -> Floats:
    """(PLAYED, 2) gains as they may truly be, by Bayes' rule from both halves of the expectation."""
    spread = np.sqrt(np.diag(covariance))
    alike = covariance / np.outer(spread, spread)  # the two figures go together before as after
    weights, means, covariances = [], [], []
    for expected in (ALIKE, UNLIKE):
        before = alike * np.outer(expected, expected)
        together = before + covariance
        gain = before @ np.linalg.inv(together)
        fit = -0.5 * value @ np.linalg.solve(together, value)
        weights.append(float(np.exp(fit) / np.sqrt(np.linalg.det(together))))
        means.append(gain @ value)
        covariances.append(before - gain @ before)
    first = round(PLAYED * weights[0] / sum(weights)) if sum(weights) > 0 else 0
    counts = (first, PLAYED - first)
    return np.concatenate([
        random.multivariate_normal(m, c, n, check_valid="ignore")
        for m, c, n in zip(means, covariances, counts, strict=True)
    ])  # fmt: skip


def _steps(first: int, last: int) -> list[int]:
    """Whole numbers from `first` on, each about a tenth above the one before."""
    steps, step = [], float(first)
    while step <= last:
        steps.append(round(step))
        step = max(step * 1.1, step + 1)
    return steps
