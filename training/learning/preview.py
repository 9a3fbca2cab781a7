"""What augmentation does to a film, for a person to look at. Without torch: the window shows it.

The same numbers are drawn as in a training (`training.learning.changes`) and the same is done with them as in
`training.learning.augment`, in numpy; only the grain of the noise is another one.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from studies.display import full_range_window, network_intensities
from studies.image import Image, Window
from training.learning.changes import Changes, draw, jittered
from training.plan import Plan

VARIANTS = 9


def variants(image: Image, plan: Plan, side: int, count: int = VARIANTS) -> NDArray[np.uint8]:
    """(count, side, side) greys: one image as the first epochs of a training would show it to the network.

    Longer sides are squeezed, as networks here see them.
    """
    changes = draw(plan, np.arange(1, count + 1), 0)
    shown = np.stack([_squeezed(_through(image, plan, int(w)), side) for w in changes.window])
    told = changed(shown, changes) if plan.augmentation > 0 or plan.horizontal_flip else shown
    spread = told.std(axis=(1, 2), keepdims=True)
    grain = np.random.default_rng(plan.seed).standard_normal(told.shape, np.float32)
    told = told + grain * changes.noise[:, None, None] * spread
    for film, mean, (top, left, height, width) in zip(
        told, told.mean(axis=(1, 2)), (changes.erased * side).astype(int), strict=True
    ):
        film[top : top + height, left : left + width] = mean
    return np.asarray(np.rint(np.clip(told, 0, 1) * 255), np.uint8)


def changed(x: NDArray[np.float32], changes: Changes) -> NDArray[np.float32]:
    """What `training.learning.augment.distorted` makes of (B, S, S) intensities in [0, 1]."""
    moved = np.stack([_moved(film, affine) for film, affine in zip(x, changes.affine(), strict=True)])
    gamma, contrast, brightness = (
        values[:, None, None] for values in (changes.gamma, changes.contrast, changes.brightness)
    )
    exposed = (np.clip(moved, 1e-4, 1) ** gamma - 0.5) * contrast + 0.5 + brightness
    return np.asarray(np.clip(exposed, 0, 1), np.float32)


def _moved(x: NDArray[np.float32], affine: NDArray[np.float32]) -> NDArray[np.float32]:
    """(S, S) sampled bilinearly where `affine` says, 0 beyond its edges."""
    side = len(x)
    centres = (np.arange(side, dtype=np.float32) * 2 + 1) / side - 1  # from edge to edge: -1 to 1
    across, down = np.meshgrid(centres, centres)
    places = np.stack([across, down, np.ones_like(across)])  # (3, S, S)
    column, row = ((np.tensordot(affine, places, 1) + 1) * side - 1) / 2  # in pixels, 0 at a centre
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    low, right = row - top, column - left
    framed = np.pad(x, 1)

    def at(rows: NDArray[np.int_], columns: NDArray[np.int_]) -> NDArray[np.float32]:
        return framed[np.clip(rows + 1, 0, side + 1), np.clip(columns + 1, 0, side + 1)]

    upper = at(top, left) * (1 - right) + at(top, left + 1) * right
    lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    return np.asarray(upper * (1 - low) + lower * low, np.float32)


def _through(image: Image, plan: Plan, window: int) -> NDArray[np.float32]:
    """Intensities through one of the windows that a training varies; 0 is the file's own."""
    if window == 0 or image.header.modality != "CT":
        return network_intensities(image)
    voi = image.voi[0] if image.voi else full_range_window(image)
    if not isinstance(voi, Window):
        return network_intensities(image)
    center, width = jittered(plan, 0, voi.center, voi.width)[window - 1]
    return network_intensities(replace(image, voi=(replace(voi, center=center, width=width),)))


def _squeezed(intensities: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(intensities, (side, side), interpolation=cv2.INTER_AREA), np.float32)
