"""Measures a model on labelled images, through the very predictor that readers see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from inference.predictor import Predictor
from studies.errors import StudyError
from studies.image import Image
from studies.reader import read
from training.errors import UnusablePlan
from training.events import Evaluation, ImageResult
from training.metrics import evaluate_results
from training.samples import Sample, Samples

if TYPE_CHECKING:
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
    """
    card = model.card
    if not card.head_trained:
        raise UnusablePlan(f"{card.name} has a head that was never trained; there is nothing to measure")
    names = tuple(findings or card.finding_names)
    predictor = Predictor(model)
    told = on_progress or _nobody
    results: list[ImageResult] = []
    failures: list[str] = []
    total, done = len(samples.samples), 0
    told(0, total)
    for batch in _batches(samples.samples):
        with_pixels = [(s, i) for s, i in batch if isinstance(i, Image)]
        failures += [reason for _, reason in batch if isinstance(reason, str)]
        looks = predictor.look_at_batch([image for _, image in with_pixels]) if with_pixels else []
        for (sample, _), look in zip(with_pixels, looks, strict=True):
            said = {f.name: f.probability for f in look.prediction.findings}
            truth = _truth_by_name(sample, samples.findings, names, card.task)
            results.append(
                ImageResult(sample.image, sample.patient, truth, tuple(said.get(n, 0.0) for n in names))
            )
        done += len(batch)
        told(done, total)
    return evaluate_results(
        results, names, card.id, bootstrap=bootstrap, seed=seed, task=card.task, failures=failures
    )


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
