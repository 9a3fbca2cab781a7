"""Which films a reader is asked about first: the order *ask first* of the worklist.

A reader's own urgent marks come first. After them three kinds of question take turns, since each alone
fails: films between two findings (small margin) teach most where the model is nearly right, and nothing
where it is wrong and sure; films unlike any that was read (farthest first: Gonzalez 1985; Sener and
Savarese 2018) find those, and run after outliers; a share drawn by lot does neither, keeps what is
measured honest, and is the only one that films of the test part come by: what the model says of them is
never looked at here, so that their place in the list tells nothing.

Needs numpy alone, and gives the same for the same films, probabilities and seed. Twenty thousand waiting
films are ordered in a fifth of a second.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.card import Task

Floats = NDArray[np.float32]
Why = Literal["urgent", "unsure", "unlike", "lot", "later"]

WHY: tuple[Why, ...] = ("urgent", "unsure", "unlike", "lot", "later")
"""Why a film has its place: its reader's mark, a small margin, unlike what was read, by lot; or, behind
those that are asked for, by its margin."""

TURNS: tuple[Why, ...] = ("unlike", "unsure", "unlike", "lot")
"""Which kind of question is asked in turn, again and again. Two of what is unlike, since margins alone lead
past a finding that the model has never seen: it is sure that those films are something else."""
ASKED = 100  # places that are given out in turns; a reader's correction orders anew long before they end
SKETCH = 32  # numbers that distances between films are worked out from
LANDMARKS = 512  # read films that others are compared with: half of them the latest


@dataclass(frozen=True, slots=True, eq=False)
class AskOrder:
    """An order of N waiting films.

    Parameters
    ----------
    order
        (N,) intp: the films, by their rows, in the order in which they are asked about.
    why
        (N,) int8 by film: index into `WHY`.
    leading
        (N, 2) int8 by film: the two most probable findings (several at once: the one that is nearest
        to its operating point, twice); -1 for films that are hidden or that the model has not seen.
    """

    order: NDArray[np.intp]
    why: NDArray[np.int8]
    leading: NDArray[np.int8]

    def why_of(self, film: int) -> Why:
        return WHY[int(self.why[film])]


def ask_order(
    embeddings: NDArray[np.floating],
    probabilities: NDArray[np.floating],
    decided: NDArray[np.floating],
    urgent: NDArray[np.bool_],
    hidden: NDArray[np.bool_],
    seed: int = 0,
    *,
    task: Task = "multiclass",
    operating_points: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    reading: int | None = None,
    turn: int | None = None,
) -> AskOrder:
    """Order waiting films.

    Parameters
    ----------
    embeddings
        (N, D) of the waiting films; a row that is not finite is of a film that was not looked at yet.
    probabilities
        (N, K) calibrated: the site-adapted ones where there are, else the model's own.
    decided
        (M, D) of the films that were read, in the order in which they were.
    urgent
        (N,) whether the reader marked the film.
    hidden
        (N,) whether the reader is not told what the model says of the film. Their embeddings and
        probabilities may hold anything.
    operating_points
        K, for several findings at once; 0.5 each where they are not given.
    names
        N names that the films keep for good, by which lots are drawn: so an order does not change with the
        rows in which films are given. Without, films are named by their rows.
    reading
        The row of the film that is on the screen: it stands first, before marks, and takes its turn.
    turn
        At which of the turns to begin; without, each read film was one. A reader who is asked about the
        first film of each new order so gets all kinds of questions.
    """
    count = len(embeddings)
    lots = _lots([str(row) for row in range(count)] if names is None else names, seed)
    is_seen = ~hidden
    is_seen[is_seen] = np.isfinite(probabilities[is_seen]).all(axis=1)
    is_seen[is_seen] = np.isfinite(embeddings[is_seen].sum(axis=1))
    margins = np.full(count, np.inf)
    leading = np.full((count, 2), -1, np.int8)
    margins[is_seen], leading[is_seen] = margins_of(probabilities[is_seen], task, operating_points)
    first = [] if reading is None else [reading]
    marked = [int(row) for row in np.flatnonzero(urgent)[np.argsort(lots[urgent])] if row != reading]
    asking = _Asking(margins, _Unlike(embeddings, decided, is_seen), hidden, lots)
    begin = (len(decided) if turn is None else turn) + len(first)
    order, why = asking.in_turns([*first, *marked], begin)
    why[urgent] = WHY.index("urgent")
    return AskOrder(order, why, leading)


def _lots(names: Sequence[str], seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) for each name (splitmix64 of its CRC)."""
    drawn = np.fromiter(
        (zlib.crc32(name.encode("utf-8", "surrogatepass")) for name in names), np.uint64, len(names)
    )
    drawn += np.uint64(seed % 2**32) << np.uint64(32)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        drawn = (drawn ^ (drawn >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((drawn ^ (drawn >> np.uint64(31))) >> np.uint64(11), np.float64) / 2.0**53


def margins_of(
    probabilities: NDArray[np.floating], task: Task, operating_points: Sequence[float] | None
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """(n,) how far the model is from another answer, and (n, 2) the findings that this is about."""
    said = np.asarray(probabilities, np.float64)
    if task == "multilabel":
        points = 0.5 if operating_points is None else np.asarray(operating_points, np.float64)
        distance = np.abs(said - points)
        nearest = distance.argmin(axis=1)
        leading = np.stack([nearest, nearest], axis=1)
        return distance.min(axis=1), leading.astype(np.int8)
    leading = np.argsort(-said, axis=1, kind="stable")[:, :2]
    top = np.take_along_axis(said, leading, axis=1)
    return top[:, 0] - top[:, 1], leading.astype(np.int8)


class _Unlike:
    """How far each film is from its nearest read or chosen one, brought up to date as films are chosen.

    Distances are between sketches: embeddings, each of length one, projected to `SKETCH` random directions
    (Johnson and Lindenstrauss 1984).
    """

    def __init__(
        self, embeddings: NDArray[np.floating], decided: NDArray[np.floating], is_seen: NDArray[np.bool_]
    ) -> None:
        self._rows = np.flatnonzero(is_seen)
        self._place = np.full(len(embeddings), -1, np.intp)
        self._place[self._rows] = np.arange(len(self._rows))
        width = embeddings.shape[1]
        directions = np.random.default_rng(width).standard_normal((width, SKETCH)).astype(np.float32)
        self._sketches = _sketched(embeddings[self._rows], directions)
        read = _sketched(_landmarks(decided), directions)
        if not len(read) and len(self._rows):
            read = self._sketches.mean(axis=0, keepdims=True)  # nothing was read: from the middle outwards
        self.distance = np.full(len(self._rows), np.inf, np.float32)
        self._come_near(read)
        self._chosen: list[int] = []

    def choose(self, row: int) -> None:
        """Count a film as read."""
        if self._place[row] >= 0:
            self._chosen.append(int(self._place[row]))

    def farthest(self, is_open: NDArray[np.bool_]) -> int | None:
        """The open film that is farthest from every read or chosen one; None where none was seen."""
        if self._chosen:
            self._come_near(self._sketches[self._chosen])
            self._chosen = []
        distance = np.where(is_open[self._rows], self.distance, -1.0)
        if not len(distance) or distance.max() < 0:
            return None
        return int(self._rows[int(distance.argmax())])

    def _come_near(self, others: Floats) -> None:
        """Some more films are near: (n, SKETCH)."""
        for first in range(0, len(others), 64):
            some = others[first : first + 64]
            nearest = ((some**2).sum(axis=1) - 2.0 * (self._sketches @ some.T)).min(axis=1)
            np.minimum(self.distance, nearest + (self._sketches**2).sum(axis=1), out=self.distance)


def _sketched(embeddings: NDArray[np.floating], directions: Floats) -> Floats:
    rows = np.asarray(embeddings, np.float32)
    length = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    return np.asarray((rows @ directions) / np.maximum(length, 1e-12)[:, None], np.float32)


def _landmarks(decided: NDArray[np.floating]) -> NDArray[np.floating]:
    """Read films to compare with: all where they are few, else the latest and an even choice of the rest."""
    if len(decided) <= LANDMARKS:
        return decided
    half = LANDMARKS // 2
    earlier = np.linspace(0, len(decided) - half - 1, half).astype(np.intp)
    return np.concatenate((decided[earlier], decided[-half:]))


class _Asking:
    """Gives out places."""

    def __init__(
        self,
        margins: NDArray[np.float64],
        unlike: _Unlike,
        hidden: NDArray[np.bool_],
        lots: NDArray[np.float64],
    ) -> None:
        self._margins = margins
        self._unlike = unlike
        self._lots = lots
        self._is_open = np.ones(len(margins), np.bool_)
        by_margin = np.lexsort((lots, margins))[: int(np.isfinite(margins).sum())]
        by_lot = np.argsort(lots, kind="stable")
        self._unsure: Iterator[int] = iter(by_margin.tolist())
        self._any: Iterator[int] = iter(by_lot.tolist())
        self._any_hidden: Iterator[int] = iter(by_lot[hidden[by_lot]].tolist())

    def in_turns(self, first: list[int], begin: int) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
        """Every film in order behind the `first`, and why each has its place."""
        why = np.full(len(self._margins), WHY.index("later"), np.int8)
        self._is_open[first] = False
        asked = list(first)
        for place in first:
            self._unlike.choose(place)
        for turn in range(begin, begin + ASKED):
            kind = TURNS[turn % len(TURNS)]
            row = self._next(kind, turn)
            if row is None:  # nothing of this kind is left
                kind, row = "lot", self._next("lot", turn)
            if row is None:
                break
            self._is_open[row] = False
            self._unlike.choose(row)
            why[row] = WHY.index(kind)
            asked.append(row)
        return np.concatenate((np.asarray(asked, np.intp), self._rest())), why

    def _next(self, kind: Why, turn: int) -> int | None:
        if kind == "unlike":
            return self._unlike.farthest(self._is_open)
        if kind == "unsure":
            return self._first_open(self._unsure)
        # Every other lot is drawn among films of the test part: by their number alone they would wait long.
        is_for_test = turn // len(TURNS) % 2 == 0
        hidden = self._first_open(self._any_hidden) if is_for_test else None
        return self._first_open(self._any) if hidden is None else hidden

    def _first_open(self, rows: Iterator[int]) -> int | None:
        return next((row for row in rows if self._is_open[row]), None)

    def _rest(self) -> NDArray[np.intp]:
        """The films that are left, by margin; those without one are strewn among them by lot."""
        rows = np.flatnonzero(self._is_open)
        rows = rows[np.lexsort((self._lots[rows], self._margins[rows]))]
        known = int(np.isfinite(self._margins[rows]).sum())
        place = np.concatenate(((np.arange(known) + 0.5) / max(known, 1), self._lots[rows[known:]]))
        return np.asarray(rows[np.argsort(place, kind="stable")], np.intp)
