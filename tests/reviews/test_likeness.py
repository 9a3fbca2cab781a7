"""Films that show the same share a part, whenever that is found out, and nothing recorded is lost for it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.likeness import Alike
from reviews.record import Part
from reviews.split import PARTS
from reviews.store import Store
from studies.image import Header
from studies.likeness import MOST_DIFFERENT, SIZE
from tests.reviews.making import header, review
from tests.reviews.parts import give_part

FILM = bytes(range(SIZE))
OTHER_FILM = bytes(255 - n * 7 % 256 for n in range(SIZE))


def frame(image: Header, number: int = 1) -> tuple[str, int]:
    return image.sop_instance_uid, number


def nearly(bits: bytes, differing: int) -> bytes:
    """The hash of a copy: so many bits are others."""
    flipped = np.unpackbits(np.frombuffer(bits, np.uint8))
    flipped[1 : 1 + 3 * differing : 3] ^= 1
    return np.packbits(flipped).tobytes()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Patient 1 is learned from, 2 is validated on, 3 measures."""
    file = tmp_path / "overread.sqlite"
    for number, part in enumerate(PARTS, start=1):
        give_part(file, [header(number).split_key], part)
    return file


def test_a_copy_of_a_film_of_the_test_part_is_never_learned_from_whichever_is_seen_first(place: Path) -> None:
    learned, measures = header(1), header(3)
    for first, second in ((learned, measures), (measures, learned)):
        copy = place.with_name(f"{first.instance_number}.sqlite")
        with Store(place) as store:
            store.add_images([learned, measures])
        with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        with Store(copy) as store:
            assert store.part_of(learned) == "train"
            assert store.remember_likenesses([(frame(first), FILM)]).pairs == ()
            found = store.remember_likenesses([(frame(second), nearly(FILM, 5))])
            assert found.parts == {learned.sop_instance_uid: "test", measures.sop_instance_uid: "test"}
            (pair,) = found.pairs
            assert (pair.key, pair.other, pair.differing, pair.part) == (
                frame(second),
                frame(first),
                5,
                "test",
            )
            assert store.part_of(learned) == "test"
            assert store.parts_of([learned.sop_instance_uid]) == {learned.sop_instance_uid: "test"}


def test_a_film_from_elsewhere_is_held_against_those_of_the_store(place: Path) -> None:
    with Store(place) as store:
        store.add_images([header(1), header(2)])
        assert not store.knows_likenesses
        store.remember_likenesses([(frame(header(1)), None)])
        assert not store.knows_likenesses, "nothing can be told by it"
        store.remember_likenesses([(frame(header(2)), FILM)])
        assert store.knows_likenesses
        elsewhere = [nearly(FILM, MOST_DIFFERENT), None, OTHER_FILM]
        assert store.units_showing(elsewhere) == [(header(2).split_key,), (), ()]


def test_all_films_of_the_patient_go_with_the_copy_and_nothing_recorded_is_lost(place: Path) -> None:
    learned, measures = header(1), header(3)
    also_theirs = header(11, patient_id=learned.patient_id)
    with Store(place) as store:
        store.add_images([learned, also_theirs, measures])
        store.append(review(learned))
        before = store.counts()
        store.remember_likenesses([(frame(learned), FILM), (frame(measures), FILM)])
        assert store.part_of(also_theirs) == "test"
        assert len(store.history()) == 1
        after = store.counts()
        assert (before.per_part["train"], after.per_part["train"]) == ((1, 1), (0, 0))
        assert after.per_part["test"] == (1, 1)
        units = store.belongings([h.sop_instance_uid for h in (learned, also_theirs, measures)])
        assert len({unit for unit, _ in units.values()}) == 1
    with closing(sqlite3.connect(place)) as connection:
        given = dict(connection.execute("SELECT split_key, part FROM patient_part"))
    assert given[learned.split_key] == "train"  # what was given stands


def test_it_is_the_same_after_a_restart_and_told_to_other_programs(place: Path) -> None:
    learned, measures = header(1), header(3)
    with Store(place) as store, Store(place) as window:
        store.add_images([learned, measures])
        moment = window.moment()
        assert window.part_of(learned) == "train"
        store.remember_likenesses([(frame(measures), FILM), (frame(learned), FILM)])
        _, news = window.news_since(moment)
        assert news.parts == {learned.sop_instance_uid: "test", measures.sop_instance_uid: "test"}
        assert window.part_of(learned) == "test"
        _, own = store.news_since(moment)
        assert own.parts == {}
    with Store(place) as store:
        assert store.part_of(learned) == "test"
        assert store.images_in([1, 2]).parts[learned.sop_instance_uid] == "test"


