"""What was decided, for other programs: rows of plain values, and the same as CSV."""

from __future__ import annotations

import csv
import heapq
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reviews.errors import ExportUnwritable
from reviews.record import AddedFinding, Promotion, Review, Shown, StudyMark, UrgencyMark
from reviews.store import Store
from studies.image import Header

RowValues = dict[str, Any]

_BEFORE_FINDINGS = ("path", "sop_instance_uid", "frame", "reader", "time")
_AFTER_FINDINGS = ("model", "suggestion", "probabilities", "note", "accepted")
_AUDIT_COLUMNS = (
    "event",
    "id",
    "time",
    "reader",
    "takes_back",
    "second_read_of",
    "path",
    "sop_instance_uid",
    "frame",
    "findings",
    "model",
    "shown",
    "note",
    "accepted",
    "family",
    "reason",
    "verdict",
    "study_instance_uid",
    "finding",
    "display",
)
# A spreadsheet takes a cell that begins with one of these for a formula and runs it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


# -- rows ----------------------------------------------------------------------------------------


def label_rows(store: Store) -> list[RowValues]:
    """One object for each decision that stands, in the order in which they were made."""
    headers = {h.sop_instance_uid: h for h in store.headers()}
    return [review_row(r, headers[r.sop_instance_uid]) for r in store.standing_reviews()]


def review_row(review: Review, header: Header) -> RowValues:
    """A decision as `export labels --json` and `review --json` print it."""
    return {
        "path": header.path,
        "sop_instance_uid": review.sop_instance_uid,
        "frame": review.frame,
        "reader": review.reader,
        "time": review.time,
        "findings": dict(review.findings),
        "model": review.shown.model if review.shown is not None else None,
        "shown": _shown(review.shown),
        "note": review.note,
        "accepted": review.is_acceptance,
    }


def audit_rows(store: Store) -> list[RowValues]:
    """Everything that was ever recorded, in order: decisions, what took them back, promotions, marks.

    `event` is ``decision``, ``undo``, ``redo``, ``promotion``, ``roll back``, ``study read``,
    ``study unread``, ``study urgent``, ``study not urgent``, ``finding added`` or ``finding taken away``;
    ids count within decisions, promotions, findings and each of the two kinds of marks. `second_read_of`
    names the decision that was read a second time.
    """
    headers = {h.sop_instance_uid: h for h in store.headers()}
    reviews = store.history()
    undo_ids = {r.id for r in reviews if r.takes_back is not None}
    streams: tuple[Iterator[RowValues], ...] = (
        (_audited(r, headers[r.sop_instance_uid], undo_ids) for r in reviews),
        (_audited_promotion(p) for p in store.promotions()),
        (_audited_mark(m) for m in store.study_marks()),
        (_audited_urgency(m) for m in store.urgency_marks()),
        (_audited_finding(n, a, is_gone) for n, (a, is_gone) in enumerate(store.findings_history(), start=1)),
    )
    # Merged by time, but each stream in its own order even where a clock was set back.
    return list(heapq.merge(*streams, key=lambda row: str(row["time"])))


def _shown(shown: Shown | None) -> RowValues | None:
    if shown is None:
        return None
    told: RowValues = {
        "suggestion": shown.suggestion,
        "probabilities": dict(shown.probabilities),
        "weights_sha256": shown.weights_sha256 or None,
    }
    if shown.beside is not None:
        told["beside"] = {"model": shown.beside.model} | (_shown(shown.beside) or {})
    return told


def _audited(review: Review, header: Header, undo_ids: set[int]) -> RowValues:
    event = "decision"
    if review.takes_back is not None:
        event = "redo" if review.takes_back in undo_ids else "undo"
    row = review_row(review, header)
    links = {"takes_back": review.takes_back, "second_read_of": review.second_read_of}
    return {"event": event, "id": review.id, **row, **links}


def _audited_promotion(promotion: Promotion) -> RowValues:
    return {
        "event": "promotion" if promotion.takes_back is None else "roll back",
        "id": promotion.id,
        "reader": promotion.reader,
        "time": promotion.time,
        "model": promotion.model or None,
        "family": promotion.family,
        "reason": promotion.reason,
        "verdict": promotion.verdict,
        "takes_back": promotion.takes_back,
    }


def _audited_mark(mark: StudyMark) -> RowValues:
    return {
        "event": "study read" if mark.is_read else "study unread",
        "id": mark.id,
        "reader": mark.reader,
        "time": mark.time,
        "study_instance_uid": mark.study_instance_uid,
    }


def _audited_urgency(mark: UrgencyMark) -> RowValues:
    return {
        "event": "study urgent" if mark.is_urgent else "study not urgent",
        "id": mark.id,
        "reader": mark.reader,
        "time": mark.time,
        "study_instance_uid": mark.study_instance_uid,
    }


def _audited_finding(number: int, added: AddedFinding, is_taken_away: bool) -> RowValues:
    return {
        "event": "finding taken away" if is_taken_away else "finding added",
        "id": number,
        "reader": added.reader,
        "time": added.time,
        "family": added.family,
        "finding": added.name,
        "display": added.display,
    }


# -- CSV -----------------------------------------------------------------------------------------


def write_labels_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write label rows with a column for each finding; a finding that a review does not name is empty.

    A finding that is called like another column has ``finding `` before its name.
    """
    findings = list(dict.fromkeys(name for row in rows for name in row["findings"]))
    taken = {*_BEFORE_FINDINGS, *_AFTER_FINDINGS}
    titles = [f"finding {name}" if name in taken else name for name in findings]
    table: list[list[Any]] = [[*_BEFORE_FINDINGS, *titles, *_AFTER_FINDINGS]]
    for row in rows:
        shown = row["shown"] or {"suggestion": None, "probabilities": {}}
        table.append(
            [
                *(row[name] for name in _BEFORE_FINDINGS),
                *(row["findings"].get(name) for name in findings),
                row["model"],
                shown["suggestion"],
                shown["probabilities"] or None,
                row["note"],
                row["accepted"],
            ]
        )
    write_csv(table, path)


def write_audit_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write audit rows; objects within a row are JSON, what an event has no word for is empty."""
    table: list[list[Any]] = [list(_AUDIT_COLUMNS)]
    table += [[row.get(name) for name in _AUDIT_COLUMNS] for row in rows]
    write_csv(table, path)


def write_csv(table: Sequence[Sequence[Any]], path: Path) -> None:
    """Write UTF-8 beside the place and rename: a file that was there is whole or replaced."""
    unfinished: Path | None = None
    try:
        # Bytes of an undecodable file name come out as they were.
        with tempfile.NamedTemporaryFile(
            "w",
            dir=path.parent,
            prefix=f".{path.name}.",
            encoding="utf-8",
            errors="surrogateescape",
            newline="",
            delete=False,
        ) as file:
            unfinished = Path(file.name)
            csv.writer(file).writerows([_cell(value) for value in row] for row in table)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
        raise ExportUnwritable(
            f"{path} could not be written: {error.strerror or error}; "
            "expected a folder in which this user may write and that has room."
        ) from error


def _cell(value: Any) -> str:
    """Text of a cell, with an apostrophe before what a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
