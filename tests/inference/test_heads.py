"""The last linear layer is found without torch, under the name that the card gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from inference.errors import InvalidWeights
from inference.heads import NO_HEAD, read_head
from tests.inference.making import make_card


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    tensors = {
        "classifier.6.weight": np.full((3, 8), 6, np.float16),
        "classifier.6.bias": np.arange(3, dtype=np.float16),
        "fc.weight": np.full((3, 4), 1, np.float32),
        "cells.weight": np.full((3, 5, 1, 1), 2, np.float32),
        "kernel.weight": np.zeros((3, 5, 3, 3), np.float32),
    }
    safetensors.numpy.save_file(tensors, path)
    return path


def test_the_cards_name_goes_before_the_usual_ones(weights: Path) -> None:
    weight, bias = read_head(make_card(head="classifier.6"), weights)
    assert weight.shape == (3, 8)
    assert weight.dtype == bias.dtype == np.float32
    assert bias.tolist() == [0, 1, 2]
    assert read_head(make_card(), weights)[0].shape == (3, 4)


def test_a_convolution_of_one_cell_is_a_linear_layer(weights: Path) -> None:
    weight, bias = read_head(make_card(head="cells"), weights)
    assert weight.shape == (3, 5)
    assert not bias.any()


@pytest.mark.parametrize(
    "values",
    [{"head": NO_HEAD}, {"head": "kernel"}, {"head": "gone"}, {"format": "onnx"}, {"format": "program"}],
)
def test_without_a_linear_head_a_sentence_says_so(weights: Path, values: dict[str, object]) -> None:
    with pytest.raises(InvalidWeights, match="cannot be adapted from reviews"):
        read_head(make_card(**values), weights)
