"""A disk that fills up while a training runs: one sentence that names the file, nothing half, and it can go
on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import Overread

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of processes are POSIX")
ROOT = Path(__file__).resolve().parents[2]
LIMITED = """
import resource, sys
from app.command_line import run

most = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # larger files fail as on a full disk
sys.exit(run(sys.argv[2:]))
"""
OPTIONS = (
    "--backbone", "test_resnet", "--input-size", 32, "--epochs", 2, "--batch-size", 8, "--device", "cpu",
    "--threads", 1, "--bootstrap", 50,
)  # fmt: skip


@pytest.fixture
def train(hospital: Path, data_dir: Path, bundled: Path) -> Any:
    """Train with files of at most so many bytes: ``status, events, errors = train(kilobytes)``."""

    def start(kilobytes: int) -> tuple[int, list[dict[str, Any]], str]:
        typed = ["--data", data_dir, "--bundled", bundled, "train", "--json", "--run", "r", *OPTIONS]
        labels = ["--labels", hospital / "labels.csv", "--images", hospital]
        words = [sys.executable, "-c", LIMITED, kilobytes * 1000, *typed, *labels]
        done = subprocess.run(
            [str(word) for word in words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return start


@pytest.mark.parametrize(
    ("kilobytes", "file", "needs"),
    [(2, "samples.json", "kB are needed"), (400, "checkpoint.pt", "MB are needed")],
)
def test_a_file_for_which_there_is_no_room_is_named_with_what_it_needs(
    kilobytes: int, file: str, needs: str, train: Any, overread: Overread, hospital: Path, data_dir: Path
) -> None:
    status, events, errors = train(kilobytes)
    assert status == 1
    assert events[-1]["event"] == "failed"
    assert f"{file} could not be written" in events[-1]["reason"]
    assert needs in events[-1]["reason"]
    assert errors.count("\n") == 1
    assert not list(data_dir.rglob("*.part"))
    assert not list((data_dir / "models").glob("*"))
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    done = overread("train", *OPTIONS, *labels, "--run", "r").lines[-1]  # there is room again
    whole = overread("train", *OPTIONS, *labels, "--run", "whole").lines[-1]
    assert (done["event"], done["model"]) == ("done", whole["model"])


def test_a_cache_without_room_is_told_and_the_training_goes_on_without(train: Any, data_dir: Path) -> None:
    status, events, _ = train(36)  # less than the films take; the checkpoint fails afterwards
    assert status == 1
    remarks = [said for event in events if event["event"] == "prepare" for said in event["failures"]]
    assert len(remarks) == 1
    assert "could not be written: File too large; " in remarks[0]
    assert remarks[0].endswith(" kB are needed; it goes on without.")
    assert "checkpoint.pt" in events[-1]["reason"]
    assert not list(data_dir.rglob("*.part"))
    assert list((data_dir / "cache" / "films").iterdir()) == []
