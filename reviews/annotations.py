"""Rows of annotations: drawing, changing, deleting, taking back, and what stands after it all.

A row holds an annotation whole, so the latest row of its uuid is the annotation as it stands. One act of
a reader (deleting all that they drew on a film, for instance) may be several rows; `undo` takes back an
act, and `redo` an undo, with rows that name what they take back, exactly as decisions do it. Only the
reader who drew an annotation changes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, exists, func, insert, select

from reviews.clock import now
from reviews.decisions import is_taken_back
from reviews.errors import InvalidAnnotation
from reviews.images import require_frame
from reviews.record import POINTS, REGIONS, Annotation
from reviews.tables import annotation, image


def annotate(connection: Connection, changes: Sequence[Annotation]) -> tuple[Annotation, ...]:
    """Record annotations as they are now, all as one act; the same with their ids, uuids and times.

    Raises
    ------
    InvalidAnnotation
        It names no reader, has points that are none or too few, says nothing where it is a text, or is
        another reader's.
    UnknownImage
        Its image or its frame is not in the store.
    """
    act, time = uuid4().hex, now()
    recorded = []
    for change in changes:
        _require_sound(change)
        require_frame(connection, change.sop_instance_uid, change.frame, "an annotation")
        before = _latest(connection, annotation.c.uuid == change.uuid) if change.uuid else None
        if before is not None:
            _require_same(before, change)
        named = replace(change, uuid=change.uuid or uuid4().hex, act=act, time=time, takes_back=None)
        recorded.append(_insert(connection, named))
    return tuple(recorded)


def _require_sound(new: Annotation) -> None:
    if not new.reader.strip():
        raise InvalidAnnotation("An annotation names no reader; expected the name of the person who drew it.")
    expected = POINTS.get(new.kind)
    if expected is None:
        raise InvalidAnnotation(f"An annotation is a {new.kind!r}; expected one of {', '.join(POINTS)}.")
    is_outline = new.kind in REGIONS and len(new.points) > expected
    if len(new.points) != expected and not is_outline:
        raise InvalidAnnotation(
            f"An annotation ({new.kind}) has {len(new.points)} points; expected {expected}."
        )
    if not all(math.isfinite(part) for point in (*new.points, new.label_at or ()) for part in point):
        raise InvalidAnnotation(f"An annotation ({new.kind}) has a point that is no place; expected numbers.")
    if new.kind == "text" and not new.text.strip() and not new.is_deleted:
        raise InvalidAnnotation("A text on a film says nothing; expected words.")
    if new.kind in REGIONS and not new.text.strip():
        raise InvalidAnnotation(f"A region ({new.kind}) is of no finding; expected the finding's name.")


def _require_same(before: Annotation, change: Annotation) -> None:
    if before.reader != change.reader:
        raise InvalidAnnotation(f"This annotation is {before.reader}'s; only who drew it changes it.")
    same = (before.sop_instance_uid, before.frame, before.kind)
    if same != (change.sop_instance_uid, change.frame, change.kind):
        raise InvalidAnnotation("An annotation was moved to another film; expected the film it was drawn on.")


# -- taking back ---------------------------------------------------------------------------------


def undo(connection: Connection, reader: str) -> tuple[Annotation, ...]:
    """Take back a reader's latest act in force; the new rows, none where there is nothing to take back."""
    latest = latest_in_force(connection, reader)
    return () if latest is None else _take_back(connection, latest.act)


def redo(connection: Connection, reader: str) -> tuple[Annotation, ...]:
    """Take back a reader's latest undo; nothing where there is none since their latest act."""
    latest = latest_undo(connection, reader)
    return () if latest is None else _take_back(connection, latest.act)


def latest_in_force(connection: Connection, reader: str) -> Annotation | None:
    """A reader's latest row that was not taken back: of the act that `undo` would take back."""
    return _latest(connection, annotation.c.reader == reader, _is_act_in_force())


def latest_undo(connection: Connection, reader: str) -> Annotation | None:
    """A reader's latest undo that stands, if it came after their latest act: what `redo` takes back."""
    own = annotation.alias("own_act")
    latest_act = (
        select(func.max(own.c.id)).where(own.c.reader == reader, own.c.takes_back.is_(None)).scalar_subquery()
    )
    return _latest(
        connection, annotation.c.reader == reader, _is_undo_in_force(), annotation.c.id > latest_act
    )


