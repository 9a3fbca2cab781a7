"""What the rays of a radiograph cross: path lengths in every part, and the planted opacities."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from studies import phantom_anatomy as anatomy
from studies import phantom_skeleton as skeleton
from studies.phantom_anatomy import Body, FloatArray
from studies.phantom_film import BONE, SOFT, Exposure, Film, Opacity, View, blur, develop, draw_tube, texture

_NECK = (
    (-20.0, 6.2),
    (-8.0, 5.6),
    (-5.0, 6.2),
    (-3.2, 8.4),
    (-2.0, 12.0),
    (-0.9, 16.0),
    (0.4, 19.0),
    (2.0, 21.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Lungs:
    """Aerated path length in cm (H, W) of both lungs, and where their outlines are seen."""

    path: FloatArray
    seen: NDArray[np.bool_]


def lungs(body: Body, view: View) -> Lungs:
    """Path length of aerated lung behind every pixel."""
    x, y = view.at(body.middle)
    box = anatomy.lung_box(body, x, y)
    front = view.at(body.middle - 2.5)
    back = view.at(body.middle + 6)
    heart = anatomy.clip(anatomy.heart(body, *front), box)
    dome = anatomy.clip(anatomy.dome(body, x, y), box)
    spine = anatomy.clip(anatomy.spine_and_aorta(body, *back), box)
    path = np.maximum(anatomy.length(box) - anatomy.covered(heart, dome, spine), 0)
    seen = (path > 2.0) & (y < anatomy.dome_top(body, x)) & (anatomy.length(heart) < 1.0)
    return Lungs(path, seen)


def trunk(body: Body, view: View, rng: np.random.Generator) -> FloatArray:
    """Path length through the body as if it were filled, in cm."""
    x, y = view.at(body.middle)
    below = 1 / (1 + np.exp(np.clip((1.5 * body.height - y) / 0.8, -40, 40)))
    wide, deep = anatomy.cage_at(body, y + below * np.maximum(8.5 * body.height - y, 0))
    flank = 0.06 * np.clip(y - 16, 0, 20)
    half_width = wide + body.wall + 1.4 + flank
    half_depth = deep + 0.5 * body.wall + 1.2
    chest = half_depth * np.maximum(1 - np.abs(x / half_width) ** 3.2, 0) ** np.float32(0.47)
    knots = np.asarray(_NECK)
    outline = np.interp(y, knots[:, 0] * body.height, knots[:, 1] * (0.5 + 0.5 * body.width)).astype(
        np.float32
    )
    outline = outline + np.float32(0.3 * body.wall)
    axilla = (9.0 + 0.5 * body.wall) * body.height
    fade = np.clip((axilla - y) / 5.0, 0, 1) ** np.float32(0.5)
    girdle = (
        (5.6 + 0.5 * body.wall) * np.sqrt(np.maximum(1 - (np.abs(x) / np.maximum(outline, 1)) ** 4, 0)) * fade
    )
    arm_x = 19.4 * body.width + 0.25 * np.clip(y - 3, 0, 40) + 0.5 * body.wall
    arm_r = 3.9 + 0.35 * body.wall
    arm = arm_r * np.sqrt(np.maximum(1 - ((np.abs(x) - arm_x) / arm_r) ** 2, 0)) * (y > 2.0)
    half = np.maximum(np.maximum(chest, girdle), arm).astype(np.float32)
    full = blur(2 * half, 0.22 / view.exposure.spacing)
    full *= 1 + 0.012 * texture(rng, view.shape, 2.2 / view.exposure.spacing)
    if body.breast:
        full += _breasts(body, view)
    return full


def _breasts(body: Body, view: View) -> FloatArray:
    x, y = view.at(0.0)
    r = 6.2 + 0.35 * body.breast
    u = (np.abs(x) - 8.3 * body.width) / r
    v = (y - body.breast_y) / (r * 0.95)
    bulge = np.sqrt(np.maximum(1 - u**2 - v**2, 0))
    hanging = 1 / (1 + np.exp(-(v + 0.1) * 4.5))
    return np.asarray(body.breast * bulge * hanging, np.float32)


def skeleton_path(body: Body, view: View) -> FloatArray:
    """Path length of bone in cm of dense bone."""
    bone = np.zeros(view.shape, np.float32)
    for tube in (*skeleton.ribs(body), *skeleton.shoulder_bones(body)):
        draw_tube(bone, tube, view)
    _draw_scapulae(bone, body, view)
    _draw_spine(bone, body, view)
    return bone


def _draw_scapulae(bone: FloatArray, body: Body, view: View) -> None:
    for side in (-1.0, 1.0):
        corners = np.round(view.project(skeleton.scapula_outline(body, side)) * 16).astype(np.int32)
        blade = np.zeros(view.shape, np.uint8)
        cv2.fillPoly(blade, [corners], 255, cv2.LINE_AA, 4)
        bone += blur(
            blade.astype(np.float32) * np.float32(0.16 * body.bone / 255), 0.05 / view.exposure.spacing
        )


def _draw_spine(bone: FloatArray, body: Body, view: View) -> None:
    """Vertebral bodies with end plates, pedicles, spinous and transverse processes."""
    z = body.middle + 7.5
    x, y = view.at(z)
    levels = skeleton.vertebra_levels(body)
    levels = np.concatenate([levels[0] - np.array([5.7, 3.8, 1.9]) * body.height, levels])
    for k, level in enumerate(levels):
        middle = float(anatomy.spine_x(body, np.asarray(level, np.float32)))
        pixel = view.project(np.array([[middle, level, z]]))[0]
        reach = int(4.6 / view.exposure.spacing)
        top, left = max(int(pixel[1]) - reach, 0), max(int(pixel[0]) - reach, 0)
        window = np.s_[top : max(int(pixel[1]) + reach, 0), left : max(int(pixel[0]) + reach, 0)]
        if bone[window].size:
            bone[window] += _vertebra(x[window] - middle, y[window] - level, k - 2, body)


def _vertebra(dx: FloatArray, dy: FloatArray, number: int, body: Body) -> FloatArray:
    """Path length of one vertebra; `number` is 1 for T1."""
    half = 1.28 + 0.05 * max(number, 0)
    tall = (0.86 + 0.022 * number) * body.height
    waist = half * (0.9 + 0.1 * np.minimum((dy / tall) ** 2, 1.5))
    edge = 0.05
    q = 1 / (1 + np.exp(-np.clip((waist - np.abs(dx)) / edge, -40, 40)))
    q = q / (1 + np.exp(-np.clip((tall - np.abs(dy)) / edge, -40, 40)))
    plates = np.exp(-(((np.abs(dy) - tall + 0.08) / 0.085) ** 2))
    walls = np.exp(-(((np.abs(dx) - waist + 0.07) / 0.075) ** 2))
    path = q * (0.46 + 0.36 * plates + 0.34 * walls)
    for side in (-1, 1):
        ring = np.hypot((dx - side * half * 0.64) / 0.34, (dy + 0.22 * tall) / 0.5)
        path = path + 0.42 * np.exp(-(((ring - 0.9) / 0.22) ** 2)) + 0.1 * (ring < 0.9)
        process = np.hypot((dx - side * (half + 0.75)) / 1.15, (dy + 0.3 * tall + 0.1 * side * dx) / 0.36)
        path = path + 0.3 * np.clip(1.25 - process, 0, 0.4)
    spinous = np.hypot(dx / 0.26, (dy - 0.75 * tall) / 0.62)
    path = path + 0.4 * np.exp(-(((spinous - 0.85) / 0.25) ** 2)) + 0.12 * (spinous < 0.85)
    return np.asarray(path * body.bone * 0.8, np.float32)


def vessel_path(body: Body, view: View) -> FloatArray:
    """Path length of blood in the lungs' vessels in cm."""
    tree = skeleton.vessels(body)
    a, b = view.project(tree.start), view.project(tree.end)
    spacing = view.exposure.spacing
    total = np.zeros(view.shape, np.float32)
    bounds = np.geomspace(0.62, 0.018, 13)
    for high, low in pairwise(bounds):
        chosen = (tree.radius <= high) & (tree.radius > low)
        if not chosen.any():
            continue
        radius = float(tree.radius[chosen].mean())
        wide = 2 * radius / spacing  # px
        canvas = np.zeros(view.shape, np.uint8)
        ends = np.round(np.stack([a[chosen], b[chosen]], 1) * 16).astype(np.int32)
        for start, end in ends.tolist():
            cv2.line(canvas, start, end, 255, max(round(wide), 1), cv2.LINE_AA, 4)
        amount = 3.0 * radius * min(wide, 1.0) / 255
        total += blur(canvas.astype(np.float32), max(0.22 * wide, 0.3)) * np.float32(amount)
    return total


