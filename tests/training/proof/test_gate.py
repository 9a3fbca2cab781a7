"""The gate fed with a better, an equal, a doubtful and a sabotaged candidate."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from training.events import Evaluation, ImageResult
from training.proof.gate import compare
from training.proof.metrics import evaluate_results
from training.proof.settling import patients_needed

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
    gate = compare(evaluation(1.7, count=120, own=2), evaluation(1.5, count=120, own=3))
    assert (gate.verdict, gate.passed) == ("not proven", False)
    asked = re.search(r"about (\d+) more held-out patients would probably settle it", " ".join(gate.reasons))
    assert asked is not None
    more = evaluation(1.7, count=120 + 2 * int(asked[1]), own=2)
    again = compare(more, evaluation(1.5, count=120 + 2 * int(asked[1]), own=3))
    assert again.verdict != "not proven"


def test_the_more_figures_swing_the_more_patients_are_asked_for() -> None:
    swings = np.random.default_rng(0).normal(size=(1000, 2))
    found = np.array([-0.01, 0.05])
    asked = [
        patients_needed(found, found + scale * swings, 100, margin=-0.02, no_difference=1e-4, least=20)
        for scale in (0.001, 0.02, 0.04, 0.08)
    ]
    assert asked == sorted(asked)
    assert asked[0] == 1
    assert 100 < asked[-1] < 100_000


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


def looking(whole: Evaluation, *shares: float) -> Evaluation:
    """The same model, with so much of its evidence in the lungs, by what it finds most probable."""
    each = [
        replace(r, lung_share=shares[int(np.argmax(r.probabilities)) % len(shares)]) for r in whole.per_image
    ]
    return replace(whole, per_image=tuple(each))


def test_a_lower_lung_share_is_named() -> None:
    gate = compare(looking(evaluation(2.0), 0.4), looking(evaluation(2.0), 0.7))
    assert gate.verdict == "not worse"
    assert "Less of the evidence lies in the lungs: 70% to 40%." in gate.reasons


def test_lung_shares_are_compared_on_the_films_that_both_have_seen() -> None:
    """The candidate was measured on more films, on which it looks elsewhere."""
    now, before = looking(evaluation(2.0), 0.7), looking(evaluation(2.0), 0.7)
    more = [replace(r, image=f"{r.image}b", lung_share=0.1) for r in now.per_image]
    reasons = compare(replace(now, per_image=(*now.per_image, *more)), before).reasons
    assert not any("evidence" in reason for reason in reasons)


def test_a_finding_whose_evidence_left_the_lungs_is_named() -> None:
    ours, theirs = looking(evaluation(2.0), 0.4, 0.7, 0.9), looking(evaluation(2.0), 0.7, 0.72, 0.9)
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


def test_a_finding_that_no_film_shows_is_named_since_nobody_knows_whether_it_is_still_found() -> None:
    def without(e: Evaluation) -> Evaluation:
        return replace(e, per_image=tuple(r for r in e.per_image if r.truth[0] == 0))

    gate = compare(without(evaluation(3.0, blind=0)), without(evaluation(1.0)))
    assert gate.verdict == "better"
    assert (
        "covid-19 is shown by no film here: nothing is known of whether it is found as well as before."
        in gate.reasons
    )
    assert not any("no film here" in reason for reason in compare(evaluation(3.0), evaluation(1.0)).reasons)


def test_one_film_is_not_called_films() -> None:
    one = replace(evaluation(2.0), per_image=evaluation(2.0).per_image)
    shown = [r for r in one.per_image if r.truth[0] == 1][:1]
    rest = [r for r in one.per_image if r.truth[0] == 0]
    right = replace(shown[0], probabilities=(0.9, 0.05, 0.05))
    lost = replace(shown[0], probabilities=(0.0, 0.5, 0.5))
    gate = compare(replace(one, per_image=(lost, *rest)), replace(one, per_image=(right, *rest)))
    assert "covid-19 loses 100 points of sensitivity (100% to 0% of 1 film)." in gate.reasons


def test_one_patient_is_not_called_patients() -> None:
    whole = evaluation(2.0, count=1)
    gate = compare(whole, evaluation(1.0, count=1), bootstrap=20)
    assert gate.reasons[0].endswith("on the 1 held-out image of 1 patient.")
    silent = compare(broken(whole, 1), evaluation(1.0, count=1), bootstrap=20)
    assert "gives no answer on 1 image that" in " ".join(silent.reasons)


def test_where_nothing_can_be_compared_the_sentence_says_on_how_many_more() -> None:
    def unknown(e: Evaluation) -> Evaluation:
        return replace(e, per_image=tuple(replace(r, truth=(None, None, None)) for r in e.per_image))

    gate = compare(unknown(evaluation(2.0)), unknown(evaluation(1.0)))
    assert gate.verdict == "not proven"
    assert any("at least 1 more held-out patient," in reason for reason in gate.reasons)
    silent = compare(broken(evaluation(2.0), 300), broken(evaluation(2.0), 300))
    assert silent.verdict == "not proven"
    assert silent.reasons[0] == "There is no held-out image on which both models give an answer."


# -- models that know different findings ---------------------------------------------------------------


def growing(skill: float = 2.0, eager: float = 0.0) -> tuple[Evaluation, Evaluation]:
    """A candidate that knows tuberculosis too, and the current model, which was never asked for it.

    `eager` is how much more than it should it says tuberculosis.
    """
    random = np.random.default_rng(5)
    truths = random.integers(0, 4, 400)
    noise = random.normal(size=(400, 4))
    ability = np.array([skill, skill, skill, 2.0])
    logits = noise + ability[truths][:, None] * np.eye(4)[truths]
    logits[:, 3] += eager
    said = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    before = noise[:, :3] + 2.0 * np.eye(4)[truths][:, :3]
    old = np.exp(before) / np.exp(before).sum(1, keepdims=True)
    ours, theirs = [], []
    for i, truth in enumerate(truths):
        true = tuple(int(k == truth) for k in range(4))
        ours.append(ImageResult(f"i{i}", f"p{i}", true, tuple(map(float, said[i]))))
        theirs.append(ImageResult(f"i{i}", f"p{i}", true, (*map(float, old[i]), 0.0)))
    names = (*NAMES, "tuberculosis")
    candidate = evaluate_results(ours, names, "new", bootstrap=0)
    current = replace(evaluate_results(theirs, names, "old", bootstrap=0), knows=NAMES)
    return candidate, current


def test_a_new_finding_alone_makes_no_candidate_better() -> None:
    """It costs the old ones a little: some of their probability goes to the new one."""
    gate = compare(*growing(skill=2.0))
    assert gate.verdict in ("not worse", "not proven", "worse")
    (told,) = [r for r in gate.reasons if r.startswith("tuberculosis is new")]
    assert "films that show it are found (AUROC 0." in told
    shown = sum(r.truth[3] == 1 for r in growing()[0].per_image)
    assert f"of the {shown} films" in told
    assert gate.reasons[0].endswith(f"on the {400 - shown} held-out images of {400 - shown} patients.")


def test_a_candidate_that_learnt_a_finding_and_does_the_old_ones_better_is_better() -> None:
    assert compare(*growing(skill=4.0)).verdict == "better"


def test_a_candidate_that_calls_everything_by_the_new_name_is_worse() -> None:
    gate = compare(*growing(eager=6.0))
    assert gate.verdict == "worse"
    assert sum("points of sensitivity" in reason for reason in gate.reasons) == 3


def test_a_new_finding_that_no_film_shows_is_said_to_be_unknown() -> None:
    candidate, current = growing()
    none = replace(candidate, per_image=tuple(r for r in candidate.per_image if r.truth[3] == 0))
    assert any("tuberculosis is new: no film of the test part" in r for r in compare(none, current).reasons)


def test_a_finding_that_was_renamed_is_a_finding_that_is_lost() -> None:
    ours = evaluation(2.0)
    renamed = replace(ours, findings=("sars-cov-2", *NAMES[1:]))
    gate = compare(renamed, ours)
    assert gate.verdict == "worse"
    assert "covid-19 is not known to the candidate, which never suggests it." in gate.reasons
    # Also where no film shows it, so that no figure could tell.
    rest = replace(renamed, per_image=tuple(r for r in renamed.per_image if r.truth[0] == 0))
    assert not compare(rest, ours).passed


def test_the_order_of_findings_does_not_matter() -> None:
    ours, theirs = evaluation(2.0), evaluation(1.0)
    turned = replace(
        theirs,
        findings=NAMES[::-1],
        per_image=tuple(
            replace(r, truth=r.truth[::-1], probabilities=r.probabilities[::-1]) for r in theirs.per_image
        ),
    )
    assert compare(ours, turned).reasons[1:3] == compare(ours, theirs).reasons[1:3]


# -- candidates that are broken ------------------------------------------------------------------------


def broken(whole: Evaluation, count: int) -> Evaluation:
    nothing = (float("nan"),) * 3
    results = [replace(r, probabilities=nothing) if i < count else r for i, r in enumerate(whole.per_image)]
    return replace(whole, per_image=tuple(results))


def test_a_candidate_that_gives_no_numbers_on_a_film_is_worse_however_good_it_is_elsewhere() -> None:
    gate = compare(broken(evaluation(3.0), 4), evaluation(1.0))
    assert (gate.verdict, gate.passed) == ("worse", False)
    assert "gives no answer on 4 images that the current model answers: i0, i1, i2, …." in gate.reasons[1]
    whole = compare(broken(evaluation(3.0), 300), evaluation(1.0))
    assert (whole.verdict, whole.passed) == ("worse", False)


def test_films_that_the_current_model_gives_no_numbers_for_are_left_out_and_told() -> None:
    gate = compare(evaluation(3.0), broken(evaluation(1.0), 1))
    assert gate.verdict == "better"
    assert any("the current model gives no answer on them: i0." in reason for reason in gate.reasons)


def test_a_candidate_that_always_says_the_same_is_worse() -> None:
    ours = evaluation(2.0)
    flat = tuple(replace(r, probabilities=(0.3, 0.4, 0.3)) for r in ours.per_image)
    gate = compare(replace(ours, per_image=flat), ours)
    assert gate.verdict == "worse"
    assert any("covid-19 loses" in reason for reason in gate.reasons)


def test_one_patient_with_many_films_proves_nothing() -> None:
    def of_one(e: Evaluation) -> Evaluation:
        return replace(e, per_image=tuple(replace(r, patient="p") for r in e.per_image))

    gate = compare(of_one(evaluation(3.0)), of_one(evaluation(1.0)))
    assert (gate.verdict, gate.passed) == ("not proven", False)
    assert any("at least 19 more held-out patients" in reason for reason in gate.reasons)


def test_decisions_that_contradict_each_other_cost_both_models_the_same() -> None:
    """The same film twice, read differently by two readers."""
    ours, theirs = evaluation(2.0), evaluation(2.0)

    def twice(e: Evaluation) -> Evaluation:
        again = [replace(r, image=f"{r.image}b", truth=r.truth[1:] + r.truth[:1]) for r in e.per_image]
        return replace(e, per_image=(*e.per_image, *again))

    gate = compare(twice(ours), twice(theirs))
    assert (gate.verdict, gate.passed) == ("not worse", True)


def test_models_that_are_equal_but_for_half_precision_are_not_better() -> None:
    ours = evaluation(1.5, count=3000)
    random = np.random.default_rng(1)

    def rounded(r: ImageResult) -> ImageResult:
        """With logits as far off as weights in half precision make them."""
        said = np.array(r.probabilities) * np.exp(random.uniform(-2e-3, 2e-3, 3))
        return replace(r, probabilities=tuple((said / said.sum()).tolist()))

    halves = tuple(rounded(r) for r in ours.per_image)
    for candidate, current in ((halves, ours.per_image), (ours.per_image, halves)):
        gate = compare(replace(ours, per_image=candidate), replace(ours, per_image=current), bootstrap=300)
        assert gate.verdict == "not worse"
        assert "but for rounding" in gate.reasons[0]


def test_of_several_findings_at_once_sensitivity_is_that_at_the_models_operating_points() -> None:
    random = np.random.default_rng(2)
    truths = random.integers(0, 2, (200, 2))
    said = np.clip(0.3 * truths + random.uniform(0, 0.3, (200, 2)), 0, 1)
    results = [
        ImageResult(f"i{i}", f"p{i}", (int(t[0]), int(t[1])), tuple(map(float, s)))
        for i, (t, s) in enumerate(zip(truths, said, strict=True))
    ]

    def at(points: dict[str, float]) -> Evaluation:
        return evaluate_results(
            results, ("a", "b"), "m", task="multilabel", bootstrap=0, operating_points=points
        )

    gate = compare(at({"a": 0.5, "b": 0.3}), at({"a": 0.3, "b": 0.3}), task="multilabel", bootstrap=100)
    assert any(reason.startswith("a loses") and "(100% to" in reason for reason in gate.reasons)
    assert not any(reason.startswith("b loses") for reason in gate.reasons)


def test_a_finding_that_the_candidate_does_not_know_counts_against_it() -> None:
    ours = evaluation(2.0)
    less = replace(
        ours,
        findings=NAMES[:2],
        per_image=tuple(
            ImageResult(r.image, r.patient, r.truth[:2], r.probabilities[:2]) for r in ours.per_image
        ),
    )
    lost = compare(less, ours)
    assert lost.verdict == "worse"
    assert any("pneumonia loses" in r for r in lost.reasons)
    assert compare(ours, less).verdict == "not worse", "it is asked only for what the current model knows"
