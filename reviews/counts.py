"""Figures over the rows: what was collected, and whether anything was added."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection

from reviews import decisions
from reviews.images import parts_after
from reviews.record import Collected
from reviews.split import PARTS


def collected(connection: Connection) -> Collected:
    """Count what stands, per finding and per part."""
    standing = decisions.all_standing(connection)
    belongs = {uid: (key, part) for _, uid, key, part in parts_after(connection, 0)}
    answers: Counter[tuple[str, str]] = Counter()
    for decision in standing:
        answers.update(decision.findings)
    names = dict.fromkeys(name for decision in standing for name, _ in decision.findings)
    reviewed = {decision.sop_instance_uid for decision in standing}
    return Collected(
        reviews=len(standing),
        images=len(reviewed),
        patients=len({belongs[uid][0] for uid in reviewed}),
        per_finding={
            name: (answers[name, "present"], answers[name, "absent"], answers[name, "unknown"])
            for name in names
        },
        per_part={
            part: (
                sum(belongs[uid][1] == part for uid in reviewed),
                len({belongs[uid][0] for uid in reviewed if belongs[uid][1] == part}),
            )
            for part in PARTS
        },
        images_known=len(belongs),
        patients_known=len({key for key, _ in belongs.values()}),
    )
