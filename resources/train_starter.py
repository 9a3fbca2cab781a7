"""Train the starter model: cross-validate by patient, then fit on every film, then bundle.

    python resources/train_starter.py --images DIR --work DIR

`--images` holds `labels.csv` (file,label,patient) and the films it names. `--work` keeps the runs; an
interrupted one goes on where it was. The figures on the card are those of films that the model that
looked at them had not been fitted on: every film once, by the model of the fold it was left out of.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from bundling import bundle, overread

from inference.card import Covers
from inference.registry import ModelRegistry
from training.events import ImageResult

FOLDS = 5
RECIPE = {
    "backbone": "resnet18",
    "input-size": "160",
    "normalisation": "image",
    "epochs": "60",
    "batch-size": "32",
    "learning-rate": "0.001",
    "weight-decay": "0.05",
    "class-balance": "0",
    "label-smoothing": "0.05",
    "mixup": "0.4",
    "ema": "0.998",
    "augmentation": "1",
    "keep": "last",
    "stored-as": "float16",
}
LIMITS = (
    "Frontal chest radiographs of adults only. It knows three answers and nothing else.",
    "The COVID-19 films come from other hospitals, scanners and journal pages than the rest: a model can "
    "tell the source from borders and contrast instead of from the lungs. Look at the evidence.",
    "The labels 'pneumonia' and 'no finding' were mined from reports by software and are noisy.",
    "COVID-19 films are pneumonia too: the third answer means pneumonia of another pattern.",
    "833 films are few. For research and teaching; no medical device.",
)


def main() -> int:
    """Cross-validate, fit, bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--threads", default="0", help="of the training; 0 leaves it to torch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="change the recipe"
    )
    parser.add_argument("--only-folds", metavar="I,J", help="measure on these folds of five alone")
    parser.add_argument("--no-final", action="store_true", help="stop after the folds: to compare recipes")
    parser.add_argument("--final-first", action="store_true", help="fit the final model before the folds")
    choice = parser.parse_args()
    recipe = RECIPE | {"seed": str(choice.seed), "precision": choice.precision}
    recipe |= dict(change.split("=", 1) for change in choice.set)
    chosen = [int(i) for i in choice.only_folds.split(",")] if choice.only_folds else range(FOLDS)
    if choice.final_first:
        _train(choice, recipe, "final", ["--no-held-out"])
    models = {fold: _train_fold(choice, recipe, fold) for fold in chosen}
    results = [result for fold, model in models.items() for result in _left_out(choice, model, fold)]
    temperature, figures = _figures(results, choice.seed)
    interval = "-".join(f"{end:.3f}" for end in figures["intervals"]["accuracy"])
    sys.stdout.write(
        f"{len(results)} films left out: accuracy {figures['accuracy']:.3f} ({interval}), "
        f"macro AUROC {figures['macro_auroc']:.3f}, temperature {temperature:.2f}\n"
    )
    if choice.no_final:
        return 0
    final = _train(choice, recipe, "final", ["--no-held-out"])
    bundle(
        choice.work / "models",
        final,
        "starter",
        name="starter",
        covers=Covers(("CR", "DX", "picture"), ("CHEST",), ("PA", "AP")),
        data=_data(results, len(models)),
        figures={"cross_validation": figures},
        limits=LIMITS,
        temperature=temperature,
    )
    return 0


def _train(choice: argparse.Namespace, recipe: dict[str, str], run: str, more: list[str]) -> str:
    """Run `train`; a run that is done already is not repeated."""
    from training.runs import read_events

    told = read_events(choice.work / "runs" / run)
    if told and told[-1].event == "done":
        return str(told[-1].values["model"])
    options = [part for name, value in recipe.items() for part in (f"--{name}", value)]
    films = ["--labels", choice.images / "labels.csv", "--images", choice.images]
    done = overread(
        choice.work, ["train", *films, "--run", run, "--threads", choice.threads, *options, *more]
    )
    return str(done["model"])


def _train_fold(choice: argparse.Namespace, recipe: dict[str, str], fold: int) -> str:
    more = ["--folds", str(FOLDS), "--fold", str(fold), "--shares", "1", "0", "0"]
    return _train(choice, recipe, f"fold-{fold}", more)


def _left_out(choice: argparse.Namespace, model_id: str, fold: int) -> list[ImageResult]:
    """What the model of a fold says of the films it was not fitted on, at temperature 1."""
    from inference.devices import best_device
    from inference.network import load
    from training.evaluate import evaluate
    from training.samples import from_csv

    registry = ModelRegistry(choice.work / "models", choice.work / "none")
    card = registry.find(model_id)
    samples = from_csv(
        choice.images / "labels.csv", choice.images, card.finding_names,
        seed=choice.seed, shares=(1.0, 0.0, 0.0), folds=FOLDS, fold=fold,
    )  # fmt: skip
    test = replace(samples, samples=samples.of_part("test"))
    model = load(card, registry, best_device("auto"))
    model = replace(model, card=replace(card, temperature=1.0))
    return list(evaluate(model, test).per_image)


def _figures(results: list[ImageResult], seed: int) -> tuple[float, dict[str, Any]]:
    """The temperature that fits films left out best, and the figures at it."""
    from training.metrics import evaluate_results

    logits = np.log(np.clip([r.probabilities for r in results], 1e-9, 1.0))
    truth = np.array([r.truth.index(1) for r in results])

    def log_loss(temperature: float) -> float:
        scaled = logits / temperature
        scaled -= np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-scaled[np.arange(len(truth)), truth].mean())

    temperature = float(min(np.linspace(0.3, 2.0, 171), key=log_loss))
    scaled = np.exp(logits / temperature)
    scaled /= scaled.sum(axis=1, keepdims=True)
    calibrated = [
        replace(r, probabilities=tuple(float(p) for p in row)) for r, row in zip(results, scaled, strict=True)
    ]
    names = ("covid-19", "no-finding", "pneumonia")
    figures = evaluate_results(calibrated, names, "starter", seed=seed).as_json()
    del figures["model"]
    return temperature, figures


def _data(results: list[ImageResult], folds: int) -> dict[str, Any]:
    return {
        "what": "833 frontal chest radiographs of 558 patients, longest side 512 px",
        "measured on": f"{len(results)} films of {len({r.patient for r in results})} patients",
        "sources": [
            "muhammedtalo/COVID-19 (Ozturk et al. 2020, doi 10.1016/j.compbiomed.2020.103792)",
            "COVID-19: ieee8023/covid-chestxray-dataset (Cohen et al. 2020)",
            "no finding and pneumonia: NIH ChestX-ray8 (Wang et al. 2017)",
        ],
        "split": f"{folds} folds of a {FOLDS}-fold cross-validation by patient for the figures; the model "
        "itself saw every film",
        "recipe": "resources/train_starter.py",
    }


if __name__ == "__main__":
    sys.exit(main())
