"""Small parts: what JSON cannot say, films in memory, images by name, the workplace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.gui.film_cache import FilmCache
from app.images import image_of
from app.output import Output
from app.workplace import Workplace, WorkplaceError
from studies.errors import StudyError
from studies.reader import read_header
from tests.inference.making import make_image


def test_a_number_that_json_does_not_know_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.result({"a": float("nan"), "b": [float("inf"), 1.0], "c": {"d": (-float("inf"),)}}, "")
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.0], "c": {"d": [None]}}


def test_with_json_nothing_but_results_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.remark("by the way")
    output.warning("careful")
    assert output.status == 0
    output.failure("a.png is no image.")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == ["overread: note: careful", "overread: a.png is no image."]
    assert output.status == 1


def test_films_are_forgotten_when_the_bound_is_passed_the_oldest_first() -> None:
    cache = FilmCache(bound_bytes=2500)
    films = [make_image(20, 50, seed) for seed in range(4)]  # 1000 bytes each
    for number, image in enumerate(films[:2]):
        cache.put((str(number), 1), image)
    assert cache.get(("0", 1)) is films[0]  # used: 1 is the oldest now
    cache.put(("2", 1), films[2])
    assert cache.get(("1", 1)) is None
    assert cache.get(("0", 1)) is films[0]
    cache.put(("0", 1), films[3])  # replaced, not counted twice
    assert cache.get(("2", 1)) is films[2]
    assert cache.get(("0", 1)) is films[3]


def test_a_film_larger_than_the_bound_is_kept_alone() -> None:
    cache = FilmCache(bound_bytes=10)
    large = make_image(20, 50)
    cache.put(("1", 1), make_image(2, 2))
    cache.put(("2", 1), large)
    assert cache.get(("1", 1)) is None
    assert cache.get(("2", 1)) is large


def test_an_image_is_found_by_path_and_by_uid_and_frame(workplace: Workplace, png: Path) -> None:
    header = read_header(png)
    assert image_of(str(png), workplace) == (header, 1)
    workplace.store.add_images([header])
    found, frame = image_of(f"{header.sop_instance_uid}:1", workplace)
    assert (found.path, frame) == (str(png), 1)


@pytest.mark.parametrize("name", ["1.2.3:1", "nowhere.png", "/nowhere/film.dcm", "", ":1", "."])
def test_what_names_no_image_is_refused_in_a_sentence(workplace: Workplace, name: str) -> None:
    with pytest.raises(StudyError) as refusal:
        image_of(name, workplace)
    assert str(refusal.value).strip().endswith((".", "file"))


def test_a_data_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(WorkplaceError, match="--data"):
        Workplace(file / "data")
