"""A big store stays quick. Processor time is measured, since test machines are shared."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reviews import tables
from reviews.clock import now
from reviews.database import Database
from reviews.store import Store
from tests.reviews.making import header, review

IMAGES, REVIEWS = 5_000, 20_000


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with 20,000 rows, of which every twentieth takes back the one before it."""
    place: Path = tmp_path_factory.mktemp("big") / "overread.sqlite"
    store = Store(place)
    store.add_images(header(n) for n in range(IMAGES))
    row = {
        "findings": '[["covid-19", "absent"], ["pneumonia", "present"]]',
        "time": now(),
        "note": "",
        "shown": '{"model": "starter", "suggestion": null, "probabilities": [["covid-19", 0.25]]}',
        "is_acceptance": False,
    }
    rows = [
        {
            **row,
            "id": n,
            "sop_instance_uid": header((n - (n % 20 == 0)) % IMAGES).sop_instance_uid,
            "frame": 1,
            "reader": f"reader {n % 3}",
            "takes_back": n - 1 if n % 20 == 0 else None,
        }
        for n in range(1, REVIEWS + 1)
    ]
    database = Database(place)
    with database.write() as connection:
        connection.execute(tables.review.insert(), rows)
    database.close()
    return store


def processor_time_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def test_what_stands_among_twenty_thousand_reviews_is_known_within_a_second(big: Store) -> None:
    assert len(big.standing_reviews()) == IMAGES * 18 // 20
    assert processor_time_s(big.standing_reviews) < 1.0
    assert processor_time_s(big.history) < 1.5
    assert processor_time_s(big.counts) < 1.0


def test_a_big_worklist_is_read_in_seconds_and_its_newest_studies_at_once(big: Store) -> None:
    assert processor_time_s(big.headers) < IMAGES / 10_000
    studies = big.studies_newest_first()
    assert processor_time_s(big.studies_newest_first) < IMAGES / 20_000
    first = [row for study in studies[:50] for row in study]
    assert processor_time_s(lambda: big.images_in(first)) < 0.1


def test_one_decision_is_a_matter_of_milliseconds(big: Store) -> None:
    def decide_and_take_back() -> None:
        for _ in range(5):
            big.append(review(header(1), "reader 1"))
            big.undo("reader 1")
            big.redo("reader 1")
            big.standing(header(1).sop_instance_uid, 1)

    assert processor_time_s(decide_and_take_back) / 20 < 0.02
    moment = big.moment()
    assert processor_time_s(lambda: big.news_since(moment)) < 0.01
