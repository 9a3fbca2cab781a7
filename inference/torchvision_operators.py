"""Makes torchvision importable beside a torch build that its compiled operators do not fit.

torch's CPU build beside torchvision's ordinary wheel: torchvision's shared library does not load,
which torchvision itself tolerates, but it then describes two operators that nobody declared and its
import fails with "operator torchvision::nms does not exist" (seen with torch 2.13.0+cpu beside
torchvision 0.28.0). timm imports torchvision, so nothing works. Declaring the two names, without an
implementation, is enough: this program never calls them. Where the compiled operators load (the
ordinary GPU install) the first import succeeds and nothing is declared.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.library import Library

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def declare_missing_operators() -> None:
    """Import torchvision, declaring `nms` and `qnms` first if it does not come up without them.

    Call this before timm or torchvision is imported. A second call does nothing.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        _declare()
        import torchvision  # noqa: F401


@cache  # the declaration is withdrawn when the Library is collected; the cache keeps it
def _declare() -> Library:
    from torch.library import Library

    library = Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    return library
