"""What readers drew about where evidence is: per film, in stored-pixel space, as trainings take it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reviews.record import REGIONS, Annotation
from reviews.regions import Outline, outline_of


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a film of which a reader said that a finding's evidence is there, or has no business there.

    Parameters
    ----------
    finding
        Machine name; empty for whatever finding.
    outline
        Closed polygon of (row, column) in stored-pixel space.
    """

    finding: str
    is_evidence: bool
    outline: Outline


def drawn_on(annotations: Iterable[Annotation]) -> dict[tuple[str, int], tuple[Region, ...]]:
    """The regions among annotations that stand, by (SOPInstanceUID, frame)."""
    found: dict[tuple[str, int], tuple[Region, ...]] = {}
    for one in annotations:
        if one.kind in REGIONS and not one.is_deleted:
            key = one.sop_instance_uid, one.frame
            region = Region(one.text, one.kind == "evidence", outline_of(one))
            found[key] = (*found.get(key, ()), region)
    return found
