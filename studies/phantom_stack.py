"""The CT stack of a phantom: the same body as in the radiograph, sampled in Hounsfield units."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studies import phantom_anatomy as anatomy
from studies import phantom_skeleton as skeleton
from studies.phantom_anatomy import Body, FloatArray
from studies.phantom_film import Opacity

AIR, LUNG, FAT, MUSCLE, BLOOD, LIVER = -1000.0, -850.0, -95.0, 50.0, 42.0, 58.0


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Slices (N, S, S) in HU from the head downwards, lung (N, S, S), and the nodule in each slice.

    `spacing_mm` is in plane and between slices; `origin_mm` is the patient position of the first slice's
    first pixel, and z falls by the spacing from slice to slice.
    """

    values_hu: FloatArray
    lungs: NDArray[np.bool_]
    opacities: tuple[tuple[Opacity, ...], ...]
    spacing_mm: tuple[float, float]
    origin_mm: tuple[float, float, float]


def stack(body: Body, slices: int = 40, side: int = 256, nodule_cm: float = 1.1) -> Stack:
    """Scan a body from above the apices to below the domes, with one nodule in a lung."""
    rng = np.random.default_rng([body.seed, 9])
    wide = 2 * (14.6 * body.width + body.wall + 2.4)
    spacing, between = wide / side, 30.0 * body.height / slices
    x = ((np.arange(side) - (side - 1) / 2) * spacing).astype(np.float32)[None, :]
    z = ((np.arange(side) - (side - 1) / 2) * spacing + body.middle).astype(np.float32)
    y = (-2.5 * body.height + np.arange(slices) * between).astype(np.float32)[:, None]
    depth = z[None, :, None]
    lung = _lung(body, x, y, depth)
    values = _tissue(body, x, y, depth, rng)
    values[lung] = LUNG
    grid = _Grid(values, float(x[0, 0]), float(y[0, 0]), float(z[0]), spacing, between)
    _airways(grid, body)
    _vessels(grid, body, lung)
    centre, radius = _nodule(grid, body, lung, rng, nodule_cm)
    _bones(grid, body)
    noise = rng.normal(0, 1, values.shape).astype(np.float32)
    for i in range(slices):
        values[i] = cv2.GaussianBlur(values[i], (0, 0), 0.6) + 14 * cv2.GaussianBlur(noise[i], (0, 0), 0.7)
    opacities = tuple(_cut(grid, centre, radius, i) for i in range(slices))
    origin = (10 * float(x[0, 0]), 10 * (float(z[0]) - body.middle), -10 * float(y[0, 0]))
    return Stack(np.clip(values, -1024, 3071), lung, opacities, (10 * spacing, 10 * between), origin)


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    values: FloatArray  # (N slices, S depths, S columns)
    x0: float
    y0: float
    z0: float
    spacing: float
    between: float

    def near(
        self, point: NDArray[np.float64], reach: float, least_y: float = 0.0
    ) -> tuple[tuple[slice, slice, slice], tuple[FloatArray, FloatArray, FloatArray]]:
        """Indices of a box about a point (x, y, z) in cm, and the offsets along slices, rows, columns."""
        slices, offsets = [], []
        for start, step, at, n, half in (
            (self.y0, self.between, point[1], self.values.shape[0], max(reach, least_y)),
            (self.z0, self.spacing, point[2], self.values.shape[1], reach),
            (self.x0, self.spacing, point[0], self.values.shape[2], reach),
        ):
            low = max(int(np.ceil((at - half - start) / step)), 0)
            high = max(min(int(np.floor((at + half - start) / step)) + 1, n), low)
            slices.append(slice(low, high))
            offsets.append((start + np.arange(low, high) * step - at).astype(np.float32))
        dy, dz, dx = offsets
        return (slices[0], slices[1], slices[2]), (dy[:, None, None], dz[None, :, None], dx[None, None, :])


def _between(interval: anatomy.Interval, depth: FloatArray) -> NDArray[np.bool_]:
    near, far = (np.asarray(v)[:, None, :] for v in interval)
    return np.asarray((depth > near) & (depth < far))


