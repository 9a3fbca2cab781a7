"""From an image to probabilities, heatmaps and an embedding, in one pass of the network.

A look is made of three steps that may happen in different threads, at different times: `prepare` brings a
decoded frame to the network's square, `see` runs the network over some of them, and a look is made from
what was seen: now, or later from the cache.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from inference.adapted import AdaptedHead, probabilities_of
from inference.agreement import agreement_of, altered
from inference.answer import prediction_from, suggested
from inference.card import ModelCard
from inference.covering import Region, covered
from inference.devices import Memory
from inference.errors import CannotExplain, InferenceError, InvalidWeights, NoNumbers, UnknownFinding
from inference.evidence import METHODS, Pass, can_explain_from_features, from_features, joined, run
from inference.features import Seen
from inference.lung_mask import LungMask, share_inside
from inference.lungs import LungFinder
from inference.network import LoadedModel, prepare
from inference.perturbation import Progress
from inference.prediction import Heatmap, Look, Prediction
from inference.preprocess import covered_box, cropped, normalise, resize
from inference.typical import descriptions, with_lungs
from studies.display import network_intensities
from studies.image import Header, Image
from studies.likeness import likeness_of

ADAPTED = "adapted"  # what a prediction of the re-fitted head says its model is

_CHEST = "CHEST"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A frame as one model will see it; the decoded image is not needed any more.

    Parameters
    ----------
    square
        (S, S) float32 intensities in [0, 1].
    box
        See `inference.preprocess.covered_box`.
    warnings
        The image's own.
    looking_for_lungs
        What is, or was, found in another thread; None where nobody looks for lungs.
    likeness
        See `inference.prediction.Look`.
    """

    header: Header
    frame: int
    square: NDArray[np.float32]
    box: tuple[float, float, float, float]
    warnings: tuple[str, ...]
    looking_for_lungs: Future[LungMask] | None
    likeness: bytes | None = None

    @property
    def lungs(self) -> LungMask | None:
        """Waits for them."""
        return None if self.looking_for_lungs is None else self.looking_for_lungs.result()


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A pass, and what has to be said about how it was computed."""

    found: Pass
    device: str
    warnings: tuple[str, ...]
    elapsed_ms: float  # by image


def has_lungs(card: ModelCard) -> bool:
    """Whether lungs are looked for on what this model is meant for: patients' chests."""
    return not card.covers.phantoms and _CHEST in {part.upper() for part in card.covers.body_parts}


def prepared(
    image: Image, card: ModelCard, lungs: LungFinder | None, beside: Executor | None = None
) -> Prepared:
    """Bring a decoded frame to a model's square; any thread may do it, and no network is needed for it.

    Parameters
    ----------
    beside
        Where lungs are looked for meanwhile; they are needed last, unless the image is cropped to them.

    Raises
    ------
    InferenceError
        The card asks for a crop to the lungs, and nothing is there to find them.
    """
    pre = card.preprocessing
    intensities = network_intensities(image)
    looking: Future[LungMask] | None = None
    if lungs is not None and has_lungs(card):
        looking = _begun(lungs, intensities, beside)
    if pre.crop == "lungs" and looking is None:
        raise InferenceError(
            f"{card.name or card.id} is shown the lungs alone, but lungs are looked for only with models "
            "of the chest, and only where the network that finds them is installed."
        )
    mask = looking.result() if looking is not None and pre.crop == "lungs" else None
    square = resize(cropped(intensities, pre, mask), pre, pre.input_size)  # (S, S)
    box = covered_box(image, pre, mask)
    told = likeness_of(intensities) or b""
    return Prepared(image.header, image.frame, square.numpy(), box, image.warnings, looking, told)


def _begun(lungs: LungFinder, intensities: NDArray[np.float32], beside: Executor | None) -> Future[LungMask]:
    if beside is not None:
        return beside.submit(lungs.find_in, intensities)
    found: Future[LungMask] = Future()
    found.set_result(lungs.find_in(intensities))
    return found


