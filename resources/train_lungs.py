"""Train the network that finds lungs: cross-validate by patient, then fit on every film, and bundle.

    python resources/train_lungs.py --masks DIR [--films DIR] --work DIR

`--masks` holds films and their lungs drawn by hand, `NAME.jpg` and `NAME_mask.png`; the patient is the part
of NAME before `_`. `--films` holds films without masks and `labels.csv` (file,label,patient). An interrupted
run goes on with the next network.

Three stages: every network begins with what one has learned from phantoms, whose lungs are known; a teacher
learns from the masks; a student, which begins as the teacher, learns from the masks and from what the teacher
sees on the other films, where that looks like lungs. The patients that a fold leaves out are left out of its
other films too. The figures on the card are those of the students of the folds on films left out, through the
very code that the program runs.
"""

from __future__ import annotations

import argparse
import copy
import csv
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "resources")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import safetensors.torch  # noqa: E402
import torch  # noqa: E402
from lung_figures import Masked, measured, read_masked, summary  # noqa: E402
from lung_films import STORED_SIDE, Grey, changed, phantoms, slices, without_lungs  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from inference.lung_card import ARCHITECTURE, LungCard  # noqa: E402
from inference.lung_mask import sureness  # noqa: E402
from inference.lung_network import LungNetwork  # noqa: E402
from inference.lungs import LungFinder, prepared, to_square  # noqa: E402
from inference.registry import sha256_of  # noqa: E402

BUNDLED = ROOT / "resources" / "lungs"
FOLDS = 5
WIDTHS = (16, 32, 64, 128, 160)
BATCH = 16
WEIGHT_DECAY = 0.02
AVERAGING = 0.995  # of the weights that are kept
PHANTOMS, PHANTOM_STACKS = 200, 10
LEAST_SURENESS_TO_LEARN_FROM = 0.88


@dataclass(frozen=True, slots=True)
class Stage:
    """How long a network learns, at what side and rate, and from what.

    `shares` of a batch are of films with masks drawn by hand, of films with the teacher's, of phantoms, and
    of pictures without lungs.
    """

    steps: int
    side: int
    rate: float
    shares: tuple[float, float, float, float]


