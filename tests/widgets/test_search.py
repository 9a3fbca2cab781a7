"""The search in the hands of a reader: budget, trials as they come, plots, settings that are used."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from widgets.plots_search import Axis, ImportanceChart, ParallelChart, Strand
from widgets.search import SearchChoice, SearchView
from widgets.theme import TOKENS
from widgets.training import TrainingPanel

SPACE = {
    "depth": {"choices": ["head", "last", "half", "all"]},
    "learning_rate": {"low": 1e-5, "high": 1e-3, "log": True},
}


@pytest.fixture
def view(qtbot: QtBot, themed: QApplication) -> SearchView:
    widget = SearchView()
    qtbot.addWidget(widget)
    widget.resize(800, 700)
    widget.show()
    return widget


def trial(number: int, state: str, loss: float | None, best: int = -1, **more: Any) -> dict[str, Any]:
    told = {
        "event": "trial", "trial": number, "parameters": {"depth": "last", "learning_rate": 1e-4}, "epoch": 2,
        "epochs": 4, "state": state, "log_loss": loss, "reason": "", "trials": 10, "remaining_s": 300.0,
        "finished": number + (state != "running"),
        "best": {"trial": best, "log_loss": 0.5} if best >= 0 else None,
    }  # fmt: skip
    return told | more


def heard(signal: Any) -> list[Any]:
    said: list[Any] = []
    signal.connect(lambda *values: said.append(values))
    return said


def button(view: QWidget, text: str) -> QPushButton:
    return next(b for b in view.findChildren(QPushButton) if b.text().startswith(text))


def texts(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def cell(view: SearchView, row: int, column: int) -> str:
    item = view.table.item(row, column)
    assert item is not None
    return item.text()


def test_start_asks_for_the_budget_and_what_is_searched(view: SearchView) -> None:
    asked = heard(view.start_requested)
    trials, minutes = view.findChildren(QSpinBox)
    trials.setValue(12)
    minutes.setValue(30)
    for box in view.findChildren(QCheckBox):
        box.setChecked(box.text() in ("depth", "optimiser"))
    button(view, "Start").click()
    assert asked == [(SearchChoice(12, 30, ("depth", "optimiser")),)]


def test_where_several_models_answer_the_same_the_one_to_start_from_can_be_searched(view: SearchView) -> None:
    over = next(b for b in view.findChildren(QCheckBox) if b.text() == "model to start from")
    view.set_models({"starter": "Starter"})
    over.setChecked(True)
    assert not over.isVisible()
    assert view.choice.models == ()
    view.set_models({"starter": "Starter", "ab12": "Tuned"})
    assert over.isVisible()
    assert view.choice.models == ("starter", "ab12")
    assert "Starter, Tuned" in over.toolTip()
    view.begin()
    view.on_event({"event": "search", "space": {"model": {"choices": ["starter", "ab12"]}}, "finished": []})
    view.on_event(trial(0, "running", None) | {"parameters": {"model": "ab12"}})
    assert cell(view, 0, 4) == "Tuned"


def test_nothing_is_started_that_cannot_be(view: SearchView) -> None:
    for box in view.findChildren(QCheckBox):
        box.setChecked(False)
    assert not button(view, "Start").isEnabled()
    assert "Nothing to search over" in texts(view)
    view.findChildren(QCheckBox)[0].setChecked(True)
    view.set_blocked("There are no decisions.")
    assert "There are no decisions." in texts(view)
    view.set_blocked("")
    assert button(view, "Start").isEnabled()


def test_trials_stand_in_the_table_as_they_come(view: SearchView) -> None:
    view.begin()
    view.on_event({"event": "search", "space": SPACE, "finished": []})
    view.on_event(trial(0, "running", None))
    assert [cell(view, 0, c) for c in range(6)] == ["1", "running", "2", "–", "last stage", "0.0001"]
    view.on_event(trial(0, "complete", 0.5, best=0, importance={}))
    assert cell(view, 0, 1) == "best"
    view.on_event(trial(1, "complete", 0.4, best=1, importance={"depth": 0.7, "learning_rate": 0.3}))
    assert [cell(view, row, 1) for row in (0, 1)] == ["finished", "best"]
    assert view.importance.bars == (("depth", 0.7), ("learning rate", 0.3))
    assert "2 of 10 trials, about 5 min left" in texts(view)
    view.on_event(trial(2, "pruned", 0.9, best=1))
    view.on_event(trial(3, "failed", None, best=1, reason="The loss became nan."))
    assert [cell(view, row, 1) for row in (2, 3)] == ["ended early", "failed"]
    item = view.table.item(3, 1)
    assert item is not None
    assert item.toolTip() == "The loss became nan."
    assert "Best, trial 2: depth last" in view.parallel.accessibleDescription()


def test_a_resumed_search_shows_what_it_had(view: SearchView) -> None:
    kept = {
        key: trial(0, "complete", 0.5)[key]
        for key in ("trial", "parameters", "state", "epoch", "log_loss", "reason")
    }
    view.on_event({"event": "search", "space": SPACE, "finished": [kept]})
    assert cell(view, 0, 3) == "0.500"


def test_the_best_settings_are_used_unless_another_trial_is_chosen(view: SearchView) -> None:
    asked = heard(view.use_requested)
    view.on_event({"event": "search", "space": SPACE, "finished": []})
    assert not button(view, "Use").isEnabled()
    view.on_event(trial(0, "complete", 0.5, best=0))
    view.on_event(trial(1, "complete", 0.6, best=0, parameters={"depth": "all", "learning_rate": 3e-4}))
    button(view, "Use the settings of trial 1").click()
    view.table.selectRow(1)
    button(view, "Use the settings of trial 2").click()
    assert [settings["depth"] for (settings,) in asked] == ["last", "all"]


def test_cancel_asks_once_and_a_cancelled_search_can_be_resumed(view: SearchView) -> None:
    cancelled, resumed = heard(view.cancel_requested), heard(view.resume_requested)
    view.begin()
    view.on_event({"event": "search", "space": SPACE, "finished": []})
    view.on_event(trial(0, "running", 0.7))
    assert cell(view, 0, 1) == "running"
    button(view, "Cancel").click()
    assert cancelled == [()]
    assert not button(view, "Cancel").isEnabled()
    view.on_event({"event": "cancelled", "reason": ""})
    assert cell(view, 0, 1) == "interrupted"
    view.show_resumable("run-3")
    button(view, "Resume").click()
    assert resumed == [("run-3",)]


def test_settings_of_a_search_are_told_beside_start_and_can_be_left_out(
    qtbot: QtBot, themed: QApplication
) -> None:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.search.use_requested.emit({"depth": "half", "learning_rate": 3e-4, "augmentation": 0.7})
    assert panel.choice.depth == "half"
    assert panel.choice.settings == (("learning_rate", 3e-4), ("augmentation", 0.7))
    assert "learning rate 0.0003, augmentation 0.7" in texts(panel)
    button(panel, "Usual settings").click()
    assert panel.choice.settings == ()
    assert "As the search found" not in texts(panel)


def test_a_line_that_is_clicked_chooses_its_trial(view: SearchView) -> None:
    view.on_event({"event": "search", "space": SPACE, "finished": []})
    view.on_event(trial(0, "complete", 0.5, best=0))
    view.on_event(trial(1, "complete", 0.9, best=0, parameters={"depth": "all", "learning_rate": 9e-4}))
    chart = view.parallel
    frame = chart._frame()
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=frame.topLeft().toPoint())  # depth "all"
    assert {index.row() for index in view.table.selectedIndexes()} == {1}


# The plots


@given(st.floats(1e-6, 1e3), st.floats(1.01, 1e4), st.floats(0, 1), st.booleans())
def test_a_value_stands_between_the_ends_in_order(low: float, by: float, share: float, is_log: bool) -> None:
    axis = Axis("x", low, low * by, is_log)
    value = low * by**share if is_log else low + share * (low * by - low)
    assert axis.place(value) == pytest.approx(share, abs=1e-6)
    assert axis.place(low / 2) == 0
    assert axis.place(low * by * 2) == 1


def test_choices_stand_apart_from_below(themed: QApplication) -> None:
    axis = Axis("depth", choices=("head", "last", "all"))
    assert [axis.place(c) for c in axis.choices] == [0, 0.5, 1]
    assert Axis("one", choices=("only",)).place("only") == 0
    assert Axis("flat", 3.0, 3.0).place(3.0) == 0.5


def pixels_of(image: QImage, colour: str) -> int:
    wanted = QColor(colour).rgb()
    return sum(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


def test_the_best_line_is_drawn_in_the_accent(qtbot: QtBot, themed: QApplication) -> None:
    chart = ParallelChart("Trials")
    qtbot.addWidget(chart)
    chart.resize(400, 240)
    axes = [Axis("a"), Axis("log-loss")]
    chart.show_trials(axes, [Strand(0, (0.5, 0.5)), Strand(1, (0.2, None))], -1)
    assert pixels_of(chart.grab().toImage(), TOKENS.accent) == 0
    chart.show_trials(axes, [Strand(0, (0.5, 0.5))], 0)
    assert pixels_of(chart.grab().toImage(), TOKENS.accent) > 100
    middle = chart._frame().center()
    assert chart.strand_at(middle) == 0
    assert chart.strand_at(middle + QPointF(0, 30)) is None


def test_bars_are_as_long_as_their_shares(qtbot: QtBot, themed: QApplication) -> None:
    def drawn(share: float) -> int:
        chart = ImportanceChart("What mattered")
        qtbot.addWidget(chart)
        chart.resize(400, 200)
        chart.show_shares({"depth": share})
        return pixels_of(chart.grab().toImage(), TOKENS.accent)

    assert drawn(0.8) == pytest.approx(2 * drawn(0.4), rel=0.1)
    empty = ImportanceChart("What mattered")
    qtbot.addWidget(empty)
    assert "four finished" in empty.accessibleDescription() or empty.bars == ()
