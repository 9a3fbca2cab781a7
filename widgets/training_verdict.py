"""The gate's verdict on a candidate: an icon, a sentence, and what else has to be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from widgets import theme
from widgets.theme import TOKENS, space
from widgets.training_parts import label, set_role
from widgets.words import in_words

VERDICTS: dict[str, tuple[str, str, str]] = {
    "better": ("check-circle-outline", TOKENS.saved, "saved"),
    "not worse": ("check-circle-outline", TOKENS.saved, "saved"),
    "not proven": ("help-circle-outline", TOKENS.look_again, "look-again"),
    "worse": ("alert-circle-outline", TOKENS.failed, "failed"),
}
"""Icon, its colour, and role of the sentence, by verdict."""


class VerdictView(QWidget):
    """What the gate says, in the reader's language."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = QLabel()
        self._verdict = label("", "strong", wraps=True)
        self._reasons = label("", "quiet", wraps=True)
        line = QHBoxLayout()
        line.setSpacing(space(2))
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._verdict, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(space(2))
        layout.addLayout(line)
        layout.addWidget(self._reasons)

    def show_gate(self, gate: Mapping[str, Any], displays: Mapping[str, str]) -> None:
        """Show the object ``gate`` of a training's end; `displays` says what people read for findings."""
        verdict = str(gate.get("verdict", "not proven"))
        icon, colour, role = VERDICTS.get(verdict, VERDICTS["not proven"])
        reasons = [in_words(_with_display_name(str(reason), displays)) for reason in gate.get("reasons", ())]
        self._icon.setPixmap(theme.icon(icon, colour).pixmap(space(5), space(5)))
        self._verdict.setText(reasons[0] if reasons else self.tr("Verdict: {0}.").format(in_words(verdict)))
        set_role(self._verdict, role)
        self._reasons.setText("\n".join(reasons[1:]))
        self._reasons.setHidden(len(reasons) < 2)


def _with_display_name(reason: str, displays: Mapping[str, str]) -> str:
    """A reason that begins with a finding's machine name, as a person reads it."""
    first, gap, rest = reason.partition(" ")
    return f"{displays.get(first, first)}{gap}{rest}"
