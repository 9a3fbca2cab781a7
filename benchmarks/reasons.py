"""Whether evidence goes to the lungs when evidence outside costs something, and what that does to answers.

    python benchmarks/reasons.py --xrays DIR --masks DIR --work DIR [--weights 0 1] [--fold 0] [--epochs 30]
    python benchmarks/reasons.py --xrays DIR --masks DIR --models WORK/models --model ID --model ID --fold 0

`--xrays` holds `labels.csv` (file,label,patient) and its films. The first trains one model for each weight on
four fifths of the patients, alike in everything else, and measures them on the fifth that was left out; an
interrupted run goes on where it was (`--work`). The second measures models that were trained on the same fold
before; the first of them is what the others are compared with.

`--masks` holds films with lungs drawn by hand (`NAME.jpg`, `NAME_mask.png`). Those of a patient of the
training, or that look like one of its films (`studies.likeness`), are left out and counted. Share in lungs is
that of the shown heatmap of the most probable finding (`inference.lung_mask.share_inside`): in lungs that the
lung network found on the films left out, and in those drawn by hand. Intervals are of 2,000 resamples of the
patients; differences are paired.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "resources")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from lung_figures import Masked, read_masked  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from inference.evidence import run  # noqa: E402
from inference.lung_mask import LungMask, share_inside  # noqa: E402
from inference.lungs import LungFinder  # noqa: E402
from inference.network import LoadedModel, load  # noqa: E402
from inference.prediction import Heatmap  # noqa: E402
from inference.preprocess import covered_box_of, intensities_to_tensor  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from studies.display import network_intensities  # noqa: E402
from studies.likeness import Likenesses, likeness_of  # noqa: E402
from studies.reader import read  # noqa: E402
from training.events import Evaluation  # noqa: E402
from training.finetune import fine_tune  # noqa: E402
from training.plan import Plan  # noqa: E402
from training.proof.evaluate import evaluate  # noqa: E402
from training.samples import Samples, from_csv  # noqa: E402

RESAMPLES = 2000
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One model: values by film, and whose film each is."""

    name: str
    evaluation: Evaluation
    patients: NDArray[np.str_]
    right: Floats
    log_loss: Floats
    share: Floats  # NaN where no lungs were found
    masked_patients: NDArray[np.str_]
    masked_share: Floats


