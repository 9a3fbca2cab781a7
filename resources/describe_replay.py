"""Keep embeddings of films that a bundled model was trained on beside its weights, which stay what they are.

    python resources/describe_replay.py starter --labels xrays/labels.csv --images xrays
    python resources/describe_replay.py phantom                 # makes its own films

Writes `replay.safetensors` and its SHA-256 onto the card. Re-fitting the head from corrections fits these
films along (docs/adapting.md). A training writes the same for its candidate by itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import torch
from bundling import BUNDLED, ROOT

from inference.card import REPLAY
from inference.lungs import LungFinder
from inference.network import LoadedModel, load
from inference.registry import ModelRegistry
from studies.phantom import write_training_set
from training.learning.familiar import looked_at
from training.learning.tensors import Films
from training.replay import Replay
from training.samples import from_csv

PHANTOMS = 600


def main() -> int:
    """Look at the films, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=("starter", "phantom"))
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--images", type=Path)
    choice = parser.parse_args()
    registry = ModelRegistry(ROOT / "none", BUNDLED)
    card = registry.find(choice.model)
    model = load(card, registry, torch.device("cpu"))
    lungs = LungFinder(registry.lungs_folder) if card.preprocessing.crop == "lungs" else None
    if choice.model == "phantom":
        with tempfile.TemporaryDirectory(prefix="overread-phantom-") as made:
            films = Path(made)
            for _ in write_training_set(films, PHANTOMS, seed=1, rows=320):
                pass
            replay = _replay(model, films / "labels.csv", films, lungs)
    else:
        if choice.labels is None or choice.images is None:
            parser.error("the starter model was trained on films: --labels and --images are expected")
        replay = _replay(model, choice.labels, choice.images, lungs)
    folder = registry.folder_of(card)
    sha256 = replay.write(folder / REPLAY)
    told = {"films": len(replay.embeddings), "made_by": "resources/describe_replay.py"}
    figures, companions = card.figures | {"replay": told}, card.companions | {REPLAY: sha256}
    replace(card, companions=companions, figures=figures).write(folder / "card.json")
    size = (folder / REPLAY).stat().st_size
    sys.stdout.write(f"{choice.model}: {len(replay.embeddings)} films, {size} bytes\n")
    return 0


def _replay(model: LoadedModel, labels: Path, images: Path, lungs: LungFinder | None) -> Replay:
    findings = model.card.finding_names
    samples = from_csv(labels, images, findings, held_out=False).samples
    films = Films(samples, model.card.preprocessing, None, lungs)
    for _ in films.decode():
        pass
    rows = [row for row in range(len(samples)) if films.readable[row]]
    _, embeddings = looked_at(model, films, rows)
    truth = [[-1 if t is None else t for t in samples[row].truth] for row in rows]
    return Replay.chosen(embeddings, np.array(truth, np.int8), findings)


if __name__ == "__main__":
    sys.exit(main())
