"""Why a study stands where it does in the order *ask first*: plain values, and a sentence for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from training.adapting.asking import WHY, Why
from widgets.numbers import probability_text


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Studies in the order in which a reader is asked about them.

    Parameters
    ----------
    study_uids
        (n) of them; studies that are not named stand behind them.
    why
        (n,) int8: index into `training.adapting.asking.WHY`.
    names
        Display names of findings.
    leading
        (n, 2) int16: which of `names` the model wavers between; twice the same where one stands near its
        operating point; -1 where nothing is told.
    said
        (n, 2) float32: their probabilities in [0, 1].
    """

    study_uids: Sequence[str] = ()
    why: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    names: tuple[str, ...] = ()
    leading: NDArray[np.int16] = field(default_factory=lambda: np.empty((0, 2), np.int16))
    said: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 2), np.float32))


def urgency_text(readers: Sequence[str]) -> str:
    """Who marks a study urgent, in a sentence."""
    return QCoreApplication.translate("Worklist", "Marked urgent by {0}").format(", ".join(readers))


def reason_text(asked: Asked, place: int) -> str:
    """Why the study at a place is asked about there, in one sentence; empty where there is nothing to say."""
    translate = QCoreApplication.translate
    why: Why = WHY[int(asked.why[place])]
    if why == "unlike":
        return translate("Worklist", "Asked because it is unlike any film read so far")
    if why == "lot":
        return translate("Worklist", "Asked by lot: a random share keeps the measurement honest")
    first, second = (int(number) for number in asked.leading[place])
    if why != "unsure" or first < 0:
        return ""
    numbers = [probability_text(float(share)) for share in asked.said[place]]
    if first == second:
        words = translate("Worklist", "Asked because the model is unsure: {0} {1}")
        return words.format(asked.names[first], numbers[0])
    words = translate("Worklist", "Asked because the model is unsure: {0} {1}, {2} {3}")
    return words.format(asked.names[first], numbers[0], asked.names[second], numbers[1])
