"""The evidence panel tells what the reader chose, and nothing when it is told itself."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSlider
from pytestqt.qtbot import QtBot

from widgets.evidence import EvidencePanel

FINDINGS = [("covid-19", "COVID-19 pattern"), ("pneumonia", "Other pneumonia")]


@pytest.fixture
def panel(qtbot: QtBot) -> EvidencePanel:
    made = EvidencePanel()
    qtbot.addWidget(made)
    made.set_findings(FINDINGS, "pneumonia")
    made.show()
    return made


def words(panel: EvidencePanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible() and label.text()]


def test_the_heatmap_is_off_at_first(panel: EvidencePanel) -> None:
    assert not panel.is_shown
    assert not panel.findChildren(QSlider)[0].isEnabled()


def test_the_switch_is_told_and_wakes_the_controls(panel: EvidencePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.shown_changed) as told:
        panel.toggle()
    assert told.args == [True]
    assert panel.findChildren(QSlider)[0].isEnabled()


def test_the_given_finding_is_chosen(panel: EvidencePanel) -> None:
    assert panel.finding == "pneumonia"
    panel.choose_finding("covid-19")
    assert panel.finding == "covid-19"
    panel.choose_finding("fracture")
    assert panel.finding == "covid-19"


def test_another_finding_is_told_by_its_machine_name(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    chooser = panel.findChildren(QComboBox)[0]
    with qtbot.waitSignal(panel.finding_changed) as told:
        qtbot.keyClick(chooser, Qt.Key.Key_Up)
    assert told.args == ["covid-19"]


def test_opacity_is_told_between_0_and_1(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    with qtbot.waitSignal(panel.opacity_changed) as told:
        qtbot.keyClick(panel.findChildren(QSlider)[0], Qt.Key.Key_Right)
    assert told.args == [pytest.approx(0.51)]
    assert "51%" in words(panel)


def test_being_told_emits_nothing(panel: EvidencePanel, qtbot: QtBot) -> None:
    signals = (panel.shown_changed, panel.finding_changed, panel.method_changed, panel.opacity_changed)
    heard: list[object] = []
    for signal in signals:
        signal.connect(heard.append)
    panel.set_shown(True)
    panel.set_opacity(0.3)
    panel.set_findings(FINDINGS[::-1], "covid-19")
    panel.choose_finding("pneumonia")
    panel.set_methods([("gradcam", "Grad-CAM"), ("layercam", "Layer-CAM")], "layercam")
    assert not heard
    assert (panel.opacity, panel.method) == (0.3, "layercam")


def test_a_single_method_is_named_and_not_to_be_chosen(panel: EvidencePanel) -> None:
    assert panel.method == "gradcam"
    assert "Grad-CAM" in words(panel)
    assert len([c for c in panel.findChildren(QComboBox) if c.isVisible()]) == 1


def test_without_findings_the_switch_sleeps(panel: EvidencePanel) -> None:
    panel.set_findings([], None)
    assert panel.finding == ""
    assert not panel.findChildren(QCheckBox)[0].isEnabled()
    panel.toggle()
    assert not panel.is_shown


def test_warning_and_note_are_there_only_with_words(panel: EvidencePanel) -> None:
    before = words(panel)
    panel.set_warning("The evidence lies mostly outside the lungs.")
    panel.set_notes("No heatmap: the model does not cover this image.")
    assert len(words(panel)) == len(before) + 2
    panel.set_warning("")
    panel.set_notes("")
    assert words(panel) == before


def test_every_control_has_a_name_for_screen_readers(panel: EvidencePanel) -> None:
    controls = [*panel.findChildren(QComboBox), *panel.findChildren(QSlider), *panel.findChildren(QCheckBox)]
    assert all(control.accessibleName() for control in controls)
