"""The body behind the phantoms: organs whose extent along a ray is known in closed form.

One drawn `Body` serves the radiograph and the CT stack. Organs are described by the interval
``[near, far]`` that they occupy along the ray through (x, y), so that a path length is exact and
an edge as sharp as the film allows.

Space: centimetres. x grows to the patient's left (to the right of the film), y from the apices of the lungs
downwards, z from the sternum to the back. Nothing here was measured on anybody; the proportions are those of
textbooks, varied at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Interval = tuple[FloatArray, FloatArray]  # near and far surface; empty where far <= near

# Profiles over y in cm (before scaling): half widths and half depths of the thorax.
_LUNG_Y = (-0.05, 0.12, 0.45, 1.0, 2.0, 4.0, 7.0, 10.0, 14.0, 18.0, 22.0, 27.0, 34.0)
_LUNG_OUTER = (4.3, 5.1, 5.9, 6.7, 7.8, 9.4, 11.1, 12.3, 13.2, 13.7, 13.9, 13.9, 13.6)
_LUNG_INNER = (4.3, 3.6, 3.1, 2.7, 2.4, 2.25, 2.3, 2.4, 2.3, 2.0, 1.9, 1.9, 1.9)
_LUNG_DEPTH = (0.05, 1.2, 2.2, 3.1, 4.2, 5.8, 7.4, 8.4, 9.0, 9.4, 9.6, 9.5, 9.0)
_CAGE_Y = (-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 7.0, 10.0, 14.0, 18.0, 22.0, 27.0, 34.0)
_CAGE_WIDTH = (2.6, 3.6, 4.5, 5.6, 6.9, 8.1, 9.8, 11.5, 12.7, 13.7, 14.2, 14.4, 14.4, 14.0)
_CAGE_DEPTH = (2.4, 3.1, 3.6, 4.2, 4.8, 5.4, 6.6, 8.0, 8.9, 9.5, 9.9, 10.1, 10.0, 9.5)


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A solid organ: centre and half axes in cm, turned by `turn` radians in the frontal plane."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    turn: float = 0.0

    def interval(self, x: FloatArray, y: FloatArray) -> Interval:
        """Near and far surface along the ray through (x, y); the shapes broadcast."""
        dx, dy = x - self.centre[0], y - self.centre[1]
        c, s = float(np.cos(self.turn)), float(np.sin(self.turn))
        q = ((c * dx + s * dy) / self.half[0]) ** 2 + ((c * dy - s * dx) / self.half[1]) ** 2
        depth = self.half[2] * np.sqrt(np.maximum(1 - q, 0))
        near, far = self.centre[2] - depth, self.centre[2] + depth
        return near.astype(np.float32), far.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Body:
    """One drawn person. Lengths in cm, fractions without unit."""

    width: float  # scale of all half widths
    height: float  # scale along y
    depth: float  # scale along z
    wall: float  # soft tissue outside the ribs
    breast: float  # how much breasts add along the ray; 0 for none
    breast_y: float
    inspiration: float  # shifts the domes
    dome_right: float  # y of the top of the right dome
    dome_left: float
    heart: tuple[Ellipsoid, ...]
    vessels: tuple[Ellipsoid, ...]  # aortic knob, pulmonary trunk, superior vena cava, hila
    aorta_x: float  # where the descending aorta runs
    aorta_radius: float
    rib_radius: float
    rib_slope: float
    bone: float  # mineral content, 1 is ordinary
    spine_bend: float  # amplitude of a slight scoliosis
    lung_density: float  # of tissue
    stomach: float  # width of the gastric bubble; 0 for none
    clavicle_rise: float
    scapula_out: float
    seed: int  # for everything that branches

    @property
    def middle(self) -> float:
        """z of the middle of the chest."""
        return 11.5 * self.depth


def draw_body(rng: np.random.Generator) -> Body:
    """Draw a person."""
    u = rng.uniform
    width, height, depth = u(0.92, 1.06), u(0.93, 1.06), u(0.88, 1.08)
    female = rng.random() < 0.5
    inspiration = u(-1.1, 1.0)
    right = height * 19.6 + inspiration
    size = u(0.9, 1.14)
    middle = 11.5 * depth
    left = right + u(0.4, 1.7)
    heart = (
        Ellipsoid(  # both ventricles
            (2.5 * width, left - 3.6, middle - 1.9), (6.4 * size, 4.7 * size, 5.8 * size), u(0.5, 0.8)
        ),
        Ellipsoid((-1.3 * width, right - 4.6, middle - 1.2), (2.9 * size, 4.6 * size, 4.6), u(-0.1, 0.1)),
        Ellipsoid((1.3 * width, left - 7.4, middle - 1.0), (3.0 * size, 3.6, 4.2), 0.5),
    )
    arch = height * u(5.6, 6.6)
    knob = u(1.35, 1.85)
    vessels = (
        Ellipsoid((1.9 + u(0, 0.5), arch, middle + 1.2), (knob, knob * 1.15, 2.6)),
        Ellipsoid((2.0, arch + 3.6, middle - 1.2), (u(1.7, 2.3), 2.3, 2.2)),
        Ellipsoid((-1.7, height * 6.5, middle - 1.6), (u(1.1, 1.5), 5.6, 1.3), u(-0.06, 0.06)),
        Ellipsoid((-0.7, height * 9.2, middle - 2.2), (u(2.0, 2.5), 4.0, 2.0)),
        Ellipsoid((-3.2 * width, height * 11.4, middle), (0.95, 1.5, 1.2), 0.35),
        Ellipsoid((3.5 * width, height * 10.4, middle), (0.95, 1.25, 1.2), -0.5),
    )
    return Body(
        width=width,
        height=height,
        depth=depth,
        wall=u(1.3, 3.2),
        breast=u(1.2, 4.0) if female else 0.0,
        breast_y=height * u(15.0, 17.5),
        inspiration=inspiration,
        dome_right=right,
        dome_left=left,
        heart=heart,
        vessels=vessels,
        aorta_x=u(1.6, 2.3),
        aorta_radius=u(1.05, 1.4),
        rib_radius=u(0.54, 0.68),
        rib_slope=u(0.85, 1.15),
        bone=u(0.8, 1.15),
        spine_bend=u(-0.5, 0.5),
        lung_density=u(0.2, 0.28),
        stomach=u(1.6, 3.2) if rng.random() < 0.75 else 0.0,
        clavicle_rise=u(0.6, 2.6),
        scapula_out=u(-0.8, 1.8),
        seed=int(rng.integers(2**31)),
    )


def profile(y: FloatArray, at: tuple[float, ...], values: tuple[float, ...]) -> FloatArray:
    """Interpolate a profile without corners: a quadratic of the neighbouring knots, by a fine table."""
    fine = np.linspace(at[0], at[-1], 600)
    table = np.interp(fine, at, values)
    kernel = np.hanning(15)
    kernel /= kernel.sum()
    smooth = np.convolve(np.pad(table, 7, mode="edge"), kernel, mode="valid")
    weight = np.clip((fine - at[0]) / 1.5, 0, 1)  # the cap of the apex keeps its curvature
    return np.interp(y, fine, table * (1 - weight) + smooth * weight).astype(np.float32)


def spine_x(body: Body, y: FloatArray) -> FloatArray:
    """x of the spine's axis at height y."""
    return np.asarray(body.spine_bend * np.sin((y - 3) / 11.0), np.float32)