# Coarse films teach most, in half the time.
ON_PHANTOMS = Stage(300, 128, 3e-3, (0.0, 0.0, 0.88, 0.12))
TEACHER = Stage(800, 128, 3e-3, (0.78, 0.0, 0.12, 0.10))
STUDENT = Stage(1200, 160, 1.5e-3, (0.42, 0.38, 0.10, 0.10))
LIMITS = (
    "Frontal chest radiographs. Lateral films, CT slices and other pictures are told apart by rules on size, "
    "sides, shape and sureness, which can err.",
    "The lungs are those that are drawn on films: without what the heart, the mediastinum and the diaphragm "
    "cover. Masks are of one group of readers.",
    "31 masks of 21 patients are few, most of adults with COVID-19. A lung that is white as a whole is often "
    "found too small.",
    "The recipe was chosen looking at the first two folds, so their figures are slightly optimistic; the "
    "network that ships saw every film and was not measured.",
    "For research and teaching; no medical device.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a batch is drawn from, everything on squares of `STORED_SIDE`."""

    masked: list[tuple[Grey, Grey]]
    seen: list[tuple[Grey, Grey]]
    phantoms: list[tuple[Grey, Grey]]
    cuts: list[Grey]


def main() -> int:
    """Cross-validate, fit, bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--films", type=Path, help="films without masks, with labels.csv")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-folds", metavar="I,J", help="measure on these folds of five alone")
    parser.add_argument("--no-final", action="store_true", help="stop after the folds: to compare recipes")
    parser.add_argument("--final-first", action="store_true", help="fit the final network before the folds")
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    cv2.setNumThreads(choice.threads)
    masked = read_masked(choice.masks)
    made = Lessons([], [], phantoms(PHANTOMS, choice.seed), slices(PHANTOM_STACKS, choice.seed))
    if choice.final_first:
        _final(choice, made, masked, {})
    chosen = [int(i) for i in choice.only_folds.split(",")] if choice.only_folds else range(FOLDS)
    told: dict[str, list[dict[str, Any]]] = {"teacher": [], "student": []}
    for fold in chosen:
        left_out = patients_of(masked, fold, choice.seed)
        folders = _train_both(choice, made, masked, left_out, f"fold-{fold}")
        for stage, folder in folders.items():
            told[stage] += measured(folder, [m for m in masked if m.patient in left_out], fold)
    figures = {stage: summary(films) for stage, films in told.items() if films}
    for stage, of_stage in figures.items():
        sys.stdout.write(f"{stage}: {of_stage}\n")
    if not choice.no_final:
        _final(choice, made, masked, figures)
    return 0


def patients_of(masked: list[Masked], fold: int, seed: int) -> set[str]:
    """The patients that a fold leaves out: those with most films are dealt out first."""
    films: dict[str, int] = {}
    for one in masked:
        films[one.patient] = films.get(one.patient, 0) + 1
    names = sorted(films)
    np.random.default_rng(seed).shuffle(names)
    parts: list[list[str]] = [[] for _ in range(FOLDS)]
    for name in sorted(names, key=lambda name: -films[name]):
        min(parts, key=lambda part: sum(films[p] for p in part)).append(name)
    return set(parts[fold])


def _train_both(
    choice: argparse.Namespace, made: Lessons, masked: list[Masked], left_out: set[str], name: str
) -> dict[str, Path]:
    """Teacher and student of a fold (or of all films), each trained once."""
    first = choice.work / "phantoms"
    teacher, student = choice.work / name / "teacher", choice.work / name / "student"
    lessons = replace(made, masked=[_on_square(m) for m in masked if m.patient not in left_out])
    if not (first / "card.json").exists():
        torch.manual_seed(choice.seed)
        _write(_learn(LungNetwork(WIDTHS), made, ON_PHANTOMS, choice.seed, "phantoms"), first, ON_PHANTOMS)
    if not (teacher / "card.json").exists():
        _write(_learn(_read(first), lessons, TEACHER, choice.seed, f"{name} teacher"), teacher, TEACHER)
    if choice.films is None:
        return {"teacher": teacher}
    if not (student / "card.json").exists():
        lessons = replace(lessons, seen=_seen(choice.films, LungFinder(teacher), left_out))
        _write(_learn(_read(teacher), lessons, STUDENT, choice.seed, f"{name} student"), student, STUDENT)
    return {"teacher": teacher, "student": student}


def _read(folder: Path) -> LungNetwork:
    network = LungNetwork(WIDTHS)
    network.load_state_dict(safetensors.torch.load_file(folder / "weights.safetensors"))
    return network


def _on_square(one: Masked) -> tuple[Grey, Grey]:
    return to_square(one.film, STORED_SIDE), to_square(one.lungs, STORED_SIDE)


def _seen(folder: Path, teacher: LungFinder, left_out: set[str]) -> list[tuple[Grey, Grey]]:
    """Films without masks, with what the teacher sees on them and on their mirror images.

    Only where that is plausible and sure: on the others, most with a white lung, it is often wrong.
    """
    found, asked = [], 0
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["patient"] not in left_out]
    for row in rows:
        grey = cv2.imread(str(folder / row["file"]), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            raise SystemExit(f"{folder / row['file']} cannot be read.")
        asked += 1
        film = to_square(grey.astype(np.float32) / 255, STORED_SIDE)
        mask, mirrored = teacher.find_in(film), teacher.find_in(np.ascontiguousarray(film[:, ::-1]))
        both = (mask.grid.astype(np.float32) + mirrored.grid[:, ::-1]) / 2
        is_sure = sureness(np.rint(both).astype(np.uint8)) >= LEAST_SURENESS_TO_LEARN_FROM
        if mask.is_plausible and mirrored.is_plausible and is_sure:
            found.append((film, to_square(both / 255, STORED_SIDE)))
    sys.stdout.write(f"  {len(found)} of {asked} films without masks are learned from\n")
    return found


def _learn(network: LungNetwork, lessons: Lessons, stage: Stage, seed: int, name: str) -> LungNetwork:
    """One training; the moving average of the weights is what is kept."""
    rng, steps = np.random.default_rng([seed, stage.side]), stage.steps
    network = network.to(memory_format=torch.channels_last).train()
    kept = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=stage.rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, stage.rate, total_steps=steps, pct_start=0.1)
    started, lost = time.monotonic(), 0.0
    for step in range(steps):
        films, lungs = _batch(lessons, stage, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(films.contiguous(memory_format=torch.channels_last))
        logits = F.interpolate(logits.float(), scale_factor=2.0, mode="bilinear", align_corners=False)
        loss = _loss(logits, lungs)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        share = min(AVERAGING, (1 + step) / (10 + step))
        with torch.no_grad():
            for old, new in zip(kept.state_dict().values(), network.state_dict().values(), strict=True):
                if old.is_floating_point():
                    old.lerp_(new, 1 - share)
                else:
                    old.copy_(new)
        now = loss.item()
        lost = 0.98 * lost + 0.02 * now if step else now
        if step % 100 == 99:
            sys.stdout.write(
                f"  {name} {step + 1}/{steps} loss {lost:.4f} {time.monotonic() - started:.0f} s\n"
            )
            sys.stdout.flush()
    return kept.eval()


def _batch(lessons: Lessons, stage: Stage, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, 2, S, S) and (B, 1, S, S) float32."""
    films, lungs = [], []
    for kind in rng.choice(4, BATCH, p=stage.shares):
        source = (lessons.masked, lessons.seen, lessons.phantoms)[kind] if kind < 3 else None
        if source is None:
            films_to_cut = [film for film, _ in lessons.masked or lessons.phantoms]
            film = without_lungs(stage.side, films_to_cut, lessons.cuts, rng)
            mask = np.zeros((stage.side, stage.side), np.float32)
        else:
            film, mask = changed(*source[rng.integers(len(source))], stage.side, rng)
        films.append(prepared(film))
        lungs.append(mask)
    return torch.from_numpy(np.stack(films)), torch.from_numpy(np.stack(lungs))[:, None]


def _loss(logits: torch.Tensor, lungs: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of pixels and, of films that have lungs, one minus the soft Dice."""
    entropy = F.binary_cross_entropy_with_logits(logits, lungs)
    seen = logits.sigmoid()
    both = (seen * lungs).sum(dim=(1, 2, 3))
    sizes = (seen**2).sum(dim=(1, 2, 3)), (lungs**2).sum(dim=(1, 2, 3))
    has = (sizes[1] > 50).float()
    dice = (2 * both + 1) / (sizes[0] + sizes[1] + 1)
    return entropy + ((1 - dice) * has).sum() / has.sum().clamp_min(1)


def _write(network: LungNetwork, folder: Path, stage: Stage) -> None:
    """Weights in half precision, then the card, which says that they are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in network.state_dict().items()
    }
    safetensors.torch.save_file(state, folder / "weights.safetensors")
    digest = sha256_of(folder / "weights.safetensors")
    LungCard(folder.name, ARCHITECTURE, stage.side, WIDTHS, digest).write(folder / "card.json")


def _final(choice: argparse.Namespace, made: Lessons, masked: list[Masked], figures: dict[str, Any]) -> None:
    """The network that ships: the same recipe on every film."""
    folder = list(_train_both(choice, made, masked, set(), "final").values())[-1]
    card = LungCard.read(folder / "card.json")
    BUNDLED.mkdir(parents=True, exist_ok=True)
    (BUNDLED / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes())
    card = replace(
        card,
        name="lungs",
        created=date.today().isoformat(),
        data=_data(choice, masked),
        recipe={
            "script": "resources/train_lungs.py",
            "batch": BATCH,
            "seed": choice.seed,
            "stages": [
                asdict(stage) for stage in (ON_PHANTOMS, TEACHER, *([STUDENT] if choice.films else []))
            ],
        },
        figures={"cross_validation": figures},
        limits=LIMITS,
        licence="Apache-2.0",
    )
    card.write(BUNDLED / "card.json")


def _data(choice: argparse.Namespace, masked: list[Masked]) -> dict[str, Any]:
    patients = len({one.patient for one in masked})
    return {
        "masks": f"{len(masked)} films of {patients} patients with lungs drawn by hand",
        "films_without_masks": "833 films of 557 patients (see the starter model's card)"
        if choice.films
        else None,
        "phantoms": PHANTOMS,
        "sources": [
            "masks: joseph-bae/Copy-of-covid-chestxray-dataset",
            "films without masks: muhammedtalo/COVID-19 (Ozturk et al. 2020), "
            "NIH ChestX-ray8 (Wang et al. 2017)",
        ],
        "split": f"{FOLDS} folds by patient; the network that ships saw every film",
    }


if __name__ == "__main__":
    sys.exit(main())
