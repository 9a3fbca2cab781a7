"""The models panel: which there are, which is in use, what each card says in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QToolButton
from pytestqt.qtbot import QtBot

from inference.card import Covers, FindingName, ModelCard
from widgets.models import ModelsPanel
from widgets.models_words import covers_text, facts, figure_groups, other_figures

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


def test_a_card_is_told_in_words_and_not_as_json(panel: ModelsPanel) -> None:
    panel.show_models([STARTER], ())
    told = texts(panel)
    assert "one of COVID-19 pattern, other pneumonia" in told
    assert "DX, picture files; Chest; PA, AP" in told
    assert "Adults, frontal views only." in told
    assert "macro AUROC\n.941\n.910 to .960" in told
    assert "AUROC, COVID-19 pattern\n.960" in told
    assert "parts, test, patients\n112" in told
    assert "evidence inside the lungs, COVID-19 pattern\n.810" in told
    assert "as sure with the lungs covered, lower is better\n.240" in told
    assert "No medical device." in told
    assert "{" not in told


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
