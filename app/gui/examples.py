"""Which frames show a finding by the decisions that stand: counted as decisions come, never all anew."""

from __future__ import annotations

from collections.abc import Callable

from app.gui.film_cache import FrameKey
from reviews.record import Review


class Examples:
    """Frames by the findings that stand as present on them. Lives on the GUI thread."""

    def __init__(self) -> None:
        self._frames: dict[str, set[FrameKey]] = {}

    def take(self, key: FrameKey, before: Review | None, now: Review | None) -> None:
        """Another decision stands for a frame, or none."""
        for name in _present(before):
            self._frames.get(name, set()).discard(key)
        for name in _present(now):
            self._frames.setdefault(name, set()).add(key)

    def count(self, finding: str, where: Callable[[FrameKey], bool] | None = None) -> int:
        """On how many frames, or on how many of some, a finding is present."""
        frames = self._frames.get(finding, set())
        return len(frames) if where is None else sum(map(where, frames))


def _present(review: Review | None) -> list[str]:
    return [] if review is None else [name for name, answer in review.findings if answer == "present"]
