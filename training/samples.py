"""Labelled images for fitting and measuring, from a CSV or from the store.

Importing this module does not import torch. An unknown label is None: never absence.
"""

from __future__ import annotations

import csv as csv_format
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inference.card import ModelCard, Task
from inference.coverage import family, reason_not_covered
from reviews.blinding import agreed
from reviews.record import Answer, Part
from studies.errors import StudyError
from studies.image import Header
from studies.reader import read_header
from training.contradictions import (
    Row,
    between_readers,
    of_one_mind,
    told_of_copies,
    without_contradictions,
)
from training.copies import alike, as_one
from training.errors import TooLittleData, UnusableLabels
from training.numerals import counted
from training.regions import Region, drawn_on
from training.splits import PARTS, parts_by_fold, parts_by_shares

if TYPE_CHECKING:
    from reviews.store import Store

FEW_PER_FINDING = 10
LEAST_TO_GROW = 5
"""Images on which a finding that readers added is present, from which on a network learns it too."""
HEADER_THREADS = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled frame. `truth` stands in the order of the findings: 1, 0, or None for unknown.

    `regions` is what readers drew about where evidence is. `kin` names the units of splitting
    (`Header.split_key`) that are one with this film's, because a film of both shows the same; `patient` is
    what all of them are called.
    """

    header: Header
    frame: int
    patient: str
    truth: tuple[int | None, ...]
    part: Part
    regions: tuple[Region, ...] = ()
    kin: tuple[str, ...] = ()

    @property
    def image(self) -> str:
        """What names this frame in results: ``UID:frame``."""
        return f"{self.header.sop_instance_uid}:{self.frame}"

    @property
    def present(self) -> int | None:
        """Index of the finding that is present where it is exactly one, else None."""
        found = [i for i, answer in enumerate(self.truth) if answer == 1]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one set of findings; `failures`, `hints` and `contradictions` are sentences for people.

    `display_names` says (machine name, what people read) of findings that readers added. `contradictions`
    says which labels contradict each other and count all the same; the hints hold them too.
    """

    findings: tuple[str, ...]
    samples: tuple[Sample, ...]
    failures: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    display_names: tuple[tuple[str, str], ...] = ()
    contradictions: tuple[str, ...] = ()

    def of_part(self, *parts: Part) -> tuple[Sample, ...]:
        return tuple(s for s in self.samples if s.part in parts)

    def counts(self) -> dict[str, dict[str, int]]:
        """Images, patients and present findings of each part, for cards and plans."""
        told: dict[str, dict[str, int]] = {}
        for part in PARTS:
            own = self.of_part(part)
            told[part] = {"images": len(own), "patients": len({s.patient for s in own})}
            for i, finding in enumerate(self.findings):
                told[part][f"with {finding}"] = sum(s.truth[i] == 1 for s in own)
        return told


def fits(sample: Sample, task: Task) -> bool:
    """Whether a sample can be learnt from: one of many needs exactly one present finding."""
    if task == "multiclass":
        return sample.present is not None
    return any(answer is not None for answer in sample.truth)


def from_csv(
    csv: Path,
    images: Path,
    findings: Sequence[str] | None = None,
    *,
    seed: int = 0,
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2),
    folds: int = 0,
    fold: int = 0,
    held_out: bool = True,
) -> Samples:
    """Read a labels CSV (``file,label[,patient]``; several labels joined by ``|``).

    Parameters
    ----------
    findings
        The findings to label by; None takes every label in the file, sorted. A row with another
        label is a failure.
    shares
        Train, validation and test. Whole patients only: the `patient` column, else PatientID, else
        the file's content; patients are one of whom two films show the same (`training.copies`).
    folds, fold
        With `folds` > 0, fold `fold` (from 0) is the test part and `shares[1]` still goes to validation.
    held_out
        False puts every image into the training part.

    Raises
    ------
    UnusableLabels
        The file cannot be read, lacks a column, or labels nothing.
    """
    rows, failures = _read_rows(csv)
    rows, more = without_contradictions(rows)
    failures += more
    names = tuple(findings) if findings else tuple(sorted({label for row in rows for label in row.labels}))
    with ThreadPoolExecutor(HEADER_THREADS) as threads:
        looked_at = list(threads.map(lambda row: _sample_of(row, images, names), rows))
    samples = [found for found in looked_at if isinstance(found, Sample)]
    failures += [found for found in looked_at if isinstance(found, str)]
    samples, more = of_one_mind(samples, names)
    failures += more
    if not samples:
        first = f" The first: {failures[0]}" if failures else ""
        raise UnusableLabels(f"{csv} labels no image that can be used.{first}")
    contradictions: tuple[str, ...] = ()
    if held_out:
        pairs = alike(samples)
        contradictions = told_of_copies([(samples[a], samples[b]) for a, b in pairs], names)
        one = zip(samples, as_one(samples, pairs), strict=True)
        samples = [replace(s, patient=patient, kin=kin) for s, (patient, kin) in one]
        keys = ["|".join(n for n, t in zip(names, s.truth, strict=True) if t) for s in samples]
        patients = [s.patient for s in samples]
        if folds:
            parts = parts_by_fold(keys, patients, folds, fold, shares[1], seed)
        else:
            parts = parts_by_shares(keys, patients, shares, seed)
        samples = [replace(s, part=p) for s, p in zip(samples, parts, strict=True)]
    hints = (*_hints(names, samples), *_hints_on_patients(samples), *contradictions)
    return Samples(names, tuple(samples), tuple(failures), hints, contradictions=contradictions)


