"""A column that is scrolled up and down cuts nothing off at its side."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets.scrolling import ColumnArea


@pytest.fixture
def column(themed: QApplication) -> QWidget:
    held = QWidget()
    layout = QVBoxLayout(held)
    for _ in range(40):
        layout.addWidget(QLabel("word"))
    layout.addWidget(QPushButton("Accept"))
    return held


def fits(area: ColumnArea) -> bool:
    column = area.widget()
    assert column is not None
    return column.minimumSizeHint().width() <= column.width() <= area.viewport().width()


def test_longer_words_make_the_column_wider_beside_its_scroll_bar(qtbot: QtBot, column: QWidget) -> None:
    whole = QSplitter()
    qtbot.addWidget(whole)
    area = ColumnArea(column, 120, 600)
    whole.addWidget(QWidget())
    whole.addWidget(area)
    whole.resize(900, 300)
    whole.setSizes([780, 120])
    whole.show()
    assert area.verticalScrollBar().isVisible()
    button = column.findChild(QPushButton)
    assert button is not None
    button.setText("A word that is as long as they are in some languages")
    qtbot.waitUntil(lambda: area.width() > 250 and fits(area))


def test_words_that_are_too_long_for_any_column_are_scrolled_to(qtbot: QtBot, column: QWidget) -> None:
    whole = QWidget()
    qtbot.addWidget(whole)
    layout = QHBoxLayout(whole)
    area = ColumnArea(column, 120, 200)
    layout.addWidget(area)
    layout.addWidget(QWidget(), 1)
    whole.resize(900, 300)
    whole.show()
    button = column.findChild(QPushButton)
    assert button is not None
    button.setText("far too long " * 20)
    qtbot.waitUntil(lambda: area.minimumWidth() == 200)
    qtbot.waitUntil(area.horizontalScrollBar().isVisible)
