"""The wheel over a panel scrolls it, whatever lies under the mouse.

Qt gives a chooser, a slider or a field for numbers the wheel that is turned over it: whoever scrolls a panel
changes a setting on the way, and does not see it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QSlider, QWidget


class _PassedOn(QObject):
    """Leaves the wheel to what a control stands in."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:
            event.ignore()  # so that it goes on to the parent
            return True
        return super().eventFilter(watched, event)


def leave_wheel_to_scrolling(panel: QWidget) -> None:
    """Let no control that a panel has by now take the wheel."""
    passed_on = _PassedOn(panel)
    for kind in (QComboBox, QAbstractSpinBox, QSlider):
        for control in panel.findChildren(kind):
            control.installEventFilter(passed_on)
            if control.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
