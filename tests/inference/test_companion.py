"""The life of a process beside this one: real processes, that answer, die and are ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from queue import Queue
from typing import Any

import psutil
import pytest

from inference.companion import Companion

PATIENCE_S = 60.0  # Python has to start on a busy machine


def double(connection: Connection, factor: int) -> None:
    """Answers numbers, and dies of those below zero."""
    try:
        connection.send("here")
        while True:
            number = connection.recv()
            if number < 0:
                os._exit(-number)
            connection.send(number * factor)
    except EOFError:
        return


def hold_on(connection: Connection, settings: object) -> None:
    """Does not look whether its pipe was closed."""
    connection.send("here")
    threading.Event().wait()


class Owner:
    """Asks a process, and keeps what it said."""

    def __init__(self, main: Callable[[Connection, Any], None]) -> None:
        self.told: Queue[object] = Queue()
        self.waiting: list[int] = []
        self.gives_up = False
        self.companion = Companion(
            "doubling", main, 2, hand_over=self._hand_over, on_message=self.told.put, on_death=self._on_death
        )

    def ask(self, number: int) -> None:
        self.waiting.append(number)
        self.companion.wake()

    def next(self) -> object:
        return self.told.get(timeout=PATIENCE_S)

    def _hand_over(self, send: Callable[[object], None]) -> None:
        while self.waiting:
            send(self.waiting.pop(0))

    def _on_death(self, exit_code: int | None, problem: str) -> None:
        self.told.put((exit_code, problem))
        if self.gives_up:
            self.companion.sleep_until(lambda: bool(self.waiting))


@pytest.fixture
def owner() -> Iterator[Owner]:
    owner = Owner(double)
    yield owner
    owner.companion.stop()
    assert owner.companion.pid is None
    assert not [thread for thread in threading.enumerate() if thread.name == "doubling"]


def test_it_answers_what_was_asked_before_it_was_up_and_while_it_is(owner: Owner) -> None:
    owner.ask(4)
    owner.companion.start()
    assert [owner.next(), owner.next()] == ["here", 8]
    for number in range(20):
        owner.ask(number)
    assert [owner.next() for _ in range(20)] == [2 * number for number in range(20)]


def test_it_is_started_again_when_it_dies(owner: Owner) -> None:
    owner.companion.start()
    assert owner.next() == "here"
    pid = owner.companion.pid
    owner.ask(-3)
    assert [owner.next(), owner.next()] == [(3, ""), "here"]
    assert owner.companion.pid not in (None, pid)
    owner.ask(1)
    assert owner.next() == 2


def test_where_its_owner_gives_up_it_is_started_by_the_next_question_alone(owner: Owner) -> None:
    owner.gives_up = True
    owner.companion.start()
    assert owner.next() == "here"
    owner.ask(-3)
    assert owner.next() == (3, "")
    assert owner.companion.pid is None
    owner.ask(5)
    assert [owner.next(), owner.next()] == ["here", 10]
    owner.ask(-3)
    assert owner.next() == (3, "")  # and it can be stopped while it sleeps


def test_a_process_that_does_not_listen_is_ended_all_the_same() -> None:
    owner = Owner(hold_on)
    owner.companion.start()
    assert owner.next() == "here"
    pid = owner.companion.pid
    assert pid is not None
    owner.companion.stop()
    assert not psutil.pid_exists(pid)
