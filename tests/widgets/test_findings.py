"""The findings panel in the hands of a reader: accepting, correcting, noting, taking back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from widgets.findings import FindingRow, FindingsPanel, FindingsState
from widgets.findings_rows import ProbabilityBar

THREE = (
    FindingRow("covid-19", "COVID-19 pattern", 0.31),
    FindingRow("pneumonia", "other pneumonia", 0.58),
    FindingRow("no-finding", "no finding", 0.11),
)
SUGGESTED = FindingsState(THREE, "multiclass", "pneumonia", frame_label="Image 1 of 2", image_key="a:1")
SEVERAL = FindingsState(
    (
        FindingRow("effusion", "effusion", 0.8, operating_point=0.5),
        FindingRow("edema", "edema", 0.4, operating_point=0.3),
        FindingRow("nodule", "nodule", 0.1, operating_point=0.3),
    ),
    "multilabel",
    "effusion",
    image_key="m:1",
)
UNCOVERED = FindingsState(THREE, reason_no_suggestion="The model does not cover CT.", image_key="c:1")


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> FindingsPanel:
    widget = FindingsPanel()
    qtbot.addWidget(widget)
    widget.resize(300, 640)
    widget.show()
    return widget


def texts(panel: FindingsPanel) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def button(panel: FindingsPanel, name: str) -> QPushButton | QToolButton:
    found = [*panel.findChildren(QPushButton), *panel.findChildren(QToolButton)]
    return next(b for b in found if b.accessibleName() == name)


def radio(panel: FindingsPanel, text: str) -> QRadioButton:
    return next(r for r in panel.findChildren(QRadioButton) if r.text() == text)


def box(panel: FindingsPanel, text: str) -> QCheckBox:
    return next(b for b in panel.findChildren(QCheckBox) if b.text() == text)


def click(widget: QRadioButton | QCheckBox | QPushButton | QToolButton) -> None:
    QApplication.processEvents()
    is_choice = isinstance(widget, QRadioButton | QCheckBox)
    where = widget.rect().center()
    if is_choice:
        where.setX(10)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=where)


def note(panel: FindingsPanel) -> QPlainTextEdit:
    field = panel.findChild(QPlainTextEdit)
    assert field is not None
    return field


def heard(signal: object) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []
    signal.connect(lambda *values: calls.append(values))  # type: ignore[attr-defined]
    return calls


def test_the_suggestion_and_every_probability_are_shown(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    assert {"Suggested", "other pneumonia", ".58", ".31", ".11", "Image 1 of 2"} <= set(
        texts(panel).split("\n")
    )


def test_nothing_is_ticked_before_the_reader_decides(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    assert not any(r.isChecked() for r in panel.findChildren(QRadioButton))
    assert "Not decided yet" in texts(panel)


def test_the_accept_button_accepts(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    accepted = heard(panel.accepted)
    click(button(panel, "Accept"))
    assert accepted == [()]


def test_enter_accepts_while_the_panel_has_the_focus(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    accepted = heard(panel.accepted)
    QTest.keyClick(panel, Qt.Key.Key_Return)
    QTest.keyClick(radio(panel, "no finding"), Qt.Key.Key_Enter)
    assert len(accepted) == 2


def test_enter_without_a_suggestion_does_nothing_and_says_why(panel: FindingsPanel) -> None:
    panel.show_state(UNCOVERED)
    accepted, refused = heard(panel.accepted), heard(panel.refused)
    QTest.keyClick(panel, Qt.Key.Key_Return)
    assert accepted == []
    assert refused == [("The model does not cover CT.",)]
    assert "The model does not cover CT." in texts(panel)


def test_enter_does_nothing_while_the_model_still_looks(panel: FindingsPanel) -> None:
    panel.show_state(replace(SUGGESTED, waiting=True))
    accepted, refused = heard(panel.accepted), heard(panel.refused)
    panel.accept()
    assert accepted == []
    assert len(refused) == 1


def test_an_uncovered_image_can_still_be_answered(panel: FindingsPanel) -> None:
    panel.show_state(UNCOVERED)
    answers = heard(panel.answered)
    click(radio(panel, "no finding"))
    assert answers == [("no-finding", "present")]


def test_a_click_on_another_finding_corrects(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    answers = heard(panel.answered)
    click(radio(panel, "COVID-19 pattern"))
    assert answers == [("covid-19", "present")]


def test_a_position_on_the_keyboard_corrects_too(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    answers = heard(panel.answered)
    assert panel.correct_by_position(3)
    assert not panel.correct_by_position(4)
    assert not panel.correct_by_position(0)
    assert answers == [("no-finding", "present")]


def test_arrow_keys_never_decide(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    answers = heard(panel.answered)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Right):
        QTest.keyClick(radio(panel, "COVID-19 pattern"), key)
    assert answers == []


def test_several_findings_go_from_unknown_to_present_to_absent_and_round(panel: FindingsPanel) -> None:
    panel.show_state(SEVERAL)
    answers = heard(panel.answered)
    for _ in range(3):
        click(box(panel, "nodule"))
    assert answers == [("nodule", "present"), ("nodule", "absent"), ("nodule", "unknown")]


def test_all_findings_above_their_operating_point_are_named_as_suggested(panel: FindingsPanel) -> None:
    panel.show_state(SEVERAL)
    assert "effusion, edema" in texts(panel)
    assert box(panel, "edema").accessibleName() == "edema, suggested"
    assert box(panel, "nodule").accessibleName() == "nodule"


def test_what_stands_is_shown_with_who_decided_it(panel: FindingsPanel) -> None:
    answers = {"covid-19": "present", "pneumonia": "absent", "no-finding": "absent"}
    panel.show_state(replace(SUGGESTED, answers=answers, decided_by="A. Smith"))
    assert radio(panel, "COVID-19 pattern").isChecked()
    assert "A. Smith decided: COVID-19 pattern" in texts(panel)


def test_unsure_stands_as_unsure(panel: FindingsPanel) -> None:
    panel.show_state(replace(SUGGESTED, answers={f.name: "unknown" for f in THREE}, decided_by="A. Smith"))
    assert "A. Smith decided: unsure" in texts(panel)


def test_unsure_is_its_own_answer(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    unsure = heard(panel.unsure)
    click(button(panel, "Unsure"))
    QTest.keyClick(panel, Qt.Key.Key_U)
    assert len(unsure) == 2


def test_saved_is_said_only_once_it_is_saved(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    click(radio(panel, "COVID-19 pattern"))
    assert "saved" not in texts(panel)
    panel.saved("14:02:11")
    assert "saved 14:02:11" in texts(panel)
    click(radio(panel, "no finding"))
    assert "saved" not in texts(panel)


def test_undo_and_redo_ask_for_it_when_there_is_something(panel: FindingsPanel) -> None:
    panel.show_state(replace(SUGGESTED, can_undo=True, can_redo=False))
    undo, redo = heard(panel.undo_requested), heard(panel.redo_requested)
    click(button(panel, "Undo"))
    click(button(panel, "Redo"))
    assert (len(undo), len(redo)) == (1, 0)


def test_a_bar_shows_evidence_and_decides_nothing(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    answers, evidence = heard(panel.answered), heard(panel.finding_selected)
    QApplication.processEvents()
    QTest.mouseClick(panel.findChildren(ProbabilityBar)[0], Qt.MouseButton.LeftButton)
    assert evidence == [("covid-19",)]
    assert answers == []


def test_a_note_is_kept_once_and_enter_does_not_accept(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(SUGGESTED)
    notes, accepted = heard(panel.note_changed), heard(panel.accepted)
    panel.activateWindow()
    panel.focus_note()
    qtbot.waitUntil(note(panel).hasFocus)
    QTest.keyClicks(note(panel), "left base")
    QTest.keyClick(note(panel), Qt.Key.Key_Return)
    assert notes == [("left base",)]
    assert accepted == []
    assert not note(panel).hasFocus()


def test_escape_takes_a_note_back(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(replace(SUGGESTED, note="as before"))
    notes = heard(panel.note_changed)
    panel.focus_note()
    qtbot.waitUntil(note(panel).hasFocus)
    QTest.keyClicks(note(panel), "x")
    QTest.keyClick(note(panel), Qt.Key.Key_Escape)
    assert note(panel).toPlainText() == "as before"
    assert notes == []


def test_a_refresh_of_the_same_image_leaves_a_note_alone_that_is_being_written(
    panel: FindingsPanel, qtbot: QtBot
) -> None:
    panel.show_state(SUGGESTED)
    panel.focus_note()
    qtbot.waitUntil(note(panel).hasFocus)
    QTest.keyClicks(note(panel), "half a sent")
    panel.show_state(replace(SUGGESTED, waiting=True))
    assert note(panel).toPlainText() == "half a sent"
    panel.show_state(replace(SUGGESTED, image_key="b:1", note="of another image"))
    assert note(panel).toPlainText() == "of another image"


def test_a_note_is_finished_before_the_decision_it_belongs_to(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    order: list[str] = []
    panel.note_changed.connect(lambda text: order.append(text))
    panel.accepted.connect(lambda: order.append("accepted"))
    note(panel).setPlainText("seen")
    panel.accept()
    assert order == ["seen", "accepted"]


def test_site_adapted_probabilities_stand_beside_and_not_instead(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    assert "site" not in texts(panel).split("\n")
    panel.show_state(replace(SUGGESTED, findings=tuple(replace(f, adapted=0.71) for f in THREE)))
    shown = texts(panel).split("\n")
    assert {"model", "site", ".58", ".71"} <= set(shown)


def test_a_refresh_keeps_the_focus_on_a_finding(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(SUGGESTED)
    chosen = radio(panel, "COVID-19 pattern")
    chosen.setFocus()
    qtbot.waitUntil(chosen.hasFocus)
    panel.show_state(replace(SUGGESTED, answers={"covid-19": "present"}, decided_by="A. Smith"))
    assert chosen.hasFocus()


def test_an_empty_panel_says_what_to_do(panel: FindingsPanel) -> None:
    assert "Choose a study in the worklist." in texts(panel)
    assert not button(panel, "Accept").isEnabled()


def test_every_control_has_a_name_for_a_screen_reader(panel: FindingsPanel) -> None:
    panel.show_state(SEVERAL)
    controls = [*panel.findChildren(QPushButton), *panel.findChildren(QToolButton)]
    controls += [*panel.findChildren(QCheckBox), *panel.findChildren(ProbabilityBar), note(panel)]
    assert all(control.accessibleName() for control in controls)


# -- how sure it is ------------------------------------------------------------------------------------


def with_probabilities(*probabilities: float) -> FindingsState:
    rows = [replace(row, probability=p) for row, p in zip(THREE, probabilities, strict=True)]
    suggestion = max(rows, key=lambda row: row.probability or 0.0).name
    return FindingsState(tuple(rows), "multiclass", suggestion, image_key="p:1")


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        ((0.41, 0.46, 0.13), "Close: .05 ahead of COVID-19 pattern"),
        ((0.31, 0.58, 0.11), ".27 ahead of COVID-19 pattern"),
        ((0.05, 0.15, 0.80), "Clear: .65 ahead of other pneumonia"),
    ],
)
def test_how_far_the_first_is_ahead_is_said_in_words(
    panel: FindingsPanel, probabilities: tuple[float, float, float], said: str
) -> None:
    panel.show_state(with_probabilities(*probabilities))
    assert said in texts(panel).split("\n")


def test_of_several_findings_the_one_nearest_to_its_operating_point_is_named(panel: FindingsPanel) -> None:
    panel.show_state(SEVERAL)
    assert "Close: edema is .10 above its operating point" in texts(panel)
    rows = tuple(replace(row, operating_point=0.6) for row in SEVERAL.findings[::2])
    panel.show_state(replace(SEVERAL, findings=rows, image_key="m:2"))
    assert "Clear: every finding is at least .20 from its operating point" in texts(panel)


def test_agreement_is_offered_asked_for_and_told(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    assert not button(panel, "Check agreement").isVisible()
    panel.set_agreement_offered(True)
    panel.show_state(SUGGESTED)
    wanted = heard(panel.agreement_wanted)
    click(button(panel, "Check agreement"))
    assert wanted == [()]
    panel.show_state(replace(SUGGESTED, is_checking=True))
    assert "Looking at altered copies" in texts(panel)
    assert not button(panel, "Check agreement").isEnabled()
    panel.show_state(replace(SUGGESTED, agreement=0.875))
    assert "The same on 88% of slightly altered copies" in texts(panel)
    assert not button(panel, "Check agreement").isVisible()


# -- what the model does not know ------------------------------------------------------------------------

UNKNOWN = FindingsState(
    THREE, reason_no_suggestion="This is not what Starter knows.", is_unfamiliar=True, image_key="u:1"
)


def test_what_the_model_does_not_know_is_told_in_place_of_a_diagnosis(panel: FindingsPanel) -> None:
    panel.show_state(UNKNOWN)
    said = texts(panel).split("\n")
    assert "Not what this model knows" in said
    assert "This is not what Starter knows." in said
    assert "Suggested" not in said
    assert not any("ahead of" in line for line in said)
    accepted = heard(panel.accepted)
    panel.accept()
    assert accepted == []


def test_its_numbers_can_be_read_and_are_greyed(panel: FindingsPanel) -> None:
    panel.show_state(UNKNOWN)
    QApplication.processEvents()
    numbers = [label for label in panel.findChildren(QLabel) if label.text() == ".58"]
    assert [label.isEnabled() for label in numbers] == [False]
    greyed = panel.grab().toImage()
    panel.show_state(replace(UNKNOWN, is_unfamiliar=False))
    assert "Not what this model knows" not in texts(panel)
    assert panel.grab().toImage() != greyed
    assert all(label.isEnabled() for label in panel.findChildren(QLabel) if label.text() == ".58")


# -- what it would say with a part covered ----------------------------------------------------------------


def test_covered_values_stand_beside_the_models_own_and_are_called_a_what_if(panel: FindingsPanel) -> None:
    panel.show_state(replace(SUGGESTED, findings=tuple(replace(f, adapted=0.71) for f in THREE)))
    panel.show_cover(keeps=False)
    assert {"→ …", "what if"} <= set(texts(panel).split("\n"))
    panel.show_cover(False, {"covid-19": 0.2, "pneumonia": 0.12, "no-finding": 0.68})
    said = texts(panel).split("\n")
    assert {".58", "→ .12", ".31", "→ .20", "→ .68"} <= set(said)
    assert "What if this part were not seen? Shown only, never kept." in said
    assert ".71" not in said
    panel.end_cover()
    said = texts(panel).split("\n")
    assert {".71", "site"} <= set(said)
    assert not any("→" in line for line in said)


def test_values_stay_until_the_next_answer_so_that_nothing_flickers(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    panel.show_cover(False, {"pneumonia": 0.12})
    panel.show_cover(True)
    assert "→ .12" in texts(panel)
    assert "What if only this part were seen?" in texts(panel)


def test_another_image_ends_the_what_if_and_a_refresh_does_not(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    panel.show_cover(False, {"pneumonia": 0.12})
    panel.show_state(replace(SUGGESTED, note="seen"))
    assert "→ .12" in texts(panel)
    panel.show_state(replace(SUGGESTED, image_key="b:1"))
    assert "→" not in texts(panel)
    assert "What if" not in texts(panel)


def test_the_what_if_is_ended_by_its_button(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    panel.show_cover(False, {"pneumonia": 0.12})
    ended = heard(panel.cover_ended)
    click(button(panel, "Take the cover away"))
    assert ended == [()]


def test_the_bars_show_both_values(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    QApplication.processEvents()
    bar = panel.findChildren(ProbabilityBar)[1]
    alone = bar.grab().toImage()
    panel.show_cover(False, {"pneumonia": 0.9})
    high = bar.grab().toImage()
    panel.show_cover(False, {"pneumonia": 0.1})
    assert len({bytes(i.constBits()) for i in (alone, high, bar.grab().toImage())}) == 3
    assert bar.accessibleDescription() == "10% with the part covered"


# -- findings that readers add -----------------------------------------------------------------------

TUBERCULOSIS = FindingRow("tuberculosis", "Tuberculosis", is_added=True, can_be_taken_away=True, remark="new")


def field(panel: FindingsPanel) -> QLineEdit:
    return panel.adder.findChildren(QLineEdit)[0]


def test_a_finding_is_typed_and_asked_for_with_enter(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(SUGGESTED)
    assert field(panel).isHidden()
    panel.add_finding()
    assert field(panel).isVisible()
    QTest.keyClicks(field(panel), "Tuberculosis")
    with qtbot.assertNotEmitted(panel.accepted), qtbot.waitSignal(panel.finding_wanted) as wanted:
        QTest.keyClick(field(panel), Qt.Key.Key_Return)
    assert wanted.args == ["Tuberculosis"]
    panel.adder.close_field()
    assert field(panel).isHidden()


def test_esc_leaves_the_field_and_asks_for_nothing(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(SUGGESTED)
    QTest.mouseClick(button(panel, "Add a finding"), Qt.MouseButton.LeftButton)
    QTest.keyClicks(field(panel), "Tuber")
    with qtbot.assertNotEmitted(panel.finding_wanted), qtbot.assertNotEmitted(panel.accepted):
        QTest.keyClick(field(panel), Qt.Key.Key_Escape)
    assert field(panel).isHidden()


def test_what_cannot_be_added_is_said_beside_the_field_and_can_be_mended(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    panel.add_finding()
    QTest.keyClicks(field(panel), "pneumonia")
    panel.adder.refuse("It is a finding of the model already.")
    assert "It is a finding of the model already." in texts(panel)
    assert field(panel).selectedText() == "pneumonia"
    QTest.keyClicks(field(panel), "T")
    assert "already" not in texts(panel)


def test_typing_is_completed_from_names_that_are_known(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    panel.adder.set_known(["Tuberculosis", "Atelectasis"])
    panel.add_finding()
    QTest.keyClicks(field(panel), "culo")
    completer = field(panel).completer()
    assert completer.completionCount() == 1
    assert completer.currentCompletion() == "Tuberculosis"


def test_an_added_finding_is_answered_like_the_others(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(replace(SUGGESTED, findings=(*THREE, TUBERCULOSIS)))
    with qtbot.waitSignal(panel.answered) as answered:
        assert panel.correct_by_position(4)
    assert answered.args == ["tuberculosis", "present"]
    assert "new" in texts(panel)
    assert not any(bar.isEnabled() for bar in panel.findChildren(ProbabilityBar) if "Tuber" in bar.toolTip())


def test_an_added_finding_shows_the_site_adapted_value_and_never_a_models(panel: FindingsPanel) -> None:
    rows = tuple(replace(row, adapted=0.2) for row in THREE)
    learned = replace(TUBERCULOSIS, adapted=0.4, remark="3 examples so far: rough", can_be_taken_away=False)
    panel.show_state(replace(SUGGESTED, findings=(*rows, learned)))
    shown = texts(panel)
    assert "3 examples so far: rough" in shown
    assert ".40" in shown
    assert "–" in shown  # in the model's column
    assert not button(panel, "Take Tuberculosis away").isVisible()


def test_a_mistyped_finding_is_taken_away_with_a_click(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(replace(SUGGESTED, findings=(*THREE, TUBERCULOSIS)))
    with qtbot.waitSignal(panel.finding_taken_away) as taken:
        QTest.mouseClick(button(panel, "Take Tuberculosis away"), Qt.MouseButton.LeftButton)
    assert taken.args == ["tuberculosis"]


def test_another_image_closes_the_field(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    panel.add_finding()
    panel.show_state(replace(SUGGESTED, image_key="b:1"))
    assert field(panel).isHidden()


def test_nothing_is_added_where_no_model_answers(panel: FindingsPanel) -> None:
    panel.show_state(FindingsState(reason_no_suggestion="No model.", image_key="d:1"))
    panel.add_finding()
    assert not panel.adder.isVisible()
