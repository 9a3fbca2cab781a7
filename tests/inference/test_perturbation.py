"""Explanations of many passes are what captum and the grad-cam package give, can be followed and stopped."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from inference import perturbation_channels, perturbation_gradients, perturbation_lime
from inference.adapted import probabilities_of
from inference.card import Preprocessing
from inference.errors import CannotExplain, UnknownFinding
from inference.importing import import_weights
from inference.network import LoadedModel, load, prepare
from inference.perturbation import METHODS, Explained, Progress, explain
from inference.perturbation_gradients import empty_film
from inference.perturbation_lime import closeness_of, draw_lots, superpixels
from inference.perturbed import batch_size, blurred, window_of
from inference.preprocess import to_tensor
from inference.registry import ModelRegistry
from tests.inference.foreign import make_network, write_onnx, write_program
from tests.inference.making import FINDINGS, make_card, make_image
from tests.inference.test_evidence import CPU, KINDS, Kind, make_model

NAMES = tuple(finding.name for finding in FINDINGS)
ARCHITECTURES = [
    ("resnet18", 64),
    pytest.param("resnet50", 64, marks=pytest.mark.slow),
    ("torchvision/resnet18", 64),
    pytest.param("vgg11", 64, marks=pytest.mark.slow),
    pytest.param("densenet121", 64, marks=pytest.mark.slow),
    ("mobilenetv3_small_050", 64),
    ("test_efficientnet", 64),
    ("test_convnext", 64),
    ("test_vit", 160),
    ("test_vit2", 160),
    pytest.param("swin_tiny_patch4_window7_224", 64, marks=pytest.mark.slow),
]


@pytest.fixture
def few_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to see that a method works."""
    monkeypatch.setattr(perturbation_lime, "RUNS", 2)
    monkeypatch.setattr(perturbation_lime, "SAMPLES", 20)
    monkeypatch.setattr(perturbation_gradients, "STEPS", 4)
    monkeypatch.setattr(perturbation_channels, "MOST_CHANNELS", 24)


def film(model: LoadedModel, seed: int = 0) -> torch.Tensor:
    return to_tensor(make_image(seed=seed), model.card.preprocessing)


def result_of(model: LoadedModel, x: torch.Tensor, method: str, **options: Any) -> Explained:
    *_, last = explain(model, x, options.pop("findings", NAMES), method, **options)
    assert isinstance(last, Explained)
    return last


def close(one: NDArray[Any], other: NDArray[Any], tolerance: float = 1e-4) -> bool:
    return bool(np.abs(one - other).max() <= tolerance * np.abs(other).max())


@pytest.mark.parametrize(("architecture", "side"), ARCHITECTURES)
@pytest.mark.usefixtures("few_passes")
def test_every_method_explains_every_kind_of_network(architecture: str, side: int) -> None:
    model = make_model(architecture, side)
    x = film(model)
    for method in METHODS:
        steps = list(explain(model, x, NAMES, method))
        progress, found = steps[:-1], steps[-1]
        assert isinstance(found, Explained), method
        assert found.maps.shape == (3, *found.maps.shape[1:])
        assert found.maps.dtype == np.float32
        assert np.isfinite(found.maps).all()
        assert np.abs(found.maps).max() > 0, method
        assert found.peak == pytest.approx(max(float(found.maps.max()), 0.0))
        assert (found.spread is not None) == (method == "lime")
        done = [step.done for step in progress if isinstance(step, Progress)]
        assert len(done) == len(progress)
        assert done == sorted(done)
        assert done[-1] == progress[-1].total, method
        assert max(np.diff(done, prepend=0)) <= max(batch_size(model), 64)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("few_passes")
def test_the_same_seed_gives_the_same_map_and_nothing_else_is_touched(method: str) -> None:
    model = make_model("resnet18", 64)
    x = film(model)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index]
    one, same = result_of(model, x, method, seed=7), result_of(model, x, method, seed=7)
    other = result_of(model, x, method, seed=8)
    assert np.array_equal(one.maps, same.maps)
    assert np.array_equal(one.maps, other.maps) == (method != "lime")
    assert torch.equal(torch_state, torch.get_rng_state())
    assert np.array_equal(numpy_state, np.random.get_state()[1])  # type: ignore[index]
    assert not any(p.requires_grad or p.grad is not None for p in model.network.parameters())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("few_passes")
def test_one_finding_is_explained_as_among_all_and_on_the_scale_of_all(method: str) -> None:
    model = make_model("test_vit", 160)
    x = film(model)
    every = result_of(model, x, method)
    with torch.inference_mode():
        strongest = int(model.network(x[None])[0].argmax())
    for k, name in enumerate(NAMES):
        alone = result_of(model, x, method, findings=(name,))
        assert close(alone.maps[0], every.maps[k])
        if method == "integrated-gradients":  # passes for each: only the most probable one is compared with
            assert alone.peak >= max(every.maps[strongest].max(), alone.maps.max(), 0) - 1e-7
        else:
            assert alone.peak == pytest.approx(every.peak)


