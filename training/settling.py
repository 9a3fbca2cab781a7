"""How many more patients would settle a comparison that proves nothing yet.

The true difference lies somewhere around the one that was found, as far off as the bootstrap says. From there
the comparison with more patients is played many times: it is settled where its intervals would decide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PLAYED = 2000
WIDER = 2.24 / 1.96  # an interval of 97.5%, by which the gate calls a candidate worse
MOST_OFTEN = 2 / 3  # of the plays that have to be settled
MOST = 1_000_000  # patients; nobody collects more to settle one comparison


def patients_needed(
    value: Floats, drawn: Floats, patients: int, *, margin: float, no_difference: float, least: int
) -> int:
    """How many more patients settle the verdict in most plays; never more than `MOST`.

    Parameters
    ----------
    value
        (M,) differences that were found, above zero where the candidate is better.
    drawn
        (B, M) the same of each resample.
    margin, no_difference, least
        As the gate has them (`training.gate`).
    """
    known = drawn[np.isfinite(drawn).all(axis=1)]
    covariance = np.atleast_2d(np.cov(known, rowvar=False)) + 1e-18 * np.eye(len(value))
    random = np.random.default_rng(0)
    root = np.linalg.cholesky(covariance + 1e-12 * np.trace(covariance) * np.eye(len(value)))
    truth = value + random.normal(size=(PLAYED, len(value))) @ root.T
    new = random.normal(size=(PLAYED, len(value))) @ root.T
    spread = np.sqrt(np.diag(covariance))
    for more in _steps(max(least - patients, 1), MOST):
        total = patients + more
        mean = truth + new * np.sqrt(patients / more)
        found = (patients * value + more * mean) / total
        half = 1.96 * spread * np.sqrt(patients / total)
        settled = (found - half >= margin).all(axis=1) | (found + half * WIDER < -no_difference).any(axis=1)
        if settled.mean() >= MOST_OFTEN:
            return more
    return MOST


def _steps(first: int, last: int) -> list[int]:
    """Whole numbers from `first` on, each about a tenth above the one before."""
    steps, step = [], float(first)
    while step <= last:
        steps.append(round(step))
        step = max(step * 1.1, step + 1)
    return steps