def spine_z(body: Body, y: FloatArray) -> FloatArray:
    """z of the middle of the vertebral bodies at height y: just inside the back of the cage."""
    return np.asarray(body.middle + cage_at(body, y)[1] - 2.2, np.float32)


def cage_at(body: Body, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Half width and half depth of the rib cage at height y."""
    level = y / body.height
    return (
        profile(level, _CAGE_Y, _CAGE_WIDTH) * np.float32(body.width),
        profile(level, _CAGE_Y, _CAGE_DEPTH) * np.float32(body.depth),
    )


def lung_box(body: Body, x: FloatArray, y: FloatArray) -> Interval:
    """The pleural space along the ray, before heart, domes and spine are taken out."""
    level = y / body.height
    outer = profile(level, _LUNG_Y, _LUNG_OUTER) * np.float32(body.width)
    inner = profile(level, _LUNG_Y, _LUNG_INNER) * np.float32(body.width)
    deep = profile(level, _LUNG_Y, _LUNG_DEPTH) * np.float32(body.depth)
    u = (np.abs(x) - inner) / np.maximum(outer - inner, 0.05)
    lateral = np.maximum(1 - np.clip(u, 0, 1) ** 2.6, 0) ** np.float32(0.48)
    medial = np.sqrt(np.clip(u / 0.16, 0, 1))
    inside = (level > _LUNG_Y[0]) & (u > 0) & (u < 1)
    half = np.where(inside, deep * lateral * medial, 0).astype(np.float32)
    return body.middle - half, body.middle + half


def dome_top(body: Body, x: FloatArray) -> FloatArray:
    """y of the silhouette of the diaphragm at x."""
    side = x > 0
    middle = np.where(side, 7.0, -6.6).astype(np.float32) * np.float32(body.width)
    off = (np.abs(x) - np.abs(middle)) / np.float32(body.width)
    square = off * off
    lateral = square * np.where(off > 0, 0.072 + 0.0005 * square, 0.045 + 0.0002 * square)
    top = np.where(side, body.dome_left, body.dome_right)
    return np.asarray(top + lateral, np.float32)


def dome(body: Body, x: FloatArray, y: FloatArray) -> Interval:
    """The abdomen's bulge into the chest along the ray: highest in front of the middle."""
    below = np.maximum(y - dome_top(body, x), 0)
    half = 10.5 * np.float32(body.depth) * (below / 6.5) ** np.float32(0.42)
    half = np.where(below > 0, half, 0).astype(np.float32)
    centre = np.float32(body.middle - 1.4)
    return centre - half * np.float32(1.15), centre + half


def spine_and_aorta(body: Body, x: FloatArray, y: FloatArray) -> Interval:
    """What stands in the back of the chest: the vertebral bodies with muscle, and the descending aorta."""
    back = spine_z(body, y) + 3.6
    beside = (x - spine_x(body, y)) / 2.9
    spine = 6.2 * np.sqrt(np.maximum(1 - beside**2, 0))
    tube = np.sqrt(np.maximum(1 - ((x - body.aorta_x - spine_x(body, y)) / body.aorta_radius) ** 2, 0))
    below = np.clip((y - body.vessels[0].centre[1] + 1.2) / 2.4, 0, 1)  # of the arch
    aorta = (5.6 + body.aorta_radius) * tube**1.7 * below**0.6
    reach = np.maximum(spine, aorta).astype(np.float32)
    return (back - reach).astype(np.float32), np.broadcast_to(back, reach.shape)


def clip(interval: Interval, box: Interval) -> Interval:
    """The part of an interval inside another; empty ones come back with far == near."""
    near = np.clip(interval[0], box[0], box[1])
    return near, np.clip(interval[1], near, np.maximum(box[1], near))


def common(a: Interval, b: Interval) -> Interval:
    """The part that two intervals share."""
    near = np.maximum(a[0], b[0])
    return near, np.maximum(np.minimum(a[1], b[1]), near)


def hull(intervals: list[Interval]) -> Interval:
    """The shortest interval that holds all the non-empty ones."""
    near = np.full(np.broadcast(*(i[0] for i in intervals)).shape, 1e6, np.float32)
    far = np.full_like(near, -1e6)
    for first, last in intervals:
        filled = last > first
        near = np.where(filled, np.minimum(near, first), near)
        far = np.where(filled, np.maximum(far, last), far)
    filled = far > near
    return np.where(filled, near, 0), np.where(filled, far, 0)


def length(interval: Interval) -> FloatArray:
    """Path length in cm."""
    return np.asarray(np.maximum(interval[1] - interval[0], 0), np.float32)


def covered(a: Interval, b: Interval, c: Interval) -> FloatArray:
    """Path length of the union of three intervals, by inclusion and exclusion."""
    ab, ac, bc = common(a, b), common(a, c), common(b, c)
    sums = length(a) + length(b) + length(c) - length(ab) - length(ac) - length(bc)
    return sums + length(common(ab, c))


def heart(body: Body, x: FloatArray, y: FloatArray) -> Interval:
    """Heart and great vessels along the ray."""
    return hull([organ.interval(x, y) for organ in (*body.heart, *body.vessels)])


def inside_lung(body: Body, points: NDArray[np.float64], margin: float = 0.0) -> NDArray[np.bool_]:
    """Whether points (N, 3) lie in aerated lung, `margin` cm away from its front and back."""
    x, y, z = (points[:, i].astype(np.float32) for i in range(3))
    near, far = lung_box(body, x, y)
    free = (z > near + margin) & (z < far - margin)
    for first, last in (dome(body, x, y), spine_and_aorta(body, x, y), heart(body, x, y)):
        free &= (z <= first - margin) | (z >= last + margin)
    return np.asarray(free)
