"""Remembered predictions: a cache, so that a worklist shows suggestions without asking anew.

What a reader saw when deciding is kept with the decision (`Review.shown`), never here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from inference.prediction import FindingProbability, Prediction
from reviews.tables import remembered_prediction

_KEY = ("sop_instance_uid", "frame", "model")


def remember(connection: Connection, predictions: Sequence[Prediction]) -> None:
    """Keep predictions, each in the place of an earlier one of the same model for the same frame."""
    latest = {(p.sop_instance_uid, p.frame, p.model): p for p in predictions}
    table = remembered_prediction
    for (uid, frame, model), prediction in latest.items():
        connection.execute(
            delete(table).where(
                table.c.sop_instance_uid == uid, table.c.frame == frame, table.c.model == model
            )
        )
        said = {name: value for name, value in asdict(prediction).items() if name not in _KEY}
        connection.execute(
            insert(table),
            {"sop_instance_uid": uid, "frame": frame, "model": model, "said": json.dumps(said)},
        )


def remembered(connection: Connection, model: str | None = None) -> dict[tuple[str, int, str], Prediction]:
    """Predictions by (SOPInstanceUID, frame, model id), of one model or of all."""
    conditions = () if model is None else (remembered_prediction.c.model == model,)
    found = _as_predictions(connection, *conditions)
    return {(p.sop_instance_uid, p.frame, p.model): p for p in found}


def of_images(connection: Connection, uids: Sequence[str]) -> list[Prediction]:
    """What any model said of some images."""
    return _as_predictions(connection, remembered_prediction.c.sop_instance_uid.in_(uids))


def in_rows(connection: Connection, ids: Sequence[int]) -> list[Prediction]:
    return _as_predictions(connection, remembered_prediction.c.id.in_(ids))


def _as_predictions(connection: Connection, *conditions: ColumnElement[bool]) -> list[Prediction]:
    table = remembered_prediction
    query = select(table.c.sop_instance_uid, table.c.frame, table.c.model, table.c.said).where(*conditions)
    rows = connection.execute(query)
    return [_as_prediction(uid, frame, model, json.loads(said)) for uid, frame, model, said in rows]


def _as_prediction(uid: str, frame: int, model: str, said: dict[str, Any]) -> Prediction:
    return Prediction(
        sop_instance_uid=uid,
        frame=frame,
        model=model,
        findings=tuple(FindingProbability(f["name"], f["probability"]) for f in said["findings"]),
        suggestion=said["suggestion"],
        uncertainty=said["uncertainty"],
        warnings=tuple(said["warnings"]),
        elapsed_ms=said["elapsed_ms"],
        device=said["device"],
        margin=said.get("margin"),
        agreement=said.get("agreement"),
        unfamiliarity=said.get("unfamiliarity"),
        lung_share=said.get("lung_share"),
        weights_sha256=said.get("weights_sha256", ""),
    )
