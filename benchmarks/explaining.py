"""What the explanations of many passes cost, for four findings at once.

    python benchmarks/explaining.py [--models resnet18 vit_tiny_patch16_224] [--threads 2] [--fast]

Weights are random: the time does not depend on them. Printed for each model and method: passes as they are
counted to the reader, seconds (the second of two runs, for the first imports a library), how many times the
plain `network(x)` of one image that is, how long one step takes at most, which is what stopping costs, and
for the methods that captum or the grad-cam package have, what their own run takes for the same findings.
`--fast` has the encoder computed by ONNX Runtime, as the program does once its export is there.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from inference.card import FindingName, ModelCard, Preprocessing  # noqa: E402
from inference.network import LoadedModel, build, prepare  # noqa: E402
from inference.perturbation import METHODS, Explained, explain  # noqa: E402
from inference.perturbation_gradients import STEPS, empty_film  # noqa: E402
from inference.perturbed import batch_size, blurred, window_of  # noqa: E402
from inference.preprocess import to_tensor  # noqa: E402
from studies.reader import read, read_header  # noqa: E402

FILM = ROOT / "resources" / "samples" / "PHANTOM-001" / "chest-1.dcm"
FINDINGS = tuple(FindingName(name, name) for name in ("a", "b", "c", "d"))
LAYERS: dict[str, Callable[[Any], Any]] = {"resnet18": lambda n: n.layer4, "resnet50": lambda n: n.layer4}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["resnet18", "vit_tiny_patch16_224"], metavar="ARCH")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--fast", action="store_true", help="encoders by ONNX Runtime where that is worth it")
    parser.add_argument("--alone", action="store_true", help="without captum's and grad-cam's own runs")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{options.threads} threads of {os.cpu_count()}{load}; four findings; seconds")
    for architecture in options.models:
        report(make_model(architecture, options.fast), options.alone)


def make_model(architecture: str, fast: bool) -> LoadedModel:
    torch.manual_seed(0)
    named = {"weights_sha256": "random"}  # exports are kept by this name, in a folder of this run
    card = ModelCard("", architecture, architecture, FINDINGS, preprocessing=Preprocessing(), **named)
    model = prepare(card, build(card), torch.device("cpu"))
    if fast:
        from inference.fast_export import prepare as export

        with tempfile.TemporaryDirectory() as cache:
            export(model, Path(cache))
    return model


def report(model: LoadedModel, alone: bool) -> None:
    x = to_tensor(read(read_header(FILM)), model.card.preprocessing)
    with torch.inference_mode():
        plain = statistics.median(seconds(lambda: model.network(x[None])) for _ in range(20))
    way = "ONNX Runtime" if model.encoder.is_fast else "eager"
    print(f"\n{model.card.architecture} ({way}); network(x) takes {plain * 1e3:.1f} ms")
    print(f"{'method':22} {'passes':>7} {'seconds':>8} {'of x':>7} {'step at most':>13} {'theirs':>8}")
    for method in METHODS:
        for _ in range(2):
            passes, taken, step = measure(model, x, method)
        theirs = None if alone else own_run(model, x, method)
        beside = "" if theirs is None else f"{theirs:8.1f}"
        print(f"{method:22} {passes:7} {taken:8.1f} {taken / plain:7.0f} {step:13.2f} {beside}", flush=True)


def measure(model: LoadedModel, x: torch.Tensor, method: str) -> tuple[int, float, float]:
    """Passes, seconds in all, and the longest step."""
    names = tuple(finding.name for finding in FINDINGS)
    passes, longest, started = 0, 0.0, time.perf_counter()
    before = started
    for step in explain(model, x, names, method):
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
        if not isinstance(step, Explained):
            passes = step.total
    return passes, time.perf_counter() - started, longest


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def own_run(model: LoadedModel, x: torch.Tensor, method: str) -> float | None:
    """The library's own run for all four findings, one after the other, as it is meant to be used."""
    if method == "occlusion":
        from captum.attr import Occlusion

        window, stride = window_of(x), window_of(x) // 2
        explainer: Any = Occlusion(model.network)
        options: dict[str, Any] = {
            "sliding_window_shapes": (x.shape[0], window, window),
            "strides": (x.shape[0], stride, stride),
            "baselines": blurred(x, window)[None],
            "perturbations_per_eval": batch_size(model),
        }
    elif method == "integrated-gradients":
        from captum.attr import IntegratedGradients

        explainer = IntegratedGradients(model.network)
        options = {
            "baselines": empty_film(x)[None],
            "n_steps": STEPS,
            "internal_batch_size": batch_size(model),
        }
    elif method == "scorecam" and model.card.architecture in LAYERS:
        return score_cam(model, x)
    else:
        return None
    return seconds(lambda: [explainer.attribute(x[None], target=k, **options) for k in range(len(FINDINGS))])


def score_cam(model: LoadedModel, x: torch.Tensor) -> float:
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    network = copy.deepcopy(model.network)
    with (
        contextlib.redirect_stderr(io.StringIO()),
        pytorch_grad_cam.ScoreCAM(network, [LAYERS[model.card.architecture](network)]) as cam,
    ):
        return seconds(lambda: [cam(x[None], [ClassifierOutputTarget(k)]) for k in range(len(FINDINGS))])


if __name__ == "__main__":
    main()
