"""A run's folder can be read while it is written, and after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.errors import Cancelled, UnusableCheckpoint, UnusablePlan
from training.events import TrainingEvent
from training.learning import checkpoint
from training.plan import Plan
from training.runs import Wish, append_event, ask_to_cancel, read_events

ROOT = Path(__file__).resolve().parents[2]


def test_events_are_read_back_and_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    append_event(tmp_path, TrainingEvent("prepare", {"done": 1, "total": 2}))
    with (tmp_path / "events.jsonl").open("a") as stream:
        stream.write('{"event": "epo')  # killed while writing
    append_event(tmp_path, TrainingEvent("epoch", {"loss": float("nan")}))
    assert read_events(tmp_path) == [
        TrainingEvent("prepare", {"done": 1, "total": 2}),
        TrainingEvent("epoch", {"loss": None}),
    ]


def test_a_folder_without_events_has_told_nothing(tmp_path: Path) -> None:
    assert read_events(tmp_path) == []


def test_a_wish_to_cancel_is_heard_once(tmp_path: Path) -> None:
    Wish(tmp_path).look()
    ask_to_cancel(tmp_path)
    with pytest.raises(Cancelled):
        Wish(tmp_path).look()
    Wish(tmp_path).look()


def test_after_the_last_look_a_wish_is_not_heard(tmp_path: Path) -> None:
    wish = Wish(tmp_path)
    ask_to_cancel(tmp_path)
    with pytest.raises(Cancelled):
        wish.look_last()
    wish.look_last()
    ask_to_cancel(tmp_path)
    wish.look()
    wish.look_last()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="nice values are POSIX")
def test_a_trainings_process_lets_others_go_first() -> None:
    code = "import os; from training.runs import lower_priority; lower_priority(); print(os.nice(0))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert int(told.stdout) >= os.nice(0) + 1


def _sessions_have_priorities() -> bool:
    enabled = Path("/proc/sys/kernel/sched_autogroup_enabled")
    return enabled.exists() and enabled.read_text().strip() == "1"


@pytest.mark.skipif(not _sessions_have_priorities(), reason="the kernel does not share by session here")
def test_a_training_that_has_a_session_of_its_own_lowers_that_too() -> None:
    code = (
        "from pathlib import Path; from training.runs import lower_priority; lower_priority();"
        "print(Path('/proc/self/autogroup').read_text())"
    )
    command = [sys.executable, "-c", code]
    told = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, start_new_session=True
    )
    assert told.stdout.split()[-2:] == ["nice", "10"]
    ours = Path("/proc/self/autogroup").read_text()  # empty where the process is in the kernel's first group
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert Path("/proc/self/autogroup").read_text() == ours, "the session of others was lowered"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="a full device is simulated on Linux")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, {"epoch": 1}, "f")
    (tmp_path / "checkpoint.pt.part").symlink_to("/dev/full")
    with pytest.raises(UnusableCheckpoint, match="could not be written"):
        checkpoint.save(path, {"epoch": 2}, "f")
    assert checkpoint.read(path, "f") == {"epoch": 1}


def test_a_plan_travels_as_json() -> None:
    plan = Plan(backbone="test_resnet", display_names=(("a", "A"),), mean=(0.4,), seed=7)
    assert Plan.from_json(plan.as_json()) == plan
    import json

    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan


@pytest.mark.parametrize(
    ("choice", "value", "said"),
    [
        ("epochs", 0, "epochs is 0; expected 1 to"),
        ("batch_size", 1, "batch_size is 1; expected 2 to"),
        ("depth", "deep", "depth is 'deep'; expected head, last, half, all"),
        ("learning_rate", float("nan"), "learning_rate is nan"),
        ("colour", "blue", "a plan has no colour"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice: str, value: object, said: str) -> None:
    with pytest.raises(UnusablePlan) as caught:
        Plan.from_json({choice: value})
    assert said in str(caught.value)
