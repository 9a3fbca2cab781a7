"""What is told of a training while it runs, and of one that ran elsewhere."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from widgets.training_run import RunView

FEW = "1 image of the training part shows “COVID-19 pattern”; with fewer than 10 a model learns little"


@pytest.fixture
def view(qtbot: QtBot, themed: QApplication) -> RunView:
    made = RunView()
    qtbot.addWidget(made)
    made.show()
    return made


def texts(view: RunView) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def test_what_to_know_before_a_training_is_said_in_sentences_and_once(view: RunView) -> None:
    view.begin("")
    for _ in range(2):  # it was resumed
        view.on_event({"event": "plan", "device": "cpu", "hints": [FEW, "no film is replayed."]})
    told = texts(view)
    assert told.count(f"{FEW}.") == 1
    assert "No film is replayed.\n" in told


def test_a_result_that_was_learned_elsewhere_stands_above_no_empty_curves(view: RunView) -> None:
    view.begin("")
    view.on_event({"event": "plan", "device": "cpu"})
    assert view.loss.isVisible()
    view.on_event({"event": "done", "epoch_kept": 0})
    assert "Done." in texts(view)
    assert not view.loss.isVisible()
    assert not view.validation.isVisible()
    view.begin("")
    view.on_event({"event": "epoch", "epoch": 1, "epochs": 2, "loss": 1.0})
    view.on_event({"event": "done", "epoch_kept": 1})
    assert view.loss.isVisible()
