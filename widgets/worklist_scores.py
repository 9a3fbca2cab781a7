"""What re-fitted heads say of many studies at once, for rows that stand in the worklist already.

A head that was re-fitted changes every row a little. They are not made anew: numbers are kept in arrays, by
which the list is ordered, and go into a row when it is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RowScores:
    """Site-adapted suggestions of some studies.

    Parameters
    ----------
    study_uids
        (n) studies whose row shows a suggestion.
    names
        Display names of findings.
    suggestion
        (n,) int32: which of `names` is suggested, -1 for none.
    confidence
        (n,) float32 in [0, 1]: its probability.
    uncertainty
        (n,) float64 in [0, 1] by which the studies are ordered on request; NaN where it is not known.
    """

    study_uids: Sequence[str]
    names: tuple[str, ...]
    suggestion: NDArray[np.int32]
    confidence: NDArray[np.float32]
    uncertainty: NDArray[np.float64]
