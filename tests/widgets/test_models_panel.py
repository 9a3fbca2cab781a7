"""The models panel: which there are, which is in use, what each card says in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QListWidget, QToolButton
from pytestqt.qtbot import QtBot

from inference.card import Covers, FindingName, ModelCard
from widgets.models import ModelsPanel
from widgets.models_words import covers_text, facts, figure_groups, other_figures
from widgets.plots import Chart
from widgets.plots_confusion import ConfusionMatrix

EVALUATION = {
    "n": 251,
    "patients": 168,
    "accuracy": 0.87,
    "macro_auroc": 0.941,
    "lung_share": None,
    "lung_share_per_finding": {"covid-19": 0.81, "pneumonia": None},
    "without_lungs": {"n": 200, "still_confident": 0.24, "alarm": False, "warning": ""},
    "intervals": {"macro_auroc": [0.91, 0.96]},
    "per_finding": {"covid-19": {"auroc": 0.96}, "pneumonia": {"auroc": None}},
}
STARTER = ModelCard(
    "starter",
    "Starter",
    "resnet18",
    (FindingName("covid-19", "COVID-19 pattern"), FindingName("pneumonia", "other pneumonia")),
    covers=Covers(("DX", "picture"), ("CHEST",), ("PA", "AP")),
    created="2026-01-03T12:00:00+00:00",
    data={"films": 833, "parts": {"test": {"patients": 112}}},
    recipe={"epochs": 30, "horizontal_flip": False},
    figures={"cross_validation": EVALUATION, "folds": 5},
    limits=("Adults, frontal views only.",),
)
TUNED = replace(STARTER, id="4f1d9c00aabbccdd", name="Starter, fine-tuned", parent="starter", figures={})


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> ModelsPanel:
    widget = ModelsPanel()
    qtbot.addWidget(widget)
    widget.resize(1100, 900)
    widget.show()
    return widget


def texts(panel: ModelsPanel) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def listed(panel: ModelsPanel) -> QListWidget:
    found = panel.findChild(QListWidget)
    assert found is not None
    return found


def test_no_models_says_what_to_do(panel: ModelsPanel) -> None:
    assert "There are no models yet." in texts(panel)


def test_the_model_in_use_is_marked_in_words_and_shown_first(panel: ModelsPanel) -> None:
    panel.show_models([TUNED, STARTER], {"starter"})
    assert panel.selected == "starter"
    assert listed(panel).item(1).text() == "Starter\nstarter, resnet18, in use"
    assert listed(panel).item(0).text() == "Starter, fine-tuned\n4f1d9c00, resnet18"
    assert "In use" in texts(panel)


def test_of_two_models_in_use_the_one_for_patients_is_shown_first(panel: ModelsPanel) -> None:
    phantom = replace(STARTER, id="phantom", name="Phantom", covers=Covers(("DX",), phantoms=True))
    panel.show_models([phantom, STARTER], {"phantom", "starter"})
    assert panel.selected == "starter"


def test_a_card_is_told_in_words_and_not_as_json(panel: ModelsPanel) -> None:
    panel.show_models([STARTER], ())
    told = texts(panel)
    assert "one of COVID-19 pattern, other pneumonia" in told
    assert "DX, picture files; Chest; PA, AP" in told
    assert "Adults, frontal views only." in told
    assert "macro AUROC\n.941\n.910 to .960" in told
    assert "AUROC, COVID-19 pattern\n.960" in told
    assert "patients\nmeasured on\n112" in told
    assert "evidence inside the lungs, COVID-19 pattern\n.810" in told
    assert "as sure with the lungs covered, lower is better\n.240" in told
    assert "No medical device." in told
    assert "{" not in told


def test_what_to_know_before_a_model_is_used_stands_beside_its_button(panel: ModelsPanel) -> None:
    said = "Nobody compared Starter, fine-tuned with Starter, which is in use: Evaluation does."
    panel.show_models([STARTER, TUNED], {"starter"}, {TUNED.id: said})
    assert said not in texts(panel)
    panel.select(TUNED.id)
    assert said in texts(panel)
    panel.show_models([STARTER, TUNED], {TUNED.id}, {})
    assert said not in texts(panel)


def test_a_click_shows_another_card(panel: ModelsPanel) -> None:
    panel.show_models([STARTER, TUNED], {"starter"})
    QApplication.processEvents()
    rect = listed(panel).visualItemRect(listed(panel).item(1))
    QTest.mouseClick(listed(panel).viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert panel.selected == TUNED.id
    assert "Made from\nStarter" in texts(panel)


def test_a_refresh_keeps_the_chosen_model(panel: ModelsPanel) -> None:
    panel.show_models([STARTER, TUNED], {"starter"})
    assert panel.select(TUNED.id)
    panel.show_models([TUNED, STARTER], {TUNED.id})
    assert panel.selected == TUNED.id
    assert not panel.select("nobody")


def test_the_recipe_is_folded_until_it_is_asked_for(panel: ModelsPanel) -> None:
    panel.show_models([STARTER], ())
    assert "horizontal flip" not in texts(panel)
    button = next(b for b in panel.findChildren(QToolButton) if b.text() == "Recipe")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "horizontal flip\nno" in texts(panel)


def test_data_is_a_table_of_parts_and_that_of_earlier_models_is_folded(panel: ModelsPanel) -> None:
    parts = {"train": {"images": 1100, "patients": 90, "with covid-19": 14}, "test": {"images": 33}}
    card = replace(TUNED, data={"failures": 0, "parts": parts, "before": STARTER.data})
    panel.show_models([card], ())
    told = texts(panel)
    assert "images\npatients\nCOVID-19 pattern\nlearned from\n1,100\n90\n14\nmeasured on\n33\n–\n–" in told
    assert "failures" not in told
    assert "833" not in told
    button = next(b for b in panel.findChildren(QToolButton) if b.text() == "Data of the models before it")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "films\n833" in texts(panel)


def test_what_the_gate_said_is_told_in_sentences(panel: ModelsPanel) -> None:
    gate = {"verdict": "not proven", "passed": False, "reasons": ["It is not proven.", "Too few cases."]}
    panel.show_models([replace(TUNED, figures={"gate": gate})], ())
    assert "At the gate\nIt is not proven.\nToo few cases." in texts(panel)
    panel.show_models([replace(TUNED, figures={"gate": "told otherwise"})], ())
    assert "told otherwise" in texts(panel)


def test_an_untrained_head_is_said(panel: ModelsPanel) -> None:
    panel.show_models([replace(STARTER, head_trained=False)], ())
    assert "tune it before it can suggest" in texts(panel)


def test_figures_that_are_one_evaluation_make_one_table() -> None:
    card = replace(STARTER, figures=EVALUATION)
    assert [title for title, _, _ in figure_groups(card)] == ["Figures"]
    assert other_figures(card) == []
    assert other_figures(STARTER) == [("folds", "5")]
    assert figure_groups(TUNED) == []


def test_a_silent_card_covers_anything() -> None:
    assert covers_text(replace(STARTER, covers=Covers())) == "any modality; any body part; any view"
    assert covers_text(replace(STARTER, covers=Covers(phantoms=True))).endswith("phantoms only")


def test_facts_never_turn_a_missing_number_into_zero() -> None:
    assert facts({"a": None, "b": 0, "c": "", "d": [1, 2.5], "e_f": True}) == [
        ("a", "–"),
        ("b", "0"),
        ("d", "1, 2.5"),
        ("e f", "yes"),
    ]


# -- how good a model is here -------------------------------------------------------------------------


def measured() -> dict[str, object]:
    """What `evaluate --json` prints, as far as it is shown."""
    return {
        "n": 51, "patients": 40, "accuracy": 0.82, "macro_auroc": 0.9,
        "intervals": {"accuracy": [0.7, 0.9]},
        "findings": ["covid-19", "pneumonia"],
        "confusion": [[20, 3], [6, 22]],
        "per_finding": {"covid-19": {"recall": 0.87, "auprc": 0.71, "support": 23, "auroc": 0.9}},
        "intervals_per_finding": {"covid-19": {"recall": [0.7, 0.95]}},
        "roc": {"covid-19": [[0, 0], [0.1, 0.8], [1, 1]]},
        "precision_recall": {"covid-19": [[0.4, 1.0], [1.0, 0.5]]},
        "reliability": [[0.9, 0.85, 40]],
    }  # fmt: skip


def click(panel: ModelsPanel, text: str) -> None:
    QApplication.processEvents()
    found = [b for b in panel.findChildren(QAbstractButton) if b.text() == text and b.isVisible()]
    QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)


def test_an_evaluation_can_be_asked_for_at_any_time_and_is_left_again(panel: ModelsPanel) -> None:
    asked: list[str] = []
    panel.show_models([STARTER, TUNED], {"starter"})
    panel.evaluation_requested.connect(asked.append)
    click(panel, "Evaluation")
    assert asked == ["starter"]
    panel.show_evaluation_of("starter")
    assert "Starter, measured here" in texts(panel)
    assert "It was not measured here yet." in texts(panel)
    click(panel, "About the model")
    assert "measured here" not in texts(panel)


def test_what_was_measured_is_shown_with_intervals_and_every_curve(panel: ModelsPanel) -> None:
    panel.show_models([STARTER], {"starter"})
    panel.show_evaluation_of("starter")
    panel.evaluation.show_evaluation(measured(), "2026-11-21 08:30", {"covid-19": "COVID-19 pattern"})
    told = texts(panel)
    assert "Measured 2026-11-21 08:30 on 51 films of 40 patients" in told
    assert "accuracy\n.820\n.700 to .900" in told
    assert "sensitivity, COVID-19 pattern\n.870\n.700 to .950" in told
    assert "AUPRC" not in told
    click(panel, "Every figure of each finding")
    assert "COVID-19 pattern: films that show it\n23" in texts(panel)
    assert "COVID-19 pattern: AUPRC (no skill: its share of films)\n.710" in texts(panel)
    charts = [chart.accessibleName() for chart in panel.findChildren(Chart) if chart.isVisible()]
    assert charts == ["ROC, COVID-19 pattern", "Precision-recall, COVID-19 pattern", "Reliability"]
    assert [m.accessibleName() for m in panel.findChildren(ConfusionMatrix) if m.isVisible()] == ["Confusion"]


def test_a_measurement_under_way_says_so_and_can_be_cancelled(panel: ModelsPanel) -> None:
    asked: list[object] = []
    panel.show_models([STARTER], {"starter"})
    panel.show_evaluation_of("starter")
    panel.evaluation.measure_requested.connect(asked.append)
    panel.evaluation.cancel_requested.connect(lambda: asked.append("cancel"))
    click(panel, "Measure")
    panel.evaluation.set_running(True)
    click(panel, "Measuring …")
    click(panel, "Cancel")
    assert asked == ["starter", "cancel"]
    panel.evaluation.set_running(False)
    panel.evaluation.say("No film of the test part has an answer yet.")
    assert "No film of the test part has an answer yet." in texts(panel)


def test_a_model_that_was_measured_beside_the_one_in_use_has_a_verdict(panel: ModelsPanel) -> None:
    panel.show_models([STARTER, TUNED], {"starter"})
    panel.show_evaluation_of(TUNED.id)
    gate = {"passed": False, "verdict": "worse", "reasons": ["The candidate is worse.", "covid-19 loses."]}
    figures = {
        **measured(),
        "gate": gate,
        "current_evaluation": measured(),
        "remarks": ["Some were left out."],
    }
    panel.evaluation.show_evaluation(figures, "2026-11-21 08:30", {"covid-19": "COVID-19 pattern"})
    told = texts(panel)
    assert "The candidate is worse." in told
    assert "COVID-19 pattern loses." in told
    assert "current model" in told
    assert "Some were left out." not in told  # a verdict's reasons hold it
    panel.evaluation.show_evaluation({**measured(), "remarks": ["Nobody knows."]}, "2026-11-21 08:31", {})
    told = texts(panel)
    assert "Nobody knows." in told
    assert "The candidate is worse." not in told
    assert "current model" not in told
