"""Networks by name: timm's, and torchvision's in timm's shape."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
import torch

from inference import torchvision_networks
from inference.anatomy import examine
from inference.architectures import classifier_names, create, full_name, namesake, usual_input
from inference.card import Preprocessing
from inference.errors import UnknownArchitecture
from inference.torchvision_networks import TimmShape, names, set_dropout, set_stochastic_depth
from training.learning.networks import moving_parameters

# One of each class of torchvision's, the smallest, with an input size that it can take.
ONE_OF_EACH = {
    "alexnet": 64, "vgg11": 64, "resnet18": 64, "densenet121": 64, "squeezenet1_1": 64, "googlenet": 64,
    "inception_v3": 96, "mobilenet_v2": 64, "mobilenet_v3_small": 64, "efficientnet_b0": 64, "mnasnet0_5": 64,
    "shufflenet_v2_x0_5": 64, "regnet_y_400mf": 64, "convnext_tiny": 64, "vit_b_32": 64, "swin_t": 64,
    "maxvit_t": 224,
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_torchvision_network_answers_as_torchvisions_own_forward_does(name: str) -> None:
    side = ONE_OF_EACH[name]
    torch.manual_seed(0)
    network: Any = create(f"torchvision/{name}", 5, 3, side).eval()
    (head,) = classifier_names(network)
    torch.nn.init.normal_(network.get_submodule(head).weight)
    x = torch.randn(1, 3, side, side)
    with torch.inference_mode():
        own = super(TimmShape, network).forward(x)  # type: ignore[misc]
        features = network.forward_features(x)
        assert torch.equal(network(x), own)
        assert torch.equal(network.forward_head(features), own)
    assert own.shape == (1, 5)
    assert features.shape[1 if features.ndim == 4 else 2] == network.num_features
    anatomy = examine(network, Preprocessing(side))
    assert anatomy.why_no_map == ""
    assert anatomy.has_linear_end == (name != "squeezenet1_1")
    stages = [moving_parameters(network, depth) for depth in ("head", "last", "half", "all")]
    assert all(a < b for a, b in pairwise(stages)), [len(s) for s in stages]
    assert {n.rpartition(".")[0] for n in stages[0]} == {head}


def test_a_networks_keys_are_torchvisions_own_and_survive_a_copy() -> None:
    import torchvision.models as zoo

    network = create("torchvision/mnasnet0_5", 4, 3, 64)
    theirs = zoo.mnasnet0_5(num_classes=4)
    assert list(network.state_dict()) == list(theirs.state_dict())
    by_name = {k: v.clone() for k, v in theirs.state_dict().items()}  # without torchvision's version number
    network.load_state_dict(by_name)
    twin = copy.deepcopy(network).eval()
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(twin(x), theirs.eval()(x))


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "vit_b_32", "mobilenet_v3_small"])
def test_a_grey_network_gives_what_three_equal_colours_would(name: str) -> None:
    network = create(f"torchvision/{name}", 3, 1, 64).eval()
    with torch.inference_mode():
        assert network(torch.randn(2, 1, 64, 64)).shape == (2, 3)


def test_every_classification_network_of_torchvision_has_a_family_and_statistics() -> None:
    assert len(names()) >= 80
    for name in names():
        side, mean, std = usual_input(f"torchvision/{name}")
        assert side >= 224
        assert torchvision_networks._class_of(name) in torchvision_networks._FAMILIES
        assert len(mean) == len(std) == 3
    assert usual_input("torchvision/inception_v3") == (299, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_a_bare_name_is_timms_where_timm_knows_it_and_torchvisions_else() -> None:
    assert full_name("resnet18") == "resnet18"
    assert full_name("resnet18.a1_in1k") == "resnet18.a1_in1k"
    assert full_name("timm/resnet18.a1_in1k") == "resnet18.a1_in1k"
    assert full_name("squeezenet1_1") == "torchvision/squeezenet1_1"
    assert full_name("torchvision/resnet18") == "torchvision/resnet18"
    assert namesake("densenet121") == "torchvision/densenet121"
    assert namesake("vit_tiny_patch16_224") is None
    for unknown in ("torchvision/resnet_18", "resnet_18", "torchvision/vit_tiny_patch16_224", "", "../x"):
        with pytest.raises(UnknownArchitecture, match="no architecture called"):
            full_name(unknown)
    with pytest.raises(UnknownArchitecture, match="torchvision/squeezenet1_0"):
        full_name("squeezenet")


def test_dropout_and_stochastic_depth_are_set_where_there_are_any() -> None:
    network = create("torchvision/efficientnet_b0", 3, 3, 64, drop_rate=0.4, drop_path=0.1)
    assert {m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)} == {0.4}
    depths = [m.p for m in network.modules() if type(m).__name__ == "StochasticDepth"]
    assert max(depths) == pytest.approx(0.1)
    plain = create("torchvision/resnet18", 3, 3, 64)
    with pytest.raises(ValueError, match="no dropout"):
        set_dropout(plain, 0.1)
    with pytest.raises(ValueError, match="no stochastic depth"):
        set_stochastic_depth(plain, 0.1)


def test_two_heads_are_both_named() -> None:
    network = create("deit_tiny_distilled_patch16_224", 3, 3, 32)
    assert classifier_names(network) == ("head", "head_dist")
