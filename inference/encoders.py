"""Runs a network's encoder, by PyTorch or by what was made of it.

Every pass starts here, so that the rest of the program need not know which of them computes. On the CPU a
convolutional encoder runs with its channels last, and by ONNX Runtime once a background export has passed
its check (`inference.fast_export`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from inference.anatomy import Anatomy, embedding_of, logits_of
from inference.card import ModelCard
from inference.precision import MixedPrecision

Run = Callable[[torch.Tensor], torch.Tensor]


class Encoder:
    """The part of a network from images to features.

    Parameters
    ----------
    network
        In eval mode, on `device`, its parameters frozen. Its convolutions' weights are laid out anew where
        that is faster; their values stay.
    anatomy
        What `inference.anatomy.examine` found out about it.
    card
        Of the model.
    """

    def __init__(self, network: nn.Module, device: torch.device, anatomy: Anatomy, card: ModelCard):
        self._network: Any = network
        self._anatomy = anatomy
        self._is_channels_last = anatomy.layout in ("NCHW", "NHWC")
        if self._is_channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._fast: Run | None = None
        self._claim = threading.Lock()
        self._mixed: MixedPrecision | None = None
        if device.type in ("cuda", "mps"):
            self._mixed = MixedPrecision(device, card, self._logits)

    @property
    def is_fast(self) -> bool:
        """Whether something other than PyTorch's own layers computes."""
        return self._fast is not None

    def use(self, fast: Run) -> None:
        """Take this for `features` from now on; a pass that is under way ends as it began."""
        self._fast = fast

    def claim(self) -> bool:
        """True for the first who asks, so that one alone makes this encoder faster."""
        return self._claim.acquire(blocking=False)

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """What `inference.evidence.from_features` takes, for images (B, C, S, S) float32 on the device.

        What `forward_features` gives; but where a class token is pooled it is what enters the last
        block, whose tail is then run for that token alone.
        """
        fast = self._fast  # another thread may set it between two lines
        if fast is None:
            return self.eager(batch)
        with torch.inference_mode():
            return fast(batch)

    def eager(self, batch: torch.Tensor) -> torch.Tensor:
        """The same by PyTorch's own layers; on a GPU in half precision where that decides alike."""
        with torch.inference_mode():
            if self._is_channels_last:
                batch = batch.to(memory_format=torch.channels_last)
            return self._forward(batch) if self._mixed is None else self._mixed.encode(batch, self._forward)

    def _forward(self, batch: torch.Tensor) -> torch.Tensor:
        if self._anatomy.tail is not None:
            return self._anatomy.tail.enter(batch)
        features: torch.Tensor = self._network.forward_features(batch)
        return features

    def _logits(self, features: torch.Tensor) -> torch.Tensor:
        tail = self._anatomy.tail
        if tail is not None:
            features = tail.features(tail.keys_and_values(features))
        embedding = embedding_of(self._network, features)
        return logits_of(self._network, features, embedding, self._anatomy)

    def encode(self, batch: torch.Tensor) -> torch.Tensor:
        """What `forward_features` gives, whatever computes it."""
        features = self.features(batch)
        if self._anatomy.tail is None:
            return features
        with torch.inference_mode():
            return self._anatomy.tail.whole(features)
