"""Decoded frames, kept while they are likely to be shown again, within a bound in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import fields, is_dataclass

import numpy as np
import psutil

from studies.image import Header, Image

FrameKey = tuple[str, int]  # (SOPInstanceUID, frame)

MOST_BYTES = 2 * 1024**3
SHARE_OF_MEMORY = 8


def default_bound() -> int:
    """An eighth of the machine's memory, 2 GiB at most."""
    return int(min(MOST_BYTES, psutil.virtual_memory().total // SHARE_OF_MEMORY))


def bytes_of(value: object) -> int:
    """Bytes of all arrays of an image, whatever fields hold them."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple | list):
        return sum(bytes_of(part) for part in value)
    if is_dataclass(value) and not isinstance(value, Header):  # words and numbers only
        return sum(bytes_of(getattr(value, field.name)) for field in fields(value))
    return 0


class FilmCache:
    """Least recently used frames go first when the bound is passed; what is on the screen never goes.

    Parameters
    ----------
    bound_bytes
        See `default_bound`.
    """

    def __init__(self, bound_bytes: int | None = None) -> None:
        self.bound_bytes = default_bound() if bound_bytes is None else bound_bytes
        self._images: OrderedDict[FrameKey, Image] = OrderedDict()
        self._bytes: dict[FrameKey, int] = {}
        self._used = 0
        self._pinned: frozenset[FrameKey] = frozenset()

    @property
    def used_bytes(self) -> int:
        """Bytes of all frames that are kept."""
        return self._used

    def __contains__(self, key: FrameKey) -> bool:
        """Whether a frame is kept; asking does not make it used."""
        return key in self._images

    def __len__(self) -> int:
        return len(self._images)

    def get(self, key: FrameKey) -> Image | None:
        """A frame, which is the most recently used one by that."""
        image = self._images.get(key)
        if image is not None:
            self._images.move_to_end(key)
        return image

    def put(self, key: FrameKey, image: Image) -> None:
        """Keep a frame; the one just put stays even when it alone passes the bound."""
        self._forget(key)
        self._images[key] = image
        self._bytes[key] = bytes_of(image)
        self._used += self._bytes[key]
        self._make_room(key)

    def pin(self, keys: Iterable[FrameKey]) -> None:
        """These frames are on the screen, and no others."""
        self._pinned = frozenset(keys)
        self._make_room(None)

    def _make_room(self, newest: FrameKey | None) -> None:
        if self._used <= self.bound_bytes:
            return
        for key in list(self._images):
            if key != newest and key not in self._pinned:
                self._forget(key)
                if self._used <= self.bound_bytes:
                    return

    def _forget(self, key: FrameKey) -> None:
        if self._images.pop(key, None) is not None:
            self._used -= self._bytes.pop(key)