def _lung(body: Body, x: FloatArray, y: FloatArray, depth: FloatArray) -> NDArray[np.bool_]:
    lung = _between(anatomy.lung_box(body, x, y), depth)
    for solid in (anatomy.heart(body, x, y), anatomy.dome(body, x, y), anatomy.spine_and_aorta(body, x, y)):
        lung &= ~_between(solid, depth)
    return lung


def _tissue(
    body: Body, x: FloatArray, y: FloatArray, depth: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Skin, fat, muscle, heart and abdomen."""
    wide, deep = anatomy.cage_at(body, np.maximum(y, 1.5))
    values = np.full((len(y), depth.shape[1], x.shape[1]), AIR, np.float32)
    off = depth - body.middle
    for grow, deeper, value in ((body.wall + 0.9, 0.5 * body.wall + 1.4, FAT), (1.1, 1.3, MUSCLE)):
        inside = (np.abs(x)[:, None, :] / (wide + grow)[:, :, None]) ** 2.5
        inside = inside + (np.abs(off) / (deep + deeper)[:, :, None]) ** 2.5
        values[inside < 1] = value
        # The shoulders' girdle, arms raised: it ends below the axillae.
        across = np.clip(8.0 + 3.2 * (y + 2.5), 8.0, 15.6) * np.clip((12 - y) / 3, 0, 1) ** 0.5 + grow - 1
        girdle = (np.abs(x) / np.maximum(across, 0.1))[:, None, :] ** 3 + (
            np.abs(off - 2.5) / (4.6 + deeper)
        ) ** 3
        values[(girdle < 1) & (y < 12)[:, :, None] & (values < value)] = value
    cage = (np.abs(x)[:, None, :] / wide[:, :, None]) ** 2.4 + (np.abs(off) / deep[:, :, None]) ** 2.4
    middle = (cage < 0.62) & (np.abs(x)[:, None, :] < 4.5) & (y > 1)[:, :, None]
    values[middle] = FAT + 60
    values[_between(anatomy.heart(body, x, y), depth)] = BLOOD
    values[_between(anatomy.dome(body, x, y), depth) & (cage < 0.9)] = LIVER
    back = anatomy.spine_and_aorta(body, x, y)
    values[_between(back, depth) & (cage < 1.05)] = MUSCLE
    return values + rng.normal(0, 2, values.shape).astype(np.float32)


def _ball(grid: _Grid, point: NDArray[np.float64], radius: float, value: float) -> None:
    box, (dy, dz, dx) = grid.near(point, radius, 0.5 * grid.between)
    dy = np.maximum(np.abs(dy) - 0.5 * grid.between, 0)
    part = grid.values[box]
    part[dy**2 + dz**2 + dx**2 < radius**2] = value


def _airways(grid: _Grid, body: Body) -> None:
    for tube in skeleton.airways(body):
        for point, radius in zip(tube.points, tube.tall, strict=True):
            _ball(grid, point, float(radius), AIR)


def _vessels(grid: _Grid, body: Body, lung: NDArray[np.bool_]) -> None:
    tree = skeleton.vessels(body)
    for start, end, radius in zip(tree.start, tree.end, tree.radius, strict=True):
        if radius < 0.05:
            continue
        for part in (0.0, 0.33, 0.67):
            box, (dy, dz, dx) = grid.near(
                start + part * (end - start), radius + grid.spacing, 0.5 * grid.between
            )
            dy = np.maximum(np.abs(dy) - 0.5 * grid.between, 0)
            filled = np.clip((radius - np.sqrt(dy**2 + dz**2 + dx**2)) / grid.spacing + 0.5, 0, 1)
            value = np.where(lung[box], LUNG + filled * (BLOOD - LUNG), -2000)
            grid.values[box] = np.maximum(grid.values[box], value)


def _nodule(
    grid: _Grid, body: Body, lung: NDArray[np.bool_], rng: np.random.Generator, radius: float
) -> tuple[NDArray[np.float64], float]:
    """Put a round, slightly lobed nodule where there is lung all about it."""
    for _ in range(4000):
        i, j, k = (int(rng.integers(n)) for n in lung.shape)
        point = np.array([grid.x0 + k * grid.spacing, grid.y0 + i * grid.between, grid.z0 + j * grid.spacing])
        box, (dy, dz, dx) = grid.near(point, 2.2 * radius)
        away = np.sqrt(dy**2 + dz**2 + dx**2)
        ball = away < 1.6 * radius
        if lung[i, j, k] and lung[box].shape == ball.shape and lung[box][ball].all():
            angle = np.arctan2(dz, dx)
            edge = radius * (1 + 0.08 * np.sin(3 * angle + 1) + 0.05 * np.sin(7 * angle))
            filled = np.clip((edge - away) / grid.spacing + 0.5, 0, 1)
            grid.values[box] = np.maximum(grid.values[box], LUNG + filled * (35 - LUNG))
            return point, radius
    raise ValueError(f"no room for a nodule of {radius} cm in the lungs of this body")


def _cut(grid: _Grid, centre: NDArray[np.float64], radius: float, index: int) -> tuple[Opacity, ...]:
    """The nodule as the disc that one slice cuts from it."""
    away = grid.y0 + index * grid.between - centre[1]
    if abs(away) >= 0.9 * radius:
        return ()
    row, column = (centre[2] - grid.z0) / grid.spacing, (centre[0] - grid.x0) / grid.spacing
    return (Opacity(float(row), float(column), float(np.sqrt(radius**2 - away**2) / grid.spacing)),)


def _bones(grid: _Grid, body: Body) -> None:
    """Ribs, clavicles and scapulae as hollow tubes, and the spine."""
    for tube in (*skeleton.ribs(body), *skeleton.shoulder_bones(body)):
        if np.abs(tube.points[0, 0]) < 16:  # the arms are raised out of the scan
            _hollow(grid, tube, body)
    for number, level in enumerate(skeleton.vertebra_levels(body)):
        tall = 0.95 * body.height
        middle = float(anatomy.spine_x(body, np.asarray(level, np.float32)))
        back = float(anatomy.spine_z(body, np.asarray(level, np.float32)))
        box, (dy, dz, dx) = grid.near(np.array([middle, level, back]), 3.6, 1.2)
        half = 1.3 + 0.05 * number
        part = grid.values[box]
        q = np.sqrt((dx / half) ** 2 + (dz / (0.8 * half)) ** 2) + 0 * dy
        part[(q < 1) & (np.abs(dy) < tall)] = 180
        part[(q < 1) & (q > 0.88) & (np.abs(dy) < tall)] = 520
        canal = np.hypot(dx, dz - 0.8 * half - 0.85) + 0 * dy
        part[(canal < 1.15) & (canal > 0.8)] = 480
        part[canal < 0.8] = 20
        part[(np.abs(dx) < 0.28) & (dz > 0.8 * half + 1.8) & (dz < 0.8 * half + 3.3) & (np.abs(dy) < 0.8)] = (
            420
        )
        part[
            (np.abs(dz - 0.8 * half - 0.7) < 0.38)
            & (np.abs(dx) > 1.0)
            & (np.abs(dx) < 3.0)
            & (np.abs(dy) < 0.6)
        ] = 380


def _hollow(grid: _Grid, tube: skeleton.Tube, body: Body) -> None:
    count = len(tube.points) * 5
    at = np.linspace(0, len(tube.points) - 1, count)
    order = np.arange(len(tube.points))
    points = np.stack([np.interp(at, order, tube.points[:, i]) for i in range(3)], 1)
    tall, thick = np.interp(at, order, tube.tall), np.interp(at, order, tube.thick)
    out = np.stack([points[:, 0], points[:, 2] - body.middle], 1)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    for shell, value in ((0.0, 750.0), (0.16, 220.0)):
        for point, high, across, normal in zip(points, tall, thick, out, strict=True):
            if across <= shell:
                continue
            box, (dy, dz, dx) = grid.near(point, float(max(high, across)), 0.5 * grid.between)
            outward = dx * normal[0] + dz * normal[1]
            along = dz * normal[0] - dx * normal[1]
            lift = np.maximum(np.abs(dy) - 0.35 * grid.between, 0)
            inside = (outward / (across - shell)) ** 2 + (lift / max(high - shell, 0.1)) ** 2 + (
                along / 0.35
            ) ** 2 < 1
            grid.values[box][inside] = value
