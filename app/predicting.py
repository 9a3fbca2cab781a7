"""Loading models once and running them over many images: what `predict`, `explain`, `adapt` and
`demo` share. torch is loaded when the first model is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from app.workplace import ADAPTED, Workplace
from inference.adapted import AdaptedHead
from inference.card import ModelCard
from studies.errors import StudyError
from studies.image import Header, Image
from studies.reader import read

if TYPE_CHECKING:
    from inference.network import LoadedModel
    from inference.predictor import Predictor

DECODED_AHEAD = 4


class Predictors:
    """The predictors of one command, each loaded when it is first needed."""

    def __init__(self, workplace: Workplace, device: str) -> None:
        self._workplace = workplace
        self._device_name = device
        self._models: dict[str, LoadedModel] = {}
        self._predictors: dict[tuple[str, bool], Predictor] = {}

    def model(self, card: ModelCard) -> LoadedModel:
        """The network of a model."""
        from inference.devices import best_device
        from inference.network import load

        if card.id not in self._models:
            self._models[card.id] = load(card, self._workplace.registry, best_device(self._device_name))
        return self._models[card.id]

    def adapted_model(self, card: ModelCard) -> LoadedModel:
        """A model of its own whose last layer is the adapted head, for measuring it as a whole."""
        from inference.devices import best_device
        from inference.network import load, put_head

        head = AdaptedHead.read(self._workplace.require_adapted_head(card))
        model = load(card, self._workplace.registry, best_device(self._device_name))
        put_head(model, head)
        return replace(model, card=replace(card, id=ADAPTED))

    def get(self, card: ModelCard, adapted: bool = False) -> Predictor:
        """The predictor of a model, with its adapted head when that is asked for."""
        from inference.predictor import Predictor

        key = (card.id, adapted)
        if key not in self._predictors:
            head = AdaptedHead.read(self._workplace.require_adapted_head(card)) if adapted else None
            self._predictors[key] = Predictor(self.model(card), head)
        return self._predictors[key]


def decoded(
    frames: Iterable[tuple[Header, int]],
) -> Iterator[tuple[Header, int, Image | StudyError]]:
    """Decode frames a little ahead of their use, in their order; at most four wait decoded."""
    with ThreadPoolExecutor(2, thread_name_prefix="decode") as pool:
        waiting: list[tuple[Header, int, Future[Image]]] = []
        for header, frame in frames:
            waiting.append((header, frame, pool.submit(read, header, frame)))
            if len(waiting) > DECODED_AHEAD:
                yield _result_of(*waiting.pop(0))
        for item in waiting:
            yield _result_of(*item)


def _result_of(header: Header, frame: int, future: Future[Image]) -> tuple[Header, int, Image | StudyError]:
    try:
        return header, frame, future.result()
    except StudyError as error:
        return header, frame, error
