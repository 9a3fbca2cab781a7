"""What answers say of the findings that are not mentioned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.card import FindingName, ModelCard, Task
from reviews.errors import InvalidAnswer
from reviews.normalise import complete, consistent, contradicting, of_suggestion
from reviews.record import Answer

NAMES = ("covid-19", "no-finding", "pneumonia")


def card(task: Task) -> ModelCard:
    return ModelCard("m", "m", "resnet18", tuple(FindingName(n, n) for n in NAMES), task=task)


def test_in_a_one_of_many_model_a_present_finding_makes_the_others_absent() -> None:
    assert complete(card("multiclass"), {"pneumonia": "present"}) == (
        ("covid-19", "absent"),
        ("no-finding", "absent"),
        ("pneumonia", "present"),
    )


def test_what_is_not_mentioned_is_unknown_and_not_absent() -> None:
    assert complete(card("multiclass"), {"pneumonia": "absent"}) == (
        ("covid-19", "unknown"),
        ("no-finding", "unknown"),
        ("pneumonia", "absent"),
    )
    assert dict(complete(card("multilabel"), {"pneumonia": "present"}))["covid-19"] == "unknown"


def test_several_findings_can_be_present_and_then_there_is_not_none() -> None:
    answers: dict[str, Answer] = {"pneumonia": "present", "covid-19": "present"}
    assert dict(complete(card("multilabel"), answers)) == {**answers, "no-finding": "absent"}


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_no_finding_excludes_every_other(task: Task) -> None:
    answers = complete(card(task), {"no-finding": "present"})
    assert answers == (("covid-19", "absent"), ("no-finding", "present"), ("pneumonia", "absent"))


def test_an_answer_of_unknown_gives_way_to_what_a_present_finding_says() -> None:
    answers: dict[str, Answer] = {"pneumonia": "present", "covid-19": "unknown"}
    assert dict(complete(card("multiclass"), answers))["covid-19"] == "absent"
    assert set(dict(complete(card("multiclass"), dict.fromkeys(NAMES, "unknown"))).values()) == {"unknown"}


@pytest.mark.parametrize(
    ("task", "answers"),
    [
        ("multilabel", {"no-finding": "present", "pneumonia": "present"}),
        ("multiclass", {"no-finding": "present", "pneumonia": "present"}),
        ("multiclass", {"covid-19": "present", "pneumonia": "present"}),
    ],
)
def test_answers_that_exclude_each_other_are_refused_by_name(task: Task, answers: dict[str, Answer]) -> None:
    with pytest.raises(InvalidAnswer, match="pneumonia"):
        complete(card(task), answers)


def test_a_finding_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidAnswer, match=r"'tuberculosis' .* covid-19, no-finding, pneumonia"):
        complete(card("multilabel"), {"tuberculosis": "present"})


def test_an_answer_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidAnswer, match="present, absent or unknown"):
        complete(card("multilabel"), {"pneumonia": "maybe"})  # type: ignore[dict-item]


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_a_finding_that_readers_added_is_excluded_by_no_finding(task: Task) -> None:
    answers = complete(card(task), {"no-finding": "present"}, ("tuberculosis",))
    assert answers[-1] == ("tuberculosis", "absent")
    with pytest.raises(InvalidAnswer, match="no-finding and tuberculosis"):
        complete(card(task), {"no-finding": "present", "tuberculosis": "present"}, ("tuberculosis",))


def test_a_finding_that_readers_added_is_one_more_of_the_many() -> None:
    added = ("tuberculosis",)
    one = dict(complete(card("multiclass"), {"tuberculosis": "present"}, added))
    assert one == {**dict.fromkeys(NAMES, "absent"), "tuberculosis": "present"}
    assert dict(complete(card("multiclass"), {"pneumonia": "present"}, added))["tuberculosis"] == "absent"
    with pytest.raises(InvalidAnswer, match="pneumonia and tuberculosis"):
        complete(card("multiclass"), {"pneumonia": "present", "tuberculosis": "present"}, added)


def test_beside_several_findings_one_that_readers_added_is_unknown_until_it_is_answered() -> None:
    answers = complete(card("multilabel"), {"pneumonia": "present"}, ("tuberculosis",))
    assert answers[-1] == ("tuberculosis", "unknown")
    both: dict[str, Answer] = {"pneumonia": "present", "tuberculosis": "present"}
    assert dict(complete(card("multilabel"), both, ("tuberculosis",)))["no-finding"] == "absent"


def test_a_finding_that_the_network_has_learned_since_is_answered_once() -> None:
    assert complete(card("multilabel"), {}, ("pneumonia",)) == complete(card("multilabel"), {})


def test_accepting_several_findings_answers_each_and_what_leads_is_present() -> None:
    several = card("multilabel")
    assert of_suggestion(several, "pneumonia", ["pneumonia", "covid-19"]) == {
        "covid-19": "present", "no-finding": "absent", "pneumonia": "present",
    }  # fmt: skip
    nothing_reached = of_suggestion(several, "no-finding", [])
    assert nothing_reached == {"covid-19": "absent", "no-finding": "present", "pneumonia": "absent"}
    assert of_suggestion(card("multiclass"), "pneumonia", ["covid-19"]) == {"pneumonia": "present"}


@given(reached=st.sets(st.sampled_from(NAMES)), suggestion=st.sampled_from(NAMES))
def test_what_contradicts_itself_is_known_before_it_is_refused(reached: set[str], suggestion: str) -> None:
    answers = of_suggestion(card("multilabel"), suggestion, reached)
    if names := contradicting(answers):
        assert "no-finding" in names
        with pytest.raises(InvalidAnswer, match="expected one or the other"):
            complete(card("multilabel"), answers)
    else:
        assert dict(complete(card("multilabel"), answers)) == answers


@given(
    task=st.sampled_from(["multiclass", "multilabel"]),
    answers=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["present", "absent", "unknown"])),
)
def test_completing_keeps_what_was_said_and_never_says_more_twice(
    task: Task, answers: dict[str, Answer]
) -> None:
    try:
        once = complete(card(task), answers)
    except InvalidAnswer:
        assert list(answers.values()).count("present") > 1
        return
    assert tuple(name for name, _ in once) == NAMES
    assert all(dict(once)[name] == a for name, a in answers.items() if a != "unknown")
    assert {n for n, a in once if a == "present"} == {n for n, a in answers.items() if a == "present"}
    assert complete(card(task), dict(once)) == once


@given(
    standing=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["present", "absent", "unknown"])),
    name=st.sampled_from(NAMES),
    answer=st.sampled_from(["present", "absent", "unknown"]),
)
def test_the_last_word_counts_and_never_contradicts_what_stood(
    standing: dict[str, Answer], name: str, answer: Answer
) -> None:
    try:
        before = dict(complete(card("multilabel"), standing))
    except InvalidAnswer:
        return
    after = dict(complete(card("multilabel"), consistent(before, {name: answer})))
    assert after[name] == answer or (answer == "unknown" and "present" in after.values())
    assert after["no-finding"] != "present" or list(after.values()).count("present") == 1
    others = {n: a for n, a in before.items() if n not in (name, "no-finding") and a == "absent"}
    assert others.items() <= after.items()
