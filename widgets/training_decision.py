"""What the reader does with a candidate: promote it with a name and, where the gate says no, a reason."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.theme import TOKENS, space
from widgets.training_parts import Reasoned, label


class DecisionView(QWidget):
    """Promote and Discard for the candidate that is shown.

    Signals
    -------
    promote_requested(model_id, reason)
    discard_requested(model_id)
    """

    promote_requested = Signal(str, str)
    discard_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._model_id = ""
        self._reader = ""
        self._needs_reason = False
        self._blocked_by = ""
        self._in_use: frozenset[str] = frozenset()
        self._was_in_use = False
        self._who = label("", "quiet", wraps=True)
        self._reason = QLineEdit()
        self._reason.setAccessibleName(self.tr("Reason for promoting"))
        self._reason.textChanged.connect(self._refresh)
        promote = QPushButton(
            theme.icon("arrow-up-bold-circle-outline", TOKENS.on_accent), self.tr("Promote")
        )
        promote.setProperty("role", "primary")
        promote.clicked.connect(self._on_promote)
        self._promote = Reasoned(promote, self.tr("Use the candidate from now on; Roll back undoes it"))
        discard = QPushButton(self.tr("Discard"))
        discard.setToolTip(self.tr("Put the candidate away; the model in use stays"))
        discard.clicked.connect(lambda: self.discard_requested.emit(self._model_id))
        self._discard = discard
        buttons = QHBoxLayout()
        buttons.setSpacing(space(2))
        buttons.addWidget(promote)
        buttons.addWidget(discard)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, space(1), 0, space(1))
        layout.setSpacing(space(2))
        layout.addWidget(self._who)
        layout.addWidget(self._reason)
        layout.addLayout(buttons)
        layout.addWidget(self._promote)
        self._refresh()

    def show_candidate(self, model_id: str, *, passed: bool) -> None:
        """Offer this candidate; a gate that it did not pass asks for a reason."""
        self._model_id, self._needs_reason = model_id, not passed
        self._blocked_by, self._was_in_use = "", False
        self._reason.clear()
        self._reason.setPlaceholderText(
            self.tr("Reason (kept with the promotion)")
            if passed
            else self.tr("Reason for promoting all the same (required)")
        )
        self.set_in_use(self._in_use)

    def set_reader(self, reader: str) -> None:
        self._reader = reader
        self._refresh()

    def set_in_use(self, model_ids: Collection[str]) -> None:
        """Which models suggest now: the candidate may be one of them, or may have been."""
        was = self._model_id in self._in_use
        self._in_use = frozenset(model_ids)
        if self._model_id in self._in_use:
            self._blocked_by = self._blocked_by or self.tr("The candidate is in use.")
        elif was:
            self._blocked_by, self._was_in_use = "", True
        self._refresh()

    def finish(self, sentence: str) -> None:
        """Say that the candidate was promoted; it cannot be again while it is in use."""
        self._blocked_by, self._was_in_use = sentence, False
        self._refresh()

    def _reason_not_to_promote(self) -> str:
        if self._blocked_by:
            return self._blocked_by
        if not self._model_id:
            return self.tr("There is no candidate.")
        if self._needs_reason and len(self._reason.text().strip()) < 3:
            return self.tr("The gate was not passed: promoting needs a reason.")
        return ""

    def _refresh(self) -> None:
        said = [self.tr("The candidate was in use and is not any more.")] if self._was_in_use else []
        said += [self.tr("Promoting as {0}").format(self._reader)] if self._reader else []
        self._who.setText("\n".join(said))
        self._who.setHidden(not said)
        self._promote.block(self._reason_not_to_promote())
        is_open = bool(self._model_id) and not self._blocked_by
        self._reason.setEnabled(is_open)
        self._discard.setEnabled(is_open)

    def _on_promote(self) -> None:
        self.promote_requested.emit(self._model_id, self._reason.text().strip())
