"""A re-fitted head follows corrections, holds on to what it knew, and never sees the test part."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.adapted import AdaptedHead, probabilities_of
from inference.card import Task
from reviews.record import Part
from studies.image import Header
from training.adapting.head import adapt
from training.calibrate import fit_temperature
from training.errors import TooLittleData, UnusablePlan
from training.samples import Sample

NAMES = ("a", "b", "c")
HEADER = Header("/x.png", "picture", "1.2", "1.2", "1.2", 8, 8)


def samples_of(labels: list[int], part: Part = "train") -> list[Sample]:
    return [
        Sample(HEADER, i, str(i), tuple(int(k == y) for k in range(3)), part) for i, y in enumerate(labels)
    ]


def world(
    count: int, dimension: int = 32, seed: int = 0
) -> tuple[NDArray[np.float32], list[int], NDArray[np.float64]]:
    """Embeddings as a network pools them (positive), what is true of them, and a head that half knows."""
    random = np.random.default_rng(seed)
    ideal = np.random.default_rng(5).normal(size=(3, dimension))
    embeddings = np.abs(random.normal(size=(count, dimension))).astype(np.float32)
    truth = (embeddings @ ideal.T).argmax(1).tolist()
    return embeddings, truth, 0.3 * ideal + 0.3 * np.random.default_rng(6).normal(size=ideal.shape)


def fit(
    count: int, head: NDArray[np.float64], embeddings: NDArray[np.float32], truth: list[int]
) -> AdaptedHead:
    return adapt(samples_of(truth)[:count], by_frame(embeddings), (head, np.zeros(3)), NAMES, base="m")


def by_frame(embeddings: NDArray[np.float32]) -> Callable[[Sample], NDArray[np.float32]]:
    return lambda sample: embeddings[sample.frame]


def test_more_corrections_make_the_head_better_on_films_it_has_not_seen() -> None:
    embeddings, truth, head = world(1200)
    right = []
    for count in (0, 50, 600):
        weight = fit(count, head, embeddings, truth).weight if count else head
        bias = fit(count, head, embeddings, truth).bias if count else np.zeros(3)
        said = (embeddings[600:] @ weight.T + bias).argmax(1)
        right.append(float((said == np.array(truth[600:])).mean()))
    assert right[0] < right[1] < right[2]


def test_one_correction_moves_its_own_film_most() -> None:
    embeddings, truth, head = world(200)
    wrong = int(np.flatnonzero((embeddings @ head.T).argmax(1) != np.array(truth))[0])
    fitted = adapt([samples_of(truth)[wrong]], by_frame(embeddings), (head, np.zeros(3)), NAMES)
    before = probabilities_of((embeddings @ head.T).astype(np.float32), 1.0, "multiclass")
    after = fitted.probabilities(embeddings, 1.0, "multiclass")
    gain = after[:, truth[wrong]] - before[:, truth[wrong]]
    assert gain[wrong] > 0.1
    assert gain[wrong] > np.median(gain)
    assert fitted.reviews == 1


def test_agreeing_with_a_sure_model_changes_next_to_nothing() -> None:
    embeddings, truth, _ = world(50)
    sure = 20 * np.random.default_rng(5).normal(size=(3, 32))
    fitted = fit(50, sure, embeddings, truth)
    assert np.abs(fitted.weight - sure).max() < 0.2


def test_the_test_part_and_unclear_answers_are_left_out() -> None:
    embeddings, truth, head = world(40)
    seen = samples_of(truth)[:20]
    unclear = [Sample(HEADER, 20, "x", (None, 0, None), "train"), Sample(HEADER, 21, "y", (1, 1, 0), "train")]
    held_out = samples_of([2] * 40, "test")
    alone = adapt(seen, by_frame(embeddings), (head, np.zeros(3)), NAMES)
    among = adapt([*seen, *unclear, *held_out], by_frame(embeddings), (head, np.zeros(3)), NAMES)
    assert alone.reviews == among.reviews == 20
    assert np.array_equal(alone.weight, among.weight)
    with pytest.raises(TooLittleData, match="outside the test part"):
        adapt(held_out, by_frame(embeddings), (head, np.zeros(3)), NAMES)


def test_a_rare_finding_is_not_drowned() -> None:
    random = np.random.default_rng(0)
    truth = [0] * 95 + [1] * 5
    embeddings = (random.normal(size=(100, 16)) + np.outer(np.array(truth), np.ones(16)) * 0.8).astype(
        np.float32
    )
    flat, weighted = (
        adapt(samples_of(truth), by_frame(embeddings), (np.zeros((3, 16)), np.zeros(3)), NAMES, balance=b)
        for b in (0.0, 1.0)
    )
    rare = embeddings[95:]
    assert (
        weighted.probabilities(rare, 1.0, "multiclass")[:, 1].mean()
        > flat.probabilities(rare, 1.0, "multiclass")[:, 1].mean()
    )


def test_several_findings_at_once_are_fitted_where_they_are_known() -> None:
    embeddings, truth, head = world(300)
    samples = [
        Sample(HEADER, i, str(i), (int(y == 0), None, int(y == 2)), "train") for i, y in enumerate(truth)
    ]
    task: Task = "multilabel"
    fitted = adapt(samples, by_frame(embeddings), (head, np.zeros(3)), NAMES, task=task)
    said = fitted.probabilities(embeddings, 1.0, task)
    assert said[np.array(truth) == 0, 0].mean() > said[np.array(truth) != 0, 0].mean() + 0.2
    assert np.abs(fitted.weight[1] - head[1]).max() < 1e-4


def test_two_thousand_reviews_take_well_under_a_second() -> None:
    embeddings, truth, head = world(2000, 512)
    fit(5, head, embeddings, truth)  # imports
    started = time.process_time()
    fit(2000, head, embeddings, truth)
    assert time.process_time() - started < 1.5


def test_a_head_of_another_size_is_refused() -> None:
    embeddings, truth, _ = world(4)
    with pytest.raises(UnusablePlan, match="answers 2 findings, expected 3"):
        adapt(samples_of(truth), by_frame(embeddings), (np.zeros((2, 32)), np.zeros(2)), NAMES)


def test_the_fitted_temperature_is_the_one_that_was_lost() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(size=(3000, 3)) * 2
    said = probabilities_of(honest.astype(np.float32), 1.0, "multiclass")
    drawn = [random.choice(3, p=p / p.sum()) for p in said.astype(float)]
    truths = [tuple(int(k == y) for k in range(3)) for y in drawn]
    found = fit_temperature((honest * 2.5).astype(np.float32), list(truths), "multiclass")
    assert found == pytest.approx(2.5, rel=0.1)
    assert fit_temperature(honest[:5].astype(np.float32), list(truths[:5]), "multiclass") is None
