"""Heatmaps are those of the grad-cam package, for one pass instead of several."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from inference.errors import CannotExplain
from inference.evidence import METHODS, run
from inference.network import LoadedModel, build, head_of, prepare
from tests.inference.making import make_card

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Kind:
    """An architecture, the layer that grad-cam is to look at, and what is expected of it."""

    architecture: str
    side: int
    layer: Callable[[Any], nn.Module]
    is_pool_and_linear: bool
    as_grid: Callable[[torch.Tensor], torch.Tensor] | None = None


def tokens(prefix: int) -> Callable[[torch.Tensor], torch.Tensor]:
    def as_grid(x: torch.Tensor) -> torch.Tensor:
        side = int((x.shape[1] - prefix) ** 0.5)
        return x[:, prefix:].reshape(x.shape[0], side, side, -1).permute(0, 3, 1, 2)

    return as_grid


KINDS = [
    Kind("test_resnet", 96, lambda n: n.layer4, True),
    Kind("resnet18", 96, lambda n: n.layer4, True),
    Kind("mobilenetv3_small_050", 96, lambda n: n.blocks[-1], False),
    Kind("test_efficientnet", 96, lambda n: n.bn2, True),
    Kind("efficientnet_b0", 64, lambda n: n.bn2, True),
    Kind("test_convnext", 96, lambda n: n.stages[-1], False),
    Kind("densenet121", 64, lambda n: n.features, True),
    Kind("test_vit", 160, lambda n: n.blocks[-1].norm1, False, tokens(1)),
    Kind("test_vit2", 160, lambda n: n.norm, False, tokens(1)),
    Kind("test_mambaout", 96, lambda n: n.stages[-1], False, lambda x: x.permute(0, 3, 1, 2)),
    Kind("swin_tiny_patch4_window7_224", 64, lambda n: n.norm, True, lambda x: x.permute(0, 3, 1, 2)),
]


def make_model(architecture: str, side: int, **values: object) -> LoadedModel:
    torch.manual_seed(0)
    card = make_card(architecture, side, **values)
    network = build(card)
    head = head_of(network)
    assert head is not None
    nn.init.normal_(head[0], std=0.1)
    nn.init.normal_(head[1])
    return prepare(card, network, CPU)


def reference(
    model: LoadedModel, kind: Kind, x: torch.Tensor, finding: int, method: str = "GradCAM"
) -> NDArray[np.float32]:
    """The grad-cam package's map before it is cut at zero and stretched, from its own hooks: (B, h, w)."""
    import pytorch_grad_cam

    network = copy.deepcopy(model.network).requires_grad_(True)
    layer = kind.layer(network)
    with getattr(pytorch_grad_cam, method)(network, [layer], kind.as_grid) as cam:
        outputs = cam.activations_and_grads(x)
        outputs[:, finding].sum().backward()
        activations = cam.activations_and_grads.activations[0].numpy()
        gradients = cam.activations_and_grads.gradients[0].numpy()
        return np.asarray(cam.get_cam_image(x, layer, None, activations, gradients, False))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.architecture)
def test_maps_are_grad_cams_times_the_number_of_positions(kind: Kind) -> None:
    model = make_model(kind.architecture, kind.side)
    assert model.anatomy.is_pool_and_linear == kind.is_pool_and_linear
    x = torch.randn(2, 1, kind.side, kind.side)
    found = run(model, x, "gradcam")
    assert found.maps is not None
    with torch.inference_mode():
        assert np.allclose(found.logits, model.network(x).numpy(), atol=1e-5)
    for finding in range(3):
        theirs = reference(model, kind, x, finding)
        theirs = theirs * theirs[0].size
        assert found.maps[:, finding].shape == theirs.shape
        assert np.abs(theirs).max() > 0
        assert np.abs(found.maps[:, finding] - theirs).max() <= 1e-5 * np.abs(theirs).max()


