"""Networks are built from cards, and only the weights that a card names are loaded."""

import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from inference.devices import best_device
from inference.errors import InvalidCard, InvalidWeights, NoDevice, UnknownArchitecture
from inference.network import build, head_of, load, prepare
from inference.registry import ModelRegistry
from tests.inference.making import add_model, make_card, make_weights

CPU = torch.device("cpu")


def test_a_model_is_loaded_frozen_and_answers_as_its_weights_do(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    card = add_model(registry, tmp_path)
    model = load(card, registry, CPU)
    assert not model.network.training
    assert not any(p.requires_grad for p in model.network.parameters())
    expected = build(card).eval()
    expected.load_state_dict(safetensors.torch.load_file(registry.weights_path(card)))
    x = torch.randn(2, 1, 96, 96)
    with torch.inference_mode():
        assert torch.allclose(model.network(x), expected(x), rtol=1e-5)
    assert all(
        torch.equal(a, b) for a, b in zip(model.network.parameters(), expected.parameters(), strict=True)
    )


def test_weights_that_the_card_does_not_name_are_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    card = add_model(registry, tmp_path)
    other = add_model(registry, tmp_path, seed=1)
    registry.weights_path(card).write_bytes(registry.weights_path(other).read_bytes())
    with pytest.raises(InvalidWeights, match="is not the file that its card names"):
        load(card, registry, CPU)
    registry.weights_path(card).unlink()
    with pytest.raises(InvalidWeights, match="cannot be read"):
        load(card, registry, CPU)


def test_every_key_that_does_not_fit_is_listed(tmp_path: Path, registry: ModelRegistry) -> None:
    card = make_card()
    state = safetensors.torch.load_file(make_weights(card, tmp_path / "w.safetensors"))
    del state["fc.bias"]
    state["surplus"] = torch.zeros(1)
    state["fc.weight"] = torch.zeros(3, 7)
    safetensors.torch.save_file(state, tmp_path / "bad.safetensors")
    stored = registry.add(card, tmp_path / "bad.safetensors")
    with pytest.raises(InvalidWeights) as refusal:
        load(stored, registry, CPU)
    for told in ("fc.bias is missing", "surplus is not expected", "fc.weight is 3 x 7, expected 3 x 96"):
        assert told in str(refusal.value)


def test_the_head_is_the_last_linear_layer() -> None:
    for architecture, width in (("test_resnet", 96), ("mobilenetv3_small_050", 1024), ("test_vit", 64)):
        side = 160 if "vit" in architecture else 96
        head = head_of(build(make_card(architecture, side)))
        assert head is not None
        assert head[0].shape == (3, width)
        assert head[1].shape == (3,)


def test_transformers_are_built_for_the_cards_input_size() -> None:
    network = build(make_card("test_vit", 96)).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, 96, 96)).shape == (1, 3)


def test_what_cannot_be_built_is_told() -> None:
    with pytest.raises(UnknownArchitecture, match="no architecture called 'resnet_18'"):
        build(make_card("resnet_18"))
    with pytest.raises(UnknownArchitecture, match=r"similar ones: (.*, )?mobilenetv3_small"):
        build(make_card("mobilenetv3_small"))
    card = make_card("test_maxvit", 97)
    with pytest.raises(InvalidCard, match="test_maxvit cannot take 97 x 97 pixels"):
        prepare(card, build(card), CPU)


def test_devices_are_named_and_missing_ones_told() -> None:
    assert best_device("cpu") == CPU
    assert best_device().type in ("cpu", "cuda", "mps")
    for name in ("gpu", "cuda:x", "", "cuda:99"):
        with pytest.raises(NoDevice):
            best_device(name)


def test_timm_comes_up_beside_torchvision_whose_operators_do_not_load() -> None:
    script = (
        "import inference.importing, torch, timm, torchvision\n"
        "from inference.torchvision_operators import declare_missing_operators\n"
        "declare_missing_operators()\n"
        "assert torch.ops.torchvision.nms is not None\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_the_window_needs_is_free_of_torch() -> None:
    rooms = "card errors prediction messages registry coverage adapted features overlay worker client"
    script = "\n".join(f"import inference.{name}" for name in rooms.split())
    check = (
        "import sys; sys.exit(', '.join({'torch', 'timm', 'pytorch_grad_cam'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", f"{script}\n{check}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
