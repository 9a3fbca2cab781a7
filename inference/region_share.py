"""How much of a heatmap lies inside outlines that somebody drew. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inference.covering import Polygon, Region, share_covered
from inference.overlay import to_stored_pixels
from inference.prediction import Heatmap

_SIDE = 256  # cells that the film is divided into, each way


def share_in_outlines(heatmap: Heatmap, shape: tuple[int, int], outlines: Sequence[Polygon]) -> float | None:
    """The share of a heatmap's positive mass that lies in any of these outlines, in [0, 1].

    The map is interpolated as it is drawn (`inference.overlay.to_stored_pixels`).

    Parameters
    ----------
    shape
        (rows, columns) of the image.
    outlines
        Closed polygons of (row, column) in stored-pixel space.

    Returns
    -------
    float or None
        None where the map has nothing positive on the image.
    """
    rows, columns = shape
    down, across = _SIDE / rows, _SIDE / columns
    top, left, bottom, right = heatmap.box
    on_grid = replace(heatmap, box=(top * down, left * across, bottom * down, right * across))
    positive = np.maximum(to_stored_pixels(on_grid, (_SIDE, _SIDE)), 0.0)
    total = float(positive.sum(dtype=np.float64))
    if total <= 0.0:
        return None
    inside = share_covered(_SIDE, (0.0, 0.0, float(rows), float(columns)), Region(tuple(outlines)))
    return float((positive * inside).sum(dtype=np.float64)) / total
