"""What is found out about a network by trying it: how its features lie, and how they become logits.

A network is `forward_features` (the encoder) and `forward_head` (pooling and the rest), as timm has
them. Names and types do not tell how a head pools, so random features are put through it once, when
the model is loaded, and the numbers decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from inference.card import Preprocessing
from inference.class_token import Tail, find_tail

Layout = Literal["NCHW", "NHWC", "tokens"]

_TOLERANCE = 1e-4  # relative; float32 pooling of a 7 x 7 grid differs by about 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """How a network ends.

    Parameters
    ----------
    layout
        How `forward_features` orders its axes; None where its result is no grid.
    prefix_tokens
        Tokens before the grid's (class token, registers).
    has_linear_end
        logits = classifier(embedding): the logits need no second run of the head.
    is_pool_and_linear
        embedding = mean of the features over the grid, so that the map of finding k is `W_k . f`
        and logit k is the map's mean plus the bias.
    pools_first
        The head sees the features' mean over the grid and nothing else of them (any of the above, and
        heads with a norm or a hidden layer after it): gradients are the same at every position.
    target
        The module whose output is explained, None for the features themselves. Where a class token
        alone is pooled, the grid's features get no gradient, and it is the last block's first norm.
    tail
        That last block in parts, where it is of a known kind.
    """

    layout: Layout | None
    prefix_tokens: int
    has_linear_end: bool
    is_pool_and_linear: bool
    target: nn.Module | None
    why_no_map: str = ""
    pools_first: bool = False
    tail: Tail | None = None

    def as_grid(self, features: torch.Tensor) -> torch.Tensor:
        """Features, or anything shaped like them, as (B, C, h, w)."""
        if self.layout == "NCHW":
            return features
        if self.layout == "NHWC":
            return features.permute(0, 3, 1, 2)
        tokens = features[:, self.prefix_tokens :]  # (B, N, C)
        if not _is_square(tokens.shape[1]):  # CaiT adds its class token after the blocks
            tokens = features
        side = math.isqrt(tokens.shape[1])
        return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, side, side)

    def pooled(self, features: torch.Tensor) -> torch.Tensor:
        """Features whose grid is one cell, the mean of all: (B, C, 1, 1), (B, 1, 1, C) or (B, P + 1, C)."""
        if self.layout == "NCHW":
            return features.mean(dim=(2, 3), keepdim=True)
        if self.layout == "NHWC":
            return features.mean(dim=(1, 2), keepdim=True)
        mean = features[:, self.prefix_tokens :].mean(dim=1, keepdim=True)
        return torch.cat([features[:, : self.prefix_tokens], mean], dim=1)


def embedding_of(network: Any, features: torch.Tensor) -> torch.Tensor:
    """What the last linear layer sees: (B, D). Two class tokens (DeiT, distilled) stand side by side."""
    pooled = network.forward_head(features, pre_logits=True)
    if isinstance(pooled, tuple):
        pooled = torch.cat(pooled, dim=1)
    return torch.flatten(pooled, 1)


def logits_of(
    network: Any, features: torch.Tensor, embedding: torch.Tensor, anatomy: Anatomy
) -> torch.Tensor:
    """(B, K), from the embedding where that is all the head does with it."""
    if anatomy.has_linear_end:
        return _classify(network, embedding)
    logits: torch.Tensor = network.forward_head(features)
    return logits


def examine(network: Any, pre: Preprocessing) -> Anatomy:
    """Find out how a network ends. It is in eval mode; one random image is put through its encoder."""
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        image = torch.randn(1, pre.channels, pre.input_size, pre.input_size, generator=generator)
        features = network.forward_features(image.to(device))
        if not isinstance(features, torch.Tensor):
            return Anatomy(None, 0, False, False, None, "its features are not one grid")
        trial = torch.randn(features.shape, generator=generator).to(device)
        embedding = embedding_of(network, trial)
        is_single = isinstance(network.get_classifier(), nn.Module)
        linear = is_single and _agree(_classify(network, embedding), network.forward_head(trial))
    layout, prefix = _layout_of(network, features)
    why = getattr(network, "why_no_map", "") or "its features are not a grid"  # ONNX says it itself
    anatomy = Anatomy(layout, prefix, linear, False, None, "" if layout else why)
    if layout is None:
        return anatomy
    if _reaches_grid(network, anatomy, trial):
        first = _sees_the_mean_alone(network, anatomy, trial, embedding)
        ends = linear and isinstance(network.get_classifier(), nn.Linear | nn.Conv2d)
        closed = first and ends and _agree(embedding, anatomy.as_grid(trial).mean(dim=(2, 3)))
        return Anatomy(layout, prefix, linear, closed, None, pools_first=first)
    target = _last_norm(network)
    if target is None:
        why = "its class token hides the grid and its last block has no first norm"
        return Anatomy(layout, prefix, linear, False, None, why)

    def embed(features: torch.Tensor) -> torch.Tensor:
        return embedding_of(network, features)

    tail = find_tail(network, prefix, image.to(device), embed)
    return Anatomy(layout, prefix, linear, False, target, tail=tail)


def _classify(network: Any, embedding: torch.Tensor) -> torch.Tensor:
    classifier = network.get_classifier()
    if isinstance(classifier, nn.Conv2d):
        cells: torch.Tensor = classifier(embedding[:, :, None, None])
        return cells.flatten(1)
    logits: torch.Tensor = classifier(embedding)
    return logits


def _agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape:
        return False
    scale = max(float(other.abs().max()), 1e-12)
    return float((one - other).abs().max()) <= _TOLERANCE * scale


def _layout_of(network: Any, features: torch.Tensor) -> tuple[Layout | None, int]:
    if features.ndim == 4:
        if features.shape[1] == features.shape[3]:  # as many channels as columns: the network has to say
            return ("NHWC" if getattr(network, "output_fmt", "NCHW") == "NHWC" else "NCHW"), 0
        return ("NHWC" if features.shape[3] == network.num_features else "NCHW"), 0
    if features.ndim == 3:
        prefix = int(getattr(network, "num_prefix_tokens", 0))
        count = features.shape[1] - prefix
        is_grid = count > 1 and _is_square(count)  # PiT gives its class token alone
        return ("tokens", prefix) if is_grid else (None, 0)
    return None, 0


def _is_square(count: int) -> bool:
    return count > 0 and count == math.isqrt(count) ** 2


def _reaches_grid(network: Any, anatomy: Anatomy, trial: torch.Tensor) -> bool:
    """Whether what the head gives depends on the grid at all."""
    with torch.enable_grad():
        leaf = trial.clone().requires_grad_()
        embedding = embedding_of(network, leaf.clone())
        direction = torch.linspace(-1.0, 1.0, embedding.shape[1], device=embedding.device) ** 3
        (gradient,) = torch.autograd.grad((embedding * direction).sum(), leaf)
    return bool(anatomy.as_grid(gradient).abs().max() > 0)


def _sees_the_mean_alone(
    network: Any, anatomy: Anatomy, trial: torch.Tensor, embedding: torch.Tensor
) -> bool:
    """Whether embedding and logits stay the same when the grid is replaced by its mean."""
    try:
        with torch.no_grad():
            pooled = anatomy.pooled(trial)
            same = _agree(embedding_of(network, pooled), embedding)
            return same and _agree(network.forward_head(pooled), network.forward_head(trial))
    except (RuntimeError, ValueError, AssertionError):  # a head that wants a grid of a fixed size
        return False


def _last_norm(network: Any) -> nn.Module | None:
    if hasattr(network, "last_norm"):  # torchvision's, as this program shapes them
        found = network.last_norm()
        return found if isinstance(found, nn.Module) else None
    blocks = getattr(network, "blocks", None)
    if not isinstance(blocks, nn.Sequential | nn.ModuleList) or len(blocks) == 0:
        return None
    norm = getattr(blocks[-1], "norm1", None)
    return norm if isinstance(norm, nn.Module) else None
