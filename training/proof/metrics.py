"""Figures of a model on labelled images, with 95% intervals from a bootstrap over patients.

Everything is computed with weights: one row of weights per bootstrap resample, so that a thousand
resamples cost a few matrix products. The plain figure is the case of one row of ones.

A figure that cannot be had (no image of a class, one kind of answer only) is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.card import Task
from training.events import Evaluation, ImageResult
from training.proof.bootstrap import interval, resamples
from training.proof.ranking import (
    SPECIFICITIES,
    area_under_roc,
    auroc,
    average_precision,
    precision_recall_points,
    ranking,
    roc_points,
    sensitivity_at,
)
from training.proof.reliability import calibration_bins, calibration_errors
from training.proof.table import Table, decided, is_answered, is_right, table_of

__all__ = [
    "at_specificity",
    "confusion",
    "curves",
    "evaluate_results",
    "figures",
    "image_losses",
    "recalls",
    "table_of",
]

Floats = NDArray[np.float64]
LEAST_PROBABILITY = 1e-7


def evaluate_results(
    results: Sequence[ImageResult],
    findings: Sequence[str],
    model: str,
    *,
    bootstrap: int = 1000,
    seed: int = 0,
    task: Task = "multiclass",
    failures: Sequence[str] = (),
    operating_points: Mapping[str, float] | None = None,
) -> Evaluation:
    """Every figure of the `evaluate` contract.

    Accuracy, balanced accuracy and confusion count each image with exactly one present finding by
    its most probable one. Precision, recall and F1 are of that decision too for a one-of-many model,
    and of the decision at 0.5 where several findings can be present. Sensitivity and specificity are of
    each finding by itself at its operating point, None without one. An image of which the model gave
    numbers that are not finite counts for nothing and is named among the failures.
    """
    answered = [result for result in results if is_answered(result)]
    silent = [result.image for result in results if not is_answered(result)]
    table = table_of(answered, task, len(findings))
    points = operating_points or {}
    plain = _every_figure(table, np.ones((1, len(answered))), findings, points)
    intervals, by_finding = _intervals(table, findings, points, bootstrap, seed)
    one = {name: _number(values[0]) for name, values in plain[0].items()}
    return Evaluation(
        model=model,
        n=len(answered),
        patients=table.patients,
        findings=tuple(findings),
        accuracy=one.get("accuracy"),
        balanced_accuracy=one.get("balanced_accuracy"),
        macro_auroc=one.get("macro_auroc"),
        per_finding=_per_finding(table, findings, points, plain[1]),
        confusion=confusion(table),
        intervals=intervals,
        brier=one.get("brier"),
        ece=one.get("ece"),
        log_loss=one.get("log_loss"),
        failures=(*failures, *(f"{image}: the model gave no finite numbers for it." for image in silent)),
        per_image=tuple(results),
        macro_auprc=one.get("macro_auprc"),
        intervals_per_finding=by_finding,
    )


def figures(table: Table, weights: Floats) -> dict[str, Floats]:
    """What two models are compared by, for each row of weights.

    Parameters
    ----------
    weights
        (B, n) float64, how often each image counts.

    Returns
    -------
    (B,) arrays by name: macro_auroc, log_loss; NaN where a row holds nothing to compute from.
    """
    if not table.truth.size:
        return {}
    areas = [area_under_roc(table.truth[:, k], table.probabilities[:, k], weights) for k in _findings(table)]
    loss, scored = image_losses(table)
    return {
        "macro_auroc": _mean_of_known(np.stack(areas)),
        "log_loss": _weighted_mean(loss, weights, scored),
    }


def _every_figure(
    table: Table, weights: Floats, findings: Sequence[str], points: Mapping[str, float]
) -> tuple[dict[str, Floats], dict[str, dict[str, Floats]]]:
    """(B,) arrays of figures of the whole by name, and of each finding by its name and theirs."""
    if not table.truth.size:
        return {}, {}
    each = {
        finding: _figures_of(table, weights, k, points.get(finding)) for k, finding in enumerate(findings)
    }
    loss, scored = image_losses(table)
    brier, _ = _image_briers(table)

    def mean_of(name: str) -> Floats:
        return _mean_of_known(np.stack([own[name] for own in each.values()]))

    whole = {
        "accuracy": _weighted_mean(is_right(table), weights, table.single >= 0),
        "balanced_accuracy": mean_of("recall"),
        "macro_auroc": mean_of("auroc"),
        "macro_auprc": mean_of("auprc"),
        "brier": _weighted_mean(brier, weights, scored),
        "ece": calibration_errors(table, weights),
        "log_loss": _weighted_mean(loss, weights, scored),
    }
    return whole, each


def _figures_of(table: Table, weights: Floats, k: int, point: float | None) -> dict[str, Floats]:
    """(B,) arrays of the figures of finding `k`; those of its operating point only where it has one."""
    truth, said = table.truth[:, k], table.probabilities[:, k]
    _, shown, called = decided(table, k)
    missing = np.full(len(weights), np.nan)
    told = {
        "precision": _weighted_mean(shown.astype(np.float64), weights, called),
        "recall": _weighted_mean(called.astype(np.float64), weights, shown),
    }
    hits = weights @ (called & shown).astype(np.float64)
    both = weights @ shown.astype(np.float64) + weights @ called.astype(np.float64)
    support = weights @ shown.astype(np.float64)
    told["f1"] = np.where(support > 0, 2 * hits / np.where(both > 0, both, 1), np.nan)
    ranked = ranking(truth, said, weights)
    told["auroc"] = missing if ranked is None else auroc(ranked)
    told["auprc"] = missing if ranked is None else average_precision(ranked)
    for specificity in SPECIFICITIES:
        found = missing if ranked is None else sensitivity_at(ranked, specificity)
        told[at_specificity(specificity)] = found
    if point is not None:
        over = (said >= point).astype(np.float64)
        told["sensitivity"] = _weighted_mean(over, weights, truth == 1)
        told["specificity"] = _weighted_mean(1 - over, weights, truth == 0)
    return told


def at_specificity(specificity: float) -> str:
    """The name of the sensitivity at a fixed specificity."""
    return f"sensitivity_at_{100 * specificity:.0f}_specificity"


def recalls(table: Table, weights: Floats) -> Floats:
    """Sensitivity of each finding for each row of weights: (B, K), NaN without a present image."""
    columns = []
    for k in _findings(table):
        _, shown, called = decided(table, k)
        columns.append(_weighted_mean(called.astype(np.float64), weights, shown))
    return np.stack(columns, axis=1)


def confusion(table: Table) -> tuple[tuple[int, ...], ...]:
    """Images with exactly one present finding: rows are truth, columns the most probable finding."""
    size = table.truth.shape[1]
    counts = np.zeros((size, size), np.int64)
    scored = table.single >= 0
    if scored.any():
        np.add.at(counts, (table.single[scored], table.probabilities[scored].argmax(axis=1)), 1)
    return tuple(tuple(int(v) for v in row) for row in counts)


def _per_finding(
    table: Table,
    findings: Sequence[str],
    points: Mapping[str, float],
    plain: Mapping[str, Mapping[str, Floats]],
) -> dict[str, dict[str, float | None]]:
    """The figures of each finding, how many images show it, and what its operating point amounts to."""
    names = ("precision", "recall", "f1", "auroc", "auprc", *map(at_specificity, SPECIFICITIES))
    told: dict[str, dict[str, float | None]] = {}
    for k, finding in enumerate(findings):
        own = plain.get(finding, {})
        figures_told = {name: _number(own[name][0]) if name in own else None for name in names}
        support = int(decided(table, k)[1].sum()) if table.truth.size else 0
        at_point = {
            name: _number(own[name][0]) if name in own else None for name in ("sensitivity", "specificity")
        }
        told[finding] = figures_told | {"support": support, "operating_point": points.get(finding)} | at_point
    return told


def image_losses(table: Table) -> tuple[Floats, NDArray[np.bool_]]:
    """(n,) log-loss of each image in nats, and which images have one.

    One of many: minus the logarithm of the present finding's probability. Several at once: the mean
    binary log-loss over the findings that are known.
    """
    clipped = np.clip(table.probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    if table.task == "multiclass":
        scored = table.single >= 0
        picked = clipped[np.arange(len(clipped)), np.maximum(table.single, 0)]
        return np.where(scored, -np.log(picked), 0.0), scored
    known = np.isfinite(table.truth)
    truth = np.where(known, table.truth, 0.0)
    terms = -(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped))
    return _mean_of_row(terms, known), np.asarray(known.any(axis=1))


def curves(results: Sequence[ImageResult], findings: Sequence[str], task: Task) -> dict[str, Any]:
    """What plots are drawn from, as JSON holds it.

    Returns
    -------
    ``roc``: {finding: [[false positive rate, true positive rate], ...]}, and ``precision_recall``: {finding:
    [[recall, precision], ...]}, without findings of one kind; ``reliability``: [[stated probability, observed
    share, images], ...].
    """
    table = table_of([result for result in results if is_answered(result)], task, len(findings))
    drawn: dict[str, dict[str, list[list[float]]]] = {"roc": {}, "precision_recall": {}}
    for k, name in enumerate(findings) if table.truth.size else ():
        truth, said = table.truth[:, k], table.probabilities[:, k]
        for kind, points in (
            ("roc", roc_points(truth, said)),
            ("precision_recall", precision_recall_points(truth, said)),
        ):
            if points is not None:
                drawn[kind][name] = [
                    [round(float(x), 5), round(float(y), 5)] for x, y in zip(*points, strict=True)
                ]
    return drawn | {"reliability": [list(b) for b in calibration_bins(table)]}


def _findings(table: Table) -> range:
    return range(table.truth.shape[1])


def _image_briers(table: Table) -> tuple[Floats, NDArray[np.bool_]]:
    """Brier (1950): squared differences summed over the classes; several at once: their mean."""
    known = np.isfinite(table.truth)
    squares = np.where(known, (table.probabilities - np.where(known, table.truth, 0.0)) ** 2, 0.0)
    if table.task == "multiclass":
        return squares.sum(axis=1), table.single >= 0
    return _mean_of_row(squares, known), np.asarray(known.any(axis=1))


def _mean_of_row(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """(n,) mean over each row's known values, 0 where there is none."""
    return np.asarray((values * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.float64)


def _weighted_mean(values: Floats, weights: Floats, counted: NDArray[np.bool_]) -> Floats:
    """(B,) mean of `values` over the counted images; NaN where none counts."""
    total = weights @ counted.astype(np.float64)
    return np.where(total > 0, weights @ (values * counted) / np.where(total > 0, total, 1), np.nan)


def _mean_of_known(rows: Floats) -> Floats:
    """(K, B) -> (B,) mean over the rows that are numbers; NaN where none is."""
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, rows, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _intervals(
    table: Table, findings: Sequence[str], points: Mapping[str, float], bootstrap: int, seed: int
) -> tuple[dict[str, tuple[float, float]], dict[str, dict[str, tuple[float, float]]]]:
    """Intervals of the whole's figures by name, and of each finding's."""
    drawn = resamples(table, bootstrap if table.truth.size else 0, seed)
    chunks = [_every_figure(table, weights, findings, points) for weights in drawn]
    if not chunks:
        return {}, {}
    by_finding = {f: _found([each[f] for _, each in chunks], table.patients) for f in findings}
    return _found([whole for whole, _ in chunks], table.patients), by_finding


def _found(chunks: Sequence[Mapping[str, Floats]], patients: int) -> dict[str, tuple[float, float]]:
    told = {name: interval(np.concatenate([c[name] for c in chunks]), patients) for name in chunks[0]}
    return {name: bounds for name, bounds in told.items() if bounds is not None}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
