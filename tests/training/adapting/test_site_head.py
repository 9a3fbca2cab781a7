"""A head that is re-fitted at a site: what the model knew stays, and few films decide little, of new findings
too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.adapted import AdaptedHead
from inference.card import FindingName, Task
from training.adapting.head import DOUBT, Around, Films, fit_head
from training.errors import TooLittleData
from training.replay import Replay

NAMES = ("a", "b", "c")
WIDTH = 48
TB = FindingName("tuberculosis", "Tuberculosis")
IDEAL = np.random.default_rng(5).normal(size=(3, WIDTH))
HEAD = (0.5 * IDEAL, np.zeros(3))
ELSEWHERE = 0.8 * np.random.default_rng(6).normal(size=WIDTH).astype(np.float32)


def world(count: int, seed: int, moved: float = 0.0) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Films as a network pools them, `moved` as another hospital's are, and what is true of them, (N, 3)."""
    random = np.random.default_rng(seed)
    films = np.abs(random.normal(size=(count, WIDTH))).astype(np.float32)
    truth = np.eye(3, dtype=np.int8)[(films @ IDEAL.T + random.gumbel(size=(count, 3))).argmax(1)]
    return np.maximum(films + moved * ELSEWHERE, 0), truth


BASE = Replay(*world(600, seed=1), NAMES)
KEPT_ASIDE = world(500, seed=2)


def fit(films: NDArray[np.float32], truth: NDArray[np.int8], **more: object) -> AdaptedHead:
    return fit_head(Films(films, truth), HEAD, NAMES, **more)  # type: ignore[arg-type]


def said(head: AdaptedHead, films: NDArray[np.float32], task: Task = "multiclass") -> NDArray[np.float32]:
    return head.probabilities(films, 1.0, task)


def right(head: AdaptedHead, films: NDArray[np.float32], truth: NDArray[np.int8]) -> NDArray[np.float64]:
    """(3,) share of films of each finding of which it is the most probable."""
    is_right = said(head, films).argmax(1) == truth.argmax(1)
    return np.array([is_right[truth[:, k] == 1].mean() for k in range(3)])


def test_thirty_corrections_of_one_finding_cost_the_others_nothing() -> None:
    films, truth = world(1000, seed=3, moved=1.0)
    wrong = (films @ HEAD[0].T).argmax(1) != truth.argmax(1)
    finding = int(truth[wrong].sum(axis=0).argmax())
    others = [k for k in range(3) if k != finding]
    chosen = np.flatnonzero(wrong & (truth[:, finding] == 1))[:30]
    assert len(chosen) == 30
    before = right(AdaptedHead("", *map(np.float32, HEAD), NAMES, 1), *KEPT_ASIDE)  # type: ignore[arg-type]
    alone = right(fit(films[chosen], truth[chosen]), *KEPT_ASIDE)
    with_base = right(fit(films[chosen], truth[chosen], replay=BASE), *KEPT_ASIDE)
    assert alone[others].mean() < before[others].mean() - 0.1, "without replay the others are forgotten"
    assert with_base[others].mean() > before[others].mean() - 0.02
    corrected = said(fit(films[chosen], truth[chosen], replay=BASE), films[chosen]).argmax(1) == finding
    assert corrected.mean() > 0.8


def test_a_single_correction_does_not_move_a_whole_site() -> None:
    films, truth = world(400, seed=4, moved=2.0)
    own = said(AdaptedHead("", *map(np.float32, HEAD), NAMES, 1), films)  # type: ignore[arg-type]
    wrong = np.flatnonzero(own.argmax(1) != truth.argmax(1))[:10]
    around = Around.of(films)
    moved: dict[bool, list[float]] = {True: [], False: []}
    for one in wrong:
        for is_known in (True, False):
            head = fit(films[[one]], truth[[one]], replay=BASE, around=around if is_known else None)
            after = said(head, films)
            moved[is_known].append(float(np.abs(after - own).mean()))
            gained = after[one, truth[one].argmax()] - own[one, truth[one].argmax()]
            assert gained > 0.02, "its own film follows"
    assert np.mean(moved[True]) < 0.5 * np.mean(moved[False])


