"""The import form says what is missing, completes names, and tells what was filled in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QRadioButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from inference.card import TYPICAL, Covers
from tests.widgets.test_models_panel import STARTER, TUNED
from widgets.models import ModelsPanel
from widgets.models_import import ImportChoice, ImportForm


@pytest.fixture
def form(qtbot: QtBot, themed: QApplication) -> ImportForm:
    widget = ImportForm()
    qtbot.addWidget(widget)
    widget.resize(640, 800)
    widget.show()
    return widget


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> ModelsPanel:
    widget = ModelsPanel()
    qtbot.addWidget(widget)
    widget.resize(1100, 900)
    widget.show()
    return widget


def field(form: QWidget, name: str) -> QLineEdit:
    return next(f for f in form.findChildren(QLineEdit) if f.accessibleName() == name)


def press(widget: QWidget, text: str) -> None:
    QApplication.processEvents()
    button = next(b for b in widget.findChildren(QPushButton) if b.text() == text and b.isVisible())
    assert button.isEnabled(), button.toolTip()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def texts(widget: QWidget) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_it_says_step_by_step_what_is_missing(form: ImportForm, tmp_path: Path) -> None:
    assert form.reason_not_to_import == "Name the architecture."
    QTest.keyClicks(field(form, "Architecture"), "resnet18")
    assert form.reason_not_to_import == "Name the findings, in the order of the model's outputs."
    QTest.keyClicks(field(form, "Findings"), "mass")
    assert form.reason_not_to_import == "One of many takes at least two findings."
    QTest.keyClicks(field(form, "Findings"), ", nodule")
    assert form.reason_not_to_import == ""
    field(form, "File").setText(str(tmp_path / "weights.h5"))
    assert form.reason_not_to_import.startswith("The file has to end in one of")
    field(form, "File").setText(str(tmp_path / "weights.pth"))
    assert form.reason_not_to_import == "There is no such file."
    (tmp_path / "weights.pth").touch()
    field(form, "File").setText(str(tmp_path / "weights.pth "))
    assert form.reason_not_to_import == ""


def test_an_onnx_file_needs_no_architecture(form: ImportForm, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").touch()
    field(form, "Architecture").setText("resnet18")
    form.set_path(tmp_path / "net.onnx")
    assert not field(form, "Architecture").isEnabled()
    assert form.choice.architecture == ""
    field(form, "Findings").setText("a, b")
    assert form.reason_not_to_import == ""


def test_what_was_filled_in_is_told_at_once(form: ImportForm, qtbot: QtBot) -> None:
    field(form, "Architecture").setText("densenet121")
    field(form, "Findings").setText("effusion,  edema ,")
    several = next(r for r in form.findChildren(QRadioButton) if r.text() == "Any of these")
    several.click()
    with qtbot.waitSignal(form.import_requested) as told:
        press(form, "Import")
    assert told.args == [ImportChoice(None, "densenet121", ("effusion", "edema"), "multilabel")]


def test_names_are_completed_by_any_part(form: ImportForm) -> None:
    form.offer_architectures(["resnet18", "resnet50", "torchvision/resnet18", "vit_tiny_patch16_224"])
    architecture = field(form, "Architecture")
    QTest.keyClicks(architecture, "net18")
    completer = architecture.completer()
    found = [completer.completionModel().index(n, 0).data() for n in range(completer.completionCount())]
    assert found == ["resnet18", "torchvision/resnet18"]


def test_the_rest_lies_folded_until_it_is_needed(form: ImportForm) -> None:
    assert not field(form, "Body part").isVisible()
    more = form.findChildren(QToolButton)[0]
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    assert field(form, "Body part").isVisible()
    field(form, "Mean").setText("0.5, 0.5, 0.5")
    assert form.choice.mean == "0.5,0.5,0.5"


def test_while_it_runs_it_can_be_cancelled_and_not_begun_again(form: ImportForm, qtbot: QtBot) -> None:
    field(form, "Architecture").setText("resnet18")
    field(form, "Findings").setText("a, b")
    form.set_running(True)
    assert form.reason_not_to_import == "An import is under way."
    with qtbot.waitSignal(form.cancel_requested):
        press(form, "Cancel")
    form.set_running(False)
    form.say("Weights of another network.")
    assert "Weights of another network." in texts(form)


# -- the models page ---------------------------------------------------------------------------------


def test_the_form_opens_from_the_list_and_a_model_closes_it(panel: ModelsPanel) -> None:
    panel.show_models([STARTER, TUNED], {"starter"})
    press(panel, "Import a model")
    assert panel.is_form_shown
    panel.select(TUNED.id)
    assert not panel.is_form_shown


def test_a_model_that_is_not_in_use_can_be_used_with_a_reason(panel: ModelsPanel, qtbot: QtBot) -> None:
    panel.show_models([STARTER, TUNED], {"starter"})
    panel.select(TUNED.id)
    assert "In its place now: Starter." in texts(panel)
    field(panel, "Reason for using it").setText("Better on our films")
    with qtbot.waitSignal(panel.use_requested) as told:
        press(panel, "Use this model")
    assert told.args == [TUNED.id, "Better on our films"]


def test_one_for_other_images_replaces_none(panel: ModelsPanel) -> None:
    panel.show_models([STARTER, replace(TUNED, covers=Covers(("CT",)))], {"starter"})
    panel.select(TUNED.id)
    assert "No model suggests for these images now." in texts(panel)


def test_the_model_in_use_can_be_tuned_and_not_be_used_again(panel: ModelsPanel, qtbot: QtBot) -> None:
    panel.show_models([STARTER], {"starter"})
    assert not [b for b in panel.findChildren(QPushButton) if b.text() == "Use this model" and b.isVisible()]
    with qtbot.waitSignal(panel.tune_requested) as told:
        press(panel, "Tune it")
    assert told.args == ["starter"]


def test_a_new_head_has_to_be_tuned_first(panel: ModelsPanel) -> None:
    panel.show_models([replace(TUNED, head_trained=False)], ())
    QApplication.processEvents()
    use = next(b for b in panel.findChildren(QPushButton) if b.text() == "Use this model")
    assert not use.isEnabled()
    assert "Its last layer is not trained yet: tune it first." in texts(panel)


def test_an_onnx_model_cannot_be_tuned(panel: ModelsPanel) -> None:
    panel.show_models([replace(TUNED, format="onnx")], ())
    assert "Only weights with an architecture can be tuned." in texts(panel)
    assert "an ONNX file: it gives no maps of its own" in texts(panel)


def test_the_card_tells_of_crop_calibration_operating_points_and_what_it_knows(panel: ModelsPanel) -> None:
    card = replace(
        TUNED,
        task="multilabel",
        preprocessing=replace(TUNED.preprocessing, crop="lungs"),
        temperature=1.42,
        operating_points={"covid-19": 0.31},
        companions={TYPICAL: "0" * 64},
    )
    panel.show_models([card], ())
    told = texts(panel)
    assert "224 × 224 px, cut to the lungs, whole image resized to the square" in told
    assert "temperature 1.42" in told
    assert "COVID-19 pattern .31" in told
    assert "of anything else it says that it does not know it" in told
    panel.show_models([TUNED], ())
    told = texts(panel)
    assert "as the network says it" in told
    assert "none: the most probable leads" in told
    assert "it answers whatever it is shown" in told
