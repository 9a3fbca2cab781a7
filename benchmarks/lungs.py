"""How well lungs are found, and what it costs beside a suggestion.

    python benchmarks/lungs.py --masks DIR [--work DIR] [--threads 1] [--rounds 60]

`--masks` holds films and their lungs drawn by hand (`NAME.jpg`, `NAME_mask.png`). Without `--work` Dice is
that of the network that ships: it saw the films of this project's own training, and only films from elsewhere
say how good it is. With `--work`, the folder of `resources/train_lungs.py`, every film is measured with the
network of the fold it was left out of. Films are told by rank, not by name.

Then the time to find lungs in a film of 512 px and of 3000 x 2500, from intensities to a cleaned mask, beside
one eager resnet18 forward pass of 224 x 224: they take turns in one run, medians are printed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "resources")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from lung_figures import Masked, measured, read_masked, summary  # noqa: E402

from inference.lungs import LungFinder  # noqa: E402
from inference.torchvision_operators import declare_missing_operators  # noqa: E402

SHIPPED = ROOT / "resources" / "lungs"


def main() -> int:
    """Measure Dice, then time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="of resources/train_lungs.py: measure films left out")
    parser.add_argument("--seed", type=int, default=0, help="of that run")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=60)
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    cv2.setNumThreads(choice.threads)
    masked = read_masked(choice.masks)
    if choice.work is None:
        print("the network that ships (it saw every film of its own training):")
        films = measured(SHIPPED, masked)
    else:
        print("networks of folds, on films of patients they were not shown:")
        films = _left_out(choice.work, masked, choice.seed)
    for rank, film in enumerate(sorted(films, key=lambda film: film["dice"]), 1):
        word = "" if film["plausible"] else "  not plausible"
        print(f"  {rank:3d}  Dice {film['dice']:.4f}  border {film['border']:.2f}% of the side{word}")
    for name, value in summary(films).items():
        print(f"  {name}: {value}")
    _time(choice.threads, choice.rounds)
    return 0


def _left_out(work: Path, masked: list[Masked], seed: int) -> list[dict[str, Any]]:
    from train_lungs import FOLDS, patients_of

    films: list[dict[str, Any]] = []
    for fold in range(FOLDS):
        folder = work / f"fold-{fold}" / "student"
        if not (folder / "card.json").exists():
            folder = folder.with_name("teacher")
        left_out = patients_of(masked, fold, seed)
        films += measured(folder, [one for one in masked if one.patient in left_out], fold)
    return films


def _time(threads: int, rounds: int) -> None:
    """Blocks take turns, so that a busy machine is busy for all alike."""
    declare_missing_operators()
    import timm

    finder = LungFinder(SHIPPED)
    random = np.random.default_rng(0)
    coarse = random.random((24, 20), dtype=np.float32)
    small = cv2.resize(coarse, (430, 512), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    large = cv2.resize(coarse, (2500, 3000), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    resnet = timm.create_model("resnet18", pretrained=False, num_classes=3).eval()
    x = torch.rand(1, 3, 224, 224)

    def forward() -> None:
        with torch.inference_mode():
            resnet(x)

    steps: dict[str, Callable[[], object]] = {
        "resnet18, eager, 224 x 224": forward,
        "lungs in 512 x 430": lambda: finder.find_in(small),
        "lungs in 3000 x 2500": lambda: finder.find_in(large),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 5):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            if turn >= 5:
                times[name].append((time.perf_counter() - started) * 1000.0)
    print(f"{threads} thread(s), {rounds} turns, medians:")
    reference = statistics.median(times["resnet18, eager, 224 x 224"])
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"  {name:28s} {middle:7.2f} ms  {middle / reference:5.2f} of resnet18")


if __name__ == "__main__":
    sys.exit(main())
