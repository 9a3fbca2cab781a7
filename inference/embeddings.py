"""Embeddings of many frames in one matrix, in memory: all of them are scored, searched or fitted at once.

The cache on disk (`inference.features`) has one small file a frame. Whoever asks again and again, as where a
head is re-fitted after each correction, reads each of them once and keeps it here. Needs numpy only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

FrameKey = tuple[str, int]
"""SOPInstanceUID, and the frame from 1."""

LIMIT_BYTES = 512 * 1024 * 1024
"""A quarter of a million frames of 512 numbers each."""

_FIRST_ROWS = 1024
_HELD = np.iinfo(np.int64).max


class EmbeddingTable:
    """A matrix with a row a frame, which grows and is bounded.

    A frame keeps its row for good, unless the table is full: then a new frame takes the row of the one that
    was put there the longest time ago and is not held (`hold`). Where all are held, new ones are left out.

    Parameters
    ----------
    limit_bytes
        What the matrix may take.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._matrix = np.zeros((0, 0), np.float32)  # (rows there is room for, D)
        self._keys: list[FrameKey] = []  # by row
        self._row_of: dict[FrameKey, int] = {}
        self._put_at = np.zeros(0, np.int64)  # by row: when, in puts; `_HELD` where it stays
        self._puts = 0

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._row_of

    @property
    def keys(self) -> Sequence[FrameKey]:
        """The frame of each row; not to be changed."""
        return self._keys

    @property
    def matrix(self) -> NDArray[np.float32]:
        """(N, D) float32: a view that is valid until the next `put`; not to be changed."""
        return self._matrix[: len(self._keys)]

    @property
    def width(self) -> int:
        """D; 0 as long as the table is empty."""
        return self._matrix.shape[1]

    @property
    def most(self) -> int:
        """How many rows there may be; 0 as long as the width is not known."""
        return self._limit_bytes // (4 * self.width) if self.width else 0

    def row_of(self, key: FrameKey) -> int | None:
        return self._row_of.get(key)

    def rows(self, keys: Iterable[FrameKey]) -> NDArray[np.intp]:
        """The row of each of some frames; -1 for one that is not here."""
        return np.fromiter((self._row_of.get(key, -1) for key in keys), np.intp)

    def put(self, key: FrameKey, embedding: NDArray[np.floating]) -> int | None:
        """Keep a (D,) embedding in the place of an earlier one of the frame; the row it is in.

        None where it is left out: it is not finite, not as wide as the others, or every row is held.
        """
        vector = np.asarray(embedding, np.float32)
        if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
            return None
        if not self.width:
            self._matrix = np.zeros((0, len(vector)), np.float32)
        if len(vector) != self.width:
            return None
        row = self._row_of.get(key)
        if row is None:
            row = self._free_row(key)
            if row is None:
                return None
        self._matrix[row] = vector
        self._puts += 1
        if self._put_at[row] != _HELD:
            self._put_at[row] = self._puts
        return row

    def hold(self, key: FrameKey, is_held: bool = True) -> None:
        """Keep a frame's row whatever comes, or no longer; nothing happens where the frame is not here."""
        row = self._row_of.get(key)
        if row is not None:
            self._put_at[row] = _HELD if is_held else self._puts

    def _free_row(self, key: FrameKey) -> int | None:
        row = len(self._keys)
        if row < self.most:
            if row == len(self._matrix):
                self._grow()
            self._keys.append(key)
        else:
            row = int(self._put_at[: len(self._keys)].argmin()) if self._keys else -1
            if row < 0 or self._put_at[row] == _HELD:
                return None
            del self._row_of[self._keys[row]]
            self._keys[row] = key
        self._row_of[key] = row
        self._put_at[row] = 0
        return row

    def _grow(self) -> None:
        count = min(max(_FIRST_ROWS, 2 * len(self._matrix)), self.most)
        matrix = np.zeros((count, self.width), np.float32)
        matrix[: len(self._matrix)] = self._matrix
        put_at = np.zeros(count, np.int64)
        put_at[: len(self._put_at)] = self._put_at
        self._matrix, self._put_at = matrix, put_at
