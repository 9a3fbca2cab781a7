"""The radiograph of a phantom: path lengths, attenuation, scatter, noise, and the film's response.

A ray's attenuation is the sum of path length times attenuation coefficient over everything it crosses.
The beam's divergence enters as the magnification of each organ at its distance from the detector.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studies import phantom_skeleton as skeleton
from studies.phantom_anatomy import Body, FloatArray

# Linear attenuation per cm at the effective energy of a 110 kV beam behind a patient.
SOFT, BONE = 0.2, 0.62


@dataclass(frozen=True, slots=True)
class Opacity:
    """A planted opacity in stored-pixel space: centre of its middle pixel, 0 is the first pixel's centre.

    `radius_px` is the radius of a circle of the same area, at half of the opacity's peak.
    """

    row: float
    column: float
    radius_px: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a film was taken. Lengths in cm at the detector, angles in radians."""

    rows: int
    columns: int
    spacing: float  # cm between pixel centres
    view: str  # PA or AP
    source_distance: float
    x: float  # what stands at the film's centre
    y: float
    tilt: float  # of the patient in the frontal plane
    rotation: float  # of the patient about the long axis
    dose: float  # 1 is ordinary
    scatter: float
    contrast: float
    latitude: float  # how far large-scale differences are compressed, 0 to 1
    collimation: tuple[float, float, float, float]  # unexposed borders in cm: top, bottom, left, right
    marker: str  # R or L
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A finished radiograph: grey values in [0, 1] (1 is white) with its truth, both (H, W)."""

    grey: FloatArray
    lungs: NDArray[np.bool_]
    opacities: tuple[Opacity, ...]


def draw_exposure(rng: np.random.Generator, rows: int) -> Exposure:
    """Draw the conditions of one film."""
    u = rng.uniform
    ap = rng.random() < 0.3
    tall, wide = ((43.0, 36.0), (40.0, 40.0), (36.0, 42.0))[int(rng.choice(3, p=[0.4, 0.35, 0.25]))]
    zoom = u(0.94, 1.02)
    edge = u(0.15, 1.6, 4) * (rng.random(4) < 0.25)
    return Exposure(
        rows=rows,
        columns=round(rows * wide / tall / 4) * 4,
        spacing=tall * zoom / rows,
        view="AP" if ap else "PA",
        source_distance=u(100, 120) if ap else u(178, 186),
        x=u(-0.9, 0.9),
        y=(tall * zoom - 40) * 0.3 + u(12.6, 15.0),
        tilt=np.radians(rng.normal(0, 1.3)),
        rotation=np.radians(rng.normal(0, 1.6)),
        dose=float(np.exp(rng.normal(0, 0.35))),
        scatter=u(0.16, 0.3) if not ap else u(0.25, 0.45),
        contrast=u(0.88, 1.15),
        latitude=u(0.35, 0.6),
        collimation=(float(edge[0]), float(edge[1]), float(edge[2]), float(edge[3])),
        marker="R" if rng.random() < 0.45 else "L",
        seed=int(rng.integers(2**31)),
    )


class View:
    """Where the body's points fall on the detector, and the body's coordinates behind each pixel."""

    def __init__(self, body: Body, exposure: Exposure) -> None:
        self.exposure = exposure
        self._middle = body.middle
        back = 2 * body.middle + 1.5
        # PA: the detector touches the chest (z = 0); AP: it lies behind the back.
        self._detector = -1.5 if exposure.view == "PA" else back
        rows = (np.arange(exposure.rows, dtype=np.float32) - (exposure.rows - 1) / 2) * exposure.spacing
        columns = (
            np.arange(exposure.columns, dtype=np.float32) - (exposure.columns - 1) / 2
        ) * exposure.spacing
        c, s = float(np.cos(exposure.tilt)), float(np.sin(exposure.tilt))
        self._x = columns[None, :] * c + rows[:, None] * s
        self._y = rows[:, None] * c - columns[None, :] * s
        self._turn = (c, s)

    @property
    def shape(self) -> tuple[int, int]:
        return self.exposure.rows, self.exposure.columns

    def magnification(self, z: float) -> float:
        return self.exposure.source_distance / (self.exposure.source_distance - abs(z - self._detector))

    def at(self, z: float) -> tuple[FloatArray, FloatArray]:
        """x and y in the body, at depth z, behind every pixel; both (H, W)."""
        m = self.magnification(z)
        shift = self.exposure.rotation * (z - self._middle)
        x = self._x / m + np.float32(self.exposure.x - shift)
        y = self._y / m + np.float32(self.exposure.y)
        return np.asarray(x, np.float32), np.asarray(y, np.float32)

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns and rows (N, 2) in pixels of points (N, 3) in cm."""
        e = self.exposure
        m = e.source_distance / (e.source_distance - np.abs(points[:, 2] - self._detector))
        x = (points[:, 0] + e.rotation * (points[:, 2] - self._middle) - e.x) * m
        y = (points[:, 1] - e.y) * m
        c, s = self._turn
        columns = (c * x - s * y) / e.spacing + (e.columns - 1) / 2
        rows = (s * x + c * y) / e.spacing + (e.rows - 1) / 2
        return np.stack([columns, rows], 1)