def from_store(store: Store, card: ModelCard, *, least_examples: int | None = None) -> Samples:
    """The reviewed images that `card` covers, with what was decided and the part they belong to.

    That is the decision that stands, but for films of the test part what their readers answered before any
    suggestion was shown to them (`reviews.blinding`), whatever they said afterwards: only that measures
    the model without its influence. An image whose every finding of this model is unknown is no sample.

    Parameters
    ----------
    least_examples
        With so many images outside the test part on which it is present, a finding that readers added to
        the model's family counts as one of the model's, behind its own; None leaves added ones out.
    """
    answers = {(r.sop_instance_uid, r.frame): dict(r.findings) for r in store.standing_reviews()}
    measuring = store.measuring_answers()
    answers |= {key: agreed(blind) for key, blind in measuring.items()}
    uids = list(dict.fromkeys(uid for uid, _ in answers))
    headers = {header.sop_instance_uid: header for header in store.headers(uids)}
    belongs = store.belongings(uids)
    together = store.units_together({unit for h in headers.values() for unit in [h.split_key]})
    added = store.added_findings(family(card)) if least_examples is not None else ()
    said = {a.name: a.display for a in added if a.name not in card.finding_names}
    names = (*card.finding_names, *said)
    drawn = drawn_on(store.annotations())
    samples = []
    for key, findings in answers.items():
        header = headers.get(key[0])
        if header is None or reason_not_covered(card, header) is not None:
            continue
        unit, part = belongs[key[0]]
        truth = tuple(_ANSWERS[findings.get(name, "unknown")] for name in names)
        kin = together.get(header.split_key, ())
        samples.append(Sample(header, key[1], unit, truth, part, drawn.get(key, ()), kin))
    found = _without_rare(names, samples, said, least_examples or 0, card)
    seen = sum(
        not blind and reason_not_covered(card, headers[uid]) is None
        for (uid, _), blind in measuring.items()
        if uid in headers
    )
    contradictions = (
        *between_readers(store.history(), {s.header.sop_instance_uid: s.header for s in found.samples}),
        *_told_of_copies(store, found),
    )
    hints = (
        *found.hints, *_hints_on_patients(found.samples), *_hints_on_blind(seen), *contradictions
    )  # fmt: skip
    return replace(found, hints=hints, contradictions=contradictions)


def _told_of_copies(store: Store, found: Samples) -> tuple[str, ...]:
    """Copies under several names that were decided differently."""
    by_key = {(s.header.sop_instance_uid, s.frame): s for s in found.samples if s.kin}
    pairs = [(by_key[a], by_key[b]) for a, b in store.copies() if a in by_key and b in by_key]
    return told_of_copies(pairs)


def _without_rare(
    names: tuple[str, ...], samples: Sequence[Sample], added: Mapping[str, str], least: int, card: ModelCard
) -> Samples:
    """Samples of those findings that were not added, or that enough images show."""
    fitted = [s.truth for s in samples if s.part != "test"]
    kept = [i for i, n in enumerate(names) if n not in added or sum(t[i] == 1 for t in fitted) >= least]
    findings = tuple(names[i] for i in kept)
    known = [replace(s, truth=tuple(s.truth[i] for i in kept)) for s in samples]
    usable = [s for s in known if any(answer is not None for answer in s.truth)]
    displays = tuple((name, added[name]) for name in findings if name in added)
    hints = _hints(findings, usable, lambda name: added.get(name) or card.display_of(name))
    return Samples(findings, tuple(usable), hints=hints, display_names=displays)


def hints_for(samples: Samples, task: Task) -> tuple[str, ...]:
    """What a person should know before training for this task on these samples."""
    several = sum(s.truth.count(1) > 1 for s in samples.samples)
    if task == "multilabel" or several == 0:
        return ()
    images = counted(several, "image shows several findings and is", "images show several findings and are")
    return (f"{images} left out: the model has one of many",)


