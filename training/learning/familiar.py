"""What a network that was just trained knows, from one look at the films it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.evidence import run
from inference.network import LoadedModel
from inference.preprocess import normalise
from inference.typical import LEAST_IMAGES, MOST_IMAGES, Typical, descriptions
from training.learning.tensors import Films
from training.replay import Replay

BATCH = 32


def known_of(
    model: LoadedModel,
    films: Films,
    trained: Sequence[int],
    held_out: Sequence[int],
    findings: Sequence[str],
    look_up: Callable[[], None],
    seed: int = 0,
) -> tuple[Typical | None, Replay | None]:
    """What is typical of the films in rows `trained`, None where there are too few of them to say; and their
    embeddings, for whoever re-fits the head.

    Parameters
    ----------
    held_out
        Rows of films that the weights were not fitted to: the limit is not set below what holds for them.
    findings
        What the films' `truth` is about, in its order.
    look_up
        Called at every batch; raises to stop.
    """
    random = np.random.default_rng(seed)
    some = np.sort(random.permutation(np.asarray(trained, np.intp))[:MOST_IMAGES]).tolist()
    if not some:
        return None, None
    known, embeddings = looked_at(model, films, some, look_up)
    truth = [[-1 if t is None else t for t in films.samples[i].truth] for i in some]
    replay = Replay.chosen(embeddings, np.array(truth, np.int8), findings, seed=seed)
    if len(some) < LEAST_IMAGES or not np.isfinite(known).all():
        return None, replay
    outside = looked_at(model, films, held_out[:MOST_IMAGES], look_up)[0] if held_out else None
    return Typical.fit(known, [films.samples[i].patient for i in some], outside, seed=seed), replay


def looked_at(
    model: LoadedModel, films: Films, rows: Sequence[int], look_up: Callable[[], None] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(len(rows), P) descriptions (`inference.typical`) and (len(rows), D) embeddings of decoded films."""
    told, embeddings = [], []
    for start in range(0, len(rows), BATCH):
        if look_up is not None:
            look_up()
        batch = films.batch(rows[start : start + BATCH], model.device)
        found = run(model, normalise(batch, model.card.preprocessing))
        told.append(descriptions(model, found))
        embeddings.append(found.embedding)
    return np.concatenate(told).astype(np.float32), np.concatenate(embeddings).astype(np.float32)
