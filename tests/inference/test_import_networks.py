"""Networks of many kinds are imported, predict and are explained: random weights, small inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from inference.architectures import classifier_names, create
from inference.errors import InferenceError, InvalidWeights
from inference.heads import read_head
from inference.importing import import_weights
from inference.network import load
from inference.predictor import Predictor
from inference.registry import ModelRegistry
from tests.inference.making import FINDINGS, make_image

NAMES = tuple(f.name for f in FINDINGS)
CPU = torch.device("cpu")
THE_SEVEN = (
    "resnet18", "mobilenetv3_small_100", "efficientnet_b0", "densenet121", "vit_tiny_patch16_224",
    pytest.param("resnet50", marks=pytest.mark.slow), pytest.param("convnext_tiny", marks=pytest.mark.slow),
)  # fmt: skip
OTHERS = (
    "convnext_atto", "test_vit", "test_mambaout", "test_nfnet", "deit_tiny_distilled_patch16_224",
    "edgenext_xx_small", "efficientvit_b0", "dla46x_c", "lcnet_035", "mobilevit_xxs", "regnetx_002",
    "poolformerv2_s12", "pvt_v2_b0", "xcit_nano_12_p16_224", "torchvision/mobilenet_v2",
    "torchvision/squeezenet1_1", "torchvision/shufflenet_v2_x0_5", "torchvision/mnasnet0_5",
    *(pytest.param(name, marks=pytest.mark.slow) for name in (
        "swin_tiny_patch4_window7_224", "xception", "torchvision/vgg16", "torchvision/vit_b_32",
        "torchvision/swin_t", "torchvision/googlenet", "torchvision/densenet121",
    )),
)  # fmt: skip


def make_state(name: str, side: int = 64, findings: int = 3, channels: int = 3) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    network: Any = create(name, findings, channels, side)
    for head in classifier_names(network):
        layer = network.get_submodule(head)
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.normal_(layer.weight, std=0.1)
    return {key: tensor.clone() for key, tensor in network.state_dict().items()}


@pytest.mark.parametrize("name", [*THE_SEVEN, *OTHERS])
def test_any_network_is_imported_predicts_and_is_explained(
    tmp_path: Path, registry: ModelRegistry, name: str
) -> None:
    side = 96 if "xception" in name else 64
    state = make_state(name, side)
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    card = import_weights(registry, tmp_path / "w.safetensors", name, NAMES, input_size=side)
    assert card.architecture == name
    assert card.data["imported"]["notes"] == []
    stored = safetensors.torch.load_file(registry.weights_path(card))
    assert stored.keys() == state.keys()
    model = load(card, registry, CPU)
    look = Predictor(model).look(make_image(), maps=NAMES)
    assert sum(f.probability for f in look.prediction.findings) == pytest.approx(1)
    assert all(np.isfinite(h.grid).all() for h in look.heatmaps)
    assert any(h.grid.any() for h in look.heatmaps)
    if card.head == "none":
        with pytest.raises(InvalidWeights, match="no linear head of 3 findings"):
            read_head(card, registry.weights_path(card))
    else:
        weight, bias = read_head(card, registry.weights_path(card))
        logits = torch.from_numpy(weight @ look.embedding + bias)
        expected = torch.tensor([f.probability for f in look.prediction.findings])
        torch.testing.assert_close(torch.softmax(logits, 0), expected, rtol=1e-3, atol=1e-4)


def test_a_bare_name_becomes_torchvisions_where_only_its_keys_fit(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    torch.save(make_state("torchvision/efficientnet_b0"), tmp_path / "w.pth")
    card = import_weights(registry, tmp_path / "w.pth", "efficientnet_b0", NAMES, input_size=64)
    assert card.architecture == "torchvision/efficientnet_b0"
    assert card.data["imported"]["notes"] == [
        "the keys fit torchvision's efficientnet_b0 and not timm's, so it is torchvision/efficientnet_b0"
    ]
    torch.save(make_state("resnet18"), tmp_path / "r.pth")
    assert import_weights(registry, tmp_path / "r.pth", "resnet18", NAMES).architecture == "resnet18"
    full = "torchvision/efficientnet_b0"
    only = import_weights(registry, tmp_path / "w.pth", full, ["a", "b", "c"], input_size=64)
    assert only.data["imported"]["notes"] == []
    torch.save(make_state("torchvision/mnasnet0_5"), tmp_path / "m.pth")
    assert import_weights(registry, tmp_path / "m.pth", "mnasnet0_5", NAMES, input_size=64).architecture == (
        "torchvision/mnasnet0_5"
    )


def test_auxiliary_heads_are_left_out_and_told(tmp_path: Path, registry: ModelRegistry) -> None:
    state = make_state("torchvision/googlenet")
    state |= {"aux1.fc1.weight": torch.zeros(4, 4), "aux2.fc2.bias": torch.zeros(3)}
    torch.save(state, tmp_path / "w.pth")
    card = import_weights(registry, tmp_path / "w.pth", "googlenet", NAMES, input_size=64)
    assert card.data["imported"]["notes"] == [
        "its auxiliary heads were left out (2 tensors); they only help to train"
    ]
    torch.save(make_state("test_resnet") | {"aux1.fc1.weight": torch.zeros(4)}, tmp_path / "r.pth")
    with pytest.raises(InvalidWeights, match=r"aux1\.fc1\.weight is not expected"):
        import_weights(registry, tmp_path / "r.pth", "test_resnet", NAMES)


@pytest.mark.parametrize("name", ["deit_tiny_distilled_patch16_224", "torchvision/densenet121", "levit_128s"])
def test_heads_of_another_size_are_replaced_whatever_they_are(
    tmp_path: Path, registry: ModelRegistry, name: str
) -> None:
    torch.save(make_state(name, findings=7), tmp_path / "w.pth")
    card = import_weights(registry, tmp_path / "w.pth", name, NAMES, input_size=64)
    assert not card.head_trained
    assert "its head of 7 findings was replaced" in card.data["imported"]["notes"][0]
    with pytest.raises(InferenceError, match="has not been trained yet"):
        Predictor(load(card, registry, CPU)).look(make_image())


def test_a_new_head_is_made_where_that_is_asked_for(tmp_path: Path, registry: ModelRegistry) -> None:
    state = make_state("test_resnet")
    del state["fc.weight"], state["fc.bias"]
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InvalidWeights, match=r"fc\.weight is missing, fc\.bias is missing"):
        import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)
    card = import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES, new_head=True)
    assert not card.head_trained


def test_names_with_dots_of_old_densenets_are_understood(tmp_path: Path, registry: ModelRegistry) -> None:
    state = make_state("torchvision/densenet121")
    old = {
        key.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2.")
        if "denselayer" in key
        else key: value
        for key, value in state.items()
    }
    assert old.keys() != state.keys()
    torch.save(old, tmp_path / "w.pth")
    card = import_weights(registry, tmp_path / "w.pth", "torchvision/densenet121", NAMES, input_size=64)
    assert safetensors.torch.load_file(registry.weights_path(card)).keys() == state.keys()


@pytest.mark.slow
def test_what_is_no_classifier_is_told(tmp_path: Path, registry: ModelRegistry) -> None:
    torch.save(make_state("test_resnet"), tmp_path / "w.pth")
    with pytest.raises(InferenceError, match="it is no image classifier"):
        import_weights(registry, tmp_path / "w.pth", "gemma4_vit_167m_enc", NAMES)


def test_weights_alone_need_an_architecture(tmp_path: Path, registry: ModelRegistry) -> None:
    torch.save(make_state("test_resnet"), tmp_path / "w.pth")
    with pytest.raises(InferenceError, match="holds weights alone; --arch"):
        import_weights(registry, tmp_path / "w.pth", "", NAMES)


def test_whole_numbers_are_no_weights(tmp_path: Path, registry: ModelRegistry) -> None:
    state = make_state("test_resnet")
    state["fc.weight"] = state["fc.weight"].to(torch.int8)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InvalidWeights, match=r"fc\.weight is int8, expected float32"):
        import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)
