"""What is known of a model: its card.

A card is the JSON file `card.json` beside `weights.safetensors` in a model's folder. It says what
the model was trained on, what it answers, how an image has to be prepared for it, and which
images it is meant for. Importing this module does not import torch.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from inference.errors import InvalidCard

Task = Literal["multiclass", "multilabel"]
Normalisation = Literal["fixed", "image"]
Crop = Literal["none", "lungs"]
Format = Literal["network", "program", "onnx"]

TYPICAL, REPLAY, FITTED = "typical.safetensors", "replay.safetensors", "fitted.json"
COMPANIONS = (TYPICAL, REPLAY, FITTED)
"""Files that may lie beside a model's weights."""

_LARGEST_INPUT = 4096  # a square of this side is 64 MB of float32 a channel


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an image becomes the network's input.

    Parameters
    ----------
    input_size
        Side of the square input in pixels.
    geometry
        ``"squash"`` resizes the whole image to the square (the default for an imported model);
        ``"pad"`` keeps the aspect ratio and pads with the image's minimum.
    channels
        1 or 3; a grey image is repeated. `mean` and `std` have one value for each.
    normalisation
        ``"fixed"``: ``(x - mean) / std`` with intensities in [0, 1]. ``"image"``: every image by
        its own mean and standard deviation, which cancels any linear change of grey values.
    crop
        ``"lungs"``: the image is cut to the box of both lungs, with a margin, before it is resized;
        where no lungs are found the whole image is taken.
    """

    input_size: int = 224
    geometry: Literal["squash", "pad"] = "squash"
    channels: int = 3
    normalisation: Normalisation = "fixed"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    crop: Crop = "none"

    def check(self) -> None:
        """Raise `ValueError` with one sentence when a value cannot be."""
        if not isinstance(self.input_size, int) or not 1 <= self.input_size <= _LARGEST_INPUT:
            raise ValueError(f"its input size is {self.input_size!r}, expected 1 to {_LARGEST_INPUT} pixels.")
        if self.geometry not in ("squash", "pad") or self.normalisation not in get_args(Normalisation):
            raise ValueError(f"its preprocessing is {self.geometry!r}, {self.normalisation!r}: unknown here.")
        if self.crop not in get_args(Crop):
            raise ValueError(f"its crop is {self.crop!r}, expected none or lungs.")
        if self.channels not in (1, 3):
            raise ValueError(f"its input has {self.channels!r} channels, expected 1 or 3.")
        if self.normalisation == "image":
            return
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(
                f"it has {len(self.mean)} means and {len(self.std)} deviations for {self.channels} channels."
            )
        if not all(math.isfinite(v) for v in self.mean) or not all(
            math.isfinite(v) and v > 0 for v in self.std
        ):
            raise ValueError(f"its mean {self.mean} or std {self.std} is not usable.")


@dataclass(frozen=True, slots=True)
class Covers:
    """Which images a model is meant for. An empty tuple of `views` or `body_parts` means any.

    Modality ``"picture"`` stands for PNG, JPEG and TIFF files. A header that is silent about body
    part or view is accepted; one that names another is not. `phantoms` models cover phantoms and
    nothing else, the others cover everything but phantoms.
    """

    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    phantoms: bool = False


@dataclass(frozen=True, slots=True)
class FindingName:
    """A finding: its machine name, and what a person reads."""

    name: str
    display: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything a program and a reader have to know of a model.

    `id` is ``"starter"``-like for bundled models, else the first 16 hex digits of the SHA-256 of
    the weights and the card's fixed part. `weights_sha256` is checked at every load. `head_trained`
    is False for an imported model whose head was replaced: it does not predict.
    `figures`, `data` and `recipe` are for people and reports.

    Parameters
    ----------
    architecture
        timm's name, or ``torchvision/NAME``; what a program or an ONNX file calls itself.
    format
        What the weights are: a state dictionary for `architecture`, a torch.export program, an ONNX file.
    head
        Name of the last linear layer among the weights; ``none`` where the network ends otherwise, empty
        where that is not known.
    operating_points
        For each finding the probability from which on it is suggested (several findings at once) or
        marked (one of many). They say what to do at a probability, and never change it.
    companions
        SHA-256 of each file that lies beside the weights, by its name: `TYPICAL` describes the images the
        model knows (`inference.typical`), `REPLAY` holds embeddings and labels of films it was trained on,
        `FITTED` says, in digests, which films those were.
    """

    id: str
    name: str
    architecture: str
    findings: tuple[FindingName, ...]
    task: Task = "multiclass"
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    covers: Covers = field(default_factory=Covers)
    parent: str = ""
    created: str = ""
    weights_sha256: str = ""
    head_trained: bool = True
    format: Format = "network"
    head: str = ""
    temperature: float = 1.0
    operating_points: dict[str, float] = field(default_factory=dict)
    companions: dict[str, str] = field(default_factory=dict)
    bundled: bool = False
    intended_use: str = "For research and teaching. No medical device."
    data: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    licence: str = ""

    @property
    def typical_sha256(self) -> str:
        """Of the file that describes the images the model knows; empty without one."""
        return self.companions.get(TYPICAL, "")

    @property
    def finding_names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.findings)

    def display_of(self, name: str) -> str:
        """What a person reads for a finding's machine name."""
        return next((f.display for f in self.findings if f.name == name), name.replace("-", " "))

    def write(self, path: Path) -> None:
        """Write the card as JSON with sorted keys."""
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        """Read a card; raise `InvalidCard` with one sentence when it is not one."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            known = {f.name for f in fields(cls)}
            values = {k: v for k, v in raw.items() if k in known}
            values["findings"] = tuple(
                FindingName(str(f["name"]), str(f["display"])) for f in raw["findings"]
            )
            values["preprocessing"] = Preprocessing(**_with_tuples(raw["preprocessing"]))
            values["covers"] = Covers(**_with_tuples(raw["covers"]))
            if raw.get("typical_sha256"):  # how cards said it before there were other companions
                values["companions"] = {TYPICAL: str(raw["typical_sha256"])}
            values["limits"] = tuple(str(limit) for limit in raw.get("limits", ()))
            card = cls(**values)
            card.check()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else error
            raise InvalidCard(f"{path} is not a model card: {reason}") from error
        return card

    def check(self) -> None:
        """Raise `ValueError` with one sentence when the card contradicts itself."""
        names, pre = self.finding_names, self.preprocessing
        if not self.architecture or not isinstance(self.architecture, str):
            raise ValueError("it names no architecture.")
        if not names or len(set(names)) != len(names) or not all(names):
            raise ValueError(f"its findings must be different names, found {', '.join(names) or 'none'}.")
        if self.task not in get_args(Task):
            raise ValueError(f"its task is {self.task!r}, expected multiclass or multilabel.")
        if self.task == "multiclass" and len(names) < 2:
            raise ValueError("a one-of-many model needs at least two findings.")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"its temperature is {self.temperature}, expected a positive number.")
        if self.format not in get_args(Format):
            raise ValueError(f"its format is {self.format!r}, expected network, program or onnx.")
        for name, point in self.operating_points.items():
            if name not in names or not 0 <= point <= 1:
                raise ValueError(f"its operating point {name!r} = {point!r} is none of its findings'.")
        for name in self.companions:
            if name not in COMPANIONS:
                raise ValueError(f"its companion {name!r} is none of {', '.join(COMPANIONS)}.")
        pre.check()


def _with_tuples(raw: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
