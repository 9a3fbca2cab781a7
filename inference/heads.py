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

# What timm calls the last layer of its architectures, the usual ones first.
HEAD_NAMES = ("fc", "head.fc", "classifier", "head", "head.l", "classif", "last_linear", "classifier.fc")


def read_head(card: ModelCard, weights: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight (K, D) and bias (K,) of the last linear layer, K the number of findings.

    Raises
    ------
    InvalidWeights
        The file is unreadable, or holds no linear layer of K outputs under a name timm uses.
    """
    count = len(card.findings)
    try:
        with safe_open(weights, framework="numpy") as stored:
            keys = set(stored.keys())
            for name in HEAD_NAMES:
                if f"{name}.weight" not in keys:
                    continue
                weight = np.asarray(stored.get_tensor(f"{name}.weight"), np.float32)
                if weight.ndim != 2 or weight.shape[0] != count:
                    continue
                if f"{name}.bias" not in keys:
                    return weight, np.zeros(count, np.float32)
                return weight, np.asarray(stored.get_tensor(f"{name}.bias"), np.float32)
    except (OSError, SafetensorError) as error:
        raise InvalidWeights(f"{weights} cannot be read as safetensors: {error}.") from error
    raise InvalidWeights(
        f"The model {card.id} ({card.architecture}) has no linear head of {count} findings; "
        "it cannot be adapted from reviews, only fine-tuned."
    )
