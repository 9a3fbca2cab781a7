"""Small films with a spot whose place is the finding, labelled in a CSV; a small real network."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.registry import ModelRegistry
from training.finetune import fine_tune
from training.plan import Plan
from training.samples import Samples, from_csv

FINDINGS = ("effusion", "no-finding", "nodule")
SIDE = 40
QUICK = Plan(
    backbone="test_resnet", input_size=32, epochs=2, batch_size=16, device="cpu", threads=1, bootstrap=50
)


def write_film(path: Path, label: str, seed: int) -> None:
    """An 8-bit PNG: noise, and a bright spot below left, nowhere, or above right."""
    random = np.random.default_rng(seed)
    pixels = random.normal(90, 25, (SIDE, SIDE))
    row, column = int(random.integers(0, 5)), int(random.integers(0, 5))
    if label == "effusion":
        pixels[26 + row : 36 + row, 4 + column : 14 + column] += 120
    if label == "nodule":
        pixels[4 + row : 12 + row, 26 + column : 34 + column] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


def write_labels(folder: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    """`labels.csv` of (file, label, patient)."""
    path = folder / "labels.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "patient"))
        writer.writerows(rows)
    return path


def write_hospital(folder: Path, patients: int, films_each: int = 2) -> Path:
    """Films of so many patients, each with one of the findings in turn; the labels' path."""
    rows = []
    for patient in range(patients):
        label = FINDINGS[patient % len(FINDINGS)]
        for film in range(films_each):
            name = f"{label}/{patient:03d}-{film}.png"
            write_film(folder / name, label, patient * 10 + film)
            rows.append((name, label, f"p{patient:03d}"))
    return write_labels(folder, rows)


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 60 films of 30 patients with its `labels.csv`."""
    folder = tmp_path_factory.mktemp("hospital")
    write_hospital(folder, 30)
    return folder


@pytest.fixture(scope="session")
def labelled(hospital: Path) -> Samples:
    return from_csv(hospital / "labels.csv", hospital, seed=3, shares=(0.6, 0.2, 0.2))


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models", tmp_path / "bundled")


@pytest.fixture(scope="session")
def shared_registry(tmp_path_factory: pytest.TempPathFactory) -> ModelRegistry:
    folder = tmp_path_factory.mktemp("registry")
    return ModelRegistry(folder / "models", folder / "bundled")


@pytest.fixture(scope="session")
def trained(
    labelled: Samples, shared_registry: ModelRegistry, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    """The `done` event of a model that has learnt the spots."""
    plan = Plan(
        backbone="test_resnet", input_size=32, epochs=25, batch_size=12, device="cpu", threads=1,
        learning_rate=5e-3, augmentation=0.3, bootstrap=100,
    )  # fmt: skip
    events = list(fine_tune(plan, labelled, shared_registry, tmp_path_factory.mktemp("run")))
    assert events[-1].event == "done", events[-1]
    done = events[-1].as_json()
    json.dumps(done)
    return done
