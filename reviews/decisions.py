"""Rows of decisions: appending, taking back, and what stands after it all.

A row that takes back (`takes_back` set) is an undo where it names a decision and a redo where it
names an undo. A decision is in force as long as no undo of it is in force, an undo as long as no
redo of it is there. On a frame the latest decision in force stands, whoever made it. Nothing of
this is kept anywhere but in the rows, so it is the same after a restart and for every process.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Row, Table, exists, func, insert, select

from reviews.clock import in_utc, now
from reviews.errors import InvalidAnswer, InvalidReview
from reviews.images import require_frame
from reviews.record import Answer, Review, Shown
from reviews.tables import review


def append(connection: Connection, new: Review) -> Review:
    """Record a decision; the same with its id and its time.

    Raises
    ------
    InvalidReview
        It names no reader, answers nothing, or is a taking back (`undo` makes those).
    InvalidAnswer, UnknownImage
        An answer is none of the three; the image or its frame is not in the store.
    """
    if not new.reader.strip():
        raise InvalidReview("A review names no reader; expected the name of the person who decided.")
    if new.takes_back is not None or new.id:
        raise InvalidReview("A review that is already recorded, or takes one back, cannot be recorded anew.")
    _require_answers(new)
    require_frame(connection, new.sop_instance_uid, new.frame, "a review")
    _require_first_read(connection, new)
    return _insert(connection, replace(new, time=in_utc(new.time) if new.time else now()))


def _require_answers(new: Review) -> None:
    if not new.findings:
        raise InvalidAnswer(
            "A review answers no finding; expected at least one that is present, absent or unknown."
        )
    names = [name for name, _ in new.findings]
    for name, answer in new.findings:
        if not name or answer not in get_args(Answer):
            raise InvalidAnswer(f"{name!r} is answered {answer!r}; expected present, absent or unknown.")
        if names.count(name) > 1:
            raise InvalidAnswer(f"{name} is answered twice in one review; expected one answer.")


def _require_first_read(connection: Connection, new: Review) -> None:
    """A second read is of a decision on the same frame."""
    if new.second_read_of is None:
        return
    first = _latest(connection, review.c.id == new.second_read_of, review.c.takes_back.is_(None))
    if first is None or (first.sop_instance_uid, first.frame) != (new.sop_instance_uid, new.frame):
        raise InvalidReview(
            f"A second read names the decision {new.second_read_of}, which is none on its frame; "
            "expected the id of the decision that was doubted."
        )


def undo(connection: Connection, reader: str) -> Review | None:
    """Take back a reader's latest decision in force; the new row, or None where there is none."""
    target = latest_in_force(connection, reader)
    if target is None:
        return None
    remaining = standing(connection, target.sop_instance_uid, target.frame, leaving_out=target.id)
    return _insert(connection, _taking_back(target, reader, remaining))


def redo(connection: Connection, reader: str) -> Review | None:
    """Take back a reader's latest undo; None where there is none since their latest decision."""
    undone = latest_undo(connection, reader)
    if undone is None:
        return None
    decided = _latest(connection, review.c.id == undone.takes_back)
    assert decided is not None  # a foreign key
    remaining = standing(connection, decided.sop_instance_uid, decided.frame)
    stands_again = remaining if remaining is not None and remaining.id > decided.id else decided
    return _insert(connection, _taking_back(undone, reader, stands_again))


def latest_in_force(connection: Connection, reader: str) -> Review | None:
    """A reader's latest decision that was not taken back: what `undo` would take back."""
    return _latest(connection, review.c.reader == reader, _is_decision_in_force())


def latest_undo(connection: Connection, reader: str) -> Review | None:
    """A reader's latest undo that stands, if it came after their latest decision: what `redo` takes back."""
    decision = review.alias("own_decision")
    latest_decision = (
        select(func.max(decision.c.id))
        .where(decision.c.reader == reader, decision.c.takes_back.is_(None))
        .scalar_subquery()
    )
    return _latest(connection, review.c.reader == reader, _is_undo_in_force(), review.c.id > latest_decision)


def latest_time(connection: Connection, reader: str) -> str:
    """When a reader last decided something, taken back or not; empty where they never did."""
    row = _latest(connection, review.c.reader == reader, review.c.takes_back.is_(None))
    return "" if row is None else row.time


def _taking_back(target: Review, reader: str, stands: Review | None) -> Review:
    return Review(
        sop_instance_uid=target.sop_instance_uid,
        frame=target.frame,
        reader=reader,
        findings=stands.findings if stands is not None else (),
        time=now(),
        takes_back=target.id,
    )


