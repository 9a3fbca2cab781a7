"""Sentences count as people do."""

from __future__ import annotations

from training.numerals import counted


def test_one_is_one_and_none_is_several() -> None:
    assert [counted(n, "film") for n in (0, 1, 2)] == ["0 films", "1 film", "2 films"]
    assert [counted(n, "film shows", "films show") for n in (1, 2)] == ["1 film shows", "2 films show"]
