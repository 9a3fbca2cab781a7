"""Results of an evaluation as arrays, and what a model decides by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.card import Task
from training.events import ImageResult

Floats = NDArray[np.float64]


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


def is_answered(result: ImageResult) -> bool:
    """Whether a model gave a number for every finding."""
    return bool(np.isfinite(result.probabilities).all())


def decisions(table: Table) -> NDArray[np.bool_]:
    """(n, K): the most probable finding, or every finding at 0.5 and above where several can be."""
    if table.task == "multilabel":
        return table.probabilities >= 0.5
    chosen = np.zeros(table.probabilities.shape, bool)
    if chosen.size:
        chosen[np.arange(len(chosen)), table.probabilities.argmax(axis=1)] = True
    return chosen


def decided(table: Table, k: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) of finding `k`: images that count, that show it, and that are called so among those that count."""
    if table.task == "multiclass":
        counted, shown = table.single >= 0, table.single == k
    else:
        counted, shown = np.isfinite(table.truth[:, k]), table.truth[:, k] == 1
    return counted, shown, decisions(table)[:, k] & counted


def is_right(table: Table) -> Floats:
    """(n,) 1 where the most probable finding is the one that is present."""
    return np.asarray(table.probabilities.argmax(axis=1) == table.single, np.float64)
