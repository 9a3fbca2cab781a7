"""What one view does when another that it is linked with is moved, scrolled or windowed.

Views of one frame of reference follow each other in the patient's millimetres. Views that are linked by
hand follow in proportion: as much larger than their own fit, as far along as they were apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from studies.geometry import frame_distance_mm, plane_of
from studies.image import Header, Image, LookupTable, Window
from widgets.viewer_geometry import Placement, View

_PARALLEL = 0.985
"""Cosine from which two planes count as parallel (10 degrees)."""

Frames = Sequence[tuple[Header, int]]


def is_same_space(one: Header, other: Header) -> bool:
    """Whether two images share a frame of reference (PS3.3 C.7.4.1) and lie in parallel planes."""
    uid = one.frame_of_reference_uid
    if not uid or uid != other.frame_of_reference_uid:
        return False
    return is_parallel(one, other)


def is_parallel(one: Header, other: Header) -> bool:
    """Whether two images lie in parallel planes, as far as their headers say."""
    if one.image_orientation is None or other.image_orientation is None:
        return False
    normals = [
        np.cross(cosines[:3], cosines[3:]) for cosines in (one.image_orientation, other.image_orientation)
    ]
    return abs(float(np.dot(normals[0], normals[1]))) >= _PARALLEL


def linked_view(source: Placement, shown: Image, target: Placement, other: Image) -> View:
    """How the other film is laid when the first one was moved, turned or zoomed."""
    view = replace(target.view, rotation=source.view.rotation, flipped=source.view.flipped)
    if source.view.zoom is None:
        return replace(view, zoom=None, centre=None)
    plane, other_plane = plane_of(shown), plane_of(other)
    if plane is not None and other_plane is not None and is_same_space(shown.header, other.header):
        mm_a_px = min(plane.row_mm, plane.column_mm) / source.zoom
        zoom = min(other_plane.row_mm, other_plane.column_mm) / mm_a_px
        return replace(view, zoom=zoom, centre=other_plane.to_image(plane.to_patient(source.centre)))
    turned = replace(target, view=view)
    zoom = source.zoom / source.fitting_zoom * turned.fitting_zoom
    row, column = source.centre
    rows, columns = source.film.rows, source.film.columns
    centre = row / rows * target.film.rows, column / columns * target.film.columns
    return replace(view, zoom=zoom, centre=centre)


def linked_index(source: Frames, before: int, now: int, target: Frames, at: int, *, by_place: bool) -> int:
    """Which frame of another series is shown when the first was scrolled from `before` to `now`.

    Parameters
    ----------
    at
        The frame that the other series shows now.
    by_place
        Go to the nearest place in the patient; otherwise, or where a frame has no place, as far as the first.
    """
    if by_place:
        place = frame_distance_mm(*source[now])
        others = [frame_distance_mm(*frame) for frame in target]
        if place is not None and any(other is not None for other in others):
            sign = _direction(source[now][0], target[0][0])
            gaps = [math.inf if other is None else abs(sign * other - place) for other in others]
            return int(np.argmin(gaps))
    return min(max(at + now - before, 0), len(target) - 1)


def _direction(one: Header, other: Header) -> int:
    """-1 where the two series' normals point against each other."""
    assert one.image_orientation is not None
    assert other.image_orientation is not None
    normals = [np.cross(c[:3], c[3:]) for c in (one.image_orientation, other.image_orientation)]
    return -1 if float(np.dot(normals[0], normals[1])) < 0 else 1


def may_share_window(one: Image, other: Image) -> bool:
    """Whether a window of one film means the same on the other: same modality, same units, both grey."""
    if one.is_colour or other.is_colour:
        return False
    same_units = one.units == other.units and bool(one.units)
    same_file = one.header.series_instance_uid == other.header.series_instance_uid
    return same_file or (one.header.modality == other.header.modality and same_units)


def shared_window(voi: Window | LookupTable | None, one: Image, other: Image) -> bool:
    """Whether this very window may be handed on; tables stay with the file that brought them."""
    return isinstance(voi, Window) and may_share_window(one, other)
