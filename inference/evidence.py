"""Heatmaps: where in the features the evidence for a finding lies.

A map is signed and on the logit's own scale. For the plain method it is

    map_k = sum over channels c of a_kc f_c,    a_kc = sum over positions of d logit_k / d f_c

which is grad-cam's raw map times the number of positions (Selvaraju et al. 2017, eq. 1 and 2, without
the ReLU). Where a network pools by the mean and ends in a linear layer, a_kc is W_kc, no gradient is
needed, and the map's mean plus the bias is the logit. The other methods are those of the grad-cam
package, given the same features and gradients, before it cuts them at zero and stretches them to 0-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.anatomy import embedding_of, logits_of
from inference.errors import CannotExplain
from inference.network import LoadedModel, head_of

METHODS = ("gradcam", "gradcam++", "hirescam", "layercam", "eigencam")


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """What one pass over a batch gave, on the CPU.

    `embedding` (B, D), `logits` (B, K), `maps` (B, K, h, w) or None where none were asked for.
    `features` are what `forward_features` gave, on the model's device; None where that is no tensor.
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
    if method is None or (method == "gradcam" and model.anatomy.is_pool_and_linear):
        return _run_closed_form(model, batch, method is not None)
    return _run_with_gradients(model, batch, method)


def from_features(model: LoadedModel, features: torch.Tensor, method: str | None = None) -> Pass:
    """The same from features that an earlier pass gave, without running the encoder.

    Parameters
    ----------
    features
        (B, ...) float32 on the model's device.

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
    with torch.enable_grad():
        return _with_gradients(model, features.detach().clone().requires_grad_(), None, method)


def can_explain_from_features(model: LoadedModel) -> bool:
    """Whether maps need nothing but the features; not where a class token alone is pooled."""
    return not model.anatomy.why_no_map and model.anatomy.target is None


def _check_can_explain(model: LoadedModel, method: str) -> None:
    if method not in METHODS:
        raise CannotExplain(f"There is no method called {method!r}; expected one of {', '.join(METHODS)}.")
    if model.anatomy.why_no_map:
        raise CannotExplain(
            f"{model.card.name or model.card.id} ({model.card.architecture}) gives no heatmaps: "
            f"{model.anatomy.why_no_map}."
        )


def _run_closed_form(model: LoadedModel, batch: torch.Tensor, with_maps: bool) -> Pass:
    network: Any = model.network
    with torch.inference_mode():
        features = network.forward_features(batch)
    return _closed_form(model, features, with_maps)


def _closed_form(model: LoadedModel, features: torch.Tensor, with_maps: bool) -> Pass:
    maps = None
    with torch.inference_mode():
        embedding = embedding_of(model.network, features)
        logits = logits_of(model.network, features, embedding, model.anatomy)
        if with_maps:
            head = head_of(model.network)
            assert head is not None, "pool + linear networks have a linear head"
            maps = torch.einsum("kc,bchw->bkhw", head[0], model.anatomy.as_grid(features))
    is_tensor = isinstance(features, torch.Tensor)
    return Pass(
        _array(embedding),
        _array(logits),
        None if maps is None else _array(maps),
        features if is_tensor else None,
    )


def _run_with_gradients(model: LoadedModel, batch: torch.Tensor, method: str) -> Pass:
    network: Any = model.network
    with torch.enable_grad():
        if model.anatomy.target is None:
            with torch.no_grad():
                leaf = network.forward_features(batch)
            return _with_gradients(model, leaf.detach().requires_grad_(), None, method)
        features, leaf = _features_from_leaf(network, batch, model.anatomy.target)
        return _with_gradients(model, leaf, features, method)


def _with_gradients(
    model: LoadedModel, leaf: torch.Tensor, features: torch.Tensor | None, method: str
) -> Pass:
    """Maps from the gradients at a leaf: the features themselves, or what they were computed from."""
    if features is None:
        features = leaf.clone()  # a head that works in place must not touch the leaf
    embedding = embedding_of(model.network, features)
    logits = logits_of(model.network, features, embedding, model.anatomy)  # (B, K)
    activations = model.anatomy.as_grid(leaf.detach())  # (B, C, h, w)
    maps = []
    for k in range(logits.shape[1]):
        (gradient,) = torch.autograd.grad(logits[:, k].sum(), leaf, retain_graph=True)
        maps.append(_map_of(method, activations, model.anatomy.as_grid(gradient)))
    return Pass(_array(embedding), _array(logits), np.stack(maps, axis=1), features.detach())


def _features_from_leaf(
    network: Any, batch: torch.Tensor, target: nn.Module
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the encoder with a leaf at `target`'s output: nothing before it is recorded for gradients."""
    leaves: list[torch.Tensor] = []

    def cut(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        leaves.append(output.detach().requires_grad_())
        return leaves[-1].clone()

    handle = target.register_forward_hook(cut)
    try:
        features: torch.Tensor = network.forward_features(batch)
    finally:
        handle.remove()
    return features, leaves[-1]


def _map_of(method: str, activations: torch.Tensor, gradients: torch.Tensor) -> NDArray[np.float32]:
    """(B, h, w) from (B, C, h, w) activations and gradients of one finding's logit."""
    if method == "gradcam":
        weights = gradients.sum(dim=(2, 3))
        return _array(torch.einsum("bc,bchw->bhw", weights, activations))
    cam = _package_method(method)
    raw = cam.get_cam_image(None, None, None, _array(activations), _array(gradients), False)
    return np.asarray(raw, dtype=np.float32)


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