def draw_tube(target: FloatArray, tube: skeleton.Tube, view: View) -> None:
    """Add a tube's path length in shell-equivalent cm to `target` (H, W)."""
    flat = view.project(tube.points)
    scale = view.magnification(float(tube.points[:, 2].mean())) / view.exposure.spacing
    step = np.gradient(tube.points, axis=0)
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    across = np.hypot(step[:, 0], step[:, 1])  # 1 where the tube runs across the ray, 0 along it
    direction = np.gradient(flat, axis=0)
    level = np.abs(direction[:, 0]) / np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-6)
    side = np.hypot(tube.tall * level, tube.thick * np.sqrt(1 - level**2)) * scale  # px, seen from the front
    deep = np.hypot(tube.thick * level, tube.tall * np.sqrt(1 - level**2))  # cm, along the ray
    path = 1 / np.sqrt(across**2 + 0.09)  # a tube seen end on is not endless
    margin = float(side.max()) + 2
    low = np.floor(flat.min(0) - margin).astype(int)
    high = np.ceil(flat.max(0) + margin).astype(int) + 1
    left, top = max(low[0], 0), max(low[1], 0)
    right, bottom = min(high[0], target.shape[1]), min(high[1], target.shape[0])
    if right <= left or bottom <= top:
        return
    nearest = np.full((bottom - top, right - left), np.inf, np.float32)
    where = np.zeros_like(nearest)
    for i in range(len(flat) - 1):
        _nearest_on_segment(nearest, where, flat[i] - (left, top), flat[i + 1] - (left, top), i, margin)
    rows, columns = np.nonzero(nearest < margin**2)
    distance = np.sqrt(nearest[rows, columns])
    at = where[rows, columns]
    order = np.arange(len(flat))
    width, depth, slant = (np.interp(at, order, v) for v in (side, deep, path))
    shell = tube.cortex * scale
    outer = np.sqrt(np.maximum(1 - (distance / np.maximum(width, 0.3)) ** 2, 0)) * depth
    core = np.maximum(width - shell, 0.1)
    inner = np.sqrt(np.maximum(1 - (distance / core) ** 2, 0)) * np.maximum(depth - tube.cortex, 0)
    chord = 2 * slant * (outer - (1 - tube.marrow) * inner) if tube.cortex else 2 * slant * outer
    target[top + rows, left + columns] += chord.astype(np.float32)


def _nearest_on_segment(
    nearest: FloatArray,
    where: FloatArray,
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    index: int,
    margin: float,
) -> None:
    """Lower the squared distances around one segment, and keep where on the curve the nearest point is."""
    left, top = np.maximum(np.floor(np.minimum(a, b) - margin).astype(int), 0)
    right, bottom = np.ceil(np.maximum(a, b) + margin).astype(int) + 1
    box = nearest[top:bottom, left:right]
    if box.size == 0:
        return
    x = np.arange(left, left + box.shape[1], dtype=np.float32)[None, :] - np.float32(a[0])
    y = np.arange(top, top + box.shape[0], dtype=np.float32)[:, None] - np.float32(a[1])
    dx, dy = (float(v) for v in b - a)
    part = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
    squared = (x - part * dx) ** 2 + (y - part * dy) ** 2
    closer = squared < box
    box[closer] = squared[closer]
    where[top:bottom, left:right][closer] = part[closer] + index


def blur(image: FloatArray, sigma_px: float) -> FloatArray:
    """Gaussian blur; a wide one is computed on a smaller copy."""
    if sigma_px <= 0.05:
        return image
    factor = int(sigma_px // 4)
    if factor < 2:
        return np.asarray(
            cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT), np.float32
        )
    size = max(image.shape[1] // factor, 1), max(image.shape[0] // factor, 1)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / factor, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def texture(rng: np.random.Generator, shape: tuple[int, int], scale_px: float) -> FloatArray:
    """Smooth noise of unit deviation whose detail has the size `scale_px`."""
    small = tuple(int(np.ceil(n / max(scale_px, 1))) + 3 for n in shape)
    noise = rng.standard_normal(small, dtype=np.float32)
    size = int(small[1] * max(scale_px, 1)) + 1, int(small[0] * max(scale_px, 1)) + 1
    full = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)[: shape[0], : shape[1]]
    return np.asarray(full / max(float(full.std()), 1e-6), np.float32)


def develop(
    attenuation: FloatArray, lead: FloatArray, exposure: Exposure, rng: np.random.Generator
) -> FloatArray:
    """From attenuation to grey in [0, 1]: exposure, scatter, quantum noise, characteristic curve.

    `attenuation` is the body's, `lead` that of what lies on the detector; both (H, W).
    """
    spacing = exposure.spacing
    primary = np.exp(-attenuation)
    source = primary * np.clip(attenuation, 0, 1)  # air scatters nothing
    scatter = blur(source, 3.2 / spacing)
    scattered = exposure.scatter * (0.6 * scatter + 0.4 * blur(source, 7.0 / spacing))
    signal = (blur(primary, 0.014 / spacing) + scattered) * np.exp(-lead) + 2e-4
    grain = rng.standard_normal(signal.shape, dtype=np.float32)
    grain = blur(grain, 0.55) * np.float32(1.6)
    quanta = 5e7 * exposure.dose * spacing**2
    signal = signal * (1 + grain / np.sqrt(np.maximum(signal * quanta, 1)))
    density = -np.log(np.maximum(signal, 1e-5))
    return respond(density.astype(np.float32), exposure)


def respond(density: FloatArray, exposure: Exposure) -> FloatArray:
    """The detector's processing: compressed large differences, sharpened detail, an S-shaped curve."""
    spacing = exposure.spacing
    body = density > 0.9
    inside = density[body] if body.sum() > 100 else density.ravel()
    broad = blur(np.minimum(density, np.float32(np.percentile(inside, 99.5))), 2.6 / spacing)
    level = float(np.median(inside))
    even = density - exposure.latitude * (broad - level)
    even = even + 0.35 * (even - blur(even, 0.35 / spacing))
    low, high = np.percentile(even[body] if body.sum() > 100 else even, (8, 90))
    middle = low + 0.52 * (high - low)
    steep = exposure.contrast * 3.6 / (high - low)
    return np.asarray(1 / (1 + np.exp(-steep * (even - middle))), np.float32)