# -- what stands ---------------------------------------------------------------------------------


def standing(connection: Connection, uid: str, frame: int, *, leaving_out: int = 0) -> Review | None:
    """The decision that stands on a frame, or would stand if one were left out."""
    return _latest(
        connection,
        review.c.sop_instance_uid == uid,
        review.c.frame == frame,
        review.c.id != leaving_out,
        _is_decision_in_force(),
    )


def all_standing(connection: Connection) -> list[Review]:
    """The decision that stands on each frame that has one, in the order in which they were made."""
    latest = (
        select(func.max(review.c.id))
        .where(_is_decision_in_force())
        .group_by(review.c.sop_instance_uid, review.c.frame)
    )
    return _as_reviews(connection, review.c.id.in_(latest))


def standing_on(connection: Connection, uids: Sequence[str]) -> list[Review]:
    """The decision that stands on each frame of some images that has one."""
    latest = (
        select(func.max(review.c.id))
        .where(review.c.sop_instance_uid.in_(uids), _is_decision_in_force())
        .group_by(review.c.sop_instance_uid, review.c.frame)
    )
    return _as_reviews(connection, review.c.id.in_(latest))


def made_on(connection: Connection, uids: Sequence[str]) -> list[Review]:
    """Every decision on some images in order, also those that were taken back since."""
    return _as_reviews(connection, review.c.sop_instance_uid.in_(uids), review.c.takes_back.is_(None))


def history(connection: Connection) -> list[Review]:
    """Every row in the order in which it was recorded."""
    return _as_reviews(connection)


def is_taken_back(table: Table) -> ColumnElement[bool]:
    """Whether a row that decides is taken back by a row that is itself not taken back."""
    undo_row, redo_row = table.alias("undo_row"), table.alias("redo_row")
    return exists(
        select(undo_row.c.id).where(
            undo_row.c.takes_back == table.c.id,
            ~exists(select(redo_row.c.id).where(redo_row.c.takes_back == undo_row.c.id)),
        )
    )


def _is_decision_in_force() -> ColumnElement[bool]:
    return review.c.takes_back.is_(None) & ~is_taken_back(review)


def _is_undo_in_force() -> ColumnElement[bool]:
    decided, redo_row = review.alias("decided"), review.alias("redo_row")
    names_a_decision = exists(
        select(decided.c.id).where(decided.c.id == review.c.takes_back, decided.c.takes_back.is_(None))
    )
    return names_a_decision & ~exists(select(redo_row.c.id).where(redo_row.c.takes_back == review.c.id))


# -- rows ----------------------------------------------------------------------------------------


def _insert(connection: Connection, new: Review) -> Review:
    result = connection.execute(
        insert(review),
        {
            "sop_instance_uid": new.sop_instance_uid,
            "frame": new.frame,
            "reader": new.reader,
            "findings": json.dumps(new.findings),
            "time": new.time,
            "note": new.note,
            "shown": None if new.shown is None else json.dumps(asdict(new.shown)),
            "is_acceptance": new.is_acceptance,
            "takes_back": new.takes_back,
            "second_read_of": new.second_read_of,
        },
    )
    key = result.inserted_primary_key
    assert key is not None
    return replace(new, id=int(key[0]))


def _latest(connection: Connection, *conditions: ColumnElement[bool]) -> Review | None:
    row = connection.execute(
        select(review).where(*conditions).order_by(review.c.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _as_review(row)


def _as_reviews(connection: Connection, *conditions: ColumnElement[bool]) -> list[Review]:
    rows = connection.execute(select(review).where(*conditions).order_by(review.c.id))
    return [_as_review(row) for row in rows]


def _as_review(row: Row[*tuple[Any, ...]]) -> Review:
    id_, uid, frame, reader, findings, time, note, shown, is_acceptance, takes_back, second = row
    return Review(
        sop_instance_uid=uid,
        frame=frame,
        reader=reader,
        findings=tuple((name, answer) for name, answer in json.loads(findings)),
        time=time,
        id=id_,
        note=note,
        shown=None if shown is None else _as_shown(json.loads(shown)),
        is_acceptance=is_acceptance,
        takes_back=takes_back,
        second_read_of=second,
    )


def _as_shown(values: dict[str, Any]) -> Shown:
    return Shown(
        model=values["model"],
        suggestion=values["suggestion"],
        probabilities=tuple((name, probability) for name, probability in values["probabilities"]),
        weights_sha256=values.get("weights_sha256", ""),
        beside=_as_shown(values["beside"]) if values.get("beside") else None,
    )
