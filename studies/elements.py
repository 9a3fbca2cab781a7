"""Values of DICOM elements, of whatever kind a writer made them, and functional groups of frames."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

_PLAIN_TEXT = ("AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UI")
_DECIMALS = ("DS", "IS")


def text(dataset: Dataset, keyword: str) -> str:
    """A text element, decoded and trimmed, several values joined by a backslash; empty when absent."""
    raw = _raw(dataset, keyword)
    if raw is None:
        return ""
    plain = _plain(raw, keyword, _PLAIN_TEXT)
    if plain is not None:
        return "\\".join(part.strip() for part in plain.split("\\"))
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, MultiValue | list):
        return "\\".join(str(part).strip() for part in value)
    return str(value).replace("\0", "").strip()


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


@cache
def _vr(keyword: str) -> str:
    return dictionary_VR(_tag(keyword))


def _raw(dataset: Dataset, keyword: str) -> DataElement | RawDataElement | None:
    """An element as it was read, not converted yet when nobody has asked for its value; None when absent."""
    found: DataElement | RawDataElement | None = dataset.get_item(_tag(keyword), keep_deferred=True)
    return found


def _plain(raw: DataElement | RawDataElement, keyword: str, kinds: tuple[str, ...]) -> str | None:
    """The characters of an element of one of these kinds that no character set can change; else None.

    Converting a value costs pydicom ten times as much, and a header has fifty. What is not converted here
    is converted there.
    """
    if not isinstance(raw, RawDataElement) or not isinstance(raw.value, bytes):
        return None
    if (raw.VR or _vr(keyword)) not in kinds or not raw.value.isascii() or b"\x1b" in raw.value:
        return None
    return raw.value.decode("ascii").replace("\0", "")


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a numeric element, or None when it is absent, empty or no number."""
    numbers = numeric(dataset, keyword)
    return numbers[0] if numbers else None


def numeric(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of a numeric element; empty when any of them is no finite number."""
    raw = _raw(dataset, keyword)
    if raw is None:
        return ()
    value: Any = _plain(raw, keyword, _DECIMALS)
    if value is not None:
        value = value.split("\\")
    elif isinstance(raw, RawDataElement) and raw.VR == "US" and raw.value and len(raw.value) == 2:
        return (float(int.from_bytes(raw.value, "little" if raw.is_little_endian else "big")),)
    else:
        value = dataset.get(keyword)
    if value is None or value == "":
        return ()
    try:
        values = tuple(float(part) for part in (value if isinstance(value, MultiValue | list) else [value]))
    except (TypeError, ValueError):
        return ()
    return values if all(abs(part) < 1e300 for part in values) else ()


def items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence; none when it is absent or empty."""
    if _raw(dataset, keyword) is None:
        return ()
    return dataset.get(keyword) or ()


def functional_group(dataset: Dataset, frame: int, keyword: str) -> Dataset | None:
    """The item of a frame's functional group macro, per frame or else shared (PS3.3 C.7.6.16.1)."""
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    shared = items(dataset, "SharedFunctionalGroupsSequence")
    for groups in ([per_frame[frame - 1]] if frame <= len(per_frame) else []) + list(shared[:1]):
        found = groups.get(keyword)
        if found:
            return found[0] if isinstance(found[0], Dataset) else None
    return None


def macro(dataset: Dataset, frame: int, keyword: str) -> Dataset:
    """The functional group macro of a frame, or the data set itself where the file is not enhanced."""
    return functional_group(dataset, frame, keyword) or dataset
