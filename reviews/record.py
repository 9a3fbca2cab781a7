"""What readers decide, as it is kept and as it travels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Answer = Literal["present", "absent", "unknown"]
Part = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True)
class Shown:
    """The suggestion a reader saw when deciding: kept with the decision for good."""

    model: str
    suggestion: str | None
    probabilities: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """One decision of one reader on one frame. Rows are only ever added.

    `findings` holds every finding that was answered, unknown ones too. `takes_back` is the id of
    the review that this row undoes; such a row restores what stood before it and `findings` holds
    that earlier state (empty: no decision stands).
    """

    sop_instance_uid: str
    frame: int
    reader: str
    findings: tuple[tuple[str, Answer], ...]
    time: str = ""  # ISO 8601 with offset, UTC, microseconds
    id: int = 0  # 0 until it is stored
    note: str = ""
    shown: Shown | None = None
    is_acceptance: bool = False
    takes_back: int | None = None

    def answer_for(self, finding: str) -> Answer:
        return next((a for name, a in self.findings if name == finding), "unknown")


@dataclass(frozen=True, slots=True)
class Changes:
    """What kind of thing a write changed; views decide by it whether to refresh."""

    images_added: tuple[tuple[str, int], ...] = ()  # (SOPInstanceUID, frame)
    images_reviewed: tuple[tuple[str, int], ...] = ()
    model_promoted: bool = False
    review: Review | None = None
    skipped: tuple[str, ...] = field(default=())  # sentences
