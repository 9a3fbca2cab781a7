"""Drawing patients anew: how far a figure would have come out otherwise with other patients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.proof.table import Table

Floats = NDArray[np.float64]
CHUNK_CELLS = 500_000  # resamples x images at a time: 4 MB an array, of which figures need about thirty
TAIL = 0.025


def resamples(table: Table, bootstrap: int, seed: int) -> Iterator[Floats]:
    """Bootstrap weights over patients, in chunks of (b, n); all images of a drawn patient count. The drawing
    is the same, however large a chunk is."""
    if table.patients < 2 or bootstrap < 1:
        return
    random = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // len(table.patient))
    shares = np.full(table.patients, 1 / table.patients)
    for start in range(0, bootstrap, chunk):
        drawn = random.multinomial(table.patients, shares, min(chunk, bootstrap - start))
        yield drawn.astype(np.float64)[:, table.patient]


def interval(values: Floats, patients: int = 0, tail: float = TAIL) -> tuple[float, float] | None:
    """The middle 95% of resampled values; None where fewer than nine in ten could be had.

    Parameters
    ----------
    patients
        How many were drawn from: a bootstrap's interval is too narrow for a few, so its percentiles move
        outwards as Student's t does (Hesterberg 2015, "expanded percentile"). 0 leaves them where they are.
    tail
        The share that is left out at either end.
    """
    known = values[np.isfinite(values)]
    if known.size < 0.9 * values.size or not known.size:
        return None
    low, high = np.quantile(known, _outer(patients, tail))
    return float(low), float(high)


def _outer(patients: int, tail: float) -> tuple[float, float]:
    if patients > 1:
        from scipy.special import ndtr, stdtrit

        tail = float(ndtr(np.sqrt(patients / (patients - 1)) * stdtrit(patients - 1, tail)))
    return tail, 1 - tail
