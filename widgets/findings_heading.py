"""The top of the findings panel: what is suggested and how sure that is, or why nothing is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.blind_words import measures_text
from widgets.findings_state import FindingsState
from widgets.theme import space
from widgets.warning_line import WarningLine

_CALM_MS = 4000


class Heading(QWidget):
    """Suggestion, certainty and reason. Its button `check` stands where the panel puts it.

    Signals
    -------
    agreement_wanted
        The reader asks whether the model says the same of slightly altered copies.
    """

    agreement_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._suggested_word = _label("quiet", self.tr("Suggested"))
        self._suggested = _label("strong")
        self._unfamiliar = WarningLine(is_strong=True)
        self._hidden = _Hidden()
        self._measures = _label("caption", measures_text())
        self._reason = _label("quiet")
        self._certainty = _label("caption")
        self.check = QToolButton()
        self.check.setText(self.tr("Check"))
        self.check.setAccessibleName(self.tr("Check agreement"))
        self.check.setToolTip(self.tr("Does the model say the same of slightly altered copies of the film?"))
        self.check.setIcon(theme.icon("content-duplicate", theme.TOKENS.text_quiet))
        self.check.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.check.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.check.clicked.connect(self._on_check)
        policy = self.check.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # its line is as high without it
        self.check.setSizePolicy(policy)
        self._is_agreement_offered = False
        self._calming = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calming.timeout.connect(lambda: _set_role(self._reason, "quiet"))
        self._lay_out()

    def _lay_out(self) -> None:
        suggestion = QHBoxLayout()
        suggestion.setSpacing(space(2))
        suggestion.addWidget(self._suggested_word)
        suggestion.addWidget(self._suggested, 1)
        for label in (self._suggested, self._reason, self._certainty, self._measures):
            label.setWordWrap(True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(space(1))
        whole.addLayout(suggestion)
        whole.addWidget(self._unfamiliar)
        whole.addWidget(self._certainty)
        whole.addWidget(self._hidden)
        whole.addWidget(self._reason)
        whole.addWidget(self._measures)

    def show_state(self, state: FindingsState) -> None:
        """Say what is suggested, or why nothing is."""
        has_suggestion = state.suggestion is not None and not state.waiting
        self._suggested_word.setVisible(has_suggestion)
        self._suggested.setVisible(has_suggestion)
        self._suggested.setText(", ".join(state.display_of(name) for name in state.suggested_names))
        self._unfamiliar.say(self.tr("Not what this model knows") if state.is_unfamiliar else "")
        lines = [line for line in (state.certainty_text, state.agreement_text) if line]
        self._certainty.setText("\n".join(lines) if has_suggestion else "")
        self._certainty.setVisible(has_suggestion and bool(lines))
        can_check = has_suggestion and state.agreement is None
        self.check.setVisible(self._is_agreement_offered and can_check)
        self.check.setEnabled(not state.is_checking)
        self._calming.stop()
        _set_role(self._reason, "quiet")
        self._hidden.setVisible(state.is_hidden)
        self._measures.setVisible(state.measures)
        self._reason.setText(state.reason_text)
        self._reason.setVisible(not has_suggestion)

    def set_agreement_offered(self, is_offered: bool) -> None:
        """Offer to check the agreement, where something can."""
        self._is_agreement_offered = is_offered

    def refuse(self, reason: str) -> None:
        """Say why there is nothing to accept, so that it is seen."""
        self._reason.setText(reason)
        self._reason.setVisible(True)
        _set_role(self._reason, "look-again")
        self._calming.start()

    def _on_check(self) -> None:
        self.check.setEnabled(False)
        self.agreement_wanted.emit()


class _Hidden(QWidget):
    """Says in two words, with an icon, that the reader answers first."""

    def __init__(self) -> None:
        super().__init__()
        picture = QLabel()
        side = space(4)
        icon = theme.icon("eye-off-outline", theme.TOKENS.text)
        picture.setPixmap(icon.pixmap(QSize(side, side), self.devicePixelRatioF()))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(space(2))
        layout.addWidget(picture)
        layout.addWidget(_label("strong", self.tr("Answer first")), 1)
        self.hide()


def _label(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _set_role(label: QLabel, role: str) -> None:
    label.setProperty("role", role)
    label.style().polish(label)
