"""`explain` by methods that change the image many times: what is written, told, and the same again."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from inference import perturbation_gradients, perturbation_lime
from inference.methods import MANY_PASSES
from tests.app.conftest import Overread
from tests.app.making import FINDINGS, film, write_png


@pytest.fixture(autouse=True)
def few_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbation_lime, "RUNS", 2)
    monkeypatch.setattr(perturbation_lime, "SAMPLES", 40)
    monkeypatch.setattr(perturbation_gradients, "STEPS", 8)


def explained(overread: Overread, path: Path, method: str, folder: Path, *options: object) -> tuple[Any, Any]:
    """What was told, and the map itself."""
    out, raw = folder / "o.png", folder / "m.npy"
    told = overread(
        "explain", path, "--finding", FINDINGS[0], "--method", method, "--out", out, "--raw", raw, *options
    )
    assert told.status == 0, told.err
    with Pillow.open(out) as picture:
        assert picture.size == np.load(raw).shape[::-1]
    return told, np.load(raw, allow_pickle=False)


@pytest.mark.parametrize("method", MANY_PASSES)
def test_every_method_writes_an_overlay_and_the_map_itself(
    overread: Overread, tmp_path: Path, method: str
) -> None:
    path = write_png(tmp_path / "upright.png", film(FINDINGS[0], seed=3)[:, :40])
    told, values = explained(overread, path, method, tmp_path)
    assert told.err == ""  # for a program: one object and no progress
    assert told.line["method"] == method
    assert ("spread" in told.line, "seed" in told.line) == (method == "lime", method == "lime")
    assert values.shape == (48, 40)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert values.std() > 0


def test_lime_is_the_same_again_for_a_seed_and_tells_how_far_its_runs_differ(
    overread: Overread, tmp_path: Path, png: Path
) -> None:
    first, one = explained(overread, png, "lime", tmp_path, "--seed", 5)
    again, same = explained(overread, png, "lime", tmp_path, "--seed", 5)
    _, other = explained(overread, png, "lime", tmp_path, "--seed", 6)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert first.line["seed"] == 5
    assert first.line["spread"] == again.line["spread"] > 0


def test_a_person_at_a_terminal_sees_how_far_it_is(
    overread: Overread, tmp_path: Path, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ("explain", png, "--finding", FINDINGS[0], "--method", "occlusion", "--out", tmp_path / "o.png")
    assert "passes" not in overread(*typed, text=True).err  # in a file it would be noise
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: True, raising=False)
    told = overread(*typed, text=True)
    assert re.search(r"(\d+) of \1 passes, about 0 s left", told.err)
    assert told.err.endswith("\r\x1b[K")  # and it is gone when the result is there
    assert told.out.strip() == str(tmp_path / "o.png")
    assert overread(*typed).err == ""


def test_a_seed_has_to_be_a_whole_number_from_zero(overread: Overread, tmp_path: Path, png: Path) -> None:
    typed = ("explain", png, "--finding", FINDINGS[0], "--method", "lime", "--out", tmp_path / "o.png")
    for seed in ("-1", "one"):
        told = overread(*typed, "--seed", seed)
        assert told.status == 2
        assert "--seed" in told.err
