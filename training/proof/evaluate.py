"""Measures a model on labelled images, through the very predictor that readers see."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.adapted import believed
from inference.card import ModelCard
from inference.errors import NoNumbers
from inference.prediction import Prediction
from inference.predictor import Predictor
from studies.errors import StudyError
from studies.image import Image
from studies.reader import read
from training.errors import UnusablePlan
from training.events import Evaluation, ImageResult
from training.proof.metrics import evaluate_results
from training.proof.probes import added, blanked
from training.samples import Sample, Samples

if TYPE_CHECKING:
    from inference.lungs import LungFinder
    from inference.network import LoadedModel

BATCH = 16
DECODING_THREADS = 4


def evaluate(
    model: LoadedModel,
    samples: Samples,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    findings: Sequence[str] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    lungs: LungFinder | None = None,
    trust: NDArray[np.float32] | None = None,
) -> Evaluation:
    """Every figure of `model` on every image of `samples` that decodes.

    Parameters
    ----------
    on_progress
        Called with (done, all) before the first batch and after each; may raise to stop.
    findings
        The findings to measure by, by default the model's own. One that the model does not know
        has probability 0. One that is not in `samples` counts as absent in a one-of-many model where
        another is present, else as unknown.
    lungs
        Finds the lungs on chest films; needed where the model is shown them alone. With it every film is
        looked at a second time with its lungs covered, and it is told where the evidence lies.
    trust
        (K,) how far each finding of the model is believed, where its last layer is a re-fitted head
        (`inference.adapted.AdaptedHead`): what is measured is what readers are shown.
    """
    card = model.card
    if not card.head_trained:
        raise UnusablePlan(f"{card.name} has a head that was never trained; there is nothing to measure")
    names = tuple(findings or card.finding_names)
    predictor = Predictor(model, lungs=lungs)
    told = on_progress or _nobody
    results: list[ImageResult] = []
    failures: list[str] = []
    total, done = len(samples.samples), 0
    told(0, total)
    for batch in _batches(samples.samples):
        with_pixels = [(s, i) for s, i in batch if isinstance(i, Image)]
        failures += [reason for _, reason in batch if isinstance(reason, str)]
        results += _answers(predictor, card, with_pixels, samples.findings, names, trust)
        done += len(batch)
        told(done, total)
    measured = evaluate_results(
        results, names, card.id, bootstrap=bootstrap, seed=seed, task=card.task, failures=failures,
        operating_points=card.operating_points,
    )  # fmt: skip
    return replace(added(measured, card.task, bootstrap, seed), knows=card.finding_names)


def _answers(
    predictor: Predictor,
    card: ModelCard,
    images: Sequence[tuple[Sample, Image]],
    known: Sequence[str],
    names: Sequence[str],
    trust: NDArray[np.float32] | None,
) -> list[ImageResult]:
    """What the model says of each image; of one that it gives no finite numbers for, that it gives none."""
    try:
        return _looked_at(predictor, card, images, known, names, trust)
    except NoNumbers:
        if len(images) > 1:
            return [r for one in images for r in _answers(predictor, card, [one], known, names, trust)]
        sample, _ = images[0]
        truth = _truth_by_name(sample, known, names, card.task)
        return [ImageResult(sample.image, sample.patient, truth, (math.nan,) * len(names))]


def _looked_at(
    predictor: Predictor,
    card: ModelCard,
    images: Sequence[tuple[Sample, Image]],
    known: Sequence[str],
    names: Sequence[str],
    trust: NDArray[np.float32] | None,
) -> list[ImageResult]:
    """What the model says of each image, and of the same without lungs."""
    frames = [predictor.prepare(image) for _, image in images]
    covered = [blanked(frame) for frame in frames]
    looks = predictor.see([*frames, *(frame for frame in covered if frame is not None)])
    later = iter(looks[len(frames) :])
    results = []
    for (sample, _), (look, seen), frame in zip(images, looks, covered, strict=False):
        without: tuple[float, ...] = ()
        if frame is not None:
            without = _by_name(_probabilities(next(later)[0].prediction, card, trust), card, names)
        said = look.prediction
        probabilities = _probabilities(said, card, trust)
        best = int(probabilities.argmax())
        share = seen.lung_shares[best] if seen.lung_shares else None
        truth = _truth_by_name(sample, known, names, card.task)
        results.append(
            ImageResult(
                sample.image, sample.patient, truth, _by_name(probabilities, card, names),
                share, said.unfamiliarity, without,
            )
        )  # fmt: skip
    return results


def _probabilities(
    prediction: Prediction, card: ModelCard, trust: NDArray[np.float32] | None
) -> NDArray[np.float64]:
    """(K,) in the card's order, as far as they are believed."""
    said = np.array([finding.probability for finding in prediction.findings])
    return said if trust is None else believed(said, trust, card.task).astype(np.float64)


def _by_name(probabilities: NDArray[np.float64], card: ModelCard, names: Sequence[str]) -> tuple[float, ...]:
    said = dict(zip(card.finding_names, probabilities, strict=True))
    return tuple(float(said.get(name, 0.0)) for name in names)


def _nobody(done: int, total: int) -> None:
    """Nobody asked for progress."""


def _truth_by_name(
    sample: Sample, known: Sequence[str], wanted: Sequence[str], task: str
) -> tuple[int | None, ...]:
    truth = dict(zip(known, sample.truth, strict=True))
    otherwise = 0 if task == "multiclass" and sample.present is not None else None
    return tuple(truth.get(name, otherwise) for name in wanted)


def _batches(samples: Sequence[Sample]) -> Iterator[list[tuple[Sample, Image | str]]]:
    """Decoded images, or why not, a batch ahead of the network and no more."""
    left = iter(samples)
    with ThreadPoolExecutor(DECODING_THREADS) as threads:
        ahead = [(s, threads.submit(_read, s)) for s in islice(left, BATCH)]
        while ahead:
            following = [(s, threads.submit(_read, s)) for s in islice(left, BATCH)]
            yield [(s, job.result()) for s, job in ahead]
            ahead = following


def _read(sample: Sample) -> Image | str:
    try:
        return read(sample.header, sample.frame)
    except StudyError as error:
        return str(error)
