"""Whether a model says the same of slightly altered copies of an image.

A film that was taken a little askew, a little closer or a little darker shows the same patient. A suggestion
that changes with that hangs on nothing firm (test-time augmentation, Wang et al. 2019). Copies are never
mirrored: the heart has a side.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

COPIES = 8
MOST_DEGREES = 5.0
MOST_SHIFT = 0.03
"""Of the film's side, each way."""
MOST_SCALE = 0.05
MOST_GAMMA = 0.2
"""Of the logarithm to base e: intensities to the power of 0.82 to 1.22."""


def altered(square: torch.Tensor, seed: int = 0, copies: int = COPIES) -> torch.Tensor:
    """Slightly altered copies of what a network is shown, before it is normalised.

    Each is turned, shifted, scaled and its grey values are bent by a random amount within the limits above;
    half of the copies each way, so that they lie evenly around the image. What comes into view at the
    borders repeats the outermost pixels.

    Parameters
    ----------
    square
        (S, S) float32 intensities in [0, 1] (`inference.preprocess.resize`).

    Returns
    -------
    torch.Tensor
        (copies, S, S) float32 in [0, 1].
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand((copies + 1) // 2, 5, generator=generator) * 2 - 1
    drawn = torch.cat([drawn, -drawn])[:copies]  # (N, 5) in [-1, 1)
    angle, scale = drawn[:, 0] * math.radians(MOST_DEGREES), torch.exp(drawn[:, 1] * MOST_SCALE)
    down, across = drawn[:, 2] * MOST_SHIFT * 2, drawn[:, 3] * MOST_SHIFT * 2  # the side of the grid is 2
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    placed = torch.stack(
        [torch.stack([cosine, -sine, across], dim=1), torch.stack([sine, cosine, down], dim=1)], dim=1
    )  # (N, 2, 3)
    images = square.float().cpu()[None, None].expand(copies, 1, -1, -1)
    grid = F.affine_grid(placed, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)[:, 0]
    gamma = torch.exp(drawn[:, 4] * MOST_GAMMA)[:, None, None]
    return moved.clamp(0.0, 1.0) ** gamma


def agreement_of(own: str | None, others: list[str | None]) -> float | None:
    """The share of `others` that are the same suggestion as `own`; None where there is nothing to compare."""
    if own is None or not others:
        return None
    return sum(other == own for other in others) / len(others)
