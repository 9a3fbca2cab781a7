"""Whether a candidate may replace the current model: both on the same held-out patients, paired.

The verdict comes from the 95% interval of the paired difference, by a bootstrap over patients, in
macro AUROC (does it rank better?) and log-loss (are its probabilities better?):

better      both intervals lie above zero
not worse   both lie above the margin
worse       one lies below zero (by an interval of 97.5%, because either would do: two looks at equal models
            must not find one worse twice as often), or the candidate gives no answer where the other does
not proven  otherwise, or too few patients to tell

Passing means better or not worse. Two models that give the same probabilities, but for rounding, are never
better. Whatever the verdict, losses that an average hides are named. What both are asked where they know
different findings stands in `training.proof.pairing`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.card import Task
from training.events import Evaluation, Gate, Verdict
from training.numerals import counted
from training.proof.bootstrap import TAIL, interval, resamples
from training.proof.metrics import figures, recalls
from training.proof.pairing import Pair, named, paired
from training.proof.probes import lung_shares
from training.proof.reliability import calibration_errors
from training.proof.settling import patients_needed
from training.proof.table import Table

MARGIN = -0.02
LEAST_RESAMPLES = 1000  # with fewer an interval's ends are themselves a draw of lots
LEAST_PATIENTS = 20  # below, a bootstrap's intervals are too narrow to be believed
NO_DIFFERENCE = 1e-4  # less than this is rounding, not improvement
STILL_EQUAL = 5e-3  # how far figures of equal models may lie apart
SENSITIVITY_LOSS = 0.05
CALIBRATION_LOSS = 0.01
LUNG_SHARE_LOSS = 0.01
FINDING_LUNG_SHARE_LOSS = 0.05  # of one finding, which fewer films show

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Difference:
    """Candidate minus current, above zero where the candidate is better."""

    name: str
    value: float
    low: float
    high: float
    highest: float  # of an interval of 97.5%
    drawn: Floats  # (B,) of each resample

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
    task
        Where one model has one finding of many and the other several at once: several at once.
    """
    pair = paired(candidate, current, task)
    if not len(pair.candidate.patient):
        verdict: Verdict = "worse" if pair.silent else "not proven"
        return Gate(
            False,
            verdict,
            (
                "There is no held-out image on which both models give an answer.",
                *_silence(pair),
                *pair.remarks,
            ),
        )
    a = pair.candidate
    differences, missing = _differences(a, pair.current, bootstrap, seed)
    verdict = _verdict(pair, differences, missing, margin)
    reasons = [_headline(verdict, pair)]
    reasons += _silence(pair) + _lost(pair)
    reasons += [d.sentence() for d in differences] + missing
    if verdict == "not proven" and not pair.lost:
        reasons.append(_what_would_settle_it(differences, missing, a.patients, margin))
    reasons += _losses(pair, candidate, current, bootstrap, seed)
    return Gate(verdict in ("better", "not worse"), verdict, (*reasons, *pair.remarks))


def _differences(a: Table, b: Table, bootstrap: int, seed: int) -> tuple[list[_Difference], list[str]]:
    """The paired differences, and a sentence for each that cannot be had."""
    plain = np.ones((1, len(a.patient)))
    whole = _paired_figures(a, b, plain)
    drawn = [_paired_figures(a, b, weights) for weights in resamples(a, bootstrap, seed)]
    differences, missing = [], []
    for name in ("Macro AUROC", "Log-loss"):
        value = float(whole[name][0])
        values = np.concatenate([d[name] for d in drawn]) if drawn else np.zeros(0)
        bounds = interval(values, a.patients) if values.size else None
        if not math.isfinite(value):
            missing.append(f"{name} cannot be had on these images: they show one kind of answer only.")
        elif bounds is None:
            missing.append(f"{name} has no interval on so few patients.")
        else:
            highest = (interval(values, a.patients, TAIL / 2) or bounds)[1]
            differences.append(_Difference(name, value, *bounds, highest, values))
    return differences, missing


def _paired_figures(a: Table, b: Table, weights: Floats) -> dict[str, Floats]:
    ours, theirs = figures(a, weights), figures(b, weights)
    return {
        "Macro AUROC": ours["macro_auroc"] - theirs["macro_auroc"],
        "Log-loss": theirs["log_loss"] - ours["log_loss"],
    }


def _verdict(pair: Pair, differences: list[_Difference], missing: list[str], margin: float) -> Verdict:
    if pair.silent:
        return "worse"
    if missing or pair.candidate.patients < LEAST_PATIENTS:
        return "not proven"
    if pair.is_equal and all(abs(d.value) < STILL_EQUAL for d in differences):
        return "not worse" if margin <= 0 and not pair.lost else "not proven"
    if all(d.low > NO_DIFFERENCE for d in differences):
        return "not proven" if pair.lost else "better"
    if all(d.low >= margin for d in differences):
        return "not proven" if pair.lost else "not worse"
    if any(d.highest < -NO_DIFFERENCE for d in differences):
        return "worse"
    return "not proven"


def _headline(verdict: Verdict, pair: Pair) -> str:
    table = pair.candidate
    seen = f"{counted(len(table.patient), 'held-out image')} of {counted(table.patients, 'patient')}"
    if pair.is_identical:
        return f"Both models give the same probabilities on the {seen}."
    if pair.is_equal and verdict == "not worse":
        return f"Both models give the same probabilities, but for rounding, on the {seen}."
    said: dict[Verdict, str] = {
        "better": "The candidate is better",
        "not worse": "The candidate is not worse",
        "not proven": "It is not proven whether the candidate is better or worse",
        "worse": "The candidate is worse",
    }
    return f"{said[verdict]} on the {seen}."


