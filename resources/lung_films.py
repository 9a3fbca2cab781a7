"""Films that a lung network learns from: changed as other tubes, bodies, diseases and hospitals would change
them, phantoms whose lungs are known, and pictures that have no lungs at all.

Everything is drawn from the generator that is given. Films are (H, W) float32 in [0, 1], lungs too.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]
STORED_SIDE = 224  # films are kept a little finer than the network sees them, for turning and scaling


def changed(film: Grey, lungs: Grey, side: int, rng: np.random.Generator) -> tuple[Grey, Grey]:
    """A film and its lungs as the network is to learn them, (side, side) each."""
    strength = 0.35 if rng.random() < 0.3 else 1.0  # films as they mostly are must not become rare
    if rng.random() < 0.25:
        film = _with_gas(film, lungs, rng)
    if rng.random() < 0.45 * strength:
        film = _with_opacity(film, lungs, rng)
    film, lungs = _moved(film, lungs, side, strength, rng)
    film = _exposed(film, strength, rng)
    if rng.random() < strength:
        film = _with_things(film, rng)
    if rng.random() < 0.3 * strength:
        film, lungs = _collimated(film, lungs, rng)
    return _captured(film, strength, rng), lungs


def _smooth(cells: int, shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """A smooth random field of unit variance at its knots."""
    knots = rng.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(knots, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _with_opacity(film: Grey, lungs: Grey, rng: np.random.Generator) -> Grey:
    """Consolidation, effusion or haze painted into one lung or both, so that white lungs are lungs too."""
    count, labels, _, _ = cv2.connectedComponentsWithStats((lungs > 0.5).astype(np.uint8))
    if count < 2:
        return film
    where = lungs
    if rng.random() < 0.7:
        where = lungs * (labels == rng.integers(1, count))
    kind = rng.random()
    if kind >= 0.5 and rng.random() < 0.6:  # over the lung's border too, which can then only be guessed
        reach = 2 * int(rng.integers(1, 10)) + 1
        where = cv2.dilate(where, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    where = cv2.GaussianBlur(where, (0, 0), float(rng.uniform(0.7, 6.0)))
    rows = np.flatnonzero((where > 0.5).any(axis=1))
    if len(rows) < 8:
        return film
    if kind < 0.5:  # patches
        field = _smooth(int(rng.integers(3, 10)), film.shape, rng) - rng.uniform(-0.8, 0.8)
        field = 1.0 / (1.0 + np.exp(-field * rng.uniform(2.0, 10.0)))
    elif kind < 0.75:  # from below, with a meniscus
        surface = rows[0] + rng.uniform(0.05, 0.9) * np.ptp(rows) + 12.0 * _smooth(3, film.shape, rng)[:1]
        field = 1.0 / (1.0 + np.exp(-(np.arange(film.shape[0])[:, None] - surface) / rng.uniform(2.0, 14.0)))
    else:  # all of it
        field = np.ones(film.shape)
    body = film[film > 0.05]
    white = float(np.percentile(body, rng.uniform(58, 97))) if body.size else 0.7
    texture = 0.04 * _smooth(int(rng.integers(8, 40)), film.shape, rng)
    alpha = where * field.astype(np.float32) * rng.uniform(0.25 if kind < 0.5 else 0.45, 1.0)
    return np.clip(film * (1 - alpha) + (white + texture) * alpha, 0, 1).astype(np.float32)


def _with_gas(film: Grey, lungs: Grey, rng: np.random.Generator) -> Grey:
    """Stomach or bowel gas under the diaphragm: as dark as lung, and none."""
    columns = np.flatnonzero((lungs > 0.5).any(axis=0))
    if len(columns) < 8:
        return film
    gas = np.zeros(film.shape, np.uint8)
    for _ in range(rng.integers(1, 4)):
        column = int(rng.choice(columns))
        base = int(np.flatnonzero(lungs[:, column] > 0.5)[-1])
        high, wide = (rng.uniform(0.02, 0.11, 2) * film.shape[0]).astype(int) + 1
        centre = (column, base + high + int(rng.integers(1, 14)))
        cv2.ellipse(gas, centre, (int(wide), int(high)), float(rng.normal(0, 20)), 0, 360, 255, -1)
    alpha = cv2.GaussianBlur(gas.astype(np.float32) / 255, (0, 0), float(rng.uniform(0.7, 4.0)))
    alpha = alpha * (1 - cv2.GaussianBlur(lungs, (0, 0), 1.5)) * rng.uniform(0.3, 0.95)
    dark = float(np.percentile(film[lungs > 0.5], rng.uniform(2, 60)))
    return np.asarray(film * (1 - alpha) + dark * alpha, np.float32)


def _moved(
    film: Grey, lungs: Grey, side: int, strength: float, rng: np.random.Generator
) -> tuple[Grey, Grey]:
    """Turned, scaled, sheared, shifted, bent, mirrored: one map for both."""
    angle = np.radians(rng.normal(0, 8) if rng.random() < 0.85 else rng.uniform(-30, 30)) * strength
    scale = np.exp(rng.uniform(-0.40, 0.40) * strength)  # above 1: the film becomes smaller in its frame
    aspect = np.exp(rng.uniform(-0.22, 0.22) * strength)
    shear = rng.normal(0, 0.06) * strength
    mirror = rng.choice([-1.0, 1.0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.array([[scale * aspect * mirror, shear], [0.0, scale / aspect]])
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    x, y = np.meshgrid(axis, axis)
    places = (turn @ stretch @ np.stack([x.ravel(), y.ravel()])).reshape(2, side, side)
    places += rng.uniform(-0.13, 0.13, (2, 1, 1)) * strength
    bend = 0.022 * rng.random() * strength
    for k in (0, 1):
        places[k] += bend * _smooth(int(rng.integers(3, 7)), (side, side), rng)
    source = film.shape[0]
    at = ((places + 0.5) * source - 0.5).astype(np.float32)
    beyond = cv2.BORDER_REPLICATE if rng.random() < 0.15 else cv2.BORDER_CONSTANT
    grey = 0.0 if rng.random() < 0.8 else float(rng.random())
    if scale > 1.15:  # what is made smaller is blurred first
        film = cv2.GaussianBlur(film, (0, 0), 0.5 * scale)
    film = cv2.remap(film, at[0], at[1], cv2.INTER_LINEAR, borderMode=beyond, borderValue=grey)
    lungs = cv2.remap(lungs, at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return film, lungs


def _exposed(film: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Another tube, detector and window."""
    film = np.clip(film, 1e-4, 1.0) ** np.float32(np.exp(np.clip(rng.normal(0, 0.45), -1.1, 1.1) * strength))
    if rng.random() < 0.4 * strength:  # the field is not even
        film = film * np.exp(rng.uniform(0.05, 0.4) * _smooth(3, film.shape, rng))
    if rng.random() < 0.15 * strength:
        tiles = int(rng.integers(3, 10))
        equaliser = cv2.createCLAHE(float(rng.uniform(1.0, 5.0)), (tiles, tiles))
        film = equaliser.apply(np.rint(np.clip(film, 0, 1) * 255).astype(np.uint8)).astype(np.float32) / 255
    contrast, brightness = np.exp(rng.normal(0, 0.35) * strength), rng.normal(0, 0.12) * strength
    return np.clip((film - 0.5) * contrast + 0.5 + brightness, 0, 1).astype(np.float32)


