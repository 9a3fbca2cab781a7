from pathlib import Path

import numpy as np
import pytest

from inference.adapted import AdaptedHead, probabilities_of
from inference.errors import InvalidWeights


def make_head() -> AdaptedHead:
    random = np.random.default_rng(0)
    return AdaptedHead(
        "base",
        random.normal(size=(3, 5)).astype(np.float32),
        np.zeros(3, dtype=np.float32),
        ("covid-19", "no-finding", "é"),
        12,
    )


def test_a_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    head, path = make_head(), tmp_path / "adapted" / "base" / "head.npz"
    head.write(path)
    read = AdaptedHead.read(path)
    assert (read.base, read.findings, read.reviews) == (head.base, head.findings, head.reviews)
    assert np.array_equal(read.weight, head.weight)
    assert [p.name for p in path.parent.iterdir()] == ["head.npz"]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_what_is_no_head_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(content)
    with pytest.raises(InvalidWeights, match="is not an adapted head"):
        AdaptedHead.read(path)


def test_a_head_that_carries_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    with path.open("wb") as file:
        np.savez(file, base=np.array([object()], dtype=object))
    with pytest.raises(InvalidWeights, match="is not an adapted head"):
        AdaptedHead.read(path)


def test_a_head_of_the_wrong_shape_is_refused(tmp_path: Path) -> None:
    head = make_head()
    AdaptedHead("base", head.weight[:2], head.bias, head.findings, 1).write(tmp_path / "head.npz")
    with pytest.raises(InvalidWeights, match="3 findings"):
        AdaptedHead.read(tmp_path / "head.npz")


def test_probabilities_are_calibrated_softmax_or_sigmoid() -> None:
    logits = np.array([[2.0, 0.0, -2.0], [1000.0, -1000.0, 0.0]], dtype=np.float32)
    one_of_many = probabilities_of(logits, 2.0, "multiclass")
    expected = np.exp([1.0, 0.0, -1.0]) / np.exp([1.0, 0.0, -1.0]).sum()
    assert np.allclose(one_of_many[0], expected)
    assert np.allclose(one_of_many.sum(axis=1), 1.0)
    several = probabilities_of(logits, 2.0, "multilabel")
    assert np.allclose(several[0], 1 / (1 + np.exp([-1.0, 0.0, 1.0])))
    assert np.allclose(several[1], [1.0, 0.0, 0.5])


def test_a_heads_probabilities_come_from_the_embedding() -> None:
    head, embedding = make_head(), np.ones(5, dtype=np.float32)
    assert np.allclose(
        head.probabilities(embedding, 1.0, "multiclass"),
        probabilities_of(head.weight.sum(axis=1), 1.0, "multiclass"),
    )
