"""Figures agree with scikit-learn's, and a figure that cannot be had is None."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from training.events import ImageResult
from training.proof import bootstrap
from training.proof.bootstrap import interval, resamples
from training.proof.metrics import evaluate_results
from training.proof.ranking import (
    auroc,
    average_precision,
    precision_recall_points,
    ranking,
    roc_points,
    sensitivity_at,
)
from training.proof.reliability import calibration_bins, calibration_errors
from training.proof.table import table_of

NAMES = ("a", "b", "c")


def results_of(truths: list[int], said: np.ndarray, patients: list[str] | None = None) -> list[ImageResult]:
    return [
        ImageResult(
            f"i{i}", (patients or [f"p{j}" for j in range(len(truths))])[i],
            tuple(int(k == t) for k in range(said.shape[1])), tuple(map(float, said[i])),
        )
        for i, t in enumerate(truths)
    ]  # fmt: skip


def random_results(
    count: int, seed: int = 0, patients: int | None = None
) -> tuple[list[int], np.ndarray, list[ImageResult]]:
    random = np.random.default_rng(seed)
    truths = random.integers(0, 3, count).tolist()
    logits = random.normal(size=(count, 3)) + 1.2 * np.eye(3)[truths]
    said = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    own = [f"p{v}" for v in random.integers(0, patients or count, count)]
    return truths, said, results_of(truths, said, own)


def test_figures_agree_with_scikit_learn() -> None:
    truths, said, results = random_results(300)
    told = evaluate_results(results, NAMES, "m", bootstrap=10)
    chosen = said.argmax(1)
    assert told.accuracy == pytest.approx(reference.accuracy_score(truths, chosen))
    assert told.balanced_accuracy == pytest.approx(reference.balanced_accuracy_score(truths, chosen))
    assert told.macro_auroc == pytest.approx(reference.roc_auc_score(truths, said, multi_class="ovr"))
    assert told.log_loss == pytest.approx(reference.log_loss(truths, said))
    assert told.brier == pytest.approx(((said - np.eye(3)[truths]) ** 2).sum(1).mean())
    assert told.confusion == tuple(map(tuple, reference.confusion_matrix(truths, chosen).tolist()))
    precision, recall, f1, support = reference.precision_recall_fscore_support(truths, chosen)
    for k, name in enumerate(NAMES):
        own = told.per_finding[name]
        assert (own["precision"], own["recall"], own["f1"], own["support"]) == pytest.approx(
            (precision[k], recall[k], f1[k], support[k])
        )
        shown = np.equal(truths, k)
        assert own["auroc"] == pytest.approx(reference.roc_auc_score(shown, said[:, k]))
        assert own["auprc"] == pytest.approx(reference.average_precision_score(shown, said[:, k]))
        alarms, hits, _ = reference.roc_curve(shown, said[:, k], drop_intermediate=False)
        for specificity in (0.9, 0.95):
            at = own[f"sensitivity_at_{100 * specificity:.0f}_specificity"]
            assert at == pytest.approx(hits[alarms <= 1 - specificity + 1e-9].max())
    areas = [reference.average_precision_score(np.equal(truths, k), said[:, k]) for k in range(3)]
    assert told.macro_auprc == pytest.approx(np.mean(areas))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=30))
@settings(max_examples=60, deadline=None)
def test_weighted_figures_of_a_ranking_are_those_of_repeated_images(
    rows: list[tuple[bool, int, int]],
) -> None:
    truth = np.array([float(t) for t, _, _ in rows])
    score = np.array([float(s) for _, s, _ in rows])
    weight = np.array([w for _, _, w in rows])
    ranked = ranking(truth, score, weight[None].astype(float))
    assert ranked is not None
    ours = [float(f(ranked)[0]) for f in (auroc, average_precision, partial(sensitivity_at, specificity=0.6))]
    repeated, scores = np.repeat(truth, weight), np.repeat(score, weight)
    if not 0 < repeated.sum() < repeated.size:
        assert np.isnan(ours).all()
        return
    alarms, hits, _ = reference.roc_curve(repeated, scores, drop_intermediate=False)
    theirs = [
        reference.roc_auc_score(repeated, scores),
        reference.average_precision_score(repeated, scores),
        hits[alarms <= 0.4 + 1e-9].max(),
    ]
    assert ours == pytest.approx(theirs)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=40))
@settings(max_examples=40, deadline=None)
def test_curves_are_scikit_learn_s(rows: list[tuple[bool, int]]) -> None:
    truth = np.array([float(t) for t, _ in rows])
    score = np.array([float(s) for _, s in rows])
    if not 0 < truth.sum() < truth.size:
        assert roc_points(truth, score) is None
        assert precision_recall_points(truth, score) is None
        return
    roc, curve = roc_points(truth, score), precision_recall_points(truth, score)
    assert roc is not None
    assert curve is not None
    alarms, hits, _ = reference.roc_curve(truth, score, drop_intermediate=False)
    assert np.allclose(roc, (alarms, hits))
    precision, recall, _ = reference.precision_recall_curve(truth, score)
    assert np.allclose(curve, (recall[:-1][::-1], precision[:-1][::-1]))  # it adds the point (0, 1)


def test_figures_that_cannot_be_had_are_none() -> None:
    said = np.array([[0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    told = evaluate_results(results_of([1, 1], said), NAMES, "m", bootstrap=20)
    assert told.macro_auroc is None
    assert told.per_finding["a"] == {
        "precision": 0.0,
        "recall": None,
        "f1": None,
        "support": 0,
        "auroc": None,
        "auprc": None,
        "sensitivity_at_90_specificity": None,
        "sensitivity_at_95_specificity": None,
        "operating_point": None,
        "sensitivity": None,
        "specificity": None,
    }
    assert told.per_finding["c"]["precision"] is None
    assert told.balanced_accuracy == told.accuracy == 0.5
    json.dumps(told.as_json(), allow_nan=False)


def test_no_image_at_all_gives_no_figure() -> None:
    told = evaluate_results([], NAMES, "m")
    assert (told.n, told.patients, told.accuracy, told.macro_auroc, told.ece) == (0, 0, None, None, None)
    assert told.intervals == {}
    assert told.per_finding["a"]["support"] == 0
    assert told.confusion == ((0, 0, 0), (0, 0, 0), (0, 0, 0))
    json.dumps(told.as_json(), allow_nan=False)


def test_an_unknown_answer_counts_for_nothing() -> None:
    _, _, results = random_results(40)
    strange = ImageResult("x", "px", (None, None, None), (1.0, 0.0, 0.0))
    with_it, without = (evaluate_results(r, NAMES, "m", bootstrap=0) for r in ([*results, strange], results))
    assert with_it.n == 41
    assert with_it.accuracy == without.accuracy
    assert with_it.macro_auroc == without.macro_auroc
    assert with_it.log_loss == pytest.approx(without.log_loss)


def test_several_findings_at_once_are_decided_at_one_half() -> None:
    results = [
        ImageResult("1", "p1", (1, 1), (0.9, 0.6)),
        ImageResult("2", "p2", (0, None), (0.6, 0.9)),
        ImageResult("3", "p3", (0, 1), (0.2, 0.4)),
    ]
    told = evaluate_results(results, ("a", "b"), "m", task="multilabel", bootstrap=0)
    assert told.per_finding["a"]["precision"] == 0.5
    assert told.per_finding["b"]["recall"] == 0.5
    assert told.per_finding["b"]["support"] == 2
    assert told.confusion == ((0, 0), (0, 1))
    assert told.accuracy == 1.0


def test_intervals_hold_the_figure() -> None:
    _, _, results = random_results(240)
    told = evaluate_results(results, NAMES, "m", bootstrap=400)
    low, high = told.intervals["accuracy"]
    assert told.accuracy is not None
    assert low < told.accuracy < high
    every = {"accuracy", "balanced_accuracy", "macro_auroc", "macro_auprc", "log_loss", "brier", "ece"}
    assert every == set(told.intervals)


def test_every_figure_of_a_finding_has_an_interval() -> None:
    _, _, results = random_results(240)
    told = evaluate_results(results, NAMES, "m", bootstrap=400, operating_points={"a": 0.3})
    for name in NAMES:
        own, bounds = told.per_finding[name], told.intervals_per_finding[name]
        expected = {key for key, value in own.items() if value is not None} - {"support", "operating_point"}
        assert set(bounds) == expected
        for key in expected:
            value = own[key]
            assert value is not None
            assert bounds[key][0] <= value <= bounds[key][1]
    assert "sensitivity" in told.intervals_per_finding["a"]
    assert "sensitivity" not in told.intervals_per_finding["b"]
    json.dumps(told.as_json(), allow_nan=False)


def test_calibration_error_of_each_row_of_weights_is_that_of_repeated_images() -> None:
    _, _, results = random_results(80)
    weights = np.random.default_rng(1).integers(0, 3, (5, 80)).astype(float)
    told = calibration_errors(table_of(results, "multiclass"), weights)
    for row, error in zip(weights, told, strict=True):
        repeated = [r for r, w in zip(results, row, strict=True) for _ in range(int(w))]
        (expected,) = calibration_errors(table_of(repeated, "multiclass"), np.ones((1, len(repeated))))
        assert error == pytest.approx(expected)


def test_an_image_without_numbers_counts_for_nothing_and_is_named() -> None:
    _, _, results = random_results(60)
    nothing = replace(results[7], image="broken", probabilities=(float("nan"), 0.5, 0.5))
    told = evaluate_results([*results, nothing], NAMES, "m", bootstrap=50)
    without = evaluate_results(results, NAMES, "m", bootstrap=50)
    assert told.failures == ("broken: the model gave no finite numbers for it.",)
    assert told.as_json() == without.as_json()


def test_few_patients_have_wider_intervals() -> None:
    values = np.random.default_rng(0).normal(size=4000)
    many, few = interval(values, 1000), interval(values, 12)
    assert many is not None
    assert few is not None
    assert few[1] - few[0] > 1.1 * (many[1] - many[0])


def test_ten_films_of_one_patient_are_no_more_certain_than_one() -> None:
    _, _, results = random_results(50)
    repeated = [replace(r, image=f"{r.image}-{i}") for r in results for i in range(10)]
    one, ten = (
        evaluate_results(r, NAMES, "m", bootstrap=400).intervals["accuracy"] for r in (results, repeated)
    )
    assert ten[1] - ten[0] == pytest.approx(one[1] - one[0], rel=0.2)


def test_one_patient_has_no_interval() -> None:
    _, _, results = random_results(20, patients=1)
    assert evaluate_results(results, NAMES, "m").intervals == {}


def test_intervals_are_the_same_for_the_same_seed() -> None:
    _, _, results = random_results(60)
    assert (
        evaluate_results(results, NAMES, "m", seed=4).intervals
        == evaluate_results(results, NAMES, "m", seed=4).intervals
    )


def test_a_thousand_resamples_of_a_thousand_images_take_seconds_at_most() -> None:
    _, _, results = random_results(1000)
    started = time.perf_counter()
    evaluate_results(results, NAMES, "m", bootstrap=1000)
    assert time.perf_counter() - started < 5


def test_calibration_of_an_honest_model_is_on_the_line() -> None:
    random = np.random.default_rng(1)
    said = random.uniform(0.5, 1, 2000)
    truths = (random.uniform(size=2000) > said).astype(int).tolist()
    results = results_of(truths, np.stack([said, 1 - said], 1))
    told = evaluate_results(results, ("a", "b"), "m", bootstrap=0)
    assert told.ece is not None
    assert told.ece < 0.05
    assert all(abs(p - t) < 0.09 for p, t, _ in calibration_bins(table_of(results, "multiclass")))


def test_the_roc_curve_runs_from_corner_to_corner() -> None:
    truth, score = np.array([0, 1, 1, 0, np.nan]), np.array([0.1, 0.9, 0.4, 0.4, 0.3])
    points = roc_points(truth, score)
    assert points is not None
    assert list(zip(*map(list, points), strict=True)) == [(0, 0), (0, 0.5), (0.5, 1), (1, 1)]
    assert roc_points(np.ones(3), np.arange(3.0)) is None


def test_an_operating_point_has_a_sensitivity_and_a_specificity() -> None:
    said = np.array([[0.9, 0.1], [0.3, 0.7], [0.4, 0.6], [0.2, 0.8]])
    results = [
        ImageResult(str(i), str(i), truth, tuple(p))
        for i, (truth, p) in enumerate(zip([(1, 0), (1, 0), (0, 1), (0, None)], said.tolist(), strict=True))
    ]
    told = evaluate_results(
        results, ("a", "b"), "m", task="multilabel", bootstrap=0, operating_points={"a": 0.35}
    ).per_finding
    assert (told["a"]["operating_point"], told["a"]["sensitivity"], told["a"]["specificity"]) == (
        0.35,
        0.5,
        0.5,
    )
    assert told["b"]["operating_point"] is None
    assert told["b"]["sensitivity"] is None


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_brier_and_reliability_agree_with_scikit_learn(task: str) -> None:
    """Of two findings, one of many: twice scikit-learn's Brier score of one of them."""
    random = np.random.default_rng(8)
    said = random.uniform(0.02, 0.98, 400)
    true = (random.uniform(size=400) < said**1.5).astype(int)
    pairs = np.stack([said, 1 - said], axis=1)
    results = [
        ImageResult(str(i), str(i), (int(t), 1 - int(t)), tuple(map(float, p)))
        for i, (t, p) in enumerate(zip(true, pairs, strict=True))
    ]
    told = evaluate_results(results, ("a", "b"), "m", task=task, bootstrap=0)  # type: ignore[arg-type]
    one = reference.brier_score_loss(true, said)
    assert told.brier == pytest.approx(2 * one if task == "multiclass" else one)
    every = (
        (pairs.max(axis=1), (pairs.argmax(axis=1) == 1 - true).astype(int))
        if task == "multiclass"
        else (pairs.ravel(), np.stack([true, 1 - true], axis=1).ravel())
    )
    right, stated = calibration_curve(every[1], every[0], n_bins=10)
    bins = calibration_bins(table_of(results, task))  # type: ignore[arg-type]
    assert [b[0] for b in bins] == pytest.approx(stated)
    assert [b[1] for b in bins] == pytest.approx(right)
    error = sum(n * abs(a - b) for a, b, n in bins) / len(every[0])
    assert told.ece == pytest.approx(error)


def test_resamples_are_the_same_however_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, results = random_results(40)
    table = table_of(results, "multiclass")
    whole = np.concatenate(list(resamples(table, 30, 1)))
    monkeypatch.setattr(bootstrap, "CHUNK_CELLS", 7 * 40)
    chunks = list(resamples(table, 30, 1))
    assert [len(chunk) for chunk in chunks] == [7, 7, 7, 7, 2]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
