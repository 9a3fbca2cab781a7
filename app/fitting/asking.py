"""The order in which a reader is asked about waiting studies, worked out where the embeddings are.

Runs in the fitting process, and in the command line for people who want to see it. Which films wait, whose
marks count and which films hide what models say is read from the store; `training.adapting.asking` orders
them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.fitting.films import ModelFilms
from app.fitting.messages import Ask, Ordered
from inference.card import ModelCard
from reviews.record import Part
from reviews.store import Store
from training.adapting.asking import WHY, AskOrder, ask_order, margins_of

_MARKED = WHY.index("urgent")


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What one model, re-fitted or not, says of the films that it knows.

    Parameters
    ----------
    card
        With the findings that readers added.
    probabilities
        (N, K) of the rows of the films' table, calibrated.
    """

    films: ModelFilms
    card: ModelCard
    probabilities: NDArray[np.float32]


class Asking:
    """Orders waiting studies; remembers what the store told of images."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._study_of: dict[str, str] = {}  # by SOPInstanceUID
        self._part_of: dict[str, Part] = {}

    def forget_parts(self) -> None:
        """Images came: near-duplicates of known ones may have moved those to another part."""
        self._part_of.clear()

    def order(self, asked: Ask, several: Sequence[Said]) -> Ordered:
        """The waiting studies of some models, each once."""
        marked = {uid for uid, readers in self._store.studies_urgent().items() if asked.reader in readers}
        read = self._store.studies_read()
        orders = [self._of_model(asked, said, marked, read) for said in several]
        return _merged(asked, orders)

    def _of_model(self, asked: Ask, said: Said, marked: set[str], read: set[str]) -> _Found:
        """Each waiting study by the frame of which the model is least sure."""
        table = said.films.table
        self._learn({uid for uid, _ in table.keys})
        study = np.array([self._study_of.get(uid, "") for uid, _ in table.keys], object)
        hidden = np.fromiter(
            (self._part_of.get(uid) == "test" for uid, _ in table.keys), np.bool_, len(table)
        )
        waits = np.fromiter((bool(uid) and uid not in read for uid in study), np.bool_, len(table))
        decided = said.films.decided_in_order()
        waits[decided] = False
        # Nothing is suggested for what the model does not know; whether a hidden film is known is not told.
        waits &= hidden | ~(said.films.unfamiliarity > 1.0)
        rows = np.flatnonzero(waits)
        points = tuple(said.card.operating_points.get(name, 0.5) for name in said.card.finding_names)
        margins = np.full(len(rows), np.inf)
        told = ~hidden[rows]
        margins[told] = margins_of(said.probabilities[rows[told]], said.card.task, points)[0]
        by_margin = rows[np.argsort(margins, kind="stable")]
        first = {uid: int(row) for uid, row in zip(study[by_margin][::-1], by_margin[::-1], strict=True)}
        chosen = np.fromiter(sorted(first.values()), np.intp, len(first))
        names = [str(uid) for uid in study[chosen]]
        order = ask_order(
            table.matrix[chosen],
            said.probabilities[chosen],
            table.matrix[decided],
            np.fromiter((uid in marked for uid in names), np.bool_, len(names)),
            hidden[chosen],
            seed=zlib.crc32(asked.reader.encode("utf-8", "surrogatepass")),
            task=said.card.task,
            operating_points=points,
            names=names,
            reading=names.index(asked.reading) if asked.reading in first else None,
        )
        return _Found(said.card, names, order, said.probabilities[chosen])

    def _learn(self, uids: set[str]) -> None:
        new = [uid for uid in uids if uid not in self._study_of]
        self._study_of |= self._store.studies_of(new)
        without = [uid for uid in uids if uid not in self._part_of]
        if without:
            self._part_of |= self._store.parts_of(without)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The order of one model's studies, by their rows."""

    card: ModelCard
    names: list[str]
    order: AskOrder
    probabilities: NDArray[np.float32]


def _merged(asked: Ask, several: Sequence[_Found]) -> Ordered:
    """Orders of several models in turn, what is read and what is marked first; each study once."""
    displays: list[str] = []
    entries: list[tuple[tuple[bool, bool, int], str, int, tuple[int, int], tuple[float, float]]] = []
    for found in several:
        before = len(displays)
        displays += [finding.display for finding in found.card.findings]
        for place, row in enumerate(found.order.order.tolist()):
            uid, why = found.names[row], int(found.order.why[row])
            first, second = (int(n) for n in found.order.leading[row])
            leading, said = (-1, -1), (0.0, 0.0)
            if first >= 0:
                leading = before + first, before + second
                said = float(found.probabilities[row, first]), float(found.probabilities[row, second])
            entries.append(((uid != asked.reading, why != _MARKED, place), uid, why, leading, said))
    if len(several) > 1:
        entries.sort(key=lambda entry: entry[0])
        entries = list({entry[1]: entry for entry in reversed(entries)}.values())[::-1]
    count = len(entries)
    return Ordered(
        request=asked.request,
        study_uids=tuple(entry[1] for entry in entries),
        why=np.fromiter((entry[2] for entry in entries), np.int8, count),
        names=tuple(displays),
        leading=np.array([entry[3] for entry in entries], np.int16).reshape(count, 2),
        said=np.array([entry[4] for entry in entries], np.float32).reshape(count, 2),
    )
