"""Re-fitting a model's head from the reviews: what the command and the window both do.

The embeddings of reviewed images come from the cache; what is missing there is computed by whoever
calls this (the command in its own process, the window in its worker).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.workplace import ADAPTED, Workplace
from inference.adapted import AdaptedHead
from inference.answer import prediction_from
from inference.card import ModelCard
from inference.coverage import reason_not_covered
from inference.features import feature_key
from inference.prediction import Prediction
from studies.image import Header
from training.adapt import adapt
from training.errors import TooLittleData
from training.samples import Sample, from_store

Embedding = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adapted:
    """What an adaptation did: of which model, from how many reviews, in what time."""

    base: str
    reviews: int
    elapsed_s: float
    remarks: tuple[str, ...] = ()


def adapt_head(
    workplace: Workplace,
    card: ModelCard,
    head: tuple[Embedding, Embedding],
    embed: Callable[[Sample], Embedding | None],
) -> Adapted:
    """Re-fit and store the adapted head of one model.

    Where no review may be learned from yet, the adapted head is the model's own, and a remark says so.

    Parameters
    ----------
    head
        The model's own head: weight (K, D) and bias (K,).
    embed
        Gives the embedding (D,) of a sample that the cache does not hold, or None if it cannot.
    """
    started = time.perf_counter()
    embeddings: dict[str, Embedding] = {}
    fitted: list[Sample] = []
    remarks: list[str] = []
    for sample in from_store(workplace.store, card).of_part("train", "validation"):
        embedding = workplace.features.get(feature_key(card, sample.header, sample.frame))
        if embedding is None:
            embedding = embed(sample)
        if embedding is None:
            remarks.append(f"{sample.header.path} could not be looked at and was left out.")
            continue
        embeddings[sample.image] = embedding
        fitted.append(sample)
    try:
        adapted = adapt(
            fitted,
            lambda sample: embeddings[sample.image],
            head,
            card.finding_names,
            base=card.id,
            task=card.task,
            temperature=card.temperature,
        )
    except TooLittleData as error:
        remarks.append(f"The head stays as it is: {error}.")
        adapted = AdaptedHead(card.id, head[0], head[1], card.finding_names, reviews=0)
    adapted.write(workplace.adapted_head_path(card))
    return Adapted(card.id, adapted.reviews, time.perf_counter() - started, tuple(remarks))


def rescore(
    workplace: Workplace,
    card: ModelCard,
    frames: list[tuple[str, int]],
    header_of: Callable[[str], Header | None],
) -> dict[tuple[str, int], Prediction]:
    """What the adapted head says of every frame whose embedding is in the cache; nothing without reviews.

    `header_of` finds an image by its SOPInstanceUID; it may be called from any thread.
    """
    head = AdaptedHead.read(workplace.adapted_head_path(card))
    if not head.reviews:
        return {}  # it is the model's own head, and there is nothing to tell apart
    scored: dict[tuple[str, int], Prediction] = {}
    for uid, frame in frames:
        header = header_of(uid)
        if header is None or reason_not_covered(card, header) is not None:
            continue
        key = feature_key(card, header, frame)
        embedding = workplace.features.get(key)
        if embedding is not None:
            scored[(uid, frame)] = prediction_from(
                card,
                ADAPTED,
                header,
                frame,
                head.probabilities(embedding, card.temperature, card.task),
                unfamiliarity=workplace.features.unfamiliarity(key),
            )
    return scored
