"""A training that was killed goes on with the very films, labels and parts that it began with, whatever
readers decide meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.runs import Run
from app.workplace import Workplace
from reviews.record import Review
from studies.reader import read_header
from tests.app.conftest import Overread
from tests.app.making import FINDINGS, film, write_png
from tests.app.test_cancelling import process_of, until
from tests.reviews.parts import give_part
from training.alone import alone_in

pytestmark = pytest.mark.timeout(400)  # several trainings, one after the other

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"train": 24, "validation": 6, "test": 6}
EPOCHS = 60
OPTIONS = (
    "--model", "starter", "--depth", "all", "--epochs", EPOCHS, "--patience", 0, "--batch-size", 4,
    "--device", "cpu", "--threads", 1, "--bootstrap", 50, "--keep", "last",
)  # fmt: skip


@pytest.fixture
def films(tmp_path: Path, data_dir: Path) -> list[Path]:
    """Decided films of a store, a patient each: 24 to learn from, 6 each to choose and to measure by."""
    paths: list[Path] = []
    for part, count in PARTS.items():
        for n in range(len(paths), len(paths) + count):
            paths.append(write_png(tmp_path / "films" / f"{n:02d}.png", film(FINDINGS[n % 3], seed=n)))
        keys = [read_header(path).split_key for path in paths[-count:]]
        give_part(data_dir / "overread.sqlite", keys, part)  # type: ignore[arg-type]
    place = Workplace(data_dir, None)
    for n, path in enumerate(paths):
        decide(place, path, FINDINGS[n % 3])
    place.close()
    return paths


def decide(place: Workplace, path: Path, finding: str) -> None:
    header = read_header(path)
    place.store.add_images([header])
    answers = tuple((name, "present" if name == finding else "absent") for name in FINDINGS)
    place.store.append(Review(header.sop_instance_uid, 1, "R", answers))  # type: ignore[arg-type]


@pytest.fixture
def begin(data_dir: Path, bundled: Path, request: pytest.FixtureRequest) -> Callable[..., Run]:
    """Start, or resume, a training in a process of its own: ``run = begin("name")``."""
    place = ["--data", str(data_dir), "--bundled", str(bundled)]

    def start(name: str) -> Run:
        run = Run(data_dir / "runs" / name)
        if run.folder.exists():
            run.resume(place)
        else:
            run.start(place, [str(o) for o in OPTIONS])

        process = process_of(run)
        if process is not None:
            request.addfinalizer(lambda: process.is_running() and process.kill())
        return run

    return start


def to_its_end(run: Run) -> dict[str, Any]:
    process = process_of(run)
    if process is not None:
        process.wait(300)
    events = Run(run.folder).look().events
    assert events[-1]["event"] == "done", events[-1]
    return events[-1]


def kill(run: Run) -> None:
    process = process_of(run)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def hints_of(run: Run) -> str:
    return " ".join([e for e in Run(run.folder).look().events if e["event"] == "plan"][-1]["hints"])


def test_a_training_goes_on_with_what_it_began_with_after_new_decisions(
    films: list[Path], begin: Callable[..., Run], data_dir: Path, bundled: Path, tmp_path: Path
) -> None:
    whole = to_its_end(begin("whole"))
    run = begin("killed")
    until(run, lambda event: event["event"] == "epoch" and event["epoch"] >= 3)  # amid one of those after it
    kill(run)

    more = write_png(tmp_path / "films" / "more.png", film(FINDINGS[0], seed=99))
    give_part(data_dir / "overread.sqlite", [read_header(more).split_key], "train")
    place = Workplace(data_dir, bundled)
    decide(place, films[0], FINDINGS[1])  # otherwise than before
    decide(place, more, FINDINGS[0])
    place.close()

    resumed = to_its_end(begin("killed"))
    assert resumed["model"] == whole["model"]
    place = Workplace(data_dir, bundled)
    card = place.registry.find(str(whole["model"]))
    assert card.data["parts"]["train"]["images"] == PARTS["train"]
    place.close()
    epochs = [e["epoch"] for e in Run(run.folder).look().events if e["event"] == "epoch"]
    assert epochs == list(range(1, EPOCHS + 1))
    assert "since then 1 decided and 1 decided otherwise" in hints_of(run)
    assert "since then" not in hints_of(Run(data_dir / "runs" / "whole"))


def test_a_film_that_vanished_is_named_and_the_training_goes_on_once_it_is_back(
    films: list[Path], begin: Callable[..., Run], overread: Overread
) -> None:
    run = begin("killed")
    until(run, lambda event: event["event"] == "epoch" and event["epoch"] >= 2)
    kill(run)
    away = films[0].rename(films[0].with_suffix(".away"))
    failed = overread("train", *OPTIONS, "--run", "killed")
    assert failed.lines[-1]["event"] == "failed"
    assert "cannot be read any more: 00.png" in failed.lines[-1]["reason"]
    assert "are expected" in failed.lines[-1]["reason"]
    away.rename(films[0])
    done = overread("train", *OPTIONS, "--run", "killed")
    assert done.lines[-1]["event"] == "done"
    assert min(line["epoch"] for line in done.lines if line["event"] == "epoch") > 2


def test_a_damaged_list_of_samples_is_told_in_a_sentence(
    films: list[Path], overread: Overread, data_dir: Path
) -> None:
    quick = (*OPTIONS, "--epochs", 1, "--run", "r")
    assert overread("train", *quick).status == 0
    path = data_dir / "runs" / "r" / "samples.json"
    told = json.loads(path.read_text())
    told["samples"][0]["truth"] = [1, 1, 1]
    path.write_text(json.dumps(told))
    failed = overread("train", *quick)
    assert failed.status == 1
    assert "samples.json is damaged" in failed.lines[-1]["reason"]


KILLED_AT = """
import os, signal, sys
import training.candidate
import training.learning.tensors
from app.command_line import run

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "before its last word":
    training.candidate.Outcome.write_report = die
