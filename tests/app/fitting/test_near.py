"""Which decided films are most like one: of one model, whatever is decided, taken back and looked at anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.fitting.films import ModelFilms
from app.fitting.messages import Nearest
from app.fitting.near import LEAST_FOR_MIDDLE, nearest_decided
from inference.card import FindingName, ModelCard
from inference.features import FeatureCache, feature_key
from reviews.record import Review
from studies.image import Header
from tests.reviews.making import header
from training.replay import Replay

CARD = ModelCard("m", "M", "resnet18", (FindingName("a", "A"), FindingName("b", "B")))
FILMS = 40


def film(number: int) -> Header:
    return header(2 * number + 1)  # odd ones are no phantoms


def key(number: int) -> tuple[str, int]:
    return film(number).sop_instance_uid, 1


@pytest.fixture
def films(tmp_path: Path) -> ModelFilms:
    """Films that lie on a circle, a few degrees apart."""
    cache = FeatureCache(tmp_path)
    made = ModelFilms(CARD, cache)
    for number in range(FILMS):
        angle = 2 * np.pi * number / FILMS
        put(cache, number, [5 + np.cos(angle), 5 + np.sin(angle)])
        assert made.take_frame(film(number), 1)
    return made


def put(cache: FeatureCache, number: int, embedding: list[float]) -> None:
    cache.put(feature_key(CARD, film(number), 1), np.array(embedding, np.float32))


def decide(films: ModelFilms, *numbers: int) -> None:
    for number in numbers:
        review = Review(*key(number), "Ada", (("a", "present"), ("b", "absent")))
        films.take_decision(film(number), "train", key(number), review)


def nearest(films: ModelFilms, number: int, count: int = 3, replay: Replay | None = None) -> list[int]:
    found = nearest_decided(films, replay, Nearest(1, CARD.id, key(number), count))
    uids = [film(n).sop_instance_uid for n in range(FILMS)]
    return [uids.index(uid) for uid, _ in found.keys]


def test_the_decided_films_are_found_the_most_alike_first(films: ModelFilms) -> None:
    decide(films, 0, 3, 12, 20, 35)
    assert nearest(films, 1) == [0, 3, 35]
    assert nearest(films, 3) == [0, 35, 12]  # never the film itself


def test_a_decision_that_is_taken_back_is_a_case_no_more_and_a_new_one_is(films: ModelFilms) -> None:
    decide(films, 0, 3, 12)
    assert nearest(films, 2, 1) == [3]
    films.take_decision(film(3), "train", key(3), None)
    assert nearest(films, 2, 1) == [0]
    decide(films, 2, 1)
    assert nearest(films, 2, 1) == [1]


def test_a_film_that_was_looked_at_anew_lies_where_it_lies_now(tmp_path: Path, films: ModelFilms) -> None:
    decide(films, 0, 10)
    assert nearest(films, 1, 1) == [0]
    put(FeatureCache(tmp_path), 0, [5 - 1.0, 5.0])  # on the other side of the circle
    films.retake(film(0))
    assert nearest(films, 1, 1) == [10]


def test_what_the_model_was_trained_on_tells_where_the_middle_is(films: ModelFilms) -> None:
    decide(films, 5, 15)
    around = np.array([[5.0, 4.0]] * LEAST_FOR_MIDDLE, np.float32)
    replay = Replay(around, np.zeros((LEAST_FOR_MIDDLE, 2), np.int8), ("a", "b"))
    told = nearest_decided(films, replay, Nearest(1, CARD.id, key(10), 2))
    assert told.compared == 2
    assert min(told.similarities) > 0.9  # seen from below the circle both lie above


def test_a_film_that_the_model_has_not_looked_at_is_said_to_be_unknown(films: ModelFilms) -> None:
    decide(films, 0)
    told = nearest_decided(films, None, Nearest(1, CARD.id, ("1.2.9", 1), 3))
    assert (told.keys, told.is_known, told.compared) == ((), False, 1)


def test_too_few_films_tell_nothing(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    films = ModelFilms(CARD, cache)
    for number in range(LEAST_FOR_MIDDLE - 1):
        put(cache, number, [float(number), 1.0])
        films.take_frame(film(number), 1)
    decide(films, 0, 1)
    assert nearest(films, 2) == []
    assert nearest_decided(films, None, Nearest(1, CARD.id, key(2), 3)).compared == 2
    put(cache, 39, [3.0, 2.0])
    films.take_frame(film(39), 1)
    assert len(nearest(films, 2)) == 2
