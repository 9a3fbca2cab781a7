"""Films that nobody has read tell where a finding lies that the model has never seen; and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.adapted import AdaptedHead, probabilities_of
from inference.card import Task
from tests.training.adapting.test_site_head import BASE, HEAD, NAMES, TB, WIDTH, fit, said, world
from training.adapting.head import OF_THEM, Around
from training.adapting.waiting import likely_findings
from training.replay import Replay

SIGN = 0.5 * np.random.default_rng(21).normal(size=WIDTH).astype(np.float32)


def site(
    count: int, showing: int, seed: int, moved: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Films of another hospital, the first of which show a fourth finding, and what is true, (N, 4)."""
    films, known = world(count, seed=seed, moved=moved)
    films[:showing] = np.maximum(films[:showing] + SIGN, 0)
    truth = np.pad(known, ((0, 0), (0, 1)))
    truth[:showing] = (0, 0, 0, 1)
    return films, truth


def own(films: NDArray[np.float32]) -> NDArray[np.float32]:
    return probabilities_of(films @ HEAD[0].T.astype(np.float32), 1.0, "multiclass")


def read(
    truth: NDArray[np.int8], showing: int, others: int, task: Task = "multiclass", waits: bool = True
) -> AdaptedHead:
    """A head fitted to a few of the films of `SITE`, among all of them or as if none were waiting."""
    films = SITE[0]
    chosen = [*range(showing), *range(60, 60 + others)]
    around = Around.of(films)
    assert around is not None
    if not waits:
        around = replace(around, films=around.films[:0])
    return fit(films[chosen], truth[chosen], replay=BASE, added=[TB], around=around, task=task)


SITE = site(240, 60, seed=22)
LATER = site(400, 100, seed=23)


def test_waiting_films_show_where_a_new_finding_lies() -> None:
    films, truth = LATER
    shows = truth[:, 3] == 1
    alone = said(read(SITE[1], 5, 15, waits=False), films)
    among = said(read(SITE[1], 5, 15), films)
    assert (among.argmax(1) == truth.argmax(1)).mean() > (alone.argmax(1) == truth.argmax(1)).mean() + 0.04
    assert among[shows, 3].mean() > alone[shows, 3].mean()
    assert among[~shows, 3].mean() < alone[~shows, 3].mean() - 0.04


def test_a_hospital_whose_films_look_otherwise_is_no_finding() -> None:
    films, truth = site(300, 60, seed=24, moved=2.0)
    chosen = [*range(4), *range(60, 66)]
    likely = likely_findings(films[chosen], truth[chosen], films, own(films), BASE)
    assert likely is not None
    assert np.allclose(likely.sum(axis=1), 1.0)
    assert likely[:60, 3].mean() > 0.6
    assert likely[60:, 3].mean() < 0.1


def test_films_of_the_base_do_not_say_how_rare_a_new_finding_is_here() -> None:
    films, truth = site(400, 200, seed=25, moved=0.0)
    around = Around.of(films)
    assert around is not None
    none_waits = replace(around, films=around.films[:0])
    chosen = [*range(10), *range(200, 210)]
    head = fit(films[chosen], truth[chosen], replay=BASE, added=[TB], around=none_waits)
    assert 0.4 < said(replace(head, trust=None), films)[:, 3].mean() < 0.6, "half of the films show it"


def test_where_nothing_was_added_waiting_films_say_nothing() -> None:
    films, truth = site(60, 0, seed=26)
    around = Around.of(films)
    assert around is not None
    among = fit(films[:20], truth[:20], replay=BASE, around=around, added=[TB])
    alone = fit(films[:20], truth[:20, :3], replay=BASE, around=replace(around, films=around.films[:0]))
    assert among.findings == NAMES
    assert np.array_equal(among.weight, alone.weight)
    assert np.array_equal(among.bias, alone.bias)


def test_of_several_at_once_a_new_finding_is_learnt_from_what_was_answered() -> None:
    among = read(SITE[1], 5, 15, task="multilabel")
    alone = read(SITE[1], 5, 15, task="multilabel", waits=False)
    assert np.array_equal(among.weight, alone.weight)


@pytest.mark.parametrize(
    "base",
    [
        replace(BASE, truth=np.where(np.arange(3) == 2, -1, BASE.truth).astype(np.int8)),
        replace(BASE, truth=np.full_like(BASE.truth, -1)),
        Replay(BASE.embeddings[:0], BASE.truth[:0], NAMES),
        Replay(np.repeat(BASE.embeddings[:1], 5, axis=0), BASE.truth[:5], NAMES),
        replace(BASE, embeddings=BASE.embeddings * np.float32(1e4)),
    ],
    ids=["without a finding", "unknown", "empty", "all alike", "huge"],
)
def test_whatever_the_base_brings_the_numbers_stay_numbers(base: Replay) -> None:
    films, truth = SITE
    chosen = [*range(3), *range(60, 70)]
    head = fit(films[chosen], truth[chosen], replay=base, added=[TB], around=Around.of(films))
    assert np.isfinite(head.weight).all()
    probabilities = said(head, films)
    assert np.isfinite(probabilities).all()
    assert probabilities[:, 3].max() <= 0.6 + 1e-6, "three films are doubted as ever"


def test_a_finding_that_the_base_does_not_bring_is_taken_from_decisions() -> None:
    films, truth = SITE
    base = replace(BASE, truth=np.where(np.arange(3) == 2, -1, BASE.truth).astype(np.int8))
    decided = np.flatnonzero(truth[:, :2].any(axis=1))[:10]
    chosen = [*range(3), *decided]
    likely = likely_findings(films[chosen], truth[chosen], films, own(films), base)
    assert likely is not None
    assert likely[:, 2].max() == 0.0, "nobody has ever seen one"


def test_some_films_of_a_site_stand_for_all() -> None:
    films = world(2 * OF_THEM + 1, seed=27)[0]
    films[3] = np.nan
    around = Around.of(films)
    assert around is not None
    assert OF_THEM / 2 < len(around.films) <= OF_THEM
    assert np.isfinite(around.films).all()
