"""Weights from elsewhere come in whole, or not at all and with a sentence."""

import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from inference.card import Covers
from inference.errors import InferenceError, InvalidCard, InvalidWeights, UnknownArchitecture
from inference.evidence import run
from inference.importing import import_weights
from inference.network import build, load
from inference.predictor import Predictor
from inference.registry import ModelRegistry
from tests.inference.making import FINDINGS, make_card, make_image

NAMES = tuple(f.name for f in FINDINGS)
CPU = torch.device("cpu")


def make_state(channels: int = 3, architecture: str = "test_resnet") -> dict[str, torch.Tensor]:
    card = make_card(architecture)
    torch.manual_seed(0)
    network = build(replace(card, preprocessing=replace(card.preprocessing, channels=channels)))
    return {key: tensor.clone() for key, tensor in network.state_dict().items()}


def test_a_safetensors_file_becomes_a_model_with_the_architectures_preprocessing(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    safetensors.torch.save_file(make_state(), tmp_path / "w.safetensors")
    covers = Covers(modalities=("DX",))
    card = import_weights(registry, tmp_path / "w.safetensors", "test_resnet", NAMES, covers=covers)
    assert registry.find(card.id) == card
    assert card.finding_names == NAMES
    assert [f.display for f in card.findings] == ["covid-19", "no finding", "pneumonia"]
    assert card.head_trained
    assert card.task == "multiclass"
    assert card.covers == covers
    pre = card.preprocessing
    assert (pre.input_size, pre.geometry, pre.channels, pre.normalisation) == (160, "squash", 3, "fixed")
    assert (pre.mean, pre.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert len(Predictor(load(card, registry, CPU)).look(make_image()).prediction.findings) == 3


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 7},
        lambda s: {"model": s, "optimizer": {"lr": 0.1}},
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {"state_dict": {f"model.module.{k}": v for k, v in s.items()}},
        lambda s: {k: v.half() if v.is_floating_point() else v for k, v in s.items()},
        lambda s: {k: v for k, v in s.items() if not k.endswith("num_batches_tracked")},
    ],
    ids=["plain", "state_dict", "model", "module.", "model.module.", "half", "old batch norm"],
)
def test_pytorch_files_are_read_however_they_were_wrapped(
    tmp_path: Path, registry: ModelRegistry, wrap: object
) -> None:
    state = make_state()
    torch.save(wrap(state), tmp_path / "w.pth")  # type: ignore[operator]
    card = import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)
    stored = safetensors.torch.load_file(registry.weights_path(card))
    assert stored.keys() == state.keys()
    assert all(torch.allclose(stored[k].float(), state[k].float(), atol=1e-3) for k in state)


def test_what_is_asked_for_goes_before_the_architectures_own(tmp_path: Path, registry: ModelRegistry) -> None:
    torch.save(make_state(channels=1), tmp_path / "w.pt")
    card = import_weights(
        registry,
        tmp_path / "w.pt",
        "test_resnet",
        NAMES,
        name="ours",
        input_size=96,
        mean=[0.4],
        std=[0.3],
        task="multilabel",
    )
    assert (card.name, card.task) == ("ours", "multilabel")
    assert card.preprocessing.channels == 1
    assert (card.preprocessing.input_size, card.preprocessing.mean) == (96, (0.4,))
    look = Predictor(load(card, registry, CPU)).look(make_image(), maps=NAMES)
    assert look.heatmaps[0].grid.shape == (3, 3)


