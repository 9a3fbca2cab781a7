"""Two models on the same films: the one question that both are asked, and what only one of them answers.

The verdict on a candidate comes from the findings that the current model knows. A finding that the
candidate does not know is never suggested by it: its probability is 0, which counts against it. A finding
that only the candidate knows cannot be held against the current model, which was never asked for it: films
that show one are left out where a film has one finding of many, and what the candidate makes of them is told
beside the verdict. Everywhere else the candidate answers as it will answer a reader: what it gives to the new
finding is missing from the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference.card import Task
from training.events import Evaluation, ImageResult
from training.numerals import counted
from training.proof.ranking import area_under_roc
from training.proof.table import Table, decided, is_answered, table_of

NAMED = 3  # images of many that a sentence names


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Both models' answers on the same films.

    Parameters
    ----------
    findings
        What both are asked: those that the current model knows.
    candidate, current
        The same rows in the same order. Where the candidate knows more, of one of many, a last column holds
        what it gives to the most probable of those findings: it may be what it suggests.
    lost
        Findings that the current model knows and the candidate does not.
    silent
        Images of which the candidate gives no finite numbers and the current model does.
    remarks
        Sentences on what was left out, and on findings that are new.
    results
        What either evaluation found of the films of those rows, in the order of its own findings.
    """

    findings: tuple[str, ...]
    candidate: Table
    current: Table
    lost: tuple[str, ...]
    silent: tuple[str, ...]
    remarks: tuple[str, ...]
    results: tuple[tuple[ImageResult, ...], tuple[ImageResult, ...]] = ((), ())

    @property
    def is_equal(self) -> bool:
        """Whether the two give the same probabilities, but for what rounding of weights makes of them."""
        ours, theirs = self.candidate.probabilities, self.current.probabilities
        near_an_end = np.minimum(theirs, 1 - theirs)
        return bool((np.abs(ours - theirs) <= 1e-5 + 0.01 * near_an_end).all())

    @property
    def is_identical(self) -> bool:
        return np.array_equal(self.candidate.probabilities, self.current.probabilities)


def paired(candidate: Evaluation, current: Evaluation, task: Task) -> Pair:
    """Both models' results on the images that both were measured on."""
    asked = current.known_findings
    lost = tuple(f for f in asked if f not in candidate.known_findings)
    new = tuple(f for f in candidate.known_findings if f not in asked)
    before = {result.image: result for result in current.per_image}
    both = [(r, before[r.image]) for r in candidate.per_image if r.image in before]
    remarks = _not_common(len(both), candidate, current)
    dumb = [theirs.image for _, theirs in both if not is_answered(theirs)]
    if dumb:
        remarks.append(f"Left out, because the current model gives no answer on them: {named(dumb)}.")
    silent = [r.image for r, theirs in both if not is_answered(r) and is_answered(theirs)]
    both = [(r, theirs) for r, theirs in both if is_answered(r) and is_answered(theirs)]
    if new:
        remarks += _told_of_new(both, candidate, new, task)
    ours, theirs = _rows(both, candidate.findings, current.findings, asked, lost)
    if new and task == "multiclass":
        kept = [
            i for i, (r, _) in enumerate(both)
            if 1 in ours[i].truth or not _shows(r, candidate.findings, new)
        ]  # fmt: skip
        ours = [_with_another(ours[i], both[i][0], candidate.findings, new) for i in kept]
        theirs = [_with_another(theirs[i], both[i][1], (), ()) for i in kept]
        both = [both[i] for i in kept]
    return Pair(
        asked, table_of(ours, task, len(asked)), table_of(theirs, task, len(asked)), lost, tuple(silent),
        tuple(remarks), (tuple(r for r, _ in both), tuple(r for _, r in both)),
    )  # fmt: skip


def _rows(
    both: Sequence[tuple[ImageResult, ImageResult]],
    ours_of: Sequence[str],
    theirs_of: Sequence[str],
    asked: Sequence[str],
    lost: Sequence[str],
) -> tuple[list[ImageResult], list[ImageResult]]:
    """The results over the findings that are asked for; the truth is what either evaluation knows of it."""
    ours: list[ImageResult] = []
    theirs: list[ImageResult] = []
    for mine, other in both:
        true = dict(zip(theirs_of, other.truth, strict=True))
        true |= {f: t for f, t in zip(ours_of, mine.truth, strict=True) if t is not None}
        truth = tuple(true.get(f) for f in asked)
        for result, names, rows, never in ((mine, ours_of, ours, lost), (other, theirs_of, theirs, ())):
            said = dict(zip(names, result.probabilities, strict=True)) | dict.fromkeys(never, 0.0)
            rows.append(replace(result, truth=truth, probabilities=tuple(said.get(f, 0.0) for f in asked)))
    return ours, theirs


def _shows(result: ImageResult, names: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(t == 1 and name in wanted for name, t in zip(names, result.truth, strict=True))


def _with_another(
    row: ImageResult, whole: ImageResult, names: Sequence[str], new: Sequence[str]
) -> ImageResult:
    """A row with one column more: what is said of findings that are not asked for, and never right here."""
    said = [p for name, p in zip(names, whole.probabilities, strict=False) if name in new]
    return replace(row, truth=(*row.truth, 0), probabilities=(*row.probabilities, max(said, default=0.0)))


def _not_common(common: int, candidate: Evaluation, current: Evaluation) -> list[str]:
    counts = len(candidate.per_image), len(current.per_image)
    if common == max(counts):
        return []
    return [
        f"Compared on the {counted(common, 'image')} that both models were measured on "
        f"(candidate {counts[0]}, current {counts[1]})."
    ]


def _told_of_new(
    both: Sequence[tuple[ImageResult, ImageResult]], candidate: Evaluation, new: Sequence[str], task: Task
) -> list[str]:
    """What the candidate makes of findings that the current model does not know."""
    table = table_of([mine for mine, _ in both], task, len(candidate.findings))
    told = []
    for finding in new:
        k = candidate.findings.index(finding)
        _, shown, called = decided(table, k) if both else (None, np.zeros(0, bool), np.zeros(0, bool))
        count = int(shown.sum())
        if not count:
            told.append(
                f"{finding} is new: no film of the test part shows it, so nothing is known of how well it is "
                "found."
            )
            continue
        area = area_under_roc(table.truth[:, k], table.probabilities[:, k], np.ones((1, len(both))))[0]
        ranked = f"{area:.3f}" if np.isfinite(area) else "–"
        told.append(
            f"{finding} is new: {_found(int((called & shown).sum()), count)} "
            f"(AUROC {ranked}); the verdict is about the other findings."
        )
    return told


def _found(found: int, count: int) -> str:
    """How many of the films that show something are found."""
    if count == 1:
        return "the only film that shows it is found" if found else "the only film that shows it is not found"
    return f"{found} of the {count} films that show it {'is' if found == 1 else 'are'} found"


def named(several: Sequence[str]) -> str:
    """The first few of several images' names."""
    return ", ".join([*several[:NAMED], *(["…"] if len(several) > NAMED else [])])
