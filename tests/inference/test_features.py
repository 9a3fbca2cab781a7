import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.features import FeatureCache, feature_key
from tests.inference.making import make_card, make_header

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
