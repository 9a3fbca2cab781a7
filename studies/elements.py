"""Values of DICOM elements, of whatever kind a writer made them, and functional groups of frames."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue


def text(dataset: Dataset, keyword: str) -> str:
    """A text element, decoded and trimmed, several values joined by a backslash; empty when absent."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, MultiValue | list):
        return "\\".join(str(part).strip() for part in value)
    return str(value).replace("\0", "").strip()


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a numeric element, or None when it is absent, empty or no number."""
    numbers = numeric(dataset, keyword)
    return numbers[0] if numbers else None


def numeric(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of a numeric element; empty when any of them is no finite number."""
    value: Any = dataset.get(keyword)
    if value is None or value == "":
        return ()
    try:
        values = tuple(float(part) for part in (value if isinstance(value, MultiValue | list) else [value]))
    except (TypeError, ValueError):
        return ()
    return values if all(abs(part) < 1e300 for part in values) else ()


def functional_group(dataset: Dataset, frame: int, keyword: str) -> Dataset | None:
    """The item of a frame's functional group macro, per frame or else shared (PS3.3 C.7.6.16.1)."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for groups in ([per_frame[frame - 1]] if frame <= len(per_frame) else []) + list(shared[:1]):
        found = groups.get(keyword)
        if found:
            return found[0] if isinstance(found[0], Dataset) else None
    return None


def macro(dataset: Dataset, frame: int, keyword: str) -> Dataset:
    """The functional group macro of a frame, or the data set itself where the file is not enhanced."""
    return functional_group(dataset, frame, keyword) or dataset
