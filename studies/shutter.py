"""Display shutters (PS3.3 C.7.6.11, C.7.6.15, C.7.6.16.2.16): what a file hides from the reader's eye.

A shutter hides what dazzles, the unexposed rim of a film above all. It is part of how an image is shown and
no part of the image: networks see the pixels under it, as they did when they were trained, and a file
that was shuttered on one workstation and not on another gives the same answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from studies.elements import macro, number, numeric, text
from studies.image import Overlay, Shutter

SHAPES = ("RECTANGULAR", "CIRCULAR", "POLYGONAL", "BITMAP")


def shutter_of(
    dataset: Dataset, frame: int, overlays: tuple[Overlay, ...], sink: list[str]
) -> Shutter | None:
    """The shutter of a frame; shapes of which the numbers are missing or make no sense are told in `sink`."""
    source = macro(dataset, frame, "FrameDisplayShutterSequence")
    shapes = [shape.strip() for shape in text(source, "ShutterShape").upper().split("\\") if shape.strip()]
    if not shapes:
        return None
    rectangle = _rectangle(source) if "RECTANGULAR" in shapes else None
    circle = _circle(source) if "CIRCULAR" in shapes else None
    polygon = _polygon(source) if "POLYGONAL" in shapes else ()
    group = number(source, "ShutterOverlayGroup") if "BITMAP" in shapes else None
    bitmap = next((overlay for overlay in overlays if overlay.group == group), None)
    parts = (rectangle, circle, polygon or None, bitmap)
    usable = {shape for shape, part in zip(SHAPES, parts, strict=True) if part is not None}
    for shape in shapes:
        if shape not in usable:
            sink.append(f"The {shape} display shutter cannot be used; the image is shown without it.")
    if not usable:
        return None
    p_value = int(number(source, "ShutterPresentationValue") or 0)
    return Shutter(rectangle, circle, polygon, bitmap, min(max(p_value, 0), 65535))


def _rectangle(source: Dataset) -> tuple[int, int, int, int] | None:
    """Rows and columns of the edges are counted from 1, and are shown themselves."""
    names = ("UpperHorizontal", "LeftVertical", "LowerHorizontal", "RightVertical")
    edges = [number(source, f"Shutter{name}Edge") for name in names]
    if any(edge is None for edge in edges):
        return None
    top, left, bottom, right = (int(edge or 0) for edge in edges)
    return (top - 1, left - 1, bottom, right) if top <= bottom and left <= right else None


def _circle(source: Dataset) -> tuple[float, float, float] | None:
    centre, radius = numeric(source, "CenterOfCircularShutter"), number(source, "RadiusOfCircularShutter")
    if len(centre) != 2 or radius is None or radius <= 0:
        return None
    return centre[0] - 0.5, centre[1] - 0.5, radius


def _polygon(source: Dataset) -> tuple[tuple[float, float], ...]:
    values = numeric(source, "VerticesOfThePolygonalShutter")
    if len(values) < 6 or len(values) % 2:
        return ()
    return tuple((row - 0.5, column - 0.5) for row, column in zip(values[::2], values[1::2], strict=True))


def visible(shutter: Shutter, rows: int, columns: int) -> NDArray[np.bool_]:
    """Which pixels of an image are shown, (H, W): those of which every shape shows the centre."""
    shown = np.ones((rows, columns), dtype=np.bool_)
    if shutter.rectangle is not None:
        top, left, bottom, right = shutter.rectangle
        inside = np.zeros_like(shown)
        inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
        shown &= inside
    if shutter.circle is not None:
        centre_row, centre_column, radius = shutter.circle
        down = np.square(np.arange(rows) + 0.5 - centre_row)
        across = np.square(np.arange(columns) + 0.5 - centre_column)
        shown &= down[:, None] + across[None, :] <= radius**2
    if shutter.polygon:
        shown &= _inside(shutter.polygon, rows, columns)
    if shutter.bitmap is not None:
        shown &= ~placed(shutter.bitmap, rows, columns)
    return shown


def _inside(polygon: tuple[tuple[float, float], ...], rows: int, columns: int) -> NDArray[np.bool_]:
    """Pixels inside a polygon whose corners lie at centres of pixels, those on its edges too."""
    import cv2

    mask = np.zeros((rows, columns), dtype=np.uint8)
    reach = 32_000.0  # beyond it OpenCV's fixed-point numbers overflow
    corners: Any = np.rint(np.clip([(column - 0.5, row - 0.5) for row, column in polygon], -reach, reach))
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask.astype(np.bool_)


def placed(overlay: Overlay, rows: int, columns: int) -> NDArray[np.bool_]:
    """An overlay's bits where they lie in an image of that size, (H, W)."""
    plane = np.zeros((rows, columns), dtype=np.bool_)
    top, left = max(overlay.row, 0), max(overlay.column, 0)
    part = overlay.bits[max(-overlay.row, 0) :, max(-overlay.column, 0) :]
    part = part[: max(rows - top, 0), : max(columns - left, 0)]
    plane[top : top + part.shape[0], left : left + part.shape[1]] = part
    return plane
