"""Re-fitting a model's head from the reviews in one go: what the command does, with everything read anew.

The window asks a process that keeps what it read (`app.fitting`). The embeddings of reviewed images come
from the cache; what is missing there is computed by whoever calls this.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.workplace import Workplace
from inference.adapted import AdaptedHead
from inference.card import FindingName, ModelCard
from inference.coverage import reason_not_covered
from inference.features import feature_key
from training.adapting.head import AROUND, Around, adapt
from training.errors import TooLittleData
from training.replay import replay_of
from training.samples import Sample, Samples, from_store

Embedding = NDArray[np.float32]
AT_ONCE = 500


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """What an adaptation did: of which model, from how many reviews, in what time.

    Parameters
    ----------
    samples
        Every review that the model covers, those of the test part too.
    embeddings
        By image (`Sample.image`): of the reviews that were fitted.
    """

    base: str
    reviews: int
    elapsed_s: float
    head: AdaptedHead
    samples: Samples
    embeddings: dict[str, Embedding]
    remarks: tuple[str, ...] = ()


def adapt_head(
    workplace: Workplace,
    card: ModelCard,
    head: tuple[Embedding, Embedding],
    embed: Callable[[Sample], Embedding | None],
) -> Adapted:
    """Re-fit and store the adapted head of one model (`refit`)."""
    done = refit(workplace, card, head, embed)
    done.head.write(workplace.adapted_head_path(card))
    return done


def refit(
    workplace: Workplace,
    card: ModelCard,
    head: tuple[Embedding, Embedding],
    embed: Callable[[Sample], Embedding | None],
    *,
    least_examples: int = 1,
) -> Adapted:
    """Fit the head of a model to all reviews that may be learned from, and to what the model was trained on.

    Where no review may be learned from yet, the adapted head is the model's own, and a remark says so.

    Parameters
    ----------
    head
        The model's own head: weight (K, D) and bias (K,).
    embed
        Gives the embedding (D,) of a sample that the cache does not hold, or None if it cannot.
    least_examples
        How many films have to show a finding that readers added, for it to be one of the head's.
    """
    started = time.perf_counter()
    embeddings: dict[str, Embedding] = {}
    remarks: list[str] = []
    samples = from_store(workplace.store, card, least_examples=least_examples)
    for sample in samples.of_part("train", "validation"):
        embedding = workplace.features.get(feature_key(card, sample.header, sample.frame))
        if embedding is None:
            embedding = embed(sample)
        if embedding is None:
            remarks.append(f"{sample.header.path} could not be looked at and was left out.")
            continue
        embeddings[sample.image] = embedding
    try:
        adapted = adapt(
            [sample for sample in samples.samples if sample.image in embeddings],
            lambda sample: embeddings[sample.image],
            head,
            card.finding_names,
            base=card.id,
            task=card.task,
            temperature=card.temperature,
            replay=replay_of(workplace.registry, card),
            added=tuple(FindingName(name, display) for name, display in samples.display_names),
            around=_around(workplace, card),
        )
    except TooLittleData as error:
        remarks.append(f"The head stays as it is: {error}.")
        adapted = AdaptedHead(card.id, head[0], head[1], card.finding_names, reviews=0)
    adapted = replace(adapted, base_sha256=card.weights_sha256)
    elapsed_s = time.perf_counter() - started
    return Adapted(card.id, adapted.reviews, elapsed_s, adapted, samples, embeddings, tuple(remarks))


def _around(workplace: Workplace, card: ModelCard) -> Around | None:
    """How the newest films lie that the model has looked at and that are not of the test part."""
    store, found = workplace.store, []
    rows = [row for study in store.studies_newest_first() for row in study]
    for first in range(0, len(rows), AT_ONCE):
        known = store.images_in(rows[first : first + AT_ONCE])
        for header in known.headers:
            if known.parts.get(header.sop_instance_uid) == "test" or reason_not_covered(card, header):
                continue
            seen = (workplace.features.get(feature_key(card, header, n + 1)) for n in range(header.frames))
            found += [embedding for embedding in seen if embedding is not None]
        if len(found) >= AROUND:
            break
    return Around.of(np.stack(found[:AROUND])) if found else None