def test_corrections_that_contradict_each_other_leave_the_film_undecided() -> None:
    films = np.repeat(world(1, seed=7)[0], 20, axis=0)
    truth = np.tile(np.eye(3, dtype=np.int8)[:2], (10, 1))
    probabilities = said(fit(films, truth, replay=BASE), films)[0]
    assert np.isfinite(probabilities).all()
    assert abs(probabilities[0] - probabilities[1]) < 0.3
    assert probabilities[2] < probabilities[:2].min()


def test_from_the_head_before_the_fit_comes_to_the_same() -> None:
    films, truth = world(300, seed=8, moved=1.0)
    around = Around.of(films)
    before = fit(films[:-1], truth[:-1], replay=BASE, around=around)
    warm = fit(films, truth, replay=BASE, around=around, start=before)
    cold = fit(films, truth, replay=BASE, around=around)
    assert np.abs(said(warm, films) - said(cold, films)).max() < 0.005


def test_without_a_finite_film_there_is_nothing_to_fit() -> None:
    films, truth = world(3, seed=9)
    films[:] = np.nan
    with pytest.raises(TooLittleData):
        fit(films, truth)
    films[1] = 1.0
    assert fit(films, truth).reviews == 1


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 5),
    kind=st.sampled_from(("same", "zero", "huge", "tiny", "one of all")),
    task=st.sampled_from(("multiclass", "multilabel")),
    has_base=st.booleans(),
)
def test_whatever_the_films_are_the_numbers_stay_numbers(
    count: int, kind: str, task: Task, has_base: bool
) -> None:
    films, truth = world(count, seed=10)
    films = {
        "same": np.repeat(films[:1], count, axis=0), "zero": 0 * films, "huge": films * 1e8,
        "tiny": films * 1e-20, "one of all": films,
    }[kind]  # fmt: skip
    if kind == "one of all":
        truth = np.repeat(truth[:1], count, axis=0)
    head = fit(films, truth, task=task, replay=BASE if has_base else None, around=Around.of(films))
    assert np.isfinite(head.weight).all()
    assert np.isfinite(head.bias).all()
    assert np.isfinite(said(head, films, task)).all()


# -- findings that readers added -------------------------------------------------------------------


def with_tuberculosis(examples: int, task: Task) -> tuple[AdaptedHead, NDArray[np.float32]]:
    """A head fitted to some films of a fourth finding among forty others; and more films of that finding."""
    films, truth = world(200, seed=11, moved=1.0)
    sign = 2.0 * np.random.default_rng(12).normal(size=WIDTH).astype(np.float32)
    showing = np.maximum(films[:80] + sign, 0)
    known = np.full((examples + 40, 4), 0, np.int8)
    known[:examples, 3] = 1
    known[examples:, :3] = truth[80:120]
    fitted = np.vstack([showing[:examples], films[80:120]])
    around = Around.of(np.vstack([films, showing]))
    head = fit(fitted, known, replay=BASE, added=[TB], around=around, task=task)
    return head, showing[40:]


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_one_or_two_films_make_no_finding_likelier_than_not(task: Task) -> None:
    seen = []
    for examples in (1, 2, 3, 10, 30):
        head, others = with_tuberculosis(examples, task)
        assert head.findings == (*NAMES, "tuberculosis")
        assert head.added == (TB,)
        most = said(head, np.vstack([others, 1e3 * others]), task)[:, 3].max()
        assert most <= examples / (examples + DOUBT) + 1e-6
        if examples <= 2:
            assert most <= 0.5
        seen.append(float(said(head, others, task)[:, 3].mean()))
    assert seen == sorted(seen), "with each film it is believed more"
    assert seen[-1] > 0.5


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_a_new_finding_stays_unlikely_on_films_of_the_base(task: Task) -> None:
    head, _ = with_tuberculosis(3, task)
    films, truth = KEPT_ASIDE
    assert said(head, films, task)[:, 3].mean() < 0.05
    if task == "multiclass":
        own = right(AdaptedHead("", *map(np.float32, HEAD), NAMES, 1), films, truth)  # type: ignore[arg-type]
        assert right(head, films, truth).mean() > own.mean() - 0.03
        assert np.allclose(said(head, films).sum(axis=1), 1.0, atol=1e-5)


def test_a_finding_without_an_example_is_none_of_the_heads() -> None:
    films, truth = world(20, seed=13)
    head = fit(films, np.hstack([truth, np.full((20, 1), -1, np.int8)]), added=[TB], replay=BASE)
    assert head.findings == NAMES
    assert head.added == ()
