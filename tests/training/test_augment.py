"""Augmentation repeats itself from its generator and never turns a film over."""

from __future__ import annotations

import pytest
import torch

from training.augment import corrupt, distort, mix

SIDE = 48


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def films(count: int = 64) -> torch.Tensor:
    """Bright in the upper left quarter, dim in the upper right, black below."""
    x = torch.zeros(count, SIDE, SIDE)
    x[:, : SIDE // 2, : SIDE // 2] = 0.9
    x[:, : SIDE // 2, SIDE // 2 :] = 0.4
    return x


def test_the_same_seed_gives_the_same_films() -> None:
    assert torch.equal(distort(films(), generator(1)), distort(films(), generator(1)))
    assert not torch.equal(distort(films(), generator(1)), distort(films(), generator(2)))
    x = torch.zeros(4, 1, SIDE, SIDE)
    assert torch.equal(corrupt(x, generator(1), erase=0.5), corrupt(x, generator(1), erase=0.5))


def test_films_are_never_upside_down_and_intensities_stay_intensities() -> None:
    out = distort(films(), generator(), strength=1.0, horizontal_flip=True)
    assert float(out.min()) >= 0
    assert float(out.max()) <= 1
    upper, lower = out[:, : SIDE // 2].mean((1, 2)), out[:, SIDE // 2 :].mean((1, 2))
    assert bool((upper > lower).all())


@pytest.mark.parametrize("flip", [False, True])
def test_films_are_mirrored_only_where_asked(flip: bool) -> None:
    out = distort(films(), generator(), strength=0.5, horizontal_flip=flip)
    left, right = out[:, :, : SIDE // 2].mean((1, 2)), out[:, :, SIDE // 2 :].mean((1, 2))
    assert bool((left > right).all()) is not flip


def test_no_strength_changes_nothing() -> None:
    assert torch.allclose(distort(films(2), generator(), strength=0.0), films(2).clamp(1e-4, 1), atol=2e-4)
    x = torch.randn(2, 3, SIDE, SIDE)
    assert torch.equal(corrupt(x, generator(), noise=0.0), x)


def test_erased_rectangles_hold_the_mean_grey() -> None:
    out = corrupt(torch.ones(8, 3, SIDE, SIDE), generator(), noise=0.0, erase=1.0)
    blanked = (out == 0).float().mean((1, 2, 3))
    assert bool(((blanked > 0.005) & (blanked < 0.13)).all())


def test_mixed_answers_are_known_only_where_both_are() -> None:
    x = torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)])
    targets, known = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    mixed, answers, both = mix(x, targets, known, 0.75, torch.tensor([1, 0]))
    assert mixed[:, 0, 0, 0].tolist() == [0.25, 0.75]
    assert answers.tolist() == [[0.75, 0.0], [0.25, 0.0]]
    assert both.tolist() == [[1.0, 0.0], [1.0, 0.0]]
