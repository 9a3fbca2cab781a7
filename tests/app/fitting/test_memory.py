"""What the fitting process keeps in memory: what could not be read from the store is read another time."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.fitting.memory import Memory
from app.workplace import Workplace
from reviews.errors import StoreError
from reviews.normalise import complete
from reviews.record import Review
from tests.reviews.making import header


def test_decisions_that_could_not_be_read_are_read_when_they_are_asked_for_again(
    data_dir: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Workplace(data_dir, bundled)
    card = place.registry.find("starter")
    film = header(1, is_phantom=False)
    place.store.add_images([film])
    place.store.append(
        Review(film.sop_instance_uid, 1, "A", complete(card, {card.finding_names[0]: "present"}))
    )
    memory = Memory(place)

    def fails() -> list[Review]:
        raise StoreError("the share is gone")

    with monkeypatch.context() as share:
        share.setattr(place.store, "standing_reviews", fails)
        with pytest.raises(StoreError):
            memory.films_of((card.id,))
    (films,) = memory.films_of((card.id,))
    assert films.missing == ((film.sop_instance_uid, 1),)  # decided, and not looked at by the model yet
    place.close()
