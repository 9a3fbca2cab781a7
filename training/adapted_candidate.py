"""A candidate made of a re-fitted head: the base model's weights with that head as their last layer.

It is measured and judged like any other candidate, and a person puts it in use.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.network import build, differences, load, with_head
from inference.registry import ModelRegistry
from training.candidate import Outcome, conclude, rounded
from training.errors import TooLittleData, UnusablePlan
from training.plan import Plan
from training.proof.gate import MARGIN
from training.replay import Replay
from training.runs import Wish
from training.samples import Samples

ADAPTED = ", site-adapted"


def candidate_of(
    base: ModelCard,
    head: AdaptedHead,
    samples: Samples,
    registry: ModelRegistry,
    current: ModelCard,
    device: torch.device,
    *,
    replay: Replay | None = None,
    margin: float = MARGIN,
    wish: Wish | None = None,
) -> Outcome:
    """Put a model with a re-fitted head into the registry, compared with the current one.

    Parameters
    ----------
    head
        Fitted to the training and validation parts of `samples`. What it doubts of findings that readers
        added (`AdaptedHead.trust`) is no part of a network: there have to be enough examples of them.
    replay
        The films that the candidate's own head will be re-fitted with; kept beside its weights.
    wish
        The wish that it stop, looked for until the candidate is put into the registry.

    Raises
    ------
    TooLittleData
        The head was fitted to no review.
    UnusablePlan, InvalidWeights
        The network cannot have another last layer.
    """
    if not head.reviews:
        raise TooLittleData("no review was fitted, so there is no candidate; some decisions are needed first")
    model = with_head(load(base, registry, device), head)
    weights = rounded(model.network.state_dict(), "float32")
    card = replace(
        model.card, id="", name=base.name.removesuffix(ADAPTED) + ADAPTED, parent=base.id, created="",
        weights_sha256="", bundled=False, companions={}, figures={},
        data={"parts": samples.counts(), "before": base.data},
        recipe={"head re-fitted from reviews": head.reviews, "films of the base model": _count(replay)},
    )  # fmt: skip
    if mismatches := differences(build(card), weights):
        raise UnusablePlan(f"{base.name or base.id} cannot have another last layer: {mismatches[0]}")
    plan = Plan(seed=0)
    return conclude(
        card, weights, model.typical, samples, registry, current, plan, device,
        _nothing if wish is None else wish.look, last_look=_nothing if wish is None else wish.look_last,
        margin=margin, replay=replay,
    )  # fmt: skip


def _nothing() -> None:
    """What is looked up where nobody can wish that it stop."""


def _count(replay: Replay | None) -> int:
    return 0 if replay is None else len(replay.embeddings)
