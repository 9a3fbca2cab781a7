"""Whatever happens to a model's file on its way, reading it ends in one sentence or in a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.errors import InvalidWeights
from inference.onnx_network import load_onnx
from inference.program_network import load_program
from inference.state_files import read_state
from tests.inference.foreign import make_onnx, write_program
from tests.inference.test_importing import make_state

KINDS: dict[str, Callable[[Path], object]] = {
    ".pth": read_state,
    ".safetensors": read_state,
    ".pt2": lambda path: load_program(path, 3),
    ".onnx": lambda path: load_onnx(path, 3),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    small = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), torch.nn.Linear(144, 3)).eval()
    safetensors.torch.save_file(make_state(), folder / "w.safetensors")
    torch.save(make_state(), folder / "w.pth")
    write_program(small, folder / "w.pt2", side=8)
    (folder / "w.onnx").write_bytes(make_onnx().SerializeToString())
    return {kind: (folder / f"w{kind}").read_bytes() for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=40)
def test_damaged_bytes_end_in_a_sentence_or_a_model(
    whole: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    content = bytearray(whole[kind])
    ends = st.integers(0, 2000) | st.integers(len(content) - 2000, len(content) - 1)  # where structure lies
    for place in data.draw(st.lists(ends | st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        place = max(0, min(place, len(content) - 1))
        match data.draw(st.sampled_from(("change", "cut", "insert", "end"))):
            case "change":
                content[place] = data.draw(st.integers(0, 255))
            case "cut":
                del content[place : place + data.draw(st.integers(1, 64))]
            case "insert":
                content[place:place] = data.draw(st.binary(min_size=1, max_size=16))
            case "end":
                del content[place:]
        if not content:
            break
    path = tmp_path_factory.mktemp("damaged") / f"w{kind}"
    path.write_bytes(content)
    said = ""
    try:
        KINDS[kind](path)
    except InvalidWeights as refusal:
        said = str(refusal)
    assert not said or (str(path) in said and "\n" not in said)
