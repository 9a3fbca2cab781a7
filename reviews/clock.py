"""Times as the store keeps them: ISO 8601, UTC, microseconds."""

from __future__ import annotations

from datetime import UTC, datetime

from reviews.errors import InvalidReview


def now() -> str:
    """The present moment, for example ``2026-01-31T08:15:00.000000+00:00``."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def in_utc(time: str) -> str:
    """The same moment as `now` would write it; `InvalidReview` where it is no time with an offset."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidReview(f"The time of a review is {time!r}; expected ISO 8601 with an offset from UTC.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
