"""Cases like this: which of the films that readers decided on are most like one, for one model."""

from __future__ import annotations

import numpy as np

from app.fitting.films import ModelFilms
from app.fitting.messages import Nearest, Neighbours
from inference.neighbours import NearestFilms
from training.replay import Replay

LEAST_FOR_MIDDLE = 30
"""So many films tell where the middle is, for a model that brought none along."""


def nearest_decided(films: ModelFilms, replay: Replay | None, asked: Nearest) -> Neighbours:
    """The decided frames most like one.

    The middle from which films are compared is that of the films the model was trained on. A model that
    brought none along is given that of the films here, as they are when it is asked for the first time; as
    long as there are too few, none is compared with another.
    """
    row = films.table.row_of(asked.key)
    rows = films.decided_rows()
    rows = rows[rows != (-1 if row is None else row)]
    if row is None:
        return Neighbours(asked.request, asked.key, compared=len(rows), is_known=False)
    if films.near is None:
        films.near = _search(films, replay)
    if films.near is None or not len(rows):
        return Neighbours(asked.request, asked.key, compared=len(rows))
    matrix = films.table.matrix
    found, similarities = films.near.nearest(matrix, matrix[row], asked.count, rows)
    keys = tuple(films.table.keys[n] for n in found)
    return Neighbours(asked.request, asked.key, keys, tuple(map(float, similarities)), compared=len(rows))


def _search(films: ModelFilms, replay: Replay | None) -> NearestFilms | None:
    known = replay.embeddings if replay is not None else films.table.matrix
    if len(known) < LEAST_FOR_MIDDLE:
        return None
    return NearestFilms(known.mean(axis=0, dtype=np.float64))
