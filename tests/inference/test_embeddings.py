"""Embeddings of many frames in one matrix: found by frame, never lost without need, bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.embeddings import EmbeddingTable


def vector(number: float, width: int = 4) -> np.ndarray:
    return np.full(width, number, np.float32)


def test_a_frame_is_found_in_its_row() -> None:
    table = EmbeddingTable()
    rows = [table.put((f"1.{n}", 1), vector(n)) for n in range(3000)]
    assert rows == list(range(3000))
    assert table.matrix.shape == (3000, 4)
    assert table.rows([("1.7", 1), ("none", 1), ("1.7", 2)]).tolist() == [7, -1, -1]
    assert table.matrix[2999].tolist() == [2999] * 4
    assert table.put(("1.7", 1), vector(-1)) == 7
    assert table.matrix[7].tolist() == [-1] * 4


@pytest.mark.parametrize("wrong", [[1, 2, 3], [1, 2, 3, np.nan], [np.inf] * 4, [], [[1, 2], [3, 4]]])
def test_what_is_no_embedding_of_this_network_is_left_out(wrong: list[float]) -> None:
    table = EmbeddingTable()
    table.put(("1", 1), vector(1))
    assert table.put(("2", 1), np.array(wrong)) is None
    assert len(table) == 1
    assert ("2", 1) not in table


def test_a_full_table_takes_the_room_of_what_came_first_and_is_not_held() -> None:
    table = EmbeddingTable(limit_bytes=4 * 4 * 3)
    for n in range(3):
        table.put((str(n), 1), vector(n))
    table.hold(("0", 1))
    assert table.put(("3", 1), vector(3)) == 1
    assert ("1", 1) not in table
    assert table.keys[1] == ("3", 1)
    table.hold(("2", 1))
    table.hold(("3", 1))
    assert table.put(("4", 1), vector(4)) is None
    table.hold(("0", 1), False)
    assert table.put(("4", 1), vector(4)) == 0
    assert table.matrix[:, 0].tolist() == [4, 3, 2]


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=60), st.integers(1, 6))
def test_every_frame_that_is_known_has_its_own_numbers(puts: list[tuple[int, bool]], room: int) -> None:
    table = EmbeddingTable(limit_bytes=4 * 4 * room)
    held: set[int] = set()
    for number, is_held in puts:
        if table.put((str(number), 1), vector(number)) is not None and is_held:
            table.hold((str(number), 1))
            held.add(number)
        assert len(table) <= room
        assert all((str(one), 1) in table for one in held)
        for row, key in enumerate(table.keys):
            assert table.row_of(key) == row
            assert table.matrix[row].tolist() == [float(key[0])] * 4
