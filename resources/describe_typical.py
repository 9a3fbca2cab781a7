"""Describe the images that a bundled model knows, beside its weights, which stay what they are.

    python resources/describe_typical.py starter --labels xrays/labels.csv --images xrays
    python resources/describe_typical.py phantom                # makes its own films

Writes `typical.safetensors` and its SHA-256 onto the card. The shipped starter saw every film it is described
by. The limit comes from films of patients that the description was fitted without, in five folds, and is
raised by a margin for what that cannot tell (see docs/trust.md).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
from bundling import BUNDLED, ROOT

from inference.card import TYPICAL
from inference.network import LoadedModel, load
from inference.registry import ModelRegistry
from inference.typical import KNOWN_SHARE, MARGIN, Typical
from studies.phantom import write_training_set
from training.learning.familiar import looked_at
from training.learning.tensors import Films
from training.samples import from_csv

PHANTOMS = 600


def main() -> int:
    """Look at the films, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=("starter", "phantom"))
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--images", type=Path)
    choice = parser.parse_args()
    registry = ModelRegistry(ROOT / "none", BUNDLED)
    card = registry.find(choice.model)
    card = replace(card, companions={n: s for n, s in card.companions.items() if n != TYPICAL})
    model = load(card, registry, torch.device("cpu"))
    if choice.model == "phantom":
        with tempfile.TemporaryDirectory(prefix="overread-phantom-") as made:
            films = Path(made)
            for _ in write_training_set(films, PHANTOMS, seed=1, rows=320):
                pass
            typical, count = _fit(model, films / "labels.csv", films)
    else:
        if choice.labels is None or choice.images is None:
            parser.error("the starter model is described from films: --labels and --images are expected")
        typical, count = _fit(model, choice.labels, choice.images)
    folder = registry.folder_of(card)
    sha256 = typical.write(folder / TYPICAL)
    told = {
        "images": count,
        "known_share": KNOWN_SHARE,
        "margin": MARGIN,
        "made_by": "resources/describe_typical.py",
    }
    figures, companions = card.figures | {"typical": told}, card.companions | {TYPICAL: sha256}
    replace(card, companions=companions, figures=figures).write(folder / "card.json")
    size = (folder / TYPICAL).stat().st_size
    sys.stdout.write(f"{choice.model}: {count} images, {len(typical.directions)} directions, {size} bytes\n")
    return 0


def _fit(model: LoadedModel, labels: Path, images: Path) -> tuple[Typical, int]:
    samples = from_csv(labels, images, model.card.finding_names, held_out=False).samples
    films = Films(samples, model.card.preprocessing)
    for _ in films.decode():
        pass
    rows = [row for row in range(len(samples)) if films.readable[row]]
    known, _ = looked_at(model, films, rows)
    return Typical.fit(known, [samples[row].patient for row in rows]), len(rows)


if __name__ == "__main__":
    sys.exit(main())
