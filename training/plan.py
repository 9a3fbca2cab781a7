"""Every choice of a training, with its default and the reason for it.

Importing this module does not import torch: the window shows these choices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from inference.card import Covers, Crop, Normalisation, Preprocessing, Task
from training.errors import UnusablePlan
from training.samples import Sample

Depth = Literal["head", "last", "half", "all"]
Optimiser = Literal["adamw", "adam", "sgd"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
BatchNorm = Literal["auto", "train", "frozen"]
Sampling = Literal["shuffle", "balanced"]

CHEST_RADIOGRAPHS = Covers(("CR", "DX", "picture"), ("CHEST",), ("PA", "AP"))
DOES_NOT_CHANGE_THE_MODEL = ("device", "threads", "name")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training does.

    Parameters
    ----------
    name
        What people will call the candidate; empty: made from the base model's or backbone's name.
    backbone, task, input_size, channels, geometry, crop, normalisation, mean, std
        The network and its input, where no base model says so. `backbone` is any name timm knows.
        ``crop="lungs"`` shows it the box of both lungs alone: nothing beside it can be learned from.
    initial_weights
        A .safetensors file of encoder weights to start a new network from (its head is left out).
    covers, display_names
        Which images the candidate is meant for and (machine name, what people read), where no base
        model says so.
    depth
        How much of a base model moves: its head; the last stage too; the later half; all of it. A
        network from scratch always learns as a whole.
    head_epochs
        For so many epochs only the head of a base model moves, then what `depth` says: a head that fits
        first pulls less at the features behind it (Kumar et al. 2022).
    layer_decay
        Each stage of a base model learns this much slower than the one after it; 1: all alike.
    copies
        So many changed versions of each film are seen in turn while a part of a base model stands still, so
        that what this part gives is worked out once for each (`training.learning.frozen`); 0: every epoch
        changes films anew.
    replay
        Share of films of the base model's own training that a head learns from beside the new ones, as
        embeddings, while no more than the last stage moves (`training.learning.remembering`).
    distillation
        What it costs to leave the base model's answers where no reader said otherwise; 0 for nothing.
    batch_norm
        ``"auto"`` keeps running statistics frozen when a base model is tuned (a few dozen films would
        spoil them) and learns them from scratch. Stages that do not move are frozen either way.
    keep
        ``"best"`` keeps the epoch with the lowest log-loss on the validation part, ``"last"`` the last
        (as does a data set without a validation part).
    patience
        Stop after so many epochs without a better validation log-loss; 0 never stops early.
    warm_up
        Share of all steps over which the learning rate rises to its full value, before its cosine.
    weight_decay
        Of matrices and kernels; biases and normalisation have none.
    class_balance
        0 counts every film the same, 1 every class the same; between is between: a class weighs
        (n / (classes * n_class)) ** class_balance. Without effect where `sampling` balances already.
    sampling
        ``"shuffle"`` sees every film once an epoch, ``"balanced"`` films of every finding equally often.
    label_smoothing, mixup, erase
        Share of certainty taken from a label; alpha of Beta(alpha, alpha), 0 for none; probability
        that a rectangle of a film is blanked.
    augmentation, noise, horizontal_flip
        Strength of shifts, turns, scale, gamma, contrast and brightness (1: up to 10 degrees, 8% shift,
        12% scale); noise in standard deviations; chest films are not mirrored by default, because the
        heart is on one side. What happens to a film depends on the seed, the epoch and the film alone.
    window_jitter
        How far the windows of CT images are varied, in shares of their width; films are left as they are.
    evidence_weight
        What evidence in the wrong place costs beside a wrong answer (`training.learning.reasons`); 0 for
        nothing.
    blank_lungs
        Share of films that are shown with their lungs covered, of which nothing is to be said but how
        frequent each finding is (`training.learning.blanking`).
    ema
        Decay of the moving average of weights that is measured and kept; 0 for none.
    gradient_clip
        Largest norm of a step's gradient; 0 for no limit.
    drop_rate, drop_path
        Dropout before the head; stochastic depth, for architectures that have it.
    temperature
        The candidate's temperature; 0 fits it on the validation part.
    stored_as
        Weights in half precision take half the room; figures are measured on what is stored.
    device, precision, threads
        Where and how it computes. ``"auto"`` is half precision on a GPU (bfloat16, else float16 with a
        scaled loss) and float32 on the CPU. 0 threads leaves torch's own choice. Resuming is exact to the
        bit on the CPU in float32 with the same number of threads.
    bootstrap
        Resamples for intervals and for the gate.
    """

    name: str = ""
    backbone: str = "resnet18"
    task: Task = "multiclass"
    input_size: int = 160
    channels: int = 1
    geometry: Literal["squash", "pad"] = "squash"
    crop: Crop = "none"
    normalisation: Normalisation = "image"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    initial_weights: str = ""
    covers: Covers = field(default_factory=lambda: CHEST_RADIOGRAPHS)
    display_names: tuple[tuple[str, str], ...] = ()
    depth: Depth = "all"
    head_epochs: int = 0
    layer_decay: float = 1.0
    copies: int = 4
    replay: float = 0.0
    distillation: float = 0.0
    batch_norm: BatchNorm = "auto"
    epochs: int = 30
    batch_size: int = 32
    keep: Literal["best", "last"] = "best"
    patience: int = 0
    optimiser: Optimiser = "adamw"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"
    warm_up: float = 0.08
    gradient_clip: float = 5.0
    class_balance: float = 0.5
    sampling: Sampling = "shuffle"
    label_smoothing: float = 0.05
    mixup: float = 0.0
    augmentation: float = 1.0
    noise: float = 0.05
    erase: float = 0.0
    horizontal_flip: bool = False
    window_jitter: float = 0.0
    evidence_weight: float = 0.0
    blank_lungs: float = 0.0
    ema: float = 0.0
    drop_rate: float = 0.0
    drop_path: float = 0.0
    temperature: float = 0.0
    stored_as: Literal["float32", "float16"] = "float32"
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"
    threads: int = 0
    bootstrap: int = 1000

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise UnusablePlan(f"{name} is {getattr(self, name)!r}; expected {', '.join(choices)}")
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise UnusablePlan(f"{name} is {getattr(self, name)}; expected {low:g} to {high:g}")
        if self.depth != "head" and self.head_epochs >= self.epochs:
            raise UnusablePlan(
                f"head_epochs is {self.head_epochs} of {self.epochs} epochs; fewer are expected, so that the "
                "rest of the network can learn too"
            )

    @property
    def preprocessing(self) -> Preprocessing:
        """How a new network's input is made."""
        centre = self.mean or (0.5,) * self.channels
        spread = self.std or (0.25,) * self.channels
        if len(centre) != self.channels or len(spread) != self.channels:
            raise UnusablePlan(f"mean and std need {self.channels} values each, one a channel")
        return Preprocessing(
            self.input_size, self.geometry, self.channels, self.normalisation, centre, spread, self.crop
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Plan:
        """A plan from what `as_json` gave, keys that are missing at their default."""
        known = {f.name for f in fields(cls)}
        strange = sorted(set(raw) - known)
        if strange:
            raise UnusablePlan(f"a plan has no {strange[0]}; it has {', '.join(sorted(known))}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
        if "display_names" in values:
            values["display_names"] = tuple((str(a), str(b)) for a, b in raw["display_names"])
        if isinstance(raw.get("covers"), dict):
            covers: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in raw["covers"].items()
            }
            values["covers"] = replace(Covers(), **covers)
        return cls(**values)

    def fingerprint(self, samples: Iterable[Sample], findings: tuple[str, ...], base: str) -> str:
        """SHA-256 of all that decides what the model becomes: a run resumes only where it is the same."""
        choices = {k: v for k, v in self.as_json().items() if k not in DOES_NOT_CHANGE_THE_MODEL}
        told = [
            choices,
            list(findings),
            base,
            [(s.image, list(s.truth), s.part, *map(str, s.regions)) for s in samples],
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


_CHOICES: dict[str, tuple[Any, ...]] = {
    "task": get_args(Task),
    "geometry": ("squash", "pad"),
    "crop": get_args(Crop),
    "normalisation": get_args(Normalisation),
    "depth": get_args(Depth),
    "batch_norm": get_args(BatchNorm),
    "keep": ("best", "last"),
    "optimiser": get_args(Optimiser),
    "sampling": get_args(Sampling),
    "schedule": ("cosine", "constant"),
    "precision": get_args(Precision),
    "stored_as": ("float32", "float16"),
    "channels": (1, 3),
}
_RANGES: dict[str, tuple[float, float]] = {
    "input_size": (32, 2048),
    "epochs": (1, 100_000),
    "batch_size": (2, 65_536),
    "head_epochs": (0, 100_000),
    "layer_decay": (0.01, 1),
    "copies": (0, 1000),
    "replay": (0, 0.9),
    "distillation": (0, 1000),
    "patience": (0, 100_000),
    "learning_rate": (0, 1e6),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 100),
    "warm_up": (0, 1),
    "gradient_clip": (0, 1e9),
    "class_balance": (0, 4),
    "label_smoothing": (0, 0.9),
    "mixup": (0, 100),
    "augmentation": (0, 4),
    "noise": (0, 4),
    "erase": (0, 1),
    "blank_lungs": (0, 0.9),
    "window_jitter": (0, 0.9),
    "evidence_weight": (0, 1000),
    "ema": (0, 0.99999),
    "drop_rate": (0, 0.95),
    "drop_path": (0, 0.95),
    "temperature": (0, 100),
    "seed": (0, 2**63 - 1),
    "threads": (0, 1024),
    "bootstrap": (0, 1_000_000),
}
