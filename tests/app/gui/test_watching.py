"""Watching a run: its events as they come, its end, and the end of a process that says nothing."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.gui.watching import Watch
from app.runs import Run
from training.alone import alone_in
from training.events import TrainingEvent
from training.runs import CANCEL, append_event

PLAN, DONE = TrainingEvent("plan", {"epochs": 1}), TrainingEvent("done", {"model": "m"})
CANCELLED = TrainingEvent("cancelled", {"reason": "somebody wished so"})


class Watcher:
    """What a watch said of a run, whose process is this one while it is alive."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.run = Run(folder)
        own = psutil.Process()
        (folder / "pid").write_text(f"{own.pid} {own.create_time()}")
        self.told: list[str] = []
        self.watch = Watch()
        self.watch.told.connect(lambda event: self.told.append(event["event"]))
        self.watch.started.connect(lambda: self.told.append("(started)"))

    def tell(self, event: TrainingEvent) -> None:
        append_event(self.run.folder, event)

    def kill(self) -> None:
        (self.run.folder / "pid").unlink()


@pytest.fixture
def watcher(qtbot: QtBot, tmp_path: Path) -> Watcher:
    return Watcher(tmp_path / "run")


def test_events_are_told_until_the_last(watcher: Watcher, qtbot: QtBot) -> None:
    watcher.tell(PLAN)
    watcher.watch.begin(watcher.run)
    assert watcher.watch.is_on
    qtbot.waitUntil(lambda: watcher.told == ["(started)", "plan"])
    with qtbot.waitSignal(watcher.watch.ended) as ended:
        watcher.tell(DONE)
    assert ended.args == [watcher.run, DONE.as_json()]
    assert watcher.told == ["(started)", "plan", "done"]
    assert not watcher.watch.is_on


def test_a_process_that_ends_without_a_last_event_has_vanished(watcher: Watcher, qtbot: QtBot) -> None:
    watcher.watch.begin(watcher.run)
    with qtbot.waitSignal(watcher.watch.vanished) as vanished:
        watcher.tell(PLAN)
        watcher.kill()
    assert vanished.args == [watcher.run]
    assert watcher.told == ["(started)", "plan"]
    assert not watcher.watch.is_on


def test_a_last_event_counts_though_its_process_is_gone(watcher: Watcher, qtbot: QtBot) -> None:
    watcher.tell(DONE)
    watcher.kill()
    with qtbot.assertNotEmitted(watcher.watch.vanished), qtbot.waitSignal(watcher.watch.ended):
        watcher.watch.begin(watcher.run)


def test_the_end_of_a_process_is_not_that_of_the_one_that_goes_on_after_it(
    watcher: Watcher, qtbot: QtBot
) -> None:
    watcher.tell(PLAN)
    watcher.tell(CANCELLED)
    with alone_in(watcher.run.folder):  # resumed, and looked at by a window that was opened since
        watcher.watch.begin(watcher.run)
        qtbot.waitUntil(lambda: watcher.told == ["(started)", "plan"])
        assert watcher.watch.is_on
        with qtbot.waitSignal(watcher.watch.ended) as ended:
            watcher.tell(CANCELLED)
    assert ended.args == [watcher.run, CANCELLED.as_json()]


def test_the_wish_that_it_stop_is_left_in_its_folder(watcher: Watcher) -> None:
    watcher.watch.cancel()  # nothing is watched
    assert not (watcher.run.folder / CANCEL).exists()
    watcher.watch.begin(watcher.run)
    watcher.watch.cancel()
    assert (watcher.run.folder / CANCEL).exists()
    watcher.watch.close()
