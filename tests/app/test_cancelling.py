"""A training ends within two seconds of the wish that it do, whatever it is at; and it goes on from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.runs import Run
from tests.training.conftest import write_hospital

SLOW_STEPS = ("--backbone", "resnet50", "--input-size", 448, "--batch-size", 48, "--epochs", 3)
WAIT_S = 0.05


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start a training of 48 films in a process of its own: ``run = begin(*options)``."""
    write_hospital(tmp_path / "films", 24)
    runs: list[Run] = []

    def start(*options: object) -> Run:
        run = Run(tmp_path / "data" / "runs" / "r")
        films = ("--labels", tmp_path / "films" / "labels.csv", "--images", tmp_path / "films")
        common = (*films, "--device", "cpu", "--threads", 1, "--no-held-out")
        run.start(["--data", str(tmp_path / "data")], [str(o) for o in (*common, *options)])
        runs.append(run)
        return run

    yield start
    for run in runs:
        process = process_of(run)
        if process is not None:
            process.kill()


def process_of(run: Run) -> psutil.Process | None:
    try:
        return psutil.Process(int((run.folder / "pid").read_text().split()[0]))
    except (psutil.Error, OSError):
        return None


def until(run: Run, is_there: Callable[[dict[str, Any]], bool]) -> None:
    """Read on until an event is there; the process's end is what is waited for, in short turns."""
    process = process_of(run)
    assert process is not None
    while not any(is_there(event) for event in run.look().events):
        try:
            process.wait(WAIT_S)
        except psutil.TimeoutExpired:
            continue
        raise AssertionError(run.last_words() or "it ended before")


def seconds_to_cancel(run: Run) -> float:
    process = process_of(run)
    assert process is not None
    began = time.monotonic()
    run.cancel()
    process.wait(30)
    return time.monotonic() - began


def kinds(run: Run) -> list[str]:
    return [event["event"] for event in Run(run.folder).look().events]


def test_a_step_that_takes_long_is_not_waited_for(begin: Callable[..., Run]) -> None:
    run = begin(*SLOW_STEPS)
    until(run, lambda event: event["event"] == "prepare" and event["done"] == event["total"])
    assert seconds_to_cancel(run) < 2.0
    assert kinds(run)[-1] == "cancelled"
    assert not (run.folder / "cancel").exists()  # so that it can be resumed


def test_cancelling_is_heard_while_the_program_is_still_loading(begin: Callable[..., Run]) -> None:
    run = begin(*SLOW_STEPS)
    process = process_of(run)
    assert process is not None
    run.cancel()
    process.wait(60)  # Python itself has to start first
    assert kinds(run) == ["cancelled"]


def test_what_was_cancelled_between_epochs_is_resumed(begin: Callable[..., Run]) -> None:
    run = begin("--backbone", "test_resnet", "--input-size", 64, "--batch-size", 8, "--epochs", 4000)
    until(run, lambda event: event["event"] == "epoch" and event["epoch"] >= 3)
    assert seconds_to_cancel(run) < 2.0
    reached = max(e["epoch"] for e in Run(run.folder).look().events if e["event"] == "epoch")
    run.resume(["--data", str(run.folder.parents[1])])
    until(run, lambda event: event["event"] == "epoch")
    assert seconds_to_cancel(run) < 2.0
    epochs = [e["epoch"] for e in Run(run.folder).look().events if e["event"] == "epoch"]
    assert epochs == list(range(1, max(epochs) + 1))
    assert max(epochs) > reached
