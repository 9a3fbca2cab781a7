"""Pretrained weights come by name: from a cache, from a network, or a sentence says what to bring."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from inference import pretrained
from inference.errors import InferenceError
from inference.importing import import_weights
from inference.registry import ModelRegistry
from tests.inference.test_importing import make_state


@pytest.fixture(autouse=True)
def empty_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No network, and nothing fetched before; the hub's cache of this test."""

    def nothing(*_told: Any, **_options: Any) -> Any:
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(urllib.request, "urlopen", nothing)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(tmp_path / "hub"), raising=False)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "torch"))
    return tmp_path / "hub"


@pytest.mark.parametrize(
    "arch", ["test_resnet", "vit_tiny_patch16_224", "torchvision/resnet18", "squeezenet1_1"]
)
def test_without_a_network_a_sentence_says_which_file_to_bring(registry: ModelRegistry, arch: str) -> None:
    with pytest.raises(InferenceError) as refusal:
        import_weights(registry, None, arch, ["a", "b"])
    said = str(refusal.value)
    assert said.startswith(f"The pretrained weights of {pretrained.full_name(arch)} are not on this machine")
    assert "no network in tests" in said
    assert ("model.safetensors" in said) or (".pth" in said)
    assert f"--arch {pretrained.full_name(arch)}." in said
    assert "\n" not in said


def test_a_network_without_pretrained_weights_says_so(registry: ModelRegistry) -> None:
    with pytest.raises(InferenceError, match="no architecture called 'resnet_33'"):
        import_weights(registry, None, "resnet_33", ["a", "b"])
    with pytest.raises(InferenceError, match=r"There are no pretrained weights of efficientnet_b8"):
        import_weights(registry, None, "efficientnet_b8", ["a", "b"])


def test_what_the_hub_brought_before_is_imported_with_a_new_head(
    registry: ModelRegistry, empty_caches: Path
) -> None:
    folder = empty_caches / "models--timm--test_resnet.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0123456789abcdef")
    snapshot = folder / "snapshots" / "0123456789abcdef"
    snapshot.mkdir(parents=True)
    safetensors.torch.save_file(make_state(), snapshot / "model.safetensors")
    card = import_weights(registry, None, "test_resnet", ["a", "b"])
    assert card.name == "test_resnet, pretrained"
    assert not card.head_trained
    assert card.licence == "apache-2.0"
    assert card.data["imported"]["source"] == "timm/test_resnet.r160_in1k"


def test_what_torchvision_brought_before_is_imported(registry: ModelRegistry, tmp_path: Path) -> None:
    from inference.architectures import create

    folder = tmp_path / "torch" / "checkpoints"
    folder.mkdir(parents=True)
    network = create("torchvision/squeezenet1_1", 1000, 3, 224)
    torch.save(network.state_dict(), folder / "squeezenet1_1-b8a52dc0.pth")
    card = import_weights(registry, None, "squeezenet1_1", ["a", "b", "c"])
    assert card.architecture == "torchvision/squeezenet1_1"
    assert not card.head_trained


def test_a_download_that_is_not_what_its_name_promises_is_not_kept(
    registry: ModelRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_a, **_k: io.BytesIO(b"something else"))
    with pytest.raises(InferenceError, match="is not the file that its name promises"):
        import_weights(registry, None, "torchvision/resnet18", ["a", "b"])
    assert list((tmp_path / "torch" / "checkpoints").iterdir()) == []
