"""Score-CAM and Ablation-CAM: each channel of the features is weighed by trying what it is worth.

Both ask for a grid of features, the one that `inference.evidence` explains. The grad-cam package is what
they are tested against; its own run prints its progress, cannot be stopped, and answers for one finding.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference import evidence
from inference.adapted import probabilities_of
from inference.anatomy import embedding_of, logits_of
from inference.errors import CannotExplain
from inference.network import LoadedModel
from inference.perturbation import Progress, Step
from inference.perturbed import batch_size, explained, logits_of_batch

MOST_CHANNELS = 512
"""Of a network with more, those that vary most over the grid are tried (tf-keras-vis: Faster Score-CAM)."""

_HEADS_AT_ONCE = 64  # what comes after the features is cheap


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The features that are explained, of one image.

    `values` (1, ...) as the network has them; `grid` (C, h, w), a view of the same numbers;
    `logits_from` gives (n, K) from (n, ...) values.
    """

    values: torch.Tensor
    grid: torch.Tensor
    logits_from: Callable[[torch.Tensor], torch.Tensor]
    at_once: int
    is_cheap: bool


def score_cam(
    model: LoadedModel, image: torch.Tensor, wanted: Sequence[int], seed: int
) -> Generator[Step, None, None]:
    """The image is seen through each channel; channels with which a logit stays high weigh more.

    Wang et al. 2020, "Score-CAM", as the grad-cam package has it: the image times the channel, stretched
    to 0-1 (so that what is hidden becomes the grey that the network takes for zero, not black), and a
    softmax over channels of the logits. Such weights add up to 1 for every finding, present or not, so each
    finding's map is multiplied by its probability. It is positive: there is no evidence against.
    """
    grid = _layer_of(model, image).grid.float()  # a GPU may compute in halves
    side = image.shape[-1]
    chosen = _most_varying(grid, MOST_CHANNELS)
    scores = []
    yield Progress(0, len(chosen))
    for start in range(0, len(chosen), batch_size(model)):
        channels = grid[chosen[start : start + batch_size(model)]]
        masks = nn.functional.interpolate(
            channels[None], size=(side, side), mode="bilinear", align_corners=True
        )[0]
        low, high = masks.amin(dim=(1, 2), keepdim=True), masks.amax(dim=(1, 2), keepdim=True)
        masks = (masks - low) / (high - low + 1e-8)
        scores.append(logits_of_batch(model, image[None] * masks[:, None]))
        yield Progress(min(start + len(channels), len(chosen)), len(chosen))
    weights = torch.cat(scores).softmax(dim=0)  # (C, K)
    maps = torch.einsum("ck,chw->khw", weights, grid[chosen])
    own = logits_of_batch(model, image[None])[0].cpu().numpy()
    probabilities = probabilities_of(own, model.card.temperature, model.card.task)
    yield explained(_array(maps) * probabilities[:, None, None], wanted)


def ablation_cam(
    model: LoadedModel, image: torch.Tensor, wanted: Sequence[int], seed: int
) -> Generator[Step, None, None]:
    """Each channel is set to zero; it weighs as much as the logit loses.

    Desai and Ramaswamy 2020, "Ablation-CAM". The weights are in units of the logit and signed. The paper
    and the grad-cam package divide them by the logit, which turns the map of a finding with a negative
    logit upside down and makes findings incomparable; here they are left as they are.
    """
    layer = _layer_of(model, image)
    count = layer.grid.shape[0]
    chosen = _most_varying(layer.grid, count if layer.is_cheap else MOST_CHANNELS)
    whole = layer.logits_from(layer.values)[0]  # (K,)
    drops = []
    yield Progress(0, len(chosen))
    for start in range(0, len(chosen), layer.at_once):
        channels = chosen[start : start + layer.at_once]
        values = layer.values.repeat(len(channels), *(1 for _ in layer.values.shape[1:]))
        grids = model.anatomy.as_grid(values)  # a view of them
        grids[torch.arange(len(channels), device=channels.device), channels] = 0.0
        drops.append(whole - layer.logits_from(values))
        yield Progress(min(start + len(channels), len(chosen)), len(chosen))
    maps = torch.einsum("ck,chw->khw", torch.cat(drops).float(), layer.grid[chosen].float())
    yield explained(_array(maps), wanted)


def _most_varying(grid: torch.Tensor, most: int) -> torch.Tensor:
    """Which of the channels (C, h, w) are tried, in their order."""
    if len(grid) <= most:
        return torch.arange(len(grid), device=grid.device)
    return grid.std(dim=(1, 2)).topk(most).indices.sort().values


def _layer_of(model: LoadedModel, image: torch.Tensor) -> _Layer:
    """The features that are explained, and what comes after them.

    Raises
    ------
    CannotExplain
        The network has no grid of features.
    """
    anatomy = model.anatomy
    if why := anatomy.why_no_map:
        offer = "" if "LIME" in why else "; occlusion and LIME explain any model"
        raise CannotExplain(f"{model.card.name or model.card.id} shows no features to weigh: {why}{offer}.")
    if anatomy.target is None:
        values = model.encoder.features(image[None])

        def from_features(features: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(evidence.from_features(model, features).logits).to(features.device)

        return _Layer(values, anatomy.as_grid(values)[0], from_features, _HEADS_AT_ONCE, True)
    if anatomy.tail is not None:
        tokens = model.encoder.features(image[None])
        return _layer_inside(model, anatomy.tail.whole, tokens, anatomy.target, True)
    network: Any = model.network
    return _layer_inside(model, network.forward_features, image[None], anatomy.target, False)


def _layer_inside(
    model: LoadedModel,
    run: Callable[[torch.Tensor], torch.Tensor],
    start: torch.Tensor,
    target: nn.Module,
    is_cheap: bool,
) -> _Layer:
    """The output of `target`, which lies between `start` (1, ...) and the features that `run` gives."""

    def run_with(put: torch.Tensor | None, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        seen: list[torch.Tensor] = []

        def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
            seen.append(output)
            return output if put is None else put

        handle = target.register_forward_hook(hook)
        try:
            with torch.inference_mode():
                features = run(start.expand(count, *start.shape[1:]))
                embedding = embedding_of(model.network, features)
                return seen[-1], logits_of(model.network, features, embedding, model.anatomy)
        finally:
            handle.remove()

    values, _ = run_with(None, 1)
    at_once = 4 * batch_size(model) if is_cheap else batch_size(model)

    def from_values(put: torch.Tensor) -> torch.Tensor:
        return run_with(put, len(put))[1]

    return _Layer(values, model.anatomy.as_grid(values)[0], from_values, at_once, is_cheap)


def _array(maps: torch.Tensor) -> NDArray[np.float32]:
    return np.asarray(maps.float().cpu().numpy(), dtype=np.float32)
