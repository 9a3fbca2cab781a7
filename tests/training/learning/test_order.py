"""The order in which films are learned from."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.learning.order import Order
from training.plan import Plan


def one_of(kinds: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """(N, count) truth of films that show one finding each."""
    return np.eye(count, dtype=np.float32)[kinds]


def test_every_film_is_seen_once_an_epoch_and_each_epoch_has_its_own_order() -> None:
    rows, truth = np.arange(5, 45), one_of(np.arange(45) % 3, 3)
    first, second = (Order.of_epoch(Plan(), epoch, rows, truth) for epoch in (1, 2))
    assert sorted(first.rows) == sorted(second.rows) == list(rows)
    assert not np.array_equal(first.rows, second.rows)
    assert not first.repeats.any()
    assert np.array_equal(Order.of_epoch(Plan(), 1, rows, truth).rows, first.rows)


@given(st.lists(st.integers(0, 3), min_size=4, max_size=60), st.integers(0, 1000))
def test_balanced_sampling_sees_every_finding_equally_often(kinds: list[int], seed: int) -> None:
    found = np.asarray(kinds)
    rows = np.arange(len(kinds))
    order = Order.of_epoch(Plan(sampling="balanced", seed=seed), 1, rows, one_of(found, 4))
    assert len(order.rows) == len(kinds)
    seen = np.bincount(found[order.rows], minlength=4)
    counts = np.bincount(found, minlength=4)
    for kind in np.flatnonzero(counts):
        due = len(kinds) / np.count_nonzero(counts)
        each = np.bincount(order.rows[found[order.rows] == kind], minlength=len(kinds))[found == kind]
        assert abs(seen[kind] - due) <= 1
        assert each.max() - each.min() <= 1


def test_a_film_that_is_drawn_again_is_counted_so_that_it_is_changed_anew() -> None:
    kinds = np.asarray([0] * 20 + [1])
    plan = Plan(sampling="balanced")
    order = Order.of_epoch(plan, 1, np.arange(21), one_of(kinds, 2))
    again = order.repeats[order.rows == 20]
    assert 9 <= len(again) <= 12
    assert list(again) == list(range(len(again)))


def test_a_film_of_two_findings_counts_as_its_rarest_and_films_of_none_are_a_kind_too() -> None:
    truth = np.zeros((40, 2), np.float32)
    truth[:19, 0] = 1
    truth[0, 1] = 1
    truth[30:, 1] = np.nan
    order = Order.of_epoch(Plan(sampling="balanced"), 1, np.arange(40), truth)
    times = np.bincount(order.rows, minlength=40)
    assert times[0] > 8
    assert times[1:19].max() <= 2
    assert times[19:].sum() > 8
