"""What a model knows, on made-up features and on small real networks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inference.errors import InvalidWeights
from inference.evidence import run
from inference.lung_mask import LungMask
from inference.network import build, prepare
from inference.preprocess import to_tensor
from inference.typical import LEAST_IMAGES, Typical, describe, descriptions, with_lungs
from tests.inference.making import make_card, make_image


def known_images(count: int = 200, seed: int = 0) -> NDArray[np.float32]:
    """(count, 60) that differ along four directions, with a little noise."""
    random = np.random.default_rng(seed)
    along = np.random.default_rng(99).normal(size=(4, 60))
    rows = random.normal(size=(count, 4)) @ along + 0.1 * random.normal(size=(count, 60))
    return rows.astype(np.float32)


def each_own(count: int) -> list[str]:
    return [f"patient {n}" for n in range(count)]


def test_images_of_the_kind_lie_within_the_limit_and_others_beyond() -> None:
    typical = Typical.fit(known_images(), each_own(200))
    same = [typical.unfamiliarity(row) for row in known_images(300, seed=1)]
    other = np.random.default_rng(2).normal(size=(50, 60)).astype(np.float32)
    assert np.mean(np.array(same) > 1.0) < 0.05
    assert min(typical.unfamiliarity(row) for row in other) > 1.0


def test_all_films_of_a_patient_are_left_out_together_when_the_limit_is_set() -> None:
    """Films of the same patient are near each other; a limit set with them would be too narrow."""
    random = np.random.default_rng(3)
    patients = random.normal(size=(8, 60)).astype(np.float32)
    films = np.repeat(patients, 15, axis=0) + 0.01 * random.normal(size=(120, 60)).astype(np.float32)
    owners = [f"patient {n // 15}" for n in range(120)]
    honest = Typical.fit(films, owners)
    hasty = Typical.fit(films, each_own(120))
    assert honest.limit > 1.5 * hasty.limit


def test_images_the_network_was_not_trained_on_may_raise_the_limit_and_never_lower_it() -> None:
    plain = Typical.fit(known_images(), each_own(200))
    random = np.random.default_rng(4)
    further = known_images(50, seed=5) + 0.3 * random.normal(size=(50, 60)).astype(np.float32)
    assert Typical.fit(known_images(), each_own(200), further).limit > 1.5 * plain.limit
    assert Typical.fit(known_images(), each_own(200), known_images()[:20]).limit >= plain.limit


def test_too_few_or_broken_features_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        Typical.fit(known_images(LEAST_IMAGES - 1), each_own(LEAST_IMAGES - 1))
    broken = known_images()
    broken[7, 3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        Typical.fit(broken, each_own(200))


def test_a_file_says_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    typical = Typical.fit(known_images(), each_own(200), cells=3)
    sha256 = typical.write(tmp_path / "typical.safetensors")
    again = Typical.read(tmp_path / "typical.safetensors", sha256)
    assert again.cells == 3
    for row in np.random.default_rng(6).normal(size=(5, 60)).astype(np.float32):
        assert again.unfamiliarity(row) == pytest.approx(typical.unfamiliarity(row), rel=2e-3)


def test_another_file_or_a_damaged_one_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "typical.safetensors"
    with pytest.raises(InvalidWeights, match="cannot be read"):
        Typical.read(path, "0" * 64)
    Typical.fit(known_images(), each_own(200)).write(path)
    with pytest.raises(InvalidWeights, match="not the file that its card names"):
        Typical.read(path, "0" * 64)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidWeights, match="does not say what is typical"):
        Typical.read(path, hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_description_remembers_where_on_the_film_something_lies() -> None:
    grid = np.zeros((3, 7, 7), np.float32)
    grid[1, :2, :2] = 4.0
    turned = grid[:, ::-1, ::-1].copy()
    embedding = grid.mean(axis=(1, 2))
    assert np.allclose(embedding, turned.mean(axis=(1, 2)))
    one, other = describe(embedding, grid), describe(embedding, turned)
    assert one.shape == (3 * 16,)
    assert not np.allclose(one, other)
    assert one.max() == pytest.approx(2.0)  # the square root
    assert np.array_equal(describe(embedding, grid, 0), np.sqrt(embedding.astype(np.float64)))
    assert np.array_equal(describe(embedding, None), np.sqrt(embedding.astype(np.float64)))
    assert describe(np.array([-4.0], np.float32), None) == pytest.approx([-2.0])
    assert describe(embedding, grid[:, :2, :3]).shape == (3 * 2 * 3,)


@pytest.mark.parametrize("architecture", ["test_resnet", "test_vit", "test_convnext"])
def test_networks_of_every_layout_are_described(architecture: str) -> None:
    card = make_card(architecture, 160 if architecture == "test_vit" else 96)
    torch.manual_seed(0)
    model = prepare(card, build(card), torch.device("cpu"))
    batch = torch.stack([to_tensor(make_image(seed=n), card.preprocessing) for n in range(3)])
    together = descriptions(model, run(model, batch))
    alone = descriptions(model, run(model, batch[1:2]))
    assert together.shape[0] == 3
    assert together.ndim == 2
    assert np.isfinite(together).all()
    assert np.allclose(together[1], alone[0], atol=1e-2)


def test_a_chest_without_lungs_is_less_familiar_and_other_images_are_not_asked_for_lungs() -> None:
    grid = np.zeros((8, 8), np.uint8)
    lungs, none = LungMask(grid, (0, 0, 8, 8), True), LungMask(grid, (0, 0, 8, 8), False)
    assert with_lungs(0.9, lungs) == 0.9
    assert with_lungs(0.9, None) == 0.9
    assert with_lungs(0.9, none) > 1.0
    assert with_lungs(0.6, none) < 1.0


def test_films_of_two_hospitals_are_both_known() -> None:
    """Descriptions in two heaps far from each other: what tells them apart is one direction more."""
    far = 20.0 * np.random.default_rng(7).normal(size=60).astype(np.float32)
    both = np.concatenate([known_images(100, seed=8), known_images(100, seed=9) + far])
    typical = Typical.fit(both, each_own(200))
    inside = np.concatenate([known_images(100, seed=10), known_images(100, seed=11) + far])
    assert np.mean([typical.unfamiliarity(row) > 1.0 for row in inside]) < 0.05
    other = np.random.default_rng(12).normal(size=(30, 60)).astype(np.float32)
    assert min(typical.unfamiliarity(row + far) for row in other) > 1.0
