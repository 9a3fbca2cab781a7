"""The order of asking on the command line: the one that the window shows."""

from __future__ import annotations

from pathlib import Path

from app.workplace import Workplace
from tests.app.conftest import Overread
from tests.app.making import film, write_png


def films(folder: Path, count: int) -> list[Path]:
    return [
        write_png(folder / f"{n:02d}.png", film(("covid-19", "no-finding", "pneumonia")[n % 3], seed=n))
        for n in range(count)
    ]


def test_waiting_studies_come_newest_first_or_by_what_an_answer_helps(
    overread: Overread, workplace: Workplace, tmp_path: Path
) -> None:
    paths = films(tmp_path / "films", 12)
    overread("import", tmp_path / "films")
    overread("predict", *paths)
    overread("review", paths[0], "--finding", "pneumonia=present", "--reader", "Ada")
    newest = overread("export", "worklist").lines
    assert len(newest) == 11
    assert [row["place"] for row in newest] == list(range(1, 12))
    assert {row["why"] for row in newest} == {None}
    urgent = next(row["study_instance_uid"] for row in newest if row["path"] == str(paths[7]))
    workplace.store.mark_study_urgent(urgent, "Ada")
    asked = overread("export", "worklist", "--order", "ask-first", "--reader", "Ada").lines
    assert {row["path"] for row in asked} == {str(path) for path in paths[1:]}
    assert (asked[0]["path"], asked[0]["why"]) == (str(paths[7]), "urgent")
    assert {row["why"] for row in asked} >= {"unsure", "unlike"}
    unsure = next(row["reason"] for row in asked if row["why"] == "unsure")
    assert unsure.startswith("the model is unsure: ")
    assert overread("export", "worklist", "--order", "ask-first", "--reader", "Ada").lines == asked
    others = overread("export", "worklist", "--order", "ask-first", "--reader", "Ben").lines
    assert others[0]["why"] != "urgent"


def test_films_of_the_test_part_come_by_lot_and_nothing_is_told_of_them(
    overread: Overread, workplace: Workplace, tmp_path: Path
) -> None:
    paths = films(tmp_path / "films", 30)
    overread("import", tmp_path / "films")
    overread("predict", *paths)
    hidden = {h.path for h in workplace.store.headers() if workplace.store.part_of(h) == "test"}
    asked = overread("export", "worklist", "--order", "ask-first", "--reader", "Ada").lines
    for row in asked:
        if row["path"] in hidden:
            assert row["why"] == "lot"
            assert "." not in row["reason"].partition(":")[2]  # no number
    assert len(asked) == 30


def test_studies_that_no_model_has_looked_at_come_last_without_a_reason(
    overread: Overread, tmp_path: Path
) -> None:
    paths = films(tmp_path / "films", 6)
    overread("import", tmp_path / "films")
    overread("predict", *paths[:4])
    asked = overread("export", "worklist", "--order", "ask-first").lines
    assert {row["path"] for row in asked[4:]} == {str(path) for path in paths[4:]}
    assert {row["why"] for row in asked[4:]} == {None}
    out = tmp_path / "worklist.csv"
    overread("export", "worklist", "--order", "ask-first", "--out", out)
    assert out.read_text().splitlines()[0] == "place,study_instance_uid,path,why,reason"
    assert len(out.read_text().splitlines()) == 7
