"""A training on another machine, from the command line: packed, sent, run, taken back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.command_line import run
from tests.app.conftest import Overread
from tests.repository.rooms import ROOT
from training.alone import alone_in

QUICK = ("--model", "starter", "--depth", "last", "--epochs", 1, "--device", "cpu", "--threads", 1)


@pytest.fixture
def server(tmp_path: Path) -> Path:
    folder = tmp_path / "server"
    folder.mkdir()
    return folder


def test_a_job_is_sent_done_and_taken_through_the_gate(
    overread: Overread, hospital: Path, bundled: Path, server: Path, tmp_path: Path, workplace: Any
) -> None:
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    sent = overread("jobs", "pack", *labels, *QUICK, "--send", server).line
    assert sent["parent"] == "starter"
    assert [path.name for path in server.iterdir()] == [f"{sent['job']}.job.zip"]
    assert overread("jobs", "list").line["state"] == "waiting"

    elsewhere = ["--data", str(tmp_path / "elsewhere"), "--bundled", str(bundled)]
    assert run([*elsewhere, "jobs", "run", str(server), "--device", "cpu", "--threads", "1", "--json"]) == 0
    assert list((tmp_path / "elsewhere" / "runs").iterdir()) == []  # no film stays there
    told = overread("jobs", "list").line
    assert told["state"] == "result"
    assert run([*elsewhere, "jobs", "run", str(server), "--json"]) == 0  # nothing is done twice

    taken = overread("jobs", "take", told["result"], "--run", "back")
    assert taken.status == 0, taken.err
    done = taken.lines[-1]
    assert done["event"] == "done"
    assert done["evaluation"]["n"] == done["current_evaluation"]["n"] > 0
    assert workplace.registry.find(done["model"]).parent == "starter"
    assert workplace.store.evaluations(done["model"])
    assert overread("jobs", "list").line["state"] == "taken"


def test_a_result_that_was_tampered_with_is_one_sentence_and_no_candidate(
    overread: Overread, hospital: Path, server: Path, workplace: Any
) -> None:
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    job = overread("jobs", "pack", *labels, *QUICK, "--send", server).line["job"]
    assert overread("jobs", "run", server).status == 0
    (result,) = server.glob("*.result.zip")
    with zipfile.ZipFile(result, "a") as archive:
        archive.writestr("../../evil.pkl", b"x")
    told = overread("jobs", "take", result, "--run", "back", text=True)
    assert told.status == 1
    assert len(told.err.strip().splitlines()) == 1
    assert "evil.pkl" in told.err
    assert all(card.bundled for card in workplace.registry.cards())
    assert overread("jobs", "list").line == {
        "job": job, "folder": str(server), "sent": overread("jobs", "list").line["sent"],
        "state": "result", "result": str(result),
    }  # fmt: skip


def test_a_job_of_another_machine_cannot_be_taken_here(
    overread: Overread, hospital: Path, bundled: Path, server: Path, tmp_path: Path
) -> None:
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    overread("jobs", "pack", *labels, *QUICK, "--out", server / "mine.zip")
    overread("jobs", "run", server / "mine.zip")
    arguments = ["--data", str(tmp_path / "other"), "--bundled", str(bundled)]
    assert run([*arguments, "jobs", "take", str(server / "mine.result.zip")]) == 1


def test_processes_that_do_jobs_together_leave_one_alone_that_another_is_at(
    overread: Overread, hospital: Path, bundled: Path, server: Path, tmp_path: Path
) -> None:
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    job = overread("jobs", "pack", *labels, *QUICK, "--send", server).line["job"]
    data = tmp_path / "elsewhere"
    words = ["-m", "app", "--data", data, "--bundled", bundled, "jobs", "run", server, "--device", "cpu"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with alone_in(data / "runs" / f"job-{job}"):
        both = [
            subprocess.Popen(
                [sys.executable, *map(str, words)],
                env=os.environ | {
                    "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1",
                    "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo",
                },
                cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for rank in range(2)
        ]  # fmt: skip
        said = [process.communicate(timeout=100)[1] for process in both]
    assert "is being worked in by another process" in said[0]
    assert [text.count("Traceback") for text in said] == [0, 0], said[1][-2000:]


def test_a_folder_to_send_to_has_to_be_there(overread: Overread, hospital: Path, tmp_path: Path) -> None:
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    told = overread("jobs", "pack", *labels, *QUICK, "--send", tmp_path / "nowhere")
    assert told.status == 2
    assert "a folder that is there is expected" in told.err
    assert overread("jobs", "list").lines == []
