"""A person puts a model in use and takes that back; a kill in between leaves the one or the other."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.promoting import NeedsReason, PromotionRefused, model_before, promote, roll_back, standing_of
from app.workplace import Workplace
from inference.card import Covers, ModelCard
from inference.coverage import family
from inference.errors import InvalidWeights

PROMOTE_FOREVER = """
import sys
from pathlib import Path
from app.promoting import promote, roll_back
from app.workplace import Workplace

place = Workplace(Path(sys.argv[1]), Path(sys.argv[2]))
first, second = (place.registry.find(name) for name in sys.argv[3:5])
print("ready", flush=True)
while True:
    promote(place, first, "A. Smith")
    promote(place, second, "A. Smith")
    roll_back(place, "A. Smith")
    roll_back(place, "A. Smith")
"""


@pytest.fixture
def place(data_dir: Path, bundled: Path) -> Workplace:
    return Workplace(data_dir, bundled)


def another(place: Workplace, name: str, **fields: object) -> ModelCard:
    """A model of the starter's weights under another name."""
    starter = place.registry.find("starter")
    card = replace(starter, name=name, companions={}, **fields)  # type: ignore[arg-type]
    return place.registry.add(card, place.registry.weights_path(starter))


def in_use(place: Workplace) -> set[str]:
    return {card.name for card in place.models_in_use()}


def test_a_promotion_keeps_who_why_and_against_which_verdict(place: Workplace) -> None:
    card = another(place, "Tuned")
    gate = {"passed": False, "verdict": "worse", "reasons": ["The candidate is worse."]}
    place.store.remember_evaluation(card.id, "gate", gate)
    assert (standing_of(place, card).verdict, standing_of(place, card).needs_reason) == ("worse", True)
    for nothing in ("", "  "):
        with pytest.raises(NeedsReason, match="'worse'"):
            promote(place, card, "A. Smith", nothing)
    assert in_use(place) == {"Starter", "Phantom"}
    promote(place, card, "A. Smith", " known shift ")
    (promotion,) = place.store.promotions()
    assert (promotion.reader, promotion.reason, promotion.verdict) == ("A. Smith", "known shift", "worse")
    assert in_use(place) == {"Tuned", "Phantom"}


def test_the_verdict_in_a_candidates_card_holds_where_the_store_was_never_told(place: Workplace) -> None:
    """A training that was killed once its candidate was there."""
    card = another(
        place, "Tuned", figures={"gate": {"passed": False, "verdict": "not proven", "reasons": []}}
    )
    with pytest.raises(NeedsReason):
        promote(place, card, "A. Smith")
    promote(place, card, "A. Smith", "a trial")
    assert place.store.promotions()[0].verdict == "not proven"


def test_a_verdict_beside_a_model_that_is_not_in_use_any_more_proves_nothing(place: Workplace) -> None:
    first, second = another(place, "One"), another(place, "Two")
    better = {"passed": True, "verdict": "better", "reasons": [], "current": "starter"}
    for card in (first, second):
        place.store.remember_evaluation(card.id, "gate", better)
    promote(place, first, "A. Smith")
    with pytest.raises(NeedsReason, match="beside Starter, and One is in use now"):
        promote(place, second, "A. Smith")
    promote(place, second, "A. Smith", "a trial")
    promotion = place.store.promotions()[-1]
    assert (promotion.reason, promotion.verdict) == ("a trial", "not proven")
    promote(place, second, "A. Smith")  # it is in use: nothing is done, and nothing asked


def test_a_verdict_holds_again_once_its_model_is_in_use_again(place: Workplace) -> None:
    first, second = another(place, "One"), another(place, "Two")
    for against, passed in (("starter", True), (first.id, False)):
        verdict = "better" if passed else "worse"
        gate = {"passed": passed, "verdict": verdict, "reasons": [], "current": against}
        place.store.remember_evaluation(second.id, "gate", gate)
    promote(place, first, "A. Smith")
    with pytest.raises(NeedsReason, match="'worse'"):
        promote(place, second, "A. Smith")
    roll_back(place, "A. Smith")
    promote(place, second, "A. Smith")
    assert place.store.promotions()[-1].verdict == "better"


