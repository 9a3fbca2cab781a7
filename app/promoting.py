"""Putting a model in use, and taking that back: always a person's word, the same for window and commands."""

from __future__ import annotations

from dataclasses import dataclass

from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import family
from inference.errors import InvalidWeights
from inference.registry import sha256_of


class PromotionRefused(Exception):
    """The model is not put in use; the message is one sentence."""


class NeedsReason(PromotionRefused):
    """The gate was not passed, and nobody has written why the model is used all the same."""

    def __init__(self, card: ModelCard, verdict: str) -> None:
        super().__init__(
            f"the gate's verdict on {card.id} is {verdict!r}; promoting against it needs a written --reason."
        )
        self.card, self.verdict = card, verdict


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a roll-back ended: the model that is left, and the one in use now, None where there is none."""

    left: str
    now: ModelCard | None


def verdict_on(workplace: Workplace, card: ModelCard) -> tuple[str, bool]:
    """The gate's latest verdict on a model, and whether it passed; a model that was never compared passes."""
    kept = [told.figures for told in workplace.store.evaluations(card.id) if told.kind == "gate"]
    gate = kept[-1] if kept else card.figures.get("gate")
    return (str(gate["verdict"]), bool(gate["passed"])) if gate else ("", True)


def promote(workplace: Workplace, card: ModelCard, reader: str, reason: str = "") -> None:
    """Use a model from now on, in the name of a person; against its gate only with a written reason.

    Raises
    ------
    NeedsReason, PromotionRefused
        The gate was not passed; the model does not predict.
    InvalidWeights
        Its weights are damaged: the model in use stays.
    """
    if not card.head_trained:
        raise PromotionRefused(f"{card.id} does not predict yet (its head was replaced); train it first.")
    verdict, passed = verdict_on(workplace, card)
    if not passed and not reason.strip():
        raise NeedsReason(card, verdict)
    path = workplace.registry.weights_path(card)
    if sha256_of(path) != card.weights_sha256:
        raise InvalidWeights(f"{path} is not the file that its card names; {card.id} was not put in use.")
    workplace.store.promote(card.id, family(card), reader.strip(), reason=reason.strip(), verdict=verdict)


def model_before(workplace: Workplace) -> str:
    """The name of the model that `roll_back` would return to; empty where nothing was promoted."""
    history = workplace.store.promotions()
    taken_back = {p.takes_back for p in history}
    in_force = [p for p in history if p.takes_back is None and p.id not in taken_back]
    if not in_force:
        return ""
    own = [p for p in in_force if p.family == in_force[-1].family]
    cards = {card.id: card for card in workplace.registry.cards()}
    earlier = cards.get(own[-2].model) if len(own) > 1 else None
    bundled = next((c for c in cards.values() if c.bundled and family(c) == own[-1].family), None)
    before = earlier or bundled
    return (before.name or before.id) if before is not None else "–"


def roll_back(
    workplace: Workplace, reader: str, reason: str = "", card: ModelCard | None = None
) -> RolledBack | None:
    """Go back to the model that was in use before `card`, or before the newest promotion that stands.

    It needs nothing of the model that is left, which may be damaged or gone. None where nothing was promoted.
    """
    promoted = workplace.store.promoted()
    if card is not None:
        wanted = family(card)
    else:
        newest = (p for p in reversed(workplace.store.promotions()) if p.takes_back is None)
        found = next((p for p in newest if promoted.get(p.family) == p.model), None)
        if found is None:
            return None
        wanted = found.family
    if wanted not in promoted:
        return None
    workplace.store.roll_back(wanted, reader, reason=reason)
    now = next((c for c in workplace.models_in_use() if family(c) == wanted), None)
    return RolledBack(promoted[wanted], now)
