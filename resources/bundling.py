"""What the scripts that train the bundled models share: running the project's own commands, and
putting a finished model into `resources/models`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from inference.card import Covers, ModelCard  # noqa: E402
from inference.registry import sha256_of  # noqa: E402

BUNDLED = ROOT / "resources" / "models"


def overread(data: Path, arguments: Sequence[str | Path]) -> dict[str, Any]:
    """Run a command of the program, show its events, and return its last JSON line."""
    command = [sys.executable, "-m", "app", "--data", str(data), *map(str, arguments), "--json"]
    last = "{}"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line
            if '"event": "prepare"' not in line:
                sys.stderr.write(line[:300].rstrip() + "\n")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {last}")
    told: dict[str, Any] = json.loads(last)
    return told


def bundle(
    models: Path,
    model_id: str,
    as_id: str,
    *,
    name: str,
    covers: Covers,
    data: dict[str, Any],
    figures: dict[str, Any],
    limits: Sequence[str],
    temperature: float | None = None,
    operating_points: dict[str, float] | None = None,
    weights: Path | None = None,
    recipe: dict[str, Any] | None = None,
) -> ModelCard:
    """Copy a model out of a registry's folder into the program, with the card that people will read.

    `weights` stand in for the registry's own where calibration changed them; `recipe` replaces entries that
    only this machine could understand.
    """
    source, target = models / model_id, BUNDLED / as_id
    card = ModelCard.read(source / "card.json")
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights or source / "weights.safetensors", target / "weights.safetensors")
    for companion in card.companions:  # calibration leaves the features what they are
        shutil.copyfile(source / companion, target / companion)
    card = replace(
        card,
        id=as_id,
        name=name,
        bundled=True,
        parent="",
        covers=covers,
        data=data,
        figures=figures,
        limits=tuple(limits),
        recipe=card.recipe | (recipe or {}),
        licence="Apache-2.0",
        temperature=card.temperature if temperature is None else temperature,
        operating_points=card.operating_points if operating_points is None else operating_points,
        weights_sha256=sha256_of(target / "weights.safetensors"),
        intended_use="For research and teaching. No medical device.",
    )
    card.check()
    card.write(target / "card.json")
    return card
