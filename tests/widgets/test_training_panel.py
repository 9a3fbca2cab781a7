"""The training tab in the hands of a reader: choosing, starting, following, promoting, rolling back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from reviews.record import Collected
from widgets.plots import LineChart, ReliabilityChart, RocChart
from widgets.plots_confusion import ConfusionMatrix
from widgets.training import DifferingFilm, ModelOption, TrainingChoice, TrainingPanel

DISPLAYS = {"covid-19": "COVID-19 pattern", "pneumonia": "other pneumonia", "no-finding": "no finding"}
COLLECTED = Collected(
    112,
    109,
    81,
    {"covid-19": (14, 96, 2), "pneumonia": (45, 64, 3), "no-finding": (50, 58, 4)},
    {"train": (76, 57), "validation": (12, 9), "test": (21, 15)},
)
PASSED = {
    "passed": True,
    "verdict": "not worse",
    "reasons": ["The candidate is not worse.", "covid-19 loses."],
}
NOT_PROVEN = {"passed": False, "verdict": "not proven", "reasons": ["It is not proven.", "Too few cases."]}


def evaluation(model: str, auroc: float) -> dict[str, Any]:
    return {
        "model": model,
        "n": 251,
        "patients": 168,
        "accuracy": 0.87,
        "balanced_accuracy": None,
        "macro_auroc": auroc,
        "findings": list(DISPLAYS),
        "per_finding": {name: {"auroc": auroc} for name in DISPLAYS},
        "confusion": [[21, 3, 1], [4, 70, 28], [0, 19, 93]],
        "intervals": {"macro_auroc": [auroc - 0.03, auroc + 0.02]},
        "brier": 0.2,
        "ece": 0.04,
        "lung_share": None,
        "log_loss": 0.4,
    }


def epoch(number: int, of: int = 20) -> dict[str, Any]:
    validation = {"log_loss": 0.9 / number, "macro_auroc": 0.9, "balanced_accuracy": None}
    return {
        "event": "epoch",
        "epoch": number,
        "epochs": of,
        "loss": 1.0 / number,
        "validation": validation,
        "elapsed_s": 9.0 * number,
        "remaining_s": 9.0 * (of - number),
    }


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> TrainingPanel:
    widget = TrainingPanel()
    qtbot.addWidget(widget)
    widget.set_display_names(DISPLAYS)
    widget.set_reader("A. Smith")
    widget.set_models([ModelOption("starter", "Starter"), ModelOption("ab12", "Tuned")], "starter")
    widget.resize(1200, 1600)
    widget.show()
    return widget


def texts(widget: QWidget) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def button(panel: TrainingPanel, text: str) -> QPushButton:
    found = [b for b in panel.findChildren(QPushButton) if b.text() == text]
    return next((b for b in found if b.isVisible()), found[0])  # the search has some of the same name


def click(panel: TrainingPanel, text: str) -> None:
    QApplication.processEvents()
    QTest.mouseClick(button(panel, text), Qt.MouseButton.LeftButton)


def heard(signal: object) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []
    signal.connect(lambda *values: calls.append(values))  # type: ignore[attr-defined]
    return calls


def reason_field(panel: TrainingPanel) -> QLineEdit:
    return next(f for f in panel.findChildren(QLineEdit) if f.accessibleName() == "Reason for promoting")


def test_what_was_collected_is_told_per_finding_and_part(panel: TrainingPanel) -> None:
    panel.set_collected(COLLECTED)
    told = texts(panel)
    assert "112 decisions on 109 images of 81 patients" in told
    assert "other pneumonia\n45\n64\n3" in told
    assert "test, kept aside\n21\n15" in told


def test_the_column_of_choices_is_as_wide_as_its_words(panel: TrainingPanel, qtbot: QtBot) -> None:
    column = next(area for area in panel.findChildren(QScrollArea) if "collected" in area.accessibleName())
    before = column.width()
    long = {f"{name} in a language of long words": counts for name, counts in COLLECTED.per_finding.items()}
    panel.set_collected(replace(COLLECTED, per_finding=long))
    qtbot.waitUntil(lambda: column.width() > before)
    content = column.widget()
    assert content is not None
    qtbot.waitUntil(lambda: content.width() <= column.viewport().width())


def test_nothing_collected_says_what_to_do(panel: TrainingPanel) -> None:
    assert "Accept or correct suggestions in the worklist" in texts(panel)


def test_start_asks_for_what_was_chosen(panel: TrainingPanel) -> None:
    asked = heard(panel.start_requested)
    model, depth = panel.findChildren(QComboBox)[:2]
    model.setCurrentIndex(1)
    depth.setCurrentIndex(0)
    spin = panel.findChild(QSpinBox)
    assert spin is not None
    spin.setValue(7)
    click(panel, "Start training")
    assert asked == [(TrainingChoice("ab12", "head", 7),)]


def test_a_start_that_is_not_possible_says_why_beside_it_and_in_its_tooltip(panel: TrainingPanel) -> None:
    asked = heard(panel.start_requested)
    panel.set_start_blocked("Too few decisions.")
    click(panel, "Start training")
    assert asked == []
    assert "Too few decisions." in texts(panel)
    assert button(panel, "Start training").toolTip() == "Too few decisions."
    panel.set_start_blocked("")
    assert "Too few decisions." not in texts(panel)
    assert button(panel, "Start training").isEnabled()


def test_without_a_model_nothing_can_be_started(panel: TrainingPanel) -> None:
    panel.set_models([], "")
    assert not button(panel, "Start training").isEnabled()
    assert "There is no model to tune." in texts(panel)


def test_a_new_list_of_models_keeps_the_readers_choice(panel: TrainingPanel) -> None:
    asked = heard(panel.start_requested)
    panel.findChildren(QComboBox)[0].setCurrentIndex(1)
    panel.set_models([ModelOption("new", "New"), ModelOption("ab12", "Tuned")], "new")
    click(panel, "Start training")
    choice = asked[0][0]
    assert isinstance(choice, TrainingChoice)
    assert choice.model_id == "ab12"


def test_a_running_training_shows_progress_time_and_curves(panel: TrainingPanel) -> None:
    panel.training_started("Tune Starter: last stage, 20 epochs.")
    panel.on_event({"event": "plan", "device": "cpu", "hints": ["Few films."]})
    panel.on_event({"event": "prepare", "done": 3, "total": 76})
    assert "Reading films: 3 of 76" in texts(panel)
    for number in range(1, 7):
        panel.on_event(epoch(number))
    told = texts(panel)
    assert "Epoch 6 of 20, 2 min left" in told
    assert "Few films." in told
    bar = next(b for b in panel.findChildren(QProgressBar) if b.isVisible())
    assert bar is not None
    assert (bar.value(), bar.maximum()) == (6, 20)
    lines = {s.name: len(s.points) for chart in panel.findChildren(LineChart) for s in chart.series}
    assert lines == {"training": 6, "validation": 6, "macro AUROC": 6}
    assert not button(panel, "Start training").isEnabled()


def test_cancel_asks_once_and_says_that_it_stops(panel: TrainingPanel) -> None:
    asked = heard(panel.cancel_requested)
    panel.training_started("")
    click(panel, "Cancel")
    click(panel, "Cancel")
    assert asked == [()]
    panel.on_event(epoch(2))
    assert "Stopping after this batch" in texts(panel)
    panel.on_event({"event": "cancelled", "reason": "Somebody cancelled."})
    assert "The model in use stays as it is." in texts(panel)
    assert button(panel, "Start training").isEnabled()


def test_a_failure_is_told_with_its_reason(panel: TrainingPanel) -> None:
    panel.training_started("")
    panel.on_event({"event": "failed", "reason": "The disk is full."})
    assert "The training failed: The disk is full." in texts(panel)
    assert button(panel, "Start training").isEnabled()


def test_a_process_that_vanished_frees_the_panel(panel: TrainingPanel) -> None:
    panel.training_started("")
    panel.show_stopped("The training's process ended. Resume goes on from epoch 3.")
    assert "Resume goes on from epoch 3." in texts(panel)
    assert button(panel, "Start training").isEnabled()


def test_an_interrupted_training_can_be_resumed(panel: TrainingPanel) -> None:
    asked = heard(panel.resume_requested)
    panel.show_resumable("run-7")
    click(panel, "Resume")
    assert asked == [("run-7",)]
    panel.show_resumable("")
    assert not button(panel, "Resume").isVisible()


def test_done_brings_the_comparison_with_intervals_and_verdict(panel: TrainingPanel) -> None:
    panel.training_started("")
    panel.on_event({
        "event": "done", "model": "4f1d", "gate": PASSED, "epoch_kept": 17,
        "evaluation": evaluation("4f1d", 0.95), "current_evaluation": evaluation("starter", 0.94),
    })  # fmt: skip
    told = texts(panel)
    assert "Done. Epoch 17 was kept." in told
    assert "The candidate is not worse." in told
    assert "COVID-19 pattern loses." in told
    assert "macro AUROC\n.950\n.920 to .970\n.940\n.910 to .960\n+.010" in told
    assert "balanced accuracy" not in told.split("Measured on")[1]
    assert sum(matrix.isVisible() for matrix in panel.findChildren(ConfusionMatrix)) == 2
    assert "Promoting as A. Smith" in told
    assert "Measured on 251 films of 168 patients kept aside." in told
    one = {**evaluation("4f1d", 0.95), "n": 1, "patients": 1}
    panel.show_comparison(one, None, PASSED)
    assert "Measured on 1 film of 1 patient kept aside." in texts(panel)


def test_the_comparison_can_be_opened_as_a_page_where_there_is_one(
    panel: TrainingPanel, qtbot: QtBot
) -> None:
    done = {"event": "done", "model": "4f1d", "gate": PASSED, "evaluation": evaluation("4f1d", 0.95)}
    panel.on_event({**done, "report": None})
    assert not button(panel, "Open as a page").isVisible()
    panel.on_event({**done, "report": "run/report/evaluation.html"})
    with qtbot.waitSignal(panel.report_requested):
        button(panel, "Open as a page").click()


def test_where_the_evidence_lies_is_compared_and_a_model_that_needs_no_lungs_is_told(
    panel: TrainingPanel,
) -> None:
    alarm = (
        "With their lungs covered 71% of the films still get the same answer, about as sure: "
        "the model reads something else than the lungs."
    )
    mine = evaluation("4f1d", 0.95) | {
        "lung_share": 0.62,
        "lung_share_per_finding": {"covid-19": 0.81, "no-finding": None},
        "without_lungs": {"still_confident": 0.24, "alarm": False, "warning": ""},
        "unfamiliar": 0.008,
    }
    theirs = evaluation("starter", 0.94) | {
        "lung_share_per_finding": {"covid-19": 0.7},
        "without_lungs": {"still_confident": 0.71, "alarm": True, "warning": alarm},
    }
    panel.show_comparison(mine, theirs, PASSED)
    told = texts(panel)
    assert "evidence inside the lungs, COVID-19 pattern\n.810\n\n.700\n\n+.110" in told
    assert "as sure with the lungs covered, lower is better\n.240\n\n.710\n\n−.470" in told
    assert "films it does not know\n.008\n\n–\n\n–" in told
    assert f"Current model: {alarm}" in told
    assert "Candidate: " not in told
    panel.show_comparison(evaluation("4f1d", 0.95), None, PASSED)
    assert alarm not in texts(panel)


def test_the_comparison_stands_right_below_the_tab_that_is_shown(panel: TrainingPanel) -> None:
    ways = panel.findChild(QTabWidget)
    assert ways is not None
    panel.show_comparison(evaluation("4f1d", 0.95), evaluation("starter", 0.94), PASSED)
    for place in (1, 0):  # the search is much higher
        ways.setCurrentIndex(place)
        QApplication.processEvents()
        page = ways.widget(place)
        assert page is not None
        needed = page.sizeHint().height()
        if page.hasHeightForWidth():
            needed = page.heightForWidth(page.width())
        assert needed <= page.height() <= needed + 4, place


def test_a_candidate_that_passed_is_promoted_with_one_click(panel: TrainingPanel) -> None:
    promoted = heard(panel.promote_requested)
    panel.show_comparison(evaluation("4f1d", 0.95), evaluation("starter", 0.94), PASSED)
    click(panel, "Promote")
    assert promoted == [("4f1d", "")]
    panel.show_promoted("In use since 14:02:11.")
    assert "In use since 14:02:11." in texts(panel)
    assert not button(panel, "Promote").isEnabled()
    assert not button(panel, "Discard").isEnabled()


def test_a_candidate_that_was_rolled_back_is_not_said_to_be_in_use(panel: TrainingPanel) -> None:
    promoted = heard(panel.promote_requested)
    panel.set_model_in_use("Starter", "", ids={"starter"})
    panel.show_comparison(evaluation("4f1d", 0.95), evaluation("starter", 0.94), PASSED)
    panel.show_promoted("The candidate is in use from now on.")
    panel.set_model_in_use("Tuned", "Starter", ids={"4f1d"})
    assert "The candidate is in use from now on." in texts(panel)
    assert not button(panel, "Promote").isEnabled()
    panel.set_model_in_use("Starter", "", ids={"starter"})
    told = texts(panel)
    assert "in use from now on" not in told
    assert "The candidate was in use and is not any more." in told
    click(panel, "Promote")
    assert promoted == [("4f1d", "")]
    panel.show_promoted("The candidate is in use from now on.")
    assert "is not any more" not in texts(panel)


def test_a_candidate_that_somebody_promoted_elsewhere_says_that_it_is_in_use(panel: TrainingPanel) -> None:
    panel.show_comparison(evaluation("4f1d", 0.95), evaluation("starter", 0.94), PASSED)
    panel.set_model_in_use("Tuned", "Starter", ids={"4f1d"})
    assert "The candidate is in use." in texts(panel)
    assert not button(panel, "Promote").isEnabled()
    panel.show_comparison(evaluation("b", 0.95), evaluation("4f1d", 0.94), PASSED)
    assert "The candidate is in use." not in texts(panel)
    assert button(panel, "Promote").isEnabled()


def test_a_candidate_that_did_not_pass_needs_a_reason(panel: TrainingPanel) -> None:
    promoted = heard(panel.promote_requested)
    panel.show_comparison(evaluation("4f1d", 0.95), evaluation("starter", 0.94), NOT_PROVEN, model_id="4f1d")
    assert "The gate was not passed: promoting needs a reason." in texts(panel)
    click(panel, "Promote")
    assert promoted == []
    QTest.keyClicks(reason_field(panel), "  Trial on our own films ")
    click(panel, "Promote")
    assert promoted == [("4f1d", "Trial on our own films")]


def test_a_reason_is_not_carried_over_to_the_next_candidate(panel: TrainingPanel) -> None:
    panel.show_comparison(evaluation("a", 0.95), None, NOT_PROVEN)
    QTest.keyClicks(reason_field(panel), "Trial")
    panel.show_comparison(evaluation("b", 0.95), None, NOT_PROVEN)
    assert reason_field(panel).text() == ""
    assert not button(panel, "Promote").isEnabled()


def test_a_candidate_can_be_put_away(panel: TrainingPanel) -> None:
    away = heard(panel.discard_requested)
    panel.show_comparison(evaluation("4f1d", 0.95), None, PASSED)
    click(panel, "Discard")
    assert away == [("4f1d",)]
    panel.hide_comparison()
    assert not button(panel, "Promote").isVisible()


def test_without_held_out_patients_it_says_that_nothing_was_measured(panel: TrainingPanel) -> None:
    panel.show_comparison(None, None, NOT_PROVEN, model_id="4f1d")
    assert "No film could measure the candidate, so there are no figures." in texts(panel)
    assert not any(matrix.isVisible() for matrix in panel.findChildren(ConfusionMatrix))


def test_films_that_were_left_out_are_not_said_to_be_none(panel: TrainingPanel) -> None:
    """Four films were kept aside, and the candidate's parent was fitted on all of them."""
    reasons = [
        "No film of the test part is left that neither model was fitted on, so nothing is proven.",
        "4 of the 4 films of the test part were left out, because the candidate was fitted on them or on "
        "others of the same patients: a.png and 3 more.",
    ]
    panel.show_comparison(None, None, {**NOT_PROVEN, "reasons": reasons}, model_id="4f1d")
    assert "4 of the 4 films of the test part were left out" in texts(panel)
    assert "No patient was kept aside" not in texts(panel)


