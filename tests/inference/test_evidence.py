"""Heatmaps are those of the grad-cam package, for one pass instead of several."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from inference.errors import CannotExplain
from inference.evidence import METHODS, can_explain_from_features, from_features, joined, run
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
    pools_first: bool = True


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
    Kind("test_vit", 160, lambda n: n.blocks[-1].norm1, False, tokens(1), pools_first=False),
    Kind("test_vit2", 160, lambda n: n.norm, False, tokens(1)),
    Kind("test_mambaout", 96, lambda n: n.stages[-1], False, lambda x: x.permute(0, 3, 1, 2)),
    Kind("swin_tiny_patch4_window7_224", 64, lambda n: n.norm, True, lambda x: x.permute(0, 3, 1, 2)),
    Kind("torchvision/resnet18", 64, lambda n: n.layer4, True),
    Kind("torchvision/mobilenet_v3_small", 64, lambda n: n.features, False),
    Kind("torchvision/convnext_tiny", 64, lambda n: n.features, False),
    Kind("torchvision/swin_t", 64, lambda n: n.permute, True),
    Kind("torchvision/squeezenet1_1", 64, lambda n: n.features, False, pools_first=False),
]
CLASS_TOKENS = [
    pytest.param("test_vit", 160, id="test_vit"),
    pytest.param("vit_tiny_patch16_224", 224, id="vit_tiny"),
    pytest.param("deit_tiny_distilled_patch16_224", 224, id="two-tokens"),
    pytest.param("torchvision/vit_b_16", 224, marks=pytest.mark.slow, id="torchvision"),
]


def make_model(architecture: str, side: int, **values: object) -> LoadedModel:
    torch.manual_seed(0)
    card = make_card(architecture, side, **values)
    network = build(card)
    last: Any = network.get_classifier()  # type: ignore[operator]
    for layer in last if isinstance(last, tuple) else [last]:
        nn.init.normal_(layer.weight, std=0.1)
        if layer.bias is not None:
            nn.init.normal_(layer.bias)
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
    assert model.anatomy.pools_first == kind.pools_first
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
@pytest.mark.parametrize("kind", [KINDS[n] for n in (0, 2, 7, 9, 10, 15)], ids=lambda kind: kind.architecture)
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


@pytest.mark.parametrize(("architecture", "side"), CLASS_TOKENS)
@pytest.mark.parametrize("method", ["gradcam", "layercam"])
def test_the_class_tokens_own_way_gives_what_the_general_way_gives(
    architecture: str, side: int, method: str
) -> None:
    model = make_model(architecture, side)
    assert model.anatomy.tail is not None
    general = replace(model, anatomy=replace(model.anatomy, tail=None))
    x = torch.randn(2, 1, side, side)
    quick, whole = run(model, x, method), run(general, x, method)
    assert np.allclose(quick.logits, whole.logits, atol=1e-5)
    assert np.allclose(quick.embedding, whole.embedding, atol=1e-4)
    assert quick.maps is not None
    assert whole.maps is not None
    assert np.abs(quick.maps - whole.maps).max() <= 1e-5 * np.abs(whole.maps).max()


@pytest.mark.parametrize("kind", [KINDS[n] for n in (0, 2, 5, 7, 15)], ids=lambda kind: kind.architecture)
@pytest.mark.parametrize("method", [None, *METHODS])
def test_kept_features_give_the_same_without_the_encoder(kind: Kind, method: str | None) -> None:
    model, x = make_model(kind.architecture, kind.side), torch.randn(2, 1, kind.side, kind.side)
    first = run(model, x, method)
    assert first.features is not None
    assert can_explain_from_features(model)
    second = from_features(model, first.features, method)
    assert np.array_equal(first.logits, second.logits)
    assert np.array_equal(first.embedding, second.embedding)
    if method is not None:
        assert first.maps is not None
        assert second.maps is not None
        assert np.allclose(first.maps, second.maps, rtol=1e-5, atol=1e-7)


def test_a_batch_in_parts_is_the_batch() -> None:
    model, x = make_model("test_resnet", 96), torch.randn(3, 1, 96, 96)
    whole, parts = run(model, x, "gradcam"), joined([run(model, part, "gradcam") for part in x.split(2)])
    for name in ("logits", "embedding", "maps", "features"):
        assert np.allclose(getattr(parts, name), getattr(whole, name), atol=1e-5)


def test_more_findings_than_go_through_a_head_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.evidence._COPIES", 4)
    model, x = make_model("torchvision/squeezenet1_1", 64), torch.randn(2, 1, 64, 64)
    in_two = run(model, x, "gradcam").maps
    monkeypatch.undo()
    at_once = run(model, x, "gradcam").maps
    assert in_two is not None
    assert at_once is not None
    assert np.allclose(in_two, at_once, rtol=1e-4, atol=1e-6)


class WithoutRectifyingInPlace(nn.Module):
    """torchvision's DenseNet with the rectifier after its features as a layer that can be hooked."""

    def __init__(self, network: Any):
        super().__init__()
        self.features, self.rectify = network.features, nn.ReLU()
        self.classifier = network.classifier

    def forward(self, x: torch.Tensor) -> Any:
        return self.classifier(self.rectify(self.features(x)).mean(dim=(2, 3)))


