"""Figures of a model on labelled images, with 95% intervals from a bootstrap over patients.

Everything is computed with weights: one row of weights per bootstrap resample, so that a thousand
resamples cost a few matrix products. The plain figure is the case of one row of ones.

A figure that cannot be had (no image of a class, one kind of answer only) is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.card import Task
from training.events import Evaluation, ImageResult

Floats = NDArray[np.float64]
CALIBRATION_BINS = 10
LEAST_PROBABILITY = 1e-7
CHUNK_CELLS = 4_000_000  # resamples x images at a time: about 32 MB an array


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Results as arrays.

    Parameters
    ----------
    truth
        (n, K) float64: 1, 0, or NaN for unknown.
    probabilities
        (n, K) float64 in [0, 1].
    single
        (n,) int64: the finding that is present where it is exactly one, else -1.
    patient
        (n,) int64 from 0.
    """

    truth: Floats
    probabilities: Floats
    single: NDArray[np.int64]
    patient: NDArray[np.int64]
    task: Task

    @property
    def patients(self) -> int:
        return int(self.patient.max()) + 1 if self.patient.size else 0


def table_of(results: Sequence[ImageResult], task: Task, findings: int = 0) -> Table:
    """Arrays from results, in their order; `findings` counts where there is no result to count from."""
    findings = len(results[0].truth) if results else findings
    truth = np.array(
        [[np.nan if t is None else float(t) for t in r.truth] for r in results], np.float64
    ).reshape(len(results), findings)
    probabilities = np.array([r.probabilities for r in results], np.float64).reshape(truth.shape)
    present = truth == 1
    single = np.where(present.sum(axis=1) == 1, present.argmax(axis=1) if findings else 0, -1)
    number: dict[str, int] = {}
    patient = np.array([number.setdefault(r.patient, len(number)) for r in results], np.int64)
    return Table(truth, probabilities, single.astype(np.int64), patient, task)


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
    each finding by itself at its operating point, None without one.
    """
    table = table_of(results, task, len(findings))
    plain = figures(table, np.ones((1, len(results))))
    one = {name: _number(values[0]) for name, values in plain.items()}
    return Evaluation(
        model=model,
        n=len(results),
        patients=table.patients,
        findings=tuple(findings),
        accuracy=one.get("accuracy"),
        balanced_accuracy=one.get("balanced_accuracy"),
        macro_auroc=one.get("macro_auroc"),
        per_finding=per_finding(table, findings, operating_points or {}),
        confusion=confusion(table),
        intervals=_intervals(table, bootstrap, seed),
        brier=one.get("brier"),
        ece=_number(calibration_error(table)),
        log_loss=one.get("log_loss"),
        failures=tuple(failures),
        per_image=tuple(results),
    )


def figures(table: Table, weights: Floats) -> dict[str, Floats]:
    """Figures of each row of weights.

    Parameters
    ----------
    weights
        (B, n) float64, how often each image counts.

    Returns
    -------
    (B,) arrays by name: accuracy, balanced_accuracy, macro_auroc, brier, log_loss; NaN where a row
    holds nothing to compute from.
    """
    if not table.truth.size:
        return {}
    recall = recalls(table, weights)
    auroc = np.stack(
        [area_under_roc(table.truth[:, k], table.probabilities[:, k], weights) for k in _findings(table)]
    )
    loss, scored = image_losses(table)
    brier, _ = _image_briers(table)
    return {
        "accuracy": _weighted_mean(_is_right(table), weights, table.single >= 0),
        "balanced_accuracy": _mean_of_known(recall.T),
        "macro_auroc": _mean_of_known(auroc),
        "brier": _weighted_mean(brier, weights, scored),
        "log_loss": _weighted_mean(loss, weights, scored),
    }


def resamples(table: Table, bootstrap: int, seed: int) -> list[Floats]:
    """Bootstrap weights over patients, in chunks of (b, n); all images of a drawn patient count."""
    if table.patients < 2 or bootstrap < 1:
        return []
    random = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // len(table.patient))
    shares = np.full(table.patients, 1 / table.patients)
    sizes = [min(chunk, bootstrap - start) for start in range(0, bootstrap, chunk)]
    return [
        random.multinomial(table.patients, shares, size).astype(np.float64)[:, table.patient]
        for size in sizes
    ]


def interval(values: Floats) -> tuple[float, float] | None:
    """The middle 95% of resampled values; None where fewer than nine in ten could be had."""
    known = values[np.isfinite(values)]
    if known.size < 0.9 * values.size or not known.size:
        return None
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)


def area_under_roc(truth: Floats, scores: Floats, weights: Floats) -> Floats:
    """Weighted AUROC of one finding for each row of weights (ties count half).

    Parameters
    ----------
    truth, scores
        (n,); truth 1, 0 or NaN (left out).
    weights
        (B, n).

    Returns
    -------
    (B,), NaN where a row holds only present or only absent.
    """
    known = np.flatnonzero(np.isfinite(truth))
    if not known.size:
        return np.full(len(weights), np.nan)
    order = known[np.argsort(scores[known], kind="stable")]
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])  # groups of equal scores
    own = weights[:, order]
    positive = np.add.reduceat(own * truth[order], starts, axis=1)
    negative = np.add.reduceat(own * (1 - truth[order]), starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    wins = (positive * (below + 0.5 * negative)).sum(axis=1)
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return np.where(pairs > 0, wins / np.where(pairs > 0, pairs, 1), np.nan)


def recalls(table: Table, weights: Floats) -> Floats:
    """Sensitivity of each finding for each row of weights: (B, K), NaN without a present image."""
    chosen = decisions(table)
    columns = []
    for k in _findings(table):
        shown = (table.single == k) if table.task == "multiclass" else (table.truth[:, k] == 1)
        columns.append(_weighted_mean(chosen[:, k].astype(np.float64), weights, shown))
    return np.stack(columns, axis=1)


def decisions(table: Table) -> NDArray[np.bool_]:
    """(n, K): the most probable finding, or every finding at 0.5 and above where several can be."""
    if table.task == "multilabel":
        return table.probabilities >= 0.5
    chosen = np.zeros(table.probabilities.shape, bool)
    if chosen.size:
        chosen[np.arange(len(chosen)), table.probabilities.argmax(axis=1)] = True
    return chosen


def confusion(table: Table) -> tuple[tuple[int, ...], ...]:
    """Images with exactly one present finding: rows are truth, columns the most probable finding."""
    size = table.truth.shape[1]
    counts = np.zeros((size, size), np.int64)
    scored = table.single >= 0
    if scored.any():
        np.add.at(counts, (table.single[scored], table.probabilities[scored].argmax(axis=1)), 1)
    return tuple(tuple(int(v) for v in row) for row in counts)


def per_finding(
    table: Table, findings: Sequence[str], operating_points: Mapping[str, float]
) -> dict[str, dict[str, float | None]]:
    """Precision, recall, F1, support and AUROC of each finding; and what its operating point amounts to."""
    chosen = decisions(table)
    told: dict[str, dict[str, float | None]] = {}
    for k, finding in enumerate(findings):
        point = operating_points.get(finding)
        at_point = {"operating_point": point, "sensitivity": None, "specificity": None}
        if not table.truth.size:
            told[finding] = {"precision": None, "recall": None, "f1": None, "support": 0, "auroc": None}
            told[finding] |= at_point
            continue
        if point is not None:
            at_point |= at_operating_point(table.truth[:, k], table.probabilities[:, k], point)
        if table.task == "multiclass":
            counted, shown = table.single >= 0, table.single == k
        else:
            counted, shown = np.isfinite(table.truth[:, k]), table.truth[:, k] == 1
        said = chosen[:, k] & counted
        hits, support, calls = int((said & shown).sum()), int(shown.sum()), int(said.sum())
        area = area_under_roc(table.truth[:, k], table.probabilities[:, k], np.ones((1, len(shown))))
        told[finding] = {
            "precision": hits / calls if calls else None,
            "recall": hits / support if support else None,
            "f1": 2 * hits / (support + calls) if support else None,
            "support": support,
            "auroc": _number(area[0]),
        } | at_point
    return told


def at_operating_point(truth: Floats, said: Floats, point: float) -> dict[str, float | None]:
    """Sensitivity and specificity of (n,) probabilities that call a finding present from `point` on."""
    called, present, absent = said >= point, truth == 1, truth == 0
    return {
        "sensitivity": float(called[present].mean()) if present.any() else None,
        "specificity": float((~called[absent]).mean()) if absent.any() else None,
    }


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


def calibration_bins(table: Table) -> list[tuple[float, float, int]]:
    """Reliability: (mean probability, share that was right, how many) of each bin that holds any.

    One of many: the probability of the most probable finding against how often it was the right one
    (Guo et al. 2017). Several at once: every known finding's probability against its truth.
    """
    if not table.truth.size:
        return []
    if table.task == "multiclass":
        scored = table.single >= 0
        said = table.probabilities.max(axis=1)[scored]
        true = _is_right(table)[scored]
    else:
        known = np.isfinite(table.truth)
        said, true = table.probabilities[known], table.truth[known]
    bins = np.minimum((said * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return [
        (float(said[bins == b].mean()), float(true[bins == b].mean()), int((bins == b).sum()))
        for b in range(CALIBRATION_BINS)
        if (bins == b).any()
    ]


def curves(results: Sequence[ImageResult], findings: Sequence[str], task: Task) -> dict[str, Any]:
    """What plots are drawn from, as JSON holds it.

    Returns
    -------
    ``roc``: {finding: [[false positive rate, true positive rate], ...]}, without findings of one kind;
    ``reliability``: [[stated probability, observed share, images], ...].
    """
    table = table_of(results, task)
    roc = {}
    for i, name in enumerate(findings):
        points = roc_points(table.truth[:, i], table.probabilities[:, i]) if table.truth.size else None
        if points is not None:
            roc[name] = [[round(float(x), 5), round(float(y), 5)] for x, y in zip(*points, strict=True)]
    return {"roc": roc, "reliability": [list(b) for b in calibration_bins(table)]}


def calibration_error(table: Table) -> float:
    """Expected calibration error over ten bins of equal width, in [0, 1]; NaN without images."""
    bins = calibration_bins(table)
    count = sum(n for _, _, n in bins)
    return sum(n * abs(said - true) for said, true, n in bins) / count if count else float("nan")


def roc_points(truth: Floats, scores: Floats) -> tuple[Floats, Floats] | None:
    """(false positive rate, true positive rate) of one finding, from (0, 0) to (1, 1); None if one kind."""
    known = np.isfinite(truth)
    true, said = truth[known], scores[known]
    if not 0 < true.sum() < true.size:
        return None
    order = np.argsort(-said, kind="stable")
    last_of_equal = np.r_[np.diff(said[order]) != 0, True]
    hits = np.cumsum(true[order])[last_of_equal]
    alarms = np.cumsum(1 - true[order])[last_of_equal]
    return np.r_[0.0, alarms / alarms[-1]], np.r_[0.0, hits / hits[-1]]


def _findings(table: Table) -> range:
    return range(table.truth.shape[1])


def _is_right(table: Table) -> Floats:
    """(n,) 1 where the most probable finding is the one that is present."""
    return np.asarray(table.probabilities.argmax(axis=1) == table.single, np.float64)


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


def _intervals(table: Table, bootstrap: int, seed: int) -> dict[str, tuple[float, float]]:
    chunks = (
        [figures(table, weights) for weights in resamples(table, bootstrap, seed)] if table.truth.size else []
    )
    if not chunks:
        return {}
    told = {name: interval(np.concatenate([c[name] for c in chunks])) for name in chunks[0]}
    return {name: found for name, found in told.items() if found is not None}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
