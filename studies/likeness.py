"""Whether two files show the same film: a perceptual hash of what is displayed, and fast search among many.

The same radiograph comes as DICOM and as a picture, re-encoded, scaled, windowed, with a border cut off or
letters added. Such copies must not be told apart, and films of two patients must be. The hash is the
signs of the 255 lowest frequencies of the film (a discrete cosine transform of its 64 by 64 reduction,
as pHash does with 64 of them). The reduction is half grey values and half their ranks: the first bear it
where a window cuts off an end of the grey scale, the second where it bends it. How well the two are kept
apart, and why the threshold is what it is, stands in docs/benchmarks.md (benchmarks/likeness.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from studies.display import network_intensities
from studies.image import Image

SIDE, FREQUENCIES = 64, 16
BITS = FREQUENCIES * FREQUENCIES - 1  # the lowest of all is the mean, which tells brightness and nothing else
SIZE = FREQUENCIES * FREQUENCIES // 8  # bytes
MOST_DIFFERENT = 36
"""Up to how many bits two hashes of the same film differ."""
VERSION = 1
"""To be raised with every change of what `likeness` gives."""

_ENOUGH = 512  # pixels along the shorter side
_LEAST_CONTRAST = 0.02
_MOST_EMPTY = 0.6


def likeness(image: Image) -> bytes | None:
    """The hash of a decoded frame, 32 bytes; None where there is too little on it to tell films apart."""
    return likeness_of(network_intensities(image))


def likeness_of(intensities: NDArray[np.float32]) -> bytes | None:
    """The hash of a frame.

    Parameters
    ----------
    intensities
        float32 (H, W) in [0, 1], as `studies.display.network_intensities` gives them.
    """
    step = max(1, min(intensities.shape) // _ENOUGH)  # of a large film every few pixels tell as much
    thin = np.ascontiguousarray(intensities[::step, ::step])
    small = cv2.resize(thin, (SIDE, SIDE), interpolation=cv2.INTER_AREA)  # (64, 64)
    low, high = float(small.min()), float(small.max())
    if not high - low >= _LEAST_CONTRAST:
        return None
    greys = (small - low) / (high - low)
    levels = (greys * 255.0).round().astype(np.uint8)
    counts = np.bincount(levels.ravel(), minlength=256)
    if counts.max() > _MOST_EMPTY * levels.size:  # a page of text, an empty frame
        return None
    ranks = (np.cumsum(counts) - counts / 2) / levels.size  # (256,) equal greys share a rank
    mixed = (greys + ranks[levels].astype(np.float32)) / 2
    waves = cv2.dct(np.ascontiguousarray(mixed, np.float32))[:FREQUENCIES, :FREQUENCIES]
    signs = waves > 0
    signs[0, 0] = False
    return np.packbits(signs.ravel()).tobytes()


def _mask(flips: NDArray[np.bool_]) -> bytes:
    flips[0, 0] = False
    return np.packbits(flips.ravel()).tobytes()


_COLUMNS = np.broadcast_to(np.arange(FREQUENCIES) % 2 == 1, (FREQUENCIES, FREQUENCIES))
MIRRORED = _mask(_COLUMNS.copy())
"""The bits by which a film and its mirror image differ: of frequencies that are odd from left to right."""


class Likenesses:
    """Hashes of many films, and which of them show the same film as another one.

    The whole table is gone through: for 100,000 films that is 3 MB and a few milliseconds, and less than to
    look a hash up in parts, of which every chest film has some in common with every other.
    """

    def __init__(self) -> None:
        self._words = np.empty((SIZE // 8, 1024), np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, hashes: Sequence[bytes]) -> None:
        """Add hashes; each is known by its place from now on."""
        needed = self._count + len(hashes)
        if needed > self._words.shape[1]:
            grown = np.empty((SIZE // 8, max(needed, 2 * self._words.shape[1])), np.uint64)
            grown[:, : self._count] = self._words[:, : self._count]
            self._words = grown
        added = np.frombuffer(b"".join(hashes), np.uint64).reshape(-1, SIZE // 8)
        self._words[:, self._count : needed] = added.T
        self._count = needed

    def like(self, wanted: bytes, at_most: int = MOST_DIFFERENT) -> list[tuple[int, int]]:
        """(place, bits that differ) of all that show the same film, the nearest first.

        Mirror images and negatives count as the same; of the ways to lay one film on the other the bits
        are those of the most alike.
        """
        asked = np.frombuffer(wanted, np.uint64)
        mirrored = asked ^ np.frombuffer(MIRRORED, np.uint64)
        nearest = np.minimum(self._differing(asked), self._differing(mirrored))
        places = np.flatnonzero(nearest <= at_most)
        places = places[np.argsort(nearest[places], kind="stable")]
        return [(int(place), int(nearest[place])) for place in places]

    def _differing(self, asked: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """(n,) bits by which every film differs from one, or its negative does where that is less."""
        differing = np.zeros(self._count, np.uint16)
        for word, column in zip(asked, self._words, strict=True):
            differing += np.bitwise_count(column[: self._count] ^ word)
        negative: NDArray[np.uint16] = np.uint16(BITS) - differing  # which has every bit the other way
        return np.minimum(differing, negative, out=differing)


def difference(one: bytes, other: bytes) -> int:
    """Bits by which two hashes differ, for the most alike way to lay the one film on the other."""
    both = Likenesses()
    both.add([other])
    return both.like(one, BITS)[0][1]
