"""The founding documents' experiments again, on films of patients that no model was fitted on.

    python benchmarks/founding.py --images DIR --work DIR [--only GROUP ...] [--write MD]

`--images` holds `labels.csv` (file,label,patient) and the films it names; `--work` keeps what is done, so
that an interrupted run goes on; `--write` puts the tables into docs/founding-experiments.md. Backbones,
pre-training, frozen and unfrozen layers, optimisers, learning rates and augmentation, each from the same
films, the same patients and as many epochs, at 64 px. One fold of five is left out of everything,
pre-training too.

Weights trained on ImageNet cannot be had where this was made. In their place stand encoders that were
trained on the same films without their labels: two altered copies of a film shall be told alike, and what is
told of it shall not repeat itself (Barlow Twins: Zbontar, Jing, Misra, LeCun and Deny 2021).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from torch import nn  # noqa: E402

from inference.card import FindingName, ModelCard  # noqa: E402
from inference.network import build  # noqa: E402
from inference.preprocess import normalise  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from training.finetune import fine_tune  # noqa: E402
from training.learning.tensors import Films  # noqa: E402
from training.plan import CHEST_RADIOGRAPHS, Plan  # noqa: E402
from training.samples import Samples, from_csv  # noqa: E402

FOLDS = 5
SIDE = 64
EPOCHS = 20
PRETRAINING_EPOCHS = 30
REDUNDANCY = 0.01  # lambda of Barlow Twins, at so few dimensions
PROJECTED = 256
BACKBONES = {  # learning rate of AdamW: those without batch normalisation take less
    "vgg16": 1e-4,
    "resnet18": 1e-3,
    "resnet50": 1e-3,
    "mobilenetv2_100": 1e-3,
    "efficientnet_b0": 1e-3,
    "legacy_xception": 1e-3,
    "densenet121": 1e-3,
    "vit_tiny_patch16_224": 3e-4,
}
HEADER = "| | start | accuracy | balanced | macro AUROC | epoch kept | time |"
SLOWEST = "vgg16"  # 134 million weights: last, and from scratch alone
PRETRAINED = tuple(name for name in BACKBONES if name != SLOWEST)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One line of a table.

    Parameters
    ----------
    start
        ``scratch``, or ``pretrained`` without labels.
    """

    group: str
    what: str
    backbone: str = "resnet18"
    start: str = "scratch"
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        words = f"{self.group} {self.what} {self.start}"
        return "".join(c if c.isalnum() else "-" for c in words).strip("-").lower()


def experiments() -> Iterator[Experiment]:
    """Everything that is repeated, in the order of the tables."""
    for backbone, rate in BACKBONES.items():
        if backbone != SLOWEST:
            yield Experiment("Backbone", backbone, backbone, "scratch", {"learning_rate": rate})
        if backbone in PRETRAINED:
            yield Experiment("Backbone", backbone, backbone, "pretrained", {"learning_rate": rate})
    for depth, said in {"head": "frozen", "last": "last stage", "half": "later half", "all": "all"}.items():
        for rate in (1e-3, 1e-4):
            yield Experiment(
                "Frozen and unfrozen", f"{said}, AdamW {rate:g}", "resnet18", "pretrained",
                {"depth": depth, "learning_rate": rate},
            )  # fmt: skip
    for optimiser, rates in {"sgd": (1e-1, 1e-2, 1e-3), "adam": (1e-2, 1e-3, 1e-4)}.items():
        said = {"sgd": "SGD", "adam": "Adam"}[optimiser]
        for rate in rates:
            yield Experiment(
                "Optimiser and learning rate", f"{said} {rate:g}",
                changes={"optimiser": optimiser, "learning_rate": rate, "weight_decay": 1e-4},
            )  # fmt: skip
    yield Experiment("Augmentation", "none", changes={"augmentation": 0.0, "noise": 0.0})
    yield Experiment("Augmentation", "shifts, turns, scale, exposure", changes={"augmentation": 1.0})
    yield Experiment("Augmentation", "and mirrored", changes={"horizontal_flip": True})
    yield Experiment("Augmentation", "and mixup", changes={"mixup": 0.4})
    yield Experiment("Class weights", "none", changes={"class_balance": 0.0})
    yield Experiment("Class weights", "each class alike", changes={"class_balance": 1.0})
    yield Experiment("What is shown", "the whole film")
    yield Experiment("What is shown", "the box of the lungs", changes={"crop": "lungs"})
    yield Experiment("Backbone", SLOWEST, SLOWEST, changes={"learning_rate": BACKBONES[SLOWEST]})


