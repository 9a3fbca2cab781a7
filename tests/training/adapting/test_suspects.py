"""Which decisions are doubted: errors put in on purpose are found, and what is sound is left alone."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from training.adapting.head import Films
from training.adapting.suspects import LEAST_FILMS, LEAST_OF_A_FINDING, find_suspects, folds_of, out_of_fold
from training.errors import TooLittleData

FINDINGS = ("covid-19", "no-finding", "pneumonia")
HEAD = (np.zeros((3, 6), np.float32), np.zeros(3, np.float32))


def site(count: int = 150, apart: float = 3.0, seed: int = 0) -> tuple[Films, NDArray[np.intp], list[str]]:
    """Films of three findings that lie apart, two of each patient; their true findings."""
    random = np.random.default_rng(seed)
    label = np.arange(count) // 2 % 3
    middle = apart * np.eye(3, 6)
    embeddings = (middle[label] + random.standard_normal((count, 6))).astype(np.float32)
    truth = np.eye(3, dtype=np.int8)[label]
    return Films(embeddings, truth), label, [f"p{n // 2}" for n in range(count)]


def with_errors(films: Films, label: NDArray[np.intp], rows: list[int]) -> Films:
    """Decided to be the next finding instead."""
    decided = label.copy()
    decided[rows] = (decided[rows] + 1) % 3
    return Films(films.embeddings, np.eye(3, dtype=np.int8)[decided])


def test_errors_put_in_on_purpose_stand_at_the_top_of_the_queue() -> None:
    films, label, patients = site(apart=5.0)
    rows = [4, 31, 62, 77, 100, 121, 140]
    decided = with_errors(films, label, rows)
    found = find_suspects(decided.truth, out_of_fold(decided, patients, HEAD, FINDINGS))
    assert {one.film for one in found[:6]} <= set(rows)
    assert len(found) <= 8
    first = found[0]
    assert first.instead == label[first.film]
    assert first.finding == (label[first.film] + 1) % 3
    assert [one.margin for one in found] == sorted(one.margin for one in found)


def test_decisions_that_fit_are_left_alone() -> None:
    films, _, patients = site(apart=8.0)
    assert find_suspects(films.truth, out_of_fold(films, patients, HEAD, FINDINGS)) == ()


def test_a_film_is_judged_by_a_head_that_never_saw_its_patient() -> None:
    films, _, patients = site()
    said = out_of_fold(films, patients, HEAD, FINDINGS)
    own = [n for n, patient in enumerate(patients) if patient == "p3"]
    decided = films.truth.copy()
    decided[own] = np.roll(decided[own], 1, axis=1)
    again = out_of_fold(Films(films.embeddings, decided), patients, HEAD, FINDINGS)
    # The folds may be dealt otherwise now; what is said of the patient does not follow the decision.
    assert (again[own].argmax(axis=1) == said[own].argmax(axis=1)).all()


def test_of_several_findings_each_answer_is_doubted_by_itself() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (120, 2)).astype(np.int8)
    said = np.where(truth == 1, 0.9, 0.1) + random.uniform(-0.08, 0.08, truth.shape)
    truth[5, 1] = 1 - truth[5, 1]
    truth[6, 0] = -1  # nobody knows: nothing to doubt
    (found,) = find_suspects(truth, said, "multilabel")
    assert (found.film, found.finding, found.instead) == (5, 1, 1)
    assert found.confidence < 0.2


def test_a_film_of_which_two_answers_are_doubted_is_read_once() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (120, 2)).astype(np.int8)
    said = np.where(truth == 1, 0.9, 0.1) + random.uniform(-0.08, 0.08, truth.shape)
    truth[5] = 1 - truth[5]
    said[5, 0] = 0.99 if truth[5, 0] == 0 else 0.01
    (found,) = find_suspects(truth, said, "multilabel")
    assert (found.film, found.finding) == (5, 0)


@pytest.mark.parametrize("count", [0, 1, LEAST_FILMS - 2])
def test_too_few_films_are_said_to_be_too_few(count: int) -> None:
    films, _, patients = site(count)
    with pytest.raises(TooLittleData, match="too few to doubt"):
        find_suspects(films.truth, out_of_fold(films, patients, HEAD, FINDINGS))


def test_films_of_one_finding_alone_cannot_be_doubted() -> None:
    films, _, patients = site(60)
    truth = np.tile(np.array([0, 1, 0], np.int8), (60, 1))
    with pytest.raises(TooLittleData):
        find_suspects(truth, out_of_fold(Films(films.embeddings, truth), patients, HEAD, FINDINGS))


def test_a_finding_with_too_few_films_is_neither_doubted_nor_held_against_others() -> None:
    films, label, patients = site()
    rare = np.flatnonzero(label == 2)[LEAST_OF_A_FINDING - 1 :]
    kept = np.setdiff1d(np.arange(150), rare)
    some = Films(films.embeddings[kept], films.truth[kept])
    found = find_suspects(some.truth, out_of_fold(some, [patients[n] for n in kept], HEAD, FINDINGS))
    assert not [one for one in found if 2 in (one.finding, one.instead)]


def test_films_without_one_answer_or_without_a_word_of_the_model_are_passed_over() -> None:
    films, label, patients = site()
    said = out_of_fold(films, patients, HEAD, FINDINGS)
    decided = with_errors(films, label, [4, 31]).truth.copy()
    decided[31] = -1
    said[10] = np.nan
    assert 31 not in {one.film for one in find_suspects(decided, said)}
    assert 10 not in {one.film for one in find_suspects(decided, said)}


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=5, max_size=40), seed=st.integers(0, 99))
def test_folds_hold_whole_patients_and_none_is_empty(sizes: list[int], seed: int) -> None:
    patients = [f"p{n}" for n, size in enumerate(sizes) for _ in range(size)]
    random = np.random.default_rng(seed)
    truth = np.eye(3, dtype=np.int8)[random.integers(0, 3, len(patients))]
    fold = folds_of(truth, patients, seed=seed)
    assert set(fold.tolist()) == set(range(5))
    for patient in set(patients):
        assert len({int(fold[n]) for n, name in enumerate(patients) if name == patient}) == 1


def test_a_rare_finding_is_spread_over_the_folds() -> None:
    truth = np.eye(3, dtype=np.int8)[np.array([0] * 5 + [1] * 100 + [2] * 95)]
    fold = folds_of(truth, [str(n) for n in range(200)])
    assert sorted(fold[:5].tolist()) == [0, 1, 2, 3, 4]
    assert np.bincount(fold).tolist() == [40] * 5
