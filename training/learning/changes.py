"""How each film is changed before it is learned from: the numbers alone, without torch.

They are drawn by sample: from the plan's seed, the epoch and the film, and from nothing else. A film is
changed alike in whichever batch, process or order it comes, so that a resumed training repeats itself and
two processes together do what one would have done. The window draws the same numbers for its preview.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.plan import Plan

TURN_DEGREES = 10.0
SCALE, ASPECT, SHIFT = 0.12, 0.05, 0.08  # shares; a shift of 0.08 is 4% of the side
GAMMA, CONTRAST, BRIGHTNESS = 0.35, 0.25, 0.12
ERASED_SIDE = (0.10, 0.35)  # of the film's side
WINDOWS = 4  # other windows of each CT image, beside its own

_FILM = 1  # streams of random numbers, so that one choice does not move another
_NOISE, _WINDOW, _CHOICE = 2, 4, 5
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What happens to the films of a batch. Arrays of one entry a film, float32 unless said otherwise.

    Parameters
    ----------
    angle
        Radians.
    scale, aspect
        Of the part of the film that is seen; 1 changes nothing.
    right, down
        Shifts, in halves of the side.
    mirror
        -1 where left and right are exchanged, else 1.
    gamma, contrast, brightness
        Exponent of the intensity; factor about mid-grey; what is added.
    noise
        Its standard deviation, in those of the normalised film.
    noise_seed
        (B,) int64.
    erased
        (B, 4): top, left, height and width of a rectangle that is blanked, in shares of the side; height 0
        for none.
    window
        (B,) int64: 0 for the file's own window, else which of `jittered`.
    """

    angle: NDArray[np.float32]
    scale: NDArray[np.float32]
    aspect: NDArray[np.float32]
    right: NDArray[np.float32]
    down: NDArray[np.float32]
    mirror: NDArray[np.float32]
    gamma: NDArray[np.float32]
    contrast: NDArray[np.float32]
    brightness: NDArray[np.float32]
    noise: NDArray[np.float32]
    noise_seed: NDArray[np.int64]
    erased: NDArray[np.float32]
    window: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.angle)

    def affine(self) -> NDArray[np.float32]:
        """(B, 2, 3): from places (x, y) of the changed film to those of the film, both in [-1, 1] from edge
        to edge, as `torch.nn.functional.affine_grid` takes them."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        top = np.stack([cosine * self.scale * self.aspect * self.mirror, -sine * self.scale, self.right], 1)
        bottom = np.stack([sine * self.scale * self.mirror, cosine * self.scale / self.aspect, self.down], 1)
        return np.stack([top, bottom], 1).astype(np.float32)


def draw(plan: Plan, epoch: ArrayLike, samples: ArrayLike, repeats: ArrayLike = 0) -> Changes:
    """The changes of some films in an epoch.

    Parameters
    ----------
    epoch
        One, or (B,) one for each film.
    samples
        (B,) numbers of the films in the training's data.
    repeats
        (B,) how often each came before in this epoch: a film that is drawn again is changed anew.
    """
    dice = uniform(plan.seed, (_FILM, epoch), samples, repeats, 15)  # (B, 15) in [0, 1)
    strength = np.float32(plan.augmentation)

    def around_zero(column: int, reach: float) -> NDArray[np.float32]:
        return np.asarray((dice[:, column] * 2 - 1) * np.float32(reach) * strength, np.float32)

    flipped = (dice[:, 5] < 0.5) if plan.horizontal_flip else np.zeros(len(dice), bool)
    low, high = ERASED_SIDE
    sides = np.float32(low) + np.float32(high - low) * dice[:, 10:12]  # height, width
    erased = np.concatenate([dice[:, 12:14] * (1 - sides), sides], 1)
    erased[dice[:, 14] >= plan.erase] = 0
    return Changes(
        angle=around_zero(0, math.radians(TURN_DEGREES)),
        scale=1 + around_zero(1, SCALE),
        aspect=1 + around_zero(2, ASPECT),
        right=around_zero(3, SHIFT),
        down=around_zero(4, SHIFT),
        mirror=np.where(flipped, -1, 1).astype(np.float32),
        gamma=np.exp(around_zero(6, GAMMA)),
        contrast=1 + around_zero(7, CONTRAST),
        brightness=around_zero(8, BRIGHTNESS),
        noise=np.float32(plan.noise) * dice[:, 9],
        noise_seed=(_hashed(plan.seed, (_NOISE, epoch), samples, repeats) >> np.uint64(1)).astype(np.int64),
        erased=erased.astype(np.float32),
        window=_windows(plan, epoch, samples, repeats, len(dice)),
    )


def jittered(plan: Plan, sample: int, center: float, width: float) -> list[tuple[float, float]]:
    """Centre and width of a CT image's other windows: as far from its own as another reader's might be.

    Up to `plan.window_jitter` of the width to either side, and that much narrower or wider.
    """
    dice = uniform(plan.seed, (_WINDOW,), sample, np.arange(WINDOWS), 2) * 2 - 1
    shifts = (dice * np.float32(plan.window_jitter)).tolist()
    return [(center + shift * width, width * (1 + wider)) for shift, wider in shifts]


def _windows(
    plan: Plan, epoch: ArrayLike, samples: ArrayLike, repeats: ArrayLike, count: int
) -> NDArray[np.int64]:
    if plan.window_jitter == 0:
        return np.zeros(count, np.int64)
    dice = uniform(plan.seed, (_CHOICE, epoch), samples, repeats, 1)[:, 0]
    return (dice * (WINDOWS + 1)).astype(np.int64)


def uniform(
    seed: int, stream: tuple[ArrayLike, ...], samples: ArrayLike, repeats: ArrayLike, count: int
) -> NDArray[np.float32]:
    """(B, count) float32 in [0, 1): each a hash of all that names it, the same on every machine."""
    keys = _hashed(seed, stream, samples, repeats)
    places = np.arange(1, count + 1, dtype=np.uint64)
    bits = _finalised(keys[:, None] + places[None] * _ODD)
    return (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def _hashed(
    seed: int, stream: tuple[ArrayLike, ...], samples: ArrayLike, repeats: ArrayLike
) -> NDArray[np.uint64]:
    """(B,): seed, stream, film and repeat put into 64 bits, one after the other."""
    key = np.zeros(1, np.uint64)
    for word in (seed, *stream, samples, repeats):
        key = _finalised((key ^ np.atleast_1d(np.asarray(word, np.uint64))) + _ODD)
    return key


def _finalised(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser (Steele, Lea and Flood 2014): every bit of x moves every bit of the result."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), np.uint64)
