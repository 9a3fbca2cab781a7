"""Decoded frames, kept while they are likely to be shown again, within a bound in bytes."""

from __future__ import annotations

from collections import OrderedDict

from studies.image import Image

FrameKey = tuple[str, int]  # (SOPInstanceUID, frame)


class FilmCache:
    """Least recently used frames go first when the bound is passed."""

    def __init__(self, bound_bytes: int = 768 * 1024 * 1024) -> None:
        self._bound = bound_bytes
        self._used = 0
        self._images: OrderedDict[FrameKey, Image] = OrderedDict()

    def get(self, key: FrameKey) -> Image | None:
        image = self._images.get(key)
        if image is not None:
            self._images.move_to_end(key)
        return image

    def put(self, key: FrameKey, image: Image) -> None:
        """Keep a frame; the one just put stays even when it alone passes the bound."""
        old = self._images.pop(key, None)
        if old is not None:
            self._used -= old.pixels.nbytes
        self._images[key] = image
        self._used += image.pixels.nbytes
        while self._used > self._bound and len(self._images) > 1:
            _, gone = self._images.popitem(last=False)
            self._used -= gone.pixels.nbytes