def gas(body: Body, view: View) -> FloatArray:
    """Path length of air in airways and stomach in cm."""
    air = np.zeros(view.shape, np.float32)
    for tube in skeleton.airways(body):
        branch = np.zeros_like(air)
        draw_tube(branch, tube, view)
        air = np.maximum(air, branch)
    air = blur(air, 0.06 / view.exposure.spacing)
    if body.stomach:
        x, y = view.at(body.middle - 2)
        level = body.dome_left + 1.3
        u = (x - 6.3 * body.width) / body.stomach
        v = (y - level - 0.35 * body.stomach) / (0.62 * body.stomach)
        bubble = np.sqrt(np.maximum(1 - u**2 - v**2, 0))
        fluid = 1 / (1 + np.exp(np.clip((v - 0.45) * 18, -40, 40)))
        air += (1.25 * body.stomach * bubble * fluid).astype(np.float32)
    return air


def plant(
    air: Lungs, view: View, rng: np.random.Generator, count: int
) -> tuple[FloatArray, tuple[Opacity, ...]]:
    """Plant `count` opacities in the lungs: added tissue in cm (H, W), and where they are."""
    spacing = view.exposure.spacing
    added = np.zeros(view.shape, np.float32)
    planted: list[Opacity] = []
    room = cv2.distanceTransform(np.pad((air.seen & (air.path > 4)).astype(np.uint8), 1), cv2.DIST_L2, 5)[
        1:-1, 1:-1
    ]
    for _ in range(count):
        radius = rng.uniform(1.25, 2.8) / spacing
        free = room > 0.62 * radius
        for other in planted:
            rows, columns = np.ogrid[: view.shape[0], : view.shape[1]]
            apart = np.hypot(rows - other.row, columns - other.column)
            free &= apart > 1.3 * (radius + other.radius_px)
        places = np.flatnonzero(free)
        if not len(places):
            continue
        row, column = divmod(int(places[rng.integers(len(places))]), view.shape[1])
        shape = _blob(view.shape, row, column, radius, rng) * np.clip(air.path / 5, 0, 1)
        thick = np.clip(rng.uniform(1.1, 1.7) * radius * spacing, 1.7, 4.0)
        added += shape * np.float32(thick)
        rows, columns = np.nonzero(shape > 0.5 * shape.max())
        weight = shape[rows, columns]
        planted.append(
            Opacity(
                row=float(np.average(rows, weights=weight)),
                column=float(np.average(columns, weights=weight)),
                radius_px=float(np.sqrt(len(rows) / np.pi)),
            )
        )
    return added, tuple(planted)