def require_some(samples: Samples, task: Task, display_of: Callable[[str], str] = str) -> tuple[Sample, ...]:
    """The training part's usable samples, or `TooLittleData` with a sentence that says what lacks.

    `display_of` says what people read for a finding's machine name.
    """
    usable = tuple(s for s in samples.of_part("train") if fits(s, task))
    if len(usable) < 2:
        raise TooLittleData(
            f"{counted(len(usable), 'image of the training part has', 'images of the training part have')} "
            "a decision to learn from; at least 2 are needed, with different findings"
        )
    if task == "multiclass" and len({s.present for s in usable}) < 2:
        name = display_of(samples.findings[usable[0].present or 0])
        raise TooLittleData(
            f"all {len(usable)} images of the training part show “{name}”; "
            "a model needs examples of at least two findings"
        )
    if task == "multilabel" and not any(
        {0, 1} <= {s.truth[i] for s in usable} for i in range(len(samples.findings))
    ):
        raise TooLittleData(
            f"no finding is both present and absent in the {len(usable)} images of the training part"
        )
    return usable


_ANSWERS: dict[Answer, int | None] = {"present": 1, "absent": 0, "unknown": None}


def _read_rows(csv: Path) -> tuple[list[Row], list[str]]:
    """Rows with a file and a label, and a sentence for each row without."""
    try:
        with csv.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv_format.DictReader(stream)
            names = [name.strip().lower() for name in reader.fieldnames or ()]
            if not {"file", "label"} <= set(names):
                raise UnusableLabels(
                    f"{csv} has the columns {', '.join(names) or '(none)'}; "
                    "file,label and optionally patient, separated by commas, are expected"
                )
            reader.fieldnames = names
            raw = list(enumerate(reader, start=2))
    except OSError as error:
        raise UnusableLabels(
            f"{csv}: {error.strerror or error}; a CSV file with file,label[,patient] is expected"
        ) from error
    except (UnicodeDecodeError, csv_format.Error) as error:
        raise UnusableLabels(f"{csv} cannot be read as a CSV in UTF-8: {error}") from error
    rows, failures = [], []
    for line, values in raw:
        file = (values.get("file") or "").strip()
        labels = tuple(dict.fromkeys(s for s in map(str.strip, (values.get("label") or "").split("|")) if s))
        if file and labels:
            rows.append(Row(file, labels, (values.get("patient") or "").strip()))
        elif file or labels:
            missing = "label" if file else "file"
            failures.append(f"{csv}, line {line}: the {missing} is empty, a {missing} is expected")
    return rows, failures


def _sample_of(row: Row, images: Path, findings: tuple[str, ...]) -> Sample | str:
    """A sample of the training part, or a sentence why not."""
    strange = [label for label in row.labels if label not in findings]
    if strange:
        return f"{row.file}: labelled {strange[0]}, one of {', '.join(findings)} is expected"
    try:
        header = read_header((images / row.file).absolute())
    except StudyError as error:
        return str(error)
    truth = tuple(int(finding in row.labels) for finding in findings)
    return Sample(header, 1, row.patient or header.split_key, truth, "train")


def _hints_on_patients(samples: Sequence[Sample]) -> tuple[str, ...]:
    """What a person should know of how the samples were split."""
    hints = []
    nameless = len({s.header.sop_instance_uid for s in samples if s.patient.startswith("content:")})
    if nameless == 1:
        hints.append("1 film has no patient identifier, so it is split as a patient of its own")
    elif nameless:
        hints.append(
            f"{nameless} films have no patient identifier, so each is split as a patient of its own: two of "
            "one patient may be learned from and measured on"
        )
    copies = [s for s in samples if s.kin]
    if copies:
        patients = counted(len({s.patient for s in copies}), "patient")
        images = counted(len(copies), "image", "images")
        belongs = "belongs" if len(copies) == 1 else "belong"
        hints.append(
            f"{images} of {patients} {belongs} together because films of them show the same under several "
            "names; they are split as one"
        )
    return tuple(hints)


def _hints_on_blind(seen: int) -> tuple[str, ...]:
    """How many decided films of the test part measure nothing."""
    if not seen:
        return ()
    images = counted(
        seen, "decided image of the test part measures", "decided images of the test part measure"
    )
    return (f"{images} nothing: nobody answered before the suggestion was shown",)


def _hints(
    findings: Sequence[str], samples: Sequence[Sample], display_of: Callable[[str], str] = str
) -> tuple[str, ...]:
    """What a person should know before training on so little."""
    hints = []
    fitted = [s for s in samples if s.part == "train"]
    for i, finding in enumerate(findings):
        present = sum(s.truth[i] == 1 for s in fitted)
        name = display_of(finding)
        if not present:
            hints.append(f"no image of the training part shows “{name}”, so a model learns nothing of it")
        elif present < FEW_PER_FINDING:
            images = counted(present, "image of the training part shows", "images of the training part show")
            hints.append(f"{images} “{name}”; with fewer than {FEW_PER_FINDING} a model learns little of it")
    return tuple(hints)
