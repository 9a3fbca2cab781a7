"""The card of the network that finds lungs: what it was trained on and how well it does. Without torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from inference.errors import InvalidCard

ARCHITECTURE = "lung-network-1"
LEVELS = 5
_SIDES = range(64, 1025, 2**LEVELS)


@dataclass(frozen=True, slots=True)
class LungCard:
    """`card.json` beside `weights.safetensors`.

    Parameters
    ----------
    input_size
        Side of the square that a film is brought to, whatever its shape, in pixels.
    widths
        Channels of the network at a half, a quarter, ... of the input's side.
    weights_sha256
        Checked whenever the weights are loaded.
    data, recipe, figures, limits
        For people.
    """

    name: str
    architecture: str
    input_size: int
    widths: tuple[int, ...]
    weights_sha256: str
    created: str = ""
    intended_use: str = "For research and teaching. No medical device."
    data: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    licence: str = ""

    def write(self, path: Path) -> None:
        """Write the card as JSON with sorted keys."""
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> LungCard:
        """Read a card; raise `InvalidCard` with one sentence when it is not one."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            known = {f.name for f in fields(cls)}
            values = {name: value for name, value in raw.items() if name in known}
            values["widths"] = tuple(raw["widths"])
            values["limits"] = tuple(str(limit) for limit in raw.get("limits", ()))
            card = cls(**values)
            card.check()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidCard(f"{path} is not a lung card: {error}") from error
        return card

    def check(self) -> None:
        """Raise `ValueError` with one sentence when the card cannot be."""
        if self.architecture != ARCHITECTURE:
            raise ValueError(f"its architecture is {self.architecture!r}, expected {ARCHITECTURE!r}.")
        if len(self.widths) != LEVELS or not all(isinstance(n, int) and 0 < n <= 1024 for n in self.widths):
            raise ValueError(f"its widths are {self.widths}, expected {LEVELS} numbers of channels.")
        if not isinstance(self.input_size, int) or self.input_size not in _SIDES:
            raise ValueError(f"its input size is {self.input_size!r}, expected 64 to 1024 in steps of 32.")
        if not isinstance(self.weights_sha256, str) or not self.weights_sha256:
            raise ValueError("it names no SHA-256 of its weights.")
