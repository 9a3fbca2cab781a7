"""Half precision on GPUs, where it does not change what a model decides.

autocast makes an encoder about twice as fast there and rounds its features to three digits. Whether that
matters is found out on the first images that a model is shown: they are computed both ways.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from inference.adapted import probabilities_of
from inference.card import ModelCard

_log = logging.getLogger(__name__)

_IMAGES = 16  # that have to be decided alike before half precision is used
_LARGEST_DIFFERENCE = 0.01  # of a probability

Encode = Callable[[torch.Tensor], torch.Tensor]


class MixedPrecision:
    """Runs an encoder in half precision once that has been seen to change no decision.

    Parameters
    ----------
    device
        CUDA or MPS.
    card
        Says how logits become probabilities, and where its operating points lie.
    logits_of
        Features (B, ...) to logits (B, K).
    """

    def __init__(
        self,
        device: torch.device,
        card: ModelCard,
        logits_of: Callable[[torch.Tensor], torch.Tensor],
        dtype: torch.dtype = torch.float16,
    ):
        self._device, self._card, self._logits_of, self._dtype = device, card, logits_of, dtype
        self._seen = 0
        self._may = True

    @property
    def is_half(self) -> bool:
        """Whether half precision is used by now."""
        return self._may and self._seen >= _IMAGES

    def encode(self, batch: torch.Tensor, encoder: Encode) -> torch.Tensor:
        """Features of a batch, float32 whichever way they were computed."""
        if not self._may:
            return encoder(batch)
        with torch.autocast(self._device.type, self._dtype):
            half = encoder(batch)
        half = half.float()
        if self.is_half:
            if bool(torch.isfinite(half).all()):
                return half
            self._give_up("this image's features are too large for it")
            return encoder(batch)
        full = encoder(batch)
        self._seen += len(batch)
        if reason := self._difference(full, half):
            self._give_up(reason)
        return full

    def _give_up(self, reason: str) -> None:
        self._may = False
        _log.info("%s is computed in single precision: %s", self._card.id, reason)

    def _difference(self, full: torch.Tensor, half: torch.Tensor) -> str:
        theirs, ours = self._probabilities(full), self._probabilities(half)
        difference = float(np.abs(theirs - ours).max())
        if not difference <= _LARGEST_DIFFERENCE:  # also where it is no number
            return f"half precision changes a probability by {difference:.3f}"
        if any(_decided(self._card, a) != _decided(self._card, b) for a, b in zip(theirs, ours, strict=True)):
            return "half precision changes a decision"
        return ""

    def _probabilities(self, features: torch.Tensor) -> NDArray[np.float32]:
        """(B, K)"""
        logits = self._logits_of(features).float().cpu().numpy()
        return np.stack([probabilities_of(row, self._card.temperature, self._card.task) for row in logits])


def _decided(card: ModelCard, probabilities: NDArray[np.float32]) -> tuple[int, ...]:
    """The most probable finding of one-of-many, and which findings reach their operating points."""
    points = [card.operating_points.get(name, 0.5) for name in card.finding_names]
    reached = tuple(int(p >= point) for p, point in zip(probabilities, points, strict=True))
    return (int(probabilities.argmax()), *reached) if card.task == "multiclass" else reached
