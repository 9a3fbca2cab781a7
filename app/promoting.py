"""Putting a model in use, and taking that back: always a person's word, the same for window and commands."""

from __future__ import annotations

from collections.abc import Sequence
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

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing.sentence)
        self.standing = standing


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands beside the one in whose place it would be used.

    Parameters
    ----------
    current
        The model in use for the same images; None where there is none.
    verdict
        The gate's, beside `current`; empty where nobody compared it with any.
    passed
        Whether the gate was passed.
    compared_with
        What people call the model that the latest verdict is about, where that is not in use any more: it
        proves nothing about the one that is.
    """

    card: ModelCard
    current: ModelCard | None
    verdict: str = ""
    passed: bool = False
    compared_with: str = ""

    @property
    def is_in_use(self) -> bool:
        return self.current is not None and self.current.id == self.card.id

    @property
    def is_uncompared(self) -> bool:
        """Whether nobody held it against the model in use, though there is one."""
        return not self.verdict and self.current is not None and not self.is_in_use

    @property
    def needs_reason(self) -> bool:
        """Whether a promotion goes against the gate."""
        return bool(self.verdict) and not self.passed and not self.is_in_use

    @property
    def sentence(self) -> str:
        """What whoever promotes it has to know; empty where the gate was passed."""
        card, current = self.card, self.current
        name = "" if current is None else current.name or current.id
        if self.is_in_use:
            return ""
        if self.compared_with:
            return (
                f"the gate's verdict on {card.id} is beside {self.compared_with}, and {name} is in use now; "
                f"evaluate --model {card.id} --against compares the two, or promoting it needs a written "
                "--reason."
            )
        if self.needs_reason:
            return (
                f"the gate's verdict on {card.id} is {self.verdict!r}; promoting against it needs a written "
                "--reason."
            )
        if self.is_uncompared:
            return (
                f"Nobody compared {card.name or card.id} with {name}, which is in use; "
                f"evaluate --model {card.id} --against does."
            )
        return ""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a roll-back ended: the model that is left, and the one in use now, None where there is none."""

    left: str
    now: ModelCard | None


def standing_of(workplace: Workplace, card: ModelCard, in_use: Sequence[ModelCard] | None = None) -> Standing:
    """How a model stands beside the one in use, by the latest verdict on the two.

    `in_use` are all of those, where they are at hand. A verdict beside a model that is not in use any more
    is *not proven* about the one that is. Verdicts that were kept before they named the other model count as
    of the one in use.
    """
    own = family(card)
    used = workplace.models_in_use() if in_use is None else in_use
    current = next((c for c in used if family(c) == own), None)
    kept = [told.figures for told in workplace.store.evaluations(card.id) if told.kind == "gate"]
    if not kept and "gate" in card.figures:
        kept = [card.figures["gate"]]
    if not kept:
        return Standing(card, current)
    beside = "" if current is None else current.id
    about = [gate for gate in kept if not beside or gate.get("current", "") in ("", beside)]
    if about:
        return Standing(card, current, str(about[-1]["verdict"]), bool(about[-1]["passed"]))
    before = str(kept[-1]["current"])
    named = next((c.name for c in workplace.registry.cards() if c.id == before), "")
    return Standing(card, current, "not proven", compared_with=named or before)


def promote(workplace: Workplace, card: ModelCard, reader: str, reason: str = "") -> Standing:
    """Use a model from now on, in the name of a person; against its gate only with a written reason.

    Returns
    -------
    Standing
        How it stood beside the model whose place it takes.

    Raises
    ------
    NeedsReason, PromotionRefused
        The gate was not passed; the model does not predict.
    InvalidWeights
        Its weights are damaged: the model in use stays.
    """
    if not card.head_trained:
        raise PromotionRefused(f"{card.id} does not predict yet (its head was replaced); train it first.")
    standing = standing_of(workplace, card)
    if standing.needs_reason and not reason.strip():
        raise NeedsReason(standing)
    path = workplace.registry.weights_path(card)
    if sha256_of(path) != card.weights_sha256:
        raise InvalidWeights(f"{path} is not the file that its card names; {card.id} was not put in use.")
    workplace.store.promote(
        card.id, family(card), reader.strip(), reason=reason.strip(), verdict=standing.verdict
    )
    return standing


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
