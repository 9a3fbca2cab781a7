"""Occlusion: a window slides over the image, and what it covers is blurred (Zeiler and Fergus 2014)."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from inference.network import LoadedModel
from inference.perturbation import Step
from inference.perturbed import (
    Count,
    batch_size,
    blurred,
    explained,
    followed,
    logits_of_batch,
    over_grid,
    window_of,
)

CELLS = 14
"""Steps of the window along a side; a cell of the map is one step, the window two."""


def occlusion(
    model: LoadedModel, image: torch.Tensor, wanted: Sequence[int], seed: int
) -> Generator[Step, None, None]:
    """How much of each logit is lost where the window lies, averaged over the windows that cover a cell.

    The maps are in units of the logit: +1 at a place means that covering it lowers the finding's logit by 1.
    One set of passes serves all findings. Nothing is drawn by lot.
    """
    side = image.shape[-1]
    window = min(window_of(image), side)
    step = math.ceil(side / CELLS)
    windows = (math.ceil((side - window) / step) + 1) ** 2

    def drops(count: Count) -> NDArray[np.float32]:
        from captum.attr import Occlusion

        def forward(batch: torch.Tensor) -> torch.Tensor:
            logits = logits_of_batch(model, batch)
            count(len(batch))
            return logits

        found = Occlusion(forward).attribute(
            image[None],
            (image.shape[0], window, window),
            strides=(image.shape[0], step, step),
            baselines=blurred(image, window)[None],
            perturbations_per_eval=batch_size(model),
        )  # (K, C, S, S), the same in every channel
        return np.asarray(found[:, 0].cpu().numpy(), dtype=np.float32)

    maps = yield from followed(drops, windows + 1)  # and one of the whole image
    yield explained(over_grid(maps, math.ceil(side / step)), wanted)
