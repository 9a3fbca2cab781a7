"""Turning the wheel over a panel changes nothing in it: the wheel goes on to what scrolls the panel."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QDoubleSpinBox, QSlider, QWidget
from pytestqt.qtbot import QtBot

from app.gui.reading_page import ReadingPage
from widgets.models import ModelsPanel
from widgets.training import TrainingPanel

KINDS = (QComboBox, QSlider, QAbstractSpinBox)


def is_taken(control: QWidget) -> bool:
    """Turn the wheel by one notch over a control; whether it keeps that from what it stands in."""
    at = QPointF(control.rect().center())
    event = QWheelEvent(
        at,
        QPointF(control.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    event.ignore()
    QApplication.sendEvent(control, event)
    return event.isAccepted()


def value_of(control: QWidget) -> object:
    if isinstance(control, QComboBox):
        return control.currentIndex()
    return control.value() if isinstance(control, QSlider) else control.property("value")


def test_a_control_of_its_own_takes_the_wheel(qtbot: QtBot) -> None:
    """What the others are spared."""
    field = QDoubleSpinBox()
    qtbot.addWidget(field)
    assert is_taken(field)


@pytest.mark.parametrize("panel", [TrainingPanel, ModelsPanel, ReadingPage])
def test_the_wheel_over_a_control_goes_on_to_its_panel(qtbot: QtBot, panel: type[QWidget]) -> None:
    page = panel()
    qtbot.addWidget(page)
    page.show()
    scrolled = page.side if isinstance(page, ReadingPage) else page
    controls = [control for kind in KINDS for control in scrolled.findChildren(kind)]
    assert controls
    for control in controls:
        before = value_of(control)
        assert not is_taken(control), control.accessibleName()
        assert value_of(control) == before
        assert control.focusPolicy() != Qt.FocusPolicy.WheelFocus