def latest_time(connection: Connection, reader: str) -> str:
    """When a reader last drew or changed something, taken back or not; empty where they never did."""
    row = _latest(connection, annotation.c.reader == reader, annotation.c.takes_back.is_(None))
    return "" if row is None else row.time


def _take_back(connection: Connection, act: str) -> tuple[Annotation, ...]:
    """Take back every row of an act: each annotation is as its rows in force leave it."""
    new_act, time = uuid4().hex, now()
    recorded = []
    for row in _rows(connection, annotation.c.act == act):
        # Taken back first, so that what is in force afterwards can be asked of the rows.
        taking = _insert_taking_back(connection, row, new_act, time)
        recorded.append(taking)
    return tuple(recorded)


def _insert_taking_back(connection: Connection, row: Annotation, act: str, time: str) -> Annotation:
    stands = _stands_without(connection, row)
    after = replace(row, is_deleted=True) if stands is None else stands
    return _insert(connection, replace(after, act=act, time=time, takes_back=row.id, reader=row.reader))


def _stands_without(connection: Connection, row: Annotation) -> Annotation | None:
    """The annotation of a row as it is once that row is taken back; None where it is not there then."""
    if row.takes_back is None:
        return _latest(
            connection, annotation.c.uuid == row.uuid, annotation.c.id != row.id, _is_act_in_force()
        )
    # An undo that is taken back puts the row that it undid in force again.
    undone = _latest(connection, annotation.c.id == row.takes_back)
    assert undone is not None  # a foreign key
    latest = _latest(connection, annotation.c.uuid == row.uuid, _is_act_in_force())
    return latest if latest is not None and latest.id > undone.id else undone


def _is_act_in_force() -> ColumnElement[bool]:
    return annotation.c.takes_back.is_(None) & ~is_taken_back(annotation)


def _is_undo_in_force() -> ColumnElement[bool]:
    acted, redo_row = annotation.alias("acted"), annotation.alias("redo_row")
    names_an_act = exists(
        select(acted.c.id).where(acted.c.id == annotation.c.takes_back, acted.c.takes_back.is_(None))
    )
    return names_an_act & ~exists(select(redo_row.c.id).where(redo_row.c.takes_back == annotation.c.id))


# -- what stands ---------------------------------------------------------------------------------


def standing(connection: Connection, study_instance_uid: str | None = None) -> list[Annotation]:
    """Every annotation as it is now, of one study or of all, deleted ones left out; in order of drawing."""
    latest = select(func.max(annotation.c.id)).group_by(annotation.c.uuid)
    query = select(annotation).where(annotation.c.id.in_(latest), ~annotation.c.is_deleted)
    if study_instance_uid is not None:
        query = query.join(image, image.c.sop_instance_uid == annotation.c.sop_instance_uid).where(
            image.c.study_instance_uid == study_instance_uid
        )
    return [_as_annotation(row) for row in connection.execute(query.order_by(annotation.c.id))]


def history(connection: Connection) -> list[Annotation]:
    """Every row in the order in which it was recorded."""
    return _rows(connection)


# -- rows ----------------------------------------------------------------------------------------


def _insert(connection: Connection, new: Annotation) -> Annotation:
    values = {
        "uuid": new.uuid,
        "act": new.act,
        "sop_instance_uid": new.sop_instance_uid,
        "frame": new.frame,
        "kind": new.kind,
        "points": json.dumps(new.points),
        "label_at": None if new.label_at is None else json.dumps(new.label_at),
        "text": new.text,
        "reader": new.reader,
        "time": new.time,
        "is_deleted": new.is_deleted,
        "takes_back": new.takes_back,
    }
    key = connection.execute(insert(annotation), values).inserted_primary_key
    assert key is not None
    return replace(new, id=int(key[0]))


def _latest(connection: Connection, *conditions: ColumnElement[bool]) -> Annotation | None:
    row = connection.execute(
        select(annotation).where(*conditions).order_by(annotation.c.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _as_annotation(row)


def _rows(connection: Connection, *conditions: ColumnElement[bool]) -> list[Annotation]:
    rows = connection.execute(select(annotation).where(*conditions).order_by(annotation.c.id))
    return [_as_annotation(row) for row in rows]


def _as_annotation(row: Row[*tuple[Any, ...]]) -> Annotation:
    values = dict(row._mapping)
    label_at = values.pop("label_at")
    return Annotation(
        **{
            **values,
            "points": tuple((r, c) for r, c in json.loads(values["points"])),
            "label_at": None if label_at is None else tuple(json.loads(label_at)),
        }
    )