def main() -> int:
    """Train where that is asked, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xrays", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="keeps runs and models")
    parser.add_argument("--models", type=Path, help="a folder of models, instead of training some")
    parser.add_argument("--model", action="append", default=[], help="measure this one of --models")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 1.0])
    parser.add_argument("--blank-lungs", type=float, default=0.0, help="with every weight but 0")
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--input-size", type=int, default=160)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--crop", default="none", choices=("none", "lungs"))
    parser.add_argument("--threads", type=int, default=1)
    choice = parser.parse_args()
    if (choice.work is None) == (choice.models is None):
        parser.error("either --work, to train in, or --models is needed")
    torch.set_num_threads(choice.threads)
    samples = from_csv(
        choice.xrays / "labels.csv", choice.xrays, seed=choice.seed, shares=(1.0, 0.0, 0.0),
        folds=choice.folds, fold=choice.fold,
    )  # fmt: skip
    finder = LungFinder(ROOT / "resources" / "lungs")
    masked = _without_overlap(read_masked(choice.masks), samples)
    told = [_measured(name, model, samples, masked, finder) for name, model in _models(choice, samples)]
    _print(told)
    return 0


def _models(choice: argparse.Namespace, samples: Samples) -> list[tuple[str, LoadedModel]]:
    device = torch.device("cpu")
    if choice.models is not None:
        registry = ModelRegistry(choice.models, ROOT / "resources" / "models")
        return [(model, load(registry.find(model), registry, device)) for model in choice.model]
    registry = ModelRegistry(choice.work / "models", ROOT / "resources" / "models")
    found = []
    for weight in choice.weights:
        plan = Plan(
            backbone=choice.backbone, input_size=choice.input_size, epochs=choice.epochs, crop=choice.crop,
            class_balance=0.0, mixup=0.4, ema=0.998, keep="last", seed=choice.seed, threads=choice.threads,
            device="cpu", bootstrap=0, evidence_weight=weight,
            blank_lungs=choice.blank_lungs if weight > 0 else 0.0,
        )  # fmt: skip
        settings = f"{choice.backbone}-{choice.input_size}-{choice.crop}-{choice.epochs}-{plan.blank_lungs:g}"
        folder = choice.work / "runs" / f"fold-{choice.fold}-weight-{weight:g}-{settings}"
        for event in fine_tune(plan, samples, registry, folder, cache_folder=choice.work / "films"):
            if event.event in ("failed", "cancelled"):
                raise SystemExit(str(event.values["reason"]))
            if event.event == "epoch":
                print(f"weight {weight:g}: epoch {event.values['epoch']} of {choice.epochs}", file=sys.stderr)
        card = registry.find(str(event.values["model"]))
        found.append((f"evidence weight {weight:g}", load(card, registry, device)))
    return found


def _without_overlap(masked: list[Masked], samples: Samples) -> list[Masked]:
    """Films with masks that no film of the training shares a patient or its looks with."""
    train = samples.of_part("train")
    patients = {sample.patient for sample in train}
    looks = Likenesses()
    found = (likeness_of(network_intensities(read(s.header, s.frame))) for s in train)
    looks.add([look for look in found if look is not None])
    of_patient = [film for film in masked if film.patient in patients]
    rest = [film for film in masked if film.patient not in patients]
    alike = [film for film in rest if (look := likeness_of(film.film)) is not None and looks.like(look)]
    kept = [film for film in rest if film not in alike]
    print(
        f"{len(masked)} films with lungs drawn by hand: {len(of_patient)} of patients of the training and "
        f"{len(alike)} that look like a film of it are left out, {len(kept)} are measured."
    )
    return kept


def _measured(
    name: str, model: LoadedModel, samples: Samples, masked: Sequence[Masked], finder: LungFinder
) -> Measured:
    test = replace(samples, samples=samples.of_part("test"))
    evaluation = evaluate(model, test, lungs=finder, findings=samples.findings, bootstrap=0)
    results = evaluation.per_image
    truth = np.array([result.truth.index(1) for result in results])
    said = np.array([result.probabilities for result in results], np.float64)
    shares = [np.nan if result.lung_share is None else result.lung_share for result in results]
    return Measured(
        name, evaluation, np.array([result.patient for result in results]),
        (said.argmax(axis=1) == truth).astype(np.float64),
        -np.log(np.clip(said[np.arange(len(said)), truth], 1e-9, 1.0)), np.array(shares),
        np.array([film.patient for film in masked]),
        np.array([_share_by_hand(model, film, finder) for film in masked]),
    )  # fmt: skip


def _share_by_hand(model: LoadedModel, film: Masked, finder: LungFinder) -> float:
    """How much of the shown evidence for the most probable finding lies in lungs drawn by hand."""
    pre = model.card.preprocessing
    found = finder.find_in(film.film)
    batch = intensities_to_tensor(film.film, pre, found)[None]
    seen = run(model, batch, "gradcam")
    assert seen.maps is not None
    best = int(seen.logits[0].argmax())
    box = covered_box_of(film.film.shape, pre, found)
    grid = seen.maps[0, best]
    heatmap = Heatmap(model.card.finding_names[best], "gradcam", grid, box, float(grid.max()))
    by_hand = np.rint(film.lungs * 255).astype(np.uint8)
    share = share_inside(heatmap, LungMask(by_hand, (0.0, 0.0, *map(float, film.film.shape)), True))
    return np.nan if share is None else share


# -- the table ---------------------------------------------------------------------------------------


def _print(told: Sequence[Measured]) -> None:
    first = told[0]
    lungs_share = np.mean([np.isfinite(one.share).mean() for one in told])
    print(
        f"{len(first.patients)} films of {len(set(first.patients))} patients left out (lungs found on "
        f"{100 * lungs_share:.0f}%), {len(first.masked_patients)} films with lungs drawn by hand.\n"
    )
    print("| model | accuracy | macro AUROC | log-loss | share in found lungs | share in drawn lungs "
          "| ability left without lungs |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for one in told:
        left = (one.evaluation.without_lungs or {}).get("ability_left")
        print(
            f"| {one.name} | {_told(one.patients, one.right)} | {one.evaluation.macro_auroc:.3f} "
            f"| {_told(one.patients, one.log_loss)} | {_told(one.patients, one.share)} "
            f"| {_told(one.masked_patients, one.masked_share)} | {'' if left is None else f'{left:.0%}'} |"
        )
    for one in told[1:]:
        print(
            f"\n{one.name} less {first.name}, paired: accuracy "
            f"{_told(one.patients, one.right - first.right, signed=True)}, log-loss "
            f"{_told(one.patients, one.log_loss - first.log_loss, signed=True)}, share in found lungs "
            f"{_told(one.patients, one.share - first.share, signed=True)}, in drawn lungs "
            f"{_told(one.masked_patients, one.masked_share - first.masked_share, signed=True)}."
        )


def _told(patients: NDArray[np.str_], values: Floats, *, signed: bool = False) -> str:
    """The mean over films and its 95% interval over patients."""
    known = np.isfinite(values)
    patients, values = patients[known], values[known]
    if not len(values):
        return ""
    names, of = np.unique(patients, return_inverse=True)
    sums, counts = np.bincount(of, values), np.bincount(of).astype(np.float64)
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(means, [0.025, 0.975])
    form = "+.3f" if signed else ".3f"
    return f"{values.mean():{form}} ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    sys.exit(main())
