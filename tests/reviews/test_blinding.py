"""Who is told what a model says of a film of the test part, and which answers measure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.blinding import agreed, blind_answers, is_blind, is_hidden
from reviews.record import Answer, Part, Review, Shown

SEEN = Shown("starter", "pneumonia", (("pneumonia", 0.7),))


def answer(said: str, reader: str = "Ada", shown: Shown | None = None) -> Review:
    other = "covid-19" if said == "pneumonia" else "pneumonia"
    return Review("1.2.3", 1, reader, ((said, "present"), (other, "absent")), shown=shown)


def said(reviews: tuple[Review, ...]) -> dict[str, str]:
    return {r.reader: next(name for name, a in r.findings if a == "present") for r in reviews}


@pytest.mark.parametrize("part", ["train", "validation", None])
def test_only_films_of_the_test_part_hide_their_suggestion(part: Part | None) -> None:
    assert not is_hidden(part, (), "Ada")
    assert is_hidden("test", (), "Ada")


def test_a_reader_s_own_answer_ends_it_and_nobody_else_s() -> None:
    assert not is_hidden("test", {"Ada"}, "Ada")
    assert is_hidden("test", {"Ben"}, "Ada")


def test_a_decision_is_blind_where_nothing_of_the_model_was_shown() -> None:
    assert is_blind(answer("pneumonia"))
    assert is_blind(answer("pneumonia", shown=Shown("starter", None)))  # the command line's
    assert not is_blind(answer("pneumonia", shown=SEEN))
    unfamiliar = Shown("starter", None, (("pneumonia", 0.7),))  # no suggestion, but numbers
    assert not is_blind(answer("pneumonia", shown=unfamiliar))


def test_the_answer_given_blind_measures_whatever_the_reader_said_after_seeing_the_suggestion() -> None:
    rows = [answer("covid-19"), answer("pneumonia", shown=SEEN)]
    assert said(blind_answers(rows)) == {"Ada": "covid-19"}


def test_an_answer_that_was_taken_back_after_the_suggestion_was_seen_still_measures() -> None:
    first = replace(answer("covid-19"), id=1)
    undo = replace(first, id=2, findings=(), takes_back=1)
    assert said(blind_answers([first, undo])) == {"Ada": "covid-19"}
    again = answer("pneumonia", shown=SEEN)
    assert said(blind_answers([first, undo, again])) == {"Ada": "covid-19"}


def test_who_corrected_themselves_while_nothing_was_shown_meant_the_correction() -> None:
    assert said(blind_answers([answer("covid-19"), answer("pneumonia")])) == {"Ada": "pneumonia"}


def test_a_second_answer_by_command_line_does_not_take_the_place_of_the_first() -> None:
    rows = [answer("covid-19"), answer("pneumonia", shown=Shown("starter", None))]
    assert said(blind_answers(rows)) == {"Ada": "covid-19"}


def test_who_saw_the_suggestion_first_measures_nothing_even_where_later_nothing_was_shown() -> None:
    assert blind_answers([answer("pneumonia", shown=SEEN), answer("covid-19")]) == ()


def test_each_reader_is_blind_for_themselves() -> None:
    rows = [answer("covid-19"), answer("pneumonia", shown=SEEN), answer("pneumonia", reader="Ben")]
    assert said(blind_answers(rows)) == {"Ada": "covid-19", "Ben": "pneumonia"}


def test_readers_who_contradict_each_other_leave_it_unknown_and_a_third_settles_it() -> None:
    two = [answer("covid-19"), answer("pneumonia", reader="Ben")]
    assert agreed(two) == {"covid-19": "unknown", "pneumonia": "unknown"}
    assert agreed([*two, answer("pneumonia", reader="Cem")]) == {"covid-19": "absent", "pneumonia": "present"}
    assert agreed(two[:1]) == {"covid-19": "present", "pneumonia": "absent"}
    assert agreed([]) == {}


ANSWERS: tuple[Answer, ...] = ("present", "absent", "unknown")


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=6))
def test_the_order_of_the_readers_does_not_matter(answers: list[Answer]) -> None:
    reviews = [Review("1", 1, f"reader {n}", (("edema", a),)) for n, a in enumerate(answers)]
    assert agreed(reviews) == agreed(reversed(reviews))
    if set(answers) == {"unknown"}:
        assert agreed(reviews) == {"edema": "unknown"}


@given(st.lists(st.booleans(), max_size=8))
def test_what_measures_is_never_an_answer_given_with_a_suggestion_in_sight(are_shown: list[bool]) -> None:
    rows = [
        replace(answer("pneumonia", shown=SEEN if is_shown else None), id=n)
        for n, is_shown in enumerate(are_shown)
    ]
    found = blind_answers(rows)
    assert all(is_blind(one) for one in found)
    leading = next((n for n, is_shown in enumerate(are_shown) if is_shown), len(rows))
    assert [one.id for one in found] == ([leading - 1] if leading else [])
