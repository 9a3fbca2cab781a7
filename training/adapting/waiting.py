"""Where a finding that the model has never seen lies among a site's films, most of which nobody has read.

A handful of examples says little about a direction among hundreds of features; the films around them say
more. They are taken as drawn from one normal distribution a finding, all with the covariance that the model's
own films have within a finding (linear discriminant analysis), and a few rounds of expectation and
maximisation (Dempster, Laird and Rubin 1977; with labels on some films: Nigam, McCallum, Thrun and Mitchell
2000) say how likely each shows which. What the findings that are known look like here is taken from the
model's own films, moved as a whole: a site may look otherwise. Needs numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.replay import Replay

Floats = NDArray[np.float64]
EVENNESS = 3.0  # of the covariance's mean variance that every direction has on top: they are few films
BASE_FILMS = 30.0  # so many films do the model's own count as where a known finding lies
WAITING = 100.0  # so many films do those that wait count as, all together
ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Lie:
    """How the films of a model's own training lie.

    Parameters
    ----------
    means
        (K, D) of each finding; of one that no film shows, the mean of all.
    precision
        (D, D): inverse of the covariance within a finding, evened out.
    freedom
        The trace of precision times covariance: by how much, over the number of films, a mean of some films
        is farther from where it should be.
    is_shown
        (K,) whether any film shows it.
    """

    means: Floats
    precision: Floats
    freedom: float
    is_shown: NDArray[np.bool_]


@lru_cache(maxsize=2)
def _lie_of(replay: Replay) -> _Lie:
    """Worked out once for a model (a `Replay` is the same only as itself)."""
    shows = replay.truth == 1
    is_shown = shows.any(axis=0)
    x = replay.embeddings
    overall = x.mean(axis=0)
    means = np.stack([x[shown].mean(axis=0) if shown.any() else overall for shown in shows.T])
    apart = np.concatenate([x[shown] - mean for shown, mean in zip(shows.T, means, strict=True)])
    covariance = (apart.T @ apart).astype(np.float64) / len(apart)
    even = np.eye(len(covariance)) * max(EVENNESS * float(np.trace(covariance)) / len(covariance), 1e-12)
    precision = np.linalg.inv(covariance + even)
    return _Lie(means.astype(np.float64), precision, float((precision * covariance).sum()), is_shown)


def likely_findings(
    reviewed: NDArray[np.float32],
    truth: NDArray[np.int8],
    waiting: NDArray[np.float32],
    said: NDArray[np.floating],
    replay: Replay,
) -> Floats | None:
    """(N, K + M): how likely each of N films of a site shows which of K known and M added findings.

    Parameters
    ----------
    reviewed, truth
        (n, D) and (n, K + M): films that were decided; each added finding is present on at least one.
    waiting
        (N, D): films of the site, decided or not.
    said
        (N, K): the probabilities that the model's own head gives them.
    replay
        Films of the model's own training, by the K findings.

    Returns
    -------
    None where no film of the model's own training shows a finding, or none waits.
    """
    if not (replay.truth == 1).any() or not len(waiting):
        return None
    base, shows = _lie_of(replay), truth == 1
    known, count = len(base.means), shows.shape[1]
    decided = shows.sum(axis=0).astype(np.float64)  # (K + M,)
    sums = shows.T.astype(np.float64) @ reviewed
    each = min(1.0, WAITING / len(waiting))
    held = np.append(BASE_FILMS * base.is_shown, np.zeros(count - known))
    # At first every film is taken as one of a known finding, so that a site's look is nobody's sign.
    moved = waiting.mean(axis=0, dtype=np.float64) - said.mean(axis=0) @ base.means
    films, where = decided, sums
    likely: Floats | None = None
    for _ in range(ROUNDS):
        if likely is not None:
            films, where = decided + each * likely.sum(axis=0), sums + each * (likely.T @ waiting)
            moved = (where[:known].sum(axis=0) - films[:known] @ base.means) / (films[:known].sum() + 1.0)
        centres = np.vstack([base.means + moved, np.zeros((count - known, len(moved)))])
        means = (where + held[:, None] * centres) / np.maximum(films + held, 1e-9)[:, None]
        rows = means @ base.precision
        by_chance = 0.0 if likely is not None else base.freedom / np.maximum(films + held, 0.5)
        share = (films + 1.0) / (films.sum() + count)
        scores = waiting @ rows.T + np.log(share) - 0.5 * ((rows * means).sum(axis=1) - by_chance)
        scores[:, films + held == 0] = -np.inf
        scores -= scores.max(axis=1, keepdims=True)
        likely = np.exp(scores)
        likely /= likely.sum(axis=1, keepdims=True)
    return likely
