"""What is known of a model: its card.

A card is the JSON file `card.json` beside `weights.safetensors` in a model's folder. It says what
the model was trained on, what it answers, how an image has to be prepared for it, and which
images it is meant for. Importing this module does not import torch.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from inference.errors import InvalidCard

Task = Literal["multiclass", "multilabel"]
Normalisation = Literal["fixed", "image"]


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
        1 or 3; a grey image is repeated.
    normalisation
        ``"fixed"``: ``(x - mean) / std`` with intensities in [0, 1]. ``"image"``: every image by
        its own mean and standard deviation, which cancels any linear change of grey values.
    """

    input_size: int = 224
    geometry: Literal["squash", "pad"] = "squash"
    channels: int = 3
    normalisation: Normalisation = "fixed"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


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
    temperature: float = 1.0
    bundled: bool = False
    intended_use: str = "For research and teaching. No medical device."
    data: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    licence: str = ""

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
            pre = {k: tuple(v) if isinstance(v, list) else v for k, v in raw["preprocessing"].items()}
            values["preprocessing"] = Preprocessing(**pre)
            values["covers"] = Covers(
                **{k: tuple(v) if isinstance(v, list) else v for k, v in raw["covers"].items()}
            )
            values["limits"] = tuple(raw.get("limits", ()))
            return cls(**values)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidCard(f"{path} is not a model card: {error}") from error
