"""The part that an image belongs to, as everything that fits or measures has to know it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from reviews import images
from reviews.likeness import Kinship
from reviews.record import Part


def belongings(connection: Connection, uids: Sequence[str], kin: Kinship) -> dict[str, tuple[str, Part]]:
    """(unit of splitting, part) of some images by SOPInstanceUID; those not in the store are left out.

    Units that share a film are one, and belong to the strictest of their parts.
    """
    given = images.parts_of(connection, uids)
    return {
        uid: (kin.unit_of.get(unit, unit), kin.part_of.get(unit, part)) for uid, (unit, part) in given.items()
    }


def parts_of(connection: Connection, uids: Sequence[str], kin: Kinship) -> dict[str, Part]:
    """The parts alone."""
    return {uid: part for uid, (_, part) in belongings(connection, uids, kin).items()}
