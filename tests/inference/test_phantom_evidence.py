"""The bundled phantom model on the sample films: it knows them, and its evidence lies on what was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.network import load
from inference.overlay import to_stored_pixels
from inference.prediction import Look
from inference.predictor import Predictor
from inference.registry import ModelRegistry
from studies.image import Image
from studies.phantom import label, planted
from studies.reader import read, read_header

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
FILMS = sorted((RESOURCES / "samples").glob("*/chest-*.dcm"))


@pytest.fixture(scope="module")
def looks() -> list[tuple[Path, Image, Look]]:
    """Every sample film, and what the model says of it."""
    registry = ModelRegistry(RESOURCES / "none", RESOURCES / "models")
    predictor = Predictor(load(registry.find("phantom"), registry, torch.device("cpu")))
    images = [read(read_header(path)) for path in FILMS]
    return [
        (path, image, predictor.look(image, ["opacity", "no-finding"]))
        for path, image in zip(FILMS, images, strict=True)
    ]


def distance_to_planted(path: Path, image: Image, look: Look) -> float:
    """From the map's peak to the nearest planted opacity, in cells of the network's last layer."""
    heatmap = next(h for h in look.heatmaps if h.finding == "opacity")
    values = to_stored_pixels(heatmap, image.shape)
    row, column = np.unravel_index(values.argmax(), values.shape)
    cell_rows, cell_columns = (
        side / cells for side, cells in zip(image.shape, heatmap.grid.shape, strict=True)
    )
    return min(
        float(np.hypot((row - o.row) / cell_rows, (column - o.column) / cell_columns)) for o in planted(path)
    )


def test_most_sample_films_are_recognised(looks: list[tuple[Path, Image, Look]]) -> None:
    right = [look.prediction.suggestion == label(path) for path, _, look in looks]
    assert sum(right) >= len(FILMS) - 2


def test_evidence_peaks_within_a_cell_of_a_planted_opacity(looks: list[tuple[Path, Image, Look]]) -> None:
    distances = [
        distance_to_planted(path, image, look) for path, image, look in looks if label(path) == "opacity"
    ]
    assert len(distances) == 6
    assert np.mean([distance <= 1.0 for distance in distances]) >= 0.8, distances


def test_evidence_of_an_absent_opacity_is_weaker(looks: list[tuple[Path, Image, Look]]) -> None:
    def strongest(look: Look) -> float:
        return max(float(h.grid.max()) for h in look.heatmaps if h.finding == "opacity")

    present = [strongest(look) for path, _, look in looks if label(path) == "opacity"]
    absent = [strongest(look) for path, _, look in looks if label(path) == "no-finding"]
    assert np.median(present) > np.median(absent)
