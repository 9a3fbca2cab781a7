"""Films with lungs drawn by hand, and how near a found mask comes to them: for the training of the lung
network and for `benchmarks/lungs.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from lung_films import STORED_SIDE, changed
from numpy.typing import NDArray

from inference.lung_mask import over_pixels
from inference.lungs import LungFinder, to_square

Grey = NDArray[np.float32]
CHANGES = 6  # versions of each film
LEAST_LEFT = 0.04  # share of a changed film that is lung, or it is no test


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A film and its lungs as drawn by hand."""

    path: Path
    film: Grey  # (H, W)
    lungs: Grey  # (H, W)

    @property
    def patient(self) -> str:
        return self.path.stem.split("_")[0]


def read_masked(folder: Path) -> list[Masked]:
    """All films with masks, by name."""
    found = []
    for path in sorted(folder.glob("*_mask.png")):
        film = path.with_name(path.name.replace("_mask.png", ".jpg"))
        grey, lungs = cv2.imread(str(film), cv2.IMREAD_GRAYSCALE), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if grey is None or lungs is None or grey.shape != lungs.shape:
            raise SystemExit(f"{film} and its mask cannot be read or are not of one size.")
        found.append(Masked(film, grey.astype(np.float32) / 255, (lungs > 127).astype(np.float32)))
    if not found:
        raise SystemExit(f"There is no NAME_mask.png in {folder}.")
    return found


def measured(folder: Path, films: list[Masked], fold: int = 0) -> list[dict[str, Any]]:
    """Dice and distance of borders of films, through the program's own code.

    `changed` is the mean Dice of the same films turned, re-exposed, covered and filled with opacity as in
    training (`lung_films.changed`), the same for every network.
    """
    finder = LungFinder(folder)
    told = []
    for one in films:
        mask = finder.find_in(one.film)
        found = over_pixels(mask, one.lungs.shape)
        figures = {"dice": dice(found, one.lungs > 0.5), "border": border_distance(found, one.lungs > 0.5)}
        figures["changed"] = _changed(finder, one)
        told.append({"film": one.path.stem, "fold": fold, "plausible": mask.is_plausible, **figures})
    return told


def _changed(finder: LungFinder, one: Masked) -> float:
    rng = np.random.default_rng(CHANGES)
    squares = to_square(one.film, STORED_SIDE), to_square(one.lungs, STORED_SIDE)
    versions = (changed(*squares, finder.card.input_size, rng) for _ in range(CHANGES))
    found = [
        dice(over_pixels(finder.find_in(film), film.shape), lungs > 0.5)
        for film, lungs in versions
        if (lungs > 0.5).mean() > LEAST_LEFT
    ]
    return float(np.mean(found))


def dice(found: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> float:
    """Twice the shared area over the sum of both."""
    return 2.0 * float((found & drawn).sum()) / max(float(found.sum() + drawn.sum()), 1.0)


def border_distance(found: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> float:
    """Mean distance of each border from the other, both ways, in percent of the film's longer side."""
    borders = [
        mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0) for mask in (found, drawn)
    ]
    if not all(border.any() for border in borders):
        return 100.0
    away = [cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, 5) for border in borders]
    both = np.concatenate([away[1][borders[0]], away[0][borders[1]]])
    return 100.0 * float(both.mean()) / max(drawn.shape)


def summary(films: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures over films and folds, none by name."""
    found = sorted(film["dice"] for film in films)
    folds = sorted({film["fold"] for film in films})
    by_fold = [float(np.mean([f["dice"] for f in films if f["fold"] == fold])) for fold in folds]
    return {
        "films": len(found),
        "dice_mean": round(float(np.mean(found)), 4),
        "dice_median": round(float(np.median(found)), 4),
        "dice_by_fold": [round(value, 4) for value in by_fold],
        "dice_worst_films": [round(value, 4) for value in found[:3]],
        "dice_best_film": round(found[-1], 4),
        "dice_of_changed_films": round(float(np.mean([f["changed"] for f in films])), 4),
        "border_distance_percent": round(float(np.mean([f["border"] for f in films])), 3),
        "plausible": sum(bool(f["plausible"]) for f in films),
    }