def _with_things(film: Grey, rng: np.random.Generator) -> Grey:
    """Letters, wires, electrodes, devices, and boxes that hide what is behind them."""
    side = film.shape[0]
    scale = side / 192  # letters are not larger on coarse films
    if rng.random() < 0.35:
        for _ in range(rng.integers(1, 5)):
            word = "".join(rng.choice(list("ABDLRPSITNGEC0123456789 "), rng.integers(1, 9)))
            size = float(rng.uniform(0.25, 1.1)) * scale
            where = (int(rng.integers(0, side)), int(rng.integers(5, side)))
            grey = float(rng.choice([1.0, 0.9, 0.0]))
            laid = np.zeros(film.shape, np.uint8)
            cv2.putText(laid, word, where, int(rng.integers(0, 4)), size, 255, int(rng.integers(1, 3)))
            film = np.where(laid > 0, np.float32(grey), film)
    if rng.random() < 0.35:
        for _ in range(rng.integers(1, 5)):
            knots = rng.uniform(-0.1, 1.1, (4, 2)) * side
            t = np.linspace(0, 1, 40)[:, None]
            line = (1 - t) ** 3 * knots[0] + 3 * t * (1 - t) ** 2 * knots[1]
            line = line + 3 * t**2 * (1 - t) * knots[2] + t**3 * knots[3]
            laid = np.zeros(film.shape, np.uint8)
            cv2.polylines(laid, [line.astype(np.int32)], False, 255, int(rng.integers(1, 4)), cv2.LINE_AA)
            film = np.clip(film + laid.astype(np.float32) * rng.uniform(0.0004, 0.0024), 0, 1)
    film = np.ascontiguousarray(film, np.float32)
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.15 else 0):
        where = (int(rng.integers(0, side)), int(rng.integers(0, side)))
        cv2.circle(film, where, round(scale * rng.integers(2, 9)), float(rng.uniform(0.4, 1.0)), -1)
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.25 else 0):
        high, wide = (rng.uniform(0.04, 0.28, 2) * side).astype(int)
        top, left = int(rng.integers(0, side - high)), int(rng.integers(0, side - wide))
        patch = film[top : top + high, left : left + wide]
        solid = rng.uniform(0.5, 1.0)
        film[top : top + high, left : left + wide] = patch * (1 - solid) + rng.random() * solid
    return film


