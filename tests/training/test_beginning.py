"""What a run began with comes back as it was, or not at all; and one process works in a run's folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from studies.image import Header
from training.alone import alone_in
from training.beginning import Beginning, beginning_of, check_decoded, keep_decoded, unreadable_before
from training.errors import RunIsBusy, UnusableCheckpoint
from training.regions import Region
from training.samples import Sample, Samples

ROOT = Path(__file__).resolve().parents[2]
HEADER = Header(
    "/films/a.dcm", "dicom", "1.2.3", "1.2", "1.1", 30, 20, frames=3, patient_id="P1",
    patient_name="Roe^Jane", study_date="2026-01-01", modality="CT",
    image_position=(0.1, 2.0, -3.0), frame_order=(3, 1, 2),
)  # fmt: skip
OUTLINE = ((1.25, 2.0), (3.1, 4.0), (0.1 + 0.2, 6.0))
SAMPLES = Samples(
    ("nodule", "effusion"),
    (
        Sample(HEADER, 1, "patient:P1", (1, None), "train", (Region("nodule", True, OUTLINE),), ("a", "b")),
        Sample(HEADER, 2, "patient:P1", (0, 1), "test"),
    ),
    failures=("b.dcm is damaged.",), hints=("few",), display_names=(("nodule", "Nodule"),),
)  # fmt: skip
BEGINNING = Beginning(SAMPLES, "starter", {"model": "starter", "labels": None, "shares": (0.7, 0.1, 0.2)})


def without_names(samples: Samples) -> Samples:
    bare = replace(HEADER, patient_name="", study_date="")
    return replace(samples, samples=tuple(replace(s, header=bare) for s in samples.samples))


def test_what_a_run_began_with_comes_back_to_the_bit_and_without_names(tmp_path: Path) -> None:
    assert beginning_of(tmp_path) is None
    BEGINNING.keep(tmp_path)
    found = beginning_of(tmp_path)
    assert found is not None
    assert found.samples == without_names(SAMPLES)
    assert found.base == "starter"
    assert "Roe" not in (tmp_path / "samples.json").read_text()


def test_what_is_there_already_stands(tmp_path: Path) -> None:
    BEGINNING.keep(tmp_path)
    replace(BEGINNING, base="another").keep(tmp_path)
    found = beginning_of(tmp_path)
    assert found is not None
    assert found.base == "starter"


def test_every_damage_is_one_sentence(tmp_path: Path) -> None:
    BEGINNING.keep(tmp_path)
    path = tmp_path / "samples.json"
    whole = path.read_text()
    other = json.loads(whole)
    other["samples"][0]["part"] = "test"
    for content in (
        whole[:-20],
        "",
        "[]",
        "{}",
        json.dumps(other),
        whole.replace('"frame": 2', '"frame": 3'),
    ):
        path.write_text(content)
        with pytest.raises(UnusableCheckpoint, match=r"samples\.json is damaged"):
            beginning_of(tmp_path)


def test_films_that_are_named_otherwise_are_refused_and_the_option_is_told(tmp_path: Path) -> None:
    BEGINNING.keep(tmp_path)
    found = beginning_of(tmp_path)
    assert found is not None
    found.check_origin(tmp_path, BEGINNING.origin)
    with pytest.raises(UnusableCheckpoint, match=r"began with labels none, not x\.csv"):
        found.check_origin(tmp_path, {**BEGINNING.origin, "labels": "x.csv"})


def test_a_hint_counts_what_was_decided_since() -> None:
    first, second = SAMPLES.samples
    assert BEGINNING.hint(SAMPLES) == ""
    third = replace(second, frame=3)
    now = replace(SAMPLES, samples=(replace(first, truth=(0, None)), third))
    said = replace(BEGINNING, began="2026-11-21T10:00:00+00:00").hint(now)
    assert "2 films and labels that it began with on 2026-11-21" in said
    assert "1 decided, 1 decided otherwise and 1 taken back" in said


def test_films_that_vanished_or_changed_are_named(tmp_path: Path) -> None:
    first, second = SAMPLES.samples
    check_decoded(tmp_path, SAMPLES.samples, {})  # it has not begun
    keep_decoded(tmp_path, {first.image: "a", second.image: ""})
    assert unreadable_before(tmp_path) == {second.image}
    check_decoded(tmp_path, SAMPLES.samples, {first.image: "a", second.image: ""})
    with pytest.raises(UnusableCheckpoint, match=r"cannot be read any more: a\.dcm"):
        check_decoded(tmp_path, SAMPLES.samples, {first.image: "", second.image: ""})
    with pytest.raises(UnusableCheckpoint, match=r"are not the same any more: a\.dcm"):
        check_decoded(tmp_path, SAMPLES.samples, {first.image: "b", second.image: ""})


HOLD = """
import sys
from pathlib import Path
from training.alone import alone_in

with alone_in(Path(sys.argv[1])):
    (Path(sys.argv[1]) / "kept").touch()
    print("in", flush=True)
    sys.stdin.read()
"""


def held(folder: Path) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """A process that works in a folder until its input is closed; its input and output."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"in\n"
    return child, child.stdin, child.stdout


def test_one_process_works_in_a_folder_and_a_kill_frees_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    child, until, told = held(folder)
    assert int((folder / "pid").read_text().split()[0]) == child.pid
    with pytest.raises(RunIsBusy, match="another process"), alone_in(folder):
        pass
    assert int((folder / "pid").read_text().split()[0]) == child.pid
    child.kill()
    child.wait()
    until.close()
    told.close()
    with alone_in(folder):
        assert (folder / "kept").exists()
    assert (folder / "kept").exists()


def test_a_process_that_has_told_its_end_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    child, until, told = held(folder)
    (folder / "events.jsonl").write_text('{"event": "epoch"}\n{"event": "cancelled", "reason": "…"}\n')
    ends = threading.Timer(0.5, until.close)
    ends.start()
    with alone_in(folder):
        assert child.wait(10) == 0  # two never work in one folder
        assert int((folder / "pid").read_text().split()[0]) == os.getpid()
    ends.join()
    told.close()


def test_a_folder_in_which_nothing_was_left_is_taken_away(tmp_path: Path) -> None:
    with alone_in(tmp_path / "run"):
        assert (tmp_path / "run").is_dir()
    assert not (tmp_path / "run").exists()
