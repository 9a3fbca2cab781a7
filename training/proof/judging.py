"""Any model beside the one in use: on films that neither was fitted on, and by the gate.

Whoever makes a candidate here and whoever brings one from elsewhere is judged alike.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inference.card import ModelCard
from training.events import Evaluation, Gate
from training.proof.fitted import Fitted
from training.proof.gate import LEAST_RESAMPLES, MARGIN, compare
from training.proof.pairing import named
from training.samples import Sample

CANDIDATE, CURRENT = "the candidate", "the current model"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the films that a model was fitted on.

    Parameters
    ----------
    name
        What the model is called.
    fitted
        None where it was never written down.
    silent
        Which model never said it: itself, or one that it was made from.
    """

    name: str
    fitted: Fitted | None
    silent: str = ""

    @property
    def is_whole(self) -> bool:
        return self.fitted is not None and self.fitted.is_whole

    def seen(self, samples: Sequence[Sample]) -> set[str]:
        """Images that the model was fitted on, or whose patient it has seen."""
        return set() if self.fitted is None else {s.image for s in self.fitted.overlap(samples)}


@dataclass(frozen=True, slots=True)
class Unseen:
    """Films that can measure a candidate, those that can measure both, and sentences on the rest."""

    of_candidate: tuple[Sample, ...]
    of_both: tuple[Sample, ...]
    remarks: tuple[str, ...]


def unseen(
    films: Sequence[Sample],
    candidate: Known,
    current: Known | None,
    *,
    patients: Collection[str] = (),
    among: str = "films of the test part",
) -> Unseen:
    """Leave out what either model was fitted on.

    Parameters
    ----------
    patients
        Who the candidate has learned from by the labels' own names, which pictures do not carry.
    among
        What the films are called in sentences.
    """
    ours = candidate.seen(films) | {s.image for s in films if s.patient in patients}
    theirs = current.seen(films) if current is not None else set()
    remarks = [_left_out(films, ours, CANDIDATE, among)] if ours else []
    if theirs - ours:
        remarks.append(_left_out(films, theirs, CURRENT, among))
    remarks += nobody_knows([known for known in (candidate, current) if known is not None])
    mine = tuple(s for s in films if s.image not in ours)
    return Unseen(mine, tuple(s for s in mine if s.image not in theirs), tuple(remarks))


def nobody_knows(models: Sequence[Known]) -> list[str]:
    """A sentence for each model of which nobody wrote down what it, or its parents, were fitted on."""
    names = dict.fromkeys(known.silent or known.name for known in models if not known.is_whole)
    return [
        f"Which films {name} was fitted on was never written down: some of these may be among them."
        for name in names
    ]


def _left_out(films: Sequence[Sample], images: set[str], who: str, among: str) -> str:
    files = [Path(s.header.path).name for s in films if s.image in images]
    left = "was left out" if len(files) == 1 else "were left out"
    these = (
        "it or on others of the same patient" if len(files) == 1 else "them or on others of the same patients"
    )
    several = f"{len(files)} of the {len(films)} {among}"
    if len(films) == 1:
        several = f"The only film{among.removeprefix('films')}"
    return f"{several} {left}, because {who} was fitted on {these}: {named(files)}."


def judged(
    evaluation: Evaluation | None,
    before: Evaluation | None,
    card: ModelCard,
    current: ModelCard | None,
    remarks: Sequence[str],
    *,
    kept_aside: int,
    margin: float = MARGIN,
    bootstrap: int = LEAST_RESAMPLES,
    seed: int = 0,
) -> Gate:
    """The gate's verdict, or why there can be none; with what has to be said of the films.

    Parameters
    ----------
    evaluation, before
        Of the candidate and of the model in use; None where nothing could be measured.
    kept_aside
        How many films there were to measure on, before those were left out that a model was fitted on.
    """
    beside = current.id if current is not None else ""
    if evaluation is not None and before is not None:
        several = "multilabel" in (card.task, current.task if current is not None else card.task)
        gate = compare(
            evaluation, before, margin=margin, bootstrap=max(bootstrap, LEAST_RESAMPLES), seed=seed,
            task="multilabel" if several else "multiclass",
        )  # fmt: skip
        return replace(gate, reasons=(*gate.reasons, *remarks), current=beside)
    if not kept_aside:
        reason = "No patients were kept aside for testing, so nothing is proven."
    elif evaluation is not None and current is None:
        reason = "There is no current model to compare the candidate with."
    elif evaluation is not None and current is not None and not current.head_trained:
        reason = f"{current.name or current.id} does not predict yet, so there is nothing to compare with."
    else:
        reason = "No film of the test part is left that neither model was fitted on, so nothing is proven."
    return Gate(False, "not proven", (reason, *remarks), beside)