def test_densenet_of_torchvision_is_right_where_the_package_reads_what_was_overwritten() -> None:
    """torchvision rectifies the last norm's output in place, after the package's hook has kept a view of it.

    The package then multiplies rectified activations with gradients from before the rectifier. With a
    rectifier that leaves its input alone its maps are ours.
    """
    import pytorch_grad_cam
    import torchvision

    model = make_model("torchvision/densenet121", 64)
    x = torch.randn(1, 1, 64, 64)
    ours = run(model, x, "gradcam").maps
    assert ours is not None
    theirs = torchvision.models.densenet121(num_classes=3)
    theirs.features.conv0 = copy.deepcopy(model.network.features.conv0)  # type: ignore[union-attr]
    theirs.load_state_dict(model.network.state_dict())
    theirs.eval()

    def raw(network: nn.Module, layer: nn.Module) -> NDArray[np.float32]:
        with pytorch_grad_cam.GradCAM(network, [layer]) as cam:
            cam.activations_and_grads(x)[:, 1].sum().backward()
            kept = cam.activations_and_grads
            found = cam.get_cam_image(
                x, layer, None, kept.activations[0].numpy(), kept.gradients[0].numpy(), False
            )
            return np.asarray(found) * found[0].size

    corrected = WithoutRectifyingInPlace(copy.deepcopy(theirs)).eval()
    peak = np.abs(ours[:, 1]).max()
    assert np.abs(raw(corrected, corrected.rectify) - ours[:, 1]).max() <= 1e-5 * peak
    assert np.abs(raw(theirs, theirs.features) - ours[:, 1]).max() > 0.1 * peak


@pytest.mark.parametrize(
    ("architecture", "side"),
    [
        pytest.param("vgg11", 32, marks=pytest.mark.slow),
        pytest.param("torchvision/vgg11", 64, marks=pytest.mark.slow),
        pytest.param("torchvision/maxvit_t", 224, marks=pytest.mark.slow),
        pytest.param("beit_base_patch16_224", 224, marks=pytest.mark.slow),
        pytest.param("xception41", 96, marks=pytest.mark.slow),
        pytest.param("vit_base_patch16_siglip_224", 224, marks=pytest.mark.slow),
        pytest.param("cait_xxs24_224", 224, marks=pytest.mark.slow),
        pytest.param("eva02_tiny_patch14_224", 224, marks=pytest.mark.slow),
        pytest.param("vgg11", 224, marks=pytest.mark.slow),
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


def test_one_token_is_no_grid() -> None:
    model = make_model("pit_ti_224", 224)
    with pytest.raises(CannotExplain, match="its features are not a grid"):
        run(model, torch.randn(1, 1, 224, 224), "gradcam")


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
