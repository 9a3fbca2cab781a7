"""Whether a candidate may replace the current model: both on the same held-out patients, paired.

The verdict comes from the 95% interval of the paired difference, by a bootstrap over patients, in
macro AUROC (does it rank better?) and log-loss (are its probabilities better?):

better      both intervals lie above zero
not worse   both lie above the margin
worse       one lies below zero
not proven  otherwise, or too few patients to tell

Passing means better or not worse. Whatever the verdict, losses that an average hides are named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.card import Task
from training.bootstrap import interval, resamples
from training.events import Evaluation, Gate, ImageResult, Verdict
from training.metrics import figures, recalls
from training.reliability import calibration_error
from training.table import Table, table_of

MARGIN = -0.02
LEAST_RESAMPLES = 1000  # with fewer an interval's ends are themselves a draw of lots
LEAST_PATIENTS = 20  # below, a bootstrap's intervals are too narrow to be believed
NO_DIFFERENCE = 1e-4  # less than this is rounding, not improvement
SENSITIVITY_LOSS = 0.05
CALIBRATION_LOSS = 0.01
LUNG_SHARE_LOSS = 0.01
FINDING_LUNG_SHARE_LOSS = 0.05  # of one finding, which fewer films show


@dataclass(frozen=True, slots=True)
class _Difference:
    """Candidate minus current, above zero where the candidate is better."""

    name: str
    value: float
    low: float
    high: float
    spread: float  # standard deviation over the resamples

    def sentence(self) -> str:
        if abs(self.value) < NO_DIFFERENCE:
            return f"{self.name}: the models are equal (95% interval {self.low:+.3f} to {self.high:+.3f})"
        which = "better" if self.value > 0 else "worse"
        interval = f"95% interval of the gain {self.low:+.3f} to {self.high:+.3f}"
        return f"{self.name}: the candidate is {which} by {abs(self.value):.3f} ({interval})"


def compare(
    candidate: Evaluation,
    current: Evaluation,
    *,
    margin: float = MARGIN,
    bootstrap: int = 2000,
    seed: int = 0,
    task: Task = "multiclass",
) -> Gate:
    """Judge `candidate` against `current` on the images that both were measured on.

    Parameters
    ----------
    margin
        How much below zero a difference may reach and still count as not worse: in AUROC, and in
        nats of log-loss.
    """
    findings, ours, theirs = _paired(candidate, current)
    if not ours:
        return Gate(False, "not proven", ("No held-out image was seen by both models.",))
    a, b = table_of(ours, task), table_of(theirs, task)
    differences, missing = _differences(a, b, bootstrap, seed)
    verdict = _verdict(differences, missing, a.patients, margin)
    reasons = [_headline(verdict, a, identical=np.array_equal(a.probabilities, b.probabilities))]
    reasons += [d.sentence() for d in differences] + missing
    if verdict == "not proven":
        reasons.append(_what_would_settle_it(differences, missing, a.patients, margin))
    reasons += _losses(a, b, findings, candidate, current)
    if len(ours) < max(candidate.n, current.n):
        reasons.append(
            f"Compared on the {len(ours)} images that both models were measured on "
            f"(candidate {candidate.n}, current {current.n})."
        )
    return Gate(verdict in ("better", "not worse"), verdict, tuple(reasons))


def _paired(
    candidate: Evaluation, current: Evaluation
) -> tuple[tuple[str, ...], list[ImageResult], list[ImageResult]]:
    """Both models' results on the common images, over the findings that either knows.

    A finding that one of them does not know has probability 0 there: it is never suggested.
    """
    findings = tuple(dict.fromkeys((*candidate.findings, *current.findings)))
    known = {r.image: r for r in current.per_image}
    ours: list[ImageResult] = []
    theirs: list[ImageResult] = []
    for mine in candidate.per_image:
        other = known.get(mine.image)
        if other is None:
            continue
        said = dict(zip(current.findings, other.truth, strict=True))
        said |= {f: t for f, t in zip(candidate.findings, mine.truth, strict=True) if t is not None}
        truth = tuple(said.get(f) for f in findings)
        for result, names, paired in (
            (mine, candidate.findings, ours),
            (other, current.findings, theirs),
        ):
            given = dict(zip(names, result.probabilities, strict=True))
            spread = tuple(given.get(f, 0.0) for f in findings)
            paired.append(ImageResult(mine.image, mine.patient, truth, spread))
    return findings, ours, theirs


def _differences(a: Table, b: Table, bootstrap: int, seed: int) -> tuple[list[_Difference], list[str]]:
    """The paired differences, and a sentence for each that cannot be had."""
    plain = np.ones((1, len(a.patient)))
    whole = _paired_figures(a, b, plain)
    drawn = [_paired_figures(a, b, weights) for weights in resamples(a, bootstrap, seed)]
    differences, missing = [], []
    for name in ("Macro AUROC", "Log-loss"):
        value = float(whole[name][0])
        values = np.concatenate([d[name] for d in drawn]) if drawn else np.zeros(0)
        bounds = interval(values) if values.size else None
        if not math.isfinite(value):
            missing.append(f"{name} cannot be had on these images: they show one kind of answer only.")
        elif bounds is None:
            missing.append(f"{name} has no interval on so few patients.")
        else:
            differences.append(_Difference(name, value, *bounds, float(np.nanstd(values))))
    return differences, missing


def _paired_figures(a: Table, b: Table, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    ours, theirs = figures(a, weights), figures(b, weights)
    return {
        "Macro AUROC": ours["macro_auroc"] - theirs["macro_auroc"],
        "Log-loss": theirs["log_loss"] - ours["log_loss"],
    }


def _verdict(differences: list[_Difference], missing: list[str], patients: int, margin: float) -> Verdict:
    if missing or patients < LEAST_PATIENTS:
        return "not proven"
    if all(d.low > NO_DIFFERENCE for d in differences):
        return "better"
    if all(d.low >= margin for d in differences):
        return "not worse"
    if any(d.high < -NO_DIFFERENCE for d in differences):
        return "worse"
    return "not proven"


def _headline(verdict: Verdict, table: Table, *, identical: bool) -> str:
    seen = f"{len(table.patient)} held-out images of {table.patients} patients"
    if identical:
        return f"Both models give the same probabilities on the {seen}."
    said: dict[Verdict, str] = {
        "better": "The candidate is better",
        "not worse": "The candidate is not worse",
        "not proven": "It is not proven whether the candidate is better or worse",
        "worse": "The candidate is worse",
    }
    return f"{said[verdict]} on the {seen}."


def _what_would_settle_it(
    differences: list[_Difference], missing: list[str], patients: int, margin: float
) -> str:
    """How many more patients: an interval narrows with the square root of their number."""
    if missing:
        lacking = max(LEAST_PATIENTS - patients, 1)
        return (
            f"Too few cases: at least {lacking} more held-out patients, "
            "with findings that are present in some and absent in others, are needed."
        )
    needed = float(LEAST_PATIENTS)
    for d in differences:
        goal: Literal["not worse", "worse"] = "not worse" if d.value > margin / 2 else "worse"
        room = d.value - margin if goal == "not worse" else -d.value
        if room <= 0:
            continue
        reach = max(d.value - d.low if goal == "not worse" else d.high - d.value, 1.96 * d.spread)
        needed = max(needed, patients * (reach / room) ** 2)
    more = max(1, math.ceil(needed - patients))
    rounded = more if more < 20 else math.ceil(more / 10) * 10
    return (
        f"Too few cases: about {rounded} more held-out patients would settle it "
        "if the difference stays what it is."
    )


def _losses(
    a: Table, b: Table, findings: tuple[str, ...], candidate: Evaluation, current: Evaluation
) -> list[str]:
    """What got worse, whatever the verdict."""
    told = []
    ones = np.ones((1, len(a.patient)))
    for finding, mine, other in zip(findings, recalls(a, ones)[0], recalls(b, ones)[0], strict=True):
        if math.isfinite(mine) and mine < other - SENSITIVITY_LOSS - 1e-9:
            told.append(
                f"{finding} loses {100 * (other - mine):.0f} points of sensitivity "
                f"({100 * other:.0f}% to {100 * mine:.0f}%)."
            )
    mine, other = calibration_error(a), calibration_error(b)
    if mine > other + CALIBRATION_LOSS:
        told.append(f"Calibration is worse: expected calibration error {other:.3f} to {mine:.3f}.")
    here, before = candidate.lung_share, current.lung_share
    if here is not None and before is not None and here < before - LUNG_SHARE_LOSS:
        told.append(f"Less of the evidence lies in the lungs: {100 * before:.0f}% to {100 * here:.0f}%.")
    for finding in findings:
        here = candidate.lung_share_per_finding.get(finding)
        before = current.lung_share_per_finding.get(finding)
        if here is not None and before is not None and here < before - FINDING_LUNG_SHARE_LOSS:
            told.append(
                f"{finding} has less of its evidence in the lungs: {100 * before:.0f}% to {100 * here:.0f}%."
            )
    return [*told, *candidate.warnings]