def main() -> int:
    """Run what is not done yet; print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="*", metavar="GROUP", help="these groups alone")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--done", action="store_true", help="run nothing: tell of what is done")
    parser.add_argument("--write", type=Path, metavar="MD", help="put the tables into this document")
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    samples = from_csv(choice.images / "labels.csv", choice.images, shares=(0.9, 0.1, 0.0), folds=FOLDS)
    registry = ModelRegistry(choice.work / "models", ROOT / "resources" / "models")
    done: list[tuple[Experiment, dict[str, Any]]] = []
    for experiment in experiments():
        if choice.only and experiment.group not in choice.only:
            continue
        if choice.done and not _place_of(experiment, choice.work).exists():
            continue
        figures = _figures(experiment, samples, registry, choice)
        done.append((experiment, figures))
        sys.stdout.write(f"{experiment.group}: {_line(experiment, figures)}\n")
        sys.stdout.flush()
    if choice.write:
        _write(choice.write, done)
    return 0


def _figures(
    experiment: Experiment, samples: Samples, registry: ModelRegistry, choice: argparse.Namespace
) -> dict[str, Any]:
    """What came of an experiment, from its file where it was done before."""
    path = _place_of(experiment, choice.work)
    if path.exists():
        told: dict[str, Any] = json.loads(path.read_text())
        return told
    made: dict[str, Any] = {
        "backbone": experiment.backbone, "input_size": SIDE, "epochs": EPOCHS, "precision": "bfloat16",
        "threads": choice.threads, "covers": CHEST_RADIOGRAPHS, "bootstrap": 500,
    }  # fmt: skip
    plan = Plan(**made | experiment.changes)
    base = None
    if experiment.start == "pretrained":
        encoder = _pretrained(experiment.backbone, samples, choice)
        if "depth" in experiment.changes:
            base = _as_model(experiment.backbone, plan, encoder, samples, registry, choice)
        else:
            plan = replace(plan, initial_weights=str(encoder))
    started = time.monotonic()
    last = None
    run = choice.work / "runs" / experiment.name
    for last in fine_tune(plan, samples, registry, run, base, cache_folder=choice.work / "films"):
        if last.event == "epoch" and last.values["epoch"] % 5 == 0:
            sys.stderr.write(f"{experiment.name}: epoch {last.values['epoch']}\n")
    assert last is not None
    if last.event != "done":
        told = {"failed": last.values["reason"]}
    else:
        found = last.values["evaluation"]
        keys = ("accuracy", "balanced_accuracy", "macro_auroc", "intervals", "n", "patients", "lung_share")
        told = {k: found[k] for k in keys} | {"epoch_kept": last.values["epoch_kept"]}
        told["million_weights"] = _size(registry.find(last.values["model"]))
    told["seconds"] = round(time.monotonic() - started, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1))
    return told


def _place_of(experiment: Experiment, work: Path) -> Path:
    return work / "figures" / f"{experiment.name}.json"


def _size(card: ModelCard) -> float:
    """Millions of weights."""
    return round(sum(p.numel() for p in build(card).parameters()) / 1e6, 1)


def _pretrained(backbone: str, samples: Samples, choice: argparse.Namespace) -> Path:
    """Weights of an encoder that saw the films of training and validation, never their labels."""
    path: Path = choice.work / "encoders" / f"{backbone}.safetensors"
    if path.exists():
        return path
    plan = Plan(backbone=backbone, input_size=SIDE)
    films = Films(samples.of_part("train", "validation"), plan.preprocessing, choice.work / "films")
    for _ in films.decode():
        pass
    network = build(_card(backbone, plan, samples))
    torch.manual_seed(0)
    width = int(network.num_features)  # type: ignore[arg-type]
    projector = nn.Sequential(nn.Linear(width, PROJECTED), nn.BatchNorm1d(PROJECTED), nn.ReLU(),
                              nn.Linear(PROJECTED, PROJECTED))  # fmt: skip
    optimiser = torch.optim.AdamW([*network.parameters(), *projector.parameters()], 1e-3, weight_decay=1e-4)
    generator = torch.Generator().manual_seed(0)
    batch, count = 64, len(films.samples)
    network.train()
    for epoch in range(PRETRAINING_EPOCHS):
        order = torch.randperm(count, generator=generator)
        total = 0.0
        for first in range(0, count - batch + 1, batch):
            shown = films.batch(order[first : first + batch].numpy(), torch.device("cpu"))
            told = [_seen(network, projector, _altered(shown, generator), plan) for _ in range(2)]
            loss = _barlow(*told)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += float(loss.detach())
        if epoch % 10 == 9:
            sys.stderr.write(f"pre-training {backbone}: epoch {epoch + 1}, {total / (count // batch):.1f}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path)
    return path


def _altered(films: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """(B, S, S) films in [0, 1], each cut, scaled and exposed in its own way."""
    count, side = len(films), films.shape[-1]

    def between(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    scale, right, down = between(0.5, 1.0), between(-0.4, 0.4), between(-0.4, 0.4)
    none = torch.zeros(count)
    rows = [
        torch.stack([scale, none, right * (1 - scale) * 2], 1),
        torch.stack([none, scale, down * (1 - scale) * 2], 1),
    ]
    grid = nn.functional.affine_grid(torch.stack(rows, 1), [count, 1, side, side], align_corners=False)
    cut = nn.functional.grid_sample(films[:, None], grid, padding_mode="border", align_corners=False)[:, 0]
    gamma, contrast, light = (between(*ends)[:, None, None] for ends in ((0.6, 1.6), (0.6, 1.4), (-0.2, 0.2)))
    return ((cut.clamp(1e-4, 1) ** gamma - 0.5) * contrast + 0.5 + light).clamp(0, 1)


def _seen(network: nn.Module, projector: nn.Module, films: torch.Tensor, plan: Plan) -> torch.Tensor:
    x = normalise(films, plan.preprocessing).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        embedding = network.forward_head(network.forward_features(x), pre_logits=True)  # type: ignore[operator]
    told: torch.Tensor = projector(embedding.float())
    return told


def _barlow(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The cross-correlation of two (B, P) shall be the identity."""
    a, b = ((z - z.mean(0)) / (z.std(0) + 1e-4) for z in (a, b))
    correlation = a.T @ b / len(a)
    same = correlation.diagonal()
    return ((same - 1) ** 2).sum() + REDUNDANCY * ((correlation**2).sum() - (same**2).sum())


