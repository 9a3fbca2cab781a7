"""Which networks a training starts from, and which parts of them move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.modules.batchnorm import _BatchNorm

from inference.architectures import create
from inference.importing import import_weights
from inference.registry import ModelRegistry
from tests.training.conftest import FINDINGS, QUICK
from training.finetune import fine_tune
from training.learning.networks import moving_parameters, set_moving, set_training_mode
from training.plan import Plan
from training.samples import Samples

SMALL = replace(QUICK, epochs=1, batch_size=8, input_size=64, channels=3, bootstrap=10)


def trained(
    plan: Plan, samples: Samples, registry: ModelRegistry, folder: Path, base: str = ""
) -> dict[str, Any]:
    found = registry.find(base) if base else None
    events = list(fine_tune(plan, samples, registry, folder, found))
    assert events[-1].event == "done", events[-1]
    return dict(events[-1].values)


@pytest.fixture
def few(labelled: Samples) -> Samples:
    return replace(labelled, samples=labelled.samples[:24])


def test_a_torchvision_network_is_trained_tuned_and_tuned_again(
    few: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    plan = replace(SMALL, backbone="torchvision/mobilenet_v3_small", drop_rate=0.3)
    first = registry.find(trained(plan, few, registry, tmp_path / "a")["model"])
    assert first.architecture == "torchvision/mobilenet_v3_small"
    tuning = replace(SMALL, depth="last", drop_rate=0.1)
    second = registry.find(trained(tuning, few, registry, tmp_path / "b", first.id)["model"])
    before, after = (load_file(registry.weights_path(c)) for c in (first, second))
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert moved
    assert all(key.startswith(("features.12.", "classifier.")) for key in moved)
    assert not any("running" in key for key in moved)  # BatchNorm stands still when a base is tuned


def test_an_imported_model_of_another_head_is_tuned_and_predicts_then(
    few: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    torch.save(create("torchvision/shufflenet_v2_x0_5", 10, 3, 64).state_dict(), tmp_path / "w.pth")
    base = import_weights(
        registry, tmp_path / "w.pth", "torchvision/shufflenet_v2_x0_5", FINDINGS, input_size=64
    )
    assert not base.head_trained
    card = registry.find(
        trained(replace(SMALL, depth="head"), few, registry, tmp_path / "r", base.id)["model"]
    )
    assert card.head_trained
    assert card.head == "fc"
    assert card.parent == base.id


@pytest.mark.parametrize(
    "name",
    ["resnet18", "test_vit", "deit_tiny_distilled_patch16_224", "levit_128s", "torchvision/vgg11",
     "torchvision/densenet121", "torchvision/convnext_tiny", "torchvision/vit_b_32", "torchvision/swin_t",
     "torchvision/googlenet"],
)  # fmt: skip
def test_depths_move_more_and_more_from_the_head_on(name: str) -> None:
    network = create(name, 3, 3, 64)
    head, last, half, everything = (moving_parameters(network, d) for d in ("head", "last", "half", "all"))
    assert head < last < half < everything
    assert everything == {n for n, _ in network.named_parameters()}
    set_moving(network, last)
    set_training_mode(network, freeze_batch_norm=True)
    assert all(not m.training for m in network.modules() if isinstance(m, _BatchNorm))
    assert {n for n, p in network.named_parameters() if p.requires_grad} == last
    logits = network(torch.randn(2, 3, 64, 64))
    logits = logits[0] if isinstance(logits, tuple) else logits
    assert logits.shape == (2, 3)
