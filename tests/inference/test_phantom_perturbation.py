"""The bundled phantom model, explained by changing its films: what was planted is where each map peaks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inference import perturbation_channels, perturbation_lime
from inference.network import LoadedModel, build, load, prepare
from inference.overlay import to_stored_pixels
from inference.perturbation import METHODS, Explained, explain
from inference.prediction import Heatmap
from inference.preprocess import covered_box, to_tensor
from inference.registry import ModelRegistry
from studies.phantom import planted
from studies.reader import read, read_header

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
FILMS = ("PHANTOM-002/chest-1", "PHANTOM-004/chest-1", "PHANTOM-005/chest-1")
CLEAR = "PHANTOM-009/chest-1"
WINDOW = 1 / 7
"""What occlusion hides at a time, as a share of the film; no map can be asked for more."""


@cache
def model() -> LoadedModel:
    registry = ModelRegistry(RESOURCES / "none", RESOURCES / "models")
    return load(registry.find("phantom"), registry, torch.device("cpu"))


@cache
def heatmap(film: str, method: str) -> Heatmap:
    """Of the finding "opacity"."""
    image = read(read_header(RESOURCES / "samples" / f"{film}.dcm"))
    pre = model().card.preprocessing
    *_, found = explain(model(), to_tensor(image, pre), ("opacity",), method)
    assert isinstance(found, Explained)
    return Heatmap("opacity", method, found.maps[0], covered_box(image, pre), found.peak)


def distance_to_planted(film: str, method: str) -> float:
    """From where the map is strongest to the nearest planted opacity, as a share of the film's height.

    A map of superpixels is equally strong over a whole one: its nearest place counts.
    """
    path = RESOURCES / "samples" / f"{film}.dcm"
    header = read_header(path)
    shape = (header.rows, header.columns)
    values = to_stored_pixels(heatmap(film, method), shape)
    rows, columns = np.nonzero(values >= 0.98 * values.max())
    return min(
        float(np.hypot((rows - o.row) / shape[0], (columns - o.column) / shape[1]).min())
        for o in planted(path)
    )


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_map_peaks_where_an_opacity_was_planted(method: str) -> None:
    for film in FILMS:
        assert heatmap(film, method).grid.max() > 0
        assert distance_to_planted(film, method) <= WINDOW, film


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_where_no_opacity_is_there_is_little_to_see_on_the_common_scale(method: str) -> None:
    def strength(film: str) -> float:
        shown = heatmap(film, method)
        return float(shown.grid.max()) / shown.peak

    assert strength(CLEAR) < 0.75
    assert strength(FILMS[0]) == pytest.approx(1.0)  # there it is the strongest of all findings


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_network_of_random_weights_has_another_map(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map that stays when the weights go shows the film, not the model (Adebayo et al. 2018)."""
    monkeypatch.setattr(perturbation_channels, "MOST_CHANNELS", 128)
    monkeypatch.setattr(perturbation_lime, "RUNS", 2)

    def map_of(explained_model: LoadedModel) -> NDArray[np.float32]:
        *_, found = explain(explained_model, tensor, ("opacity",), method)
        assert isinstance(found, Explained)
        return found.maps[0]

    card = model().card
    image = read(read_header(RESOURCES / "samples" / f"{FILMS[2]}.dcm"))
    tensor = to_tensor(image, card.preprocessing)
    trained = map_of(model())
    correlations = []
    for seed in range(3):
        torch.manual_seed(seed)
        anew = prepare(card, build(card), torch.device("cpu"))
        correlations.append(np.corrcoef(trained.ravel(), map_of(anew).ravel())[0, 1])
    assert np.mean(correlations) < 0.5, correlations
