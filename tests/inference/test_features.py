import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from inference.features import FeatureCache, Seen, feature_key
from inference.lung_mask import LungMask
from studies.image import Header
from studies.reader import read_header
from tests.inference.making import make_card, make_film, make_header

KEY = "ab" + "0" * 62


def test_an_embedding_comes_back_in_half_precision(tmp_path: Path) -> None:
    cache, vector = FeatureCache(tmp_path / "f"), np.linspace(-3, 3, 512, dtype=np.float32)
    assert cache.get(KEY) is None
    cache.put(KEY, vector)
    found = FeatureCache(tmp_path / "f").get(KEY)
    assert found is not None
    assert found.dtype == np.float32
    assert np.abs(found - vector).max() < 2e-3
    (file,) = (tmp_path / "f").glob("*/*")
    assert file.stat().st_size < 1024 + 200


def test_the_key_names_encoder_preprocessing_and_frame() -> None:
    card, header = make_card(weights_sha256="w"), make_header()
    key = feature_key(card, header, 1)
    assert key == feature_key(replace(card, name="other", figures={"a": 1}), replace(header, path="/b"), 1)
    others = [
        feature_key(replace(card, weights_sha256="v"), header, 1),
        feature_key(replace(card, preprocessing=replace(card.preprocessing, geometry="pad")), header, 1),
        feature_key(card, replace(header, sop_instance_uid="9"), 1),
        feature_key(card, header, 2),
    ]
    assert len({key, *others}) == 5


def test_the_oldest_are_thrown_away_when_it_is_full(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, limit_bytes=10 * 4096)
    keys = [f"{n:02x}" + "0" * 62 for n in range(11)]
    for age, key in enumerate(keys):
        cache.put(key, np.zeros(8, dtype=np.float32))
        if (path := tmp_path / key[:2] / f"{key}.npy").exists():
            os.utime(path, (age, age))
    kept = [cache.get(key) is not None for key in keys]
    assert not kept[0]
    assert all(kept[2:])


