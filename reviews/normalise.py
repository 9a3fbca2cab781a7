"""What a reader's answers say of the findings that they did not mention."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from inference.card import ModelCard
from reviews.errors import InvalidAnswer
from reviews.record import Answer

NO_FINDING = "no-finding"


def complete(
    card: ModelCard, answers: Mapping[str, Answer], added: Sequence[str] = ()
) -> tuple[tuple[str, Answer], ...]:
    """An answer for every finding of a model, in the card's order, then for those that readers added.

    `added` names findings of the model's family that the model itself does not answer; the rules are the
    same for them.

    A finding that is not mentioned is unknown, with two exceptions: in a one-of-many model a
    present finding makes the others absent, and ``no-finding`` excludes every other finding
    (present, it makes the others absent; with another present, it is absent). An answer of unknown
    says nothing, so it gives way like a finding that is not mentioned.

    Raises
    ------
    InvalidAnswer
        An answer for a finding that the model does not know, an answer that is none, or answers
        that exclude each other.
    """
    names = tuple(dict.fromkeys((*card.finding_names, *added)))
    for name, answer in answers.items():
        if name not in names:
            raise InvalidAnswer(
                f"{name!r} is not a finding of the model {card.id}; expected one of {', '.join(names)}."
            )
        if answer not in get_args(Answer):
            raise InvalidAnswer(f"{name} is answered {answer!r}; expected present, absent or unknown.")
    present = [name for name in names if answers.get(name) == "present"]
    if contradicting(answers):
        others = ", ".join(name for name in present if name != NO_FINDING)
        raise InvalidAnswer(
            f"{NO_FINDING} and {others} are both answered present; expected one or the other."
        )
    if card.task == "multiclass" and len(present) > 1:
        raise InvalidAnswer(
            f"{' and '.join(present)} are answered present, but the model {card.id} has exactly one finding "
            "for an image; expected one that is present."
        )
    excludes_all = bool(present) and (card.task == "multiclass" or present == [NO_FINDING])

    def answer_for(name: str) -> Answer:
        answer = answers.get(name, "unknown")
        excluded = bool(present) and name not in present and (excludes_all or name == NO_FINDING)
        return "absent" if excluded else answer

    return tuple((name, answer_for(name)) for name in names)


def contradicting(answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """Findings that are answered present and cannot be together: ``no-finding`` and another one."""
    present = tuple(name for name, answer in answers.items() if answer == "present")
    return present if NO_FINDING in present and len(present) > 1 else ()


def of_suggestion(card: ModelCard, suggestion: str, reached: Collection[str]) -> dict[str, Answer]:
    """What a suggestion says of a model's findings, for a reader who accepts it; it may contradict itself.

    Parameters
    ----------
    suggestion
        What is suggested first: present, also where it is suggested because nothing else is.
    reached
        Findings that reach their operating points; of several at once they are suggested too.
    """
    if card.task == "multiclass":
        return {suggestion: "present"}
    return {
        name: "present" if name == suggestion or name in reached else "absent" for name in card.finding_names
    }


def consistent(standing: Mapping[str, Answer], new: Mapping[str, Answer]) -> dict[str, Answer]:
    """New answers beside those that stand, without what they exclude: the last word counts.

    Whoever calls something present no longer means ``no-finding``, and whoever calls ``no-finding`` present
    means none of what stood.
    """
    present = {name for name, answer in new.items() if answer == "present"}
    kept: dict[str, Answer]
    if NO_FINDING in present:
        kept = {name: answer for name, answer in standing.items() if answer != "present"}
    elif present:
        kept = {name: answer for name, answer in standing.items() if name != NO_FINDING}
    else:
        kept = dict(standing)
    return {**kept, **new}
