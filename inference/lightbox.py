"""Models, lungs and what was seen before, at hand: what the worker and the commands look at images with.

`find` may be called from a thread that works ahead: it decodes, or finds that nothing has to be decoded.
Everything else is for one thread.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.covering import Region
from inference.errors import InferenceError
from inference.evidence import METHODS
from inference.fast_export import prepare_from_cache, prepare_in_background
from inference.features import FeatureCache, Seen, feature_key
from inference.lungs import LungFinder
from inference.network import LoadedModel, load
from inference.perturbation import Progress
from inference.prediction import Look, Prediction
from inference.predictor import Predictor, Prepared, has_lungs, prepared
from inference.registry import ModelRegistry
from inference.threads import beside
from studies.errors import StudyError
from studies.image import Header
from studies.reader import read

_log = logging.getLogger(__name__)

_KEPT_MODELS = 3  # the promoted one, the phantoms', and one that is being compared
_TOGETHER_ON_GPU = 8  # frames in one pass; on the CPU a batch takes as long as its images one by one
_KEPT_FRAMES_BYTES = 32 * 1024 * 1024  # 167 squares of 224 pixels


@dataclass(frozen=True, slots=True)
class Wanted:
    """A frame to be looked at, and what is wanted of it; see `inference.predictor.Predictor.look`.

    With a `region` it is looked at as if that were covered, and nothing is kept of it.
    """

    card: ModelCard
    header: Header
    frame: int
    maps: tuple[str, ...] = ()
    method: str = "gradcam"
    adapted_head: Path | None = None
    agreement: bool = False
    region: Region | None = None


@dataclass(slots=True, eq=False)
class Ahead:
    """A frame to be looked at, and what `Lightbox.find` is finding for it in another thread."""

    wanted: Wanted
    found: Future[Seen | Prepared]

    @property
    def is_decoded(self) -> bool:
        """Whether a pass is all that is missing."""
        return self.found.done() and not self.found.exception() and not isinstance(self.found.result(), Seen)


class Lightbox:
    """Looks at frames with any model of a registry.

    Parameters
    ----------
    lungs_folder
        Where the network that finds lungs lies; without it nothing is said of them.
    cache_folder
        Where what was seen is kept, and what makes networks faster.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        device: torch.device,
        lungs_folder: Path | None,
        cache_folder: Path,
    ):
        self.device = device
        self._together = 1 if device.type == "cpu" else _TOGETHER_ON_GPU
        self._registry = registry
        self._lungs_folder = lungs_folder
        self._cache_folder = cache_folder
        self._cache = FeatureCache(cache_folder / "features")
        self._not_sped_up: list[LoadedModel] = []
        self._to_keep: list[tuple[str, Wanted, Seen]] = []
        self._cards: dict[str, tuple[ModelCard, int]] = {}
        self._tried: list[LoadedModel] = []  # to make faster from the cache
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()
        self._predictors: OrderedDict[tuple[str, str, float], Predictor] = OrderedDict()
        self._frames: OrderedDict[tuple[str, str], Prepared] = OrderedDict()
        self._finder: LungFinder | None = None
        self._has_looked_for_finder = False
        self._beside = beside(1, "lungs")
        self._lock = threading.Lock()  # guards the frames and the finder

    # -- models ----------------------------------------------------------------------------------

    def card(self, model_id: str) -> ModelCard:
        """The card of a model. One that was read is read again when its file has changed.

        Raises
        ------
        UnknownModel, InvalidCard
            See `ModelRegistry.find`.
        """
        kept = self._cards.get(model_id)
        if kept is None or self._age_of(kept[0]) != kept[1]:
            card = self._registry.find(model_id)
            kept = self._cards[model_id] = card, self._age_of(card)
        return kept[0]

    def _age_of(self, card: ModelCard) -> int:
        path = self._registry.folder_of(card) / "card.json"
        return path.stat().st_mtime_ns if path.exists() else 0

    def model(self, card: ModelCard) -> LoadedModel:
        """The network of a card, loaded when it is first needed."""
        kept = self._models.get(card.weights_sha256)
        if kept is None or kept.card != card:
            self._models.pop(card.weights_sha256, None)
            self._predictors.clear()
            while len(self._models) >= _KEPT_MODELS:
                self._models.popitem(last=False)
            kept = self._models[card.weights_sha256] = load(card, self._registry, self.device)
            self._not_sped_up.append(kept)
        self._models.move_to_end(card.weights_sha256)
        return kept

    def speed_up(self) -> None:
        """Begin to make the models faster that were loaded; to be called when an answer is out."""
        while self._not_sped_up:
            prepare_in_background(self._not_sped_up.pop(), self._cache_folder)

    def speed_up_from_cache(self) -> None:
        """The same, but only where somebody did it before: for a command that looks at a few images."""
        for model in self._not_sped_up:
            if model not in self._tried:
                prepare_from_cache(model, self._cache_folder)
                self._tried.append(model)

    def predictor(self, card: ModelCard, adapted_head: Path | None = None) -> Predictor:
        """The predictor of a card, with the head of a file where there is one and it learned something."""
        model = self.model(card)
        is_there = adapted_head is not None and adapted_head.exists()
        changed = adapted_head.stat().st_mtime_ns if adapted_head is not None and is_there else 0
        key = (card.weights_sha256, str(adapted_head or ""), changed)
        kept = self._predictors.get(key)
        if kept is None:
            head = AdaptedHead.read(adapted_head) if adapted_head is not None else None
            if head is not None and not (head.reviews and head.fits(card)):
                head = None  # it is the model's own, or that of other weights: there is nothing to tell
            while len(self._predictors) >= 2 * _KEPT_MODELS:
                self._predictors.popitem(last=False)
            kept = self._predictors[key] = Predictor(model, head, self.finder)
        return kept

    @property
    def finder(self) -> LungFinder | None:
        """Finds lungs; None where it is not installed. One that is damaged is told once, and done without."""
        with self._lock:
            if not self._has_looked_for_finder:
                self._has_looked_for_finder = True
                if self._lungs_folder is not None and self._lungs_folder.is_dir():
                    try:
                        self._finder = LungFinder(self._lungs_folder)
                    except InferenceError as error:
                        _log.warning("Lungs are not looked for: %s", error)
            return self._finder

    # -- frames ----------------------------------------------------------------------------------

    def find(self, wanted: Wanted) -> Seen | Prepared:
        """What a look can be made from: what was seen before, else the frame, decoded and prepared.

        Raises
        ------
        StudyError
            The file cannot be read.
        """
        seen = None if wanted.agreement or wanted.region is not None else self._recall(wanted)
        return self.prepared(wanted.card, wanted.header, wanted.frame) if seen is None else seen

    def prepared(self, card: ModelCard, header: Header, frame: int) -> Prepared:
        """A frame on the network's square; the last ones are at hand."""
        key = (feature_key(card, header, frame), _changed(header))
        with self._lock:
            kept = self._frames.get(key)
            if kept is not None:
                self._frames.move_to_end(key)
                return kept
        made = prepared(read(header, frame), card, self.finder, self._beside)
        with self._lock:
            self._frames[key] = made
            while len(self._frames) > 1 and self._frames_bytes() > _KEPT_FRAMES_BYTES:
                self._frames.popitem(last=False)
        return made

    def _frames_bytes(self) -> int:
        return sum(frame.square.nbytes for frame in self._frames.values())

    # -- answers ---------------------------------------------------------------------------------

    def look(self, wanted: Wanted, found: Seen | Prepared | None = None) -> Look:
        """Look at one frame, from what `find` found or by finding it now."""
        found = self.find(wanted) if found is None else found
        predictor = self.predictor(wanted.card, wanted.adapted_head)
        if isinstance(found, Seen):
            header, frame = wanted.header, wanted.frame
            look = predictor.look_again(header, frame, found, wanted.maps, wanted.method)
            if look is not None:
                return look
            found = self.prepared(wanted.card, header, frame)
        if wanted.region is not None:
            return predictor.look(predictor.covered(found, wanted.region), wanted.maps, wanted.method)
        return self.look_at_batch([wanted], [found])[0]

    def look_ahead(self, ahead: Sequence[Ahead]) -> list[Look | StudyError | InferenceError]:
        """Answer the first, and with it those right after it that are decoded and fit in the same pass.

        Returns
        -------
        list
            At least one answer, at most as many as there are frames, in their order.
        """
        batch = [ahead[0]]
        while len(batch) < min(self._together, len(ahead)) and _go_together(ahead[0], ahead[len(batch)]):
            batch.append(ahead[len(batch)])
        frames = [frame for frame in (one.found.result() for one in batch[1:]) if not isinstance(frame, Seen)]
        try:
            first = batch[0].found.result()
            if frames and not isinstance(first, Seen):
                return [*self.look_at_batch([one.wanted for one in batch], [first, *frames])]
            return [self.look(batch[0].wanted, first)]
        except (StudyError, InferenceError) as error:
            if len(batch) > 1:  # of which of them is not known
                return self.look_ahead(batch[:1])
            return [error]

    def look_at_batch(self, wanted: Sequence[Wanted], frames: Sequence[Prepared]) -> list[Look]:
        """Look at frames together of which the same is wanted, with the same model."""
        first = wanted[0]
        predictor = self.predictor(first.card, first.adapted_head)
        found = predictor.see(frames, first.maps, first.method, agreement=first.agreement)
        for one, (_, seen) in zip(wanted, found, strict=True):
            key = feature_key(one.card, one.header, one.frame)
            self._cache.put(key, seen.embedding, seen.unfamiliarity)  # a head may be re-fitted at once
            self._to_keep.append((key, one, seen))
        return [look for look, _ in found]

    def explain(self, wanted: Wanted, seed: int) -> Iterator[Progress | Look]:
        """See `Predictor.explain`; what takes one pass may be answered from the cache."""
        if wanted.method in METHODS:
            yield self.look(wanted)
            return
        predictor = self.predictor(wanted.card)
        frame = self.prepared(wanted.card, wanted.header, wanted.frame)
        yield from predictor.explain(frame, wanted.maps, wanted.method, seed)

    def cover(self, card: ModelCard, header: Header, frame: int, region: Region) -> Prediction:
        """See `Predictor.cover`."""
        return self.predictor(card).cover(self.prepared(card, header, frame), region)

    # -- the cache -------------------------------------------------------------------------------

    def _recall(self, wanted: Wanted) -> Seen | None:
        key = feature_key(wanted.card, wanted.header, wanted.frame)
        return self._cache.recall(key, wanted.header, self._version(wanted.card))

    def settle(self) -> None:
        """Write down what was seen; to be called when the answers are out, which need not wait for it."""
        while self._to_keep:
            key, wanted, seen = self._to_keep.pop()
            self._cache.keep(key, wanted.header, seen, self._version(wanted.card))

    def _version(self, card: ModelCard) -> str:
        finder = self.finder if has_lungs(card) else None
        lungs = finder.card.weights_sha256 if finder is not None else ""
        return f"lungs {lungs} typical {card.typical_sha256}"


def _go_together(one: Ahead, other: Ahead) -> bool:
    """Whether two frames fit in one pass: both are decoded, and of both the same is wanted."""
    same = replace(other.wanted, header=one.wanted.header, frame=one.wanted.frame) == one.wanted
    is_plain = not one.wanted.agreement and one.wanted.region is None
    return same and is_plain and one.is_decoded and other.is_decoded


def _changed(header: Header) -> str:
    """Changes when the file is replaced; a file that is gone has a word of its own and is never found."""
    try:
        status = Path(header.path).stat()
    except OSError:
        return "gone"
    return f"{status.st_size} {status.st_mtime_ns}"
