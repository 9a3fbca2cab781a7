"""The films that are nearest to one, by the embeddings of one model: exact, however many there are.

What two films have in common is told by the cosine between their embeddings, measured from the middle of
the films that the model knows. Embeddings of one network point into much the same direction, and what they
share says nothing: the cosine from the origin is .9 between any two films. Measured from the middle it is
about 0 between any two, and of the six films nearest to one of another patient more show what that one shows
than by the distance or by the plain cosine (docs/benchmarks.md; Suzuki et al. 2013 explain why: from the
middle no film is everybody's neighbour). A length says how strongly a network answers, which exposure
changes too, so it is left out.

`nearest` compares every film in one product of a matrix and a vector in single precision. How far such a
product can be from the true value is known, so only the few films that may be among the nearest are compared
once more in double precision, and the answer is the one that comparing all of them so gives.

That product has to go through 200 MB where there are 100,000 films. `NearestFilms` keeps where each film lies
along the few directions in which films differ most, and how much of it lies elsewhere; that bounds what its
cosine can be (Cauchy-Schwarz), a hundredth of the films is left, and the answer is the same. Free of torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Embeddings = NDArray[np.float32]

_EPSILON = float(np.finfo(np.float32).eps)
_LEAST_LENGTH = np.float32(1e-30)
"""What is nearer to the middle than this is compared in double precision in any case."""
_GATHERED_SHARE = 0.1
"""Fewer rows than this share are copied before they are compared; more are compared where they lie."""
_USELESS_SHARE = 0.5
"""Bounds that leave more than this share of many films are given up."""
_SAMPLE = 2000  # films that the directions are found from
_AT_ONCE = 4096  # films whose places are worked out together


class NearestFilms:
    """Searches the rows of a matrix that grows and changes; the answers are those of `nearest`.

    Parameters
    ----------
    centre
        (D,) the middle of the films that a model knows; None measures from the origin.
    sketched_from
        From so many films on the bounds are worth their room.
    directions
        How many directions a film's place is kept along; 0 keeps none.
    """

    def __init__(
        self, centre: NDArray[np.floating] | None = None, *, sketched_from: int = 4096, directions: int = 64
    ) -> None:
        self._centre = None if centre is None else np.asarray(centre, np.float64)
        self._sketched_from = sketched_from
        self._directions = directions
        self._basis: Floats | None = None  # (K, D), orthonormal
        self._lengths = np.zeros(0, np.float32)
        self._places: Embeddings = np.zeros((0, 0), np.float32)  # (rows, K) along the directions
        self._rest = np.zeros(0, np.float32)  # length of what lies across them
        self._noted = 0  # rows below have been looked at
        self._stale: set[int] = set()  # and these of them have to be again

    def note(self, row: int) -> None:
        """A row below those of the last search holds another embedding now."""
        if row < self._noted:
            self._stale.add(row)

    def nearest(
        self, matrix: Embeddings, query: NDArray[np.floating], count: int, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], Floats]:
        """As the function of that name; every row that changed since the last time has to be noted."""
        centre = self._centre if self._centre is not None else np.zeros(matrix.shape[1])
        self._catch_up(matrix, centre)
        if self._basis is not None and len(rows) > count > 0:
            rows = self._possible(self._basis, matrix, centre, query, count, np.sort(rows))
        return nearest(matrix, self._lengths[: len(matrix)], centre, query, count, rows)

    def _possible(
        self,
        basis: Floats,
        matrix: Embeddings,
        centre: Floats,
        query: NDArray[np.floating],
        count: int,
        rows: NDArray[np.intp],
    ) -> NDArray[np.intp]:
        """Those of `rows` that may be among the nearest, by the bounds of their cosines."""
        away = np.asarray(query, np.float64) - centre
        length = float(np.sqrt((away**2).sum()))
        if not length > 0:
            return rows
        away /= length
        along = basis @ away
        across = np.float32(np.sqrt(max(1.0 - float((along**2).sum()), 0.0)))
        whole = len(rows) >= _GATHERED_SHARE * len(matrix)
        places, rest = self._places[: len(matrix)], self._rest[: len(matrix)]
        apart = np.maximum(self._lengths[: len(matrix)], _LEAST_LENGTH)
        pointing = along.astype(np.float32)
        if whole:
            most = ((places @ pointing + rest * across) / apart)[rows]
        else:
            most = (places[rows] @ pointing + rest[rows] * across) / apart[rows]
        likely = rows[np.argpartition(-most, count - 1)[:count]]
        least = _similarities(matrix[likely], centre, away).min()  # so much have `count` films at least
        slack = (self._directions + 64) * _EPSILON
        left = rows[(most >= least - slack) | (apart[rows] <= _LEAST_LENGTH)]
        if len(left) > _USELESS_SHARE * len(rows):  # films that differ in every direction alike
            self._basis, self._directions = None, 0
        return np.asarray(left, np.intp)

    def _catch_up(self, matrix: Embeddings, centre: Floats) -> None:
        """Work out the places of rows that are new or changed."""
        if self._basis is None and self._directions and len(matrix) >= self._sketched_from:
            self._basis = _directions(matrix, centre, self._directions)
            self._noted = 0
        self._make_room(len(matrix))
        rows = np.array([*sorted(self._stale), *range(self._noted, len(matrix))], np.intp)
        for few in np.array_split(rows, max(1, -(-len(rows) // _AT_ONCE))):
            away = matrix[few].astype(np.float64) - centre
            squares = (away**2).sum(axis=1)
            self._lengths[few] = np.sqrt(squares)
            if self._basis is not None:
                places = away @ self._basis.T
                self._places[few] = places
                self._rest[few] = np.sqrt(np.maximum(squares - (places**2).sum(axis=1), 0.0))
        self._noted = len(matrix)
        self._stale.clear()

    def _make_room(self, count: int) -> None:
        width = 0 if self._basis is None else len(self._basis)
        have = len(self._lengths)
        if count > have or width != self._places.shape[1]:
            room = count if not have else max(count, 2 * have if count > have else have)
            places = np.zeros((room, width), np.float32)
            if width == self._places.shape[1]:
                places[:have] = self._places
            self._places = places
            self._lengths = np.concatenate([self._lengths, np.zeros(room - have, np.float32)])
            self._rest = np.concatenate([self._rest, np.zeros(room - have, np.float32)])


def _directions(matrix: Embeddings, centre: Floats, count: int) -> Floats:
    """(K, D) orthonormal directions along which films differ most from `centre`, found from some of them."""
    some = matrix[np.linspace(0, len(matrix) - 1, min(_SAMPLE, len(matrix)), dtype=np.intp)]
    away = some.astype(np.float64) - centre
    _, vectors = np.linalg.eigh(away.T @ away)  # the weakest first
    return np.ascontiguousarray(vectors[:, ::-1][:, :count].T)


def lengths_from(matrix: NDArray[np.floating], centre: Floats) -> NDArray[np.float32]:
    """(N,) distances of (N, D) embeddings from the (D,) middle: what `nearest` wants to have at hand."""
    away = np.asarray(matrix, np.float64) - centre
    return np.asarray(np.sqrt((away**2).sum(axis=-1)), np.float32)


def nearest(
    matrix: NDArray[np.float32],
    lengths: NDArray[np.float32],
    centre: Floats,
    query: NDArray[np.floating],
    count: int,
    rows: NDArray[np.intp],
) -> tuple[NDArray[np.intp], Floats]:
    """The rows whose embeddings point most nearly where a query does, seen from `centre`.

    Parameters
    ----------
    matrix
        (N, D) float32.
    lengths
        (N,) as `lengths_from` gives them.
    centre
        (D,) float64, from where directions are measured.
    query
        (D,) of the same model.
    count
        How many at most.
    rows
        The rows that count, each once.

    Returns
    -------
    rows, similarities
        The most similar first, of equals the one that comes first in the matrix. Similarities are cosines
        in [-1, 1], in double precision; 0 where a film lies in the middle itself and has no direction.
    """
    away = np.asarray(query, np.float64) - centre
    length = float(np.sqrt((away**2).sum()))
    if count < 1 or not len(rows):
        return np.zeros(0, np.intp), np.zeros(0)
    rows = np.sort(rows)
    if length > 0:
        away /= length
        rows = rows[_may_be_nearest(matrix, lengths, centre, away, count, rows)]
    similarities = _similarities(matrix[rows], centre, away)
    first = np.argsort(-similarities, kind="stable")[:count]
    return rows[first], similarities[first]


def _may_be_nearest(
    matrix: NDArray[np.float32],
    lengths: NDArray[np.float32],
    centre: Floats,
    away: Floats,
    count: int,
    rows: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Which of `rows` may be among the `count` nearest, as far as single precision can tell."""
    pointing = away.astype(np.float32)
    if len(rows) < _GATHERED_SHARE * len(matrix):
        along = matrix[rows] @ pointing
    else:
        along = (matrix @ pointing)[rows]
    apart = np.maximum(lengths[rows], _LEAST_LENGTH)
    # A product of D terms is off by at most about D eps |x| |u| (Higham 2002, 3.1), and |x| <= |x - c| + |c|.
    # What cannot be told apart so, near the middle or without a finite value, stays in the race.
    offset = np.float32((centre * away).sum())
    middle = np.float32(np.sqrt((centre**2).sum()))
    with np.errstate(over="ignore", invalid="ignore"):
        slack = np.float32((matrix.shape[1] + 16) * _EPSILON) * (1 + 2 * middle / apart)
        told = (along - offset) / apart
        surely = np.where(apart > _LEAST_LENGTH, np.nan_to_num(told - slack, nan=-np.inf), -np.inf)
        possibly = np.where(apart > _LEAST_LENGTH, np.nan_to_num(told + slack, nan=np.inf), np.inf)
    if len(rows) <= count:
        return np.ones(len(rows), np.bool_)
    threshold = np.partition(surely, len(rows) - count)[len(rows) - count]
    return np.asarray(possibly >= threshold, np.bool_)


def _similarities(embeddings: NDArray[np.float32], centre: Floats, away: Floats) -> Floats:
    """(M,) cosines of (M, D) embeddings with a direction, each summed by itself: the same in any company."""
    directions = embeddings.astype(np.float64) - centre
    lengths = np.sqrt((directions**2).sum(axis=1))
    along = (directions * away).sum(axis=1)
    return np.asarray(np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0), np.float64)
