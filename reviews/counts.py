"""Figures over the rows: what was collected, and whether anything was added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from reviews import decisions
from reviews.likeness import kinship
from reviews.parts import belongings
from reviews.record import Collected, Review, ToLearn
from reviews.split import PARTS
from reviews.tables import image


def collected(connection: Connection) -> Collected:
    """Count what stands, per finding and per part."""
    standing = decisions.all_standing(connection)
    uids = list(dict.fromkeys(d.sop_instance_uid for d in standing))
    belongs = belongings(connection, uids, kinship(connection))
    images, patients = connection.execute(
        select(func.count(), func.count(image.c.split_key.distinct())).select_from(image)
    ).one()
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
        images_known=images,
        patients_known=patients,
        to_learn=_to_learn([d for d in standing if belongs[d.sop_instance_uid][1] == "train"]),
    )


def _to_learn(decisions: Sequence[Review]) -> dict[frozenset[str], ToLearn]:
    """Count decisions by the findings that they answer; one that answers none teaches nothing."""
    frames: Counter[frozenset[str]] = Counter()
    present: dict[frozenset[str], Counter[str]] = {}
    for decision in decisions:
        if all(answer == "unknown" for _, answer in decision.findings):
            continue
        asked = frozenset(name for name, _ in decision.findings)
        frames[asked] += 1
        present.setdefault(asked, Counter()).update(
            n for n, answer in decision.findings if answer == "present"
        )
    return {asked: ToLearn(count, dict(present[asked])) for asked, count in frames.items()}
