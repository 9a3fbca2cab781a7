"""Which part a patient belongs to."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.split import part_for

SALT = bytes(range(32))


def test_shares_are_met_whatever_identifiers_look_like() -> None:
    parts = Counter(part_for(f"patient:{n:06}", SALT) for n in range(20_000))
    assert parts["train"] / 20_000 == pytest.approx(0.7, abs=0.015)
    assert parts["validation"] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert parts["test"] / 20_000 == pytest.approx(0.2, abs=0.015)


def test_a_part_is_the_same_on_every_machine() -> None:
    drawn = [part_for(f"patient:{n}", SALT) for n in range(12)]
    assert drawn == [part_for(f"patient:{n}", SALT) for n in range(12)]
    assert Counter(drawn).total() == 12
    assert "".join(part[0] + part[1] for part in drawn) == "trtetrtrtrvavatetrtetrte"


def test_another_salt_splits_independently() -> None:
    same = sum(part_for(f"patient:{n}", SALT) == part_for(f"patient:{n}", b"another") for n in range(5000))
    assert same / 5000 == pytest.approx(0.7**2 + 0.1**2 + 0.2**2, abs=0.04)


@given(key=st.text(st.characters(exclude_categories=())), salt=st.binary(max_size=64))
def test_every_key_has_a_part_and_a_share_of_one_takes_all(key: str, salt: bytes) -> None:
    assert part_for(key, salt) in ("train", "validation", "test")
    assert part_for(key, salt, (1.0, 0.0, 0.0)) == "train"
    assert part_for(key, salt, (0.0, 1.0, 0.0)) == "validation"
    assert part_for(key, salt, (0.0, 0.0, 1.0)) == "test"


@pytest.mark.parametrize("shares", [(0.7, 0.1, 0.1), (1.2, -0.1, -0.1)])
def test_shares_that_do_not_sum_to_one_are_a_mistake(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="sum to one"):
        part_for("patient:1", SALT, shares)
