"""A search from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.app.conftest import Overread

QUICK = ("--model", "starter", "--epochs", 1, "--device", "cpu", "--threads", 1)


def test_a_search_ends_with_a_candidate_that_is_remembered(
    overread: Overread, hospital: Path, workplace: Any
) -> None:
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    told = overread(
        "search", *labels, *QUICK, "--trials", 2, "--over", "depth,learning_rate", "--run", "mine"
    )
    assert told.status == 0, told.err
    lines = told.lines
    assert lines[0]["event"] == "search"
    assert set(lines[0]["space"]) == {"depth", "learning_rate"}
    done = lines[-1]
    assert done["event"] == "done"
    assert workplace.registry.find(done["model"]).parent == "starter"
    assert [kept.kind for kept in workplace.store.evaluations(done["model"])] == ["held-out", "gate"]
    again = overread("search", *labels, *QUICK, "--trials", 2, "--over", "depth", "--run", "mine")
    assert "another plan" in again.err


def test_what_cannot_be_searched_is_wrong_usage(overread: Overread, hospital: Path) -> None:
    labels = ("--labels", hospital / "labels.csv", "--images", hospital)
    for words, said in (
        (("--over", "colour"), "colour"),
        (("--trials", 0), "trials is 0"),
        (("--backbones", "resnet18"), "backbones are searched only from scratch"),
    ):
        told = overread("search", *labels, *QUICK, *words, text=True)
        assert told.status == 2, told.err
        assert said in told.err
        assert len(told.err.strip().splitlines()) == 1