def _blob(
    shape: tuple[int, int], row: int, column: int, radius: float, rng: np.random.Generator
) -> FloatArray:
    """A soft-edged, irregular, patchy spot of about unit height (H, W)."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None] - row
    columns = np.arange(shape[1], dtype=np.float32)[None, :] - column
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.5)
    along = (columns * np.cos(turn) + rows * np.sin(turn)) / stretch**0.5
    across = (rows * np.cos(turn) - columns * np.sin(turn)) * stretch**0.5
    distance = np.hypot(along, across) / radius
    distance = (
        distance + 0.16 * texture(rng, shape, 0.75 * radius) + 0.06 * texture(rng, shape, 0.25 * radius)
    )
    patches = 1 + 0.12 * texture(rng, shape, 0.3 * radius)
    soft = rng.uniform(0.16, 0.26)
    near = np.hypot(rows, columns) < 2.6 * radius
    return np.asarray(near * patches / (1 + np.exp(np.clip((distance - 0.85) / soft, -30, 30))), np.float32)


def expose(body: Body, exposure: Exposure, foci: int = 0) -> Film:
    """Take a radiograph of a body with `foci` planted opacities (fewer where there is no room)."""
    view = View(body, exposure)
    rng = np.random.default_rng([exposure.seed, 1])
    spacing = exposure.spacing
    air = lungs(body, view)
    added, planted = plant(air, view, np.random.default_rng([exposure.seed, 2]), foci)
    density = body.lung_density * (1 + 0.08 * texture(rng, view.shape, 3 / spacing))
    density *= 1 + 0.03 * texture(rng, view.shape, 0.3 / spacing)
    density *= 1 + 0.025 * texture(rng, view.shape, 0.12 / spacing)
    tissue = trunk(body, view, rng) - air.path * (1 - density) - gas(body, view)
    tissue += vessel_path(body, view) + added
    attenuation = SOFT * np.maximum(tissue, 0) + (BONE - SOFT) * skeleton_path(body, view)
    film = develop(attenuation.astype(np.float32), _lead(exposure, view), exposure, rng)
    grey = _collimate(film, exposure)
    return Film(grey, air.seen, planted)


def _lead(exposure: Exposure, view: View) -> FloatArray:
    """The marker of the side, and small letters that say what this is."""
    rng = np.random.default_rng([exposure.seed, 3])
    canvas = np.zeros(view.shape, np.uint8)
    rows, columns = view.shape
    size = rows / 1000
    right = exposure.marker == "L"
    x = int(columns * (rng.uniform(0.89, 0.92) if right else rng.uniform(0.05, 0.08)))
    y = int(rows * rng.uniform(0.09, 0.3))
    thick = max(round(5 * size), 1)
    cv2.putText(canvas, exposure.marker, (x, y), cv2.FONT_HERSHEY_DUPLEX, 1.9 * size, 255, thick, cv2.LINE_AA)
    if rng.random() < 0.4:
        centre = (x + int(20 * size), y - int(20 * size))
        cv2.circle(canvas, centre, int(42 * size), 255, max(round(3 * size), 1), cv2.LINE_AA)
    small = max(round(1.4 * size), 1)
    where = (max(x - int(24 * size), 2), y + int(58 * size))
    cv2.putText(canvas, "PHANTOM", where, cv2.FONT_HERSHEY_SIMPLEX, 0.42 * size, 255, small, cv2.LINE_AA)
    return blur(canvas.astype(np.float32) * np.float32(3.5 / 255), 0.6)


def _collimate(grey: FloatArray, exposure: Exposure) -> FloatArray:
    """Blacken what the shutter covered."""
    top, bottom, left, right = (round(v / exposure.spacing) for v in exposure.collimation)
    result = np.zeros_like(grey)
    inner = np.s_[top : grey.shape[0] - bottom, left : grey.shape[1] - right]
    result[inner] = grey[inner]
    return result
