"""The evidence panel tells what the reader chose, and nothing when it is told itself."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from inference.overlay import HeatmapStyle
from widgets.evidence import EvidencePanel
from widgets.evidence_methods import MethodChooser, all_methods

ONE_PASS = ("gradcam", "gradcam++", "hirescam", "layercam", "eigencam")
MANY_PASSES = ("scorecam", "ablationcam", "occlusion", "integrated-gradients", "lime")
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


def methods(panel: EvidencePanel) -> MethodChooser:
    found = panel.findChild(MethodChooser)
    assert isinstance(found, MethodChooser)
    return found


def test_the_heatmap_is_off_at_first_and_what_is_about_it_takes_no_room(panel: EvidencePanel) -> None:
    assert not panel.is_shown
    panel.set_spread(0.1)
    panel.set_in_regions(0.5, 0.5)
    panel.set_expanded(True)
    controls = (QComboBox, QSlider, QToolButton)
    assert {c.accessibleName() for kind in controls for c in panel.findChildren(kind) if c.isVisible()} == {
        b.accessibleName() for b in panel.regions.findChildren(QToolButton)
    }
    assert not {"Over runs", "Where drawn", "Misplaced", "Opacity", "Threshold"} & set(words(panel))


def test_the_switch_is_told_and_wakes_the_controls(panel: EvidencePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.shown_changed) as told:
        panel.toggle()
    assert told.args == [True]
    assert panel.findChildren(QSlider)[0].isEnabled()
    assert panel.findChildren(QSlider)[0].isVisible()


def test_the_given_finding_is_chosen(panel: EvidencePanel) -> None:
    assert panel.finding == "pneumonia"
    panel.set_findings(FINDINGS, "covid-19")
    assert panel.finding == "covid-19"
    panel.set_findings(FINDINGS[::-1], "fracture")  # which is not offered
    assert panel.finding == "pneumonia"


def test_another_finding_is_told_by_its_machine_name(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    chooser = panel.findChildren(QComboBox)[0]
    with qtbot.waitSignal(panel.finding_changed) as told:
        qtbot.keyClick(chooser, Qt.Key.Key_Up)
    assert told.args == ["covid-19"]


def test_opacity_is_told_between_0_and_1(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    with qtbot.waitSignal(panel.style_changed) as told:
        qtbot.keyClick(panel.findChildren(QSlider)[0], Qt.Key.Key_Right)
    assert told.args == [HeatmapStyle(opacity=0.51)]
    assert "51%" in words(panel)


def more(panel: EvidencePanel) -> QToolButton:
    return next(button for button in panel.findChildren(QToolButton) if button.text() in ("More", "Less"))


def test_the_whole_look_is_chosen_from_the_keyboard(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    qtbot.keyClick(more(panel), Qt.Key.Key_Space)
    told: list[HeatmapStyle] = []
    panel.style_changed.connect(told.append)
    for name, key in (
        ("How the heatmap is drawn", Qt.Key.Key_Down),
        ("Share of the peak below which nothing is drawn, in percent", Qt.Key.Key_PageUp),
        ("Colours of the heatmap, all perceptually uniform", Qt.Key.Key_End),
    ):
        control = next(w for w in panel.findChildren(QWidget) if w.accessibleName() == name)
        assert control.isVisible()
        qtbot.keyClick(control, key)
    assert told[-1] == HeatmapStyle("cells", 0.5, 0.1, "cividis") == panel.style_wanted
    assert len(told) == 3


def test_tab_goes_through_every_control_from_top_to_bottom(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    panel.set_methods(all_methods(), "gradcam")
    panel.set_expanded(True)
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.findChildren(QCheckBox)[0].setFocus()
    places = []
    for _ in range(8):
        focused = panel.focusWidget()
        assert focused is not None
        place = focused.mapTo(panel, QPoint(0, 0))
        places.append((place.y(), place.x()))
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert places == sorted(set(places))


def test_more_opens_and_closes_and_is_told(panel: EvidencePanel, qtbot: QtBot) -> None:
    """Finding, method and opacity are there with the heatmap; mode, threshold and colours on demand."""
    panel.set_shown(True)
    assert len([s for s in panel.findChildren(QSlider) if s.isVisible()]) == 1
    with qtbot.waitSignal(panel.expanded_changed) as told:
        qtbot.mouseClick(more(panel), Qt.MouseButton.LeftButton)
    assert told.args == [True]
    assert len([s for s in panel.findChildren(QSlider) if s.isVisible()]) == 2
    panel.set_expanded(False)
    assert len([s for s in panel.findChildren(QSlider) if s.isVisible()]) == 1


def test_the_look_can_be_changed_while_the_evidence_stands_beside_the_film(panel: EvidencePanel) -> None:
    panel.set_beside(True)
    assert panel.findChildren(QSlider)[0].isEnabled()
    panel.set_beside(False)
    assert not panel.findChildren(QSlider)[0].isEnabled()


def test_the_panel_says_how_fine_the_map_is(panel: EvidencePanel) -> None:
    panel.set_shown(True)
    panel.set_grid((7, 8))
    assert any("7 × 8 cells" in line for line in words(panel))
    panel.set_grid(None)
    assert not any("cells" in line for line in words(panel))


def test_being_told_emits_nothing(panel: EvidencePanel, qtbot: QtBot) -> None:
    signals = (
        panel.shown_changed,
        panel.finding_changed,
        panel.method_changed,
        panel.style_changed,
        panel.expanded_changed,
        panel.spread_toggled,
    )
    heard: list[object] = []
    for signal in signals:
        signal.connect(heard.append)
    panel.set_shown(True)
    panel.set_style(HeatmapStyle("contours", 0.3, 0.2, "magma"))
    panel.set_expanded(True)
    panel.set_findings(FINDINGS[::-1], "covid-19")
    panel.set_methods(all_methods(), "layercam")
    panel.choose_method("layercam")
    panel.set_spread(0.1)
    panel.show_spread(True)
    assert not heard
    assert panel.style_wanted == HeatmapStyle("contours", 0.3, 0.2, "magma")
    assert panel.method == "layercam"


def test_every_method_is_offered_those_of_one_pass_first(panel: EvidencePanel) -> None:
    panel.set_methods(all_methods(), "gradcam")
    assert [method.name for method in all_methods()] == [*ONE_PASS, *MANY_PASSES]
    assert [method.name for method in all_methods() if method.is_long] == list(MANY_PASSES)
    chooser = methods(panel)
    listed = [chooser.itemText(n) for n in range(chooser.count())]
    assert listed == [
        *("Grad-CAM", "Grad-CAM++", "HiResCAM", "LayerCAM", "EigenCAM", ""),
        *("Score-CAM", "Ablation-CAM", "Occlusion", "Integrated gradients", "LIME"),
    ]
    assert chooser.toolTip() == "Features weighted by their mean gradient"


def test_a_method_is_told_by_its_machine_name(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    panel.set_methods(all_methods(), "gradcam")
    with qtbot.waitSignal(panel.method_changed) as told:
        qtbot.keyClick(methods(panel), Qt.Key.Key_End)
    assert told.args == ["lime"]


def test_a_model_without_maps_offers_what_looks_from_outside_and_chooses_nothing(
    panel: EvidencePanel, qtbot: QtBot
) -> None:
    panel.set_shown(True)
    panel.set_methods([m for m in all_methods() if m.name in ("occlusion", "lime")], None)
    assert panel.method == ""
    assert methods(panel).placeholderText() == "Choose a method"
    with qtbot.waitSignal(panel.method_changed) as told:
        qtbot.keyClick(methods(panel), Qt.Key.Key_Down)
    assert told.args == ["occlusion"]


def test_a_long_method_says_how_long_it_takes_and_can_be_cancelled(
    panel: EvidencePanel, qtbot: QtBot
) -> None:
    panel.set_shown(True)
    panel.set_methods(all_methods(), "lime")
    panel.show_progress()
    assert "LIME: begins" in words(panel)
    panel.show_progress(30, 120, 11.6)
    bar = panel.findChildren(QProgressBar)[0]
    assert (bar.value(), bar.maximum()) == (30, 120)
    assert "LIME: 12 s left" in words(panel)
    cancel = next(b for b in panel.findChildren(QPushButton) if b.text() == "Cancel")
    with qtbot.waitSignal(panel.cancel_requested):
        qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    panel.end_progress()
    assert not bar.isVisible()


def test_the_share_in_the_lungs_is_told_where_it_is_known(panel: EvidencePanel) -> None:
    panel.set_in_lungs(0.823)
    assert "82% in lungs" in words(panel)
    panel.set_in_lungs(None)
    assert not any("in lungs" in said for said in words(panel))


def test_the_spread_over_runs_is_told_and_can_be_drawn(panel: EvidencePanel, qtbot: QtBot) -> None:
    panel.set_shown(True)
    box = next(b for b in panel.findChildren(QCheckBox) if b.accessibleName() == "Draw the spread over runs")
    assert not box.isVisible()
    panel.set_spread(0.144)
    assert "± 14%" in words(panel)
    with qtbot.waitSignal(panel.spread_toggled) as told:
        qtbot.keyClick(box, Qt.Key.Key_Space)
    assert told.args == [True]


def test_a_grid_that_is_not_the_networks_does_not_claim_to_be(panel: EvidencePanel) -> None:
    panel.set_shown(True)
    panel.set_grid((14, 14), is_networks=False)
    assert "14 × 14 cells" in words(panel)


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
    kinds = (QComboBox, QSlider, QCheckBox, QToolButton)
    controls = [control for kind in kinds for control in panel.findChildren(kind)]
    assert all(control.accessibleName() for control in controls)