def test_a_damaged_embedding_is_forgotten(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = FeatureCache(tmp_path)
    cache.put(KEY, np.zeros(8, dtype=np.float32))
    (file,) = tmp_path.glob("*/*")
    file.write_bytes(b"\x93NUMPY cut")
    assert cache.get(KEY) is None
    assert "damaged" in caplog.text
    assert not file.exists()


def test_what_half_precision_cannot_hold_is_not_kept(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.put(KEY, np.array([1e6, 1.0], dtype=np.float32))
    cache.put(KEY, np.array([np.nan], dtype=np.float32))
    assert cache.get(KEY) is None


def test_a_folder_that_cannot_be_written_costs_no_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    FeatureCache(tmp_path / "file" / "f").put(KEY, np.zeros(8, dtype=np.float32))
    assert "could not be cached" in caplog.text


@pytest.fixture
def film(tmp_path: Path) -> Header:
    Pillow.fromarray(make_film()).save(tmp_path / "film.png")
    return read_header(tmp_path / "film.png")


def make_seen(**values: object) -> Seen:
    random = np.random.default_rng(0)
    known: dict[str, object] = {
        "embedding": random.normal(size=16).astype(np.float32),
        "logits": random.normal(size=3).astype(np.float32),
        "features": random.normal(size=(16, 4, 5)).astype(np.float32),
        "box": (0.0, -1.5, 300.0, 240.0),
        "warnings": ("Something is odd.",),
        "lungs": LungMask(random.integers(0, 256, (8, 8)).astype(np.uint8), (0.0, 0.0, 300.0, 240.0), True),
        "lung_shares": (0.25, None, 1.0),
        "unfamiliarity": 0.5,
    }
    return Seen(**{**known, **values})  # type: ignore[arg-type]


def test_what_was_seen_comes_back_and_what_is_said_of_it_to_the_last_digit(
    tmp_path: Path, film: Header
) -> None:
    seen = make_seen()
    FeatureCache(tmp_path / "f").keep(KEY, film, seen, "v1")
    found = FeatureCache(tmp_path / "f").recall(KEY, film, "v1")
    assert found is not None
    assert seen.features is not None
    assert found.features is not None
    assert np.array_equal(found.embedding, seen.embedding)
    assert np.array_equal(found.logits, seen.logits)
    assert np.abs(found.features - seen.features).max() < 2e-3
    assert (found.box, found.warnings) == (seen.box, seen.warnings)
    assert (found.lung_shares, found.unfamiliarity) == (seen.lung_shares, seen.unfamiliarity)
    assert found.lungs is not None
    assert seen.lungs is not None
    assert np.array_equal(found.lungs.grid, seen.lungs.grid)
    assert (found.lungs.box, found.lungs.is_plausible) == (seen.lungs.box, True)


def test_what_was_seen_without_lungs_features_or_cells_comes_back_too(tmp_path: Path, film: Header) -> None:
    cache = FeatureCache(tmp_path / "f")
    cache.keep(KEY, film, make_seen(features=None, lungs=None, lung_shares=(), unfamiliarity=None))
    found = cache.recall(KEY, film)
    assert found is not None
    assert (found.features, found.lungs, found.lung_shares, found.unfamiliarity) == (None, None, (), None)


def test_how_unfamiliar_an_image_is_stands_behind_its_embedding(tmp_path: Path) -> None:
    cache, vector = FeatureCache(tmp_path / "f"), np.zeros(16, np.float32)
    cache.put(KEY, vector, 0.5)
    assert cache.get(KEY) is not None
    assert cache.unfamiliarity(KEY) == pytest.approx(0.5)
    cache.put(KEY, vector)
    assert cache.unfamiliarity(KEY) is None
    assert cache.unfamiliarity("cd" + KEY[2:]) is None


def test_another_file_of_the_same_name_or_another_version_is_seen_anew(tmp_path: Path, film: Header) -> None:
    cache = FeatureCache(tmp_path / "f")
    cache.keep(KEY, film, make_seen(), "v1")
    assert cache.recall(KEY, film, "v2") is None
    Pillow.fromarray(make_film(seed=1)).save(film.path)
    assert cache.recall(KEY, film, "v1") is None
    Path(film.path).unlink()
    assert cache.recall(KEY, film, "v1") is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_what_is_damaged_is_never_believed(
    tmp_path: Path, film: Header, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache = FeatureCache(tmp_path / "f")
    cache.keep(KEY, film, make_seen())
    (file,) = (tmp_path / "f" / "seen").glob("*/*")
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 16
    damaged = {"cut": content[:-9], "flipped": content, "empty": b"", "other": b"PNG"}[damage]
    file.write_bytes(bytes(damaged))
    assert cache.recall(KEY, film) is None
    assert "damaged" in caplog.text
    assert not file.exists()


def test_what_was_used_last_is_kept_when_it_is_full(tmp_path: Path, film: Header) -> None:
    seen = make_seen()
    cache = FeatureCache(tmp_path / "f", seen_limit_bytes=10 * 4096)
    keys = [f"{n:02x}" + "0" * 62 for n in range(11)]
    for age, key in enumerate(keys):
        cache.keep(key, film, seen)
        if (path := tmp_path / "f" / "seen" / key[:2] / f"{key}.safetensors").exists():
            os.utime(path, (age, age))
        if age == 5:
            assert cache.recall(keys[0], film) is not None  # used, and so the youngest
    kept = [cache.recall(key, film) is not None for key in keys]
    assert kept[0]
    assert not kept[1]
    assert all(kept[4:])


def test_features_that_half_precision_cannot_hold_are_not_kept(tmp_path: Path, film: Header) -> None:
    cache = FeatureCache(tmp_path / "f")
    cache.keep(KEY, film, make_seen(features=np.full((2, 2, 2), 1e6, np.float32)))
    assert cache.recall(KEY, film) is None
