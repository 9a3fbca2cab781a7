from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.adapted import AdaptedHead, probabilities_of
from inference.card import FindingName
from inference.errors import InvalidWeights
from tests.inference.making import make_card


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


def grown() -> AdaptedHead:
    """A head with a finding that readers added, of which a quarter is believed."""
    return replace(
        make_head(),
        findings=("covid-19", "no-finding", "tb"),
        added=(FindingName("tb", "Tuberculosis"),),
        trust=np.array([1, 1, 0.25], np.float32),
        base_sha256="a" * 64,
    )


def test_what_readers_added_and_what_it_was_fitted_on_is_kept(tmp_path: Path) -> None:
    grown().write(tmp_path / "head.npz")
    read = AdaptedHead.read(tmp_path / "head.npz")
    assert read.added == grown().added
    assert read.trust is not None
    assert read.trust.tolist() == [1, 1, 0.25]
    assert read.base_sha256 == "a" * 64


def test_a_head_from_before_there_was_any_of_that_is_read(tmp_path: Path) -> None:
    head = make_head()
    with (tmp_path / "head.npz").open("wb") as file:
        np.savez(file, base=head.base, weight=head.weight, bias=head.bias, findings=head.findings, reviews=1)
    read = AdaptedHead.read(tmp_path / "head.npz")
    assert (read.added, read.trust, read.base_sha256) == ((), None, "")


def test_what_was_added_has_to_fit_the_rest(tmp_path: Path) -> None:
    replace(grown(), added=(FindingName("other", "Other"),)).write(tmp_path / "head.npz")
    with pytest.raises(InvalidWeights, match="what readers added does not fit"):
        AdaptedHead.read(tmp_path / "head.npz")


def test_what_is_not_believed_of_a_finding_goes_to_the_others() -> None:
    sure = replace(grown(), weight=np.zeros((3, 5), np.float32), bias=np.array([1, 0, 50], np.float32))
    said = sure.probabilities(np.ones((2, 5), np.float32), 1.0, "multiclass")
    assert np.allclose(said.sum(axis=1), 1)
    assert said[0, 2] == pytest.approx(0.25)
    assert np.isfinite(said).all()
    assert sure.probabilities(np.ones(5, np.float32), 1.0, "multilabel")[2] == pytest.approx(0.25)


def test_a_head_fits_the_model_whose_weights_it_was_fitted_on() -> None:
    names = tuple(FindingName(n, n) for n in ("covid-19", "no-finding"))
    card = replace(make_card(findings=names), id="base", weights_sha256="a" * 64)
    assert grown().fits(card)
    assert grown().card_of(card).finding_names == ("covid-19", "no-finding", "tb")
    assert grown().card_of(card).display_of("tb") == "Tuberculosis"
    assert not grown().fits(replace(card, id="other"))
    assert not grown().fits(replace(card, weights_sha256="b" * 64))
    assert not grown().fits(replace(card, findings=names[:1]))
    from_before = replace(grown(), base_sha256="")
    assert from_before.fits(card)
    assert not from_before.fits(replace(card, bundled=True)), "its weights may have changed under its name"
