"""Decisions in doubt on the command line, and what takes one out of the queue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.workplace import Workplace
from reviews.record import Review
from studies.reader import read_header
from tests.app.conftest import Overread
from tests.app.making import FINDINGS, film, write_png
from tests.reviews.parts import give_part

WRONG = (4, 19)


@pytest.fixture
def decided(overread: Overread, workplace: Workplace, data_dir: Path, tmp_path: Path) -> list[Path]:
    """48 films, each decided by what it shows, but two; none of them measures."""
    paths = [write_png(tmp_path / "films" / f"{n:02d}.png", film(FINDINGS[n % 3], n)) for n in range(48)]
    give_part(data_dir / "overread.sqlite", [read_header(path).split_key for path in paths], "train")
    overread("import", tmp_path / "films")
    overread("predict", *paths)
    headers = {h.path: h for h in workplace.store.headers()}
    for n, path in enumerate(paths):
        present = FINDINGS[(n + (n in WRONG)) % 3]
        answers = tuple((name, "present" if name == present else "absent") for name in FINDINGS)
        workplace.store.append(Review(headers[str(path)].sop_instance_uid, 1, "Ada", answers))  # type: ignore[arg-type]
    return paths


def test_wrong_decisions_are_doubted_and_nothing_is_changed(
    overread: Overread, workplace: Workplace, decided: list[Path], tmp_path: Path
) -> None:
    before = workplace.store.standing_reviews()
    told = overread("export", "suspects").lines
    assert {row["path"] for row in told[:2]} == {str(decided[n]) for n in WRONG}
    assert [row["margin"] for row in told] == sorted(row["margin"] for row in told)
    assert (told[0]["reader"], told[0]["frame"]) == ("Ada", 1)
    assert told[0]["decided"] != told[0]["instead"]
    assert workplace.store.standing_reviews() == before
    overread("export", "suspects", "--out", tmp_path / "suspects.csv")
    assert (tmp_path / "suspects.csv").read_text().startswith("path,sop_instance_uid,frame,reader,decided")


def test_a_decision_that_was_confirmed_does_not_come_back_until_the_confirmation_is_undone(
    overread: Overread, workplace: Workplace, decided: list[Path]
) -> None:
    path = overread("export", "suspects").lines[0]["path"]
    uid = next(h.sop_instance_uid for h in workplace.store.headers() if h.path == path)
    first = workplace.store.standing(uid, 1)
    assert first is not None
    workplace.store.append(replace(first, id=0, time="", reader="Ben", second_read_of=first.id))
    assert path not in {row["path"] for row in overread("export", "suspects").lines}
    workplace.store.undo("Ben")
    assert path in {row["path"] for row in overread("export", "suspects").lines}


def test_too_few_decisions_are_said_to_be_too_few(overread: Overread, png: Path) -> None:
    overread("predict", png)
    overread("review", png, "--finding", "pneumonia=present", "--reader", "Ada")
    told = overread("export", "suspects")
    assert (told.status, told.lines) == (0, [])
    assert "too few to doubt" in told.err


def test_films_of_the_test_part_are_left_alone(
    overread: Overread, workplace: Workplace, data_dir: Path, tmp_path: Path
) -> None:
    paths = [write_png(tmp_path / "films" / f"{n:02d}.png", film(FINDINGS[n % 3], n)) for n in range(48)]
    give_part(data_dir / "overread.sqlite", [read_header(path).split_key for path in paths], "test")
    overread("import", tmp_path / "films")
    overread("predict", *paths)
    for n, path in enumerate(paths[:6]):
        overread("review", path, "--finding", f"{FINDINGS[n % 3]}=present", "--reader", "Ada")
    assert overread("export", "suspects").lines == []
