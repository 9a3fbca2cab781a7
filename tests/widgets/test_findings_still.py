"""What a reader answers with stays where it is from film to film; only what is written takes more room."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.widgets.test_findings import SUGGESTED, THREE, button, note, panel
from widgets.findings import FindingsPanel

__all__ = ["panel"]

HEIGHTS = (640, 900)


def top_of_accept(panel: FindingsPanel) -> int:
    for _ in range(3):
        QApplication.processEvents()
    accept = next(b for b in panel.findChildren(QPushButton) if b.isVisible() and b.width() > 100)
    return accept.mapTo(panel, QPoint(0, 0)).y()


def test_neither_numbers_of_the_site_nor_a_decision_nor_more_room_below_move_the_answers(
    panel: FindingsPanel,
) -> None:
    panel.show_state(SUGGESTED)
    at_first = top_of_accept(panel)
    adapted = tuple(replace(row, adapted=0.2) for row in THREE)
    decided = {"pneumonia": "present", "covid-19": "absent", "no-finding": "absent"}
    for state in (
        replace(SUGGESTED, findings=adapted, image_key="a:2"),
        replace(SUGGESTED, answers=decided, decided_by="Ada", saved_at="10:00:00", image_key="a:3"),  # type: ignore[arg-type]
    ):
        for height in HEIGHTS:
            panel.resize(300, height)
            panel.show_state(state)
            assert top_of_accept(panel) == at_first


def test_a_note_takes_the_room_of_its_lines_up_to_three(panel: FindingsPanel, qtbot: QtBot) -> None:
    panel.show_state(SUGGESTED)
    heights = []
    for count in (1, 2, 3, 8, 1):
        note(panel).setPlainText("\n".join(["left base"] * count))
        QApplication.processEvents()
        heights.append(note(panel).height())
    one, two, three, eight, again = heights
    assert one < two < three == eight
    assert again == one


def test_a_refused_name_of_a_finding_is_read_whole(panel: FindingsPanel) -> None:
    panel.resize(300, 900)
    panel.show_state(SUGGESTED)
    panel.add_finding()
    panel.adder.refuse("The name of a finding has at most forty characters, and this one has a hundred.")
    for _ in range(3):
        QApplication.processEvents()
    below = panel.adder.mapTo(panel, QPoint(0, panel.adder.height())).y()
    assert below <= note(panel).mapTo(panel, QPoint(0, 0)).y()
    assert button(panel, "Accept").isVisible()
