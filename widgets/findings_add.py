"""The quiet row below the findings with which a reader adds one that the model has never seen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.key_hints import stands_for
from widgets.theme import space

_LONGEST = 80  # more than a name may have, so that what is too long is refused in words and not cut


class FindingAdder(QWidget):
    """A button that becomes a field.

    Signals
    -------
    wanted
        What the reader typed, and finished with Enter. Answer with `close_field` or `refuse`.
    left
        The reader has left the field with Enter or Esc, and keys belong to the film again.
    """

    wanted = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QPushButton()
        self._button.setProperty("role", "flat")
        self._button.setIcon(theme.icon("plus", theme.TOKENS.text_quiet))
        tip = self.tr("Add a finding that the model has never seen; it learns it from the films you answer")
        stands_for(self._button, "add finding", tip)
        self._button.setText(self.tr("Add a finding"))
        self._button.setAccessibleName(self.tr("Add a finding"))
        self._button.clicked.connect(self.open_field)
        self._said = QLabel()
        self._said.setProperty("role", "look-again")
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._field = _Field()
        self._field.setMaxLength(_LONGEST)
        self._field.setPlaceholderText(self.tr("Name of the finding"))
        self._field.setAccessibleName(self.tr("Name of the finding to add"))
        self._field.returnPressed.connect(self._on_finished)
        self._field.abandoned.connect(self._on_abandoned)
        self._field.unfocused.connect(self.close_field)
        self._field.textEdited.connect(lambda _: self._said.hide())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, space(1), 0)
        layout.setSpacing(space(1))
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._field)
        layout.addWidget(self._said)
        self.close_field()

    @property
    def is_open(self) -> bool:
        """Whether the reader is typing a name."""
        return not self._field.isHidden()

    def set_known(self, names: Sequence[str]) -> None:
        """What typing is completed from."""
        completer = QCompleter(sorted(names, key=str.casefold), self._field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._field.setCompleter(completer)

    def open_field(self) -> None:
        """Let the reader type a name."""
        self._said.hide()
        self._field.clear()
        self._button.hide()
        self._field.show()
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_field(self) -> None:
        """Be the button again, whatever was typed."""
        self._hide_completions()
        self._field.hide()
        self._said.hide()
        self._button.show()

    def refuse(self, sentence: str) -> None:
        """Say why what was typed was not added, and leave it to be mended."""
        if not self.is_open:
            return
        self._said.setText(sentence)
        self._said.show()
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._field.selectAll()

    def _hide_completions(self) -> None:
        completer = self._field.completer()
        if completer is not None and (popup := completer.popup()) is not None:
            popup.hide()

    def _on_finished(self) -> None:
        self._hide_completions()
        if self._field.text().strip():
            self.wanted.emit(self._field.text())
        else:
            self._on_abandoned()

    def _on_abandoned(self) -> None:
        self.close_field()
        self.left.emit()


class _Field(QLineEdit):
    """A line that tells when the reader leaves it."""

    abandoned = Signal()
    unfocused = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.abandoned.emit()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()  # a line lets Enter through, and to the panel it means: accept the suggestion

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # A list of completions, or another window, takes the focus for a while only.
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            QTimer.singleShot(0, self, self.unfocused.emit)  # not while Qt is moving the focus