@pytest.mark.parametrize(
    ("method", "theirs"),
    [
        ("gradcam++", "GradCAMPlusPlus"),
        ("hirescam", "HiResCAM"),
        ("layercam", "LayerCAM"),
        ("eigencam", "EigenCAM"),
    ],
)
@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2]], ids=lambda kind: kind.architecture)
def test_further_methods_are_the_packages(kind: Kind, method: str, theirs: str) -> None:
    model, x = make_model(kind.architecture, kind.side), torch.randn(1, 1, kind.side, kind.side)
    found = run(model, x, method)
    assert found.maps is not None
    expected = reference(model, kind, x, 2, theirs)
    assert np.abs(found.maps[:, 2] - expected).max() <= 1e-4 * np.abs(expected).max()


def test_a_maps_mean_plus_the_bias_is_the_logit_where_networks_pool_and_end_linearly() -> None:
    model = make_model("test_resnet", 96)
    found = run(model, torch.randn(2, 1, 96, 96), "gradcam")
    head = head_of(model.network)
    assert found.maps is not None
    assert head is not None
    assert np.allclose(found.maps.mean(axis=(2, 3)) + head[1].numpy(), found.logits, atol=1e-5)
    assert np.allclose(found.embedding @ head[0].numpy().T + head[1].numpy(), found.logits, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "side"),
    [
        pytest.param("vgg11", 32, marks=pytest.mark.slow),
        ("test_vit3", 160),
        ("test_vit4", 160),
        ("test_byobnet", 64),
        ("test_nfnet", 64),
        ("test_maxvit", 64),
        ("test_efficientnet_ln", 64),
    ],
)
def test_other_kinds_of_networks_are_explained_too(architecture: str, side: int) -> None:
    model = make_model(architecture, side)
    x = torch.randn(1, 1, side, side)
    found = run(model, x, "gradcam")
    assert found.maps is not None
    assert found.maps.shape[1] == 3
    assert np.abs(found.maps).max() > 0
    with torch.inference_mode():
        assert np.allclose(found.logits, model.network(x).numpy(), atol=1e-4)


def test_a_network_without_one_grid_predicts_but_is_not_explained() -> None:
    model = prepare(
        make_card("levit_128s", 224),
        build(
            make_card(
                "levit_128s",
                224,
            )
        ),
        CPU,
    )
    x = torch.randn(1, 1, 224, 224)
    with torch.inference_mode():
        assert np.allclose(run(model, x).logits, model.network(x).numpy(), atol=1e-5)


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2], KINDS[7]], ids=lambda kind: kind.architecture)
@pytest.mark.parametrize("method", METHODS)
def test_the_encoder_runs_once_for_all_findings(kind: Kind, method: str) -> None:
    model = make_model(kind.architecture, kind.side)
    runs = []
    first = next(m for m in model.network.modules() if isinstance(m, nn.Conv2d))
    handle = first.register_forward_hook(lambda *_: runs.append(1))
    run(model, torch.randn(1, 1, kind.side, kind.side), method)
    handle.remove()
    assert len(runs) == 1


def test_explaining_leaves_no_hook_and_no_gradient_behind() -> None:
    model = make_model("test_vit", 160)
    target = model.anatomy.target
    assert target is not None
    run(model, torch.randn(1, 1, 160, 160), "gradcam")
    with pytest.raises(RuntimeError):
        run(model, torch.randn(1, 2, 160, 160), "gradcam")
    broken = target.register_forward_hook(lambda *_: torch.zeros(1, 1, 1, 1, 1))
    with pytest.raises(Exception):  # noqa: B017
        run(model, torch.randn(1, 1, 160, 160), "gradcam")
    broken.remove()
    assert not target._forward_hooks
    assert not any(p.requires_grad or p.grad is not None for p in model.network.parameters())


def test_a_method_that_does_not_exist_is_told() -> None:
    with pytest.raises(CannotExplain, match="no method called 'magic'; expected one of gradcam"):
        run(make_model("test_resnet", 96), torch.randn(1, 1, 96, 96), "magic")
