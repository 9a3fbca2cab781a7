"""Heatmaps on pixels. The viewer, `explain --out` and the documentation's pictures use these functions.

A map is a few cells; what is drawn of it is a strength in 255 steps of the joint peak, and a style says how
strengths look. Needs numpy and OpenCV only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contours import Contour, contours
from inference.prediction import Heatmap

Mode = Literal["smooth", "cells", "contours"]
ColourMap = Literal["inferno", "viridis", "magma", "cividis"]
MODES: tuple[Mode, ...] = get_args(Mode)
COLOUR_MAPS: tuple[ColourMap, ...] = get_args(ColourMap)

CONTOUR_LEVELS = (0.25, 0.5, 0.75)
"""Shares of the joint peak at which lines are drawn."""
CONTOUR_WIDTHS_PX = (1, 2, 3)
"""The stronger the evidence, the thicker the line: the colour is not the only sign."""
GAP_PX = 2.0
"""Bare film between two cells of the grid."""

_STEPS = 256
_LEAST_CELL_GAPS = 4.0  # cells of less than so many gaps have none: the film would be all gaps
_LINE_SHARE = 0.4  # the part of a colour map that is too dark for a thin line
_HALO_PX = 2
_HALO_SHARE = 0.45
_OVERLAY_SIDE = 1000  # px of a picture that is looked at whole; lines grow with larger ones

_TABLES = {
    "inferno": cv2.COLORMAP_INFERNO,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "magma": cv2.COLORMAP_MAGMA,
    "cividis": cv2.COLORMAP_CIVIDIS,
}


@dataclass(frozen=True, slots=True)
class HeatmapStyle:
    """How a heatmap looks.

    Parameters
    ----------
    mode
        ``smooth``: between the centres of the grid's cells. ``cells``: the grid of the network's last
        layer itself, with bare film between cells, so that nobody takes it for finer.
        ``contours``: lines of equal strength, the film bare between them.
    opacity
        Of the strongest evidence, in [0, 1].
    threshold
        Share of the joint peak below which nothing is drawn, in [0, 1].
    colour_map
        One of `COLOUR_MAPS`, all perceptually uniform.
    """

    mode: Mode = "smooth"
    opacity: float = 0.5
    threshold: float = 0.0
    colour_map: ColourMap = "inferno"


def to_stored_pixels(heatmap: Heatmap, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The map in stored-pixel space: (H, W) float32, signed, unscaled.

    Bilinear between the centres of the grid's cells, constant beyond the outermost centres, zero
    where the image lies outside the box.
    """
    return _values(heatmap, np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5)


def strength(
    heatmap: Heatmap,
    rows: NDArray[np.floating[Any]],
    columns: NDArray[np.floating[Any]],
    mode: Mode,
    gap_px: float = GAP_PX,
) -> NDArray[np.uint8]:
    """What is drawn of a map where a picture's rows and columns cross.

    Parameters
    ----------
    rows, columns
        (H,), (W,) evenly spaced: the centres of the picture's pixels in stored-pixel space, in either
        direction.
    gap_px
        With ``cells``: pixels of the picture that stay bare between two cells.

    Returns
    -------
    NDArray
        (H, W) uint8: 255 at the joint peak, 0 for no evidence, for evidence against, outside the box,
        and everywhere without a positive peak.
    """
    if heatmap.peak <= 0:
        return np.zeros((len(rows), len(columns)), np.uint8)
    if mode != "cells":
        return _steps(_values(heatmap, rows, columns), heatmap.peak)
    top, left, bottom, right = heatmap.box
    height, width = heatmap.grid.shape
    row, is_row_bare = _cells(height, rows, top, bottom, gap_px)
    column, is_column_bare = _cells(width, columns, left, right, gap_px)
    across = _steps(heatmap.grid, heatmap.peak)[:, column]  # (h, W)
    across[:, is_column_bare] = 0
    drawn = across[row]  # (H, W)
    drawn[is_row_bare] = 0
    return drawn


def colour_table(name: ColourMap) -> NDArray[np.uint8]:
    """matplotlib's colour map as OpenCV carries it: (256, 3) uint8 RGB, from dark to bright."""
    ramp = np.arange(_STEPS, dtype=np.uint8).reshape(-1, 1)
    bgr = cv2.applyColorMap(ramp, _TABLES[name])
    return np.ascontiguousarray(np.asarray(bgr, dtype=np.uint8)[:, 0, ::-1])


