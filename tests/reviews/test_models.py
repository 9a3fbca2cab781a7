"""Models in use, what evaluations found, remembered predictions, marks, counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.prediction import FindingProbability, Prediction
from reviews.errors import InvalidReview
from reviews.record import ToLearn
from reviews.store import Store
from tests.reviews.making import header, review
from tests.reviews.parts import give_part


def test_nothing_is_promoted_at_first(store: Store) -> None:
    assert store.promoted() == {}
    assert store.roll_back("chest", "Ada") is None
    assert store.promotions() == []


def test_a_promoted_model_is_in_use_until_it_is_rolled_back(store: Store) -> None:
    assert store.promote("one", "chest", "Ada", "looks right", "better").model_promoted
    assert store.promote("two", "chest", "Ben", verdict="not worse").model_promoted
    assert store.promoted() == {"chest": "two"}
    assert store.roll_back("chest", "Ada", "worse on our films") == "one"
    assert store.promoted() == {"chest": "one"}
    assert store.roll_back("chest", "Ada") is None
    assert store.promoted() == {}
    assert [(p.model, p.reader, p.reason, p.verdict, p.takes_back) for p in store.promotions()] == [
        ("one", "Ada", "looks right", "better", None),
        ("two", "Ben", "", "not worse", None),
        ("one", "Ada", "worse on our films", "", 2),
        ("", "Ada", "", "", 1),
    ]


def test_a_roll_back_after_a_roll_back_goes_to_what_was_before_both(store: Store) -> None:
    for model in ("one", "two"):
        store.promote(model, "chest", "Ada")
    assert store.roll_back("chest", "Ada") == "one"
    store.promote("three", "chest", "Ada")
    assert store.roll_back("chest", "Ada") == "one"


def test_families_do_not_mind_each_other(store: Store) -> None:
    store.promote("one", "chest", "Ada")
    store.promote("two", "brain", "Ada")
    assert store.promoted() == {"chest": "one", "brain": "two"}
    assert store.roll_back("chest", "Ada") is None
    assert store.promoted() == {"brain": "two"}


def test_promoting_what_is_in_use_changes_nothing(store: Store) -> None:
    store.promote("one", "chest", "Ada")
    assert not store.promote("one", "chest", "Ada").model_promoted
    assert len(store.promotions()) == 1


def test_a_person_stands_behind_every_promotion(store: Store) -> None:
    with pytest.raises(InvalidReview, match="person"):
        store.promote("one", "chest", " ")
    store.promote("one", "chest", "Ada")
    with pytest.raises(InvalidReview, match="person"):
        store.roll_back("chest", "")


def test_evaluations_are_kept_in_order(store: Store) -> None:
    store.remember_evaluation("one", "held-out", {"accuracy": 0.1 + 0.2, "findings": ["ä"], "ece": None})
    store.remember_evaluation("one", "gate", {"verdict": "better"})
    store.remember_evaluation("two", "held-out", {})
    first, second = store.evaluations("one")
    assert (first.kind, first.figures) == (
        "held-out",
        {"accuracy": 0.1 + 0.2, "findings": ["ä"], "ece": None},
    )
    assert (second.kind, second.model, second.time > first.time) == ("gate", "one", True)


def prediction(uid: str = "1.2", model: str = "starter", probability: float = 0.1 + 0.2) -> Prediction:
    return Prediction(
        uid,
        1,
        model,
        (FindingProbability("covid-19", probability), FindingProbability("pneumonia", 1 / 3)),
        suggestion=None,
        uncertainty=0.7,
        warnings=("an ankle",),
        elapsed_ms=3.25,
        device="cuda",
        weights_sha256="ab" * 32,
    )


def test_a_remembered_prediction_comes_back_and_the_latest_is_kept(store: Store) -> None:
    store.remember_predictions([prediction(probability=0.5)])
    store.remember_predictions([prediction(), prediction(model="other"), prediction("1.3")])
    assert store.predictions() == {
        ("1.2", 1, "starter"): prediction(),
        ("1.2", 1, "other"): prediction(model="other"),
        ("1.3", 1, "starter"): prediction("1.3"),
    }
    assert list(store.predictions("other")) == [("1.2", 1, "other")]


def test_a_study_is_read_when_the_latest_mark_says_so(store: Store) -> None:
    assert store.mark_study_read("1", "Ada").studies_marked == ("1",)
    store.mark_study_read("2", "Ada")
    store.mark_study_read("2", "Ben", read=False)
    assert store.studies_read() == {"1"}
    assert [(m.reader, m.is_read) for m in store.study_marks()] == [
        ("Ada", True),
        ("Ada", True),
        ("Ben", False),
    ]
    with pytest.raises(InvalidReview):
        store.mark_study_read("1", "")


def test_a_reader_takes_back_their_own_mark_of_urgency_and_nobody_elses(store: Store) -> None:
    assert store.mark_study_urgent("1", "Ada").studies_marked == ("1",)
    store.mark_study_urgent("1", "Ben")
    store.mark_study_urgent("2", "Ben")
    assert store.studies_urgent() == {"1": ("Ada", "Ben"), "2": ("Ben",)}
    store.mark_study_urgent("1", "Ben", urgent=False)
    assert store.studies_urgent() == {"1": ("Ada",), "2": ("Ben",)}
    store.mark_study_urgent("1", "Ben")
    assert store.studies_urgent()["1"] == ("Ada", "Ben")
    assert [(m.study_instance_uid, m.reader, m.is_urgent) for m in store.urgency_marks()] == [
        ("1", "Ada", True),
        ("1", "Ben", True),
        ("2", "Ben", True),
        ("1", "Ben", False),
        ("1", "Ben", True),
    ]
    with pytest.raises(InvalidReview):
        store.mark_study_urgent("1", " ")


def test_counts_are_of_what_stands(store: Store) -> None:
    stack, film, same_patient = header(1, frames=2), header(2), header(3, patient_id="patient-2")
    store.add_images([stack, film, same_patient, header(4)])
    store.append(review(stack, frame=1, a="present", b="absent"))
    store.append(review(stack, frame=2, a="unknown"))
    store.append(review(film, a="present"))
    store.append(review(film, "Ben", a="absent"))
    store.append(review(same_patient, b="present"))
    store.append(review(header(4), a="present"))
    store.undo("Ada")
    counted = store.counts()
    assert (counted.reviews, counted.images, counted.patients) == (4, 3, 2)
    assert counted.per_finding == {"a": (1, 1, 1), "b": (1, 1, 0)}
    assert (counted.images_known, counted.patients_known) == (4, 3)
    expected = {part: [0, set()] for part in ("train", "validation", "test")}
    for image in (stack, film, same_patient):
        expected[store.part_of(image)][0] += 1  # type: ignore[operator]
        expected[store.part_of(image)][1].add(image.patient_id)  # type: ignore[attr-defined]
    assert counted.per_part == {p: (n, len(patients)) for p, (n, patients) in expected.items()}  # type: ignore[arg-type]


def test_what_can_be_learned_from_is_counted_by_the_findings_that_were_asked_together(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.sqlite"
    films = [header(number) for number in range(1, 7)]
    give_part(path, [film.split_key for film in films[:5]], "train")
    give_part(path, [films[5].split_key], "test")
    with Store(path) as store:
        store.add_images(films)
        store.append(review(films[0], a="present", b="absent"))
        store.append(review(films[1], a="absent", b="absent"))
        store.append(review(films[2], a="unknown", b="unknown"))
        store.append(review(films[3], a="present", c="present"))
        store.append(review(films[5], a="present", b="absent"))
        assert store.counts().to_learn == {
            frozenset("ab"): ToLearn(2, {"a": 1}),
            frozenset("ac"): ToLearn(1, {"a": 1, "c": 1}),
        }


def test_an_empty_store_counts_nothing(store: Store) -> None:
    counted = store.counts()
    assert (counted.reviews, counted.images, counted.patients, counted.per_finding) == (0, 0, 0, {})
    assert counted.per_part == {"train": (0, 0), "validation": (0, 0), "test": (0, 0)}