def test_going_back_by_promoting_the_programs_own_model_asks_for_no_reason(place: Workplace) -> None:
    promote(place, another(place, "One"), "A. Smith")
    promote(place, place.registry.find("starter"), "A. Smith")
    assert in_use(place) == {"Starter", "Phantom"}


def test_a_model_that_nobody_compared_says_so(place: Workplace) -> None:
    """It can be put in use, and its row has no verdict (docs/proof.md); but it is not done in silence."""
    card = another(place, "Tuned")
    standing = standing_of(place, card)
    assert not standing.needs_reason
    assert standing.is_uncompared
    assert standing.sentence == (
        f"Nobody compared Tuned with Starter, which is in use; evaluate --model {card.id} --against does."
    )
    alone = another(place, "CT", covers=Covers(("CT",), ("CHEST",)))
    assert standing_of(place, alone).sentence == "", "there is none to compare it with"
    promote(place, card, "A. Smith")
    assert place.store.promotions()[-1].verdict == ""


def test_a_model_whose_weights_are_damaged_is_not_put_in_use(place: Workplace) -> None:
    card = another(place, "Tuned")
    path = place.registry.weights_path(card)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InvalidWeights, match="not the file"):
        promote(place, card, "A. Smith")
    assert in_use(place) == {"Starter", "Phantom"}


def test_a_model_that_does_not_predict_is_not_put_in_use(place: Workplace) -> None:
    with pytest.raises(PromotionRefused, match="does not predict"):
        promote(place, another(place, "Headless", head_trained=False), "A. Smith")


def test_a_roll_back_says_where_it_goes_and_goes_there(place: Workplace) -> None:
    first, second = another(place, "One"), another(place, "Two")
    assert model_before(place) == ""
    promote(place, first, "A. Smith")
    assert model_before(place) == "Starter"
    promote(place, second, "A. Smith")
    for expected in ("One", "Starter"):
        assert model_before(place) == expected
        done = roll_back(place, "A. Smith")
        assert done is not None
        assert done.now is not None
        assert done.now.name == expected
        assert expected in in_use(place)
    assert roll_back(place, "A. Smith") is None


def test_a_model_that_is_gone_can_be_rolled_back(place: Workplace) -> None:
    card = another(place, "Tuned")
    promote(place, card, "A. Smith")
    place.registry.remove(card.id)
    assert in_use(place) == {"Starter", "Phantom"}, "the program's own answers meanwhile"
    done = roll_back(place, "A. Smith")
    assert done is not None
    assert (done.left, done.now is not None and done.now.id) == (card.id, "starter")


def test_a_family_without_a_model_of_the_programs_is_rolled_back_to_none(place: Workplace) -> None:
    card = another(place, "CT", covers=Covers(("CT",), ("CHEST",)))
    promote(place, card, "A. Smith")
    assert in_use(place) == {"Starter", "Phantom", "CT"}
    done = roll_back(place, "A. Smith", card=card)
    assert done is not None
    assert done.now is None
    assert in_use(place) == {"Starter", "Phantom"}


def test_a_kill_at_any_moment_of_a_promotion_leaves_the_old_model_or_the_new(
    place: Workplace, data_dir: Path, bundled: Path
) -> None:
    first, second = another(place, "One"), another(place, "Two")
    place.store.close()
    draw = random.Random(5)
    seen: set[str] = set()
    for _ in range(6):
        words = [sys.executable, "-c", PROMOTE_FOREVER, str(data_dir), str(bundled), first.id, second.id]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(draw.uniform(0.0, 0.25))  # the moment of the kill is what is tested
        child.kill()
        child.wait()
        child.stdout.close()
        after = Workplace(data_dir, bundled)
        now = {card.name for card in after.models_in_use()} - {"Phantom"}
        assert len(now) == 1
        seen |= now
        in_force = after.store.promoted().get(family(first))
        expected = {first.id: "One", second.id: "Two"}
        if in_force is not None:
            assert now == {expected[in_force]}
        promote(after, second, "B. Jones")  # and it goes on
        assert "Two" in {card.name for card in after.models_in_use()}
        after.close()
    assert seen <= {"Starter", "One", "Two"}
