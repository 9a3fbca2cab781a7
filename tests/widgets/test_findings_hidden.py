"""The findings panel of a film that measures the model: what it holds back, and what it says of that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.test_findings import SUGGESTED, button, texts
from widgets.blind_words import hidden_text, measures_text, unfinished_text
from widgets.findings import FindingsPanel, FindingsState
from widgets.findings_rows import ProbabilityBar

BARE = tuple(replace(row, probability=None) for row in SUGGESTED.findings)
HIDDEN = FindingsState(
    BARE, "multiclass", reason_no_suggestion=hidden_text(), image_key="a:1", is_hidden=True
)
BEGUN = replace(HIDDEN, task="multilabel", reason_no_suggestion=unfinished_text(), is_begun=True)
TOLD = replace(
    SUGGESTED, answers={"pneumonia": "present"}, decided_by="Ada", measures=True, keeps_answer=True
)


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> FindingsPanel:
    widget = FindingsPanel()
    qtbot.addWidget(widget)
    widget.resize(300, 640)
    widget.show()
    return widget


def press(panel: FindingsPanel, key: Qt.Key) -> None:
    QTest.keyClick(panel, key)


def test_enter_accepts_nothing_and_says_why(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(SUGGESTED)
    tip = button(panel, "Accept").toolTip()
    panel.show_state(HIDDEN)
    said = texts(panel)
    assert "Answer first" in said
    assert hidden_text() in said
    assert "." not in "".join(said.split(hidden_text()))  # no number
    accept = button(panel, "Accept")
    assert not accept.isEnabled()
    assert accept.toolTip() == hidden_text()
    assert not any(bar.isEnabled() for bar in panel.findChildren(ProbabilityBar))
    with qtbot.assertNotEmitted(panel.accepted), qtbot.waitSignal(panel.refused) as refused:
        press(panel, Qt.Key.Key_Return)
    assert refused.args == [hidden_text()]

    panel.show_state(SUGGESTED)
    assert accept.isEnabled()
    assert accept.toolTip() == tip
    assert "Answer first" not in texts(panel)


def test_an_answer_of_several_findings_is_ended_by_enter(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(BEGUN)
    assert unfinished_text() in texts(panel)
    assert button(panel, "Answered").isVisible()
    assert not button(panel, "Accept").isVisible()
    with qtbot.waitSignal(panel.accepted), qtbot.assertNotEmitted(panel.refused):
        press(panel, Qt.Key.Key_Return)


def test_after_the_answer_enter_goes_on_with_it(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(TOLD)
    said = texts(panel)
    assert measures_text() in said
    assert ".58" in said
    assert button(panel, "Go on").isVisible()
    assert not button(panel, "Accept").isVisible()
    with qtbot.waitSignal(panel.accepted):
        QTest.mouseClick(button(panel, "Go on"), Qt.MouseButton.LeftButton)


def test_a_covered_part_is_forgotten_where_nothing_may_be_told(panel: FindingsPanel) -> None:
    panel.show_state(SUGGESTED)
    panel.show_cover(False, {"pneumonia": 0.2})
    assert "→ .20" in texts(panel)
    panel.show_state(HIDDEN)
    assert "→" not in texts(panel)
