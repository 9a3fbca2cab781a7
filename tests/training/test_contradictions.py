"""Labels that contradict each other are told, each in a sentence, and the rest goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from inference.card import Covers, FindingName, ModelCard
from reviews.normalise import complete
from reviews.record import Review
from reviews.store import Store
from studies.image import Header
from studies.reader import read_header
from tests.reviews.parts import give_part
from tests.training.conftest import FINDINGS, write_film, write_labels
from training.contradictions import Row, between_readers, without_contradictions
from training.copies import complete as look_at
from training.samples import from_csv, from_store

CARD = ModelCard(
    "m", "M", "test_resnet", tuple(FindingName(f, f) for f in FINDINGS), covers=Covers(("picture",))
)


def names(samples: object) -> list[str]:
    return [Path(s.header.path).name for s in samples.samples]  # type: ignore[attr-defined]


def rows(*several: tuple[str, str, str]) -> list[Row]:
    return [Row(file, tuple(label.split("|")), patient) for file, label, patient in several]


# -- in a CSV ----------------------------------------------------------------------------------------


def test_a_file_that_is_listed_twice_alike_counts_once() -> None:
    kept, told = without_contradictions(rows(("a", "x", "p"), ("b", "x", "q"), ("a", "x", "p")))
    assert [row.file for row in kept] == ["a", "b"]
    assert told == []


@pytest.mark.parametrize("other", ["./a.png", "sub/../a.png", "a.png"])
def test_a_file_is_the_same_however_it_is_spelled(other: str) -> None:
    kept, told = without_contradictions(rows(("a.png", "x", ""), (other, "y", ""), ("b.png", "y", "")))
    assert [row.file for row in kept] == ["b.png"]
    assert told == ["a.png: labelled twice and differently (x; y), one label is expected; it is left out"]


def test_the_order_of_several_labels_is_no_contradiction() -> None:
    kept, told = without_contradictions(rows(("a", "x|y", ""), ("a", "y|x", "")))
    assert (len(kept), told) == (1, [])


def test_a_film_of_two_patients_is_left_out() -> None:
    kept, told = without_contradictions(rows(("a", "x", "p"), ("a", "x", "q"), ("b", "x", "q")))
    assert [row.file for row in kept] == ["b"]
    assert told == ["a: listed twice, of different patients (p; q), one patient is expected; it is left out"]


def test_no_finding_together_with_a_finding_is_left_out_and_makes_no_model_of_several(tmp_path: Path) -> None:
    for n, name in enumerate(("a.png", "b.png", "c.png")):
        write_film(tmp_path / name, FINDINGS[n], n)
    csv = write_labels(
        tmp_path, [("a.png", "effusion", "p"), ("b.png", "no-finding|nodule", "q"), ("c.png", "nodule", "r")]
    )
    samples = from_csv(csv, tmp_path)
    assert names(samples) == ["a.png", "c.png"]
    assert samples.failures == (
        "b.png: labelled no-finding and nodule at once, one or the other is expected; it is left out",
    )


def test_one_image_under_two_names_with_different_labels_is_left_out(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    write_film(tmp_path / "b.png", "effusion", 2)
    shutil.copy(tmp_path / "a.png", tmp_path / "copy.png")
    told = [("a.png", "nodule", ""), ("b.png", "effusion", ""), ("copy.png", "effusion", "")]
    for held_out in (True, False):  # to learn from, and to measure
        samples = from_csv(write_labels(tmp_path, told), tmp_path, held_out=held_out)
        assert names(samples) == ["b.png"]
        assert samples.failures == (
            "a.png and copy.png: the same image, labelled differently (nodule; effusion), one label is "
            "expected; they are left out",
        )
    alike = [("a.png", "nodule", ""), ("copy.png", "nodule", "")]
    assert from_csv(write_labels(tmp_path, alike), tmp_path).failures == ()


def test_copies_that_only_look_alike_are_told_and_both_count(tmp_path: Path) -> None:
    write_large(tmp_path / "a.png", 1)
    write_large(tmp_path / "b.png", 2)
    with Image.open(tmp_path / "a.png") as film:
        film.save(tmp_path / "again.jpg", quality=80)
    told = [("a.png", "nodule", "p"), ("b.png", "effusion", "q"), ("again.jpg", "effusion", "r")]
    samples = from_csv(write_labels(tmp_path, told), tmp_path)
    assert names(samples) == ["a.png", "b.png", "again.jpg"]
    (said,) = samples.contradictions
    assert said == (
        "1 pair of films shows the same and is labelled differently (a.png as nodule and again.jpg as "
        "effusion); each film counts as it is labelled"
    )
    assert said in samples.hints
    assert samples.samples[0].part == samples.samples[2].part
    agreeing = [("a.png", "nodule", "p"), ("again.jpg", "nodule", "r")]
    assert from_csv(write_labels(tmp_path, agreeing), tmp_path).contradictions == ()


def write_large(path: Path, seed: int) -> None:
    """A film with enough on it to be known again."""
    import numpy as np

    coarse = np.random.default_rng(seed).integers(0, 255, (12, 12)).astype(np.uint8)
    Image.fromarray(coarse).resize((192, 192), Image.Resampling.BICUBIC).save(path)


# -- between people ----------------------------------------------------------------------------------


@pytest.fixture
def films(tmp_path: Path) -> list[Header]:
    for n in range(3):
        write_large(tmp_path / f"{n}.png", n)
    with Image.open(tmp_path / "0.png") as film:
        film.save(tmp_path / "again.jpg", quality=80)
    return [read_header(tmp_path / name) for name in ("0.png", "1.png", "2.png", "again.jpg")]


def decide(store: Store, header: Header, finding: str, reader: str) -> None:
    store.append(Review(header.sop_instance_uid, 1, reader, complete(CARD, {finding: "present"})))


@pytest.fixture
def store(tmp_path: Path, films: list[Header]) -> Store:
    """Films to learn from, and the second one to measure by."""
    path = tmp_path / "store.sqlite"
    for part, some in (("test", films[1:2]), ("train", [films[0], *films[2:]])):
        give_part(path, [h.split_key for h in some], part)  # type: ignore[arg-type]
    opened = Store(path)
    opened.add_images(films)
    return opened


def test_readers_who_contradict_each_other_are_told_and_the_latest_is_learned_from(
    store: Store, films: list[Header]
) -> None:
    with store:
        decide(store, films[0], "nodule", "A. Smith")
        decide(store, films[2], "nodule", "A. Smith")
        assert from_store(store, CARD).contradictions == ()
        decide(store, films[0], "effusion", "B. Jones")
        samples = from_store(store, CARD)
        (said,) = samples.contradictions
        assert said.startswith("readers contradict each other about 1 film (0.png): the latest decision")
        assert said in samples.hints
        truth = {Path(s.header.path).name: s.truth for s in samples.samples}
        assert truth == {"0.png": (1, 0, 0), "2.png": (0, 0, 1)}
        decide(store, films[0], "effusion", "A. Smith")  # they agree now
        assert from_store(store, CARD).contradictions == ()
        store.undo("A. Smith")  # and do not any more
        assert len(from_store(store, CARD).contradictions) == 1
        store.redo("A. Smith")
        assert from_store(store, CARD).contradictions == ()


def test_a_reader_who_is_unsure_contradicts_nobody(store: Store, films: list[Header]) -> None:
    with store:
        decide(store, films[0], "nodule", "A. Smith")
        unsure = tuple((name, "unknown") for name in FINDINGS)
        store.append(Review(films[0].sop_instance_uid, 1, "B. Jones", unsure))  # type: ignore[arg-type]
        headers = {h.sop_instance_uid: h for h in films}
        assert between_readers(store.history(), headers) == ()


def test_readers_who_contradict_each_other_evenly_blind_leave_a_film_unknown(
    store: Store, films: list[Header]
) -> None:
    with store:
        decide(store, films[1], "nodule", "A. Smith")
        decide(store, films[1], "effusion", "B. Jones")
        decide(store, films[2], "effusion", "B. Jones")
        samples = from_store(store, CARD)
        truth = {Path(s.header.path).name: s.truth for s in samples.samples}
        assert truth == {"1.png": (None, 0, None), "2.png": (1, 0, 0)}
        assert len(samples.contradictions) == 1


def test_copies_that_were_decided_differently_are_told_and_nobody_s_decision_is(
    store: Store, films: list[Header]
) -> None:
    with store:
        look_at(store, [(header, 1) for header in films])
        decide(store, films[0], "nodule", "A. Smith")
        decide(store, films[3], "effusion", "A. Smith")
        samples = from_store(store, CARD)
        (said,) = samples.contradictions
        assert "1 pair of films shows the same and is decided differently (" in said
        assert {"0.png", "again.jpg"} <= set(said.replace("(", " ").replace(")", " ").split())
        assert "nodule" not in said
        assert len(samples.samples) == 2
