"""Copies of one film are split as one, and what measures was answered blind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from inference.card import Covers, FindingName, ModelCard
from reviews.record import Review, Shown
from reviews.store import Store
from studies.image import Header
from studies.reader import read_header
from tests.reviews.parts import give_part
from tests.training.conftest import FINDINGS, write_film, write_hospital, write_labels
from training.copies import alike, as_one, complete
from training.proof.fitted import Fitted
from training.samples import Samples, from_csv, from_store

CARD = ModelCard(
    "m", "M", "test_resnet", tuple(FindingName(f, f) for f in FINDINGS), covers=Covers(("picture",))
)
SEEN = Shown("m", "nodule", (("nodule", 0.9),))


def copy_of(film: Path, to: Path) -> Path:
    """The same film as another program would give it: larger, brighter, as a JPEG."""
    with Image.open(film) as image:
        image.resize((96, 96), Image.Resampling.BICUBIC).point(lambda v: min(v + 8, 255)).save(to, quality=80)
    return to


def test_copies_under_several_patients_are_split_as_one(tmp_path: Path) -> None:
    write_hospital(tmp_path, 30, films_each=1)
    rows = [(f"{label}/{n:03d}-0.png", label, f"p{n:03d}") for n in range(30) for label in [FINDINGS[n % 3]]]
    for n in (0, 1, 2):
        copy_of(tmp_path / rows[n][0], tmp_path / f"copy {n}.jpg")
        rows.append((f"copy {n}.jpg", rows[n][1], f"somebody else {n}"))
    csv = write_labels(tmp_path, rows)
    for seed in range(4):
        samples = from_csv(csv, tmp_path, seed=seed).samples
        by_name = {Path(s.header.path).name: s for s in samples}
        for n in (0, 1, 2):
            film, copy = by_name[Path(rows[n][0]).name], by_name[f"copy {n}.jpg"]
            assert (film.part, film.patient) == (copy.part, copy.patient)
            assert film.patient == f"p{n:03d}"
            assert set(film.kin) == {film.header.split_key, copy.header.split_key}
        assert len({s.patient for s in samples}) == 30
        assert all(not s.kin for s in samples if s.patient >= "p003")
    hints = from_csv(csv, tmp_path).hints
    assert any(hint.startswith("6 images of 3 patients belong together") for hint in hints)
    folded = from_csv(csv, tmp_path, folds=5, fold=1).samples
    assert all(len({s.part for s in folded if s.patient == p}) == 1 for p in {s.patient for s in folded})


def test_of_many_copies_each_is_told_beside_the_first(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    write_film(tmp_path / "b.png", "no-finding", 2)
    names = ["a.png", "b.png"]
    for n in range(12):
        names.append(copy_of(tmp_path / names[n % 2], tmp_path / f"copy {n}.jpg").name)
    rows = [(name, "nodule", f"p{n}") for n, name in enumerate(names)]
    samples = from_csv(write_labels(tmp_path, rows), tmp_path, held_out=False).samples
    # Not all with all: of 10,000 copies that would be fifty million pairs.
    assert alike(samples) == [(place % 2, place) for place in range(2, 14)]
    whole = as_one(samples, alike(samples))
    assert [patient for patient, _ in whole] == ["p0", "p1"] * 7


def test_a_model_that_was_fitted_on_a_copy_was_fitted_on_the_film(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    copy_of(tmp_path / "a.png", tmp_path / "b.jpg")
    write_film(tmp_path / "c.png", "effusion", 2)
    csv = write_labels(
        tmp_path, [("a.png", "nodule", "1"), ("b.jpg", "nodule", "2"), ("c.png", "effusion", "3")]
    )
    film, copy, other = from_csv(csv, tmp_path).samples
    fitted = Fitted.of([film])
    assert fitted.overlap([copy, other]) == (copy,)


def test_films_without_a_patient_are_told_of(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    write_film(tmp_path / "b.png", "effusion", 2)
    samples = from_csv(
        write_labels(tmp_path, [("a.png", "nodule", ""), ("b.png", "effusion", "2")]), tmp_path
    )
    assert any(hint.startswith("1 film has no patient identifier, so it is") for hint in samples.hints)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[tuple[Store, list[Header]]]:
    """Films 0 and 1 are learned from, 2 and 3 measure; 0 is a copy of 2, which nobody knows yet."""
    for n in range(4):
        write_film(tmp_path / f"{n}.png", FINDINGS[n % 3], n)
    copy_of(tmp_path / "2.png", tmp_path / "0.png")
    headers = [read_header(tmp_path / f"{n}.png") for n in range(4)]
    place = tmp_path / "store.sqlite"
    give_part(place, [h.split_key for h in headers[:2]], "train")
    give_part(place, [h.split_key for h in headers[2:]], "test")
    with Store(place) as store:
        store.add_images(headers)
        yield store, headers


def answer(
    store: Store, header: Header, finding: str, shown: Shown | None = None, reader: str = "Ada"
) -> None:
    findings = tuple((name, "present" if name == finding else "absent") for name in FINDINGS)
    store.append(Review(header.sop_instance_uid, 1, reader, findings, shown=shown))  # type: ignore[arg-type]


def said(samples: Samples) -> dict[str, str]:
    return {
        Path(s.header.path).name: samples.findings[s.present]
        for s in samples.samples
        if s.present is not None
    }


def test_a_copy_of_a_film_that_measures_is_not_learned_from_once_somebody_looked(
    ward: tuple[Store, list[Header]],
) -> None:
    store, films = ward
    for film in films:
        answer(store, film, "nodule")
    assert [s.part for s in from_store(store, CARD).samples] == ["train", "train", "test", "test"]
    assert complete(store, [(film, 1) for film in films]) == 4
    samples = from_store(store, CARD)
    assert [s.part for s in samples.samples] == ["test", "train", "test", "test"]
    copy, _, film, _ = samples.samples
    assert copy.patient == film.patient
    assert copy.kin == (film.header.split_key,)
    assert any("belong together" in hint for hint in samples.hints)
    assert complete(store, [(film, 1) for film in films]) == 0


def test_a_film_that_cannot_be_decoded_keeps_nobody_from_the_others(ward: tuple[Store, list[Header]]) -> None:
    store, films = ward
    Path(films[3].path).write_bytes(b"gone")
    assert complete(store, [(film, 1) for film in films]) == 4
    assert store.without_likeness([(film.sop_instance_uid, 1) for film in films]) == []


def test_films_of_the_test_part_measure_by_what_was_answered_blind(ward: tuple[Store, list[Header]]) -> None:
    store, films = ward
    answer(store, films[1], "effusion")
    answer(store, films[1], "nodule", SEEN)  # learned from: what stands counts
    answer(store, films[2], "effusion")
    answer(store, films[2], "nodule", SEEN)  # measures: what was answered blind counts
    answer(store, films[3], "nodule", SEEN)
    samples = from_store(store, CARD)
    assert said(samples) == {"1.png": "nodule", "2.png": "effusion"}
    assert any(hint.startswith("1 decided image of the test part measures nothing") for hint in samples.hints)
    # Taken back or not.
    assert store.undo("Ada")
    assert store.undo("Ada")
    assert store.undo("Ada")
    assert store.standing(films[2].sop_instance_uid, 1) is None
    assert said(from_store(store, CARD)) == {"1.png": "nodule", "2.png": "effusion"}
    # Two readers who contradict each other leave it unknown, and a third settles it.
    answer(store, films[2], "no-finding", reader="Ben")
    assert said(from_store(store, CARD)) == {"1.png": "nodule"}
    answer(store, films[2], "no-finding", reader="Cem")
    assert said(from_store(store, CARD)) == {"1.png": "nodule", "2.png": "no-finding"}
