"""Rows of studies that readers call read, or not read after all."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from reviews.clock import now
from reviews.errors import InvalidReview
from reviews.record import StudyMark
from reviews.tables import study_mark


def mark(connection: Connection, study_instance_uid: str, reader: str, is_read: bool) -> None:
    if not reader.strip():
        raise InvalidReview("A study was marked by nobody; expected the name of the reader.")
    connection.execute(
        insert(study_mark),
        {
            "study_instance_uid": study_instance_uid,
            "reader": reader,
            "is_read": is_read,
            "time": now(),
        },
    )


def read_studies(connection: Connection) -> set[str]:
    """StudyInstanceUIDs whose latest mark, by whoever, says that they are read."""
    latest = select(func.max(study_mark.c.id)).group_by(study_mark.c.study_instance_uid)
    return set(
        connection.execute(
            select(study_mark.c.study_instance_uid).where(study_mark.c.id.in_(latest), study_mark.c.is_read)
        ).scalars()
    )


def history(connection: Connection) -> list[StudyMark]:
    """Every mark in order."""
    rows = connection.execute(select(study_mark).order_by(study_mark.c.id))
    return [StudyMark(**row._mapping) for row in rows]
