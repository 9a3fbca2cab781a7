"""Which films hide their suggestion from a reader, and which of a reader's answers measure a model.

Films of the test part measure models, so nobody may have answered them under a model's influence. Until
a reader has answered such a film, nothing that a model says of it is told to them: no number, no order
that follows from one, no map. It is a reader's own answer that ends this for them, and for good: taking
the answer back does not make the suggestion unseen, and another reader has not been asked yet.

What measures is what a reader answered while nothing was shown. Later answers to the same film stand for
everything else, as they do on every film, but whoever gave them has seen what the model says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from reviews.record import Answer, Part, Review


def is_hidden(part: Part | None, answered_by: Collection[str], reader: str) -> bool:
    """Whether a reader is not told what models say of a frame.

    Parameters
    ----------
    part
        The part of the frame's patient; None where it was never given: nothing is hidden then.
    answered_by
        Everybody who ever answered this frame, whether or not they took it back.
    reader
        Who looks at it.
    """
    return part == "test" and reader not in answered_by


def is_blind(review: Review) -> bool:
    """Whether a decision was made while nothing of what a model says was shown."""
    shown = review.shown
    return shown is None or (shown.suggestion is None and not shown.probabilities)


def blind_answers(decisions: Sequence[Review]) -> tuple[Review, ...]:
    """What each reader answered on one frame before a model's suggestion was shown to them.

    Of each reader's answers up to the first that was given with a suggestion in sight, the last:
    whoever corrected themselves without having seen it meant the correction. A reader who has seen it
    before their first answer gave none that measures. Of a second answer from the command line nobody
    knows whether the window told its reader meanwhile: it does not take the first one's place.

    Parameters
    ----------
    decisions
        Every decision on the frame in the order in which they were made, those taken back too; rows
        that take back are passed over.
    """
    found: dict[str, Review] = {}
    has_seen: set[str] = set()
    for decision in decisions:
        if decision.takes_back is not None or decision.reader in has_seen:
            continue
        if not is_blind(decision):
            has_seen.add(decision.reader)
        elif decision.reader not in found or decision.shown is None:
            found[decision.reader] = decision
    return tuple(found.values())


def agreed(answers: Iterable[Review]) -> dict[str, Answer]:
    """What several readers say of one frame, by finding: what most of them answered, unknown for a tie.

    Readers who contradict each other so leave unknown what they contradict each other about.
    """
    counts: dict[str, Counter[Answer]] = {}
    for review in answers:
        for finding, answer in review.findings:
            counts.setdefault(finding, Counter())[answer] += 1
    return {finding: _most(count) for finding, count in counts.items()}


def _most(count: Counter[Answer]) -> Answer:
    present, absent = count["present"], count["absent"]
    if present == absent:
        return "unknown"
    return "present" if present > absent else "absent"
