"""Which architectures build, run and give maps: a line each, and a count at the end.

    python benchmarks/architectures.py                 # the smallest network of each of timm's families, and
                                                       # of each of torchvision's classes: minutes
    python benchmarks/architectures.py --all           # every name that timm and torchvision know: hours
    python benchmarks/architectures.py resnet18 ...    # these

Weights are random, the input is small where the architecture allows it, findings are three. `head` is the
last linear layer where reviews can re-fit it; `closed` says that maps come from the head's weights without
gradients.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from inference.architectures import TORCHVISION, create, usual_input
from inference.card import FindingName, ModelCard, Preprocessing
from inference.evidence import run
from inference.network import build, head_name, head_of, prepare
from inference.torchvision_networks import _class_of, names

FINDINGS = tuple(FindingName(f"finding-{i}", f"finding {i}") for i in range(3))
SMALL = (64, 96, 128, 160)  # pixels: the first that works, else the architecture's own


def main() -> None:
    """Try each architecture; print what comes of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--own-size", action="store_true", help="the architecture's own input size")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    print(f"{'architecture':<44}{'px':>4} {'features':<22}{'maps':<24}{'head':<18}{'s':>6}")
    for name in options.names or (everything() if options.all else smallest()):
        verdict, line = attempt(name, options.own_size)
        counts[verdict] += 1
        print(line, flush=True)
    print(", ".join(f"{count} {what}" for what, count in counts.most_common()))


def everything() -> Iterator[str]:
    """Every name."""
    import timm

    yield from timm.list_models()
    yield from (TORCHVISION + name for name in names())


def smallest() -> Iterator[str]:
    """For each of timm's modules and each of torchvision's classes the network with the fewest parameters."""
    import timm

    for module in timm.list_modules():
        found = sorted((_parameters(name), name) for name in timm.list_models(module=module))
        yield from (name for _, name in found[:1])
    classes = {}
    for name in names():
        classes.setdefault(_class_of(name), []).append(name)
    for members in classes.values():
        yield TORCHVISION + min(members, key=lambda n: _parameters(TORCHVISION + n))


def attempt(name: str, own_size: bool) -> tuple[str, str]:
    """What becomes of one architecture: a verdict, and the line that tells it."""
    own = usual_input(name)[0]
    told = ""
    for side in (own,) if own_size else (*(s for s in SMALL if s < own), own):
        started = time.perf_counter()
        try:
            verdict, line = _tried(name, side)
        except Exception as error:  # noqa: BLE001  (a table of what goes wrong)
            told = f"{type(error).__name__}: {(str(error) or '?').splitlines()[0][:90]}"
            continue
        return verdict, f"{name:<44}{side:>4} {line}{time.perf_counter() - started:>6.1f}"
    return "fail", f"{name:<44}{own:>4} FAILS {told}"


def _tried(name: str, side: int) -> tuple[str, str]:
    torch.manual_seed(0)
    card = ModelCard("", name, name, FINDINGS, preprocessing=Preprocessing(side))
    network = build(card)
    head = head_of(network)
    if head is not None:
        torch.nn.init.normal_(head[0], std=0.1)
    model = prepare(card, network, torch.device("cpu"))
    batch = torch.randn(1, 3, side, side)
    features = model.encoder.encode(batch)
    shape = "x".join(str(n) for n in features.shape[1:]) if isinstance(features, torch.Tensor) else "several"
    with torch.inference_mode():
        expected = model.network(batch)
    expected = expected[0] if isinstance(expected, tuple) else expected
    anatomy: Any = model.anatomy
    if anatomy.why_no_map:
        found = run(model, batch)
        verdict, maps = "predict without maps", anatomy.why_no_map[:22]
    else:
        found = run(model, batch, "gradcam")
        assert found.maps is not None
        if not np.isfinite(found.maps).all() or not found.maps.any():
            raise AssertionError("its maps are empty or not finite")
        closed = ", closed" if anatomy.is_pool_and_linear else ""
        verdict, maps = "with maps", f"{'x'.join(str(n) for n in found.maps.shape[2:])}{closed}"
    scale = max(float(expected.abs().max()), 1e-6)
    if float(np.abs(found.logits - expected.numpy()).max()) > 1e-3 * scale:
        raise AssertionError("one pass gives other logits than the network")
    return verdict, f"{shape:<22}{maps:<24}{head_name(model):<18}"


def _parameters(name: str) -> float:
    """Number of parameters, without making them; infinite where that does not work."""
    try:
        with torch.device("meta"):
            return float(sum(p.numel() for p in create(name, 3, 3, usual_input(name)[0]).parameters()))
    except Exception:  # noqa: BLE001  (some cannot be made without numbers)
        return float("inf")


if __name__ == "__main__":
    main()
