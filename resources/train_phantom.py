"""Train the model that looks at the sample phantoms, on other phantoms.

    python resources/train_phantom.py [--count 1200] [--epochs 30]

Makes its own films (seed 1; the samples are seed 0), trains on them with the project's own `train`
command, measures on phantoms of other patients, and writes `resources/models/phantom`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundling import bundle, overread

from inference.card import Covers
from studies.phantom import write_training_set

RECIPE = {
    "backbone": "resnet10t",
    "input-size": "192",
    "batch-size": "32",
    "learning-rate": "0.002",
    "class-balance": "0",
    "ema": "0.99",
    "augmentation": "0.5",
    "stored-as": "float16",
    "seed": "1",
}


def main() -> int:
    """Make films, train, bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1200, help="phantoms to make")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--threads", default="0", help="of the training; 0 leaves it to torch")
    parser.add_argument("--films", type=Path, help="keep the phantoms here, or use those that are here")
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overread-phantom-") as work:
        films = choice.films or Path(work) / "films"
        if not (films / "labels.csv").exists():
            made = sum(1 for _ in write_training_set(films, choice.count, seed=1, rows=320))
            sys.stderr.write(f"{made} files in {films}\n")
        options = [part for name, value in RECIPE.items() for part in (f"--{name}", value)]
        how = ["--epochs", str(choice.epochs), "--precision", choice.precision, "--threads", choice.threads]
        done = overread(
            Path(work) / "data",
            ["train", "--labels", films / "labels.csv", "--images", films, *options, *how],
        )
        test = {k: v for k, v in done["evaluation"].items() if k not in ("model", "roc", "reliability")}
        card = bundle(
            Path(work) / "data" / "models",
            done["model"],
            "phantom",
            name="phantom",
            covers=Covers(("DX",), ("CHEST",), ("PA", "AP"), phantoms=True),
            data={
                "what": "synthetic chest phantoms (studies/phantom.py), seed 1; the samples are seed 0",
                "films": choice.count,
                "labels": "known, because the opacities were planted",
                "split": "by phantom: 70% training, 10% validation, 20% test",
            },
            figures={"test": test},
            limits=(
                "Knows drawings and nothing else: it is used for the sample phantoms alone.",
                "Its figures say nothing about patients.",
            ),
        )
    sys.stdout.write(f"{card.id}: accuracy {test['accuracy']:.3f}, macro AUROC {test['macro_auroc']:.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
