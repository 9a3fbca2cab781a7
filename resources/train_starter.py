"""Train the starter model: cross-validate by patient, then fit on every film, calibrate, bundle.

    python resources/train_starter.py --images DIR --work DIR

`--images` holds `labels.csv` (file,label,patient) and the films it names. `--work` keeps the runs; an
interrupted one goes on where it was. The figures on the card are those of films that the model that
looked at them had not been fitted on: every film once, by the model of the fold it was left out of.

Two stages: at 160 px, then a short second training at 224 px that starts from the first's encoder. Films
left out then give one temperature and a shift for each finding, which goes into the last layer's bias.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from bundling import BUNDLED, bundle, overread
from numpy.typing import NDArray

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
    "evidence-weight": "1",
    "blank-lungs": "0.2",
    "keep": "last",
    "stored-as": "float16",
}
SECOND_STAGE = {"input-size": "224", "epochs": "10", "learning-rate": "0.0004"}
LIMITS = (
    "Frontal chest radiographs of adults only. It knows three answers and nothing else.",
    "The COVID-19 films come from other hospitals, scanners and journal pages than the rest: a model can "
    "tell the source from borders and contrast instead of from the lungs. Look at the evidence.",
    "The labels 'pneumonia' and 'no finding' were mined from reports by software and are noisy.",
    "COVID-19 films are pneumonia too: the third answer means pneumonia of another pattern.",
    "The recipe was chosen on the folds that its figures come from, so they are slightly optimistic; the "
    "shipped network itself saw every film and was not measured.",
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
        _train_stages(choice, recipe, "final", ["--no-held-out"])
    models = {fold: _train_fold(choice, recipe, fold) for fold in chosen}
    results = [_left_out(choice, model, fold) for fold, model in models.items()]
    calibration, points, figures = _figures(results, choice.seed)
    interval = "-".join(f"{end:.3f}" for end in figures["intervals"]["accuracy"])
    sys.stdout.write(
        f"{sum(map(len, results))} films left out: accuracy {figures['accuracy']:.3f} ({interval}), "
        f"macro AUROC {figures['macro_auroc']:.3f}, temperature {calibration.temperature:.2f}\n"
    )
    if choice.no_final:
        return 0
    final = _train_stages(choice, recipe, "final", ["--no-held-out"])
    shifted = choice.work / "calibrated.safetensors"
    _shift_bias(choice.work / "models" / final / "weights.safetensors", calibration, shifted)
    bundle(
        choice.work / "models",
        final,
        "starter",
        name="starter",
        covers=Covers(("CR", "DX", "picture"), ("CHEST",), ("PA", "AP")),
        data=_data([result for fold in results for result in fold], len(models)),
        figures={"cross_validation": figures},
        limits=(*LIMITS, _where_it_looks(figures)),
        temperature=calibration.temperature,
        operating_points=points,
        weights=shifted,
        recipe={"initial_weights": "the encoder of the first stage (see resources/train_starter.py)"},
    )
    return 0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Vector scaling (Guo et al. 2017) without its matrix: logits over a temperature, plus a shift each."""

    temperature: float
    shift: tuple[float, ...]

    def of(self, result: ImageResult) -> ImageResult:
        """The same result, with and without lungs, as the calibrated model says it."""
        without = self._of(result.without_lungs) if result.without_lungs else ()
        return replace(result, probabilities=self._of(result.probabilities), without_lungs=without)

    def _of(self, probabilities: tuple[float, ...]) -> tuple[float, ...]:
        logits = np.log(np.clip(probabilities, 1e-9, 1.0)) / self.temperature + self.shift
        shares = np.exp(logits - logits.max())
        return tuple(float(p) for p in shares / shares.sum())


def _shift_bias(weights: Path, calibration: Calibration, shifted: Path) -> None:
    """Put the shifts into the last layer, so that the temperature alone is left for the card."""
    from safetensors.numpy import load_file, save_file

    state = load_file(weights)
    shift = np.asarray(calibration.shift) * calibration.temperature
    state["fc.bias"] = (state["fc.bias"].astype(np.float64) + shift).astype(state["fc.bias"].dtype)
    save_file(state, shifted)


def _train_stages(choice: argparse.Namespace, recipe: dict[str, str], run: str, more: list[str]) -> str:
    """Both stages of one model; the id of the second's."""
    first = _train(choice, recipe, run, more)
    weights = str(choice.work / "models" / first / "weights.safetensors")
    return _train(choice, recipe | SECOND_STAGE, f"{run}-fine", [*more, "--initial-weights", weights])


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
    return _train_stages(choice, recipe, f"fold-{fold}", more)


def _left_out(choice: argparse.Namespace, model_id: str, fold: int) -> list[ImageResult]:
    """What the model of a fold says of the films it was not fitted on, at temperature 1."""
    from inference.devices import best_device
    from inference.network import load
    from training.proof.evaluate import evaluate
    from training.proof.probes import finder_for
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
    finder = finder_for(ModelRegistry(choice.work / "models", BUNDLED), card)
    return list(evaluate(model, test, lungs=finder).per_image)


def _figures(
    results: list[list[ImageResult]], seed: int
) -> tuple[Calibration, dict[str, float], dict[str, Any]]:
    """The calibration that fits all films left out, operating points chosen on them, figures in which each
    fold was calibrated by the others, so that no film helps to calibrate itself."""
    from training.calibrate import choose_operating_points
    from training.proof.metrics import evaluate_results
    from training.proof.probes import added

    calibrated: list[ImageResult] = []
    for number, fold in enumerate(results):
        others = [result for other in (*results[:number], *results[number + 1 :]) for result in other]
        calibration = _fit_calibration(others or fold)
        calibrated += [calibration.of(result) for result in fold]
    names = ("covid-19", "no-finding", "pneumonia")
    said = np.array([result.probabilities for result in calibrated], np.float32)
    points = choose_operating_points(said, [result.truth for result in calibrated], names)
    measured = evaluate_results(calibrated, names, "starter", seed=seed, operating_points=points)
    figures = added(measured, "multiclass").as_json()
    del figures["model"]
    return _fit_calibration([result for fold in results for result in fold]), points, figures


def _fit_calibration(results: list[ImageResult]) -> Calibration:
    """Least log-loss, with a slight pull of the shifts towards none."""
    from scipy.optimize import minimize

    logits = np.log(np.clip([r.probabilities for r in results], 1e-9, 1.0))
    truth = np.array([r.truth.index(1) for r in results])

    def loss(parameters: NDArray[np.float64]) -> float:
        shift = np.array([parameters[1], 0.0, parameters[2]])
        scaled = logits / np.exp(parameters[0]) + shift
        scaled -= np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-scaled[np.arange(len(truth)), truth].mean() + 1e-3 * (shift**2).sum())

    found = minimize(loss, np.zeros(3)).x
    return Calibration(float(np.exp(found[0])), (float(found[1]), 0.0, float(found[2])))


def _where_it_looks(figures: dict[str, Any]) -> str:
    left = figures["without_lungs"]["ability_left"]
    return (
        f"On films left out {figures['lung_share']:.0%} of its evidence lay in the lungs, and with the lungs "
        f"covered it kept {left:.0%} of its ability to tell findings apart: it reads more than the lungs."
    )


def _data(results: list[ImageResult], folds: int) -> dict[str, Any]:
    return {
        "what": "833 frontal chest radiographs of 557 patients, longest side 512 px",
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
