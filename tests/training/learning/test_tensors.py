"""Films cut to their lungs before they are learned from: chest phantoms, the lung network that ships."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference.card import Preprocessing
from inference.lung_mask import crop_box
from inference.lungs import LungFinder
from inference.preprocess import resize
from inference.registry import ModelRegistry
from studies.phantom import chest
from tests.training.conftest import QUICK, write_labels
from training.finetune import fine_tune
from training.learning import spread, tensors
from training.learning.tensors import Films
from training.samples import Samples, from_csv

WHOLE = Preprocessing(48, channels=1, normalisation="image")
LUNGS = Preprocessing(48, channels=1, normalisation="image", crop="lungs")


RESOURCES = Path(__file__).parents[3] / "resources"


@pytest.fixture(scope="module")
def finder() -> LungFinder:
    return LungFinder(RESOURCES / "lungs")


@pytest.fixture(scope="module")
def chests(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Two chest phantoms and a picture without lungs."""
    folder = tmp_path_factory.mktemp("chests")
    rows = write_chests(folder, 2)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 60), np.uint8)).save(folder / "noise.png")
    rows.append(("noise.png", "opacity", "p2"))
    return from_csv(write_labels(folder, rows), folder, shares=(1.0, 0.0, 0.0))


def write_chests(folder: Path, patients: int) -> list[tuple[str, str, str]]:
    """A chest phantom for each patient, every other one with an opacity: rows of `labels.csv`."""
    rows = []
    for patient in range(patients):
        grey = chest(3, patient, 0, patient % 2, rows=240)[0].grey
        Image.fromarray(np.rint(grey * 255).astype(np.uint8)).save(folder / f"{patient}.png")
        rows.append((f"{patient}.png", "opacity" if patient % 2 else "no-finding", f"p{patient}"))
    return rows


def decoded(samples: Samples, pre: Preprocessing, cache: Path | None, lungs: LungFinder | None) -> Films:
    films = Films(samples.samples, pre, cache, lungs)
    assert list(films.decode())[-1] == (3, 3)
    assert films.readable.all()
    return films


def test_films_are_cut_to_their_lungs_before_they_are_resized(chests: Samples, finder: LungFinder) -> None:
    films = decoded(chests, LUNGS, None, finder)
    for i, sample in enumerate(chests.samples):
        grey = np.asarray(Image.open(sample.header.path)).astype(np.float32) / 255
        mask = finder.find_in(grey)
        assert mask.is_plausible == ("noise" not in sample.header.path)
        top, left, bottom, right = crop_box(mask)
        expected = resize(grey[top:bottom, left:right], WHOLE, 48)
        assert (films.pixels[i].float() / 255 - expected).abs().max() < 0.01


def test_films_as_they_are_and_cut_ones_are_kept_apart(
    chests: Samples, finder: LungFinder, tmp_path: Path
) -> None:
    whole = decoded(chests, WHOLE, tmp_path, finder)
    cut = decoded(chests, LUNGS, tmp_path, finder)
    assert not torch.equal(whole.pixels, cut.pixels)
    assert len(list(tmp_path.glob("films-*.npy"))) == 2
    assert torch.equal(decoded(chests, LUNGS, tmp_path, finder).pixels, cut.pixels)
    assert torch.equal(decoded(chests, WHOLE, tmp_path, None).pixels, whole.pixels)
    assert len(list(tmp_path.glob("films-*.npy"))) == 2


def test_films_are_not_cut_without_somebody_who_finds_lungs(chests: Samples) -> None:
    with pytest.raises(ValueError, match="lungs"):
        Films(chests.samples, LUNGS)


def test_a_model_of_lungs_alone_is_trained_and_measured(tmp_path: Path) -> None:
    rows = write_chests(tmp_path, 12)
    samples = from_csv(write_labels(tmp_path, rows), tmp_path, seed=1, shares=(0.6, 0.0, 0.4))
    registry = ModelRegistry(tmp_path / "models", RESOURCES / "models")
    plan = replace(QUICK, crop="lungs", epochs=1, batch_size=4, bootstrap=0)
    done = list(fine_tune(plan, samples, registry, tmp_path / "run"))[-1]
    assert done.event == "done", done
    card = registry.find(done.values["model"])
    assert card.preprocessing.crop == "lungs"
    assert done.values["evaluation"]["n"] == len(samples.of_part("test")) > 0
    tuned = list(fine_tune(replace(plan, depth="head"), samples, registry, tmp_path / "tuned", card))[-1]
    assert registry.find(tuned.values["model"]).preprocessing.crop == "lungs"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks Linux where an array lies")
def test_many_films_lie_in_a_file_that_is_gone_with_them(
    chests: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = decoded(chests, WHOLE, None, None)
    for module in (spread, tensors):
        monkeypatch.setattr(module, "IN_MEMORY", 1000)
    films = decoded(chests, WHOLE, tmp_path, None)
    assert torch.equal(films.pixels, in_memory.pixels)
    assert films.remarks == ()
    assert mapped(films.pixels)
    assert not mapped(in_memory.pixels)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]


def test_films_lie_in_memory_where_a_file_has_no_room(
    chests: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "IN_MEMORY", 1000)
    nowhere = tmp_path / "file"
    nowhere.write_bytes(b"")
    films = decoded(chests, WHOLE, nowhere, None)
    assert "they lie in memory" in films.remarks[0]
    assert films.pixels.any()


def mapped(pixels: torch.Tensor) -> bool:
    """Whether an array is what a file holds."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        begin, end = (int(edge, 16) for edge in line.split()[0].split("-"))
        if begin <= pixels.data_ptr() < end:
            return ".part" in line or ".npy" in line
    return False
