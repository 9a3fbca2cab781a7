"""Words written straight onto a film: a line that grows, no dialog."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from widgets import theme

_LONGEST = 200  # characters


class FilmText(QLineEdit):
    """Asks for a line of text at a point of a film.

    Enter, or a click elsewhere, ends it; Esc gives it up. Both keys stay here: the film around it would
    take Enter for an answer.

    Signals
    -------
    written
        What was written.
    given_up
        Nothing shall come of it.
    """

    written = Signal(str)
    given_up = Signal()

    def __init__(self, film: QWidget) -> None:
        super().__init__(film)
        self.setMaxLength(_LONGEST)
        self.setPlaceholderText(self.tr("Text, then Enter"))
        self.setAccessibleName(self.tr("Text on the film"))
        self.textChanged.connect(self._fit)
        self._at = QPointF()
        self._is_asking = False
        self._was_left_by_mouse = False
        self.hide()

    @property
    def is_asking(self) -> bool:
        return self._is_asking

    def was_left_by_mouse(self) -> bool:
        """Whether a click elsewhere ended it since this was asked last."""
        was_left, self._was_left_by_mouse = self._was_left_by_mouse, False
        return was_left

    def ask(self, at: QPointF, text: str = "") -> None:
        """Stand with the middle of the left edge at a point of the film, with a text to change."""
        self._is_asking = True
        self._at = at
        self.setText(text)
        self.selectAll()
        self._fit()
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def end(self, is_given_up: bool) -> None:
        """End asking, once."""
        if not self._is_asking:
            return
        self._is_asking = False
        film = self.parentWidget()
        if self.hasFocus() and film is not None:
            film.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        if is_given_up:
            self.given_up.emit()
        else:
            self.written.emit(self.text().strip())

    def _fit(self) -> None:
        film = self.parentWidget()
        if film is None:
            return
        shown = self.text() or self.placeholderText()
        width = self.fontMetrics().horizontalAdvance(shown) + theme.space(6)
        width = min(max(width, theme.space(30)), film.width())
        height = self.sizeHint().height()
        left = min(max(round(self._at.x()), 0), film.width() - width)
        top = min(max(round(self._at.y() - height / 2), 0), film.height() - height)
        self.setGeometry(left, top, width, height)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter ends, Esc gives up; neither goes on to the film."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            event.accept()
            self.end(is_given_up=event.key() == Qt.Key.Key_Escape)
            return
        super().keyPressEvent(event)
        event.accept()  # what a line of text has no use for means nothing to the film either

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A click elsewhere ends it; another window in front does not."""
        super().focusOutEvent(event)
        if event.reason() not in (
            Qt.FocusReason.ActiveWindowFocusReason,
            Qt.FocusReason.PopupFocusReason,
        ):
            self._was_left_by_mouse = self._is_asking and event.reason() == Qt.FocusReason.MouseFocusReason
            self.end(is_given_up=False)
