"""Heatmaps: where in the features the evidence for a finding lies.

A map is signed and on the logit's own scale. For the plain method it is

    map_k = sum over channels c of a_kc f_c,    a_kc = sum over positions of d logit_k / d f_c

which is grad-cam's raw map times the number of positions (Selvaraju et al. 2017, eq. 1 and 2, without
the ReLU). Where a network pools by the mean and ends in a linear layer, a_kc is W_kc, no gradient is
needed, and the map's mean plus the bias is the logit. The other methods are those of the grad-cam
package, given the same features and gradients, before it cuts them at zero and stretches them to 0-1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.anatomy import embedding_of, logits_of
from inference.class_token import Tail
from inference.errors import CannotExplain
from inference.methods import ONE_PASS
from inference.network import LoadedModel, head_of

METHODS = ONE_PASS

_COPIES = 64  # (image, finding) pairs that go through a head together, for their gradients


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """What one pass over a batch gave, on the CPU.

    `embedding` (B, D), `logits` (B, K), `maps` (B, K, h, w) or None where none were asked for.
    `features` are what `from_features` takes, on the model's device: what the encoder gave, or what enters
    the last block where a class token is pooled. None where the encoder gives no tensor.
    """

    embedding: NDArray[np.float32]
    logits: NDArray[np.float32]
    maps: NDArray[np.float32] | None
    features: torch.Tensor | None = None


def run(model: LoadedModel, batch: torch.Tensor, method: str | None = None) -> Pass:
    """Run the encoder once; embedding, logits and, with a `method`, the maps of all findings.

    Parameters
    ----------
    batch
        (B, C, S, S) float32 on the model's device.

    Raises
    ------
    CannotExplain
        The method is unknown, or this network has no grid of features.
    """
    if method is not None:
        _check_can_explain(model, method)
        if not can_explain_from_features(model):
            return _run_with_leaf_inside(model, batch, method)
    return from_features(model, model.encoder.features(batch), method)


def from_features(model: LoadedModel, features: torch.Tensor, method: str | None = None) -> Pass:
    """The same from features that an earlier pass gave, without running the encoder.

    Parameters
    ----------
    features
        `Pass.features`, (B, ...) float32 on the model's device.

    Raises
    ------
    CannotExplain
        As `run`; also where what is explained lies inside the encoder (`can_explain_from_features`).
    """
    if method is not None:
        _check_can_explain(model, method)
    if method is None or (method == "gradcam" and model.anatomy.is_pool_and_linear):
        return _closed_form(model, features, method is not None)
    if not can_explain_from_features(model):
        raise CannotExplain(f"{model.card.name or model.card.id} is explained inside its encoder.")
    if model.anatomy.tail is not None:
        return _from_last_block(model, model.anatomy.tail, features, method)
    if model.anatomy.pools_first:
        return _with_pooled_gradients(model, features, method)
    return _with_gradients(model, features, method)


def can_explain_from_features(model: LoadedModel) -> bool:
    """Whether maps need nothing but the features; not where a class token is pooled in an unknown way."""
    anatomy = model.anatomy
    return not anatomy.why_no_map and (anatomy.target is None or anatomy.tail is not None)


def joined(parts: Sequence[Pass]) -> Pass:
    """The pass of a batch that was computed in parts. Their features may lie on different devices."""
    if len(parts) == 1:
        return parts[0]
    maps = [part.maps for part in parts if part.maps is not None]
    features = [part.features for part in parts if part.features is not None]
    return Pass(
        np.concatenate([part.embedding for part in parts]),
        np.concatenate([part.logits for part in parts]),
        np.concatenate(maps) if len(maps) == len(parts) else None,
        torch.cat([f.to(features[-1].device) for f in features]) if len(features) == len(parts) else None,
    )


def _check_can_explain(model: LoadedModel, method: str) -> None:
    if method not in METHODS:
        raise CannotExplain(f"There is no method called {method!r}; expected one of {', '.join(METHODS)}.")
    if model.anatomy.why_no_map:
        raise CannotExplain(
            f"{model.card.name or model.card.id} ({model.card.architecture}) gives no heatmaps: "
            f"{model.anatomy.why_no_map}."
        )


def _closed_form(model: LoadedModel, features: torch.Tensor, with_maps: bool) -> Pass:
    """Logits, and maps as `W_k . f`: no gradient is needed. Without maps it is how any network ends."""
    anatomy, network = model.anatomy, model.network
    with torch.inference_mode():
        if anatomy.is_pool_and_linear:
            head = head_of(network)
            assert head is not None, "pool + linear networks have a linear head"
            grid = anatomy.as_grid(features)
            rows, columns = grid.shape[2:]
            cells = grid.flatten(2)  # (B, C, h w)
            embedding = cells.mean(dim=2)
            logits = torch.addmm(head[1], embedding, head[0].T)
            maps = (
                torch.matmul(head[0], cells).reshape(-1, len(head[0]), rows, columns) if with_maps else None
            )
            return Pass(_array(embedding), _array(logits), None if maps is None else _array(maps), features)
        seen = features
        if anatomy.tail is not None:
            seen = anatomy.tail.features(anatomy.tail.keys_and_values(features))
        embedding = embedding_of(network, seen)
        logits = logits_of(network, seen, embedding, anatomy)
    is_tensor = isinstance(features, torch.Tensor)
    return Pass(_array(embedding), _array(logits), None, features if is_tensor else None)


def _with_pooled_gradients(model: LoadedModel, features: torch.Tensor, method: str) -> Pass:
    """The head sees the mean over the grid alone: gradients go back to that, not to every position."""
    features = _plain(features)
    pooled = model.anatomy.pooled(features)
    embedding, logits, gradients = _head_gradients(model, pooled)  # (B, K, C, 1, 1)
    activations = model.anatomy.as_grid(features)
    if method == "gradcam":
        maps = torch.einsum("bkc,bchw->bkhw", gradients[..., 0, 0], activations)
        return Pass(_array(embedding), _array(logits), _array(maps), features)
    spread = gradients.expand(-1, -1, -1, *activations.shape[2:]) / activations[0, 0].numel()
    return Pass(_array(embedding), _array(logits), _maps_of(method, activations, spread), features)


def _with_gradients(model: LoadedModel, features: torch.Tensor, method: str) -> Pass:
    """For heads of any kind: gradients of every finding's logit at the features themselves."""
    features = _plain(features)
    embedding, logits, gradients = _head_gradients(model, features)
    maps = _maps_of(method, model.anatomy.as_grid(features), gradients)
    return Pass(_array(embedding), _array(logits), maps, features)