class Passes:
    """Counts the images that go through a network."""

    def __init__(self, model: LoadedModel) -> None:
        self.count = 0
        first = next(m for m in model.network.modules() if isinstance(m, nn.Conv2d | nn.Linear))
        self._handle = first.register_forward_hook(self._add)

    def _add(self, _module: nn.Module, inputs: tuple[torch.Tensor, ...], _output: torch.Tensor) -> None:
        self.count += len(inputs[0])

    def __enter__(self) -> Passes:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()


@pytest.mark.parametrize("architecture", ["test_resnet", "test_vit"])
@pytest.mark.parametrize("method", METHODS)
def test_closing_stops_within_a_batch_and_leaves_nothing_behind(architecture: str, method: str) -> None:
    model = make_model(architecture, 160)
    steps = explain(model, film(model), NAMES, method)
    with Passes(model) as passes:
        next(steps)
        before = passes.count
        steps.close()
        assert passes.count - before <= batch_size(model)
        assert before <= 2 * batch_size(model)
    assert not any(thread.name == "explaining" for thread in threading.enumerate())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.network.modules())


@pytest.mark.parametrize("method", ["occlusion", "lime"])
@pytest.mark.usefixtures("few_passes")
def test_all_findings_come_from_the_same_passes(method: str) -> None:
    model = make_model("test_resnet", 96)
    x = film(model)
    counts = []
    for findings in (NAMES[:1], NAMES):
        with Passes(model) as passes:
            result_of(model, x, method, findings=findings)
            counts.append(passes.count)
    assert counts[0] == counts[1]


def test_what_goes_wrong_in_the_network_is_raised_and_leaves_no_thread() -> None:
    model = make_model("test_resnet", 96)
    for method in METHODS:
        with pytest.raises(RuntimeError):
            result_of(model, torch.zeros(2, 96, 96), method)  # two channels, where it takes one
    assert not any(thread.name == "explaining" for thread in threading.enumerate())


# -- the same as the libraries' own -------------------------------------------------------------------


def test_occlusion_is_captums_with_a_blurred_film_behind_the_window() -> None:
    from captum.attr import Occlusion

    model = make_model("test_resnet", 112)
    x = film(model)
    found = result_of(model, x, "occlusion").maps
    window = window_of(x)
    assert (window, found.shape) == (16, (3, 14, 14))
    for k in range(3):
        theirs = Occlusion(model.network).attribute(
            x[None], (1, 16, 16), strides=(1, 8, 8), baselines=blurred(x, 16)[None], target=k
        )[0, 0]
        cells = theirs.reshape(14, 8, 14, 8).mean(dim=(1, 3)).numpy()
        assert close(found[k], cells)


def test_integrated_gradients_are_captums_summed_over_cells() -> None:
    from captum.attr import IntegratedGradients
    from scipy.ndimage import gaussian_filter

    model = make_model("test_resnet", 96)
    x = film(model)
    found = result_of(model, x, "integrated-gradients").maps
    for k in range(3):
        theirs = IntegratedGradients(model.network).attribute(
            x[None], empty_film(x)[None], target=k, n_steps=perturbation_gradients.STEPS
        )
        sums = theirs[0, 0].detach().reshape(12, 8, 12, 8).sum(dim=(1, 3)).numpy()
        assert found[k].sum() == pytest.approx(sums.sum(), rel=1e-3, abs=1e-5)  # smoothing keeps the sum
        assert close(found[k], gaussian_filter(sums, 2.0, mode="reflect"), 1e-3)


@pytest.mark.parametrize("architecture", ["resnet18", "test_vit"])
def test_integrated_gradients_add_up_to_what_the_film_adds_to_the_logit(architecture: str) -> None:
    model = make_model(architecture, 160)
    x = film(model)
    found = result_of(model, x, "integrated-gradients").maps
    with torch.inference_mode():
        added = (model.network(x[None]) - model.network(empty_film(x)[None]))[0].numpy()
    assert np.abs(found.sum(axis=(1, 2)) - added).max() <= 0.03 * np.abs(added).max()


