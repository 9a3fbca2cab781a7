"""Describing what a network that was just trained knows, from the films it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.evidence import run
from inference.network import LoadedModel
from inference.preprocess import normalise
from inference.typical import LEAST_IMAGES, MOST_IMAGES, Typical, descriptions
from training.tensors import Films

BATCH = 32


def typical_of(
    model: LoadedModel,
    films: Films,
    trained: Sequence[int],
    held_out: Sequence[int],
    look_up: Callable[[], None],
    seed: int = 0,
) -> Typical | None:
    """What is typical of the films in rows `trained`; None where there are too few of them to say.

    Parameters
    ----------
    held_out
        Rows of films that the weights were not fitted to: the limit is not set below what holds for them.
    look_up
        Called at every batch; raises to stop.
    """
    if len(trained) < LEAST_IMAGES:
        return None
    random = np.random.default_rng(seed)
    some = np.sort(random.permutation(np.asarray(trained))[:MOST_IMAGES])
    known = described(model, films, some.tolist(), look_up)
    outside = described(model, films, held_out[:MOST_IMAGES], look_up) if held_out else None
    if not np.isfinite(known).all():
        return None
    return Typical.fit(known, [films.samples[i].patient for i in some], outside, seed=seed)


def described(
    model: LoadedModel, films: Films, rows: Sequence[int], look_up: Callable[[], None] | None = None
) -> NDArray[np.float32]:
    """(len(rows), P) float32 descriptions of decoded films (`inference.typical`)."""
    told = []
    for start in range(0, len(rows), BATCH):
        if look_up is not None:
            look_up()
        batch = films.batch(rows[start : start + BATCH], model.device)
        told.append(descriptions(model, run(model, normalise(batch, model.card.preprocessing))))
    return np.concatenate(told).astype(np.float32)
