"""Hostile and damaged weight files are refused in a sentence, and nothing in them is run or unpacked."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch

from inference.errors import InferenceError, InvalidWeights
from inference.importing import import_weights
from inference.network import load
from inference.registry import ModelRegistry
from inference.state_files import read_state, without_wrapping
from tests.inference.foreign import Bomb
from tests.inference.making import FINDINGS, add_model, make_card
from tests.inference.test_importing import make_state

NAMES = tuple(f.name for f in FINDINGS)


def refused(registry: ModelRegistry, path: Path) -> str:
    """What is said when a file is refused: one sentence that names it."""
    with pytest.raises(InvalidWeights) as refusal:
        import_weights(registry, path, "test_resnet", NAMES)
    said = str(refusal.value)
    assert str(path) in said
    assert "\n" not in said
    assert said.endswith(".")
    assert registry.cards() == []
    return said


def test_an_archive_that_is_larger_unpacked_than_packed_is_not_unpacked(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    torch.save(make_state(), tmp_path / "plain.pth")
    packed = tmp_path / "packed.pth"
    with zipfile.ZipFile(tmp_path / "plain.pth") as plain, zipfile.ZipFile(packed, "w") as archive:
        for member in plain.infolist():
            archive.writestr(member.filename, plain.read(member), zipfile.ZIP_DEFLATED)
        archive.writestr("plain/data/999", bytes(64 << 20), zipfile.ZIP_DEFLATED)
    assert packed.stat().st_size < 8 << 20
    assert "compressed" in refused(registry, packed)


def test_members_that_lie_in_each_other_are_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    path = tmp_path / "overlap.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps({}))
        archive.writestr("x/data/0", bytes(100_000))
        for i in range(1, 50):  # the directory promises the same bytes again and again
            twin = zipfile.ZipInfo(f"x/data/{i}")
            twin.header_offset = archive.getinfo("x/data/0").header_offset
            twin.file_size = twin.compress_size = 100_000
            twin.CRC = archive.getinfo("x/data/0").CRC
            archive.filelist.append(twin)
    assert "more than once" in refused(registry, path)


def test_a_header_that_promises_too_much_is_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    assert "no complete safetensors" in refused(registry, path)
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4 << 40]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    assert "no complete safetensors" in refused(registry, path)
    nested = b'{"w":' * 50_000
    path.write_bytes(struct.pack("<Q", len(nested)) + nested)
    assert "no complete safetensors" in refused(registry, path)


def test_a_tensor_that_is_larger_than_its_bytes_does_not_fill_the_memory(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    state = make_state()
    state["fc.weight"] = torch.zeros(1).expand(1 << 20, 1 << 20)
    torch.save(state, tmp_path / "w.pth")
    assert "fc.weight is 1048576 x 1048576, expected 3 x 96" in refused(registry, tmp_path / "w.pth")


@pytest.mark.parametrize("nest", [lambda b: {"model": {"w": b}}, lambda b: [b], lambda b: b])
def test_code_anywhere_in_a_pickle_is_not_run(tmp_path: Path, registry: ModelRegistry, nest: object) -> None:
    torch.save(nest(Bomb(tmp_path / "boom")), tmp_path / "w.pt")  # type: ignore[operator]
    assert "would run code from the file" in refused(registry, tmp_path / "w.pt")
    assert not (tmp_path / "boom").exists()


def test_a_folder_a_missing_file_and_a_broken_link_are_told(tmp_path: Path, registry: ModelRegistry) -> None:
    (tmp_path / "folder.pth").mkdir()
    (tmp_path / "link.pth").symlink_to(tmp_path / "nowhere.pth")
    (tmp_path / "zero.pth").symlink_to("/dev/zero")
    for name in ("folder.pth", "nothing.pth", "link.pth", "zero.pth"):
        assert "is not there" in refused(registry, tmp_path / name)


def test_a_link_to_other_weights_in_a_models_folder_is_not_loaded(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    card, other = add_model(registry, tmp_path), add_model(registry, tmp_path, seed=1)
    path = registry.weights_path(card)
    path.unlink()
    path.symlink_to(registry.weights_path(other))
    with pytest.raises(InferenceError, match="is not the file that its card names"):
        load(card, registry, torch.device("cpu"))


def test_a_card_of_one_format_does_not_load_a_file_of_another(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    card = add_model(registry, tmp_path, make_card())
    for kind, name in (("program", "program.pt2"), ("onnx", "model.onnx")):
        path = registry.folder_of(card) / "card.json"
        told = json.loads(path.read_text())
        path.write_text(json.dumps({**told, "format": kind}))
        assert any(name in problem for problem in registry.problems())
        registry.weights_path(card).with_name(name).write_bytes(registry.weights_path(card).read_bytes())
        with pytest.raises(InvalidWeights, match="is no complete"):
            load(registry.find(card.id), registry, torch.device("cpu"))
        path.write_text(json.dumps(told))


def test_which_of_several_states_was_taken_is_told(tmp_path: Path, registry: ModelRegistry) -> None:
    state = make_state()
    torch.save({"state_dict": state, "state_dict_ema": state, "epoch": 3}, tmp_path / "w.pth")
    card = import_weights(registry, tmp_path / "w.pth", "test_resnet", NAMES)
    assert card.data["imported"]["notes"] == [
        "w.pth also holds state_dict_ema; those under state_dict were taken"
    ]
    assert card.data["imported"]["file"] == "w.pth"
    assert len(card.data["imported"]["sha256"]) == 64


def test_wrappings_are_taken_off_and_the_networks_own_names_kept() -> None:
    tensor = torch.zeros(1)
    wrapped = {"_orig_mod.module.model.fc.weight": tensor, "_orig_mod.module.model.fc.bias": tensor}
    assert list(without_wrapping(wrapped, ["fc.weight", "fc.bias"])) == ["fc.weight", "fc.bias"]
    own = {"model.fc.weight": tensor}
    assert list(without_wrapping(own, ["model.fc.weight"])) == ["model.fc.weight"]
    assert list(without_wrapping({"a.fc": tensor}, ["fc"])) == ["a.fc"]


def test_tensors_come_as_they_are_stored(tmp_path: Path) -> None:
    state = make_state()
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    assert read_state(tmp_path / "w.safetensors").tensors.keys() == state.keys()
