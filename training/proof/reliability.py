"""Whether probabilities are honest: of what is said with 80% one in five should be wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.proof.table import Table, is_right

Floats = NDArray[np.float64]
CALIBRATION_BINS = 10


def calibration_bins(table: Table) -> list[tuple[float, float, int]]:
    """Reliability: (mean probability, share that was right, how many) of each bin that holds any.

    One of many: the probability of the most probable finding against how often it was the right one
    (Guo et al. 2017). Several at once: every known finding's probability against its truth.
    """
    if not table.truth.size:
        return []
    _, said, true = _stated(table)
    bins = _bin_of(said)
    return [
        (float(said[bins == b].mean()), float(true[bins == b].mean()), int((bins == b).sum()))
        for b in range(CALIBRATION_BINS)
        if (bins == b).any()
    ]


def calibration_errors(table: Table, weights: Floats) -> Floats:
    """Expected calibration error over ten bins of equal width, in [0, 1] (NaN without images): (B,), for each
    row of weights."""
    if not table.truth.size:
        return np.full(len(weights), np.nan)
    image, said, true = _stated(table)
    gaps = np.zeros((len(table.patient), CALIBRATION_BINS))
    counts = np.zeros(len(table.patient))
    np.add.at(gaps, (image, _bin_of(said)), said - true)
    np.add.at(counts, image, 1.0)
    total = weights @ counts
    return np.where(total > 0, np.abs(weights @ gaps).sum(axis=1) / np.where(total > 0, total, 1), np.nan)


def _stated(table: Table) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Probabilities that are held against the truth: (m,) of which image, what was said, what was true."""
    if table.task == "multiclass":
        image = np.flatnonzero(table.single >= 0)
        return image, table.probabilities[image].max(axis=1), is_right(table)[image]
    image, finding = np.nonzero(np.isfinite(table.truth))
    return image, table.probabilities[image, finding], table.truth[image, finding]


def _bin_of(said: Floats) -> NDArray[np.int64]:
    return np.minimum((said * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
