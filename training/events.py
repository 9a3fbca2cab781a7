"""What a training tells while it runs, and what an evaluation found.

A training is a generator of these events. The command line prints them, the window draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["better", "not worse", "not proven", "worse"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one model on one set of images (see `as_json` for the contract's keys).

    `confusion` rows are truth, columns the most probable finding, in the order of `findings`.
    A figure that cannot be had is None. `intervals` are 95% intervals from a bootstrap over
    patients. `per_image` (path or uid, patient, truth indices, probabilities) feeds plots and the
    gate's paired comparison and is left out of `as_json`.
    `knows` are the findings that the model itself answers, empty for all of them.
    What `lung_share`, `without_lungs` and `unfamiliar` mean stands in `training.proof.probes`.
    """

    model: str
    n: int
    patients: int
    findings: tuple[str, ...]
    accuracy: float | None
    balanced_accuracy: float | None
    macro_auroc: float | None
    per_finding: dict[str, dict[str, float | None]]
    confusion: tuple[tuple[int, ...], ...]
    intervals: dict[str, tuple[float, float]]
    brier: float | None
    ece: float | None
    lung_share: float | None = None
    log_loss: float | None = None
    failures: tuple[str, ...] = ()
    per_image: tuple[ImageResult, ...] = ()
    lung_share_per_finding: dict[str, float | None] = field(default_factory=dict)
    without_lungs: dict[str, Any] | None = None
    unfamiliar: float | None = None
    macro_auprc: float | None = None
    intervals_per_finding: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    knows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that `evaluate --json` prints."""
        return {
            "model": self.model,
            "n": self.n,
            "patients": self.patients,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "macro_auroc": self.macro_auroc,
            "findings": list(self.findings),
            "per_finding": self.per_finding,
            "confusion": [list(row) for row in self.confusion],
            "intervals": {k: list(v) for k, v in self.intervals.items()},
            "brier": self.brier,
            "ece": self.ece,
            "lung_share": self.lung_share,
            "log_loss": self.log_loss,
            "lung_share_per_finding": self.lung_share_per_finding,
            "without_lungs": self.without_lungs,
            "unfamiliar": self.unfamiliar,
            "macro_auprc": self.macro_auprc,
            "intervals_per_finding": {
                finding: {k: list(v) for k, v in own.items()}
                for finding, own in self.intervals_per_finding.items()
            },
            "knows": list(self.known_findings),
            "warnings": list(self.warnings),
        }

    @property
    def known_findings(self) -> tuple[str, ...]:
        """Findings that the model itself answers; the others of `findings` it never suggests."""
        return self.knows or self.findings

    @property
    def warnings(self) -> tuple[str, ...]:
        """What somebody who reads the figures has to know."""
        told = (self.without_lungs or {}).get("warning")
        return (str(told),) if told else ()


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One evaluated image: which it was, whose, what is true (1, 0, or None for unknown), what the
    model said. `truth` and `probabilities` stand in the order of the evaluation's findings.

    Parameters
    ----------
    lung_share
        Share of the most probable finding's evidence that lies in the lungs; None where not known.
    unfamiliarity
        See `inference.prediction.Prediction`.
    without_lungs
        What the model said of the same image with its lungs covered, in the order of `probabilities`; empty
        where that was not asked, or no lungs were found.
    """

    image: str
    patient: str
    truth: tuple[int | None, ...]
    probabilities: tuple[float, ...]
    lung_share: float | None = None
    unfamiliarity: float | None = None
    without_lungs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a candidate may be promoted, and why.

    Parameters
    ----------
    current
        Id of the model that it was compared with; empty where there was none.
    """

    passed: bool
    verdict: Verdict
    reasons: tuple[str, ...]
    current: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "current": self.current,
        }


@dataclass(frozen=True, slots=True)
class TrainingEvent:
    """One thing a training says.

    `event` is ``plan`` (what will happen), ``prepare`` (decoding, with done/total), ``epoch``,
    ``done``, ``cancelled`` or ``failed``; a search begins with ``search`` and ``trial``…. `values` holds the
    contract's other keys for it.
    """

    event: Literal["search", "trial", "plan", "prepare", "epoch", "done", "cancelled", "failed"]
    values: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"event": self.event, **self.values}
