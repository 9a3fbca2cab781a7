"""A hand with a mouse over one widget: moves with buttons and keys held, which QTest's moves are not."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

At = tuple[float, float]  # x and y in the widget's px

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Hand:
    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._held = NONE

    def press(self, at: At, keys: Qt.KeyboardModifier = PLAIN, button: Qt.MouseButton = LEFT) -> None:
        self._held = button
        self._send(QEvent.Type.MouseButtonPress, at, button, keys)

    def move(self, at: At, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self._send(QEvent.Type.MouseMove, at, NONE, keys)

    def release(self, at: At, keys: Qt.KeyboardModifier = PLAIN) -> None:
        button, self._held = self._held, NONE
        self._send(QEvent.Type.MouseButtonRelease, at, button, keys)

    def click(self, at: At, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self.move(at, keys)
        self.press(at, keys)
        self.release(at, keys)

    def double_click(self, at: At) -> None:
        self.click(at)
        self._held = LEFT
        self._send(QEvent.Type.MouseButtonDblClick, at, LEFT, PLAIN)
        self.release(at)

    def drag(self, start: At, end: At, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self.move(start, keys)
        self.press(start, keys)
        self.move(((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), keys)
        self.move(end, keys)
        self.release(end, keys)

    def turn_wheel(self, at: At, notches: int) -> None:
        place = QPointF(*at)
        turned = QPointF(0, 120 * notches).toPoint()
        event = QWheelEvent(
            place,
            self._widget.mapToGlobal(place),
            QPointF().toPoint(),
            turned,
            self._held,
            PLAIN,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self._widget, event)

    def _send(self, kind: QEvent.Type, at: At, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
        place = QPointF(*at)
        event = QMouseEvent(kind, place, self._widget.mapToGlobal(place), button, self._held, keys)
        QApplication.sendEvent(self._widget, event)
