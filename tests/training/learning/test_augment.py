"""What happens to a film depends on the film alone, and never turns it over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.learning.augment import corrupted, distorted, grid_of, mixed, warped
from training.learning.changes import Changes, draw, uniform
from training.plan import Plan

SIDE = 48
PLAN = Plan(seed=5, augmentation=1.0, noise=0.1, erase=0.5)


def changes(plan: Plan = PLAN, epoch: int = 1, count: int = 64) -> Changes:
    return draw(plan, epoch, np.arange(count))


def films(count: int = 64) -> torch.Tensor:
    """Bright in the upper left quarter, dim in the upper right, black below."""
    x = torch.zeros(count, SIDE, SIDE)
    x[:, : SIDE // 2, : SIDE // 2] = 0.9
    x[:, : SIDE // 2, SIDE // 2 :] = 0.4
    return x


def changed(plan: Plan, epoch: int, samples: list[int], repeats: list[int] | int = 0) -> torch.Tensor:
    drawn = draw(plan, epoch, samples, repeats)
    x, _ = distorted(films(len(samples)), drawn)
    return corrupted(x[:, None], drawn)


@given(
    st.lists(st.integers(0, 2**40), min_size=1, max_size=9, unique=True),
    st.integers(0, 2**63 - 1),
    st.integers(1, 10**5),
)
def test_a_film_is_changed_alike_whoever_is_beside_it(samples: list[int], seed: int, epoch: int) -> None:
    plan = replace(PLAN, seed=seed)
    together = changed(plan, epoch, samples)
    for i, sample in enumerate(samples):
        assert torch.allclose(together[i : i + 1], changed(plan, epoch, [sample]), atol=1e-6)


def test_another_seed_epoch_film_or_repeat_changes_a_film_otherwise() -> None:
    one = changed(PLAN, 1, [7])
    assert torch.equal(one, changed(PLAN, 1, [7]))
    others = [
        changed(PLAN, 2, [7]), changed(PLAN, 1, [8]), changed(PLAN, 1, [7], [1]),
        changed(replace(PLAN, seed=6), 1, [7]),
    ]  # fmt: skip
    assert not any(torch.equal(one, other) for other in others)


def test_numbers_are_drawn_evenly_and_independently_of_each_other() -> None:
    drawn = uniform(3, (1, 2), np.arange(20_000), 0, 4)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts = np.stack([np.histogram(column, 20, (0, 1))[0] for column in drawn.T])
    assert ((counts - 1000) ** 2 / 1000).sum(1).max() < 50  # chi-squared of 19 degrees, p about 1e-4
    beside = np.concatenate([drawn, np.roll(drawn, 1, axis=0)], 1)  # the next film's numbers too
    correlations = np.corrcoef(beside.T) - np.eye(8)
    assert np.abs(correlations).max() < 0.035


def test_films_are_never_upside_down_and_intensities_stay_intensities() -> None:
    out, _ = distorted(films(), changes(replace(PLAN, horizontal_flip=True)))
    assert float(out.min()) >= 0
    assert float(out.max()) <= 1
    upper, lower = out[:, : SIDE // 2].mean((1, 2)), out[:, SIDE // 2 :].mean((1, 2))
    assert bool((upper > lower).all())


@pytest.mark.parametrize("flip", [False, True])
def test_films_are_mirrored_only_where_asked(flip: bool) -> None:
    out, _ = distorted(films(), changes(replace(PLAN, augmentation=0.5, horizontal_flip=flip)))
    left, right = out[:, :, : SIDE // 2].mean((1, 2)), out[:, :, SIDE // 2 :].mean((1, 2))
    assert bool((left > right).all()) is not flip
    if flip:
        assert 0.25 < float((left < right).float().mean()) < 0.75


def test_no_strength_changes_nothing() -> None:
    nothing = changes(replace(PLAN, augmentation=0.0, noise=0.0, erase=0.0), count=2)
    out, _ = distorted(films(2), nothing)
    assert torch.allclose(out, films(2).clamp(1e-4, 1), atol=2e-4)
    x = torch.randn(2, 3, SIDE, SIDE)
    assert torch.equal(corrupted(x, nothing), x)


def test_what_lies_on_a_film_moves_with_it_at_any_size() -> None:
    x = films(8)
    moved, grid = distorted(x, replace(changes(count=8), gamma=np.ones(8, np.float32)))
    small = torch.nn.functional.avg_pool2d(x[:, None], 4)  # a mask of a quarter of the side
    masks = warped((small > 0.6).float(), grid)[:, 0]
    bright = moved > 0.5
    assert masks.shape == moved.shape
    assert float(((masks > 0.5) == bright).float().mean()) > 0.93
    assert torch.equal(warped(x, grid), warped(x[:, None].expand(-1, 2, -1, -1), grid)[:, 1])


def test_the_grid_is_torchs_own() -> None:
    drawn = changes(replace(PLAN, horizontal_flip=True), count=6)
    wanted = torch.nn.functional.affine_grid(
        torch.from_numpy(drawn.affine()), [6, 1, SIDE, SIDE], align_corners=False
    )
    assert torch.allclose(grid_of(drawn, SIDE, torch.device("cpu")), wanted, atol=1e-6)


def test_erased_rectangles_hold_the_mean_grey_and_stay_inside() -> None:
    out = corrupted(torch.ones(8, 3, SIDE, SIDE), changes(replace(PLAN, noise=0.0, erase=1.0), count=8))
    blanked = (out == 0).float().mean((1, 2, 3))
    assert bool(((blanked > 0.005) & (blanked < 0.13)).all())


def test_noise_is_of_the_film_and_not_of_a_channel() -> None:
    drawn = changes(replace(PLAN, noise=1.0, erase=0.0), count=16)
    out = corrupted(torch.zeros(16, 3, SIDE, SIDE), drawn)
    assert torch.equal(out[:, 0], out[:, 2])
    assert out[:, 0].std((1, 2)).numpy() == pytest.approx(drawn.noise, rel=0.05)


def test_mixed_answers_are_known_only_where_both_are() -> None:
    x = torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)])
    targets, known = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    half, answers, both = mixed(x, targets, known, 0.75, torch.tensor([1, 0]))
    assert half[:, 0, 0, 0].tolist() == [0.25, 0.75]
    assert answers.tolist() == [[0.75, 0.0], [0.25, 0.0]]
    assert both.tolist() == [[1.0, 0.0], [1.0, 0.0]]
