"""What the fitting process keeps in memory: what could not be read from the store is read another time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from app.fitting.memory import Memory
from app.workplace import Workplace
from reviews.errors import StoreError
from reviews.normalise import complete
from reviews.record import Review
from tests.reviews.making import header


@pytest.fixture
def place(data_dir: Path, bundled: Path) -> Iterator[Workplace]:
    place = Workplace(data_dir, bundled)
    yield place
    place.close()


def decide(place: Workplace, number: int) -> tuple[str, int]:
    """Decide on a film that the model has not looked at."""
    card, film = place.registry.find("starter"), header(number, is_phantom=False)
    place.store.add_images([film])
    answers = complete(card, {card.finding_names[0]: "present"})
    place.store.append(Review(film.sop_instance_uid, 1, "A", answers))
    return film.sop_instance_uid, 1


def fails(*_: object) -> NoReturn:
    raise StoreError("the share is gone")


def test_decisions_that_could_not_be_read_are_read_when_they_are_asked_for_again(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided, memory = decide(place, 1), Memory(place)
    with monkeypatch.context() as share:
        share.setattr(place.store, "standing_reviews", fails)
        with pytest.raises(StoreError):
            memory.films_of(("starter",))
    (films,) = memory.films_of(("starter",))
    assert films.missing == (decided,)


def test_news_that_could_not_be_taken_in_are_taken_in_the_next_time(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(place)
    memory.take_news()
    (films,) = memory.films_of(("starter",))
    window = Workplace(place.folder, place.bundled)
    decided = decide(window, 1)
    window.close()
    with monkeypatch.context() as share:
        share.setattr(place.store, "headers", fails)
        with pytest.raises(StoreError):
            memory.take_news()
    memory.take_news()
    assert films.missing == (decided,)
