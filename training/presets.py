"""How deep to tune a model, what goes with each depth, and how long it takes. Without torch.

A head has a few thousand weights and learns from a handful of films; a whole network has millions, and a
few dozen films teach it their scanner rather than their findings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from inference.card import ModelCard
from training.plan import Depth, Plan

LEAST_FILMS: dict[Depth, int] = {"head": 0, "last": 10, "half": 60, "all": 300}
"""From so many films of a finding on (the median over findings) a depth is worth its risk."""

WORDS: dict[Depth, str] = {
    "head": "the head", "last": "the last stage", "half": "the later half", "all": "the whole network",
}  # fmt: skip

BATCHES: dict[int, int] = {0: 8, 500: 16, 2000: 32}
"""From so many films on, so many in a batch: few films in large batches are few steps, and a finding that the
model has never seen is not learned in forty of them."""

_PRESETS: dict[Depth, dict[str, Any]] = {
    "head": {"epochs": 20, "learning_rate": 3e-3, "distillation": 0.0},
    "last": {"epochs": 20, "head_epochs": 2, "learning_rate": 1e-3, "layer_decay": 0.6},
    "half": {"epochs": 15, "head_epochs": 2, "learning_rate": 5e-4, "layer_decay": 0.6},
    "all": {"epochs": 15, "head_epochs": 2, "learning_rate": 5e-4, "layer_decay": 0.6},
}
_TUNING: dict[str, Any] = {"replay": 0.3, "distillation": 0.3, "patience": 5}
CT_WINDOW_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Suggestion:
    """How deep to tune, and from what that follows.

    Parameters
    ----------
    films
        Labelled films that can be learned from.
    findings
        How many findings are present on at least one.
    of_each
        The median of their films.
    """

    depth: Depth
    films: int
    findings: int
    of_each: int

    @property
    def reason(self) -> str:
        """In a sentence."""
        films = "1 correction" if self.films == 1 else f"{self.films:,} corrections"
        findings = "1 finding" if self.findings == 1 else f"{self.findings} findings"
        return f"{films} of {findings}, about {self.of_each:,} of each: {WORDS[self.depth]}."


def suggested(counts: Mapping[str, int], films: int | None = None) -> Suggestion:
    """How deep to tune, from the films that show each finding.

    Parameters
    ----------
    films
        How many there are in all, where some show several findings or none.
    """
    present = [count for count in counts.values() if count > 0]
    of_each = int(median(present)) if present else 0
    depth: Depth = "head"
    for deeper, least in LEAST_FILMS.items():
        if of_each >= least:
            depth = deeper
    return Suggestion(depth, sum(present) if films is None else films, len(present), of_each)


def preset(
    depth: Depth, base: ModelCard, epochs: int | None = None, films: int | None = None
) -> dict[str, Any]:
    """The choices of `Plan` that go with a depth, for this model."""
    return choices_for(depth, base.covers.modalities, epochs, films)


def choices_for(
    depth: Depth, modalities: Collection[str], epochs: int | None = None, films: int | None = None
) -> dict[str, Any]:
    """The choices of `Plan` that go with a depth, for a model that is meant for these modalities.

    Parameters
    ----------
    epochs
        Where they were chosen otherwise: the head never has all of them for itself.
    films
        How many are learned from, where that is known.
    """
    chosen = {"depth": depth, **_TUNING, **_PRESETS[depth]}
    if epochs is not None:
        chosen["epochs"] = epochs
    if "head_epochs" in chosen:
        chosen["head_epochs"] = min(chosen["head_epochs"], chosen["epochs"] - 1)
    if films is not None:
        chosen["batch_size"] = BATCHES[max(least for least in BATCHES if least <= films)]
    if "CT" in modalities:
        chosen["window_jitter"] = CT_WINDOW_JITTER
    return chosen


def is_waiting_candidate(card: ModelCard, promoted: Collection[str]) -> bool:
    """Whether a model was tuned from another one and nobody promoted it yet.

    Trainings start from models that are or were in use, never from a chain of candidates.

    Parameters
    ----------
    promoted
        Ids of all models that ever were.
    """
    return bool(card.parent) and not card.bundled and card.id not in promoted


_BACKWARDS: dict[Depth, float] = {"head": 0.0, "last": 0.6, "half": 1.2, "all": 2.0}
"""What the way back through the network costs, in passes forward."""
_BEHIND_THE_CUT: dict[Depth, float] = {"head": 0.0, "last": 0.25}
_FIXED_S = 15.0  # starting, loading, exporting, writing
_PASSES_TO_MEASURE = 4.0  # candidate and current model, each with and without the lungs


def seconds(plan: Plan, train: int, validation: int, test: int, pass_ms: float) -> float:
    """About how long a fine-tuning takes.

    Parameters
    ----------
    train, validation, test
        Films of each part.
    pass_ms
        What one pass forward takes for a film on this machine.
    """
    alone = plan.head_epochs if plan.depth != "head" else 0
    rest = plan.epochs - alone
    passes = alone * 1.0
    if plan.depth in _BEHIND_THE_CUT and 0 < plan.copies < rest:
        passes += plan.copies + rest * (_BEHIND_THE_CUT[plan.depth] + _BACKWARDS[plan.depth])
    else:
        passes += rest * (1 + _BACKWARDS[plan.depth])
    films = train * (passes + 1) + validation * (plan.epochs + 2) + test * _PASSES_TO_MEASURE
    return _FIXED_S + films * pass_ms / 1000
