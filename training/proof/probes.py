"""What an evaluation asks beside whether the answers are right: where the evidence lay, what is still said
when there is nothing to see, and how many films the model does not know.

A model that is right for the wrong reason is found out by covering the lungs. What is covered is filled
with what lies around it, so that neither texture nor density of a lung is left; a model that then keeps its
answers, as sure as before, has read them from somewhere else: borders, letters, the patient's position
(Maguolo and Nanni 2021; DeGrave et al. 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.card import ModelCard, Task
from inference.covering import Region, covered
from inference.lung_mask import LungMask, outlines
from training.events import Evaluation, ImageResult
from training.proof.bootstrap import interval, resamples
from training.proof.ranking import area_under_roc
from training.proof.table import is_answered, table_of

if TYPE_CHECKING:
    from inference.lungs import LungFinder
    from inference.predictor import Prepared
    from inference.registry import ModelRegistry

RIM = 0.03
"""Of the mask's side: so much beyond the lungs is covered too, or their edge would fill them."""
ABOUT_AS_SURE = 0.1
"""How much less probable the answer may be and still be given with about the same confidence."""
ALARM = 0.5
"""Share of films with the same confident answer, or of the ability to tell findings apart, that may be left
without lungs: more raises the alarm."""
LEAST_FILMS = 10
"""Fewer films say nothing about a model."""


def blanked(frame: Prepared) -> Prepared | None:
    """A film whose lungs are filled with what lies around them; None where no two lungs were found."""
    if frame.lungs is None or not frame.lungs.is_plausible:
        return None
    region = Region(tuple(_corners(part) for part in outlines(_wider(frame.lungs))))
    return replace(frame, square=covered(frame.square, frame.box, region))


def finder_for(registry: ModelRegistry, *cards: ModelCard) -> LungFinder | None:
    """Who finds the lungs, where one of these models looks at chests; None where nobody is needed.

    Raises
    ------
    InferenceError
        A model is shown lungs alone, and the network that finds them is not installed; or it is damaged.
    """
    from inference.lungs import LungFinder
    from inference.predictor import has_lungs

    needed = any(card.preprocessing.crop == "lungs" for card in cards)
    wanted = any(has_lungs(card) for card in cards) and registry.lungs_folder.is_dir()
    return LungFinder(registry.lungs_folder) if needed or wanted else None


def added(evaluation: Evaluation, task: Task, bootstrap: int = 0, seed: int = 0) -> Evaluation:
    """An evaluation with what its results say beside being right or wrong, with intervals."""
    results = tuple(result for result in evaluation.per_image if is_answered(result))
    share, by_finding = lung_shares(results, evaluation.findings)
    return replace(
        evaluation,
        lung_share=share,
        lung_share_per_finding=by_finding,
        without_lungs=without_lungs(results, task),
        unfamiliar=unfamiliar_share(results),
        intervals=evaluation.intervals | _intervals(results, task, bootstrap, seed),
    )


def _intervals(
    results: Sequence[ImageResult], task: Task, bootstrap: int, seed: int
) -> dict[str, tuple[float, float]]:
    """95% intervals, over patients, of the two shares."""
    strange = [None if r.unfamiliarity is None else float(r.unfamiliarity > 1.0) for r in results]
    told = {}
    for name, shares in (("lung_share", [r.lung_share for r in results]), ("unfamiliar", strange)):
        rows = [i for i, share in enumerate(shares) if share is not None]
        if not rows:
            continue
        values = np.array([shares[i] for i in rows], np.float64)
        table = table_of([results[i] for i in rows], task)
        drawn = [weights @ values / weights.sum(axis=1) for weights in resamples(table, bootstrap, seed)]
        bounds = interval(np.concatenate(drawn), table.patients) if drawn else None
        if bounds is not None:
            told[name] = bounds
    return told


def _corners(outline: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((float(row), float(column)) for row, column in outline)


def _wider(mask: LungMask) -> LungMask:
    radius = max(1, round(RIM * max(mask.grid.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return replace(mask, grid=np.asarray(cv2.dilate(mask.grid, disc), np.uint8))


def lung_shares(
    results: Sequence[ImageResult], findings: Sequence[str]
) -> tuple[float | None, dict[str, float | None]]:
    """The mean share of the evidence that lies in the lungs, over all films and by finding.

    It is the share of the most probable finding's evidence, on films whose lungs were found; a finding's own
    is the mean over the films on which it was the most probable one.
    """
    by_finding: dict[str, list[float]] = {name: [] for name in findings}
    for result in results:
        if result.lung_share is not None:
            by_finding[findings[_best(result.probabilities)]].append(result.lung_share)
    every = [share for shares in by_finding.values() for share in shares]
    return _mean(every), {name: _mean(shares) for name, shares in by_finding.items()}


def unfamiliar_share(results: Sequence[ImageResult]) -> float | None:
    """The share of films that the model does not know; None where it was never described what it knows."""
    known = [result.unfamiliarity for result in results if result.unfamiliarity is not None]
    return _mean([float(value > 1.0) for value in known])


def without_lungs(results: Sequence[ImageResult], task: Task) -> dict[str, Any] | None:
    """What is left of the answers when the lungs are covered; None on too few films.

    Returns
    -------
    ``n``: films with lungs that could be covered. ``same``: share that keeps its most probable finding.
    ``still_confident``: share that keeps it with at least its probability less `ABOUT_AS_SURE`.
    ``macro_auroc`` of what is said without lungs, ``macro_auroc_with`` of what is said of the same films as
    they are, and ``ability_left``: how much of the second's distance from chance the first still has; None
    where they cannot be had. ``alarm`` and its ``warning``, a sentence or nothing.
    """
    probed = [result for result in results if result.without_lungs]
    if len(probed) < LEAST_FILMS:
        return None
    before = np.array([r.probabilities for r in probed])
    after = np.array([r.without_lungs for r in probed])
    row, best = np.arange(len(probed)), before.argmax(axis=1)
    same = after.argmax(axis=1) == best
    sure = float((same & (after[row, best] >= before[row, best] - ABOUT_AS_SURE)).mean())
    area, area_with = _macro_auroc(probed, after, task), _macro_auroc(probed, before, task)
    left = None
    if area is not None and area_with is not None and area_with > 0.5:
        left = min(max((area - 0.5) / (area_with - 0.5), 0.0), 1.0)
    alarm = sure > ALARM or (left is not None and left > ALARM)
    return {
        "n": len(probed),
        "same": float(same.mean()),
        "still_confident": sure,
        "macro_auroc": area,
        "macro_auroc_with": area_with,
        "ability_left": left,
        "alarm": alarm,
        "warning": _alarm(sure, left) if alarm else "",
    }


def _alarm(sure: float, left: float | None) -> str:
    told = f"With their lungs covered {100 * sure:.0f}% of the films still get the same answer, about as sure"
    if left is not None:
        told += f", and {100 * left:.0f}% of the ability to tell findings apart is left"
    return f"{told}: the model reads something else than the lungs."


def _macro_auroc(results: Sequence[ImageResult], said: NDArray[np.float64], task: Task) -> float | None:
    table = table_of(results, task)
    ones = np.ones((1, len(results)))
    areas = [area_under_roc(table.truth[:, k], said[:, k], ones)[0] for k in range(said.shape[1])]
    return _mean([float(area) for area in areas if np.isfinite(area)])


def _best(probabilities: Sequence[float]) -> int:
    return max(range(len(probabilities)), key=lambda k: probabilities[k])


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
