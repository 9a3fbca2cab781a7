"""From probabilities to a prediction: what is suggested, how sure it is, and what a reader is warned of.

Free of torch, so that the window can score embeddings with a head that was re-fitted a moment ago.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.card import ModelCard, Task
from inference.coverage import reason_not_covered
from inference.prediction import FindingProbability, Prediction
from studies.image import Header

LEAST_TO_SUGGEST = 0.5  # of several findings at once, before calibration gives operating points


def prediction_from(
    card: ModelCard,
    model: str,
    header: Header,
    frame: int,
    probabilities: NDArray[np.float32],
    *,
    warnings: tuple[str, ...] = (),
    elapsed_ms: float = 0.0,
    device: str = "cpu",
) -> Prediction:
    """The prediction that (K,) probabilities, in the card's order, amount to.

    `model` is what the prediction says it comes from; `warnings` follow the one about coverage.
    """
    suggestion, reason = _suggestion(card, header, probabilities)
    return Prediction(
        sop_instance_uid=header.sop_instance_uid,
        frame=frame,
        model=model,
        findings=tuple(
            FindingProbability(name, float(p))
            for name, p in zip(card.finding_names, probabilities, strict=True)
        ),
        suggestion=suggestion,
        uncertainty=uncertainty_of(probabilities, card.task),
        warnings=(*((reason,) if reason else ()), *warnings),
        elapsed_ms=elapsed_ms,
        device=device,
    )


def uncertainty_of(probabilities: NDArray[np.float32], task: Task) -> float:
    """Entropy over its maximum, in [0, 1]; for several findings at once the mean of binary entropies."""
    p = np.asarray(probabilities, dtype=np.float64)
    if task == "multilabel":
        return float(np.mean(_entropy_terms(p) + _entropy_terms(1.0 - p)) / np.log(2.0))
    return float(np.clip(_entropy_terms(p).sum() / np.log(max(len(p), 2)), 0.0, 1.0))


def _entropy_terms(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-p * np.log(np.maximum(p, 1e-300)), dtype=np.float64)


def _suggestion(
    card: ModelCard, header: Header, probabilities: NDArray[np.float32]
) -> tuple[str | None, str | None]:
    """The suggested finding, or None and the reason why nothing is suggested."""
    if reason := reason_not_covered(card, header):
        return None, reason
    best = int(np.argmax(probabilities))
    if card.task == "multilabel" and probabilities[best] < LEAST_TO_SUGGEST:
        if "no-finding" in card.finding_names:
            return "no-finding", None
        return None, "No finding reaches a probability of one half, so nothing is suggested."
    return card.finding_names[best], None