def _head_gradients(
    model: LoadedModel, features: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Embedding (B, D), logits (B, K) and their gradients (B, K, C, h, w) at features of that grid.

    Every finding has a copy of the features, so that one pass back gives the gradients of all. A head
    of large matrices (VGG's) reads them once for all findings.
    """
    network, anatomy = model.network, model.anatomy
    count = len(model.card.findings)
    embedding, logits, gradients = torch.empty(0), torch.empty(0), []
    at_once = max(1, _COPIES // len(features))
    for first in range(0, count, at_once):
        findings = torch.arange(first, min(first + at_once, count))
        shape = (len(findings), *features.shape)
        leaf = features.expand(shape).flatten(0, 1).requires_grad_()  # (k * B, ...), a copy
        with torch.enable_grad():
            seen = leaf.clone()  # a head that works in place must not touch the leaf
            embeddings = embedding_of(network, seen)
            all_logits = logits_of(network, seen, embeddings, anatomy)
            own = all_logits.reshape(*shape[:2], count)[torch.arange(len(findings)), :, findings]
            (gradient,) = torch.autograd.grad(own.sum(), leaf)
        grid = anatomy.as_grid(gradient)
        gradients.append(grid.reshape(*shape[:2], *grid.shape[1:]).transpose(0, 1))
        embedding, logits = embeddings[: len(features)].detach(), all_logits[: len(features)].detach()
    return embedding, logits, torch.cat(gradients, dim=1)


def _from_last_block(model: LoadedModel, tail: Tail, tokens: torch.Tensor, method: str) -> Pass:
    """From what enters the last block of a network that pools its class token."""
    tokens = _plain(tokens)
    if method != "gradcam":
        found = _with_leaf(model, lambda: tail.whole(tokens), method)
        return Pass(found.embedding, found.logits, found.maps, tokens)
    network, anatomy = model.network, model.anatomy
    count, images = len(model.card.findings), len(tokens)
    with torch.no_grad():
        seen = tail.keys_and_values(tokens)
    shift = torch.zeros(count, images, tokens.shape[2], device=tokens.device, requires_grad=True)
    with torch.enable_grad():
        features = tail.features(seen, shift)  # (K * B, P, C)
        embeddings = embedding_of(network, features)
        logits = logits_of(network, features, embeddings, anatomy)
        own = logits.reshape(count, images, count).diagonal(dim1=0, dim2=2)  # (B, K)
        (weights,) = torch.autograd.grad(own.sum(), shift)  # (K, B, C): summed over the patches
    maps = torch.einsum("kbc,bchw->bkhw", weights, anatomy.as_grid(seen.normed))
    return Pass(_array(embeddings[:images]), _array(logits[:images]), _array(maps), tokens)


def _run_with_leaf_inside(model: LoadedModel, batch: torch.Tensor, method: str) -> Pass:
    """Where a class token is pooled in a way that is not known: the general way, a pass back a finding."""
    network: Any = model.network
    return _with_leaf(model, lambda: network.forward_features(batch), method)


def _with_leaf(model: LoadedModel, encode: Callable[[], torch.Tensor], method: str) -> Pass:
    """Maps from gradients at the anatomy's target, where nothing before it is recorded."""
    target, anatomy = model.anatomy.target, model.anatomy
    assert target is not None
    leaves: list[torch.Tensor] = []

    def cut(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        leaves.append(output.detach().requires_grad_())
        return leaves[-1].clone()

    handle = target.register_forward_hook(cut)
    try:
        with torch.enable_grad():
            features = encode()
            embedding = embedding_of(model.network, features)
            logits = logits_of(model.network, features, embedding, anatomy)  # (B, K)
            of_all = [
                torch.autograd.grad(logits[:, k].sum(), leaves[-1], retain_graph=True)[0]
                for k in range(logits.shape[1])
            ]
    finally:
        handle.remove()
    gradients = torch.stack([anatomy.as_grid(gradient) for gradient in of_all], dim=1)
    maps = _maps_of(method, anatomy.as_grid(leaves[-1].detach()), gradients)
    return Pass(_array(embedding), _array(logits), maps, features.detach())


def _plain(features: torch.Tensor) -> torch.Tensor:
    """Features that autograd may keep: what was made under inference_mode has to be copied first."""
    return features.clone() if features.is_inference() else features.detach()


def _maps_of(method: str, activations: torch.Tensor, gradients: torch.Tensor) -> NDArray[np.float32]:
    """(B, K, h, w) from (B, C, h, w) activations and (B, K, C, h, w) gradients of the findings' logits."""
    if method == "gradcam":
        return _array(torch.einsum("bkc,bchw->bkhw", gradients.sum(dim=(3, 4)), activations))
    cam, values = _package_method(method), _array(activations)
    maps = [
        cam.get_cam_image(None, None, None, values, _array(gradients[:, k]), False)
        for k in range(gradients.shape[1])
    ]
    return np.stack(maps, axis=1).astype(np.float32)


@cache
def _package_method(method: str) -> Any:
    """The grad-cam package's class for a method, with no hooks: it is only asked for its formula.

    The package brings matplotlib, SciPy and scikit-learn and takes two seconds to import, so it is
    imported when one of its methods is first wanted.
    """
    import pytorch_grad_cam

    classes = {
        "gradcam++": pytorch_grad_cam.GradCAMPlusPlus,
        "hirescam": pytorch_grad_cam.HiResCAM,
        "layercam": pytorch_grad_cam.LayerCAM,
        "eigencam": pytorch_grad_cam.EigenCAM,
    }
    return classes[method](_Nothing(), target_layers=[])


class _Nothing(nn.Module):
    """The package wants a network with a parameter, to see which device it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(0))


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.detach().float().cpu().numpy(), dtype=np.float32)
