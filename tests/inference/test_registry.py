import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from inference.card import TYPICAL, Format
from inference.errors import InvalidCard, InvalidWeights, ModelNotStored, UnknownModel
from inference.registry import ModelRegistry
from tests.inference.making import add_model, make_card, make_weights


def bundle(tmp_path: Path, name: str, **values: object) -> None:
    """Lay a model where the program's own lie."""
    folder = tmp_path / "bundled" / name
    folder.mkdir(parents=True)
    card = make_card(id=name, name=name, **values)
    weights = make_weights(card, folder / "weights.safetensors")
    replace(card, weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest()).write(folder / "card.json")


def test_a_model_that_was_added_is_found_by_id_prefix_and_name(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    card = add_model(registry, tmp_path, make_card(name="my model"))
    assert len(card.id) == 16
    assert card.created
    assert registry.find(card.id) == registry.find(card.id[:4]) == registry.find("my model") == card
    content = registry.weights_path(card).read_bytes()
    assert hashlib.sha256(content).hexdigest() == card.weights_sha256
    assert registry.folder_of(card) == tmp_path / "models" / card.id
    assert registry.problems() == []


def test_the_same_model_added_twice_is_one(tmp_path: Path, registry: ModelRegistry) -> None:
    first = add_model(registry, tmp_path)
    assert add_model(registry, tmp_path) == first
    assert registry.cards() == [first]
    assert add_model(registry, tmp_path, seed=1).id != first.id
    assert add_model(registry, tmp_path, make_card(temperature=2.0)).id != first.id


def test_a_name_that_fits_none_or_several_says_which_there_are(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    with pytest.raises(UnknownModel, match="the models here are: none"):
        registry.find("starter")
    cards = [add_model(registry, tmp_path, seed=seed) for seed in range(2)]
    with pytest.raises(UnknownModel, match=cards[0].id):
        registry.find("nope")
    with pytest.raises(UnknownModel, match="could be any of"):
        registry.find("test_resnet")
    with pytest.raises(UnknownModel):
        registry.find("")


def test_bundled_models_come_first_and_cannot_be_removed(tmp_path: Path, registry: ModelRegistry) -> None:
    bundle(tmp_path, "starter")
    own = add_model(registry, tmp_path)
    starter = registry.find("starter")
    assert starter.bundled
    assert registry.cards() == [starter, own]
    assert registry.weights_path(starter).parent == tmp_path / "bundled" / "starter"
    with pytest.raises(ModelNotStored, match="comes with the program"):
        registry.remove("starter")
    registry.remove(own.id)
    assert registry.cards() == [starter]
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == []


def test_the_model_of_phantoms_stands_behind_those_for_patients(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    covers = replace(make_card().covers, phantoms=True)
    bundle(tmp_path, "phantom", covers=covers, created="2026-01-01T00:00:00+00:00")
    bundle(tmp_path, "starter", created="2026-02-01T00:00:00+00:00")
    assert [card.id for card in registry.cards()] == ["starter", "phantom"]


@pytest.mark.parametrize("model_id", ["", "nope", "..", "../bundled", "."])
def test_only_a_models_own_folder_can_be_removed(
    tmp_path: Path, registry: ModelRegistry, model_id: str
) -> None:
    card = add_model(registry, tmp_path)
    with pytest.raises(UnknownModel):
        registry.remove(model_id)
    assert registry.cards() == [card]


def test_damaged_folders_are_passed_over_and_told(
    tmp_path: Path, registry: ModelRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    card = add_model(registry, tmp_path)
    damaged = add_model(registry, tmp_path, seed=1)
    (registry.folder_of(damaged) / "card.json").write_text("{")
    moved = add_model(registry, tmp_path, seed=2)
    registry.folder_of(moved).rename(tmp_path / "models" / "renamed")
    headless = add_model(registry, tmp_path, seed=3)
    registry.weights_path(headless).unlink()
    (tmp_path / "models" / "adapted" / card.id).mkdir(parents=True)  # re-fitted heads lie beside models
    (tmp_path / "models" / "notes.txt").write_text("not a model")

    assert registry.cards() == [card]
    assert len(registry.problems()) == 3
    assert damaged.id in caplog.text
    with pytest.raises(InvalidCard, match="not a model card"):
        registry.find(damaged.id)
    registry.remove(damaged.id)
    assert len(registry.problems()) == 2


def test_adding_again_mends_a_damaged_model(tmp_path: Path, registry: ModelRegistry) -> None:
    card = add_model(registry, tmp_path)
    registry.weights_path(card).write_bytes(b"rotten")
    add_model(registry, tmp_path)
    assert hashlib.sha256(registry.weights_path(card).read_bytes()).hexdigest() == card.weights_sha256
    assert [p.name for p in (tmp_path / "models").iterdir()] == [card.id]


def test_a_process_that_died_while_adding_leaves_no_model_and_is_cleaned_up_after(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    remains = tmp_path / "models" / ".adding-0123"
    remains.mkdir(parents=True)
    (remains / "weights.safetensors").write_bytes(b"half")
    assert registry.cards() == []
    assert registry.problems() == []
    os.utime(remains, (0, 0))
    add_model(registry, tmp_path)
    assert not remains.exists()


def test_weights_that_are_no_safetensors_are_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    whole = make_weights(make_card(), tmp_path / "whole.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:1000])
    for path in (cut, tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(InvalidWeights, match="no complete safetensors file"):
            registry.add(make_card(), path)
    assert not (tmp_path / "models").exists()


def test_a_card_that_contradicts_itself_is_not_taken_in(tmp_path: Path, registry: ModelRegistry) -> None:
    weights = make_weights(make_card(), tmp_path / "w.safetensors")
    with pytest.raises(InvalidCard, match="temperature"):
        registry.add(make_card(temperature=-1.0), weights)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    registry = ModelRegistry(tmp_path / "file" / "models", tmp_path / "bundled")
    with pytest.raises(ModelNotStored, match="could not be stored"):
        add_model(registry, tmp_path)


def test_a_model_carries_what_it_knows_of_typical_images(tmp_path: Path, registry: ModelRegistry) -> None:
    plain = add_model(registry, tmp_path)
    assert registry.companion_path(plain, TYPICAL) is None
    weights, typical = make_weights(make_card(), tmp_path / "w.safetensors"), tmp_path / "typical.safetensors"
    safetensors.numpy.save_file({"mean": np.zeros(4, np.float32)}, typical)
    card = registry.add(make_card(), weights, [typical])
    assert card.id != plain.id
    assert card.typical_sha256 == hashlib.sha256(typical.read_bytes()).hexdigest()
    kept = registry.companion_path(card, TYPICAL)
    assert kept is not None
    assert kept.read_bytes() == typical.read_bytes()
    assert registry.add(make_card(), weights, [typical]) == card
    kept.unlink()
    assert any("no typical.safetensors" in problem for problem in registry.problems())
    registry.add(make_card(), weights, [typical])  # mends it
    assert registry.problems() == []
    registry.remove(card.id)
    assert not kept.parent.exists()
    typical.write_bytes(b"rotten")
    with pytest.raises(InvalidWeights, match="no complete safetensors file"):
        registry.add(make_card(), weights, [typical])


@pytest.mark.parametrize(("kind", "name"), [("program", "program.pt2"), ("onnx", "model.onnx")])
def test_each_format_has_its_file(tmp_path: Path, registry: ModelRegistry, kind: Format, name: str) -> None:
    (tmp_path / "file").write_bytes(b"checked by its reader")
    card = registry.add(make_card(format=kind), tmp_path / "file")
    assert registry.weights_path(card) == tmp_path / "models" / card.id / name
    assert registry.find(card.id) == card
    registry.weights_path(card).unlink()
    assert [name in problem for problem in registry.problems()] == [True]


def test_a_card_names_no_file_beside_the_weights_that_is_not_known_here(tmp_path: Path) -> None:
    card = make_card(companions={"../../secret": "0" * 64})
    with pytest.raises(ValueError, match="is none of typical"):
        card.check()
