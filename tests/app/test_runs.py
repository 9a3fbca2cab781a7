"""Watching a training through its folder, whatever state a kill left that folder in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from app.runs import SEARCH, Run, new_run, newest_run
from training.events import TrainingEvent
from training.runs import append_event

PLAN = TrainingEvent("plan", {"epochs": 1})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "runs" / "20260101-120000"
    folder.mkdir(parents=True)
    (folder / "arguments.json").write_text("[]")
    return Run(folder)


def names(run: Run) -> list[str]:
    return [event["event"] for event in run.look().events]


def test_every_event_is_seen_once(run: Run) -> None:
    assert names(run) == []
    append_event(run.folder, PLAN)
    assert names(run) == ["plan"]
    assert names(run) == []
    append_event(run.folder, TrainingEvent("done", {}))
    assert names(run) == ["done"]


def test_half_a_line_waits_for_its_other_half(run: Run) -> None:
    line = json.dumps(PLAN.as_json()) + "\n"
    path = run.folder / "events.jsonl"
    path.write_text(line[:8])
    assert names(run) == []
    path.write_text(line)
    assert names(run) == ["plan"]


def test_a_line_that_a_kill_cut_off_does_not_hide_the_others(run: Run) -> None:
    append_event(run.folder, PLAN)
    with (run.folder / "events.jsonl").open("a") as stream:
        stream.write('{"event": "epo')
    append_event(run.folder, PLAN)  # the resumed run closes the line and goes on
    append_event(run.folder, TrainingEvent("done", {}))
    assert names(run) == ["plan", "plan", "done"]


def test_an_end_after_which_it_went_on_is_none(run: Run) -> None:
    for event in (PLAN, TrainingEvent("cancelled", {"reason": "…"}), PLAN, TrainingEvent("done", {})):
        append_event(run.folder, event)
    assert names(run) == ["plan", "plan", "done"]


@pytest.mark.parametrize("line", ["null", "[]", "7", '"done"'])
def test_a_line_that_is_no_event_is_passed_over(run: Run, line: str) -> None:
    (run.folder / "events.jsonl").write_text(line + "\n")
    assert names(run) == []
    assert not run.has_ended


def test_a_run_is_alive_as_long_as_the_process_that_it_names(run: Run) -> None:
    assert not run.look().is_alive
    own = psutil.Process()
    (run.folder / "pid").write_text(f"{own.pid} {own.create_time()}")
    assert run.look().is_alive
    (run.folder / "pid").write_text(f"{own.pid} {own.create_time() - 100}")  # its number was given anew
    assert not run.look().is_alive
    (run.folder / "pid").write_text("nonsense")
    assert not run.look().is_alive


def test_a_process_that_ended_and_was_not_waited_for_is_not_alive(run: Run) -> None:
    child = psutil.Popen(["true"])
    (run.folder / "pid").write_text(f"{child.pid} {child.create_time()}")
    while child.status() != psutil.STATUS_ZOMBIE:
        os.sched_yield()
    is_alive = run.look().is_alive
    child.wait()
    assert not is_alive


def test_the_newest_run_that_the_window_started_is_found_and_whether_it_ended(run: Run) -> None:
    runs = run.folder.parent
    assert newest_run(runs / "nowhere") is None
    (runs / "20260202-120000").mkdir()  # of the command line: nobody offers to resume it
    (runs / "20250101-120000").mkdir()
    (runs / "20250101-120000" / "arguments.json").write_text("[]")
    found = newest_run(runs)
    assert found is not None
    assert found.id == run.id
    assert not found.has_ended
    append_event(run.folder, TrainingEvent("cancelled", {"reason": "…"}))
    assert found.has_ended


def test_searches_are_told_from_trainings(run: Run) -> None:
    search = run.folder.parent / "20270101-120000"
    search.mkdir()
    (search / "arguments.json").write_text("[]")
    (search / "command").write_text("search")
    found = [newest_run(run.folder.parent), newest_run(run.folder.parent, (SEARCH,))]
    assert [one.id for one in found if one is not None] == [run.id, search.name]
    assert [one.command for one in found if one is not None] == [("train",), ("search",)]


def test_a_judged_head_is_found_as_a_training_is(run: Run) -> None:
    judged = run.folder.parent / "20270101-120000"
    judged.mkdir()
    (judged / "arguments.json").write_text("[]")
    (judged / "command").write_text("adapt --candidate")
    found = newest_run(run.folder.parent)
    assert found is not None
    assert found.id == judged.name


def test_runs_of_one_second_have_folders_of_their_own_whoever_makes_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: new_run(tmp_path / "runs"), range(40)))
    assert len({run.folder for run in runs}) == 40
    assert all(run.folder.is_dir() for run in runs)


def test_a_run_that_goes_on_already_is_watched_and_not_started_a_second_time(run: Run) -> None:
    child = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (run.folder / "pid").write_text(f"{child.pid} {child.create_time()}")
    run.resume(["--data", "nowhere"])
    assert run.look().is_alive
    assert not (run.folder / "stderr.txt").exists()  # nothing was started
    child.communicate()
    assert not run.look().is_alive


def test_a_run_that_has_told_its_end_is_resumed_though_its_process_is_not_gone_yet(
    run: Run, tmp_path: Path
) -> None:
    child = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (run.folder / "pid").write_text(f"{child.pid} {child.create_time()} 0")
    append_event(run.folder, TrainingEvent("cancelled", {"reason": "…"}))
    run.resume(["--data", str(tmp_path / "data")])  # which waits itself until the folder is free
    resumed = psutil.Process(int((run.folder / "pid").read_text().split()[0]))
    assert resumed.pid != child.pid
    assert run.look().is_alive
    resumed.kill()
    resumed.wait()
    child.communicate()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("overread: the disk is full.", "The disk is full."),
        ("overread train: error: argument --epochs: 0", "Argument --epochs: 0"),  # as argparse says it
        ("Killed", "Killed"),
    ],
)
def test_its_last_words_are_the_last_sentence_on_stderr(run: Run, line: str, said: str) -> None:
    assert run.last_words() == ""
    (run.folder / "stderr.txt").write_text(f"overread: one\n{line}\n\n")
    assert run.last_words() == said
