"""How many of what, in the sentences that people read."""

from __future__ import annotations


def counted(count: int, one: str, several: str = "") -> str:
    """``1 film``, ``3 films``; `several` where the plural is another word, or the verb goes with it."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"
