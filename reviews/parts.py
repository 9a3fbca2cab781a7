"""The part that an image belongs to, as everything that fits or measures has to know it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from reviews import images
from reviews.record import Part


def parts_of(connection: Connection, uids: Sequence[str]) -> dict[str, Part]:
    """The parts of some images by SOPInstanceUID; images that are not in the store are left out."""
    return {uid: part for uid, (_, part) in images.parts_of(connection, uids).items()}