def test_lime_is_captums_on_the_same_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    from captum._utils.models.linear_model import SkLearnRidge
    from captum.attr import Lime

    monkeypatch.setattr(perturbation_lime, "RUNS", 2)
    monkeypatch.setattr(perturbation_lime, "SAMPLES", 80)
    model = make_model("test_resnet", 96)
    x = film(model)
    labels = superpixels(x)
    found = result_of(model, x, "lime", seed=5)
    for k in range(3):
        runs = []
        for run in range(2):
            lots = torch.from_numpy(draw_lots(labels.max() + 1, 80, 5, run))

            def drawn(_image: torch.Tensor, lots: torch.Tensor = lots, **_: Any) -> Iterator[torch.Tensor]:
                yield from lots[:, None]

            theirs = Lime(
                model.network,
                interpretable_model=SkLearnRidge(alpha=1.0),
                similarity_func=closeness_of,
                perturb_func=drawn,
            ).attribute(
                x[None],
                baselines=blurred(x, window_of(x))[None],
                target=k,
                feature_mask=torch.from_numpy(labels)[None, None],
                n_samples=80,
            )[0, 0]
            runs.append(theirs.reshape(12, 8, 12, 8).mean(dim=(1, 3)).numpy())
        assert close(found.maps[k], np.mean(runs, axis=0), 1e-3)
        assert found.spread is not None
        assert close(found.spread[k], np.std(runs, axis=0, ddof=1), 1e-3)


def reference(model: LoadedModel, kind: Kind, x: torch.Tensor, method: str) -> NDArray[np.float32]:
    """The grad-cam package's own run, a finding at a time, before it cuts at zero: (K, h, w)."""
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    maps = []
    for k in range(3):
        network = copy.deepcopy(model.network)
        layer = kind.layer(network)
        with getattr(pytorch_grad_cam, method)(network, [layer], kind.as_grid) as cam, torch.no_grad():
            cam.activations_and_grads(x[None])
            activations = cam.activations_and_grads.activations[0].numpy()
            cam.activations_and_grads.release()
            targets = [ClassifierOutputTarget(k)]
            maps.append(cam.get_cam_image(x[None], layer, targets, activations, None, False)[0])
    return np.stack(maps)


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2], KINDS[7]], ids=lambda kind: kind.architecture)
@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_score_cam_is_the_packages_times_the_probability(kind: Kind, task: Any) -> None:
    model = make_model(kind.architecture, kind.side, task=task, temperature=2.0)
    x = film(model)
    with torch.inference_mode():
        probabilities = probabilities_of(model.network(x[None])[0].numpy(), 2.0, task)
    theirs = reference(model, kind, x, "ScoreCAM")
    assert close(result_of(model, x, "scorecam").maps, theirs * probabilities[:, None, None], 1e-3)


def test_ablation_cam_is_the_packages_times_the_logit_that_it_divides_by() -> None:
    kind = KINDS[0]
    model = make_model(kind.architecture, kind.side)
    x = film(model)
    with torch.inference_mode():
        logits = model.network(x[None])[0].numpy()
    theirs = reference(model, kind, x, "AblationCAM")
    assert close(result_of(model, x, "ablationcam").maps, theirs * logits[:, None, None], 1e-3)


