"""Threads that find what comes next: they tell who waits, and begin nothing while they are held."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing.connection import wait

import pytest

from inference.finding_ahead import FindingAhead

PATIENCE_S = 30.0


class Finder:
    """Doubles numbers, and knows which were begun."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ahead: FindingAhead[int, int] = FindingAhead(self._find)

    def _find(self, asked: int) -> int:
        self.begun.append(asked)
        if asked < 0:
            raise ValueError(asked)
        return 2 * asked


@pytest.fixture
def finder() -> Iterator[Finder]:
    finder = Finder()
    yield finder
    finder.ahead.close()
    for thread in threading.enumerate():
        if thread.name.startswith("decode"):
            thread.join(PATIENCE_S)


def test_who_waits_is_woken_once_for_all_that_was_found(finder: Finder) -> None:
    found = [finder.ahead.begin(number) for number in (1, 2, 3)]
    assert [one.result(PATIENCE_S) for one in found] == [2, 4, 6]
    assert wait([finder.ahead.wake_up], PATIENCE_S)
    finder.ahead.clear()
    last = finder.ahead.begin(4)
    assert last.result(PATIENCE_S) == 8
    assert wait([finder.ahead.wake_up], PATIENCE_S)


def test_what_cannot_be_found_is_told_too(finder: Finder) -> None:
    found = finder.ahead.begin(-1)
    assert wait([finder.ahead.wake_up], PATIENCE_S)
    with pytest.raises(ValueError, match="-1"):
        found.result(PATIENCE_S)


def test_nothing_is_begun_while_it_is_held_and_what_waits_can_be_taken_back(finder: Finder) -> None:
    finder.ahead.hold()
    waiting = [finder.ahead.begin(number) for number in range(40)]
    assert not wait([finder.ahead.wake_up], 0.1)
    assert finder.begun == []
    assert waiting[-1].cancel()
    finder.ahead.go_on()
    assert waiting[0].result(PATIENCE_S) == 0
    finder.ahead.begin(100).result(PATIENCE_S)
    assert 39 not in finder.begun
