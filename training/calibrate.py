"""The one number that makes a network's probabilities honest: its temperature (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.adapted import probabilities_of
from inference.card import Task
from training.events import ImageResult
from training.metrics import image_losses, table_of

LEAST_IMAGES = 20  # fewer say too little about confidence
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
