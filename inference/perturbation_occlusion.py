"""Occlusion: a window slides over the image, and what it covers is blurred (Zeiler and Fergus 2014)."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from inference.network import LoadedModel
from inference.pacing import in_stretches
from inference.perturbation import Progress, Step
from inference.perturbed import batch_size, blurred, explained, logits_of_batch, over_grid

CELLS = 14
"""Steps of the window along a side; a cell of the map is one step, the window two."""


def occlusion(
    model: LoadedModel, image: torch.Tensor, wanted: Sequence[int], seed: int
) -> Generator[Step, None, None]:
    """How much of each logit is lost where the window lies, averaged over the windows that cover a cell.

    The maps are in units of the logit: +1 at a place means that covering it lowers the finding's logit by 1.
    One set of passes serves all findings.
    """
    side = image.shape[-1]
    step = math.ceil(side / CELLS)
    window = min(2 * step, side)
    positions = (math.ceil((side - window) / step) + 1) ** 2
    done = 0

    def drops(pause: Callable[[], None]) -> NDArray[np.float32]:
        from captum.attr import Occlusion

        def forward(batch: torch.Tensor) -> torch.Tensor:
            nonlocal done
            logits = logits_of_batch(model, batch)
            done += len(batch)
            pause()
            return logits

        found = Occlusion(forward).attribute(
            image[None],
            (image.shape[0], window, window),
            strides=(image.shape[0], step, step),
            baselines=blurred(image, window)[None],
            perturbations_per_eval=batch_size(model),
        )  # (K, C, S, S), the same in every channel
        return np.asarray(found[:, 0].float().cpu().numpy(), dtype=np.float32)

    work = in_stretches(drops)
    try:
        while True:
            next(work)
            yield Progress(min(done, positions), positions)
    except StopIteration as end:
        maps = end.value
    finally:
        work.close()
    yield explained(over_grid(maps, math.ceil(side / step)), wanted)
