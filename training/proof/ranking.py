"""How well scores rank films with a finding above films without it: areas, points and curves.

Everything is computed with weights, one row of weights per bootstrap resample, over groups of equal scores:
films of one score cannot be told apart, so they count as called together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SPECIFICITIES = (0.90, 0.95)
"""At which sensitivity is told: one false alarm in ten, and in twenty, of the films without the finding."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What calling a finding present from each score on amounts to, for each row of weights.

    Parameters
    ----------
    scores
        (G,) different scores, from the highest down.
    hits, alarms
        (B, G) weight of the films with and without the finding that have this score or a higher one.
    present, absent
        (B,) weight of all of them.
    """

    scores: Floats
    hits: Floats
    alarms: Floats

    @property
    def present(self) -> Floats:
        return self.hits[:, -1]

    @property
    def absent(self) -> Floats:
        return self.alarms[:, -1]


def ranking(truth: Floats, scores: Floats, weights: Floats) -> Ranking | None:
    """The ranking of one finding; None where nothing is known of it.

    Parameters
    ----------
    truth, scores
        (n,); truth 1, 0 or NaN (left out).
    weights
        (B, n), how often each film counts.
    """
    known = np.flatnonzero(np.isfinite(truth))
    if not known.size:
        return None
    order = known[np.argsort(-scores[known], kind="stable")]
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    own = weights[:, order]
    hits = np.cumsum(np.add.reduceat(own * truth[order], starts, axis=1), axis=1)
    alarms = np.cumsum(np.add.reduceat(own * (1 - truth[order]), starts, axis=1), axis=1)
    return Ranking(ordered[starts], hits, alarms)


def area_under_roc(truth: Floats, scores: Floats, weights: Floats) -> Floats:
    """Weighted AUROC of one finding for each row of weights (ties count half).

    Returns
    -------
    (B,), NaN where a row holds only present or only absent.
    """
    ranked = ranking(truth, scores, weights)
    return np.full(len(weights), np.nan) if ranked is None else auroc(ranked)


def auroc(ranked: Ranking) -> Floats:
    """(B,) share of pairs, one with the finding and one without, that are ranked the right way round."""
    new_hits = np.diff(ranked.hits, axis=1, prepend=0)
    new_alarms = np.diff(ranked.alarms, axis=1, prepend=0)
    below = ranked.absent[:, None] - ranked.alarms
    wins = (new_hits * (below + 0.5 * new_alarms)).sum(axis=1)
    return _divided(wins, ranked.present * ranked.absent)


def average_precision(ranked: Ranking) -> Floats:
    """(B,) area under the precision-recall curve, as the mean precision over the films with the finding.

    Steps, not straight lines, join its points (Davis and Goadrich 2006). Without skill it is the share of
    films that show the finding. NaN where a row holds only present or only absent.
    """
    called = ranked.hits + ranked.alarms
    precision = np.where(called > 0, ranked.hits / np.where(called > 0, called, 1), 0)
    gained = (np.diff(ranked.hits, axis=1, prepend=0) * precision).sum(axis=1)
    area = _divided(gained, ranked.present)
    return np.where(ranked.absent > 0, area, np.nan)


def sensitivity_at(ranked: Ranking, specificity: float) -> Floats:
    """(B,) the largest sensitivity at which at least `specificity` of the films without the finding are not
    called; NaN where a row holds only present or only absent."""
    allowed = ranked.alarms <= (1 - specificity) * ranked.absent[:, None] + 1e-9
    hits = np.where(allowed, ranked.hits, 0).max(axis=1)
    found = _divided(hits, ranked.present)
    return np.where(ranked.absent > 0, found, np.nan)


def roc_points(truth: Floats, scores: Floats) -> tuple[Floats, Floats] | None:
    """(false positive rate, true positive rate) of one finding, from (0, 0) to (1, 1); None if one kind."""
    ranked = _of_both_kinds(truth, scores)
    if ranked is None:
        return None
    return (
        np.r_[0.0, ranked.alarms[0] / ranked.absent[0]],
        np.r_[0.0, ranked.hits[0] / ranked.present[0]],
    )


def precision_recall_points(truth: Floats, scores: Floats) -> tuple[Floats, Floats] | None:
    """(recall, precision) of one finding, from the highest score down to the lowest; None if one kind."""
    ranked = _of_both_kinds(truth, scores)
    if ranked is None:
        return None
    hits, alarms = ranked.hits[0], ranked.alarms[0]
    return hits / ranked.present[0], hits / (hits + alarms)


def _of_both_kinds(truth: Floats, scores: Floats) -> Ranking | None:
    ranked = ranking(truth, scores, np.ones((1, len(truth))))
    if ranked is None or not ranked.present[0] or not ranked.absent[0]:
        return None
    return ranked


def _divided(values: Floats, totals: Floats) -> Floats:
    return np.where(totals > 0, values / np.where(totals > 0, totals, 1), np.nan)
