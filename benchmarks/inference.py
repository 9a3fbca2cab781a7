"""What logits and maps of four findings cost, of one plain pass.

    python benchmarks/inference.py [--networks resnet18,...] [--batches 1,16] [--seconds 20] [--busy]

Plain is timm's network, `model(x)` under inference_mode, threads set as the worker sets them. Against it:
our pass with maps of four findings, by PyTorch (ours) and by an export (fast); the same from features that
were kept; grad-cam's GradCAM for one finding and for four; captum's LayerGradCam for four. All take turns
in one process, medians are compared. Weights are random, 3 channels, 224 x 224. In the same run our maps,
of ours and of fast, are held against grad-cam's raw ones, before they are cut at zero and stretched: the
largest difference in a batch, over the peak.

--busy is for a machine that does other things: one thread, and its processor time instead of the clock's.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from inference.worker import _share_the_machine  # noqa: E402

_share_the_machine()  # before torch is loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from torch import nn  # noqa: E402

from inference import fast_export  # noqa: E402
from inference.card import FindingName, ModelCard, Preprocessing  # noqa: E402
from inference.evidence import from_features, run  # noqa: E402
from inference.network import LoadedModel, build, prepare  # noqa: E402

FINDINGS = tuple(FindingName(name, name) for name in ("first", "second", "third", "fourth"))
LAYERS: dict[str, Callable[[Any], nn.Module]] = {
    "resnet18": lambda n: n.layer4,
    "resnet50": lambda n: n.layer4,
    "mobilenetv3_small_100": lambda n: n.blocks[-1],
    "efficientnet_b0": lambda n: n.bn2,
    "densenet121": lambda n: n.features,
    "convnext_tiny": lambda n: n.stages[-1],
    "vit_tiny_patch16_224": lambda n: n.blocks[-1].norm1,
    "swin_tiny_patch4_window7_224": lambda n: n.norm,
}
Step = Callable[[], object]


def as_grid(name: str) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """How grad-cam has to lay out what its hook gets."""
    if name.startswith("vit"):
        return lambda x: x[:, 1:].reshape(len(x), 14, 14, -1).permute(0, 3, 1, 2)
    return (lambda x: x.permute(0, 3, 1, 2)) if name.startswith("swin") else None


def made(name: str) -> tuple[nn.Module, LoadedModel, LoadedModel]:
    """The plain network, and the same as ours: by PyTorch, and by an export."""
    torch.manual_seed(0)
    pre = Preprocessing(224, channels=3)
    card = ModelCard(name, name, name, FINDINGS, preprocessing=pre, weights_sha256=name)
    plain = build(card).eval()
    classifier: Any = plain.get_classifier()  # type: ignore[operator]
    nn.init.normal_(classifier.weight, std=0.1)
    cpu = torch.device("cpu")
    eager, fast = (prepare(card, copy.deepcopy(plain), cpu) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        fast_export.prepare(fast, Path(folder))
        run(fast, torch.zeros(16, 3, 224, 224))  # reads what it needs of the file before that is gone
    return plain, eager, replace(fast)


def steps(
    name: str, plain: nn.Module, ours: LoadedModel, fast: LoadedModel, x: torch.Tensor
) -> dict[str, Step]:
    from captum.attr import LayerGradCam
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    package = copy.deepcopy(plain)
    cam = GradCAM(package, [LAYERS[name](package)], as_grid(name))
    other = copy.deepcopy(plain)
    captum = LayerGradCam(other, LAYERS[name](other))
    features = run(ours, x).features
    assert features is not None

    def plainly() -> None:
        with torch.inference_mode():
            plain(x)

    def by_package(findings: int) -> None:
        for k in range(findings):
            cam(input_tensor=x, targets=[ClassifierOutputTarget(k)] * len(x))

    def by_captum() -> None:
        for k in range(len(FINDINGS)):
            captum.attribute(x, target=k)

    return {
        "plain": plainly,
        "ours": lambda: run(ours, x, "gradcam"),
        "fast": lambda: run(fast, x, "gradcam"),
        "kept": lambda: from_features(ours, features, "gradcam"),
        "grad-cam 1": lambda: by_package(1),
        "grad-cam 4": lambda: by_package(4),
        "captum 4": by_captum,
    }


def measured(steps: dict[str, Step], seconds: float, clock: Callable[[], float]) -> dict[str, float]:
    """Median milliseconds of each. They take turns in blocks; peers, which take longest, every third turn."""
    took: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    began, turn = time.perf_counter(), 0
    while turn < 4 or (time.perf_counter() - began < seconds and turn < 60):
        for name, step in steps.items():
            is_peer = name.endswith(("1", "4"))
            if turn % 3 and is_peer:
                continue
            if not is_peer:
                step()  # what the one before left in the caches is gone
            for _ in range(1 if is_peer else 3):
                started = clock()
                step()
                took[name].append((clock() - started) * 1e3)
        turn += 1
    return {name: statistics.median(values) for name, values in took.items()}


def raw_maps(name: str, plain: nn.Module, x: torch.Tensor) -> NDArray[np.float32]:
    """(B, 4, h, w) of grad-cam, times the number of positions, as ours are."""
    from pytorch_grad_cam import GradCAM

    network, maps = copy.deepcopy(plain), []
    layer = LAYERS[name](network)
    with GradCAM(network, [layer], as_grid(name)) as cam:
        for k in range(len(FINDINGS)):
            kept = cam.activations_and_grads
            kept(x)[:, k].sum().backward()
            values, slopes = kept.activations[0].numpy(), kept.gradients[0].numpy()
            found = np.asarray(cam.get_cam_image(x, layer, None, values, slopes, False))
            maps.append(found * found[0].size)
    return np.stack(maps, axis=1)


def difference(model: LoadedModel, x: torch.Tensor, theirs: NDArray[np.float32]) -> float:
    maps = run(model, x, "gradcam").maps
    assert maps is not None
    return float(np.abs(maps - theirs).max() / np.abs(theirs).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--networks", default=",".join(list(LAYERS)[:-1]))
    parser.add_argument("--batches", default="1,16")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each network and batch")
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--without-peers", action="store_true", help="they take nearly all of the time")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1 if options.busy else int(os.environ["OMP_NUM_THREADS"]))
    clock = time.thread_time if options.busy else time.perf_counter
    print(f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f} at the start")
    print(
        "network                 batch  plain ms   ours   fast  kept ms   kept  "
        "  gc 1   gc 4 captum 4   difference"
    )
    for name in options.networks.split(","):
        plain, ours, fast = made(name)
        for batch in map(int, options.batches.split(",")):
            x = torch.randn(batch, 3, 224, 224)
            theirs = raw_maps(name, plain, x)
            apart = f"{difference(ours, x, theirs):.0e} {difference(fast, x, theirs):.0e}"
            turns = steps(name, plain, ours, fast, x)
            if options.without_peers:
                turns = {key: step for key, step in turns.items() if not key.endswith(("1", "4"))}
            ms = measured(turns, options.seconds, clock)
            of = {key: value / ms["plain"] for key, value in ms.items()}
            told = f"{of['fast']:6.2f}" if fast.encoder.is_fast else "     -"
            peers = [
                f"{of[key]:7.1f}" if key in of else "      -"
                for key in ("grad-cam 1", "grad-cam 4", "captum 4")
            ]
            print(
                f"{name:24}{batch:5}{ms['plain']:10.2f}{of['ours']:7.2f}{told}{ms['kept']:9.2f}{of['kept']:7.3f}"
                f"{''.join(peers)}   {apart}",
                flush=True,
            )
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
