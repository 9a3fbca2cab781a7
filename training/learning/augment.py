"""Changes to films that leave their findings what they are.

Geometry and grey values change before normalisation, in intensities of [0, 1], as another tube,
another detector or another patient's stance would change them; noise and blanked rectangles come
after. Films are never turned upside down, and mirrored only where asked: the heart is on one side.

What happens to each film was drawn before (`training.learning.changes`); nothing here is random.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from training.learning.changes import Changes


def grid_of(changes: Changes, side: int, device: torch.device) -> torch.Tensor:
    """(B, S, S, 2): where each place of the changed film lies on the film, for `warped`."""
    affine = torch.from_numpy(changes.affine()).to(device)  # (B, 2, 3)
    centres = (torch.arange(side, device=device) * 2 + 1) / side - 1
    grid = torch.empty((len(changes), side, side, 2), device=device)
    for axis in (0, 1):  # what F.affine_grid does by a product of matrices, which takes four times as long
        across, down, shift = affine[:, axis, :, None].unbind(1)  # (B, 1) each
        torch.add((across * centres)[:, None], (down * centres + shift)[:, :, None], out=grid[..., axis])
    return grid


def warped(x: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Films, or anything that lies on them such as masks, moved by `grid_of`.

    Parameters
    ----------
    x
        (B, S, S) or (B, C, S, S) float32; a mask may be of another side than the grid.

    Returns
    -------
    torch.Tensor
        (B, S, S) or (B, C, S, S) of the grid's side; beyond the film's edge it is 0.
    """
    planes = x if x.ndim == 4 else x[:, None]
    moved = F.grid_sample(planes, grid, padding_mode="zeros", align_corners=False)
    return moved if x.ndim == 4 else moved[:, 0]


def exposed(x: torch.Tensor, changes: Changes) -> torch.Tensor:
    """(B, S, S) intensities in [0, 1] as another exposure would have made them."""
    gamma, contrast, brightness = (
        _by_film(values, x) for values in (changes.gamma, changes.contrast, changes.brightness)
    )
    return ((x.clamp(1e-4, 1) ** gamma - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)


def distorted(x: torch.Tensor, changes: Changes) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn, scale, shift and re-expose films.

    Parameters
    ----------
    x
        (B, S, S) float32 intensities in [0, 1].

    Returns
    -------
    tuple
        (B, S, S) float32 in [0, 1], black beyond the film's edge, and the grid for whatever lies on the
        films (`warped`).
    """
    grid = grid_of(changes, x.shape[-1], x.device)
    return exposed(warped(x, grid), changes), grid


def corrupted(x: torch.Tensor, changes: Changes) -> torch.Tensor:
    """Add noise, the same in every channel, and blank rectangles.

    Parameters
    ----------
    x
        (B, C, S, S) float32, normalised: 0 is the mean grey.
    """
    side, device = x.shape[-1], x.device
    if changes.noise.any():
        grain = torch.empty((len(x), 1, side, side), device=device)
        generator = torch.Generator(device)
        for plane, seed in zip(grain, changes.noise_seed.tolist(), strict=True):
            plane.normal_(generator=generator.manual_seed(seed))
        x = torch.addcmul(x, grain, _by_film(changes.noise, x))
    if changes.erased.any():
        x = x.clone()
        for film, (top, left, height, width) in zip(x, _in_pixels(changes.erased, side), strict=True):
            film[:, top : top + height, left : left + width] = 0
    return x


def mixed(
    x: torch.Tensor, targets: torch.Tensor, known: torch.Tensor, share: float, partner: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mixup (Zhang et al. 2018): `share` of each film and the rest of its partner's.

    Parameters
    ----------
    x, targets, known
        (B, C, S, S), (B, K) and (B, K); a mixed answer is known where both are.
    partner
        (B,) int64 indices into the batch.
    """
    both = share * x + (1 - share) * x[partner]
    return both, share * targets + (1 - share) * targets[partner], known * known[partner]


def _by_film(values: NDArray[np.float32], x: torch.Tensor) -> torch.Tensor:
    """(B,) as (B, 1, …), to be broadcast over films."""
    return torch.from_numpy(values).to(x.device).view(-1, *(1,) * (x.ndim - 1))


def _in_pixels(shares: NDArray[np.float32], side: int) -> Sequence[tuple[int, int, int, int]]:
    return [tuple(row) for row in (shares * side).astype(int).tolist()]
