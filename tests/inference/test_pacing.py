"""What a library does in one go can be followed, stopped, and fails where it is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

import pytest

from inference.pacing import in_stretches


def count_to(last: int, counted: list[int]) -> Callable[[Callable[[], None]], str]:
    def work(pause: Callable[[], None]) -> str:
        for number in range(last):
            counted.append(number)
            pause()
        return "counted"

    return work


def value_of(stretches: Generator[None, None, str]) -> str:
    while True:
        try:
            next(stretches)
        except StopIteration as end:
            return str(end.value)


def explaining_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "explaining"]


def test_it_does_nothing_between_two_steps() -> None:
    counted: list[int] = []
    stretches = in_stretches(count_to(3, counted))
    next(stretches)
    assert counted == [0]
    next(stretches)
    assert counted == [0, 1]
    assert value_of(stretches) == "counted"
    assert counted == [0, 1, 2]
    assert explaining_threads() == []


def test_closed_it_ends_at_once_and_leaves_no_thread() -> None:
    counted: list[int] = []
    stretches = in_stretches(count_to(1000, counted))
    next(stretches)
    next(stretches)
    stretches.close()
    assert counted == [0, 1]
    assert explaining_threads() == []


def test_closed_before_it_began_it_never_begins() -> None:
    counted: list[int] = []
    stretches = in_stretches(count_to(1000, counted))
    stretches.close()
    assert counted == []
    assert explaining_threads() == []


def test_what_goes_wrong_is_raised_where_the_next_step_is_waited_for() -> None:
    def work(pause: Callable[[], None]) -> str:
        pause()
        raise ValueError("the library gave up")

    stretches = in_stretches(work)
    next(stretches)
    with pytest.raises(ValueError, match="gave up"):
        next(stretches)
    assert explaining_threads() == []


def test_a_library_that_swallows_exceptions_is_stopped_all_the_same() -> None:
    went_on: list[int] = []

    def work(pause: Callable[[], None]) -> str:
        for number in range(5):
            try:
                pause()
            except Exception:  # noqa: BLE001  (what some libraries do)
                went_on.append(number)
        return "done"

    stretches = in_stretches(work)
    next(stretches)
    stretches.close()
    assert went_on == []
