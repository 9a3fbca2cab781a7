"""`import`, `review` and `export`: what a reader decides on the command line is kept."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from app.workplace import Workplace
from reviews.record import Annotation
from studies.reader import read_header
from tests.app.conftest import Overread
from tests.app.making import CT, SAMPLES, film, write_png
from tests.repository.rooms import ROOT
from tests.reviews.parts import give_part

LABEL_KEYS = {"path", "sop_instance_uid", "reader", "time", "findings", "model", "shown"}


def test_import_prints_a_line_an_image_and_is_idempotent(overread: Overread, workplace: Workplace) -> None:
    folder = SAMPLES / "PHANTOM-001"
    for _ in range(2):
        told = overread("import", folder)
        assert told.status == 0
        assert len(told.lines) == 2
        for line in told.lines:
            assert list(line) == ["path", "study", "series", "sop_instance_uid", "frames"]
            assert Path(line["path"]).is_absolute()
            assert line["frames"] == 1
    assert len(workplace.store.headers()) == 2


def test_import_names_what_failed_and_keeps_the_rest(
    overread: Overread, workplace: Workplace, tmp_path: Path, png: Path
) -> None:
    told = overread("import", png, tmp_path / "nowhere")
    assert told.status == 1
    assert str(tmp_path / "nowhere") in told.err
    assert [h.path for h in workplace.store.headers()] == [str(png)]


def test_review_of_a_path_adds_it_and_one_present_finding_makes_the_others_absent(
    overread: Overread, workplace: Workplace, png: Path
) -> None:
    told = overread(
        "review", png, "--finding", "pneumonia=present", "--reader", "A. Smith", "--note", "left base"
    )
    assert told.status == 0, told.err
    line = told.line
    assert set(line) >= LABEL_KEYS
    assert line["path"] == str(png)
    assert line["reader"] == "A. Smith"
    assert line["findings"] == {"covid-19": "absent", "no-finding": "absent", "pneumonia": "present"}
    assert line["note"] == "left base"
    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    # On disk when it is printed: another opening of the store sees it.
    (kept,) = workplace.store.standing_reviews()
    assert kept.time == line["time"]
    assert kept.note == "left base"
    assert [h.path for h in workplace.store.headers()] == [str(png)]


def test_review_of_an_image_of_the_worklist_by_uid_and_frame(
    overread: Overread, workplace: Workplace, png: Path
) -> None:
    identity = overread("import", png).line["sop_instance_uid"]
    for image in (f"{identity}:1", identity):
        told = overread("review", image, "--finding", "covid-19=unknown", "--reader", "R")
        assert told.status == 0, told.err
        assert told.line["sop_instance_uid"] == identity
        assert set(told.line["findings"].values()) == {"unknown"}
    assert len(workplace.store.history()) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--finding", "fracture=present", "--reader", "R"], "fracture"),
        (["--finding", "pneumonia=perhaps", "--reader", "R"], "perhaps"),
        (["--finding", "pneumonia", "--reader", "R"], "pneumonia"),
        (["--finding", "pneumonia=present", "--finding", "covid-19=present", "--reader", "R"], "present"),
        (["--finding", "pneumonia=present", "--finding", "pneumonia=absent", "--reader", "R"], "twice"),
        (["--finding", "pneumonia=present", "--reader", " "], "--reader"),
        (["--reader", "R"], "--finding"),
        (["--finding", "pneumonia=present", "--reader", "R", "--model", "nobody"], "nobody"),
    ],
)
def test_a_wrong_review_is_wrong_usage_and_records_nothing(
    overread: Overread, workplace: Workplace, png: Path, arguments: list[str], word: str
) -> None:
    told = overread("review", png, *arguments)
    assert told.status == 2
    assert told.out == ""
    assert word in told.err
    assert workplace.store.history() == []


@pytest.mark.parametrize("image", ["nowhere.png", "1.2.3.4:1", "1.2.3.4:x"])
def test_a_review_of_what_is_not_there_fails(overread: Overread, image: str) -> None:
    told = overread("review", image, "--finding", "pneumonia=present", "--reader", "R")
    assert told.status == 1
    assert told.out == ""
    assert image.split(":")[0] in told.err


def test_a_frame_that_is_not_there_is_refused(overread: Overread, png: Path) -> None:
    identity = overread("import", png).line["sop_instance_uid"]
    for frame in ("2", "0", "x"):
        told = overread("review", f"{identity}:{frame}", "--finding", "pneumonia=present", "--reader", "R")
        assert told.status in (1, 2)
        assert told.out == ""
        assert told.err.count("\n") == 1


def test_data_may_stand_before_or_behind_the_command(
    tmp_path: Path, bundled: Path, png: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.command_line import run

    review = ["review", str(png), "--finding", "no-finding=present", "--reader", "R", "--json"]
    assert run(["--bundled", str(bundled), "--data", str(tmp_path / "a"), *review]) == 0
    assert run(["--bundled", str(bundled), *review, "--data", str(tmp_path / "b")]) == 0
    capsys.readouterr()
    for name in ("a", "b"):
        place = Workplace(tmp_path / name, bundled)
        assert len(place.store.standing_reviews()) == 1
        place.close()


@pytest.mark.parametrize(
    "arguments",
    [["fly"], ["predict"], ["explain", "x.png"], ["models"], ["export"], ["train", "--epochs", "x"]],
)
def test_wrong_usage_ends_with_2(overread: Overread, arguments: list[str]) -> None:
    told = overread(*arguments)
    assert told.status == 2
    assert told.out == ""
    assert told.err


def test_readers_who_contradict_each_other_are_told_before_anything_is_fitted(
    overread: Overread, workplace: Workplace, png: Path, tmp_path: Path
) -> None:
    other = write_png(tmp_path / "other.png", film("covid-19", seed=9))
    give_part(workplace.folder / "overread.sqlite", [read_header(f).split_key for f in (png, other)], "train")
    for file, finding, reader in (
        (png, "pneumonia", "A. Smith"), (png, "covid-19", "B. Jones"), (other, "covid-19", "A. Smith"),
    ):  # fmt: skip
        overread("review", file, "--finding", f"{finding}=present", "--reader", reader)
    told = overread("adapt")
    assert told.status == 0, told.err
    assert "Readers contradict each other about 1 film (film.png): the latest decision is learned" in told.err
    assert told.line["reviews"] == 2
    kept = [row["findings"] for row in overread("export", "audit").lines]
    assert len(kept) == 3, "nothing is lost"


def test_labels_are_exported_as_json_and_csv_as_they_stand(overread: Overread, tmp_path: Path) -> None:
    paths = [write_png(tmp_path / f"{n}.png", film(seed=n)) for n in range(2)]
    for path, answer in zip([*paths, paths[0]], ("pneumonia", "no-finding", "covid-19"), strict=True):
        overread("review", path, "--finding", f"{answer}=present", "--reader", "R")
    told = overread("export", "labels")
    assert told.status == 0
    assert {line["path"]: line["findings"] for line in told.lines} == {
        str(paths[0]): {"covid-19": "present", "no-finding": "absent", "pneumonia": "absent"},
        str(paths[1]): {"covid-19": "absent", "no-finding": "present", "pneumonia": "absent"},
    }
    assert all(set(line) >= LABEL_KEYS for line in told.lines)
    assert len(overread("export", "audit").lines) == 3

    out = tmp_path / "tables" / "labels.csv"
    assert overread("export", "labels", "--out", out, text=True).out.strip() == f"{out}: 2 rows"
    with out.open(newline="", encoding="utf-8") as stream:
        rows = {row["path"]: row for row in csv.DictReader(stream)}
    assert set(rows) == {str(path) for path in paths}
    assert rows[str(paths[1])]["no-finding"] == "present"


def test_annotations_are_exported_with_what_they_measure(
    overread: Overread, workplace: Workplace, tmp_path: Path
) -> None:
    path = write_png(tmp_path / "a.png", np.full((40, 50), 7, np.uint8))
    overread("import", path)
    (header,) = workplace.store.headers()
    uid = header.sop_instance_uid
    workplace.store.annotate(
        [
            Annotation(uid, 1, "length", ((0.0, 0.0), (3.0, 4.0)), "R"),
            Annotation(uid, 1, "rectangle", ((0.0, 0.0), (10.0, 20.0)), "R", "heart"),
            Annotation(uid, 1, "arrow", ((0.0, 0.0), (3.0, 4.0)), "R"),
        ]
    )
    length, region, arrow = overread("export", "annotations").lines
    assert (length["kind"], length["value"], length["unit"], length["measured_at"]) == (
        "length",
        5.0,
        "px",
        None,
    )
    assert length["points"] == [[0.0, 0.0], [3.0, 4.0]]
    assert (region["text"], region["pixels"], region["value"], region["unit"]) == ("heart", 200, 200.0, "px²")
    assert region["channels"] == [{"mean": 7.0, "sd": 0.0, "min": 7.0, "max": 7.0}]
    assert arrow["path"] == str(path)
    assert "value" not in arrow

    out = tmp_path / "marks.csv"
    assert overread("export", "annotations", "--out", out, text=True).out.strip() == f"{out}: 3 rows"
    with out.open(newline="", encoding="utf-8") as stream:
        assert [row["value"] for row in csv.DictReader(stream)] == ["5.0", "200.0", ""]

    path.unlink()
    told = overread("export", "annotations")
    assert told.status == 1
    assert str(path) in told.err
    assert [line["kind"] for line in told.lines] == ["length", "rectangle", "arrow"]
    assert all("value" not in line for line in told.lines)


WITHOUT_TORCH = """
import sys
from app.command_line import run
status = run(sys.argv[1:])
heavy = [name for name in ("torch", "timm", "torchvision", "PySide6") if name in sys.modules]
sys.exit(f"loaded {heavy}" if heavy else status)
"""


def test_review_prints_once_it_is_durable_and_loads_no_torch(
    data_dir: Path, bundled: Path, png: Path
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", WITHOUT_TORCH, "--data", data_dir, "--bundled", bundled, "review", png),
            *("--finding", "pneumonia=present", "--reader", "R", "--json"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    place = Workplace(data_dir, bundled)
    assert [r.time for r in place.store.standing_reviews()] == [line["time"]]
    place.close()


def test_a_ct_slice_can_be_imported_and_is_not_learned_from(overread: Overread, workplace: Workplace) -> None:
    from training.samples import from_store

    overread("review", CT / "001.dcm", "--finding", "no-finding=present", "--reader", "R")
    assert from_store(workplace.store, workplace.registry.find("starter")).samples == ()
