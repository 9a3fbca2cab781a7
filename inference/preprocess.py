"""The one place where an image becomes a network's input: for prediction, explanation and training.

The steps are `studies.display.network_intensities`, then `cropped`, then `resize`, then `normalise`.
Training augments between the last two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from inference.card import Preprocessing
from inference.lung_mask import LungMask, crop_box
from studies.display import network_intensities
from studies.image import Image

_LEAST_STD = 1e-4  # a uniform image becomes zeros, not its rounding errors made large


@dataclass(frozen=True, slots=True)
class _Placement:
    """Where an image lies on the square input: its size there and its offset, in input pixels."""

    height: int
    width: int
    top: int
    left: int


def to_tensor(image: Image, pre: Preprocessing, lungs: LungMask | None = None) -> torch.Tensor:
    """The network's input for one frame: float32 (C, S, S).

    Parameters
    ----------
    lungs
        The frame's lungs; needed where the image is cropped to them.
    """
    return intensities_to_tensor(network_intensities(image), pre, lungs)


def intensities_to_tensor(
    intensities: NDArray[np.float32], pre: Preprocessing, lungs: LungMask | None = None
) -> torch.Tensor:
    """The same from intensities: (H, W) in [0, 1] to float32 (C, S, S)."""
    return normalise(resize(cropped(intensities, pre, lungs), pre, pre.input_size), pre)


def cropped(
    intensities: NDArray[np.float32], pre: Preprocessing, lungs: LungMask | None
) -> NDArray[np.float32]:
    """The part of (H, W) intensities that the network is shown: all, or the box of both lungs."""
    rows, columns = intensities.shape
    top, left, bottom, right = _shown(rows, columns, pre, lungs)
    return intensities[top:bottom, left:right]


def resize(intensities: NDArray[np.float32], pre: Preprocessing, side: int) -> torch.Tensor:
    """Bring intensities to the square: antialiased bilinear, padded with the image's minimum if asked.

    Parameters
    ----------
    intensities
        (H, W) float32 in [0, 1].
    side
        Side of the result in pixels (`pre.input_size`, or larger where training crops afterwards).

    Returns
    -------
    torch.Tensor
        (side, side) float32 in [0, 1].
    """
    place = _place(intensities.shape[0], intensities.shape[1], pre, side)
    x = torch.from_numpy(np.require(intensities, np.float32, ["W"]))[None, None]  # (1, 1, H, W)
    x = F.interpolate(
        x, size=(place.height, place.width), mode="bilinear", align_corners=False, antialias=True
    )
    x = x[0, 0].clamp_(0.0, 1.0)
    if (place.height, place.width) == (side, side):
        return x
    square = torch.full((side, side), float(x.min()))
    square[place.top : place.top + place.height, place.left : place.left + place.width] = x
    return square


def normalise(x: torch.Tensor, pre: Preprocessing) -> torch.Tensor:
    """Intensities in [0, 1] to what the network was trained on.

    Parameters
    ----------
    x
        (..., S, S) float32.

    Returns
    -------
    torch.Tensor
        (..., C, S, S) float32.
    """
    x = x.unsqueeze(-3)
    if pre.normalisation == "image":
        x = x - x.mean(dim=(-2, -1), keepdim=True)
        spread = (x * x).mean(dim=(-2, -1), keepdim=True).sqrt()  # Tensor.std takes thirty times as long
        x = x / spread.clamp_min(_LEAST_STD)
        return x.expand(*x.shape[:-3], pre.channels, *x.shape[-2:]).contiguous()
    mean = torch.tensor(pre.mean, dtype=x.dtype, device=x.device).view(-1, 1, 1)
    std = torch.tensor(pre.std, dtype=x.dtype, device=x.device).view(-1, 1, 1)
    x = x.expand(*x.shape[:-3], pre.channels, *x.shape[-2:])
    return (x - mean) / std


def covered_box(
    image: Image, pre: Preprocessing, lungs: LungMask | None = None
) -> tuple[float, float, float, float]:
    """The part of the image that the square input shows.

    Parameters
    ----------
    lungs
        The frame's lungs; needed where the image is cropped to them.

    Returns
    -------
    tuple
        (top, left, bottom, right) in stored-pixel coordinates, edges not centres. It reaches beyond
        the image, or the box of the lungs, where the input is padded.
    """
    return covered_box_of(image.shape, pre, lungs)


def covered_box_of(
    shape: tuple[int, int], pre: Preprocessing, lungs: LungMask | None = None
) -> tuple[float, float, float, float]:
    """`covered_box` of an image of so many (rows, columns)."""
    first_row, first_column, last_row, last_column = _shown(*shape, pre, lungs)
    rows, columns = last_row - first_row, last_column - first_column
    place = _place(rows, columns, pre, pre.input_size)
    row_scale, column_scale = rows / place.height, columns / place.width
    top, left = first_row - place.top * row_scale, first_column - place.left * column_scale
    return top, left, top + pre.input_size * row_scale, left + pre.input_size * column_scale


def _shown(rows: int, columns: int, pre: Preprocessing, lungs: LungMask | None) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of the slice that is shown, in whole stored pixels."""
    if pre.crop == "none":
        return 0, 0, rows, columns
    if lungs is None:
        raise ValueError("an image that is cropped to its lungs needs its lungs")
    if lungs.box != (0, 0, rows, columns):
        raise ValueError(f"these lungs are of another image: {lungs.box} for {rows} x {columns} pixels")
    return crop_box(lungs)


def _place(rows: int, columns: int, pre: Preprocessing, side: int) -> _Placement:
    if pre.geometry == "squash":
        return _Placement(side, side, 0, 0)
    scale = side / max(rows, columns)
    height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    return _Placement(height, width, (side - height) // 2, (side - width) // 2)
