"""Who answered what, whether or not it was taken back: what `reviews.blinding` decides by."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from reviews import decisions
from reviews.record import Review
from reviews.tables import review

_AT_ONCE = 500
FrameKey = tuple[str, int]


def answered_by(connection: Connection, uids: Sequence[str]) -> dict[FrameKey, frozenset[str]]:
    """Everybody who ever decided on a frame of some images; frames on which nobody did are left out."""
    found: dict[FrameKey, set[str]] = {}
    for first in range(0, len(uids), _AT_ONCE):
        rows = connection.execute(
            select(review.c.sop_instance_uid, review.c.frame, review.c.reader)
            .where(
                review.c.sop_instance_uid.in_(uids[first : first + _AT_ONCE]), review.c.takes_back.is_(None)
            )
            .distinct()
        )
        for uid, frame, reader in rows:
            found.setdefault((uid, frame), set()).add(reader)
    return {key: frozenset(readers) for key, readers in found.items()}


def decisions_on(connection: Connection, uids: Sequence[str]) -> dict[FrameKey, list[Review]]:
    """Every decision on some images by frame, in the order in which they were made, those taken back too."""
    found: dict[FrameKey, list[Review]] = {}
    for first in range(0, len(uids), _AT_ONCE):
        for row in decisions.made_on(connection, uids[first : first + _AT_ONCE]):
            found.setdefault((row.sop_instance_uid, row.frame), []).append(row)
    return found


def decided_images(connection: Connection) -> list[str]:
    """SOPInstanceUIDs of all images on which somebody ever decided."""
    rows = connection.execute(
        select(review.c.sop_instance_uid).where(review.c.takes_back.is_(None)).distinct()
    ).scalars()
    return list(rows)