def _card(backbone: str, plan: Plan, samples: Samples) -> ModelCard:
    findings = tuple(FindingName(name, name.replace("-", " ")) for name in samples.findings)
    return ModelCard(
        id="", name=f"{backbone} encoder", architecture=backbone, findings=findings,
        preprocessing=plan.preprocessing, covers=plan.covers, head_trained=False,
    )  # fmt: skip


def _as_model(
    backbone: str,
    plan: Plan,
    encoder: Path,
    samples: Samples,
    registry: ModelRegistry,
    choice: argparse.Namespace,
) -> ModelCard:
    """The encoder with a head that was not trained: what is tuned."""
    card = _card(backbone, plan, samples)
    network = build(card)
    network.load_state_dict(load_file(encoder))
    weights = choice.work / "encoders" / f"{backbone}-model.safetensors"
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, weights)
    return registry.add(card, weights)


def _line(experiment: Experiment, told: dict[str, Any]) -> str:
    if "failed" in told:
        return f"{experiment.what} | {experiment.start} | {told['failed']}"
    cells = [experiment.what, experiment.start]
    for figure in ("accuracy", "macro_auroc"):
        low, high = told["intervals"][figure]
        cells.append(f"{told[figure]:.3f} ({low:.2f}-{high:.2f})")
    cells.insert(3, f"{told['balanced_accuracy']:.3f}")
    return " | ".join([*cells, str(told["epoch_kept"]), f"{told['seconds']:.0f} s"])


def _write(path: Path, done: list[tuple[Experiment, dict[str, Any]]]) -> None:
    """Put a table a group between the document's two marks; the words around it stay."""
    begin, end = "<!-- tables -->", "<!-- end of tables -->"
    said = path.read_text(encoding="utf-8")
    before, after = said.split(begin)[0], said.split(end)[1]
    parts = []
    for group in dict.fromkeys(experiment.group for experiment, _ in done):
        parts += ["", f"### {group}", "", HEADER, "|---|---|---|---|---|---|---|"]
        parts += [f"| {_line(experiment, told)} |" for experiment, told in done if experiment.group == group]
    path.write_text(before + begin + "\n".join([*parts, "", ""]) + end + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
