"""Changes to films that leave their findings what they are.

Geometry and grey values change before normalisation, in intensities of [0, 1], as another tube,
another detector or another patient's stance would change them; noise and blanked rectangles come
after. Films are never turned upside down, and mirrored only where asked: the heart is on one side.

Every random number comes from the generator that is given, so that a resumed training repeats it.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

TURN_DEGREES = 10.0
SCALE, ASPECT, SHIFT = 0.12, 0.05, 0.08  # shares; a shift of 0.08 is 4% of the side
GAMMA, CONTRAST, BRIGHTNESS = 0.35, 0.25, 0.12
ERASED_SIDE = (0.10, 0.35)  # of the film's side


def distort(
    x: torch.Tensor, generator: torch.Generator, *, strength: float = 1.0, horizontal_flip: bool = False
) -> torch.Tensor:
    """Turn, scale, shift and re-expose films.

    Parameters
    ----------
    x
        (B, S, S) float32 intensities in [0, 1].

    Returns
    -------
    torch.Tensor
        (B, S, S) float32 in [0, 1]; beyond the film's edge it is black.
    """
    count, device = len(x), x.device

    def around_zero(reach: float) -> torch.Tensor:  # (B,) uniform in +-reach
        return (torch.rand(count, generator=generator, device=device) * 2 - 1) * reach * strength

    angle = around_zero(math.radians(TURN_DEGREES))
    scale, aspect = 1 + around_zero(SCALE), 1 + around_zero(ASPECT)
    right, down = around_zero(SHIFT), around_zero(SHIFT)
    mirror = torch.ones(count, device=device)
    if horizontal_flip:
        mirror = 1 - 2 * (torch.rand(count, generator=generator, device=device) < 0.5).float()
    top = torch.stack([angle.cos() * scale * aspect * mirror, -angle.sin() * scale, right], 1)
    bottom = torch.stack([angle.sin() * scale * mirror, angle.cos() * scale / aspect, down], 1)
    grid = F.affine_grid(torch.stack([top, bottom], 1), [count, 1, *x.shape[1:]], align_corners=False)
    x = F.grid_sample(x[:, None], grid, padding_mode="zeros", align_corners=False)[:, 0]
    gamma = around_zero(GAMMA).exp()[:, None, None]
    contrast = 1 + around_zero(CONTRAST)[:, None, None]
    brightness = around_zero(BRIGHTNESS)[:, None, None]
    return ((x.clamp(1e-4, 1) ** gamma - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)


def corrupt(
    x: torch.Tensor, generator: torch.Generator, *, noise: float = 0.05, erase: float = 0.0
) -> torch.Tensor:
    """Add noise of up to `noise` standard deviations, and blank a rectangle with probability `erase`.

    Parameters
    ----------
    x
        (B, C, S, S) float32, normalised: 0 is the mean grey.
    """
    count, side, device = len(x), x.shape[-1], x.device
    if noise > 0:
        level = noise * torch.rand(count, 1, 1, 1, generator=generator, device=device)
        x = x + torch.randn(x.shape, generator=generator, device=device) * level
    if erase > 0:
        dice = torch.rand(count, 5, generator=generator, device=device).cpu()
        low, high = ERASED_SIDE
        for i, (chance, *place) in enumerate(dice.tolist()):
            if chance < erase:
                height, width = (int(side * (low + (high - low) * v)) for v in place[:2])
                row, column = int(place[2] * (side - height)), int(place[3] * (side - width))
                x[i, :, row : row + height, column : column + width] = 0
    return x


def mix(
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
    mixed = share * x + (1 - share) * x[partner]
    return mixed, share * targets + (1 - share) * targets[partner], known * known[partner]
