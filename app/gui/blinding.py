"""Which films hide what models say of them from the reader who sits here (see `reviews.blinding`)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from app.gui.film_cache import FrameKey
from reviews.blinding import is_hidden
from reviews.record import Part


class Blinds:
    """What is known of parts and of who has answered. Lives on the GUI thread.

    Parameters
    ----------
    reader
        Tells who sits here; the name may change while the window is open.
    """

    def __init__(self, reader: Callable[[], str]) -> None:
        self._reader = reader
        self._parts: dict[str, Part] = {}  # by SOPInstanceUID
        self._answered_by: dict[FrameKey, frozenset[str]] = {}  # of the test part
        self._held: FrameKey | None = None
        self.covered: Container[FrameKey] = ()  # frames that are read a second time

    def take(
        self, parts: Mapping[str, Part], answered_by: Mapping[FrameKey, Iterable[str]]
    ) -> tuple[str, ...]:
        """Keep what the store tells of some images: their parts, and who ever answered which frame.

        Returns
        -------
        tuple
            SOPInstanceUIDs of images that were of another part before.
        """
        changed = tuple(uid for uid, part in parts.items() if self._parts.get(uid, part) != part)
        self._parts.update(parts)
        for key, readers in answered_by.items():
            self._answered_by[key] = self._answered_by.get(key, frozenset()) | frozenset(readers)
        return changed

    def answered(self, key: FrameKey, reader: str) -> None:
        """A reader answered a frame."""
        self.take({}, {key: (reader,)})

    def part_of(self, sop_instance_uid: str) -> Part | None:
        """The part of an image; None where the store has not told it."""
        return self._parts.get(sop_instance_uid)

    def measures(self, key: FrameKey) -> bool:
        """Whether answers to this frame measure models."""
        return self._parts.get(key[0]) == "test"

    def is_hidden(self, key: FrameKey) -> bool:
        """Whether nothing of what models say of this frame is told."""
        if key in self.covered or key == self._held:
            return True
        if not self.measures(key):
            return False
        return is_hidden("test", self._answered_by.get(key, ()), self._reader())

    # -- answers of several findings ----------------------------------------------------------------

    def hold(self, key: FrameKey) -> None:
        """The reader is still answering a hidden frame, finding by finding: it stays hidden meanwhile."""
        if self.is_hidden(key):
            self._held = key

    def is_held(self, key: FrameKey) -> bool:
        """Whether the reader has begun to answer this frame and has not come to an end."""
        return key == self._held

    def let_go(self) -> FrameKey | None:
        """The reader's answer is whole: they say so, or look at something else. The frame it is about."""
        held, self._held = self._held, None
        return held
