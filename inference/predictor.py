"""From an image to probabilities, heatmaps and an embedding, in one pass of the network."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inference.adapted import AdaptedHead, probabilities_of
from inference.answer import prediction_from
from inference.card import ModelCard
from inference.errors import InferenceError, InvalidWeights, UnknownFinding
from inference.evidence import Pass, run
from inference.network import LoadedModel, prepare
from inference.prediction import Heatmap, Look, Prediction
from inference.preprocess import covered_box, to_tensor
from studies.image import Image

_log = logging.getLogger(__name__)

ADAPTED = "adapted"  # what a prediction of the re-fitted head says its model is


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A pass, and what has to be said about how it was computed."""

    found: Pass
    device: str
    warnings: tuple[str, ...]
    elapsed_ms: float  # by image


class Predictor:
    """Looks at images with one model.

    Parameters
    ----------
    model
        A loaded model.
    adapted_head
        A head that was re-fitted for this model; every look then carries its prediction too.
    """

    def __init__(self, model: LoadedModel, adapted_head: AdaptedHead | None = None):
        card = model.card
        if adapted_head is not None and (
            adapted_head.base != card.id or adapted_head.findings != card.finding_names
        ):
            raise InvalidWeights(
                f"The adapted head was fitted for the model {adapted_head.base} and its findings "
                f"{', '.join(adapted_head.findings)}, not for {card.id}; run adapt again."
            )
        self._model = model
        self._adapted_head = adapted_head
        self._model_on_cpu: LoadedModel | None = None

    def look(self, image: Image, maps: Sequence[str] = (), method: str = "gradcam") -> Look:
        """Look at one frame.

        Parameters
        ----------
        maps
            Machine names of the findings whose heatmaps are wanted.
        method
            One of `inference.evidence.METHODS`.

        Raises
        ------
        InferenceError
            The model's head is not trained, a finding or method is unknown, the network has no
            heatmaps, or it gave no numbers.
        """
        card = self._model.card
        for name in maps:
            if name not in card.finding_names:
                expected = ", ".join(card.finding_names)
                raise UnknownFinding(f"The model knows no finding called {name!r}; expected {expected}.")
        this = self._run([image], method if maps else None)
        heatmaps: tuple[Heatmap, ...] = ()
        if this.found.maps is not None:
            box = covered_box(image, card.preprocessing)
            heatmaps = _heatmaps(this.found.maps[0], maps, card.finding_names, method, box)
        return self._look(image, this, 0, heatmaps)

    def look_at_batch(self, images: Sequence[Image]) -> list[Look]:
        """Look at several frames in one pass, without heatmaps."""
        if not images:
            return []
        this = self._run(images, None)
        return [self._look(image, this, n, ()) for n, image in enumerate(images)]

    def _run(self, images: Sequence[Image], method: str | None) -> _Run:
        """One pass; on the CPU when the GPU's memory does not suffice."""
        started = time.perf_counter()
        card, device = self._model.card, self._model.device
        if not card.head_trained:
            raise InferenceError(
                f"{card.name or card.id} has a new head that has not been trained yet; "
                "it predicts once it has been trained on labelled images."
            )
        batch = torch.stack([to_tensor(image, card.preprocessing) for image in images])  # (B, C, S, S)
        warnings: tuple[str, ...] = ()
        try:
            found: Pass | None = run(self._model, batch.to(device), method)
        except RuntimeError as error:
            if device.type == "cpu" or not _is_out_of_memory(error):
                raise
            found = None
        if found is None:  # outside the handler, so that the failed pass has let go of its memory
            _log.warning("Out of memory on %s: computing on the CPU", device)
            warnings = (f"The memory of {device} did not suffice; the CPU was used.",)
            device = torch.device("cpu")
            found = run(self._on_cpu(), batch, method)
        if not (np.isfinite(found.logits).all() and np.isfinite(found.embedding).all()):
            raise InferenceError(
                f"{card.name or card.id} gave numbers that are not finite for this image, "
                "so there is no prediction."
            )
        elapsed_ms = (time.perf_counter() - started) * 1000.0 / len(images)
        return _Run(found, str(device), warnings, elapsed_ms)

    def _on_cpu(self) -> LoadedModel:
        if self._model_on_cpu is None:
            network = copy.deepcopy(self._model.network).cpu()
            self._model_on_cpu = prepare(self._model.card, network, torch.device("cpu"))
        return self._model_on_cpu

    def _look(self, image: Image, this: _Run, n: int, heatmaps: tuple[Heatmap, ...]) -> Look:
        card = self._model.card
        embedding = this.found.embedding[n]
        own = probabilities_of(this.found.logits[n], card.temperature, card.task)
        adapted = None
        if self._adapted_head is not None:
            refitted = self._adapted_head.probabilities(embedding, card.temperature, card.task)
            adapted = _prediction(card, ADAPTED, image, refitted, this)
        return Look(_prediction(card, card.id, image, own, this), heatmaps, embedding, adapted)


def _prediction(
    card: ModelCard, model: str, image: Image, probabilities: NDArray[np.float32], this: _Run
) -> Prediction:
    return prediction_from(
        card,
        model,
        image.header,
        image.frame,
        probabilities,
        warnings=(*image.warnings, *this.warnings),
        elapsed_ms=this.elapsed_ms,
        device=this.device,
    )


def _heatmaps(
    maps: NDArray[np.float32],
    wanted: Sequence[str],
    known: Sequence[str],
    method: str,
    box: tuple[float, float, float, float],
) -> tuple[Heatmap, ...]:
    """The wanted ones of (K, h, w) maps, all with the peak of all K."""
    peak = max(float(maps.max()), 0.0)
    return tuple(Heatmap(name, method, maps[list(known).index(name)], box, peak) for name in wanted)


def _is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has a type of its own for it, MPS a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()
