"""What adapted heads say of every frame, in arrays: a prediction is made of them when one is looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.fitting.messages import Known, Scored
from app.workplace import ADAPTED
from inference.answer import prediction_from
from inference.card import FindingName, ModelCard
from inference.embeddings import FrameKey
from inference.prediction import Prediction
from studies.image import Header


@dataclass(slots=True, eq=False)
class _OfModel:
    """Scores by one model's head. Rows are those of the fitting process's table."""

    made_by: str = ""  # SHA-256 of the weights and the head
    card: ModelCard | None = None  # with the findings that readers added; None before the first scores
    row_of: dict[FrameKey, int] = field(default_factory=dict)
    keys: list[FrameKey | None] = field(default_factory=list)  # by row
    unfamiliarity: list[float] = field(default_factory=list)  # by row, NaN where it is not known
    probabilities: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    suggestion: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    uncertainty: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Suggested:
    """Of some frames: which of `names` is suggested (-1 for none), its probability, and the uncertainty.

    The names are those of all heads, whichever frames were asked for.
    """

    names: tuple[str, ...]
    suggestion: NDArray[np.int32]
    confidence: NDArray[np.float32]
    uncertainty: NDArray[np.float64]


class AdaptedScores(Mapping[FrameKey, Prediction]):
    """Site-adapted predictions by frame.

    Parameters
    ----------
    header_of
        Finds an image of the worklist.
    """

    def __init__(self, header_of: Callable[[str], Header | None]) -> None:
        self._header_of = header_of
        self._models: dict[str, _OfModel] = {}
        self._in_use: tuple[_OfModel, ...] = ()
        self._looked_at: dict[FrameKey, Prediction] = {}  # told by a look, until the next scores

    # -- what comes ------------------------------------------------------------------------------

    def take_known(self, known: Known) -> None:
        """The fitting process has embeddings of these frames."""
        model = self._models.setdefault(known.model_id, _OfModel())
        if known.is_first:
            model.row_of, model.keys, model.unfamiliarity = {}, [], []
        for row, key, unfamiliarity in known.keys:
            while len(model.keys) <= row:
                model.keys.append(None)
                model.unfamiliarity.append(math.nan)
            before = model.keys[row]
            if before is not None and before != key:
                del model.row_of[before]
            model.keys[row], model.unfamiliarity[row] = key, unfamiliarity
            model.row_of[key] = row

    def take_scores(self, scored: Scored, card: ModelCard) -> None:
        """A head of this model was fitted, or read from the disk."""
        model = self._models.setdefault(scored.model_id, _OfModel())
        added = scored.findings[len(card.findings) :]
        model.card = replace(
            card, findings=(*card.findings, *(FindingName(name, display) for name, display in added))
        )
        model.probabilities, model.suggestion = scored.probabilities, scored.suggestion
        model.uncertainty, model.made_by = scored.uncertainty, scored.weights_sha256
        self._in_use = (*(m for m in self._in_use if m is not model), model)
        self._looked_at.clear()

    def put(self, prediction: Prediction) -> None:
        """What a look told of a frame."""
        self._looked_at[(prediction.sop_instance_uid, prediction.frame)] = prediction

    def keep(self, model_ids: Iterable[str]) -> None:
        """Say nothing any more of what the heads of other models said."""
        those = [self._models[model_id] for model_id in model_ids if model_id in self._models]
        self._in_use = tuple(model for model in those if model.card is not None)
        self._looked_at.clear()

    # -- what is asked ---------------------------------------------------------------------------

    def card_of(self, key: FrameKey) -> ModelCard | None:
        """The card whose findings, those that readers added among them, the head for a frame answers."""
        found = self._find(key)
        return None if found is None else found[0].card

    def suggested(self, keys: Sequence[FrameKey]) -> Suggested:
        """What is suggested of some frames, without making a prediction of each."""
        count = len(keys)
        suggestion, confidence = np.full(count, -1, np.int32), np.zeros(count, np.float32)
        uncertainty = np.full(count, np.nan)
        names: list[str] = []
        for model in self._in_use:
            first = len(names)
            names += [f.display for f in model.card.findings] if model.card is not None else []
            rows = np.fromiter((model.row_of.get(key, -1) for key in keys), np.intp, count)
            own = np.flatnonzero((rows >= 0) & (rows < len(model.suggestion)))
            chosen = model.suggestion[rows[own]].astype(np.int32)
            told = own[chosen >= 0]
            suggestion[told] = chosen[chosen >= 0] + first
            confidence[told] = model.probabilities[rows[told], chosen[chosen >= 0]]
            uncertainty[own] = model.uncertainty[rows[own]]
        return Suggested(tuple(names), suggestion, confidence, uncertainty)

    def __getitem__(self, key: FrameKey) -> Prediction:
        looked_at = self._looked_at.get(key)
        if looked_at is not None:
            return looked_at
        found, header = self._find(key), self._header_of(key[0])
        if found is None or header is None or found[0].card is None:
            raise KeyError(key)
        model, row = found
        card = found[0].card
        unfamiliarity = model.unfamiliarity[row]
        return prediction_from(
            card,
            ADAPTED,
            header,
            key[1],
            model.probabilities[row],
            unfamiliarity=None if math.isnan(unfamiliarity) else unfamiliarity,
            weights_sha256=model.made_by,
        )

    def __contains__(self, key: object) -> bool:
        return key in self._looked_at or self._find(key) is not None

    def __iter__(self) -> Iterator[FrameKey]:
        scored = (key for m in self._in_use for key, row in m.row_of.items() if row < len(m.suggestion))
        return iter(dict.fromkeys((*scored, *self._looked_at)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _find(self, key: object) -> tuple[_OfModel, int] | None:
        for model in self._in_use:
            row = model.row_of.get(key, -1)  # type: ignore[call-overload]
            if 0 <= row < len(model.suggestion):
                return model, row
        return None