else:
    training.learning.tensors.Films._on_square = die
run(sys.argv[2:])
"""


def killed_at(moment: str, *typed: object) -> None:
    """Type a command into a process that is killed at that moment."""
    done = subprocess.run([sys.executable, "-c", KILLED_AT, moment, *map(str, typed)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_candidate_whose_training_was_killed_before_its_last_word_is_found_by_going_on(
    films: list[Path], overread: Overread, data_dir: Path, bundled: Path
) -> None:
    train = ("train", *OPTIONS, "--epochs", 2)
    wanted = overread(*train, "--run", "whole").lines[-1]
    place = Workplace(data_dir, bundled)
    place.registry.remove(wanted["model"])
    killed_at("before its last word", "--data", data_dir, "--bundled", bundled, *train, "--run", "r")
    assert [card.id for card in place.registry.cards() if not card.bundled] == [wanted["model"]]
    place.close()
    run = Run(data_dir / "runs" / "r")
    assert not run.look().is_alive
    assert not run.has_ended  # so the window offers to resume it
    done = overread(*train, "--run", "r").lines[-1]
    assert (done["event"], done["model"]) == ("done", wanted["model"])
    assert (done["evaluation"], done["gate"]) == (wanted["evaluation"], wanted["gate"])


def test_a_training_that_was_killed_while_it_decoded_goes_on_with_its_own_films(
    films: list[Path], overread: Overread, data_dir: Path, bundled: Path, tmp_path: Path
) -> None:
    train = ("train", *OPTIONS, "--epochs", 2, "--run", "r")
    killed_at("while decoding", "--data", data_dir, "--bundled", bundled, *train)
    more = write_png(tmp_path / "films" / "more.png", film(FINDINGS[0], seed=99))
    give_part(data_dir / "overread.sqlite", [read_header(more).split_key], "train")
    place = Workplace(data_dir, bundled)
    decide(place, more, FINDINGS[0])
    place.close()
    lines = overread(*train).lines
    assert lines[-1]["event"] == "done"
    assert lines[0]["parts"]["train"]["images"] == PARTS["train"]


@pytest.mark.parametrize("command", [("train", *OPTIONS), ("search", *OPTIONS), ("jobs", "take", "r.zip")])
def test_a_run_is_worked_in_by_one_process_and_nothing_is_written_into_it_by_another(
    command: tuple[object, ...], films: list[Path], overread: Overread, data_dir: Path
) -> None:
    folder = data_dir / "runs" / "busy"
    with alone_in(folder):
        told = overread(*command, "--run", "busy", text=True)
        assert {path.name for path in folder.iterdir()} == {"lock", "pid"}
        assert Run(folder).look().is_alive
    assert told.status == 1
    assert told.err.count("\n") == 1
    assert "is being worked in by another process" in told.err


def test_a_search_goes_on_with_what_it_began_with_too(
    films: list[Path], overread: Overread, data_dir: Path, bundled: Path
) -> None:
    words = ("search", *OPTIONS, "--epochs", 1, "--over", "learning_rate")
    wanted = overread(*words, "--trials", 2, "--run", "whole").lines[-1]
    assert overread(*words, "--trials", 1, "--run", "r").lines[-1]["event"] == "done"
    place = Workplace(data_dir, bundled)
    decide(place, films[0], FINDINGS[1])
    place.close()
    lines = overread(*words, "--trials", 2, "--run", "r").lines
    assert (lines[-1]["event"], lines[-1]["model"]) == ("done", wanted["model"])
    hints = next(line["hints"] for line in lines if line["event"] == "plan")
    assert any("since then 1 decided otherwise" in hint for hint in hints)


def test_other_labels_under_the_name_of_a_run_that_began_are_refused(
    overread: Overread, hospital: Path, tmp_path: Path
) -> None:
    quick = ("--backbone", "test_resnet", "--input-size", 32, "--epochs", 1, "--device", "cpu", "--run", "r")
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    assert overread("train", *labels, *quick).status == 0
    other = tmp_path / "other.csv"
    other.write_text((hospital / "labels.csv").read_text())
    told = overread("train", "--labels", other, "--images", hospital, *quick, text=True)
    assert told.status == 1
    assert "labels" in told.err
    assert "resumes with what it was started with" in told.err
