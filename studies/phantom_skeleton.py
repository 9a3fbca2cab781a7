"""The phantom's curves in space: ribs, clavicles, arms, airways, and the branching vessels of the lungs.

Space and units as in `studies.phantom_anatomy`: centimetres; x to the patient's left, y down, z to the back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studies.phantom_anatomy import Body, cage_at, inside_lung, spine_x

Points = NDArray[np.float64]  # (N, 3) in cm

RIBS = 12
_VERTEBRA_Y = (-1.0, 1.1, 3.2, 5.4, 7.7, 10.0, 12.4, 14.8, 17.3, 19.9, 22.6, 25.4, 28.4, 31.6)
_RIB_DROP = (4.4, 6.2, 7.4, 9.2, 10.4, 11.2, 11.6, 11.4, 10.4, 8.6, 5.6, 3.2)
_RIB_END = (138, 140, 142, 144, 144, 142, 138, 130, 118, 104, 72, 46)  # degrees from the spine


@dataclass(frozen=True, slots=True)
class Tube:
    """A bone or an airway: a curve with a hollow cross-section.

    Parameters
    ----------
    points
        (N, 3) centre line.
    tall, thick
        (N,) half extents along the body and across it; equal for a round tube.
    cortex
        Thickness of the dense shell.
    marrow
        Density inside, relative to the shell.
    """

    points: Points
    tall: NDArray[np.float64]
    thick: NDArray[np.float64]
    cortex: float
    marrow: float


def vertebra_levels(body: Body) -> NDArray[np.float64]:
    """y of the centres of the vertebrae from T1 down."""
    return np.asarray(_VERTEBRA_Y) * body.height


def ribs(body: Body) -> list[Tube]:
    """Twelve pairs, from the spine round the cage to where cartilage begins."""
    rng = np.random.default_rng([body.seed, 1])
    tubes = []
    levels = vertebra_levels(body)
    for side in (-1.0, 1.0):
        for k in range(RIBS):
            end = np.radians(_RIB_END[k] + rng.uniform(-4, 4))
            turn = np.linspace(np.radians(9), end, 72)
            part = (turn - turn[0]) / (end - turn[0])
            drop = _RIB_DROP[k] * body.height * body.rib_slope * rng.uniform(0.95, 1.05)
            y = levels[k] - 0.7 + drop * part**1.3 - 0.5 * np.sin(np.pi * np.clip(part * 3.2, 0, 1))
            wide, deep = (a.astype(float) for a in cage_at(body, y.astype(np.float32)))
            power = 2 / 2.35
            x = wide * np.sin(turn) ** power
            z = body.middle + deep * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power
            x = side * x + spine_x(body, y.astype(np.float32)) * (1 - part) ** 2
            swell = 0.82 + 0.3 * part  # ribs broaden to the front
            tall = body.rib_radius * swell * (1.12 if k == 0 else 0.85 if k > 9 else 1.0) * np.ones_like(x)
            fade = np.interp(part, [0, 0.9, 1], [1, 1, 0.55])  # towards cartilage
            tubes.append(Tube(np.stack([x, y, z], 1), tall, 0.36 * fade, 0.1 * body.bone, 0.2))
    return tubes


def _curve(knots: list[tuple[float, float, float]], count: int) -> Points:
    """A smooth curve through knots (Catmull-Rom)."""
    p = np.asarray(knots, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, len(knots) - 1 - 1e-9, count)
    i = t.astype(int)
    f = (t - i)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    return np.asarray(
        0.5 * (2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f**2 + (3 * b - a - 3 * c + d) * f**3)
    )


def _mirror(points: Points, side: float) -> Points:
    return np.asarray(points * np.array([side, 1, 1]))


def shoulder_bones(body: Body) -> list[Tube]:
    """Clavicles, the strong edges of the scapulae, and humeri."""
    rng = np.random.default_rng([body.seed, 2])
    w, out, rise = body.width, body.scapula_out, body.clavicle_rise
    tubes = []
    for side in (-1.0, 1.0):
        jitter = rng.uniform(-0.35, 0.35)
        y0 = 2.3 + jitter
        front = body.middle - 5.0
        clavicle = _curve(
            [
                (1.5, y0 + 0.3, front),
                (4.2, y0 - 0.25 - 0.1 * rise, front),
                (8.2, y0 - 0.2 - 0.7 * rise, front + 2),
                (11.8, y0 - 0.75 - rise, front + 5),
                (14.6 * w, y0 - 0.65 - rise, front + 6),
            ],
            60,
        )
        girth = np.interp(np.linspace(0, 1, 60), [0, 0.12, 0.45, 0.8, 1], [0.95, 0.72, 0.52, 0.6, 0.72])
        tubes.append(Tube(_mirror(clavicle, side), girth, girth * 0.9, 0.13 * body.bone, 0.13))
        back = body.middle + 7
        lateral = _curve(
            [(15.0 * w + out, 3.2, back), (14.2 * w + out, 7.5, back), (12.6 * w + out, 13.0, back)], 40
        )
        thin = np.linspace(0.5, 0.2, 40)
        tubes.append(Tube(_mirror(lateral, side), thin, 0.6 * thin, 0.1 * body.bone, 0.35))
        medial = _curve(
            [
                (12.6 * w + out, 13.0, back),
                (11.2 * w + out, 9.0, back),
                (10.6 * w + out, 4.0, back),
                (11.2 * w + out, 1.3, back),
            ],
            40,
        )
        tubes.append(Tube(_mirror(medial, side), np.full(40, 0.17), np.full(40, 0.17), 0.1 * body.bone, 0.2))
        blade = _curve([(10.8 * w + out, 3.6, back), (14.0 * w + out, 1.3, back), (17.2, -0.6, back - 1)], 40)
        spine = np.linspace(0.3, 0.75, 40)
        tubes.append(Tube(_mirror(blade, side), spine, spine, 0.11 * body.bone, 0.16))
        head = (17.6 * w + 0.5 * out, 2.4)
        shaft = _curve(
            [
                (head[0] - 0.2, head[1] - 0.6, back - 3),
                (head[0] + 1.0, 5.5, back - 3),
                (head[0] + 2.6, 17, back - 3),
            ],
            50,
        )
        bulk = np.interp(np.linspace(0, 1, 50), [0, 0.1, 0.24, 0.45, 1], [1.9, 2.25, 1.6, 1.2, 1.1])
        tubes.append(Tube(_mirror(shaft, side), bulk, bulk, 0.22 * body.bone, 0.1))
    return tubes


def scapula_outline(body: Body, side: float) -> Points:
    """Corners of the blade of a scapula."""
    w, out = body.width, body.scapula_out
    z = body.middle + 7
    corners = _curve(
        [
            (15.0 * w + out, 3.2, z),
            (14.2 * w + out, 7.5, z),
            (12.6 * w + out, 13.0, z),
            (11.2 * w + out, 9.0, z),
            (10.6 * w + out, 4.0, z),
            (11.2 * w + out, 1.3, z),
            (13.4 * w + out, 1.6, z),
            (15.0 * w + out, 3.2, z),
        ],
        80,
    )
    return _mirror(corners, side)


def airways(body: Body) -> list[Tube]:
    """Trachea and main bronchi; their walls are too thin to be drawn."""
    h = body.height
    z = body.middle + 1.5
    lean = 0.35
    carina = (lean * 0.6, 7.9 * h, z)
    trachea = _curve([(0.0, -8.0, z - 1), (0.0, 0.0, z), (lean * 0.4, 4.5 * h, z), carina], 40)
    right = _curve([carina, (-1.6, 9.6 * h, z), (-3.4 * body.width, 11.6 * h, z)], 20)
    left = _curve([carina, (2.0, 9.7 * h, z), (4.2 * body.width, 10.9 * h, z)], 20)
    tubes = [Tube(trachea, np.full(40, 0.92), np.full(40, 1.0), 0.0, 1.0)]
    for branch, size in ((right, 0.66), (left, 0.58)):
        radius = np.linspace(size, size * 0.62, 20)
        tubes.append(Tube(branch, radius, radius, 0.0, 1.0))
    return tubes


@dataclass(frozen=True, slots=True)
class Vessels:
    """Straight pieces of vessel: (N, 3) ends in cm and (N,) radii in cm, broadest first."""

    start: Points
    end: Points
    radius: NDArray[np.float64]


def vessels(body: Body, generations: int = 9) -> Vessels:
    """Arteries and veins of both lungs, grown from the hila and kept where there is aerated lung."""
    rng = np.random.default_rng([body.seed, 3])
    position, heading, radius = _hilar_stems(body, rng)
    starts, ends, radii = [], [], []
    for generation in range(generations):
        for _ in range(3):
            step = (0.64 - 0.03 * generation) * rng.uniform(0.75, 1.25, len(radius))
            heading = heading + rng.normal(0, 0.1, heading.shape)
            heading /= np.linalg.norm(heading, axis=1, keepdims=True)
            tip = position + heading * step[:, None]
            alive = inside_lung(body, tip, 0.1) | (generation < 2)
            starts.append(position[alive])
            ends.append(tip[alive])
            radii.append(radius[alive])
            position, heading, radius = tip[alive], heading[alive], radius[alive] * 0.985
        spread = rng.normal(0, 0.27 + 0.02 * generation, (2, *heading.shape))
        share = rng.uniform(0.7, 0.9, (2, len(radius)))
        position = np.concatenate([position, position])
        heading = np.concatenate([heading + spread[0], heading - spread[1]])
        heading /= np.linalg.norm(heading, axis=1, keepdims=True)
        radius = np.concatenate([radius * share[0], radius * share[1]])
    order = np.argsort(-np.concatenate(radii), kind="stable")
    return Vessels(np.concatenate(starts)[order], np.concatenate(ends)[order], np.concatenate(radii)[order])


def _hilar_stems(body: Body, rng: np.random.Generator) -> tuple[Points, Points, NDArray[np.float64]]:
    """Where the vessels leave the hila: position, direction and radius of each stem."""
    position, heading, radius = [], [], []
    for side, x, y in ((-1.0, 3.3, 11.2), (1.0, 3.5, 10.3)):
        angles = np.radians(rng.normal([-72, -48, -18, 8, 30, 50, 66, 80, 58, 40], 6))
        for i, angle in enumerate(angles):  # 0 points sideways, 90 down
            depth = rng.uniform(-0.75, 0.75)
            position.append(
                (
                    side * x * body.width + rng.normal(0, 0.25),
                    y * body.height + rng.normal(0, 0.5),
                    body.middle + 2 * depth,
                )
            )
            heading.append((side * np.cos(angle), np.sin(angle), depth))
            radius.append((0.36 if angle < 0 else 0.44) * rng.uniform(0.7, 1.15) * (1.25 if i == 6 else 1))
    vector = np.asarray(heading)
    return np.asarray(position), vector / np.linalg.norm(vector, axis=1, keepdims=True), np.asarray(radius)
