"""Loading models once and running them over many images: what `predict`, `explain`, `adapt` and
`demo` share. torch is loaded when the first model is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from app.workplace import ADAPTED, Workplace
from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.covering import Region
from inference.errors import InferenceError
from inference.prediction import Look, Prediction
from studies.errors import StudyError
from studies.image import Header, Image
from studies.reader import read

if TYPE_CHECKING:
    from inference.lightbox import Ahead, Lightbox, Wanted
    from inference.network import LoadedModel
    from inference.predictor import Predictor

DECODED_AHEAD = 4
FOUND_AHEAD = 8
_MANY = 16  # images from which on it pays to make a network faster, which takes some seconds


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one frame: a look, or why there is none."""

    header: Header
    frame: int
    card: ModelCard
    is_adapted: bool
    said: Look | StudyError | InferenceError

    @property
    def prediction(self) -> Prediction:
        """What was asked for: the adapted head's, or the model's own. Only of a look."""
        assert isinstance(self.said, Look)
        return (
            self.said.adapted if self.is_adapted and self.said.adapted is not None else self.said.prediction
        )


class Predictors:
    """The predictors of one command, each loaded when it is first needed."""

    def __init__(self, workplace: Workplace, device: str) -> None:
        self._workplace = workplace
        self._device_name = device
        self._answers = 0

    @cached_property
    def lightbox(self) -> Lightbox:
        """Models, lungs and what was seen before."""
        from inference.devices import best_device
        from inference.lightbox import Lightbox

        workplace = self._workplace
        return Lightbox(
            workplace.registry,
            best_device(self._device_name),
            workplace.bundled.parent / "lungs",
            workplace.cache_folder,
        )

    def model(self, card: ModelCard) -> LoadedModel:
        """The network of a model."""
        return self.lightbox.model(card)

    def adapted_model(self, card: ModelCard) -> LoadedModel:
        """A model of its own whose last layer is the adapted head, for measuring it as a whole."""
        from inference.network import load, with_head

        head = AdaptedHead.read(self._workplace.require_adapted_head(card))
        model = load(card, self._workplace.registry, self.lightbox.device)
        model = with_head(model, head)
        return replace(model, card=replace(model.card, id=ADAPTED))

    def get(self, card: ModelCard, adapted: bool = False) -> Predictor:
        """The predictor of a model, with its adapted head when that is asked for."""
        return self.lightbox.predictor(card, self._head_of(card, adapted))

    def look(
        self,
        frames: Iterable[tuple[Header, int]],
        model: str | None,
        *,
        agreement: bool = False,
        region: Region | None = None,
    ) -> Iterator[Answered]:
        """Look at frames in their order; what comes next is decoded meanwhile.

        Parameters
        ----------
        model
            See `Workplace.choose_model`.
        agreement
            Look at slightly altered copies too.
        region
            What of each frame is covered.

        Raises
        ------
        NoDevice, UnknownModel
            What is wrong with the question as a whole.
        """
        from inference.lightbox import Ahead
        from inference.threads import decoders

        ahead: deque[Ahead] = deque()
        lightbox = self.lightbox
        with decoders() as pool:
            for header, frame in frames:
                wanted = self._wanted(header, frame, model, agreement, region)
                ahead.append(Ahead(wanted, pool.submit(lightbox.find, wanted)))
                if len(ahead) > FOUND_AHEAD:
                    yield from self._answered(ahead)
            while ahead:
                yield from self._answered(ahead)

    def _wanted(
        self, header: Header, frame: int, model: str | None, agreement: bool, region: Region | None
    ) -> Wanted:
        from inference.lightbox import Wanted

        card, adapted = self._workplace.choose_model(model, header)
        return Wanted(
            card, header, frame, adapted_head=self._head_of(card, adapted), agreement=agreement, region=region
        )

    def _head_of(self, card: ModelCard, adapted: bool) -> Path | None:
        return self._workplace.require_adapted_head(card) if adapted else None

    def _answered(self, ahead: deque[Ahead]) -> Iterator[Answered]:
        """Answer the first of those that are being found, with those after it that fit in the same pass."""
        for said in self.lightbox.look_ahead(list(ahead)):
            wanted = ahead.popleft().wanted
            self._answers += 1
            yield Answered(wanted.header, wanted.frame, wanted.card, wanted.adapted_head is not None, said)
        self.lightbox.settle()
        if self._answers >= _MANY:
            self.lightbox.speed_up()
        else:
            self.lightbox.speed_up_from_cache()


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
