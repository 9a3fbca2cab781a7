"""Half precision is used where it decides as single precision does. The CPU has it too, in bfloat16."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from inference.evidence import run
from inference.network import LoadedModel, build, prepare
from inference.precision import MixedPrecision
from tests.inference.making import make_card

CPU = torch.device("cpu")


def make_model(temperature: float = 1.0) -> LoadedModel:
    torch.manual_seed(0)
    card = make_card("test_resnet", 64, temperature=temperature)
    network = build(card)
    with torch.no_grad():  # findings that are about as probable as each other: where rounding decides
        network.fc.bias -= network.eval()(torch.randn(32, 1, 64, 64)).mean(dim=0)  # type: ignore[union-attr,operator]
    return prepare(card, network, CPU)


def encoder_of(model: LoadedModel) -> Callable[[torch.Tensor], torch.Tensor]:
    network = model.network

    def encode(batch: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = network.forward_features(batch)  # type: ignore[operator]
        return features

    return encode


def mixed(model: LoadedModel) -> MixedPrecision:
    return MixedPrecision(CPU, model.card, model.encoder._logits, torch.bfloat16)


def test_half_precision_is_used_after_sixteen_images_that_are_decided_alike() -> None:
    model = make_model(temperature=10.0)
    encode, precision = encoder_of(model), mixed(model)
    batches = torch.randn(5, 4, 1, 64, 64)
    with torch.inference_mode():
        for batch in batches[:4]:
            assert not precision.is_half
            assert torch.equal(precision.encode(batch, encode), encode(batch))
        assert precision.is_half
        found, expected = precision.encode(batches[4], encode), encode(batches[4])
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    assert torch.allclose(found, expected, atol=0.05 * float(expected.abs().max()))


def test_half_precision_that_changes_a_probability_is_never_used() -> None:
    model = make_model(temperature=1e-4)
    encode, precision = encoder_of(model), mixed(model)
    batches = torch.randn(8, 4, 1, 64, 64)
    with torch.inference_mode():
        assert all(torch.equal(precision.encode(batch, encode), encode(batch)) for batch in batches)
    assert not precision.is_half


def test_features_that_half_precision_cannot_hold_are_computed_again() -> None:
    model = make_model(temperature=10.0)
    precision = mixed(model)

    def too_large_in_half(batch: torch.Tensor) -> torch.Tensor:
        features = encoder_of(model)(batch)
        is_large = float(batch.abs().max()) > 100
        return features * torch.inf if is_large and torch.is_autocast_enabled("cpu") else features

    with torch.inference_mode():
        precision.encode(torch.randn(16, 1, 64, 64), too_large_in_half)
        assert precision.is_half
        large = torch.full((1, 1, 64, 64), 101.0)
        assert torch.equal(precision.encode(large, too_large_in_half), encoder_of(model)(large))
    assert not precision.is_half


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("architecture", ["resnet18", "vit_tiny_patch16_224"])
def test_a_gpu_says_what_the_cpu_says(architecture: str) -> None:
    torch.manual_seed(0)
    card = make_card(architecture, 224)
    network = build(card)
    state = network.state_dict()
    on_cpu = prepare(card, network, CPU)
    copy = build(card)
    copy.load_state_dict(state)
    on_gpu = prepare(card, copy, torch.device("cuda"))
    for _ in range(3):
        batch = torch.randn(8, 1, 224, 224)
        theirs, ours = run(on_cpu, batch, "gradcam"), run(on_gpu, batch.cuda(), "gradcam")
        assert np.abs(theirs.logits - ours.logits).max() < 0.05
        assert theirs.maps is not None
        assert ours.maps is not None
        assert np.abs(theirs.maps - ours.maps).max() < 0.05 * np.abs(theirs.maps).max()
