"""A search, and a training on another machine, from the window: real processes, a real server folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QTabWidget

from app.command_line import run
from app.settings import read_settings, write_settings
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.gui.test_training import TRAINING_MS, decided

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.usefixtures("decided")]

__all__ = ["decided"]


def to_training(desk: Desk, epochs: int) -> None:
    """The training page, with the starter model and so many epochs."""
    panel = desk.window.training
    desk.click(desk.window, "Training")
    desk.until(lambda: desk.button(panel, "Start training").isEnabled())
    models = next(c for c in panel.findChildren(QComboBox) if c.accessibleName() == "Model to tune")
    models.setCurrentIndex(models.findData("starter"))
    next(s for s in panel.findChildren(QSpinBox) if s.accessibleName() == "Epochs").setValue(epochs)


def to_search(desk: Desk, trials: int) -> None:
    panel = desk.window.training
    tabs = panel.findChild(QTabWidget)
    assert tabs is not None
    tabs.setCurrentIndex(1)
    next(s for s in panel.findChildren(QSpinBox) if s.accessibleName() == "Trials").setValue(trials)
    for box in panel.search.findChildren(QCheckBox):
        box.setChecked(box.text() in ("depth", "learning rate"))


def test_a_search_ends_with_a_candidate_and_its_settings_can_be_used(open_desk: OpenDesk) -> None:
    desk = open_desk()
    panel = desk.window.training
    told: list[dict[str, Any]] = []
    desk.station.search_desk.searching.told.connect(told.append)
    to_training(desk, epochs=1)
    to_search(desk, trials=3)
    desk.click(panel.search, "Start search")
    desk.until(lambda: told and told[-1]["event"] in ("done", "failed"), TRAINING_MS)
    assert told[-1]["event"] == "done", told[-1]
    assert panel.search.table.rowCount() == 3
    desk.until(lambda: desk.button(panel, "Discard").isVisible())
    assert "it became a candidate" in desk.texts(panel.search)
    best = told[-1]["search"]["trial"]
    assert desk.button(panel.search, f"Use the settings of trial {best + 1}").isVisible()
    panel.search.table.selectRow(2)  # whichever is best: the first has the settings that are usual
    desk.click(panel.search, "Use the settings of trial 3")
    wanted = [event for event in told if event["event"] == "trial" and event["trial"] == 2][-1]["parameters"]
    assert panel.choice.depth == wanted["depth"]
    assert dict(panel.choice.settings) == {"learning_rate": wanted["learning_rate"]}
    desk.close()

    desk = open_desk()  # and it is all there again
    panel = desk.window.training
    desk.until(lambda: panel.search.table.rowCount() == 3)
    desk.click(desk.window, "Training")
    desk.until(lambda: desk.button(panel, "Discard").isVisible())


def test_a_search_that_is_cancelled_can_be_resumed(open_desk: OpenDesk) -> None:
    desk = open_desk()
    panel = desk.window.training
    told: list[dict[str, Any]] = []
    desk.station.search_desk.searching.told.connect(told.append)
    to_training(desk, epochs=500)
    to_search(desk, trials=3)
    desk.click(panel.search, "Start search")
    desk.until(lambda: told and (told[-1].get("epoch", 0) > 1 or told[-1]["event"] == "failed"), TRAINING_MS)
    assert told[-1]["event"] == "trial", told[-1]
    desk.click(panel.search, "Cancel the search")
    desk.until(lambda: told[-1]["event"] == "cancelled", 20_000)
    epoch = max(e["epoch"] for e in told if e["event"] == "trial")
    desk.until(lambda: desk.button(panel.search, "Resume the search").isVisible())
    desk.click(panel.search, "Resume the search")
    desk.until(lambda: told[-1]["event"] == "trial" and told[-1]["epoch"] > epoch, TRAINING_MS)
    assert told[-1]["trial"] == 0
    desk.click(panel.search, "Cancel the search")
    desk.until(lambda: told[-1]["event"] == "cancelled", 20_000)


def test_a_training_is_sent_done_elsewhere_and_taken_back(
    open_desk: OpenDesk, data_dir: Path, bundled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = tmp_path / "server"
    server.mkdir()
    write_settings(data_dir, replace(read_settings(data_dir), jobs_folder=str(server)))
    desk = open_desk()
    panel = desk.window.training
    to_training(desk, epochs=1)
    desk.click(panel.server, "Send to the server")
    desk.until(lambda: "lies in the folder" in desk.texts(panel.server), TRAINING_MS)
    assert len(list(server.glob("*.job.zip"))) == 1
    desk.until(lambda: "no result yet" in desk.texts(panel.server))

    monkeypatch.setattr("os.nice", lambda by: 0)
    there = ["--data", str(tmp_path / "elsewhere"), "--bundled", str(bundled)]
    assert run([*there, "jobs", "run", str(server), "--threads", "1", "--json"]) == 0
    desk.until(lambda: "its result is there" in desk.texts(panel.server))
    told: list[dict[str, Any]] = []
    desk.station.learning.run_event.connect(told.append)
    desk.click(panel.server, "Take the result")
    desk.until(lambda: told and told[-1]["event"] in ("done", "failed"), TRAINING_MS)
    assert told[-1]["event"] == "done", told[-1]
    desk.until(lambda: desk.button(panel, "Discard").isVisible())
    desk.until(lambda: "its result was taken" in desk.texts(panel.server))
