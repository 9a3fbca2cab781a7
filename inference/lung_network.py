"""The network that finds lungs: a small U-Net (Ronneberger et al., MICCAI 2015) with sums for its skips.

It runs beside every suggestion, so it is built for one film on one core: the first layer halves the film,
the finest layers are the narrowest, and the answer is given at half the input's side.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

INPUT_CHANNELS = 2


class LungNetwork(nn.Module):
    """(B, 2, S, S) float32 to logits (B, 1, S / 2, S / 2); S is a multiple of 2 to the number of widths.

    Parameters
    ----------
    widths
        Channels at a half, a quarter, ... of the input's side.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Sequential(_step(INPUT_CHANNELS, widths[0], 5, 2), _step(widths[0], widths[0]))
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Sequential(_step(a, b, 3, 2), _step(b, b)) for a, b in pairs)
        self.bottom = nn.Sequential(_step(widths[-1], widths[-1]), _step(widths[-1], widths[-1]))
        self.across = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.up = nn.ModuleList(_step(a, a) for a in widths[:-1])
        self.answer = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of being lung, at half the input's side."""
        x = self.stem(x)
        finer = []
        for down in self.down:
            finer.append(x)
            x = down(x)
        x = x + self.bottom(x)
        for across, up, skip in zip(reversed(self.across), reversed(self.up), reversed(finer), strict=True):
            x = up(F.interpolate(across(x), scale_factor=2.0, mode="nearest") + skip)
        logits: torch.Tensor = self.answer(x)
        return logits


def _step(channels: int, into: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, into, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(into),
        nn.ReLU(inplace=True),
    )
