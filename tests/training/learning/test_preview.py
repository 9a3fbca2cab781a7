"""The preview shows what a training does, without torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studies.reader import read, read_header
from tests.studies.files import ramp, write_dicom
from tests.training.conftest import write_film
from training.learning.augment import distorted
from training.learning.changes import draw
from training.learning.preview import changed, variants
from training.plan import Plan

ROOT = Path(__file__).resolve().parents[3]


@given(st.integers(0, 10_000), st.integers(9, 40), st.floats(0, 2), st.booleans())
def test_films_are_changed_as_the_training_changes_them(
    seed: int, side: int, strength: float, flip: bool
) -> None:
    plan = Plan(seed=seed, augmentation=strength, horizontal_flip=flip)
    x = np.random.default_rng(seed).random((3, side, side), np.float32)
    drawn = draw(plan, 2, np.arange(3))
    wanted, _ = distorted(torch.from_numpy(x), drawn)
    assert changed(x, drawn) == pytest.approx(wanted.numpy(), abs=2e-4)


def test_nine_variants_of_a_film_differ_and_none_is_upside_down(tmp_path: Path) -> None:
    halves = np.full((40, 40), 60, np.uint8)
    halves[:20] = 200
    Image.fromarray(halves).save(tmp_path / "a.png")
    shown = variants(read(read_header(tmp_path / "a.png")), Plan(noise=0.0), 64)
    assert shown.shape == (9, 64, 64)
    assert len({film.tobytes() for film in shown}) == 9
    upper, lower = shown[:, :32].mean(axis=(1, 2)), shown[:, 32:].mean(axis=(1, 2))
    assert bool((upper > lower).all())


def test_without_augmentation_the_film_is_shown_as_it_is(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    plan = Plan(augmentation=0.0, noise=0.0)
    shown = variants(read(read_header(tmp_path / "a.png")), plan, 40)
    assert len({film.tobytes() for film in shown}) == 1


def test_only_ct_images_are_shown_through_other_windows(tmp_path: Path) -> None:
    plan = Plan(augmentation=0.0, noise=0.0, window_jitter=0.3)
    for name, modality in (("ct", "CT"), ("film", "DX")):
        write_dicom(tmp_path / name, ramp(40, 40), Modality=modality, WindowCenter=2000, WindowWidth=900)
        shown = variants(read(read_header(tmp_path / name)), plan, 40)
        assert (len({film.tobytes() for film in shown}) > 1) == (modality == "CT")


def test_erased_rectangles_and_noise_are_shown(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    image, plain = read(read_header(tmp_path / "a.png")), Plan(augmentation=0.0, noise=0.0)
    own = variants(image, plain, 40)
    assert (variants(image, replace(plain, erase=1.0), 40) != own).mean() > 0.01
    assert (variants(image, replace(plain, noise=0.5), 40) != own).mean() > 0.3


def test_it_needs_no_torch() -> None:
    code = "import sys, training.learning.preview, training.presets; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