def argb_table(style: HeatmapStyle) -> NDArray[np.uint32]:
    """(256,) premultiplied ARGB for strengths 0 to 255: `overlay` mixes the same."""
    alpha = _alpha(style)
    colour = np.rint(colour_table(style.colour_map) * alpha[:, None]).astype(np.uint32)  # (256, 3)
    opaque = np.rint(alpha * 255.0).astype(np.uint32)
    argb = (opaque << 24) | (colour[:, 0] << 16) | (colour[:, 1] << 8) | colour[:, 2]
    return np.asarray(argb, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class ContourStyle:
    """A line of the style ``contours``: at which share of the joint peak, how wide, in which colour."""

    level: float
    width_px: int
    colour: tuple[int, int, int]


def contour_styles(style: HeatmapStyle) -> tuple[ContourStyle, ...]:
    """The lines that are drawn, the weakest first; none below the threshold.

    The darkest part of the colour map is left out: no thin line of it can be seen.
    """
    table = colour_table(style.colour_map)
    lines = []
    for level, width in zip(CONTOUR_LEVELS, CONTOUR_WIDTHS_PX, strict=True):
        if level >= style.threshold:
            red, green, blue = table[round((_LINE_SHARE + (1 - _LINE_SHARE) * level) * (_STEPS - 1))]
            lines.append(ContourStyle(level, width, (int(red), int(green), int(blue))))
    return tuple(lines)


def lines_at(heatmap: Heatmap, level: float) -> tuple[Contour, ...]:
    """Where a map has that share of its joint peak: lines of (row, column) in stored-pixel space."""
    return contours(heatmap.grid, heatmap.box, level * heatmap.peak) if heatmap.peak > 0 else ()


def contour_picture(
    lines: Mapping[float, tuple[Contour, ...]],
    style: HeatmapStyle,
    to_picture: NDArray[np.float64],
    size: tuple[int, int],
    line_scale: float = 1.0,
) -> NDArray[np.uint8]:
    """Contours as a picture, bare between the lines, which are as wide whatever `to_picture` enlarges.

    Thin lines need more than a surface does to be seen: their opacity is the root of the style's. A dark
    halo keeps them apart from bright film.

    Parameters
    ----------
    lines
        By level: what `lines_at` gives for each level of `contour_styles(style)`.
    to_picture
        (2, 3): ``x, y = to_picture @ (column, row, 1)``, both continuous, edges on whole numbers.
    size
        (height, width) of the picture.
    line_scale
        Pixels of the picture for one px of a line's width.

    Returns
    -------
    NDArray
        (height, width, 4) uint8, premultiplied, in the order blue, green, red, alpha.
    """
    # OpenCV draws soft lines wrong in the outermost pixels of a picture: they are cut off.
    edge = 2 + round((CONTOUR_WIDTHS_PX[-1] + _HALO_PX) * line_scale)
    picture = np.zeros((size[0] + 2 * edge, size[1] + 2 * edge, 4), np.uint8)
    opacity = 255 * float(np.sqrt(style.opacity))
    bits = 4  # of the fractions of a pixel; OpenCV's pixel j is at j, not j + 0.5
    for line in contour_styles(style):
        red, green, blue = (round(part * opacity / 255) for part in line.colour)
        found: dict[bool, list[NDArray[np.int32]]] = {True: [], False: []}
        for contour in lines[line.level]:
            places = contour.points[:, ::-1] @ to_picture[:, :2].T + to_picture[:, 2] + edge - 0.5
            found[contour.is_closed].append(np.rint(places * (1 << bits)).astype(np.int32))
        for width, colour in (
            (line.width_px + _HALO_PX, (0, 0, 0, round(opacity * _HALO_SHARE))),
            (line.width_px, (blue, green, red, round(opacity))),
        ):
            thickness = max(round(width * line_scale), 1)
            for is_closed, points in found.items():
                cv2.polylines(picture, points, is_closed, colour, thickness, cv2.LINE_AA, bits)
    return picture[edge:-edge, edge:-edge]


def overlay(
    grey: NDArray[np.uint8], heatmap: Heatmap, style: HeatmapStyle | None = None
) -> NDArray[np.uint8]:
    """Lay a map over a picture: the stronger the evidence, the brighter and the less transparent.

    Parameters
    ----------
    grey
        (H, W) or (H, W, 3) uint8, the whole image at its stored resolution.

    Returns
    -------
    NDArray
        (H, W, 3) uint8 RGB.
    """
    style = style or HeatmapStyle()
    picture = np.array(cv2.merge([grey, grey, grey]) if grey.ndim == 2 else grey, dtype=np.uint8)
    height, width = picture.shape[:2]
    line_scale = max(max(height, width) / _OVERLAY_SIDE, 1.0)
    if heatmap.peak <= 0:
        return picture
    if style.mode == "contours":
        lines = {line.level: lines_at(heatmap, line.level) for line in contour_styles(style)}
        laid = contour_picture(lines, style, np.eye(2, 3), (height, width), line_scale)
        where = laid[:, :, 3] > 0
        kept = 1.0 - laid[where][:, 3:] / 255.0
        picture[where] = np.rint(picture[where] * kept) + laid[where][:, 2::-1]
        return picture
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    step = strength(heatmap, rows, columns, style.mode, round(GAP_PX * line_scale))
    step = cv2.merge([step, step, step])
    alpha = _alpha(style)[:, None]  # (256, 1)
    colour = cv2.LUT(step, (colour_table(style.colour_map) * alpha).reshape(_STEPS, 1, 3))  # premultiplied
    kept = cv2.LUT(step, np.repeat(1.0 - alpha, 3, axis=1).reshape(_STEPS, 1, 3))
    mixed = cv2.add(cv2.multiply(picture, kept, dtype=cv2.CV_32F), colour)
    return np.asarray(cv2.convertScaleAbs(mixed), dtype=np.uint8)


def _alpha(style: HeatmapStyle) -> NDArray[np.float32]:
    """(256,) opacity of each strength."""
    alpha = np.linspace(0.0, style.opacity, _STEPS, dtype=np.float32)
    alpha[np.arange(_STEPS) < style.threshold * (_STEPS - 1)] = 0.0
    return alpha


def _steps(values: NDArray[np.float32], peak: float) -> NDArray[np.uint8]:
    """Positive values over the peak as 0 to 255."""
    positive = cv2.threshold(np.ascontiguousarray(values, np.float32), 0.0, 0.0, cv2.THRESH_TOZERO)[1]
    return np.asarray(cv2.convertScaleAbs(positive, alpha=(_STEPS - 1) / peak), dtype=np.uint8)


def _values(
    heatmap: Heatmap, rows: NDArray[np.floating[Any]], columns: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    """The map between the centres of its cells at positions of stored-pixel space: (H, W) float32.

    OpenCV's product, not numpy's: where other processes are busy, the threads of numpy's wait for each
    other for longer than the product takes.
    """
    top, left, bottom, right = heatmap.box
    down = _weights(heatmap.grid.shape[0], rows, top, bottom)  # (H, h)
    along = _weights(heatmap.grid.shape[1], columns, left, right)  # (W, w)
    grid = np.ascontiguousarray(heatmap.grid, np.float32)
    half = cv2.gemm(down, grid, 1.0, None, 0.0)  # (H, w)
    return np.asarray(cv2.gemm(half, along, 1.0, None, 0.0, flags=cv2.GEMM_2_T), dtype=np.float32)


def _weights(cells: int, centre: NDArray[np.floating[Any]], start: float, end: float) -> NDArray[np.float32]:
    """(pixels, cells): how much of each cell a pixel takes, along one axis."""
    position = np.clip((centre - start) / (end - start) * cells - 0.5, 0, cells - 1)
    lower = np.minimum(np.floor(position).astype(np.intp), max(cells - 2, 0))
    part = position - lower
    weights = np.zeros((len(centre), cells), dtype=np.float32)
    index = np.arange(len(centre))
    weights[index, lower] = 1.0 - part
    if cells > 1:
        weights[index, lower + 1] = part
    weights[(centre < start) | (centre > end)] = 0.0
    return weights


def _cells(
    cells: int, centre: NDArray[np.floating[Any]], start: float, end: float, gap_px: float
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """(pixels,) each: the cell a pixel lies in, and whether it stays bare, along one axis."""
    position = (centre - start) / (end - start) * cells
    cell = np.clip(np.floor(position).astype(np.intp), 0, cells - 1)
    bare = (centre < start) | (centre > end)
    cell_px = float(1.0 / abs(position[1] - position[0])) if len(position) > 1 else 1.0
    if cell_px >= _LEAST_CELL_GAPS * gap_px:
        edge = np.clip(np.rint(position), 1, max(cells - 1, 1))
        bare |= (np.abs(position - edge) * cell_px < gap_px / 2 - 1e-6) & (cells > 1)
    return cell, bare
