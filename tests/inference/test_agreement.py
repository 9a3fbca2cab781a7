"""Slightly altered copies of an image."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from inference.agreement import agreement_of, altered


def film() -> torch.Tensor:
    ramp = torch.linspace(0, 1, 64)
    return (ramp[None] * 0.7 + ramp[:, None] * 0.3).clone()


@given(seed=st.integers(0, 10_000), copies=st.integers(1, 9))
def test_copies_are_images_of_the_same_kind(seed: int, copies: int) -> None:
    found = altered(film(), seed, copies)
    assert found.shape == (copies, 64, 64)
    assert found.dtype == torch.float32
    assert float(found.min()) >= 0.0
    assert float(found.max()) <= 1.0


def test_copies_differ_a_little_from_the_image_and_from_each_other() -> None:
    found = altered(film())
    away = (found - film()).abs().mean(dim=(1, 2))
    assert (away > 0.001).all()
    assert (away < 0.1).all()
    assert len({round(float(a), 6) for a in found.mean(dim=(1, 2))}) == len(found)


def test_copies_are_never_mirrored() -> None:
    """Left is dark and right is bright in every one of them."""
    for copy in altered(film(), seed=3):
        assert copy[:, :16].mean() < copy[:, -16:].mean()


def test_a_seed_gives_the_same_copies_again() -> None:
    assert torch.equal(altered(film(), 5), altered(film(), 5))
    assert not torch.equal(altered(film(), 5), altered(film(), 6))


def test_a_disc_stays_where_it_was_within_a_few_pixels() -> None:
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    disc = ((rows - 30) ** 2 + (columns - 60) ** 2 < 100).float()
    for copy in altered(disc, seed=1):
        weight = copy / copy.sum()
        moved = ((weight * rows).sum() - 30).hypot((weight * columns).sum() - 60)
        assert moved < 96 * 0.09


def test_agreement_is_the_share_that_says_the_same() -> None:
    assert agreement_of("a", ["a", "a", "b", None]) == 0.5
    assert agreement_of(None, ["a"]) is None
    assert agreement_of("a", []) is None
