"""Which decisions may be errors: confident learning on what a model says that has not seen them.

The last layer is re-fitted five times, each time without a fifth of the patients, and asked about them
(`out_of_fold`). A decision is suspected where the model is as sure of another finding as it is, on
average, of films that are decided to show that finding: the confident joint of Northcutt, Jiang and Chuang,
"Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021), section 3.1; written from
the paper. Suspects are read a second time by a person. Nothing here changes a decision.

Needs numpy, and SciPy where heads are fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.card import FindingName, Task
from training.adapting.head import Films, fit_head
from training.errors import TooLittleData
from training.numerals import counted
from training.replay import Replay

FOLDS = 5
LEAST_FILMS = 20
LEAST_OF_A_FINDING = 5  # films that are decided to show it, before it is doubted or held against another


@dataclass(frozen=True, slots=True)
class Suspect:
    """A decision that a model doubts which has not seen it.

    Parameters
    ----------
    film
        Its row.
    finding
        Index of the finding that was decided to be present; of several at once, of the one in doubt.
    instead
        Index of the finding that the model is confident of; of several at once the same as `finding`,
        whose answer is doubted.
    confidence
        The probability that the model gives to the decision, in [0, 1].
    margin
        That less the probability of the most probable other answer, in [-1, 1]: the least is doubted most.
    """

    film: int
    finding: int
    instead: int
    confidence: float
    margin: float


def find_suspects(
    truth: NDArray[np.int8], out_of_fold: NDArray[np.floating], task: Task = "multiclass"
) -> tuple[Suspect, ...]:
    """The decisions that are in doubt, the most doubtful first; a film at most once.

    Parameters
    ----------
    truth
        (N, K): 1 present, 0 absent, -1 unknown. One of many: films without exactly one present finding
        are passed over.
    out_of_fold
        (N, K) probabilities from heads that were not fitted to the film or to others of its patient; rows
        that are not finite are passed over.

    Raises
    ------
    TooLittleData
        There are too few films to judge by.
    """
    said = np.asarray(out_of_fold, np.float64)
    rows = np.flatnonzero(np.isfinite(said).all(axis=1))
    if task == "multiclass":
        rows = rows[(truth[rows] == 1).sum(axis=1) == 1]
        label = (truth[rows] == 1).argmax(axis=1)
        found = [
            Suspect(int(rows[n]), int(label[n]), j, *_doubt(said[rows[n]], int(label[n])))
            for n, j in _confident_of_another(label, said[rows])
        ]
    else:
        found = _of_several(truth, said, rows)
    return tuple(sorted(found, key=lambda one: (one.margin, one.film)))


def _of_several(truth: NDArray[np.int8], said: NDArray[np.float64], rows: NDArray[np.intp]) -> list[Suspect]:
    """Each finding by itself is one of two; of a film the most doubtful finding."""
    worst: dict[int, Suspect] = {}
    was_judged = False
    for k in range(truth.shape[1]):
        own = rows[truth[rows, k] >= 0]
        answer = truth[own, k].astype(np.intp)
        both = np.stack([1.0 - said[own, k], said[own, k]], axis=1)
        try:
            doubted = _confident_of_another(answer, both)
        except TooLittleData:
            continue
        was_judged = True
        for n, _ in doubted:
            one = Suspect(int(own[n]), k, k, *_doubt(both[n], int(answer[n])))
            if one.film not in worst or one.margin < worst[one.film].margin:
                worst[one.film] = one
    if not was_judged:
        raise _too_little(len(rows))
    return list(worst.values())


def _confident_of_another(label: NDArray[np.intp], said: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Films off the diagonal of the confident joint: (row, index of what it is confident of).

    Raises
    ------
    TooLittleData
        Fewer than `LEAST_FILMS`, or fewer than two findings of `LEAST_OF_A_FINDING` films each.
    """
    counts = np.bincount(label, minlength=said.shape[1])
    judged = counts >= LEAST_OF_A_FINDING
    if len(label) < LEAST_FILMS or judged.sum() < 2:
        raise _too_little(len(label))
    # t_j, the mean probability of j on films decided to be j (equation 2 of the paper).
    of_label = np.eye(said.shape[1], dtype=bool)[label]
    thresholds = np.full(said.shape[1], np.inf)
    thresholds[judged] = (said * of_label).sum(axis=0)[judged] / counts[judged]
    confident = np.where(said >= thresholds, said, -1.0)
    chosen = confident.argmax(axis=1)
    doubted = (confident.max(axis=1) >= 0) & (chosen != label) & judged[label]
    # Between two of which both are confident the decision stands where the model does not prefer the other.
    doubted &= np.take_along_axis(said, chosen[:, None], 1)[:, 0] > said[np.arange(len(label)), label]
    return [(int(n), int(chosen[n])) for n in np.flatnonzero(doubted)]