def test_two_processes_that_each_decode_one_of_two_copies_find_them(place: Path) -> None:
    with Store(place) as one, Store(place) as other:
        one.add_images([header(1), header(3)])
        one.remember_likenesses([(frame(header(1)), FILM)])
        assert len(other.remember_likenesses([(frame(header(3)), FILM)]).pairs) == 1


def test_a_patients_own_films_and_films_of_others_are_no_copies(place: Path) -> None:
    with Store(place) as store:
        again = header(12, patient_id=header(1).patient_id)
        store.add_images([header(1), header(2), again])
        found = store.remember_likenesses(
            [(frame(header(1)), FILM), (frame(again), FILM), (frame(header(2)), OTHER_FILM)]
        )
        assert found.pairs == ()
        assert found.parts == {}


def test_a_hash_is_kept_once_and_a_film_without_one_is_not_asked_about_again(place: Path) -> None:
    with Store(place) as store:
        images = [header(n) for n in (1, 2, 3)]
        store.add_images(images)
        frames = [frame(image) for image in images]
        store.remember_likenesses([(frames[0], FILM), (frames[1], None), (("9.9", 1), FILM)])
        assert store.without_likeness(frames) == [frames[2]]
        assert store.remember_likenesses([(frames[0], OTHER_FILM), (frames[2], OTHER_FILM)]).pairs == ()


def test_films_that_are_one_through_a_third_are_one(place: Path) -> None:
    with Store(place) as store:
        chain = [nearly(FILM, differing) for differing in (0, 30, 60)]
        images = [header(n) for n in (1, 2, 3)]
        store.add_images(images)
        store.remember_likenesses([(frame(images[0]), chain[0]), (frame(images[2]), chain[2])])
        assert store.part_of(images[0]) == "train"
        found = store.remember_likenesses([(frame(images[1]), chain[1])])
        assert [pair.differing for pair in found.pairs] == [30, 30]
        assert set(found.parts.values()) == {"test"}
        assert store.units_together([images[0].split_key]) == {
            images[0].split_key: (images[1].split_key, images[2].split_key)
        }


def test_many_copies_of_one_film_cost_a_row_each(place: Path) -> None:
    with Store(place) as store:
        images = [header(n) for n in range(1, 60)]
        store.add_images(images)
        joined = store.remember_likenesses([(frame(image), FILM) for image in images])
        assert len(joined.pairs) == len(images) - 1
        assert set(joined.parts.values()) == {"test"}


@settings(deadline=None, max_examples=25)
@given(
    parts=st.lists(st.sampled_from(PARTS), min_size=2, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_copies_belong_to_the_strictest_part_in_whatever_order_they_come(
    tmp_path_factory: pytest.TempPathFactory, parts: list[Part], order: np.random.RandomState
) -> None:
    place = tmp_path_factory.mktemp("order") / "overread.sqlite"
    for number, part in enumerate(parts):
        give_part(place, [header(number).split_key], part)
    images = [header(n) for n in range(len(parts))]
    order.shuffle(images)
    with Store(place) as store:
        for image in images:
            store.add_images([image])
            store.remember_likenesses([(frame(image), FILM)])
        assert {store.part_of(image) for image in images} == {max(parts, key=PARTS.index)}


def test_among_a_hundred_thousand_films_a_copy_is_found_in_milliseconds(place: Path) -> None:
    draw = np.random.default_rng(0)
    with Store(place) as store:
        store.add_images([header(1), header(3)])
        known = store._likenesses
        some = [draw.bytes(SIZE).hex() for _ in range(100_000)]
        known.add([(f"film {n}", 1) for n in range(len(some))], some, some)
        store.remember_likenesses([(frame(header(1)), FILM)])
        started = time.process_time()
        (pair,) = store.remember_likenesses([(frame(header(3)), nearly(FILM, MOST_DIFFERENT))]).pairs
        assert time.process_time() - started < 0.25
        assert isinstance(pair, Alike)