class Predictor:
    """Looks at images with one model.

    Parameters
    ----------
    model
        A loaded model.
    adapted_head
        A head that was re-fitted for this model; every look then carries its prediction too.
    lungs
        Finds the lungs on chest radiographs; without it nothing is said of them.
    """

    def __init__(
        self,
        model: LoadedModel,
        adapted_head: AdaptedHead | None = None,
        lungs: LungFinder | None = None,
    ):
        card = model.card
        if adapted_head is not None and not adapted_head.fits(card):
            raise InvalidWeights(
                f"The adapted head was fitted for the model {adapted_head.base} and its findings "
                f"{', '.join(adapted_head.findings)}, not for {card.id}; run adapt again."
            )
        self._model = model
        self._adapted_head = adapted_head
        self._lungs = lungs
        self._memory = Memory(model.device)
        self._device = str(model.device)
        self._model_on_cpu: LoadedModel | None = None

    # -- a look ----------------------------------------------------------------------------------

    def prepare(self, image: Image) -> Prepared:
        """Bring a decoded frame to the network's square."""
        return prepared(image, self._model.card, self._lungs)

    def look(
        self,
        image: Image | Prepared,
        maps: Sequence[str] = (),
        method: str = "gradcam",
        *,
        agreement: bool = False,
    ) -> Look:
        """Look at one frame.

        Parameters
        ----------
        maps
            Machine names of the findings whose heatmaps are wanted.
        method
            One of `inference.evidence.METHODS`.
        agreement
            Look at slightly altered copies too (`inference.agreement`), which takes eight passes more.

        Raises
        ------
        InferenceError
            The model's head is not trained, a finding or method is unknown, the network has no
            heatmaps, or it gave no numbers.
        """
        return self.see([image], maps, method, agreement=agreement)[0][0]

    def look_at_batch(
        self, images: Sequence[Image | Prepared], maps: Sequence[str] = (), method: str = "gradcam"
    ) -> list[Look]:
        """Look at several frames in one pass."""
        return [look for look, _ in self.see(images, maps, method)]

    def see(
        self,
        images: Sequence[Image | Prepared],
        maps: Sequence[str] = (),
        method: str = "gradcam",
        *,
        agreement: bool = False,
    ) -> list[tuple[Look, Seen]]:
        """The same, with what a later look at each of them needs."""
        self._check(maps)
        if not images:
            return []
        frames = [self._prepared(image) for image in images]
        this = self._run([f.square for f in frames], method if maps else self._own_method(frames))
        features, own = _features(this.found), self._own_maps(this.found, frames, maps, method)
        unfamiliar = self._unfamiliarities(this.found, frames)
        found = []
        for n, frame in enumerate(frames):
            seen = Seen(
                this.found.embedding[n],
                this.found.logits[n],
                None if features is None else features[n],
                frame.box,
                frame.warnings,
                frame.lungs,
                () if own is None else self._shares(own[n], frame.box, frame.lungs),
                unfamiliar[n],
                frame.likeness,
            )
            every = this.found.maps[n] if this.found.maps is not None and maps else None
            agreed = self._agreement(frame, seen) if agreement else None
            look = self._look(frame.header, frame.frame, seen, every, maps, method, this, agreed)
            found.append((look, seen))
        return found

    def look_again(
        self, header: Header, frame: int, seen: Seen, maps: Sequence[str] = (), method: str = "gradcam"
    ) -> Look | None:
        """A look from what was seen before, in milliseconds; None where it takes the encoder."""
        self._check(maps)
        started = time.perf_counter()
        every = None
        if maps:
            if seen.features is None or not can_explain_from_features(self._model):
                return None
            batch = torch.from_numpy(seen.features)[None].to(self._model.device)
            found = from_features(self._model, batch, method)
            every = None if found.maps is None else found.maps[0]
        elapsed_ms = (time.perf_counter() - started) * 1000.0
        this = _Run(Pass(seen.embedding[None], seen.logits[None], None), self._device, (), elapsed_ms)
        return self._look(header, frame, seen, every, maps, method, this)

    # -- an explanation, and a question ------------------------------------------------------------

    def explain(
        self, image: Image | Prepared, maps: Sequence[str], method: str, seed: int = 0
    ) -> Iterator[Progress | Look]:
        """Explain one frame by any method; the last thing that is yielded is a `Look`.

        Parameters
        ----------
        method
            One of `inference.evidence.METHODS` or of `inference.perturbation.METHODS`.
        seed
            For methods that draw lots.
        """
        if method in METHODS:
            yield self.look(image, maps, method)
            return
        from inference import perturbation

        if method not in perturbation.METHODS:
            known = ", ".join((*METHODS, *perturbation.METHODS))
            raise CannotExplain(f"There is no method called {method!r}; expected one of {known}.")
        frame = self._prepared(image)
        look = self.look(frame)
        self._check(maps)
        tensor = normalise(torch.from_numpy(frame.square), self._model.card.preprocessing)  # (C, S, S)
        steps = perturbation.explain(
            self._model, tensor.to(self._model.device), tuple(maps), method, seed=seed
        )
        with closing(steps):
            for step in steps:
                if isinstance(step, perturbation.Progress):
                    yield step
                    continue
                found = _heatmaps(step.maps, step.peak, maps, method, frame.box, frame.lungs, step.spread)
                yield replace(look, heatmaps=found)

    def cover(self, image: Image | Prepared, region: Region) -> Prediction:
        """What the model says of a frame a part of which is covered."""
        return self.look(self.covered(image, region)).prediction

    def covered(self, image: Image | Prepared, region: Region) -> Prepared:
        """A frame a part of which is covered, as the network will see it."""
        frame = self._prepared(image)
        return replace(frame, square=covered(frame.square, frame.box, region))

    # -- steps -------------------------------------------------------------------------------------

    def _prepared(self, image: Image | Prepared) -> Prepared:
        return image if isinstance(image, Prepared) else self.prepare(image)

    def _check(self, maps: Sequence[str]) -> None:
        """Raise `InferenceError` where the model cannot answer, whatever the image."""
        card = self._model.card
        for name in maps:
            if name not in card.finding_names:
                expected = ", ".join(card.finding_names)
                raise UnknownFinding(f"The model knows no finding called {name!r}; expected {expected}.")
        if not card.head_trained:
            raise InferenceError(
                f"{card.name or card.id} has a new head that has not been trained yet; "
                "it predicts once it has been trained on labelled images."
            )

    def _own_method(self, frames: Sequence[Prepared]) -> str | None:
        """The method by which the share in the lungs is told, where nobody asked and it costs little."""
        anatomy = self._model.anatomy
        costs_little = anatomy.is_pool_and_linear or anatomy.pools_first or anatomy.tail is not None
        if anatomy.why_no_map or not costs_little:
            return None
        return "gradcam" if any(frame.looking_for_lungs is not None for frame in frames) else None

    def _own_maps(
        self, found: Pass, frames: Sequence[Prepared], maps: Sequence[str], method: str
    ) -> NDArray[np.float32] | None:
        """(B, K, h, w) by which the share in the lungs is told."""
        if found.maps is not None and (not maps or method == "gradcam"):
            return found.maps
        own = self._own_method(frames)
        if own is None or found.features is None or found.features.device != self._model.device:
            return None
        return from_features(self._model, found.features, own).maps

    def _shares(
        self, maps: NDArray[np.float32], box: tuple[float, float, float, float], lungs: LungMask | None
    ) -> tuple[float | None, ...]:
        if lungs is None:
            return ()
        found = _heatmaps(maps, 0.0, self._model.card.finding_names, "gradcam", box, lungs)
        return tuple(heatmap.lung_share for heatmap in found)

    def _unfamiliarities(self, found: Pass, frames: Sequence[Prepared]) -> list[float | None]:
        """How far each image of a pass is from what the model knows, if anybody has described that."""
        typical = self._model.typical
        if typical is None:
            return [None] * len(frames)
        rows = descriptions(self._model, found, typical.cells)
        return [
            with_lungs(typical.unfamiliarity(row), frame.lungs)
            for row, frame in zip(rows, frames, strict=True)
        ]

    def _agreement(self, frame: Prepared, seen: Seen) -> float | None:
        """The share of slightly altered copies for which the same is suggested."""
        card = self._model.card
        copies = self._run(list(altered(torch.from_numpy(frame.square)).numpy()), None)
        logits = np.concatenate([seen.logits[None], copies.found.logits])
        own, *others = (suggested(card, p) for p in probabilities_of(logits, card.temperature, card.task))
        return agreement_of(own, others)

    def _run(self, squares: Sequence[NDArray[np.float32]], method: str | None) -> _Run:
        """One pass; in smaller batches, and at last on the CPU, where the GPU's memory does not suffice."""
        started = time.perf_counter()
        card = self._model.card
        batch = normalise(torch.from_numpy(np.stack(squares)), card.preprocessing)  # (B, C, S, S)
        computed = self._memory.compute(
            batch,
            lambda part: run(self._model, part, method),
            lambda part: run(self._on_cpu(), part, method),
        )
        found = joined(computed.parts)
        if not (np.isfinite(found.logits).all() and np.isfinite(found.embedding).all()):
            raise NoNumbers(
                f"{card.name or card.id} gave numbers that are not finite for this image, "
                "so there is no prediction."
            )
        elapsed_ms = (time.perf_counter() - started) * 1000.0 / len(squares)
        return _Run(found, str(computed.device), computed.warnings, elapsed_ms)

    def _on_cpu(self) -> LoadedModel:
        if self._model_on_cpu is None:
            network = copy.deepcopy(self._model.network).cpu()
            self._model_on_cpu = prepare(self._model.card, network, torch.device("cpu"))
        return self._model_on_cpu

    def _look(
        self,
        header: Header,
        frame: int,
        seen: Seen,
        every: NDArray[np.float32] | None,
        maps: Sequence[str],
        method: str,
        this: _Run,
        agreement: float | None = None,
    ) -> Look:
        """The look that a pass amounts to; `every` has the maps of all findings, (K, h, w)."""
        card = self._model.card
        heatmaps: tuple[Heatmap, ...] = ()
        if every is not None:
            peak = max(float(every.max()), 0.0)
            heatmaps = _heatmaps(every, peak, card.finding_names, method, seen.box, seen.lungs)
        shares = dict(zip(card.finding_names, seen.lung_shares, strict=False))
        own = probabilities_of(seen.logits, card.temperature, card.task)
        adapted = None
        if self._adapted_head is not None:
            refitted = self._adapted_head.probabilities(seen.embedding, card.temperature, card.task)
            made_by = self._adapted_head.sha256_on(card)
            adapted = self._prediction(ADAPTED, header, frame, seen, refitted, {}, this, None, made_by)
        prediction = self._prediction(card.id, header, frame, seen, own, shares, this, agreement)
        wanted = tuple(heatmap for name in maps for heatmap in heatmaps if heatmap.finding == name)
        return Look(prediction, wanted, seen.embedding, adapted, seen.lungs, seen.likeness)

    def _prediction(
        self,
        model: str,
        header: Header,
        frame: int,
        seen: Seen,
        probabilities: NDArray[np.float32],
        lung_shares: dict[str, float | None],
        this: _Run,
        agreement: float | None,
        made_by: str = "",
    ) -> Prediction:
        card = self._model.card
        if model == ADAPTED and self._adapted_head is not None:
            card = self._adapted_head.card_of(card)
        return prediction_from(
            card,
            model,
            header,
            frame,
            probabilities,
            warnings=(*seen.warnings, *this.warnings),
            elapsed_ms=this.elapsed_ms,
            device=this.device,
            unfamiliarity=seen.unfamiliarity,
            lung_shares=lung_shares,
            agreement=agreement,
            weights_sha256=made_by,
        )


def _features(found: Pass) -> NDArray[np.float32] | None:
    """(B, ...) float32 on the CPU."""
    if found.features is None:
        return None
    return np.asarray(found.features.detach().float().cpu().numpy(), dtype=np.float32)


def _heatmaps(
    maps: NDArray[np.float32],
    peak: float,
    findings: Sequence[str],
    method: str,
    box: tuple[float, float, float, float],
    lungs: LungMask | None,
    spread: NDArray[np.float32] | None = None,
) -> tuple[Heatmap, ...]:
    """(K, h, w) maps of K findings, with the share of each that lies in the lungs."""
    found = []
    for k, name in enumerate(findings):
        heatmap = Heatmap(name, method, maps[k], box, peak, spread=None if spread is None else spread[k])
        if lungs is not None:
            heatmap = replace(heatmap, lung_share=share_inside(heatmap, lungs))
        found.append(heatmap)
    return tuple(found)
