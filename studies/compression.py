"""Whether pixels were compressed with loss, and how (PS3.3 C.7.6.1.1.5)."""

from __future__ import annotations

from pydicom import uid
from pydicom.dataset import Dataset

from studies.decoding import RETIRED_JPEG
from studies.elements import numeric, text

_METHODS = {
    "ISO_10918_1": "JPEG",
    "ISO_14495_1": "JPEG-LS",
    "ISO_15444_1": "JPEG 2000",
    "ISO_15444_15": "HTJ2K",
    "ISO_13818_2": "MPEG-2",
    "ISO_14496_10": "MPEG-4 AVC",
    "ISO_23008_2": "HEVC",
}
_ALWAYS_LOSSY: dict[str, str] = dict.fromkeys(
    (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, *RETIRED_JPEG), "JPEG"
)
_USUALLY_LOSSY: dict[str, str] = {
    uid.JPEGLSNearLossless: "JPEG-LS",
    uid.JPEG2000: "JPEG 2000",
    uid.HTJ2K: "HTJ2K",
}


def lossy_compression(dataset: Dataset, transfer_syntax: str) -> str:
    """``"JPEG, 12:1"``, several steps joined by ``"; "``, ``"lossy"`` where no more is known; else empty.

    An image that was once compressed with loss stays so, in whatever transfer syntax it comes.
    """
    flag = text(dataset, "LossyImageCompression")
    by_syntax = _ALWAYS_LOSSY.get(transfer_syntax, "")
    if flag != "00":
        by_syntax = by_syntax or _USUALLY_LOSSY.get(transfer_syntax, "")
    if flag != "01" and not by_syntax:
        return ""
    methods = [name for name in text(dataset, "LossyImageCompressionMethod").split("\\") if name]
    ratios = numeric(dataset, "LossyImageCompressionRatio")
    steps = []
    for number in range(max(len(methods), len(ratios))):
        name = _METHODS.get(methods[number], methods[number]) if number < len(methods) else by_syntax
        ratio = f"{ratios[number]:.3g}:1" if number < len(ratios) and ratios[number] > 0 else ""
        steps.append(", ".join(part for part in (name, ratio) if part))
    return "; ".join(step for step in steps if step) or by_syntax or "lossy"
