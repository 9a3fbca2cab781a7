import json
from pathlib import Path

import pytest

from inference.card import ModelCard
from inference.errors import InvalidCard
from tests.inference.making import make_card


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = make_card(id="x", temperature=1.5, limits=("adults only",), figures={"accuracy": 0.8})
    card.write(tmp_path / "card.json")
    assert ModelCard.read(tmp_path / "card.json") == card


def test_keys_of_newer_programs_are_passed_over(tmp_path: Path) -> None:
    make_card(id="x").write(tmp_path / "card.json")
    raw = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps({**raw, "of_a_newer_program": [1]}))
    assert ModelCard.read(tmp_path / "card.json").id == "x"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("findings", [], "findings must be different names"),
        ("findings", [{"name": "a", "display": "a"}] * 2, "findings must be different names"),
        ("findings", [{"name": "a", "display": "a"}], "at least two findings"),
        ("task", "guess", "task is 'guess'"),
        ("temperature", 0.0, "temperature is 0.0"),
        ("temperature", float("nan"), "temperature is nan"),
        ("architecture", "", "names no architecture"),
        ("preprocessing", {"input_size": 100_000}, "input size is 100000"),
        ("preprocessing", {"channels": 2}, "2 channels"),
        ("preprocessing", {"geometry": "crop"}, "unknown here"),
        ("preprocessing", {"std": [0.0, 1.0, 1.0]}, "not usable"),
        ("preprocessing", {"mean": [0.5]}, "1 means and 3 deviations for 3 channels"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    tmp_path: Path, key: str, value: object, told: str
) -> None:
    path = tmp_path / "card.json"
    make_card(id="x").write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(InvalidCard, match=told) as refusal:
        ModelCard.read(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"id": "x"}', "\x00"])
def test_what_is_no_card_is_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "card.json").write_text(content)
    with pytest.raises(InvalidCard, match="is not a model card"):
        ModelCard.read(tmp_path / "card.json")


def test_a_card_of_before_there_were_companions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    make_card().write(path)
    said = json.loads(path.read_text())
    del said["companions"]
    path.write_text(json.dumps(said | {"typical_sha256": "0" * 64}))
    assert ModelCard.read(path).typical_sha256 == "0" * 64