def _collimated(film: Grey, lungs: Grey, rng: np.random.Generator) -> tuple[Grey, Grey]:
    """Bars at the edges: what they hide is not on the film."""
    film, lungs = film.copy(), lungs.copy()
    side, grey = film.shape[0], 0.0 if rng.random() < 0.7 else float(rng.random())
    for edge in range(4):
        if rng.random() < 0.5:
            wide = int(rng.uniform(0.01, 0.16) * side)
            bar = [slice(None), slice(None)]
            bar[edge // 2] = slice(0, wide) if edge % 2 == 0 else slice(side - wide, side)
            film[bar[0], bar[1]], lungs[bar[0], bar[1]] = grey, 0.0
    return film, lungs


def _captured(film: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Blurred, sharpened, coarse or noisy."""
    side = film.shape[0]
    kind, scale = rng.random() / strength, side / 192
    if kind < 0.2:
        film = cv2.GaussianBlur(film, (0, 0), float(rng.uniform(0.4, 2.2)) * scale)
    elif kind < 0.35:
        film = film + rng.uniform(0.3, 2.0) * (
            film - cv2.GaussianBlur(film, (0, 0), float(rng.uniform(1, 4)))
        )
    elif kind < 0.45:
        small = int(rng.integers(48, 128) * scale)
        film = cv2.resize(film, (small, small), interpolation=cv2.INTER_AREA)
        film = cv2.resize(film, (side, side), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5 * strength:
        film = film + rng.uniform(0, 0.08) * rng.standard_normal(film.shape)
    return np.clip(film, 0, 1).astype(np.float32)


def without_lungs(side: int, films: list[Grey], cuts: list[Grey], rng: np.random.Generator) -> Grey:
    """A picture with nothing to find: noise, shapes, limbs, a CT slice of a phantom, a film in pieces."""
    kind = rng.random()
    if kind < 0.12:
        cells = int(rng.integers(2, side))
        film = _smooth(cells, (side, side), rng) * rng.uniform(0.05, 0.5) + rng.random()
    elif kind < 0.3:
        film = _shapes(side, rng)
    elif kind < 0.48:
        film = _limbs(side, rng)
    elif kind < 0.65:
        film = _pieces(films[rng.integers(len(films))], side, rng)
    elif kind < 0.93:
        film = _cut(cuts[rng.integers(len(cuts))], side, rng)
    else:
        film = np.full((side, side), rng.random()) + rng.uniform(0, 0.4) * (np.arange(side) / side)
    return _captured(_with_things(_exposed(np.clip(film, 0, 1).astype(np.float32), 1.0, rng), rng), 1.0, rng)


def _shapes(side: int, rng: np.random.Generator) -> Grey:
    film = np.full((side, side), float(rng.random()) * 0.5, np.float32)
    for _ in range(rng.integers(1, 14)):
        centre = tuple(int(v) for v in rng.uniform(0, side, 2))
        axes = tuple(int(v) for v in rng.uniform(0.02, 0.45, 2) * side)
        cv2.ellipse(film, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.random()), -1)
    return np.asarray(cv2.GaussianBlur(film, (0, 0), float(rng.uniform(0.5, 6.0))), np.float32)


def _limbs(side: int, rng: np.random.Generator) -> Grey:
    """One or two legs or arms: soft tissue with bright bone in it, on black, at any angle."""
    film = np.zeros((side, side), np.float32)
    across = np.arange(side, dtype=np.float32)[None] / side
    down = np.arange(side, dtype=np.float32)[:, None] / side
    count = int(rng.integers(1, 3))
    for n in range(count):
        middle = (n + 0.5) / count + rng.normal(0, 0.04) + rng.normal(0, 0.06) * (down - 0.5)
        flesh = (
            rng.uniform(0.15, 0.42) / count * (1 + rng.normal(0, 0.25) * np.sin(3 * down + rng.random() * 6))
        )
        bone = flesh * rng.uniform(0.25, 0.5) * (1 + 0.5 * np.exp(-(((down - 0.5) / 0.1) ** 2)))
        gap = 1 - 0.8 * np.exp(-(((down - 0.5) / 0.012) ** 2)) * (rng.random() < 0.7)
        distance = np.abs(across - middle)
        film += rng.uniform(0.2, 0.45) * np.sqrt(np.clip(1 - (distance / flesh) ** 2, 0, 1))
        film += rng.uniform(0.2, 0.6) * gap * np.sqrt(np.clip(1 - (distance / bone) ** 2, 0, 1))
    angle = float(rng.choice([0, 90])) + rng.normal(0, 12)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), angle, float(rng.uniform(0.9, 1.4)))
    return np.asarray(
        cv2.warpAffine(film + 0.02 * _smooth(40, film.shape, rng), turn, (side, side)), np.float32
    )


def _pieces(film: Grey, side: int, rng: np.random.Generator) -> Grey:
    """A film cut into tiles that are laid in another order."""
    film = cv2.resize(film, (side, side), interpolation=cv2.INTER_AREA)
    count = int(rng.integers(4, 7))
    size = side // count
    tiles = [
        film[r * size : (r + 1) * size, c * size : (c + 1) * size] for r in range(count) for c in range(count)
    ]
    order = rng.permutation(len(tiles))
    laid = np.zeros((side, side), np.float32)
    for place, n in enumerate(order):
        row, column = divmod(place, count)
        tile = np.rot90(tiles[n], int(rng.integers(0, 4)))
        laid[row * size : (row + 1) * size, column * size : (column + 1) * size] = tile
    return laid


def _cut(slice_: Grey, side: int, rng: np.random.Generator) -> Grey:
    """A CT slice or a part of it, in some window, either way up."""
    size = slice_.shape[0]
    part = int(size * rng.uniform(0.35, 1.0))
    top, left = (int(v) for v in rng.integers(0, size - part + 1, 2))
    film = np.rot90(slice_[top : top + part, left : left + part], int(rng.integers(0, 2)) * 2)
    low = rng.uniform(0.0, 0.6)
    film = np.clip((film - low) / rng.uniform(0.2, 1.0 - low), 0, 1)
    film, _ = _moved(film.astype(np.float32), np.zeros((part, part), np.float32), side, 0.5, rng)
    return film


def phantoms(count: int, seed: int, rows: int = 320) -> list[tuple[Grey, Grey]]:
    """Chest phantoms of this project and their lungs, on squares."""
    from studies.phantom import chest

    made = []
    for patient in range(count):
        film, _, _ = chest(seed, patient, 0, patient % 4, rows)
        made.append((_square(film.grey), _square(film.lungs.astype(np.float32))))
    return made


def slices(count: int, seed: int) -> list[Grey]:
    """CT slices of phantoms: they have lungs, and are not what this network is for."""
    from studies.phantom import ct

    found: list[Grey] = []
    for patient in range(count):
        stack = ct(seed, patient, slices=8, side=160)
        for values in stack.values_hu:
            grey = np.clip((np.asarray(values, np.float32) + 1100) / 1600, 0, 1)
            found.append(_square(grey))
    return found


def _square(grey: Grey) -> Grey:
    how = cv2.INTER_AREA if min(grey.shape) >= STORED_SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (STORED_SIDE, STORED_SIDE), interpolation=how), np.float32)
