"""The bundled phantom model on the sample films: it knows them, and its evidence lies on what was planted."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.fast_export import prepare as make_fast
from inference.network import LoadedModel, load, prepare
from inference.overlay import to_stored_pixels
from inference.prediction import Look
from inference.predictor import Predictor
from inference.registry import ModelRegistry
from studies.image import Image
from studies.phantom import label, planted
from studies.reader import read, read_header

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
FILMS = sorted((RESOURCES / "samples").glob("*/chest-*.dcm"))


Looks = list[tuple[Path, Image, Look]]


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    registry = ModelRegistry(RESOURCES / "none", RESOURCES / "models")
    return load(registry.find("phantom"), registry, torch.device("cpu"))


@pytest.fixture(scope="module")
def films() -> list[tuple[Path, Image]]:
    return [(path, read(read_header(path))) for path in FILMS]


def looks_of(model: LoadedModel, films: list[tuple[Path, Image]], method: str = "gradcam") -> Looks:
    predictor = Predictor(model)
    return [(path, image, predictor.look(image, ["opacity", "no-finding"], method)) for path, image in films]


@pytest.fixture(scope="module")
def looks(model: LoadedModel, films: list[tuple[Path, Image]]) -> Looks:
    """Every sample film, and what the model says of it."""
    return looks_of(model, films)


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


def test_most_sample_films_are_recognised(looks: Looks) -> None:
    right = [look.prediction.suggestion == label(path) for path, _, look in looks]
    assert sum(right) >= len(FILMS) - 2


def test_evidence_peaks_within_a_cell_of_a_planted_opacity(looks: Looks) -> None:
    distances = [
        distance_to_planted(path, image, look) for path, image, look in looks if label(path) == "opacity"
    ]
    assert len(distances) == 6
    assert np.mean([distance <= 1.0 for distance in distances]) >= 0.8, distances


def share_of_peaks_on_opacities(looks: Looks) -> float:
    return float(
        np.mean([distance_to_planted(*look) <= 1.0 for look in looks if label(look[0]) == "opacity"])
    )


@pytest.mark.parametrize("method", ["gradcam++", "hirescam", "layercam"])
def test_other_methods_that_know_the_finding_peak_there_too(
    model: LoadedModel, films: list[tuple[Path, Image]], method: str
) -> None:
    assert share_of_peaks_on_opacities(looks_of(model, films, method)) >= 0.8


def test_a_fast_encoder_peaks_where_the_plain_one_does(
    model: LoadedModel, films: list[tuple[Path, Image]], looks: Looks, tmp_path: Path
) -> None:
    fast = prepare(model.card, copy.deepcopy(model.network), torch.device("cpu"))
    assert make_fast(fast, tmp_path)
    for (*_, plain), (*_, quick) in zip(looks, looks_of(fast, films), strict=True):
        assert quick.prediction.suggestion == plain.prediction.suggestion
        for one, other in zip(plain.heatmaps, quick.heatmaps, strict=True):
            assert np.abs(one.grid - other.grid).max() <= 1e-4 * np.abs(one.grid).max()


def draw_all_again(network: torch.nn.Module) -> None:
    for module in network.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()


def draw_the_last_stage_again(network: torch.nn.Module) -> None:
    draw_all_again(network.get_submodule("layer4"))
    draw_all_again(network.get_submodule("fc"))


@pytest.mark.parametrize("draw_again", [draw_all_again, draw_the_last_stage_again])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_maps_of_weights_that_were_drawn_again_do_not_resemble_the_trained_ones(
    model: LoadedModel,
    films: list[tuple[Path, Image]],
    looks: Looks,
    draw_again: Callable[[torch.nn.Module], None],
    seed: int,
) -> None:
    """A map that stays when the weights go shows the image, not the model (Adebayo et al. 2018)."""
    torch.manual_seed(seed)
    network = copy.deepcopy(model.network)
    draw_again(network)
    drawn = looks_of(prepare(model.card, network, torch.device("cpu")), films)
    alike = [
        abs(rank_correlation(one.heatmaps[0].grid, other.heatmaps[0].grid))
        for (path, _, one), (*_, other) in zip(looks, drawn, strict=True)
        if label(path) == "opacity"
    ]
    assert np.mean(alike) < 0.5
    assert share_of_peaks_on_opacities(drawn) < share_of_peaks_on_opacities(looks) / 2


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    ranks = [values.ravel().argsort().argsort() for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def test_evidence_of_an_absent_opacity_is_weaker(looks: Looks) -> None:
    def strongest(look: Look) -> float:
        return max(float(h.grid.max()) for h in look.heatmaps if h.finding == "opacity")

    present = [strongest(look) for path, _, look in looks if label(path) == "opacity"]
    absent = [strongest(look) for path, _, look in looks if label(path) == "no-finding"]
    assert np.median(present) > np.median(absent)
