"""What other programs get."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.errors import ExportUnwritable
from reviews.export import audit_rows, label_rows, write_audit_csv, write_labels_csv
from reviews.store import Store
from tests.reviews.making import header, review


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_label_row_has_the_keys_of_the_contract_and_nothing_else(store: Store) -> None:
    store.add_images([header(1)])
    recorded, _ = store.append(replace(review(header(1)), note="look", is_acceptance=True))
    assert label_rows(store) == [
        {
            "path": "/films/1.dcm",
            "sop_instance_uid": "1.2.826.1",
            "frame": 1,
            "reader": "Ada",
            "time": recorded.time,
            "findings": {"covid_19": "absent", "pneumonia": "present"},
            "model": "starter",
            "shown": {
                "suggestion": "pneumonia",
                "probabilities": {"covid-19": 0.125, "pneumonia": 0.1 + 0.2},
                "weights_sha256": "ab" * 32,
            },
            "note": "look",
            "accepted": True,
        }
    ]
    json.dumps(label_rows(store))


def test_a_reader_who_was_shown_nothing_has_null_there(store: Store) -> None:
    store.add_images([header(1)])
    store.append(replace(review(header(1)), shown=None))
    assert (label_rows(store)[0]["model"], label_rows(store)[0]["shown"]) == (None, None)


def test_labels_are_of_what_stands_at_the_place_where_files_are_now(store: Store) -> None:
    store.add_images([header(1), header(2), header(3)])
    for number in (1, 2, 3):
        store.append(review(header(number)))
    store.append(review(header(1), "Ben"))
    store.undo("Ada")
    store.add_images([replace(header(2), path="/archive/2.dcm")])
    assert [(row["path"], row["reader"]) for row in label_rows(store)] == [
        ("/archive/2.dcm", "Ada"),
        ("/films/1.dcm", "Ben"),
    ]


def test_the_csv_has_a_column_for_each_finding(store: Store, tmp_path: Path) -> None:
    store.add_images([header(1), header(2)])
    store.append(review(header(1), a="present", b="unknown"))
    store.append(review(header(2), b="absent", note="present"))
    write_labels_csv(label_rows(store), tmp_path / "labels.csv")
    first, second = read_csv(tmp_path / "labels.csv")
    assert (first["a"], first["b"], first["finding note"]) == ("present", "unknown", "")
    assert (second["a"], second["b"], second["finding note"]) == ("", "absent", "present")
    assert (first["frame"], first["accepted"], first["suggestion"]) == ("1", "false", "pneumonia")
    assert json.loads(first["probabilities"])["covid-19"] == 0.125


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_of_a_csv_is_a_formula(store: Store, tmp_path: Path, start: str) -> None:
    evil = f'{start}HYPERLINK("http://x","y")'
    store.add_images([header(1)])
    store.append(replace(review(header(1), reader=evil), note=evil, findings=((evil, "present"),)))
    store.promote("m", "chest", "Ada", reason=evil)
    write_labels_csv(label_rows(store), tmp_path / "labels.csv")
    write_audit_csv(audit_rows(store), tmp_path / "audit.csv")
    (label,) = read_csv(tmp_path / "labels.csv")
    assert label["note"] == label["reader"] == f"'{evil}"
    assert label[f"'{evil}"] == "present"
    cells = [c for row in read_csv(tmp_path / "audit.csv") for c in row.values()]
    assert not any(cell.startswith(start) for cell in cells)
    assert f"'{evil}" in cells
    assert label_rows(store)[0]["note"] == evil  # programs get what was written


@given(note=st.text(max_size=30), path=st.text(st.characters(exclude_characters="\0"), max_size=20))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_note_comes_back_from_a_csv(tmp_path: Path, note: str, path: str) -> None:
    row = {
        "path": f"/{path}",
        "sop_instance_uid": "1",
        "frame": 1,
        "reader": "Ada",
        "time": "",
        "findings": {"a": "present"},
        "model": None,
        "shown": None,
        "note": note,
        "accepted": False,
    }
    write_labels_csv([row], tmp_path / "labels.csv")
    (back,) = read_csv(tmp_path / "labels.csv")
    assert back["note"] in (note, f"'{note}")
    assert back["path"] == f"/{path}"


def test_a_file_name_that_is_no_text_comes_out_as_its_bytes(store: Store, tmp_path: Path) -> None:
    store.add_images([header(1, path="/films/L\udce4sion.dcm")])
    store.append(review(header(1)))
    write_labels_csv(label_rows(store), tmp_path / "labels.csv")
    assert b"/films/L\xe4sion.dcm" in (tmp_path / "labels.csv").read_bytes()


def test_an_export_replaces_the_one_before_it_and_leaves_nothing_else(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "labels.csv").write_text("old")
    write_labels_csv(label_rows(store), folder / "labels.csv")
    assert [p.name for p in folder.iterdir()] == ["labels.csv"]
    assert read_csv(folder / "labels.csv") == []


def test_an_export_that_cannot_be_written_gets_a_sentence(store: Store, tmp_path: Path) -> None:
    for place in (tmp_path / "missing" / "labels.csv", tmp_path):
        with pytest.raises(ExportUnwritable, match=str(tmp_path)):
            write_labels_csv(label_rows(store), place)
    assert not [p for p in tmp_path.parent.iterdir() if p.name.startswith(f".{tmp_path.name}")]


def test_the_audit_tells_everything_in_order(store: Store, tmp_path: Path) -> None:
    store.add_images([header(1)])
    store.append(review(header(1)))
    store.undo("Ada")
    store.promote("m", "chest", "Ada", reason="because", verdict="worse")
    store.redo("Ada")
    store.mark_study_read("1.9", "Ben")
    store.roll_back("chest", "Ben")
    store.mark_study_read("1.9", "Ben", read=False)
    store.undo("Ada")
    rows = audit_rows(store)
    assert [row["event"] for row in rows] == [
        "decision",
        "undo",
        "promotion",
        "redo",
        "study read",
        "roll back",
        "study unread",
        "undo",
    ]
    assert [row["takes_back"] for row in rows if row["event"] in ("undo", "redo")] == [1, 2, 1]
    assert (rows[2]["reason"], rows[2]["verdict"]) == ("because", "worse")
    json.dumps(rows)
    write_audit_csv(rows, tmp_path / "audit.csv")
    told = read_csv(tmp_path / "audit.csv")
    assert [row["event"] for row in told] == [row["event"] for row in rows]
    assert json.loads(told[0]["findings"]) == {"covid_19": "absent", "pneumonia": "present"}


def test_the_audit_tells_marks_of_urgency_and_second_reads(store: Store, tmp_path: Path) -> None:
    store.add_images([header(1)])
    store.mark_study_urgent("1.9", "Ben")
    first, _ = store.append(review(header(1)))
    store.append(replace(review(header(1), "Ben"), second_read_of=first.id))
    store.mark_study_urgent("1.9", "Ben", urgent=False)
    rows = audit_rows(store)
    assert [row["event"] for row in rows] == ["study urgent", "decision", "decision", "study not urgent"]
    assert [row.get("second_read_of") for row in rows] == [None, None, first.id, None]
    write_audit_csv(rows, tmp_path / "audit.csv")
    told = read_csv(tmp_path / "audit.csv")
    assert [(row["study_instance_uid"], row["second_read_of"]) for row in told] == [
        ("1.9", ""),
        ("", ""),
        ("", str(first.id)),
        ("1.9", ""),
    ]


def test_the_audit_keeps_the_order_of_recording_when_a_clock_was_set_back(store: Store) -> None:
    store.add_images([header(1)])
    for time in ("2026-01-02T00:00:00+00:00", "2026-01-01T00:00:00+00:00"):
        store.append(replace(review(header(1)), time=time))
    assert [row["id"] for row in audit_rows(store)] == [1, 2]
