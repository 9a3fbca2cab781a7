"""A model's last linear layer, read from its weights without torch.

The window re-fits the head after each correction and must not load torch for it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from inference.card import ModelCard
from inference.errors import InvalidWeights

# What timm calls the last layer of its architectures, the usual ones first: for cards that do not name it.
HEAD_NAMES = ("fc", "head.fc", "classifier", "head", "head.l", "classif", "last_linear", "classifier.fc")
NO_HEAD = "none"  # a card's `head` where the network is known to end otherwise


def read_head(card: ModelCard, weights: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight (K, D) and bias (K,) of the last linear layer, K the number of findings.

    Raises
    ------
    InvalidWeights
        The file is unreadable, or the model has no last linear layer of K outputs.
    """
    count = len(card.findings)
    if card.format != "network" or card.head == NO_HEAD:
        raise _without_head(card)
    try:
        with safe_open(weights, framework="numpy") as stored:
            keys = set(stored.keys())
            for name in (card.head,) if card.head else HEAD_NAMES:
                if f"{name}.weight" not in keys:
                    continue
                weight = np.asarray(stored.get_tensor(f"{name}.weight"), np.float32)
                if weight.ndim == 4 and weight.shape[2:] == (1, 1):  # a convolution that does the same
                    weight = weight[:, :, 0, 0]
                if weight.ndim != 2 or weight.shape[0] != count:
                    continue
                if f"{name}.bias" not in keys:
                    return weight, np.zeros(count, np.float32)
                return weight, np.asarray(stored.get_tensor(f"{name}.bias"), np.float32)
    except (OSError, SafetensorError) as error:
        raise InvalidWeights(f"{weights} cannot be read as safetensors: {error}.") from error
    raise _without_head(card)


def _without_head(card: ModelCard) -> InvalidWeights:
    what = {"network": "", "program": ", a program of torch.export,", "onnx": ", an ONNX file,"}[card.format]
    ways = ", only fine-tuned" if card.format == "network" else ""
    return InvalidWeights(
        f"The model {card.id} ({card.architecture}){what} has no linear head of {len(card.findings)} "
        f"findings that could be re-fitted; it cannot be adapted from reviews{ways}."
    )
