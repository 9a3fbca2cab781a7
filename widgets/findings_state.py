"""What the findings panel shows of one image, and what follows from it in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication

from widgets.findings_rows import Answer, FindingRow, Task
from widgets.numbers import probability_text
from widgets.words import in_words

translate = QCoreApplication.translate

CLOSE, CLEAR = 0.15, 0.5
"""Margins of probability below which a suggestion is called close, and from which on clear."""


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
    is_unfamiliar
        The image is not what the model knows: nothing is suggested, and its numbers are greyed.
    agreement, is_checking
        Share of slightly altered copies of the image for which the same is suggested, None where that was
        not asked for; whether it is being found out.
    is_hidden, is_begun
        What the model says is not told before the reader has answered; the reader has begun to, finding by
        finding, and not come to an end.
    measures, keeps_answer
        An answer that the reader gave before the suggestion was shown measures the model; the reader's answer
        to such a film stands, and going on leaves it as it is.
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
    is_unfamiliar: bool = False
    agreement: float | None = None
    is_checking: bool = False
    is_hidden: bool = False
    is_begun: bool = False
    measures: bool = False
    keeps_answer: bool = False

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
        """Why Enter does nothing; empty where it accepts, ends an answer or goes on with it."""
        return "" if self.is_begun or self.keeps_answer else self.reason_text

    @property
    def reason_text(self) -> str:
        """Why there is no suggestion; empty where there is."""
        if self.waiting:
            return translate("FindingsPanel", "The model is looking at this image.")
        if self.suggestion is None:
            reason = in_words(self.reason_no_suggestion)
            return reason or translate("FindingsPanel", "No suggestion for this image.")
        return ""

    @property
    def certainty_text(self) -> str:
        """How far what is suggested is from being something else, in words; empty without a suggestion."""
        if self.suggestion is None or self.waiting:
            return ""
        return self._margin_of_several() if self.task == "multilabel" else self._margin_of_one()

    def _margin_of_one(self) -> str:
        """Of one-of-many models: how far the first is ahead of the second."""
        said = sorted((r.probability, r.display) for r in self.findings if r.probability is not None)
        if len(said) < 2:
            return ""
        (second, other), (first, _) = said[-2:]
        margin = round(first - second, 4)  # .7 and .2 are .5 apart
        if margin < CLOSE:
            text = translate("FindingsPanel", "Close: {0} ahead of {1}")
        elif margin < CLEAR:
            text = translate("FindingsPanel", "{0} ahead of {1}")
        else:
            text = translate("FindingsPanel", "Clear: {0} ahead of {1}")
        return text.format(probability_text(margin), other)

    def _margin_of_several(self) -> str:
        """Of several findings at once: how near the nearest one is to its operating point."""
        distances = [
            (round(abs(r.probability - r.operating_point), 4), r)
            for r in self.findings
            if r.probability is not None and r.operating_point is not None
        ]
        if not distances:
            return ""
        distance, row = min(distances, key=lambda pair: pair[0])
        if distance >= CLOSE:
            text = translate("FindingsPanel", "Clear: every finding is at least {0} from its operating point")
            return text.format(probability_text(distance))
        if row.reaches_operating_point:
            text = translate("FindingsPanel", "Close: {1} is {0} above its operating point")
        else:
            text = translate("FindingsPanel", "Close: {1} is {0} below its operating point")
        return text.format(probability_text(distance), row.display)

    @property
    def agreement_text(self) -> str:
        """Whether slightly altered copies give the same; empty where that was not asked for."""
        if self.is_checking:
            return translate("FindingsPanel", "Looking at altered copies")
        if self.agreement is None:
            return ""
        text = translate("FindingsPanel", "The same on {0:.0%} of slightly altered copies")
        return text.format(self.agreement)

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
