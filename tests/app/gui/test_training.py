"""From decisions to a better model in the window: train, compare, promote, roll back; cancel; come back."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox

from app.workplace import Workplace
from inference.card import ModelCard
from reviews.normalise import complete
from reviews.record import Review
from studies.reader import read_header
from tests.app.conftest import Overread
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import FINDINGS

pytestmark = pytest.mark.timeout(400)
TRAINING_MS = 180_000  # a process that loads torch, at low priority, on a busy machine


@pytest.fixture
def decided(data_dir: Path, bundled: Path, hospital: Path) -> None:
    """48 films on which a reader has decided."""
    place = Workplace(data_dir, bundled)
    card = place.registry.find("starter")
    rows = [line.split(",") for line in (hospital / "labels.csv").read_text().splitlines()[1:]]
    headers = [read_header(hospital / file) for file, _, _ in rows]
    place.store.add_images(headers)
    for header, (_, label, _) in zip(headers, rows, strict=True):
        place.store.append(Review(header.sop_instance_uid, 1, "A. Smith", complete(card, {label: "present"})))
    place.close()


def start_training(desk: Desk, epochs: int) -> list[dict[str, Any]]:
    """Go to the training page, choose, press the button; the events as they will come."""
    told: list[dict[str, Any]] = []
    desk.station.learning.run_event.connect(told.append)
    panel = desk.window.training
    desk.click(desk.window, "Training")
    assert desk.window.page == 1
    desk.until(lambda: desk.button(panel, "Start training").isEnabled())
    models = next(c for c in panel.findChildren(QComboBox) if c.accessibleName() == "Model to tune")
    models.setCurrentIndex(models.findData("starter"))
    next(s for s in panel.findChildren(QSpinBox) if s.accessibleName() == "Epochs").setValue(epochs)
    desk.click(panel, "Start training")
    assert not desk.button(panel, "Start training").isEnabled()
    return told


def in_use(desk: Desk) -> set[str]:
    other = Workplace(desk.place.folder, desk.place.bundled)
    try:
        return {card.id for card in other.models_in_use()}
    finally:
        other.close()


def suggested_by(desk: Desk) -> set[str]:
    return {prediction.model for prediction in desk.station.library.predictions.values()}


def models_made(desk: Desk) -> list[ModelCard]:
    return [card for card in desk.place.registry.cards() if not card.bundled]


@pytest.mark.usefixtures("decided")
def test_a_training_is_followed_promoted_and_rolled_back(open_desk: OpenDesk) -> None:
    desk = open_desk()
    panel = desk.window.training
    told = start_training(desk, epochs=1)
    desk.until(lambda: told and told[-1]["event"] == "done", TRAINING_MS)
    assert [e["event"] for e in told if e["event"] != "prepare"] == ["plan", "epoch", "done"]
    candidate = told[-1]["model"]
    assert in_use(desk) == {"starter", "phantom"}, "nobody has promoted it"

    # The comparison stands there, and a promotion against the gate wants a reason.
    desk.until(lambda: desk.button(panel, "Discard").isVisible())
    assert told[-1]["gate"]["reasons"][0].split()[0] in desk.texts(panel)
    reason = next(f for f in panel.findChildren(QLineEdit) if f.accessibleName() == "Reason for promoting")
    if not told[-1]["gate"]["passed"]:
        assert not desk.button(panel, "Promote").isEnabled()
    reason.setText("to see it at work")
    desk.click(panel, "Promote")
    desk.until(lambda: in_use(desk) == {candidate, "phantom"})
    (promotion,) = desk.place.store.promotions()
    assert (promotion.reader, promotion.reason) == ("A. Smith", "to see it at work")
    assert promotion.verdict == told[-1]["gate"]["verdict"]
    desk.until(lambda: "in use from now on" in desk.texts(panel))
    assert not desk.button(panel, "Promote").isEnabled()

    # It speaks from now on, also after a restart.
    desk.until(lambda: suggested_by(desk) == {candidate})
    desk.until(lambda: "fine-tuned" in desk.window.model_label.text())
    desk.close()
    desk = open_desk()
    panel = desk.window.training
    desk.until(lambda: "fine-tuned" in desk.window.model_label.text())
    desk.until(lambda: suggested_by(desk) == {candidate})

    desk.click(desk.window, "Training")
    desk.until(lambda: desk.button(panel, "Roll back").isEnabled())
    desk.click(panel, "Roll back")
    desk.until(lambda: in_use(desk) == {"starter", "phantom"})
    desk.until(lambda: suggested_by(desk) == {"starter"})
    desk.until(lambda: not desk.button(panel, "Roll back").isEnabled())


@pytest.mark.usefixtures("decided")
def test_a_training_outlives_the_window_and_can_be_cancelled_from_the_next(open_desk: OpenDesk) -> None:
    desk = open_desk()
    told = start_training(desk, epochs=500)
    desk.until(lambda: told and told[-1]["event"] == "epoch", TRAINING_MS)
    assert "training: epoch" in desk.texts(desk.window.status)
    desk.close()

    desk = open_desk()
    seen: list[dict[str, Any]] = []
    desk.station.learning.run_event.connect(seen.append)
    desk.until(lambda: len([e for e in seen if e["event"] == "epoch"]) > len(told), TRAINING_MS)
    desk.click(desk.window, "Training")
    panel = desk.window.training
    desk.until(lambda: desk.button(panel, "Cancel").isVisible())
    desk.click(panel, "Cancel")
    desk.until(lambda: seen[-1]["event"] == "cancelled", TRAINING_MS)
    assert "Cancelled" in desk.texts(panel)
    assert models_made(desk) == []
    assert in_use(desk) == {"starter", "phantom"}
    desk.until(lambda: desk.button(panel, "Start training").isEnabled())
    assert "training:" not in desk.texts(desk.window.status)


def test_without_a_decision_the_button_says_why_it_cannot_be_pressed(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.click(desk.window, "Training")
    panel = desk.window.training
    desk.until(lambda: "no decisions" in desk.texts(panel))
    assert not desk.button(panel, "Start training").isEnabled()


@pytest.mark.usefixtures("decided")
def test_a_training_that_was_killed_leaves_the_model_alone_and_is_resumed(open_desk: OpenDesk) -> None:
    desk = open_desk()
    panel = desk.window.training
    told = start_training(desk, epochs=500)
    desk.until(lambda: told and told[-1]["event"] == "epoch", TRAINING_MS)
    (pid_file,) = desk.place.runs_folder.glob("*/pid")
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    desk.until(lambda: desk.button(panel, "Resume").isVisible())
    assert "ended without a word" in desk.texts(panel)
    assert in_use(desk) == {"starter", "phantom"}
    last = told[-1]["epoch"]
    told.clear()
    desk.close()

    desk = open_desk()  # offered again after a restart
    panel = desk.window.training
    desk.station.learning.run_event.connect(told.append)
    desk.click(desk.window, "Training")
    desk.until(lambda: desk.button(panel, "Resume").isVisible())
    desk.click(panel, "Resume")
    desk.until(lambda: any(e["event"] == "epoch" for e in told), TRAINING_MS)
    resumed = next(e["epoch"] for e in told if e["event"] == "epoch")
    assert resumed in (last + 1, last + 2)  # an epoch may have ended between the last look and the kill
    desk.click(panel, "Cancel")
    desk.until(lambda: told[-1]["event"] == "cancelled", TRAINING_MS)
    assert desk.button(panel, "Resume").isVisible()


@pytest.mark.usefixtures("decided")
def test_a_model_promoted_while_the_one_before_is_still_asked_answers_every_film(
    open_desk: OpenDesk, overread: Overread, bundled: Path
) -> None:
    mine = overread(
        "models", "import", bundled / "starter" / "weights.safetensors", "--arch", "test_resnet",
        "--findings", ",".join(FINDINGS), "--input-size", 64, "--mean", "0.5", "--std", "0.25",
    ).line["id"]  # fmt: skip
    desk = open_desk()
    desk.until(lambda: sum(row.is_waiting for row in desk.rows) == 48)  # the worker is not up yet
    desk.station.learning.promote(mine, "")
    desk.until(lambda: len(desk.station.library.predictions) == 48)
    assert suggested_by(desk) == {mine}


@pytest.mark.usefixtures("decided")
def test_a_candidate_that_a_command_made_stands_on_the_training_page_until_somebody_decides(
    open_desk: OpenDesk, overread: Overread
) -> None:
    train = (
        "train", "--model", "starter", "--depth", "head", "--epochs", 1, "--device", "cpu", "--threads", 1,
        "--bootstrap", 50,
    )  # fmt: skip
    done = overread(*train).lines[-1]
    assert done["event"] == "done"
    desk = open_desk()
    panel = desk.window.training
    desk.click(desk.window, "Training")
    desk.until(lambda: desk.button(panel, "Promote").isVisible())
    assert done["gate"]["reasons"][0].split()[0] in desk.texts(panel)
    reason = next(f for f in panel.findChildren(QLineEdit) if f.accessibleName() == "Reason for promoting")
    reason.setText("to see it at work")
    desk.click(panel, "Promote")
    desk.until(lambda: in_use(desk) == {done["model"], "phantom"})
    desk.until(lambda: "in use from now on" in desk.texts(panel))
    desk.until(lambda: desk.button(panel, "Roll back").isEnabled())
    desk.click(panel, "Roll back")
    desk.until(lambda: "The candidate was in use and is not any more." in desk.texts(panel))
    assert in_use(desk) == {"starter", "phantom"}
    desk.close()

    desk = open_desk()
    shown: list[str] = []
    desk.station.learning.compared.connect(lambda comparison: shown.append(comparison.model_id))
    desk.click(desk.window, "Training")
    desk.until(lambda: desk.station.learning._looks_elsewhere)
    looked: list[bool] = []  # the store answers in turn, so this comes after what was looked for
    desk.station.learning._store_jobs.submit(lambda: True, looked.append, print)
    desk.until(lambda: looked)
    again = overread(*train, "--seed", 1).lines[-1]  # while the window is open
    assert again["model"] != done["model"]
    desk.until(lambda: desk.button(desk.window.training, "Discard").isVisible(), 60_000)
    assert shown == [again["model"]], "nobody is asked again about the one that was decided on"
