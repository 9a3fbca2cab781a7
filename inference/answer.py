"""From probabilities to a prediction: what is suggested, how sure it is, and what a reader is warned of.

Free of torch, so that the window can score embeddings with a head that was re-fitted a moment ago.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inference.card import ModelCard, Task
from inference.coverage import reason_not_covered
from inference.prediction import FindingProbability, Prediction
from studies.image import Header

LEAST_TO_SUGGEST = 0.5
"""The operating point of a finding, among several at once, for which the card has none."""
LEAST_LUNG_SHARE = 0.5
"""Evidence of which less lies in the lungs is evidence for something else, and the reader is told."""


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
    unfamiliarity: float | None = None,
    lung_shares: Mapping[str, float | None] | None = None,
    agreement: float | None = None,
    weights_sha256: str = "",
) -> Prediction:
    """The prediction that (K,) probabilities, in the card's order, amount to.

    Parameters
    ----------
    model
        What the prediction says it comes from.
    warnings
        What else has to be said; it follows the sentences that belong to the suggestion.
    unfamiliarity
        See `inference.typical`: above 1 nothing is suggested, whatever the probabilities.
    lung_shares
        By finding, the share of its positive evidence that lies in the lungs.
    agreement
        Share of altered copies with the same suggestion (`inference.agreement`).
    weights_sha256
        Of what said it, where that is not the card's weights alone.
    """
    suggestion, reason = _suggestion(card, header, probabilities, unfamiliarity)
    share = (lung_shares or {}).get(suggestion) if suggestion is not None else None
    told = [reason] if reason else []
    if share is not None and share < LEAST_LUNG_SHARE:
        told.append(
            f"Only {100 * share:.0f}% of the evidence for {card.display_of(str(suggestion))} "
            "lies in the lungs; the rest lies outside of them."
        )
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
        warnings=(*told, *warnings),
        elapsed_ms=elapsed_ms,
        device=device,
        margin=margin_of(card, probabilities),
        agreement=agreement,
        unfamiliarity=unfamiliarity,
        lung_share=share,
        weights_sha256=weights_sha256 or card.weights_sha256,
    )


def operating_points(card: ModelCard) -> NDArray[np.float64]:
    """(K,) probabilities from which on a finding, of several at once, is suggested."""
    return np.array([card.operating_points.get(name, LEAST_TO_SUGGEST) for name in card.finding_names])


def margin_of(card: ModelCard, probabilities: NDArray[np.float32]) -> float:
    """How near another answer is, in [0, 1].

    One of many: between the two largest probabilities. Several at once: the smallest distance of a
    probability from its operating point.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    if card.task == "multilabel":
        return float(np.abs(p - operating_points(card)).min())
    second, first = np.sort(p)[-2:]
    return float(first - second)


def suggested(card: ModelCard, probabilities: NDArray[np.float32]) -> str | None:
    """What (K,) probabilities suggest of an image that the model knows and is meant for.

    One of many: the most probable finding. Several at once: of those that reach their operating point the
    one that is furthest above it, else ``no-finding`` where the card has that, else None.
    """
    if card.task != "multilabel":
        return card.finding_names[int(np.argmax(probabilities))]
    above = np.asarray(probabilities, dtype=np.float64) - operating_points(card)
    best = int(np.argmax(above))
    if above[best] >= 0.0:
        return card.finding_names[best]
    return "no-finding" if "no-finding" in card.finding_names else None


def uncertainty_of(probabilities: NDArray[np.float32], task: Task) -> float:
    """Entropy over its maximum, in [0, 1]; for several findings at once the mean of binary entropies."""
    p = np.asarray(probabilities, dtype=np.float64)
    if task == "multilabel":
        return float(np.mean(_entropy_terms(p) + _entropy_terms(1.0 - p)) / np.log(2.0))
    return float(np.clip(_entropy_terms(p).sum() / np.log(max(len(p), 2)), 0.0, 1.0))


def suggestions_of(card: ModelCard, probabilities: NDArray[np.float32]) -> NDArray[np.int16]:
    """(N,) index of what each row of (N, K) probabilities suggests (`suggested`), -1 for nothing."""
    if card.task != "multilabel":
        return np.asarray(probabilities.argmax(axis=1), np.int16)
    above = np.asarray(probabilities, np.float64) - operating_points(card)
    names = card.finding_names
    otherwise = names.index("no-finding") if "no-finding" in names else -1
    best = above.argmax(axis=1)
    return np.asarray(np.where(above.max(axis=1) >= 0.0, best, otherwise), np.int16)


def uncertainties_of(probabilities: NDArray[np.float32], task: Task) -> NDArray[np.float32]:
    """(N,) `uncertainty_of` each row of (N, K) probabilities."""
    p = np.asarray(probabilities, np.float64)
    if task == "multilabel":
        even = (_entropy_terms(p) + _entropy_terms(1.0 - p)).mean(axis=1) / np.log(2.0)
        return np.asarray(even, np.float32)
    entropy = _entropy_terms(p).sum(axis=1) / np.log(max(p.shape[1], 2))
    return np.asarray(np.clip(entropy, 0.0, 1.0), np.float32)


def _entropy_terms(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-p * np.log(np.maximum(p, 1e-300)), dtype=np.float64)


def _suggestion(
    card: ModelCard,
    header: Header,
    probabilities: NDArray[np.float32],
    unfamiliarity: float | None,
) -> tuple[str | None, str | None]:
    """The suggested finding, or None and the reason why nothing is suggested."""
    if reason := reason_not_covered(card, header):
        return None, reason
    if unfamiliarity is not None and unfamiliarity > 1.0:
        return None, (
            f"This is not what {card.name or card.id} knows: the image lies {unfamiliarity:.2f} times as far "
            "from those it was trained on as it may, so nothing is suggested."
        )
    found = suggested(card, probabilities)
    if found is None:
        return None, "No finding reaches the probability from which on it is suggested."
    return found, None