@pytest.mark.parametrize("architecture", ["test_resnet", "test_convnext", "test_vit", "test_vit2"])
def test_ablation_cam_weighs_a_channel_by_what_the_logit_loses_without_it(architecture: str) -> None:
    """From the definition, by a hook of this test's own; the package takes other values than zero here."""
    model = make_model(architecture, 160)
    x = film(model)
    target = model.anatomy.target
    network: Any = model.network

    def logits_and_grid(channel: int | None) -> tuple[torch.Tensor, torch.Tensor]:
        kept: list[torch.Tensor] = []

        def ablate(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
            kept.append(output.clone())
            changed = output.clone()
            if channel is not None:
                model.anatomy.as_grid(changed)[:, channel] = 0.0
            return changed

        with torch.no_grad():
            if target is not None:
                handle = target.register_forward_hook(ablate)
                logits = network(x[None])
                handle.remove()
            else:
                logits = network.forward_head(ablate(network, None, network.forward_features(x[None])))
        return logits[0], model.anatomy.as_grid(kept[0])[0]

    whole, grid = logits_and_grid(None)
    expected = sum((whole - logits_and_grid(c)[0])[:, None, None] * grid[c] for c in range(len(grid)))
    assert isinstance(expected, torch.Tensor)
    assert close(result_of(model, x, "ablationcam").maps, expected.numpy(), 1e-3)


def test_what_stands_in_has_its_surroundings_grey_and_neither_edge_nor_detail() -> None:
    x = torch.zeros(1, 112, 112)
    x[:, :, 56:] = 1.0  # a bright side
    x[:, 50:56, 20:26] = 1.0  # something small in the dark
    grey = blurred(x, window_of(x))
    assert float(grey[0, 53, 23]) < 0.25  # it is gone, and what is there is dark, not the film's mean
    assert float(grey[0, 53, 100]) > 0.95
    assert float((grey[0, :, 1:] - grey[0, :, :-1]).abs().max()) < 0.1
    assert float(grey.mean()) == pytest.approx(float(x.mean()), abs=1e-3)
    assert torch.allclose(blurred(torch.ones(3, 64, 64), 10), torch.ones(3, 64, 64))


# -- LIME ----------------------------------------------------------------------------------------------


def test_limes_runs_differ_and_differ_less_the_more_samples_they_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = make_model("test_resnet", 64)
    x = film(model)
    spreads = []
    for samples in (80, 800):
        monkeypatch.setattr(perturbation_lime, "SAMPLES", samples)
        found = result_of(model, x, "lime")
        assert found.spread is not None
        assert found.spread.shape == found.maps.shape
        spreads.append(float(found.spread.mean()))
    assert spreads[0] > 1.8 * spreads[1] > 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("architecture", ["resnet18", pytest.param("resnet50", marks=pytest.mark.slow)])
@pytest.mark.usefixtures("few_passes")
def test_lime_works_on_resnets_of_any_channels_that_are_sure(architecture: str, channels: int) -> None:
    """Three ways in which LIME is known to give nothing, or nonsense, on a ResNet.

    A fit of probabilities has nothing to fit where softmax says 1.0 to every changed image, as a
    fine-tuned ResNet's does; superpixels are cut out of three channels where a film has one; and in
    training mode batch normalisation lets the changed images of a batch change each other's answers.
    """
    half = (0.5,) * channels
    pre = Preprocessing(64, channels=channels, normalisation="image", mean=half, std=half)
    model = make_model(architecture, 64, preprocessing=pre)
    head: Any = model.network.get_classifier()  # type: ignore[operator]
    with torch.no_grad():
        head.weight.mul_(100.0)
        head.bias.copy_(torch.tensor([0.0, 200.0, 0.0]))
    x = film(model)
    with torch.inference_mode():
        logits = model.network(x[None])
        assert float(logits.softmax(dim=1).max()) == 1.0  # so sure that a probability cannot change
        changed = torch.stack([x, -x, torch.zeros_like(x)])
        assert torch.allclose(model.network(changed)[:1], logits, rtol=1e-3, atol=1e-2)
    found = result_of(model, x, "lime")
    assert np.abs(found.maps).max() > 1.0
    assert len(np.unique(found.maps[0].round(6))) > 20


def test_superpixels_cover_the_film_and_suit_flat_ones_too() -> None:
    x = to_tensor(make_image(), make_card().preprocessing)
    for film_or_flat in (x, 1e-3 * x):
        labels = superpixels(film_or_flat)
        assert labels.shape == (96, 96)
        assert 20 <= labels.max() + 1 <= perturbation_lime.SUPERPIXELS * 1.3
        assert set(np.unique(labels)) == set(range(labels.max() + 1))
    even = superpixels(torch.zeros(1, 96, 96))
    assert even.max() > 10
    assert np.array_equal(superpixels(x), superpixels(x.expand(3, -1, -1)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("few_passes")
def test_a_film_without_anything_on_it_gives_finite_maps(method: str) -> None:
    model = make_model("test_resnet", 96)
    assert np.isfinite(result_of(model, torch.zeros(1, 96, 96), method).maps).all()


@pytest.mark.parametrize("batch", [1, None])
@pytest.mark.usefixtures("few_passes")
def test_a_program_is_explained_as_the_network_it_was_made_from(
    registry: ModelRegistry, tmp_path: Path, batch: int | None
) -> None:
    network = make_network()
    path = write_program(network, tmp_path / "p.pt2", batch=batch)
    pre = make_card().preprocessing
    card = import_weights(registry, path, "", NAMES, mean=pre.mean, std=pre.std)
    program, original = load(card, registry, CPU), prepare(make_card(), network, CPU)
    x = film(original)
    for method in METHODS:
        assert close(result_of(program, x, method).maps, result_of(original, x, method).maps, 1e-3), method


# -- what cannot be explained --------------------------------------------------------------------------


@pytest.mark.usefixtures("few_passes")
def test_an_onnx_file_is_explained_by_occlusion_and_lime_and_the_others_say_so(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    card = make_card("classifier", 32, format="onnx", head="none")
    card = registry.add(card, write_onnx(tmp_path / "model.onnx", side=32, channels=1))
    model = load(card, registry, CPU)
    x = film(model)
    for method in ("occlusion", "lime"):
        assert np.abs(result_of(model, x, method).maps).max() > 0
    for method in ("scorecam", "ablationcam", "integrated-gradients"):
        with pytest.raises(CannotExplain, match="occlusion and LIME explain it") as refused:
            result_of(model, x, method)
        assert str(refused.value).count(". ") == 0


def test_unknown_methods_and_findings_are_told() -> None:
    model = make_model("test_resnet", 96)
    with pytest.raises(CannotExplain, match="no method called 'magic'; expected one of scorecam"):
        explain(model, film(model), NAMES, "magic")
    with pytest.raises(UnknownFinding, match="no finding called 'fracture'"):
        explain(model, film(model), ("fracture",), "lime")
