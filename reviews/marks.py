"""Rows of studies that readers call read, or not read after all, and of those that they mark urgent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, insert, select

from reviews.clock import now
from reviews.errors import InvalidReview
from reviews.record import StudyMark, UrgencyMark
from reviews.tables import study_mark, study_urgency


def mark(connection: Connection, study_instance_uid: str, reader: str, is_read: bool) -> None:
    _require_reader(reader)
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


# -- urgent -------------------------------------------------------------------------------------


def mark_urgent(connection: Connection, study_instance_uid: str, reader: str, is_urgent: bool) -> None:
    """Record that a reader calls a study urgent, or not any more; other readers' marks stay."""
    _require_reader(reader)
    connection.execute(
        insert(study_urgency),
        {
            "study_instance_uid": study_instance_uid,
            "reader": reader,
            "is_urgent": is_urgent,
            "time": now(),
        },
    )


def urgent_studies(connection: Connection, uids: Sequence[str] | None = None) -> dict[str, tuple[str, ...]]:
    """StudyInstanceUIDs that are marked urgent, of all or of some, each with its readers."""
    conditions: list[ColumnElement[bool]] = []
    if uids is not None:
        conditions.append(study_urgency.c.study_instance_uid.in_(uids))
    latest = (
        select(func.max(study_urgency.c.id))
        .where(*conditions)
        .group_by(study_urgency.c.study_instance_uid, study_urgency.c.reader)
    )
    rows = connection.execute(
        select(study_urgency.c.study_instance_uid, study_urgency.c.reader)
        .where(study_urgency.c.id.in_(latest), study_urgency.c.is_urgent)
        .order_by(study_urgency.c.id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for uid, reader in rows:
        found[uid] = (*found.get(uid, ()), reader)
    return found


def urgency_history(connection: Connection) -> list[UrgencyMark]:
    """Every mark of urgency in order."""
    rows = connection.execute(select(study_urgency).order_by(study_urgency.c.id))
    return [UrgencyMark(**row._mapping) for row in rows]


def _require_reader(reader: str) -> None:
    if not reader.strip():
        raise InvalidReview("A study was marked by nobody; expected the name of the reader.")