def _doubt(said: NDArray[np.float64], label: int) -> tuple[float, float]:
    """Self-confidence, and normalised margin (section 3.2)."""
    others = np.delete(said, label)
    return float(said[label]), float(said[label] - others.max())


def _too_little(films: int) -> TooLittleData:
    are = "is" if films == 1 else "are"
    return TooLittleData(
        f"{counted(films, 'decided film')} outside the test part {are} too few to doubt any of them; at "
        f"least {LEAST_FILMS} are needed, {LEAST_OF_A_FINDING} of them each of two findings"
    )


def out_of_fold(
    films: Films,
    patients: Sequence[str],
    head: tuple[NDArray[np.floating], NDArray[np.floating]],
    findings: Sequence[str],
    *,
    task: Task = "multiclass",
    temperature: float = 1.0,
    replay: Replay | None = None,
    added: Sequence[FindingName] = (),
    folds: int = FOLDS,
    seed: int = 0,
) -> NDArray[np.float32]:
    """(N, K) what heads say of each film that were fitted without its patient.

    Parameters
    ----------
    films
        Decided films outside the test part; their truth is in the order of `findings`, then `added`.
    patients
        N names of what belongs together.
    head
        Weight (K, D) and bias (K,) of the head in use, to which the fits are drawn.

    Raises
    ------
    TooLittleData
        The films are of fewer patients than folds need.
    """
    steps = fold_by_fold(
        films, patients, head, findings, task=task, temperature=temperature, replay=replay, added=added,
        folds=folds, seed=seed,
    )  # fmt: skip
    return list(steps)[-1]


def fold_by_fold(
    films: Films,
    patients: Sequence[str],
    head: tuple[NDArray[np.floating], NDArray[np.floating]],
    findings: Sequence[str],
    *,
    task: Task = "multiclass",
    temperature: float = 1.0,
    replay: Replay | None = None,
    added: Sequence[FindingName] = (),
    folds: int = FOLDS,
    seed: int = 0,
) -> Iterator[NDArray[np.float32]]:
    """The same, for who has other things to do between two folds: after each what is known, NaN elsewhere."""
    names = [*findings, *(finding.name for finding in added)]
    fold = folds_of(films.truth, patients, folds, seed)
    said = np.full((len(films.embeddings), len(names)), np.nan, np.float32)
    for number in range(int(fold.max(initial=-1)) + 1):
        rest, left_out = fold != number, fold == number
        fitted = fit_head(
            Films(films.embeddings[rest], films.truth[rest]), head, findings, task=task,
            temperature=temperature, replay=replay, added=added,
        )  # fmt: skip
        # A finding that readers added and of which the other folds have no example is not said of anything.
        columns = [names.index(name) for name in fitted.findings]
        said[left_out] = 0.0
        said[np.ix_(left_out, columns)] = fitted.probabilities(films.embeddings[left_out], temperature, task)
        yield said


def folds_of(
    truth: NDArray[np.int8], patients: Sequence[str], folds: int = FOLDS, seed: int = 0
) -> NDArray[np.intp]:
    """(N,) the fold of each film: whole patients, of each kind of answer about as many in each fold."""
    by_patient: dict[str, list[int]] = {}
    for film, patient in enumerate(patients):
        by_patient.setdefault(patient, []).append(film)
    if len(by_patient) < FOLDS:
        raise _too_little(len(patients))
    order = sorted(by_patient)
    np.random.default_rng(seed).shuffle(order)
    present = (truth == 1).sum(axis=0)
    # Rare findings are dealt out first, so that no fold lacks them.
    rarest = {
        p: min((int(present[k]) for k in _shown(truth, by_patient[p])), default=len(truth)) for p in order
    }
    order.sort(key=lambda patient: rarest[patient])
    count = min(folds, len(order))
    dealt = np.zeros((count, truth.shape[1] + 1))  # findings, then films in all
    fold = np.zeros(len(patients), np.intp)
    for patient in order:
        own = by_patient[patient]
        brings = np.append((truth[own] == 1).sum(axis=0), len(own))
        # To the fold that has least of what the patient brings; of equal ones to the one with fewest films.
        chosen = int(
            np.lexsort((dealt[:, -1], dealt @ (brings / np.maximum(np.append(present, len(truth)), 1))))[0]
        )
        dealt[chosen] += brings
        fold[own] = chosen
    return fold


def _shown(truth: NDArray[np.int8], rows: list[int]) -> list[int]:
    return np.flatnonzero((truth[rows] == 1).any(axis=0)).tolist()
