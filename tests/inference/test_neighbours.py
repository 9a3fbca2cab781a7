"""The films nearest to one are exactly those that comparing all of them in double precision gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inference.neighbours import NearestFilms, lengths_from, nearest

Matrix = NDArray[np.float32]


def by_brute_force(
    matrix: Matrix, centre: NDArray[np.float64], query: Matrix, count: int, rows: list[int]
) -> list[tuple[int, float]]:
    """Every cosine in double precision, one film after the other, sorted."""
    away = query.astype(np.float64) - centre
    length = np.sqrt((away**2).sum())
    away = away / length if length else away
    told = []
    for row in sorted(rows):
        direction = matrix[row].astype(np.float64) - centre
        own = np.sqrt((direction**2).sum())
        told.append((row, float((direction * away).sum() / own) if own else 0.0))
    return sorted(told, key=lambda pair: -pair[1])[:count]


def found(
    matrix: Matrix, centre: NDArray[np.float64], query: Matrix, count: int, rows: list[int]
) -> list[tuple[int, float]]:
    chosen, similarities = nearest(
        matrix, lengths_from(matrix, centre), centre, query, count, np.array(rows, np.intp)
    )
    return [(int(row), float(s)) for row, s in zip(chosen, similarities, strict=True)]


numbers = st.floats(-100, 100, width=32)


@settings(max_examples=120)
@given(st.data())
def test_the_nearest_are_those_that_brute_force_finds(data: st.DataObject) -> None:
    count, width = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 24))
    # Few different values make many films that are exactly as near as each other.
    values = data.draw(st.sampled_from([numbers, st.sampled_from([0.0, 1.0, -1.0]), st.just(1.0)]))
    matrix = data.draw(arrays(np.float32, (count, width), elements=values))
    centre = data.draw(arrays(np.float64, width, elements=st.sampled_from([0.0, 0.5, 1.0, 1e3])))
    query = data.draw(st.one_of(arrays(np.float32, width, elements=values), st.sampled_from(list(matrix))))
    rows = data.draw(st.lists(st.integers(0, count - 1), unique=True))
    wanted = data.draw(st.integers(0, count + 1))
    assert found(matrix, centre, query, wanted, rows) == by_brute_force(matrix, centre, query, wanted, rows)


@settings(max_examples=120)
@given(st.data())
def test_searching_by_bounds_finds_the_same_while_films_come_and_change(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 12))
    values = data.draw(st.sampled_from([numbers, st.sampled_from([0.0, 1.0, -1.0]), st.just(1.0)]))
    centre = data.draw(arrays(np.float64, width, elements=st.sampled_from([0.0, 0.5, 1e3])))
    films = NearestFilms(centre, sketched_from=4, directions=data.draw(st.integers(1, width)))
    matrix = np.zeros((0, width), np.float32)
    for _ in range(data.draw(st.integers(1, 4))):
        new = data.draw(st.integers(0 if len(matrix) else 1, 20))
        matrix = np.concatenate([matrix, data.draw(arrays(np.float32, (new, width), elements=values))])
        for row in data.draw(st.lists(st.integers(0, len(matrix) - 1), max_size=3)):
            matrix[row] = data.draw(arrays(np.float32, width, elements=values))
            films.note(row)
        rows = data.draw(st.lists(st.integers(0, len(matrix) - 1), unique=True))
        query, wanted = matrix[data.draw(st.integers(0, len(matrix) - 1))], data.draw(st.integers(0, 6))
        chosen, similarities = films.nearest(matrix, query, wanted, np.array(rows, np.intp))
        pairs = [(int(r), float(s)) for r, s in zip(chosen, similarities, strict=True)]
        assert pairs == by_brute_force(matrix, centre, query, wanted, rows)


@pytest.mark.parametrize("spread", [0.05, 3.0])
def test_many_films_are_searched_by_bounds_and_the_nearest_are_the_same(spread: float) -> None:
    random = np.random.default_rng(5)
    groups = random.gamma(1.0, 1.0, (9, 128))
    matrix = (groups[random.integers(0, 9, 6000)] + spread * random.normal(size=(6000, 128))).astype(
        np.float32
    )
    centre = matrix.mean(axis=0, dtype=np.float64)
    films = NearestFilms(centre)
    rows = [int(r) for r in np.flatnonzero(random.random(6000) < 0.7)]
    for query in (3, 77, 5999):
        chosen, _ = films.nearest(matrix, matrix[query], 6, np.array(rows, np.intp))
        assert list(chosen) == [r for r, _ in by_brute_force(matrix, centre, matrix[query], 6, rows)]


@pytest.mark.parametrize("seed", range(4))
def test_films_that_single_precision_cannot_tell_apart_are_told_apart(seed: int) -> None:
    random = np.random.default_rng(seed)
    common = random.normal(size=512)
    # They differ from each other in the last digits that single precision has.
    matrix = (1000 + common + 1e-4 * random.normal(size=(3000, 512))).astype(np.float32)
    centre = np.full(512, 1000.0)
    query = matrix[7]
    rows = list(range(0, 3000, 2))
    assert found(matrix, centre, query, 12, rows) == by_brute_force(matrix, centre, query, 12, rows)


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_few_and_many_films_that_count_are_searched_alike(share: float) -> None:
    random = np.random.default_rng(3)
    matrix = random.normal(size=(4000, 64)).astype(np.float32) ** 2
    centre = matrix.mean(axis=0, dtype=np.float64)
    rows = [int(r) for r in np.flatnonzero(random.random(4000) < share)]
    assert found(matrix, centre, matrix[5], 9, rows) == by_brute_force(matrix, centre, matrix[5], 9, rows)


def test_a_film_is_most_like_itself_and_lengths_do_not_count() -> None:
    matrix = np.array([[1, 0], [5, 0], [0, 2], [-3, 0]], np.float32)
    assert found(matrix, np.zeros(2), np.array([2, 0], np.float32), 4, [0, 1, 2, 3]) == [
        (0, 1.0), (1, 1.0), (2, 0.0), (3, -1.0),
    ]  # fmt: skip


def test_without_films_that_count_nothing_is_near() -> None:
    matrix = np.ones((3, 2), np.float32)
    assert found(matrix, np.zeros(2), matrix[0], 5, []) == []
    assert found(matrix, np.zeros(2), matrix[0], 0, [0, 1]) == []
