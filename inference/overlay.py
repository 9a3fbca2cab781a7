"""Heatmaps on pixels. The viewer, `explain --out` and the documentation's pictures use these functions.

Needs numpy and OpenCV only.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.prediction import Heatmap

_STEPS = 256


def to_stored_pixels(heatmap: Heatmap, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The map in stored-pixel space: (H, W) float32, signed, unscaled.

    Bilinear between the centres of the grid's cells, constant beyond the outermost centres, zero
    where the image lies outside the box.
    """
    top, left, bottom, right = heatmap.box
    rows = _weights(heatmap.grid.shape[0], shape[0], top, bottom)  # (H, h)
    columns = _weights(heatmap.grid.shape[1], shape[1], left, right)  # (W, w)
    return np.asarray(rows @ heatmap.grid.astype(np.float32) @ columns.T, dtype=np.float32)


def colour_overlay(
    grey: NDArray[np.uint8], values: NDArray[np.float32], peak: float, opacity: float = 0.5
) -> NDArray[np.uint8]:
    """Lay a map over a picture: the stronger the evidence, the brighter and the less transparent.

    Parameters
    ----------
    grey
        (H, W) or (H, W, 3) uint8.
    values
        (H, W) float32, signed; what is not positive stays transparent.
    peak
        The value that is shown at full strength: one for all findings of an image.
    opacity
        Opacity at full strength, in [0, 1].

    Returns
    -------
    NDArray
        (H, W, 3) uint8 RGB.
    """
    picture = cv2.merge([grey, grey, grey]) if grey.ndim == 2 else grey
    if peak <= 0:
        return np.array(picture, dtype=np.uint8)
    step = cv2.convertScaleAbs(np.maximum(values, 0), alpha=(_STEPS - 1) / peak)  # (H, W), saturated
    step = cv2.merge([step, step, step])
    alpha = np.linspace(0.0, opacity, _STEPS, dtype=np.float32)[:, None]  # (256, 1)
    colour = cv2.LUT(step, (inferno_table() * alpha).reshape(_STEPS, 1, 3))  # (H, W, 3) premultiplied
    kept = cv2.LUT(step, np.repeat(1.0 - alpha, 3, axis=1).reshape(_STEPS, 1, 3))
    mixed = cv2.add(cv2.multiply(picture, kept, dtype=cv2.CV_32F), colour)
    return np.asarray(cv2.convertScaleAbs(mixed), dtype=np.uint8)


def inferno_table() -> NDArray[np.uint8]:
    """matplotlib's inferno as OpenCV carries it: (256, 3) uint8 RGB, from black to pale yellow."""
    ramp = np.arange(_STEPS, dtype=np.uint8).reshape(-1, 1)
    bgr = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(np.asarray(bgr, dtype=np.uint8)[:, 0, ::-1])


def _weights(cells: int, pixels: int, start: float, end: float) -> NDArray[np.float32]:
    """(pixels, cells): how much of each cell a pixel takes, along one axis."""
    centre = np.arange(pixels) + 0.5
    position = np.clip((centre - start) / (end - start) * cells - 0.5, 0, cells - 1)
    lower = np.minimum(np.floor(position).astype(np.intp), max(cells - 2, 0))
    part = position - lower
    weights = np.zeros((pixels, cells), dtype=np.float32)
    index = np.arange(pixels)
    weights[index, lower] = 1.0 - part
    if cells > 1:
        weights[index, lower + 1] = part
    weights[(centre < start) | (centre > end)] = 0.0
    return weights
