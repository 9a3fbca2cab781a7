"""What a reader did last, be it a decision or an annotation: taken back and repeated in that order.

The two kinds are rows of two tables, and the times of the rows order them. Nothing else is kept, so the
order is the same after a restart. Where a clock was set back, each kind still keeps its own order.
"""

from __future__ import annotations

from sqlalchemy import Connection

from reviews import annotations as annotation_rows
from reviews import decisions
from reviews.record import Annotation, Review


def undo(connection: Connection, reader: str) -> Review | tuple[Annotation, ...]:
    """Take back a reader's latest act: the new row or rows; none where nothing is left."""
    decision = decisions.latest_in_force(connection, reader)
    annotation = annotation_rows.latest_in_force(connection, reader)
    if decision is not None and (annotation is None or decision.time > annotation.time):
        return decisions.undo(connection, reader) or ()
    return annotation_rows.undo(connection, reader)


def redo(connection: Connection, reader: str) -> Review | tuple[Annotation, ...]:
    """Take back a reader's latest undo; none where they have done something since."""
    decision = decisions.latest_undo(connection, reader)
    annotation = annotation_rows.latest_undo(connection, reader)
    # An act of the other kind ends redoing too.
    if decision is not None and decision.time < annotation_rows.latest_time(connection, reader):
        decision = None
    if annotation is not None and annotation.time < decisions.latest_time(connection, reader):
        annotation = None
    if decision is not None and (annotation is None or decision.time > annotation.time):
        return decisions.redo(connection, reader) or ()
    return () if annotation is None else annotation_rows.redo(connection, reader)
