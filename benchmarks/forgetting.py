"""What holds a model against forgetting while it learns a new hospital's films.

    python benchmarks/forgetting.py --images DIR [--work DIR] [--seeds 2] [--films 45] [--side 64]

`--images` holds `labels.csv` and its films. A resnet18 learns 60% of the patients from scratch; the new
hospital's films are those of others, exposed otherwise, blurred, noisy and with a border. It is then tuned on
a few of them, at every depth, with and without replay and distillation. Printed are log-loss and AUROC (mean
of the findings) on patients that nobody learned from: as they are (what was known) and as the new one has
them.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional as F

from inference.anatomy import embedding_of
from inference.architectures import create
from training.learning.learner import Learner
from training.learning.tensors import Films
from training.plan import Depth, Plan
from training.presets import choices_for
from training.replay import Replay
from training.samples import from_csv

NETWORK = "resnet18"
DEPTHS: tuple[Depth, ...] = ("head", "last", "half", "all")
WAYS: dict[str, dict[str, Any]] = {
    "nothing": {"replay": 0.0, "distillation": 0.0},
    "replay 0.3": {"replay": 0.3, "distillation": 0.0},
    "distillation 0.3": {"replay": 0.0, "distillation": 0.3},
    "distillation 1": {"replay": 0.0, "distillation": 1.0},
    "both 0.3": {"replay": 0.3, "distillation": 0.3},
}


def new_hospital(pixels: torch.Tensor) -> torch.Tensor:
    """(N, S, S) uint8 as another detector, another display and another frame would have made them."""
    x = (pixels.float() / 255) ** 0.6 * 0.7 + 0.2
    x = F.avg_pool2d(x[:, None], 3, 1, 1)[:, 0]
    x = x + 0.06 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    border = max(1, x.shape[-1] // 11)
    x[:, :border] = 0
    x[:, :, -border:] = 1
    return (x.clamp(0, 1) * 255).round().to(torch.uint8)


class Hospital:
    """Films as two hospitals have them, and a model that knows one."""

    def __init__(self, images: Path, work: Path | None, side: int) -> None:
        self.plan = Plan(input_size=side, epochs=14, learning_rate=1e-3, device="cpu", threads=1)
        samples = from_csv(images / "labels.csv", images, seed=0, shares=(0.6, 0.15, 0.25))
        self.findings = samples.findings
        self.films = Films(samples.samples, self.plan.preprocessing, work)
        for _ in self.films.decode():
            pass
        self.old, self.new = self.films.pixels, new_hospital(self.films.pixels)
        self.truth = np.asarray([s.present for s in samples.samples])
        self.part = np.asarray([s.part for s in samples.samples])
        self.test = np.flatnonzero(self.part == "test")

    def learner(self, plan: Plan, network: nn.Module, rows: NDArray[np.int64], is_tuned: bool) -> Learner:
        return Learner(
            plan, network, plan.preprocessing, self.films, rows.tolist(), torch.device("cpu"),
            task="multiclass", is_tuned=is_tuned, look_up=lambda: None,
        )  # fmt: skip

    def learn_base(self) -> None:
        """The model that knows the old hospital, and films of its training as embeddings."""
        torch.manual_seed(0)
        network: Any = create(NETWORK, len(self.findings), 1, self.plan.input_size)
        rows = np.flatnonzero(self.part == "train")
        learner = self.learner(self.plan, network, rows, False)
        for epoch in range(1, self.plan.epochs + 1):
            learner.learn_epoch(epoch)
        self.base = {name: value.clone() for name, value in network.state_dict().items()}
        print("base:", self.figures(learner))
        with torch.inference_mode():
            told = [
                embedding_of(network, network.forward_features(learner._batches.plain(rows[i : i + 64])))
                for i in range(0, len(rows), 64)
            ]
        known = np.eye(len(self.findings), dtype=np.int8)[self.truth[rows]]
        self.replay = Replay(torch.cat(told).numpy(), known, self.findings)

    def tuned(self, seed: int, films: int, **choices: Any) -> dict[str, tuple[float, float]]:
        """Log-loss and AUROC of both hospitals after a tuning on a few films of the new one."""
        random = np.random.default_rng(seed)
        free = np.flatnonzero(self.part == "validation")
        kinds = range(len(self.findings))
        some = [random.permutation(free[self.truth[free] == k])[: films // len(kinds)] for k in kinds]
        network = create(NETWORK, len(kinds), 1, self.plan.input_size)
        network.load_state_dict(self.base)
        plan = replace(self.plan, **{**choices, "seed": seed, "patience": 0})
        self.films.pixels = self.new
        learner = self.learner(plan, network, np.sort(np.concatenate(some)), True)
        learner.remember([True] * len(kinds), self.replay)
        for epoch in range(1, plan.epochs + 1):
            learner.learn_epoch(epoch)
        return self.figures(learner)

    def figures(self, learner: Learner) -> dict[str, tuple[float, float]]:
        told = {}
        for name, pixels in (("known", self.old), ("new", self.new)):
            self.films.pixels = pixels
            said = torch.from_numpy(learner.logits(self.test.tolist())).softmax(1).numpy()
            truth = self.truth[self.test]
            right = said[np.arange(len(truth)), truth].clip(1e-7)
            auroc = np.mean([roc_auc_score(truth == k, said[:, k]) for k in range(said.shape[1])])
            told[name] = round(float(-np.log(right).mean()), 3), round(float(auroc), 3)
        self.films.pixels = self.old
        return told


def main() -> int:
    """Print one line a depth and way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="where decoded films are kept")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--films", type=int, default=45)
    parser.add_argument("--side", type=int, default=64)
    choice = parser.parse_args()
    torch.set_num_threads(1)
    hospital = Hospital(choice.images, choice.work, choice.side)
    hospital.learn_base()
    found: dict[tuple[str, str], list[dict[str, tuple[float, float]]]] = defaultdict(list)
    for depth in DEPTHS:
        usual = choices_for(depth, ()) | {"copies": 0}
        for way, values in WAYS.items():
            for seed in range(choice.seeds):
                found[depth, way].append(hospital.tuned(seed, choice.films, **usual | values))
            means = {
                k: np.mean([f[k] for f in found[depth, way]], 0).round(3).tolist() for k in ("known", "new")
            }
            print(f"{depth:5s} {way:17s} known {means['known']}  new {means['new']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
