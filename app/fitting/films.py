"""The films of one model as the fitting process keeps them: embeddings, decisions, and what may be fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from inference.card import FindingName, ModelCard
from inference.coverage import reason_not_covered
from inference.embeddings import EmbeddingTable, FrameKey
from inference.features import FeatureCache, feature_key
from inference.neighbours import NearestFilms
from reviews.record import Answer, Part, Review
from studies.image import Header
from training.adapting.head import AROUND, Around, Films

_GROWN = 1.05
_ANSWERS: dict[Answer, int] = {"present": 1, "absent": 0, "unknown": -1}


class ModelFilms:
    """Every frame that a model covers and whose embedding is in the cache, a row each.

    Parameters
    ----------
    added
        Findings that readers added, beyond the card's.
    """

    def __init__(self, card: ModelCard, cache: FeatureCache, added: Sequence[FindingName] = ()) -> None:
        self.card = card
        self.added = tuple(added)
        self.table = EmbeddingTable()
        self._cache = cache
        self._answers: dict[FrameKey, tuple[dict[str, Answer], Part]] = {}  # what stands, by frame
        self._missing: set[FrameKey] = set()  # decided, without an embedding in the cache
        self._unfamiliarity = np.zeros(0, np.float32)  # by row
        self._untold: dict[int, None] = {}  # rows whose frame is a new one
        self.is_told = False  # whether anything was said of the rows
        self._truth = np.zeros((0, 0), np.int8)  # by row; (N, K with what was added)
        self._is_fitted = np.zeros(0, np.bool_)  # by row: decided, and not in the test part
        self._is_decided = np.zeros(0, np.bool_)  # by row
        self._parts: dict[str, Part] = {}  # by SOPInstanceUID
        self._is_open = np.zeros(0, np.bool_)  # by row: known not to be of the test part
        self._around: tuple[int, Around | None] = (0, None)  # of so many open rows
        self.near: NearestFilms | None = None  # once somebody searches

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.card.finding_names, *(f.name for f in self.added))

    def covers(self, header: Header) -> bool:
        return reason_not_covered(self.card, header) is None

    # -- filling ---------------------------------------------------------------------------------

    def take_frame(self, header: Header, frame: int, *, anew: bool = False) -> bool:
        """Bring a frame's embedding from the cache, `anew` also where it is here; whether it is here then."""
        key = (header.sop_instance_uid, frame)
        if key in self.table and not anew:
            return True
        found = self._cache.described(feature_key(self.card, header, frame))
        if found is None:
            return False
        embedding, unfamiliarity = found
        row = self.table.put(key, embedding)
        if row is None:
            return False
        self._make_room(row + 1)
        self._unfamiliarity[row] = math.nan if unfamiliarity is None else unfamiliarity
        self._untold[row] = None
        self._is_decided[row] = key in self._answers
        self._is_open[row] = self._parts.get(key[0], "test") != "test"
        if self.near is not None:
            self.near.note(row)
        if key in self._answers:
            self.table.hold(key)
            self._judge(key)
        else:
            self._is_fitted[row] = False
        return True

    def take_decision(self, header: Header, part: Part, key: FrameKey, review: Review | None) -> None:
        """Note what stands for a frame now; None, or nothing answered, for no decision."""
        if review is None or not review.findings:
            self._answers.pop(key, None)
            self._missing.discard(key)
            row = self.table.row_of(key)
            if row is not None:
                self._is_fitted[row] = self._is_decided[row] = False
                self.table.hold(key, False)
            return
        self._answers[key] = dict(review.findings), part
        self.set_parts({key[0]: part})
        is_here = self.take_frame(header, key[1])
        (self._missing.discard if is_here else self._missing.add)(key)
        if is_here:
            self.table.hold(key)
            self._is_decided[self.table.rows([key])] = True
            self._judge(key)

    def retake(self, header: Header) -> None:
        """The model has looked at an image: bring what it saw."""
        for frame in range(1, header.frames + 1):
            if self.take_frame(header, frame, anew=True):
                self._missing.discard((header.sop_instance_uid, frame))

    def set_parts(self, parts: Mapping[str, Part]) -> None:
        """Note the parts of images. One may change: a near-duplicate came of a stricter one."""
        changed = {uid: part for uid, part in parts.items() if self._parts.get(uid) != part}
        moved = changed.keys() & self._parts.keys()
        self._parts.update(changed)
        if not moved:
            return
        self._around = 0, None
        for row, key in enumerate(self.table.keys):
            if key[0] in moved:
                self._is_open[row] = changed[key[0]] != "test"
        for key in [key for key in self._answers if key[0] in moved]:
            self._answers[key] = self._answers[key][0], changed[key[0]]
            self._judge(key)

    def set_added(self, added: Sequence[FindingName]) -> None:
        """Readers added findings, or took some away."""
        if tuple(added) == self.added:
            return
        self.added = tuple(added)
        self._truth = np.full((len(self._is_fitted), len(self.names)), -1, np.int8)
        for key in self._answers:
            if key in self.table:
                self._judge(key)

    def _judge(self, key: FrameKey) -> None:
        """Write down what is true of a decided frame, and whether it may be fitted."""
        row = self.table.row_of(key)
        if row is None:
            return
        answers, part = self._answers[key]
        truth = [_ANSWERS[answers.get(name, "unknown")] for name in self.names]
        self._truth[row] = truth
        is_told = truth.count(1) == 1 if self.card.task == "multiclass" else any(t >= 0 for t in truth)
        self._is_fitted[row] = part != "test" and is_told

    def _make_room(self, count: int) -> None:
        if count > len(self._is_fitted):
            more = max(1024, 2 * len(self._is_fitted)) - len(self._is_fitted)
            self._is_fitted = np.pad(self._is_fitted, (0, more))
            self._is_decided = np.pad(self._is_decided, (0, more))
            self._is_open = np.pad(self._is_open, (0, more))
            self._unfamiliarity = np.pad(self._unfamiliarity, (0, more))
            width = len(self.names)
            truth = np.full((len(self._is_fitted), width), -1, np.int8)
            truth[: len(self._truth)] = self._truth if self._truth.shape[1] == width else -1
            self._truth = truth

    # -- asking ----------------------------------------------------------------------------------

    def reviewed(self) -> Films:
        """What a head is fitted to: every decided film of known answer that is not in the test part."""
        rows = self.fitted_rows()
        return Films(self.table.matrix[rows], self._truth[rows])

    def fitted_rows(self) -> NDArray[np.intp]:
        """Their rows."""
        return np.flatnonzero(self._is_fitted[: len(self.table)])

    def around(self) -> Around | None:
        """How the films lie that are not of the test part; worked out anew when there are a few more."""
        rows = np.flatnonzero(self._is_open[: len(self.table)])
        count, known = self._around
        if known is None or len(rows) > count * _GROWN:
            few = rows[:: max(1, len(rows) // AROUND)]
            self._around = len(rows), Around.of(self.table.matrix[few])
        return self._around[1]

    @property
    def unfamiliarity(self) -> NDArray[np.float32]:
        """(N,) by row; NaN where it is not known."""
        return self._unfamiliarity[: len(self.table)]

    @property
    def missing(self) -> tuple[FrameKey, ...]:
        """Decided frames without an embedding."""
        return tuple(self._missing)

    def decided_rows(self) -> NDArray[np.intp]:
        """Rows of frames on which a decision stands, of any part."""
        return np.flatnonzero(self._is_decided[: len(self.table)])

    def decided_in_order(self) -> NDArray[np.intp]:
        """The same rows in the order in which they were first decided on."""
        return self.table.rows(key for key in self._answers if key in self.table)

    def part_of(self, key: FrameKey) -> Part | None:
        """The part of a decided frame's patient."""
        found = self._answers.get(key)
        return None if found is None else found[1]

    def new_keys(self, at_most: int) -> tuple[tuple[int, FrameKey, float], ...]:
        """(row, frame, unfamiliarity) of rows that got a frame since this was asked last, some of them."""
        rows = list(islice(self._untold, at_most))
        for row in rows:
            del self._untold[row]
        return tuple((row, self.table.keys[row], float(self._unfamiliarity[row])) for row in rows)