def test_curves_are_drawn_where_they_are_given(panel: TrainingPanel) -> None:
    mine, theirs = evaluation("a", 0.95), evaluation("b", 0.9)
    mine["roc"] = {"covid-19": [[0, 0], [0.1, 0.8], [1, 1]]}
    mine["reliability"] = [[0.4, 0.35, 10], [0.9, 0.92, 40]]
    panel.show_comparison(mine, theirs, PASSED)
    QApplication.processEvents()
    shown = [chart for chart in panel.findChildren(RocChart) if chart.isVisible()]
    assert [chart.accessibleName() for chart in shown] == ["ROC, COVID-19 pattern"]
    assert [chart.isVisible() for chart in panel.findChildren(ReliabilityChart)] == [True]


def test_a_film_on_which_they_differ_can_be_asked_for(panel: TrainingPanel) -> None:
    wanted = heard(panel.film_requested)
    film = DifferingFilm("1.2:1", "Doe, Jane 2026-01-04", "other pneumonia", "no finding", "other pneumonia")
    panel.show_comparison(evaluation("a", 0.95), evaluation("b", 0.9), PASSED, differing=[film])
    listed = panel.findChild(QListWidget)
    assert listed is not None
    listed.setCurrentRow(0)
    QTest.keyClick(listed, Qt.Key.Key_Return)
    assert wanted == [("1.2:1",)]


def test_roll_back_is_offered_where_there_is_something_to_go_back_to(panel: TrainingPanel) -> None:
    asked = heard(panel.roll_back_requested)
    click(panel, "Roll back")
    assert asked == []
    assert "No other model was in use before." in texts(panel)
    panel.set_model_in_use("Starter, fine-tuned", "Starter")
    assert button(panel, "Roll back").toolTip() == "Use Starter again"
    click(panel, "Roll back")
    assert asked == [()]
