"""What a reader was shown is kept with the hash of what made it: model, re-fitted head, before and after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
from PySide6.QtWidgets import QApplication

from inference.adapted import AdaptedHead
from inference.card import ModelCard
from reviews.export import audit_rows
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.gui.test_adapting import COUNT, decide, folder, open_films, starter

__all__ = ["folder"]
pytestmark = pytest.mark.timeout(300)


def another(desk: Desk, tmp_path: Path) -> ModelCard:
    """A model of other weights, in the same family."""
    own = starter(desk)
    weights = safetensors.torch.load_file(desk.place.registry.weights_path(own))
    path = tmp_path / "other.safetensors"
    safetensors.torch.save_file(
        {name: value * 1.01 if value.is_floating_point() else value for name, value in weights.items()}, path
    )
    return desk.place.registry.add(replace(own, name="Other", companions={}, weights_sha256=""), path)


def accept_row(desk: Desk, number: int) -> dict[str, Any]:
    """Accept what is suggested of a film; the last row of the audit."""
    desk.choose_row(number)
    QApplication.processEvents()
    key = desk.key
    assert key is not None
    desk.until(lambda: desk.window.reading.viewer.image is not None)
    desk.until(lambda: key in desk.station.library.predictions)
    before = len(desk.place.store.history())
    desk.station.reading.accept()
    desk.until(lambda: len(desk.place.store.history()) > before)
    decisions = [row for row in audit_rows(desk.place.store) if row["event"] == "decision"]
    return decisions[-1]


def use(desk: Desk, card: ModelCard) -> None:
    desk.station.learning.use(card.id, "")
    desk.until(lambda: said_by(desk) == {card.weights_sha256})


def said_by(desk: Desk) -> set[str]:
    """The hashes of what every film's suggestion was made by."""
    return {prediction.weights_sha256 for prediction in desk.station.library.predictions.values()}


def test_every_suggestion_that_was_shown_names_what_made_it(
    open_desk: OpenDesk, folder: Path, tmp_path: Path
) -> None:
    desk = open_desk()
    fitted = open_films(desk, folder)
    desk.until(lambda: len(desk.station.library.predictions) == COUNT)
    own = starter(desk)
    first = accept_row(desk, 0)
    assert (first["model"], first["shown"]["weights_sha256"]) == ("starter", own.weights_sha256)
    assert "beside" not in first["shown"], "nothing was fitted yet"

    decide(desk, "covid-19")  # of the next film, to which accepting went on
    desk.until(lambda: fitted and fitted[-1].reviews == 2)
    desk.until(lambda: all(row.adapted is not None for row in desk.rows))
    second = accept_row(desk, 3)
    head = AdaptedHead.read(desk.place.adapted_head_path(own))
    beside = second["shown"]["beside"]
    assert second["shown"]["weights_sha256"] == own.weights_sha256
    assert beside["model"] == "adapted"
    assert beside["weights_sha256"] not in ("", own.weights_sha256)
    assert len(beside["weights_sha256"]) == len(head.sha256_on(own)) == 64

    other = another(desk, tmp_path)
    use(desk, other)
    third = accept_row(desk, 5)
    assert (third["model"], third["shown"]["weights_sha256"]) == (other.id, other.weights_sha256)
    desk.station.learning.roll_back()
    desk.until(lambda: said_by(desk) == {own.weights_sha256})
    fourth = accept_row(desk, 6)
    assert (fourth["model"], fourth["shown"]["weights_sha256"]) == ("starter", own.weights_sha256)
    kept = [row["shown"] for row in audit_rows(desk.place.store) if row["event"] == "decision"]
    assert [shown["weights_sha256"] for shown in kept if shown["suggestion"]] == [
        own.weights_sha256, own.weights_sha256, own.weights_sha256, other.weights_sha256, own.weights_sha256,
    ]  # fmt: skip
