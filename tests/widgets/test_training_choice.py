"""Choosing what a training does: a depth with its reason, and the choices that are folded away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QPushButton, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot

from reviews.record import Collected, ToLearn
from training.plan import Plan
from widgets.augmentation_preview import AugmentationPreview
from widgets.training_choice import ChoiceForm, ModelOption, TrainingChoice

FINDINGS = ("covid-19", "no-finding", "pneumonia")


def collected(of_each: int) -> Collected:
    per_finding = dict.fromkeys(FINDINGS, (of_each, 0, 0))
    parts = {"train": (2 * of_each, 9), "validation": (of_each // 2, 2), "test": (of_each // 2, 2)}
    learned = {frozenset(FINDINGS): ToLearn(3 * of_each, dict.fromkeys(FINDINGS, of_each))}
    return Collected(3 * of_each, 3 * of_each, 13, per_finding, parts, to_learn=learned)  # type: ignore[arg-type]


@pytest.fixture
def form(qtbot: QtBot, themed: QApplication) -> ChoiceForm:
    made = ChoiceForm()
    qtbot.addWidget(made)
    made.set_models([ModelOption("starter", "Starter", ("DX",)), ModelOption("ct", "CT", ("CT",))], "starter")
    made.resize(360, 900)
    made.show()
    return made


def box(form: ChoiceForm, name: str) -> QComboBox:
    return next(b for b in form.findChildren(QComboBox) if b.accessibleName() == name)


def choose(form: ChoiceForm, name: str, text: str) -> None:
    control = box(form, name)
    place = next(i for i in range(control.count()) if control.itemText(i).startswith(text))
    control.setCurrentIndex(place)
    control.activated.emit(place)


def unfold(form: ChoiceForm) -> None:
    next(b for b in form.findChildren(QToolButton) if b.text() == "More choices").click()


def texts(form: ChoiceForm) -> str:
    return "\n".join(label.text() for label in form.findChildren(QLabel) if label.isVisible())


def test_a_depth_is_suggested_with_its_reason(form: ChoiceForm) -> None:
    form.set_collected(collected(13))
    assert form.choice == TrainingChoice("starter", "last", 20)
    assert "39 decisions to learn from, of 3 findings, about 13 of each: the last stage." in texts(form)
    assert box(form, "How much of the model may change").currentText() == "Last stage (suggested)"
    form.set_collected(collected(80))
    assert form.choice.depth == "half"


def test_a_depth_is_suggested_from_what_the_chosen_model_would_learn_from(form: ChoiceForm) -> None:
    phantoms = ("no-finding", "opacity")
    form.set_models(
        [
            ModelOption("starter", "Starter", ("DX",), FINDINGS),
            ModelOption("phantom", "Phantom", ("DX",), phantoms),
        ],
        "starter",
    )
    told = collected(13)
    learned = {
        **told.to_learn,
        frozenset(phantoms): ToLearn(90, {"no-finding": 20, "opacity": 70}),
        frozenset((*FINDINGS, "tuberculosis", "cyst")): ToLearn(9, {"tuberculosis": 7, "cyst": 2}),
    }
    kept_aside = {**told.per_finding, "opacity": (500, 0, 0), "tuberculosis": (500, 0, 0)}
    form.set_collected(replace(told, per_finding=kept_aside, to_learn=learned))
    assert "48 decisions to learn from, of 4 findings, about 13 of each: the last stage." in texts(form)
    choose(form, "Model to tune", "Phantom")
    assert "90 decisions to learn from, of 2 findings, about 45 of each: the last stage." in texts(form)
    form.set_collected(replace(told, to_learn={}))
    assert "to learn from" not in texts(form)


def test_a_depth_that_a_reader_chose_stays(form: ChoiceForm) -> None:
    form.set_collected(collected(13))
    choose(form, "How much of the model may change", "Head only")
    form.set_collected(collected(80))
    assert form.choice.depth == "head"
    assert "the later half" in texts(form)
    choose(form, "How much of the model may change", "Later half")  # as is suggested: it follows again
    form.set_collected(collected(400))
    assert form.choice.depth == "all"


def test_only_what_is_otherwise_than_usual_is_told(form: ChoiceForm) -> None:
    form.set_collected(collected(13))
    unfold(form)
    assert form.choice.settings == ()
    choose(form, "Optimiser", "SGD")
    choose(form, "Rare findings", "are shown")
    form.findChildren(QSpinBox)[0].setValue(3)
    assert form.choice == TrainingChoice(
        "starter", "last", 3, (("optimiser", "sgd"), ("sampling", "balanced"))
    )
    form.findChildren(QCheckBox)[0].setChecked(False)
    assert {"replay": 0.0, "distillation": 0.0}.items() <= dict(form.choice.settings).items()
    next(b for b in form.findChildren(QPushButton) if b.text() == "Usual settings").click()
    assert form.choice.settings == ()


def test_the_model_of_most_decisions_is_chosen_until_the_reader_chooses_one(form: ChoiceForm) -> None:
    models = [ModelOption("phantom", "Phantom"), ModelOption("starter", "Starter")]
    form.set_models(models, "")  # nothing is known yet
    form.set_models(models, "starter")
    assert form.choice.model_id == "starter"
    choose(form, "Model to tune", "Phantom")
    form.set_models(models, "starter")
    assert form.choice.model_id == "phantom"


def test_another_depth_brings_its_own_values(form: ChoiceForm) -> None:
    form.set_collected(collected(13))
    unfold(form)
    rate = box(form, "Learning rate").currentText()
    choose(form, "How much of the model may change", "Head only")
    assert box(form, "Learning rate").currentText() != rate
    assert form.choice.settings == ()
    assert form.plan.head_epochs == 0


def test_a_ct_model_has_its_window_varied(form: ChoiceForm) -> None:
    form.set_collected(collected(13))
    assert form.plan.window_jitter == 0
    assert form.choose_model("ct")
    assert form.plan.window_jitter > 0
    assert not form.choose_model("unknown")


def test_the_time_is_told_and_grows_with_what_is_chosen(form: ChoiceForm) -> None:
    assert "on this computer" not in texts(form)
    form.set_collected(collected(300))
    assert "About" in texts(form)
    form.set_pass_ms(4000.0)
    assert " h on this computer" in texts(form)


def test_the_preview_is_asked_for_when_it_is_looked_at(form: ChoiceForm, qtbot: QtBot) -> None:
    form.set_collected(collected(13))
    asked: list[Plan] = []
    form.preview_wanted.connect(asked.append)
    choose(form, "How much of the model may change", "Head only")
    assert not asked  # nobody looks
    unfold(form)
    assert [plan.augmentation for plan in asked] == [1.0]
    choose(form, "Augmentation", "strong")
    assert asked[-1].augmentation == 1.5
    preview = form.findChildren(AugmentationPreview)[0]
    form.show_preview(np.full((9, 8, 8), 200, np.uint8))
    assert preview.count == 9
    QApplication.processEvents()
    shown = preview.grab().toImage()
    middle = min(shown.width(), shown.height()) // 2
    assert shown.pixelColor(middle, middle).lightness() == 200
    form.say_preview("The film is gone.")
    assert preview.count == 0
    assert preview.accessibleDescription() == "The film is gone."


def test_models_that_answer_what_the_chosen_one_does_are_told(form: ChoiceForm) -> None:
    told: list[dict[str, str]] = []
    form.alike_changed.connect(told.append)
    chest, head = ("covid-19", "pneumonia"), ("bleeding",)
    models = [
        ModelOption("starter", "Starter", ("DX",), chest),
        ModelOption("ct", "CT", ("CT",), head),
        ModelOption("ab12", "Tuned", ("DX",), chest),
    ]
    form.set_models(models, "ab12")
    assert list(told[-1].items()) == [("ab12", "Tuned"), ("starter", "Starter")]
    form.choose_model("ct")
    assert told[-1] == {"ct": "CT"}
