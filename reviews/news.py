"""What other writers added to the store since a moment: other processes, other readers, never oneself.

Every table but one only grows, each row has a number above all before it, and the one, a cache of
predictions, gives a new number to what is written anew. So a moment is where the tables end, and a
writer knows its own rows by their numbers: writers take turns, so what a table gained during a
transaction is that transaction's.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Table, func, select

from reviews import answered, decisions, images, likeness, marks, parts, predictions
from reviews.record import News, Part
from reviews.tables import (
    added_finding,
    alike,
    annotation,
    evaluation,
    image_header,
    promotion,
    remembered_prediction,
    review,
    study_mark,
    study_urgency,
)
from studies.image import Header

_WATCHED: tuple[Table, ...] = (
    image_header,
    review,
    promotion,
    evaluation,
    study_mark,
    annotation,
    remembered_prediction,
    added_finding,
    study_urgency,
    alike,
)
_AT_ONCE = 500

Token = tuple[int, ...]
"""The last row of each watched table at a moment; opaque to who holds it."""


def token(connection: Connection) -> Token:
    """Where the tables end now: an index look-up a table, whatever their size."""
    ends = connection.execute(
        select(*(select(func.coalesce(func.max(t.c.id), 0)).scalar_subquery() for t in _WATCHED))
    ).one()
    return tuple(int(end) for end in ends)


class OwnRows:
    """Which rows this store wrote itself, with all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[list[tuple[int, int]]] = [[] for _ in _WATCHED]  # (after, up to), rising
        self._under_way: set[tuple[Token, Token]] = set()

    @contextmanager
    def noting(self, transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
        """A transaction, alone in writing, whose rows are one's own once it is through."""
        own: tuple[Token, Token] | None = None
        try:
            with transaction as connection:
                before = token(connection)
                yield connection
                # Before anybody can see them: who asks for news right after the commit finds them here.
                own = before, token(connection)
                with self._lock:
                    self._under_way.add(own)
        except BaseException:
            # Nothing was written, and another writer may be given the same numbers.
            with self._lock:
                self._under_way.discard(own)
            raise
        with self._lock:
            self._under_way.discard(own)
            for ranges, after, last in zip(self._kept, *own, strict=True):
                _insert(ranges, after, last)

    def of_others(self, number: int, ids: Iterable[int]) -> list[int]:
        """Of some rows of a watched table, those that somebody else wrote."""
        with self._lock:
            ranges = list(self._kept[number])
            for before, after in self._under_way:
                _insert(ranges, before[number], after[number])
        return [i for i in ids if not _is_within(ranges, i)]


def _insert(ranges: list[tuple[int, int]], after: int, last: int) -> None:
    """Add a range to rising ones; those that touch become one."""
    if after == last:
        return
    place = bisect.bisect_left(ranges, (after, last))
    if place and ranges[place - 1][1] == after:
        place -= 1
        after = ranges.pop(place)[0]
    if place < len(ranges) and ranges[place][0] == last:
        last = ranges.pop(place)[1]
    ranges.insert(place, (after, last))


def _is_within(ranges: list[tuple[int, int]], row_id: int) -> bool:
    place = bisect.bisect_left(ranges, (row_id, 0)) - 1  # the last range that begins before the row
    return place >= 0 and row_id <= ranges[place][1]


def since(connection: Connection, moment: Token, own: OwnRows) -> tuple[Token, News]:
    """The moment of now, and what others added between the two."""
    current = token(connection)
    ids: dict[str, list[int]] = {}
    for number, table in enumerate(_WATCHED):
        ids[table.name] = []
        if current[number] > moment[number]:
            added = connection.execute(
                select(table.c.id).where(table.c.id > moment[number]).order_by(table.c.id)
            ).scalars()
            ids[table.name] = own.of_others(number, added)
    reviewed = _frames(connection, review, ids["review"])
    standing = {key: decisions.standing(connection, *key) for key in reviewed}
    marked = _values(connection, study_mark, "study_instance_uid", ids["study_mark"])
    read = marks.read_studies(connection) if marked else set()
    urgent = {
        uid: marks.urgent_studies(connection, [uid]).get(uid, ())
        for uid in _values(connection, study_urgency, "study_instance_uid", ids["study_urgency"])
    }
    headers = tuple(_headers(connection, ids["image_header"]))
    return current, News(
        headers=headers,
        standing=standing,
        studies_read={uid: uid in read for uid in marked},
        studies_urgent=urgent,
        predictions=tuple(
            p for some in _fews(ids["remembered_prediction"]) for p in predictions.in_rows(connection, some)
        ),
        annotated=tuple(_frames(connection, annotation, ids["annotation"])),
        are_models_changed=bool(ids["promotion"] or ids["evaluation"]),
        are_findings_changed=bool(ids["added_finding"]),
        parts=_parts(connection, headers, ids["alike"]),
        answered_by=answered.answered_by(connection, list(dict.fromkeys(uid for uid, _ in reviewed))),
    )


def _parts(connection: Connection, headers: Sequence[Header], rows: Sequence[int]) -> dict[str, Part]:
    """The parts of images that are new, and of those that share a film with another unit since."""
    kin = likeness.kinship(connection) if headers or rows else likeness.Kinship()
    uids = [header.sop_instance_uid for header in headers]
    for some in _fews(rows):
        uids += likeness.images_together(connection, kin, likeness.images_of_rows(connection, some))
    return parts.parts_of(connection, list(dict.fromkeys(uids)), kin)


def _headers(connection: Connection, ids: Sequence[int]) -> Iterator[Header]:
    """Images that somebody added or found elsewhere, as they are known now."""
    for some in _fews(_values(connection, image_header, "sop_instance_uid", ids)):
        yield from images.of_images(connection, some)


def _frames(connection: Connection, table: Table, ids: Sequence[int]) -> list[tuple[str, int]]:
    """The frames that some rows are about, each once."""
    found: dict[tuple[str, int], None] = {}
    for some in _fews(ids):
        rows = connection.execute(select(table.c.sop_instance_uid, table.c.frame).where(table.c.id.in_(some)))
        found |= dict.fromkeys((uid, frame) for uid, frame in rows)
    return list(found)


def _values(connection: Connection, table: Table, column: str, ids: Sequence[int]) -> list[str]:
    """What stands in a column of some rows, each value once."""
    found: dict[str, None] = {}
    for some in _fews(ids):
        found |= dict.fromkeys(
            connection.execute(select(table.c[column]).where(table.c.id.in_(some))).scalars()
        )
    return list(found)


T = TypeVar("T")


def _fews(many: Sequence[T]) -> Iterator[Sequence[T]]:
    """Not more at a time than a database takes in one question."""
    for first in range(0, len(many), _AT_ONCE):
        yield many[first : first + _AT_ONCE]
