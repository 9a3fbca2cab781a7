"""Which part a labelled image belongs to, where the labels come from a CSV.

Images from the store have their part for good (`reviews.split`). Labels from a CSV are split here:
always by patient, with every label spread as evenly as whole patients allow, and the same for the
same seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reviews.record import Part
from training.errors import TooLittleData, UnusablePlan

PARTS: tuple[Part, ...] = ("train", "validation", "test")


def parts_by_shares(
    labels: Sequence[str], patients: Sequence[str], shares: tuple[float, float, float], seed: int
) -> list[Part]:
    """Give whole patients to train, validation and test, label by label close to `shares`.

    Patients of the same labels are dealt out in turn, each to the part that is furthest below its due
    among those labels and as a whole, in an order shuffled by `seed` among patients with equally many
    images: so films of patients with many are spread like the rest.
    """
    if len(shares) != 3 or min(shares) < 0 or sum(shares) <= 0:
        raise UnusablePlan(f"the shares {shares} were given; three numbers from 0 on are expected")
    wanted = np.asarray(shares, np.float64) / sum(shares)
    labels_of: dict[str, list[str]] = defaultdict(list)
    for label, patient in zip(labels, patients, strict=True):
        labels_of[patient].append(label)
    order = sorted(labels_of)
    np.random.default_rng(seed).shuffle(order)
    order.sort(key=lambda patient: len(labels_of[patient]))
    due_in_all = np.zeros(len(PARTS))
    due_of_kind: dict[frozenset[str], NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(PARTS)))
    part_of: dict[str, Part] = {}
    for patient in order:
        images = len(labels_of[patient])
        due = due_of_kind[frozenset(labels_of[patient])]
        due += wanted * images
        due_in_all += wanted * images
        chosen = int(np.where(wanted > 0, due + due_in_all, -np.inf).argmax())
        due[chosen] -= images
        due_in_all[chosen] -= images
        part_of[patient] = PARTS[chosen]
    return [part_of[patient] for patient in patients]


def parts_by_fold(
    labels: Sequence[str], patients: Sequence[str], folds: int, fold: int, validation_share: float, seed: int
) -> list[Part]:
    """Fold `fold` (from 0) of `folds` is the test part, by scikit-learn's StratifiedGroupKFold.

    `validation_share` of the whole is taken from the rest, by patient too.
    """
    if not 0 <= fold < folds or folds < 2:
        raise UnusablePlan(f"fold {fold} of {folds} was asked for; folds count from 0, of at least 2")
    if len(set(patients)) < folds:
        raise TooLittleData(f"{len(set(patients))} patients cannot be split into {folds} folds")
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    _, tested = list(splitter.split(np.zeros(len(labels)), codes, np.asarray(patients)))[fold]
    parts: list[Part] = ["train"] * len(labels)
    for i in tested:
        parts[i] = "test"
    rest = [i for i in range(len(labels)) if parts[i] == "train"]
    if validation_share > 0:
        share = min(validation_share * len(labels) / max(len(rest), 1), 1.0)
        inner = parts_by_shares(
            [labels[i] for i in rest], [patients[i] for i in rest], (1 - share, share, 0.0), seed
        )
        for i, part in zip(rest, inner, strict=True):
            parts[i] = part
    return parts
