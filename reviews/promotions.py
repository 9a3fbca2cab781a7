"""Rows of models: which are in use since when and by whose word, and what evaluations found."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, func, select

from reviews.clock import now
from reviews.decisions import is_taken_back
from reviews.errors import InvalidReview
from reviews.record import KeptEvaluation, Promotion
from reviews.tables import evaluation, promotion


def promote(connection: Connection, new: Promotion) -> bool:
    """Put a model in use; False, and no row, where it is in use already."""
    if not new.model or not new.reader.strip():
        raise InvalidReview("A promotion names no model or no person; expected the names of both.")
    if in_use(connection).get(new.family) == new.model:
        return False
    _insert(connection, new)
    return True


def roll_back(connection: Connection, family: str, reader: str, reason: str) -> str | None:
    """Take back the promotion in force; the model in use after it, None for the bundled default.

    Where nothing is promoted the bundled default is in use and no row is added.
    """
    if not reader.strip():
        raise InvalidReview("A roll-back names no person; expected the name of who rolls back.")
    in_force = connection.execute(
        select(promotion.c.id, promotion.c.model)
        .where(promotion.c.family == family, promotion.c.takes_back.is_(None), ~is_taken_back(promotion))
        .order_by(promotion.c.id.desc())
        .limit(2)
    ).all()
    if not in_force:
        return None
    model = in_force[1].model if len(in_force) > 1 else ""
    _insert(connection, Promotion(model, family, reader, reason, takes_back=in_force[0].id))
    return model or None


def in_use(connection: Connection) -> dict[str, str]:
    """The promoted model of each family that has one."""
    latest = (
        select(func.max(promotion.c.id))
        .where(promotion.c.takes_back.is_(None), ~is_taken_back(promotion))
        .group_by(promotion.c.family)
    )
    rows = connection.execute(select(promotion.c.family, promotion.c.model).where(promotion.c.id.in_(latest)))
    return {row.family: row.model for row in rows}


def history(connection: Connection) -> list[Promotion]:
    """Every promotion and roll-back in order."""
    rows = connection.execute(select(promotion).order_by(promotion.c.id))
    return [Promotion(**row._mapping) for row in rows]


def _insert(connection: Connection, new: Promotion) -> None:
    connection.execute(
        promotion.insert(),
        {
            "model": new.model,
            "family": new.family,
            "reader": new.reader,
            "reason": new.reason,
            "verdict": new.verdict,
            "time": now(),
            "takes_back": new.takes_back,
        },
    )


def keep_evaluation(connection: Connection, model: str, kind: str, figures: dict[str, Any]) -> None:
    connection.execute(
        evaluation.insert(),
        {"model": model, "kind": kind, "figures": json.dumps(figures), "time": now()},
    )


def evaluations(connection: Connection, model: str) -> list[KeptEvaluation]:
    """What was kept of a model, oldest first."""
    rows = connection.execute(select(evaluation).where(evaluation.c.model == model).order_by(evaluation.c.id))
    return [KeptEvaluation(row.model, row.kind, json.loads(row.figures), row.time, row.id) for row in rows]
