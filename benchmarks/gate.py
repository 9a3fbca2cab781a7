"""How often the gate errs, and whether its intervals and forecasts hold: played on patients that are made up.

A made-up patient has a finding, one to four films, and a difficulty that all of these share. Two models see
each film: what they say follows the truth with a skill of their own, and errs alike as far as `ALIKE` says,
as a model and its fine-tuned child do. What is true of the two in the long run is computed from a great many
patients.

    python -m benchmarks.gate [--plays 400] [--patients 40 100 300]

Printed: how often the 95% intervals hold the truth; the verdicts on candidates that are equal, better,
slightly worse and sabotaged; and how often a comparison that proved nothing is settled by as many patients as
it asked for.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.events import Evaluation, ImageResult
from training.proof.bootstrap import interval, resamples
from training.proof.gate import MARGIN, compare
from training.proof.metrics import evaluate_results, figures
from training.proof.table import Table

FINDINGS = ("covid-19", "no-finding", "pneumonia")
SHARES = (0.25, 0.4, 0.35)
SKILL = 1.9
ALIKE = 0.8  # correlation of the two models' errors
WITHIN = 0.5  # share of a film's difficulty that is its patient's
TRUTH_PATIENTS = 40_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """How a candidate differs from the current model."""

    name: str
    skill: float = SKILL  # of its logits
    sharpness: float = 1.0  # what they are multiplied by: other than 1, probabilities lie
    blind_to: int | None = None  # a finding whose labels were shuffled
    is_constant: bool = False
    alike: float = ALIKE


CANDIDATES = (
    Candidate("equal skill, own errors"),
    Candidate("the same model", alike=1.0),
    Candidate("better", skill=SKILL * 1.35),
    Candidate("slightly worse", skill=SKILL * 0.95),
    Candidate("labels of one finding shuffled", blind_to=0),
    Candidate("over-confident: temperature 1/3", sharpness=3.0),
    Candidate("constant", is_constant=True),
)


def patients(count: int, candidate: Candidate, random: np.random.Generator) -> tuple[Table, Table]:
    """Candidate and current model on the films of so many patients."""
    truth = random.choice(3, count, p=SHARES)
    films = random.integers(1, 5, count)
    patient = np.repeat(np.arange(count), films)
    true = truth[patient]
    shared = random.normal(size=(count, 3))[patient] * np.sqrt(WITHIN)
    common = shared + random.normal(size=(len(true), 3)) * np.sqrt(1 - WITHIN)
    mine = random.normal(size=(count, 3))[patient] * np.sqrt(WITHIN)
    own = mine + random.normal(size=(len(true), 3)) * np.sqrt(1 - WITHIN)
    errs = np.sqrt(candidate.alike) * common + np.sqrt(1 - candidate.alike) * own
    other = random.normal(size=(len(true), 3))
    before = np.sqrt(candidate.alike) * common + np.sqrt(1 - candidate.alike) * other
    logits = candidate.skill * (candidate.skill * np.eye(3)[true] + errs) + np.log(
        SHARES
    )  # honest: Bayes' rule
    if candidate.blind_to is not None:  # it says of such a film whatever the labels said by chance
        logits[true == candidate.blind_to, candidate.blind_to] -= candidate.skill**2
    if candidate.is_constant:
        logits = np.broadcast_to(np.log(SHARES), logits.shape)
    said = _softmax(candidate.sharpness * logits)
    current = _softmax(SKILL * (SKILL * np.eye(3)[true] + before) + np.log(SHARES))
    return tuple(  # type: ignore[return-value]
        Table(np.eye(3)[true], p, true.astype(np.int64), patient.astype(np.int64), "multiclass")
        for p in (said, current)
    )


def _softmax(logits: Floats) -> Floats:
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def evaluation_of(table: Table, name: str) -> Evaluation:
    """The same as an evaluation, for the gate."""
    results = [
        ImageResult(str(i), str(p), tuple(int(v) for v in t), tuple(map(float, said)))
        for i, (p, t, said) in enumerate(zip(table.patient, table.truth, table.probabilities, strict=True))
    ]
    return evaluate_results(results, FINDINGS, name, bootstrap=0)


def differences(a: Table, b: Table, weights: Floats) -> Floats:
    """(B, 2) gains in macro AUROC and log-loss."""
    ours, theirs = figures(a, weights), figures(b, weights)
    return np.stack(
        [ours["macro_auroc"] - theirs["macro_auroc"], theirs["log_loss"] - ours["log_loss"]], axis=1
    )


def measure_coverage(plays: int, sizes: list[int], bootstrap: int) -> None:
    """How often the intervals hold what is true in the long run."""
    print("\nIntervals of 95% that hold the truth (gain in macro AUROC, in log-loss), better candidate:")
    candidate = CANDIDATES[2]
    a, b = patients(TRUTH_PATIENTS, candidate, np.random.default_rng(99))
    true = differences(a, b, np.ones((1, len(a.patient))))[0]
    print(f"  truth: {true[0]:+.4f}, {true[1]:+.4f}")
    for count in sizes:
        plain, widened = np.zeros(2), np.zeros(2)
        for play in range(plays):
            a, b = patients(count, candidate, np.random.default_rng([count, play]))
            drawn = np.concatenate([differences(a, b, w) for w in resamples(a, bootstrap, play)])
            for k in range(2):
                for told, widen in ((plain, 0), (widened, count)):
                    bounds = interval(drawn[:, k], widen)
                    told[k] += bounds is not None and bounds[0] <= true[k] <= bounds[1]
        shares = ", ".join(f"{v / plays:.3f}" for v in widened)
        before = ", ".join(f"{v / plays:.3f}" for v in plain)
        print(f"  {count:4d} patients: {shares}   (plain percentiles: {before})")


def measure_verdicts(plays: int, sizes: list[int], bootstrap: int) -> None:
    """Which verdicts are given on candidates of whom it is known what they are."""
    print("\nVerdicts (margin -0.02):")
    for candidate in CANDIDATES:
        for count in sizes:
            told: Counter[str] = Counter()
            named = 0
            for play in range(plays):
                a, b = patients(count, candidate, np.random.default_rng([7, count, play]))
                gate = compare(
                    evaluation_of(a, "candidate"), evaluation_of(b, "current"), bootstrap=bootstrap, seed=play
                )
                told[gate.verdict] += 1
                named += any("loses" in r or "Calibration is worse" in r for r in gate.reasons)
            shares = ", ".join(
                f"{v} {told[v] / plays:.3f}" for v in ("better", "not worse", "not proven", "worse")
            )
            print(
                f"  {candidate.name:32s} {count:4d} patients: {shares}; something named {named / plays:.2f}"
            )


def measure_forecast(plays: int, sizes: list[int], bootstrap: int) -> None:
    """Whether a comparison that proved nothing is settled by as many patients as it asked for."""
    print("\nSettled by as many more patients as were asked for (at most 20,000 are made up):")
    for candidate in (CANDIDATES[0], Candidate("a little better", skill=SKILL * 1.05), CANDIDATES[3]):
        for count in sizes:
            asked: list[int] = []
            settled = never = 0
            for play in range(plays):
                random = np.random.default_rng([11, count, play])
                a, b = patients(count, candidate, random)
                gate = compare(evaluation_of(a, "a"), evaluation_of(b, "b"), bootstrap=bootstrap, seed=play)
                if gate.verdict != "not proven":
                    continue
                found = re.search(r"about (\d+) more held-out patients", " ".join(gate.reasons))
                if found is None or int(found[1]) > 20_000:
                    never += 1
                    continue
                asked.append(int(found[1]))
                more = patients(asked[-1], candidate, random)
                both = [_joined(x, y) for x, y in zip((a, b), more, strict=True)]
                again = compare(
                    evaluation_of(both[0], "a"), evaluation_of(both[1], "b"), bootstrap=bootstrap, seed=play
                )
                settled += again.verdict != "not proven"
            share = settled / len(asked) if asked else float("nan")
            middle = np.median(asked) if asked else float("nan")
            print(
                f"  {candidate.name:26s} {count:4d} patients: not proven {len(asked) + never} of {plays}, "
                f"median asked {middle:.0f}, settled {share:.2f}, no number told {never}"
            )


def _joined(first: Table, second: Table) -> Table:
    return Table(
        np.concatenate([first.truth, second.truth]),
        np.concatenate([first.probabilities, second.probabilities]),
        np.concatenate([first.single, second.single]),
        np.concatenate([first.patient, second.patient + first.patients]),
        first.task,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plays", type=int, default=400)
    parser.add_argument("--patients", type=int, nargs="+", default=[40, 100, 300])
    parser.add_argument("--bootstrap", type=int, default=1000)
    parser.add_argument("--only", choices=("coverage", "verdicts", "forecast"))
    choice = parser.parse_args()
    a, _ = patients(TRUTH_PATIENTS, CANDIDATES[0], np.random.default_rng(1))
    accuracy = (a.probabilities.argmax(axis=1) == a.single).mean()
    print(f"The current model is right on {accuracy:.0%} of the films.")
    print(f"{choice.plays} plays, {choice.bootstrap} resamples, margin {MARGIN}")
    for name, measure in (
        ("coverage", measure_coverage),
        ("verdicts", measure_verdicts),
        ("forecast", measure_forecast),
    ):
        if choice.only in (None, name):
            measure(choice.plays, choice.patients, choice.bootstrap)


if __name__ == "__main__":
    main()
