"""Parts of an image that the reader covers, to ask what the model says without them. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Region:
    """What is covered.

    Parameters
    ----------
    polygons
        Closed outlines of (row, column) in stored-pixel space; a pixel is inside where its centre is.
    keeps
        The outlines are what stays to be seen, and everything else is covered.
    """

    polygons: tuple[Polygon, ...]
    keeps: bool = False
