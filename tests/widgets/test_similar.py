"""The cases like this in the hands of a reader: seen, chosen, closed."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListView, QToolButton
from pytestqt.qtbot import QtBot

from widgets import theme
from widgets.similar import SimilarCase, SimilarPanel

CASES = (
    SimilarCase(("1.2.3", 1), "other pneumonia", "much alike", "2026-01-04", about="Ada decided: pneumonia."),
    SimilarCase(
        ("1.2.4", 2), "Tuberculosis", "alike", "2025-03-01", is_same_patient=True, about="Same patient."
    ),
)


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> SimilarPanel:
    widget = SimilarPanel()
    qtbot.addWidget(widget)
    widget.resize(320, 240)
    widget.show()
    return widget


def row(panel: SimilarPanel) -> QListView:
    return panel.findChildren(QListView)[0]


def place(panel: SimilarPanel, number: int) -> QPoint:
    return row(panel).visualRect(row(panel).model().index(number, 0)).center()


def texts(panel: SimilarPanel) -> str:
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def test_a_click_and_enter_choose_a_case(panel: SimilarPanel, qtbot: QtBot) -> None:
    panel.show_cases(CASES)
    with qtbot.waitSignal(panel.chosen) as chosen:
        QTest.mouseClick(row(panel).viewport(), Qt.MouseButton.LeftButton, pos=place(panel, 1))
    assert chosen.args == [("1.2.4", 2)]
    row(panel).setFocus()
    QTest.keyClick(row(panel), Qt.Key.Key_Left)
    with qtbot.waitSignal(panel.chosen) as chosen:
        QTest.keyClick(row(panel), Qt.Key.Key_Return)
    assert chosen.args == [("1.2.3", 1)]


def test_only_films_in_sight_are_asked_for_and_each_once(panel: SimilarPanel, qtbot: QtBot) -> None:
    asked: list[tuple[str, int]] = []
    panel.thumbnail_wanted.connect(lambda uid, frame: asked.append((uid, frame)))
    panel.show_cases(CASES)
    qtbot.waitUntil(lambda: len(asked) == 2)
    panel.set_thumbnail("1.2.3", 1, np.full((40, 30), 200, np.uint8))
    panel.show_cases(CASES)
    panel.grab()
    assert sorted(asked) == [("1.2.3", 1), ("1.2.4", 2)]


def test_a_thumbnail_is_drawn_and_the_one_beside_the_film_is_marked(panel: SimilarPanel) -> None:
    panel.show_cases(CASES)
    bare = panel.grab().toImage()
    panel.set_thumbnail("1.2.3", 1, np.full((40, 40), 250, np.uint8))
    drawn = panel.grab().toImage()
    assert drawn != bare
    panel.set_compared(("1.2.3", 1))
    assert panel.grab().toImage() != drawn


def test_a_film_of_the_same_patient_is_marked_in_words_and_colour(panel: SimilarPanel) -> None:
    panel.show_cases(CASES[1:])
    marked = panel.grab().toImage()
    colours = {marked.pixelColor(x, y).name() for x in range(marked.width()) for y in range(marked.height())}
    assert theme.TOKENS.look_again in colours
    model = row(panel).model()
    assert model.data(model.index(0, 0), Qt.ItemDataRole.AccessibleTextRole) == "Same patient."


def test_without_cases_it_says_what_to_do(panel: SimilarPanel) -> None:
    panel.show_cases(CASES)
    panel.show_words("No film is read yet.")
    assert "No film is read yet." in texts(panel)
    assert not row(panel).isVisible()
    assert row(panel).model().rowCount() == 0


def test_it_can_be_closed_and_says_so_once(panel: SimilarPanel, qtbot: QtBot) -> None:
    panel.show_cases(CASES)
    button = panel.findChildren(QToolButton)[0]
    with qtbot.waitSignal(panel.expanded_changed) as changed:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert changed.args == [False]
    assert not row(panel).isVisible()
    with qtbot.assertNotEmitted(panel.expanded_changed):
        panel.set_expanded(True)
    assert row(panel).isVisible()
