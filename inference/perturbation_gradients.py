"""Integrated gradients: what every pixel adds on the way from an empty film (Sundararajan et al. 2017)."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from inference.errors import CannotExplain
from inference.network import LoadedModel
from inference.perturbation import Explained, Step
from inference.perturbed import Count, batch_size, fine_cells, followed, logits_of_batch, over_grid

STEPS = 32
"""Points between the empty film and the image; the sum is then within about 2% of the logits' difference."""
SMOOTHING = 2.0
"""Sigma in cells of 8 pixels: what is finer cancels out, and would make absent findings look present."""


def integrated_gradients(
    model: LoadedModel, image: torch.Tensor, wanted: Sequence[int], seed: int
) -> Generator[Step, None, None]:
    """What each place adds to the logit, compared with a film that is its own mean grey everywhere.

    The maps are in units of the logit: their sum is the logit of the image less that of the empty film.
    Single pixels mean nothing to a reader, so they are summed over cells and smoothed; both keep the sum.
    Each finding costs passes of its own: only those that are wanted are explained, and the most probable
    one, which the scale is taken from if it is the strongest. Nothing is drawn by lot.

    Raises
    ------
    CannotExplain
        The model answers and no more: there are no gradients to be had from an ONNX file.
    """
    if model.card.format == "onnx":
        raise CannotExplain(
            f"{model.card.name or model.card.id} is an ONNX file, which gives no gradients for integrated "
            "gradients; occlusion and LIME explain it."
        )
    most_probable = int(logits_of_batch(model, image[None])[0].argmax())
    explaining = list(dict.fromkeys((*wanted, most_probable)))
    maps = yield from followed(
        lambda count: np.stack([_pixels(model, image, finding, count) for finding in explaining]),
        STEPS * len(explaining),
    )
    cells = fine_cells(image)
    sums = over_grid(maps, cells) * (maps.shape[-1] / cells) ** 2
    smooth = np.stack([cv2.GaussianBlur(m, (0, 0), SMOOTHING, borderType=cv2.BORDER_REFLECT) for m in sums])
    yield Explained(smooth[: len(wanted)], max(float(smooth.max()), 0.0))


def _pixels(model: LoadedModel, image: torch.Tensor, finding: int, count: Count) -> NDArray[np.float32]:
    """(S, S): what each pixel adds, over all channels."""
    from captum.attr import IntegratedGradients

    def forward(batch: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = model.network(batch)
        count(len(batch))
        return logits

    found = IntegratedGradients(forward).attribute(
        image[None],
        empty_film(image)[None],
        target=finding,
        n_steps=STEPS,
        internal_batch_size=batch_size(model),
    )  # (1, C, S, S)
    return np.asarray(found[0].sum(dim=0).detach().cpu().numpy(), dtype=np.float32)


def empty_film(image: torch.Tensor) -> torch.Tensor:
    """An image (C, S, S) that is uniformly the mean of `image`, by channel.

    Nothing of the film is left in it, so that diffuse disease is found too; blurred, it would be there.
    """
    return image.mean(dim=(1, 2), keepdim=True).expand_as(image).contiguous()