def test_a_head_of_another_size_is_replaced_and_does_not_predict(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    torch.save(make_state(), tmp_path / "w.pt")
    card = import_weights(registry, tmp_path / "w.pt", "test_resnet", ["effusion", "no-finding"])
    assert not card.head_trained
    assert card == import_weights(registry, tmp_path / "w.pt", "test_resnet", ["effusion", "no-finding"])
    model = load(card, registry, CPU)
    with pytest.raises(InferenceError, match="has not been trained yet"):
        Predictor(model).look(make_image())
    assert run(model, torch.zeros(1, 3, 160, 160)).embedding.shape == (1, 96)


def test_keys_that_do_not_fit_are_listed(tmp_path: Path, registry: ModelRegistry) -> None:
    state = make_state()
    del state["layer1.0.bn1.weight"]
    state["extra"] = torch.zeros(2)
    state["conv1.0.weight"] = torch.zeros(5, 3, 7, 7)
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(InvalidWeights) as refusal:
        import_weights(registry, tmp_path / "w.pt", "test_resnet", NAMES)
    for told in (
        "layer1.0.bn1.weight is missing",
        "extra is not expected",
        "conv1.0.weight is 5 x 3 x 7 x 7",
    ):
        assert told in str(refusal.value)
    assert registry.cards() == []


def test_another_architectures_weights_are_refused_shortly(tmp_path: Path, registry: ModelRegistry) -> None:
    torch.save(make_state(architecture="test_efficientnet"), tmp_path / "w.pt")
    with pytest.raises(InvalidWeights, match=r"does not fit test_resnet: .* and \d+ more"):
        import_weights(registry, tmp_path / "w.pt", "test_resnet", NAMES)


class _Bomb:
    """What a hostile pickle looks like: it makes a file when it is loaded."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "save", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))], ids=["torch", "raw"]
)
def test_a_pickle_that_carries_code_is_refused_and_not_run(
    tmp_path: Path, registry: ModelRegistry, save: object
) -> None:
    save({"state_dict": make_state(), "x": _Bomb(tmp_path / "boom")}, tmp_path / "w.pth")  # type: ignore[operator]
    with pytest.raises(InvalidWeights) as refusal:
        import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)
    assert str(tmp_path / "w.pth") in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "boom").exists()


def test_a_whole_pickled_network_is_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    torch.save(build(make_card()), tmp_path / "w.pth")
    with pytest.raises(InvalidWeights, match="would run code from the file"):
        import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_torchscript_program_is_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "w.pt")
    with pytest.raises(InvalidWeights, match="is a TorchScript program"):
        import_weights(registry, tmp_path / "w.pt", "test_resnet", NAMES)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"garbage " * 99, None], ids=["empty", "zip", "noise", "cut"]
)
def test_damaged_files_are_refused(
    tmp_path: Path, registry: ModelRegistry, suffix: str, content: bytes | None
) -> None:
    path = tmp_path / f"w{suffix}"
    if content is None:
        if suffix == ".pth":
            torch.save(make_state(), path)
        else:
            safetensors.torch.save_file(make_state(), path)
        content = path.read_bytes()[:-2000]
    path.write_bytes(content)
    with pytest.raises(InvalidWeights, match="w\\.") as refusal:
        import_weights(registry, path, "test_resnet", NAMES)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": 5}, {}, {"a": "text"}, torch.zeros(2)])
def test_files_that_hold_something_else_are_refused(
    tmp_path: Path, registry: ModelRegistry, content: object
) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(InvalidWeights, match="expected"):
        import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    state = make_state()
    state["fc.bias"][0] = float("nan")
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InvalidWeights, match=r"not finite, in fc\.bias"):
        import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)


def test_other_requests_that_cannot_be_met_are_told(tmp_path: Path, registry: ModelRegistry) -> None:
    torch.save(make_state(), tmp_path / "w.pth")
    with pytest.raises(UnknownArchitecture, match="resnet_x"):
        import_weights(registry, tmp_path / "w.pth", "resnet_x", NAMES)
    with pytest.raises(InvalidWeights, match="is not there"):
        import_weights(registry, tmp_path / "missing.pth", "test_resnet", NAMES)
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises(InvalidWeights, match=r"ends in '\.h5'"):
        import_weights(registry, tmp_path / "w.h5", "test_resnet", NAMES)
    for findings in ([], ["one"], ["a", "a"]):
        with pytest.raises(InvalidCard, match="cannot be imported"):
            import_weights(registry, tmp_path / "w.pth", "test_resnet", findings)
