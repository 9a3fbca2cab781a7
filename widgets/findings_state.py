"""What the findings panel shows of one image, and what follows from it in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication

from widgets.findings_rows import Answer, FindingRow, Task
from widgets.words import in_words

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class FindingsState:
    """Everything the panel shows of one image.

    Parameters
    ----------
    findings
        In the model's order; empty where no model answers for this image.
    suggestion
        Machine name of the suggested finding; None where there is none, and `reason_no_suggestion` says why.
    answers
        What stands, ``{machine name: answer}``; empty where nothing was decided.
    decided_by
        The reader whose decision stands.
    saved_at
        Time of day at which it was saved, as text; None where nothing stands.
    waiting
        The model is still looking.
    frame_label
        Which image this is, such as ``Image 2 of 3``.
    image_key
        Tells images apart, so that a refresh of the same image leaves a note alone that is being written.
    """

    findings: tuple[FindingRow, ...] = ()
    task: Task = "multiclass"
    suggestion: str | None = None
    reason_no_suggestion: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    decided_by: str = ""
    note: str = ""
    saved_at: str | None = None
    waiting: bool = False
    frame_label: str = ""
    image_key: str = ""
    can_undo: bool = True
    can_redo: bool = True

    @property
    def suggested_names(self) -> tuple[str, ...]:
        """What is suggested: one finding, and in several-findings models all that reach their point."""
        if self.suggestion is None:
            return ()
        others = (row.name for row in self.findings if row.reaches_operating_point)
        several = tuple(others) if self.task == "multilabel" else ()
        return several if self.suggestion in several else (self.suggestion, *several)

    @property
    def reason_not_to_accept(self) -> str:
        """Why there is nothing to accept; empty where there is."""
        if self.waiting:
            return translate("FindingsPanel", "The model is looking at this image.")
        if self.suggestion is None:
            reason = in_words(self.reason_no_suggestion)
            return reason or translate("FindingsPanel", "No suggestion for this image.")
        return ""

    @property
    def decision_text(self) -> str:
        """What stands, and by whom."""
        if not self.answers:
            return translate("FindingsPanel", "Not decided yet") if self.findings else ""
        present = [self.display_of(name) for name, answer in self.answers.items() if answer == "present"]
        if present:
            decision = ", ".join(present)
        elif all(answer == "unknown" for answer in self.answers.values()):
            decision = translate("FindingsPanel", "unsure")
        else:
            decision = translate("FindingsPanel", "none of these present")
        if not self.decided_by:
            return translate("FindingsPanel", "Decided: {0}").format(decision)
        return translate("FindingsPanel", "{0} decided: {1}").format(self.decided_by, decision)

    def display_of(self, name: str) -> str:
        """What a person reads for a finding's machine name."""
        return next((row.display for row in self.findings if row.name == name), name)
