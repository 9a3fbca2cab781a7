"""The gate fed with a better, an equal, a doubtful and a sabotaged candidate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.events import Evaluation, ImageResult
from training.gate import compare
from training.metrics import evaluate_results

NAMES = ("covid-19", "no-finding", "pneumonia")


def evaluation(
    skill: float,
    *,
    count: int = 300,
    seed: int = 0,
    own: int = 1,
    sharpness: float = 1.0,
    blind: int | None = None,
) -> Evaluation:
    """A model whose logits hold `skill` of the truth; `seed` draws the patients, `own` its noise."""
    truths = np.random.default_rng(seed).integers(0, 3, count)
    logits = np.random.default_rng([seed, own]).normal(size=(count, 3)) + skill * np.eye(3)[truths]
    if blind is not None:
        logits[:, blind] -= 3
    said = np.exp(sharpness * logits)
    said /= said.sum(1, keepdims=True)
    results = [
        ImageResult(f"i{i}", f"p{i // 2}", tuple(int(k == t) for k in range(3)), tuple(map(float, said[i])))
        for i, t in enumerate(truths)
    ]
    return evaluate_results(results, NAMES, "m", bootstrap=0)


def test_a_better_candidate_is_better() -> None:
    gate = compare(evaluation(3.0), evaluation(1.0))
    assert (gate.verdict, gate.passed) == ("better", True)
    assert gate.reasons[0] == "The candidate is better on the 300 held-out images of 150 patients."


def test_an_equal_candidate_is_never_better() -> None:
    gate = compare(evaluation(1.5), evaluation(1.5))
    assert (gate.verdict, gate.passed) == ("not worse", True)
    assert "same probabilities" in gate.reasons[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_candidate_equal_but_for_rounding_is_never_better(seed: int) -> None:
    ours = evaluation(1.5, seed=seed)
    noise = np.random.default_rng(seed).normal(scale=1e-6, size=(len(ours.per_image), 3))
    shaken = tuple(
        replace(r, probabilities=tuple(np.clip(np.add(r.probabilities, d), 0, 1).tolist()))
        for r, d in zip(ours.per_image, noise, strict=True)
    )
    assert compare(replace(ours, per_image=shaken), ours).verdict == "not worse"


def test_a_sabotaged_candidate_is_worse_and_the_lost_class_is_named() -> None:
    gate = compare(evaluation(2.0, blind=0), evaluation(2.0))
    assert (gate.verdict, gate.passed) == ("worse", False)
    assert any("covid-19 loses" in r and "points of sensitivity" in r for r in gate.reasons)


def test_too_few_cases_prove_nothing_and_it_says_how_many_would() -> None:
    gate = compare(evaluation(1.6, count=60, own=2), evaluation(1.5, count=60, own=3))
    assert (gate.verdict, gate.passed) == ("not proven", False)
    assert any("more held-out patients would settle it" in r for r in gate.reasons)


def test_a_handful_of_patients_proves_nothing_even_where_all_is_right() -> None:
    gate = compare(evaluation(30.0, count=10), evaluation(30.0, count=10, own=2))
    assert gate.verdict == "not proven"
    assert not gate.passed


def test_fewer_open_questions_with_more_cases() -> None:
    gate = compare(evaluation(1.55, count=6000, own=1), evaluation(1.5, count=6000, own=2), bootstrap=300)
    assert gate.verdict in ("better", "not worse")


def test_the_margin_decides_what_not_worse_means() -> None:
    ours, theirs = evaluation(1.4, count=2000), evaluation(1.5, count=2000)
    assert compare(ours, theirs, margin=-0.5, bootstrap=300).verdict == "not worse"
    assert compare(ours, theirs, margin=0.0, bootstrap=300).verdict == "worse"


def test_worse_calibration_is_named_whatever_the_verdict() -> None:
    gate = compare(evaluation(2.0, sharpness=8.0), evaluation(2.0, sharpness=2.0))
    assert any(r.startswith("Calibration is worse") for r in gate.reasons)


def test_a_lower_lung_share_is_named() -> None:
    ours, theirs = replace(evaluation(2.0), lung_share=0.4), replace(evaluation(2.0), lung_share=0.7)
    gate = compare(ours, theirs)
    assert gate.verdict == "not worse"
    assert "Less of the evidence lies in the lungs: 70% to 40%." in gate.reasons


def test_a_finding_whose_evidence_left_the_lungs_is_named() -> None:
    now: dict[str, float | None] = {"covid-19": 0.4, "no-finding": 0.7, "pneumonia": None}
    before: dict[str, float | None] = {"covid-19": 0.7, "no-finding": 0.72, "pneumonia": 0.9}
    ours = replace(evaluation(2.0), lung_share_per_finding=now)
    theirs = replace(evaluation(2.0), lung_share_per_finding=before)
    reasons = compare(ours, theirs).reasons
    assert "covid-19 has less of its evidence in the lungs: 70% to 40%." in reasons
    assert not any(reason.startswith(("no-finding has", "pneumonia has")) for reason in reasons)


def test_answers_that_stay_without_lungs_are_a_reason_to_look_twice() -> None:
    told = replace(evaluation(2.0), without_lungs={"alarm": True, "warning": "It looks elsewhere."})
    assert "It looks elsewhere." in compare(told, evaluation(2.0)).reasons


def test_only_common_images_are_compared() -> None:
    ours = evaluation(2.0)
    half = replace(ours, per_image=ours.per_image[:200], n=200)
    gate = compare(half, evaluation(2.0))
    assert any("Compared on the 200 images" in r for r in gate.reasons)
    nothing = compare(replace(ours, per_image=()), ours)
    assert (nothing.verdict, nothing.passed) == ("not proven", False)


def test_one_kind_of_answer_only_proves_nothing() -> None:
    def one_kind(e: Evaluation) -> Evaluation:
        return replace(e, per_image=tuple(r for r in e.per_image if r.truth == (1, 0, 0)))

    gate = compare(one_kind(evaluation(2.0)), one_kind(evaluation(1.0)))
    assert gate.verdict == "not proven"
    assert any("one kind of answer" in r for r in gate.reasons)


def test_a_finding_that_the_current_model_does_not_know_counts_against_it() -> None:
    ours = evaluation(2.0)
    theirs = replace(
        ours,
        findings=NAMES[:2],
        per_image=tuple(
            ImageResult(r.image, r.patient, r.truth[:2], r.probabilities[:2]) for r in ours.per_image
        ),
    )
    assert compare(ours, theirs).verdict == "better"
    lost = compare(theirs, ours)
    assert lost.verdict == "worse"
    assert any("pneumonia loses" in r for r in lost.reasons)