def _silence(pair: Pair) -> list[str]:
    """Images on which the candidate gives no numbers, where the current model gives some."""
    if not pair.silent:
        return []
    return [
        f"The candidate gives no answer on {counted(len(pair.silent), 'image')} that the current model "
        f"answers: {named(pair.silent)}."
    ]


def _lost(pair: Pair) -> list[str]:
    """Findings that a reader would miss."""
    return [f"{finding} is not known to the candidate, which never suggests it." for finding in pair.lost]


def _what_would_settle_it(
    differences: list[_Difference], missing: list[str], patients: int, margin: float
) -> str:
    """How many more patients."""
    if missing:
        lacking = max(LEAST_PATIENTS - patients, 1)
        which = "with findings that are present in some and absent in others"
        if lacking == 1:
            return f"Too few cases: at least 1 more held-out patient, {which}, is needed."
        return f"Too few cases: at least {lacking} more held-out patients, {which}, are needed."
    needed = patients_needed(
        np.array([d.value for d in differences]),
        np.stack([d.drawn for d in differences], axis=1),
        patients,
        margin=margin,
        no_difference=NO_DIFFERENCE,
        least=LEAST_PATIENTS,
    )
    rounded = max(needed, 2) if needed < 20 else math.ceil(needed / 10) * 10
    return f"Too few cases: about {rounded} more held-out patients would probably settle it."


def _losses(pair: Pair, candidate: Evaluation, current: Evaluation, bootstrap: int, seed: int) -> list[str]:
    """What got worse, whatever the verdict."""
    told = _never_shown(pair) + _sensitivity_lost(pair, candidate, current)
    told += _calibration_lost(pair, bootstrap, seed) + _evidence_lost(pair, candidate, current)
    return [*told, *candidate.warnings]


def _never_shown(pair: Pair) -> list[str]:
    """Findings that no film shows: a candidate may have forgotten them, and no figure would tell."""
    return [
        f"{finding} is shown by no film here: nothing is known of whether it is found as well as before."
        for k, finding in enumerate(pair.findings)
        if not (pair.candidate.truth[:, k] == 1).any()
    ]


def _evidence_lost(pair: Pair, candidate: Evaluation, current: Evaluation) -> list[str]:
    """Of the films that both were measured on, how much of the evidence has left the lungs."""
    told = []
    here, each_here = lung_shares(pair.results[0], candidate.findings)
    before, each_before = lung_shares(pair.results[1], current.findings)
    if here is not None and before is not None and here < before - LUNG_SHARE_LOSS:
        told.append(f"Less of the evidence lies in the lungs: {100 * before:.0f}% to {100 * here:.0f}%.")
    for finding in pair.findings:
        here, before = each_here.get(finding), each_before.get(finding)
        if here is not None and before is not None and here < before - FINDING_LUNG_SHARE_LOSS:
            told.append(
                f"{finding} has less of its evidence in the lungs: {100 * before:.0f}% to {100 * here:.0f}%."
            )
    return told


def _sensitivity_lost(pair: Pair, candidate: Evaluation, current: Evaluation) -> list[str]:
    """Of what is suggested: the most probable finding, or those that reach their operating point."""
    ones = np.ones((1, len(pair.candidate.patient)))
    ours, theirs = recalls(pair.candidate, ones)[0], recalls(pair.current, ones)[0]
    told = []
    for k, finding in enumerate(pair.findings):
        mine, other = float(ours[k]), float(theirs[k])
        if pair.candidate.task == "multilabel":
            mine = _sensitivity_at(pair.candidate, k, _point(candidate.per_finding, finding))
            other = _sensitivity_at(pair.current, k, _point(current.per_finding, finding))
        if math.isfinite(mine) and mine < other - SENSITIVITY_LOSS - 1e-9:
            shown = int((pair.candidate.truth[:, k] == 1).sum())
            told.append(
                f"{finding} loses {100 * (other - mine):.0f} points of sensitivity "
                f"({100 * other:.0f}% to {100 * mine:.0f}% of {counted(shown, 'film')})."
            )
    return told


def _point(per_finding: Mapping[str, Mapping[str, float | None]], finding: str) -> float:
    point = per_finding.get(finding, {}).get("operating_point")
    return 0.5 if point is None else point


def _sensitivity_at(table: Table, k: int, point: float) -> float:
    present = table.truth[:, k] == 1
    return float((table.probabilities[present, k] >= point).mean()) if present.any() else math.nan


def _calibration_lost(pair: Pair, bootstrap: int, seed: int) -> list[str]:
    def lost(weights: Floats) -> Floats:
        return calibration_errors(pair.candidate, weights) - calibration_errors(pair.current, weights)

    ones = np.ones((1, len(pair.candidate.patient)))
    mine = float(calibration_errors(pair.candidate, ones)[0])
    other = float(calibration_errors(pair.current, ones)[0])
    if not mine > other + CALIBRATION_LOSS:
        return []
    drawn = [lost(weights) for weights in resamples(pair.candidate, bootstrap, seed)]
    bounds = interval(np.concatenate(drawn), pair.candidate.patients) if drawn else None
    sure = "" if bounds is None else f" (95% interval of the change {bounds[0]:+.3f} to {bounds[1]:+.3f})"
    return [f"Calibration is worse: expected calibration error {other:.3f} to {mine:.3f}{sure}."]
