"""Parts that a test chooses: what the split would draw by chance is given before a patient is first seen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reviews import images
from reviews.database import Database
from reviews.record import Part
from reviews.split import PARTS
from reviews.store import Store


def give_part(store: Path, split_keys: Iterable[str], part: Part) -> None:
    """Give patients that a store has not seen a part, with the whole of the shares for it.

    The store is made where there is none.
    """
    store.parent.mkdir(parents=True, exist_ok=True)
    Store(store).close()  # makes the tables
    first, second, third = (float(name == part) for name in PARTS)
    database = Database(store)
    try:
        with database.write() as connection:
            images.assign_parts(connection, split_keys, (first, second, third))
    finally:
        database.close()
