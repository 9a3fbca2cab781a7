"""Labels that contradict each other: each is told in one sentence, and the rest goes on.

What one person wrote down twice and differently in a CSV is left out, because nothing says which was meant:
a file, or two files of one image; a film that is labelled ``no-finding`` and something else at once. What
different people said, of one film or of copies of it, is told and counts as docs/measuring.md says. Nothing
is changed.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from reviews.normalise import NO_FINDING
from reviews.record import Review
from studies.image import Header
from training.numerals import counted

NAMED = 3  # of many a sentence names so many

FrameKey = tuple[str, int]


class Film(Protocol):
    """A labelled frame; `truth` stands in the order of the findings: 1, 0, or None for unknown."""

    @property
    def header(self) -> Header: ...
    @property
    def frame(self) -> int: ...
    @property
    def truth(self) -> tuple[int | None, ...]: ...


F = TypeVar("F", bound=Film)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a labels CSV: what it calls the file, and whose it says it is."""

    file: str
    labels: tuple[str, ...]
    patient: str


# -- in a CSV ----------------------------------------------------------------------------------------


def without_contradictions(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Each file once, and a sentence for each that its rows contradict each other about.

    A file may be spelled in several ways (``a.png``, ``./a.png``).
    """
    of_file: dict[str, list[Row]] = {}
    for row in rows:
        of_file.setdefault(os.path.normpath(row.file), []).append(row)
    kept: list[Row] = []
    told: list[str] = []
    for own in of_file.values():
        said = _contradiction_in(own)
        if said:
            told.append(f"{own[0].file}: {said} is expected; it is left out")
        else:
            kept.append(own[0])
    return kept, told


def _contradiction_in(rows: Sequence[Row]) -> str:
    """What the rows of one file say that cannot be; empty where nothing."""
    labels = list(dict.fromkeys(tuple(sorted(row.labels)) for row in rows))
    patients = list(dict.fromkeys(row.patient or "(none)" for row in rows))
    if len(labels) > 1:
        return f"labelled twice and differently ({_either(' and '.join(one) for one in labels)}), one label"
    if len(patients) > 1:
        return f"listed twice, of different patients ({_either(patients)}), one patient"
    if NO_FINDING in labels[0] and len(labels[0]) > 1:
        others = " and ".join(name for name in labels[0] if name != NO_FINDING)
        return f"labelled {NO_FINDING} and {others} at once, one or the other"
    return ""


def of_one_mind(films: Sequence[F], findings: Sequence[str]) -> tuple[list[F], list[str]]:
    """Films without those that are one image under several names with different labels, and sentences."""
    of_image: dict[FrameKey, list[F]] = {}
    for film in films:
        of_image.setdefault((film.header.sop_instance_uid, film.frame), []).append(film)
    left_out: set[FrameKey] = set()
    told: list[str] = []
    for key, own in of_image.items():
        labels = list(dict.fromkeys(_said_of(film, findings) for film in own))
        if len(labels) > 1:
            left_out.add(key)
            names = " and ".join(_name(film.header) for film in own)
            told.append(
                f"{names}: the same image, labelled differently ({_either(labels)}), one label is expected; "
                "they are left out"
            )
    return [f for f in films if (f.header.sop_instance_uid, f.frame) not in left_out], told


# -- between people ----------------------------------------------------------------------------------


def told_of_copies(pairs: Sequence[tuple[F, F]], findings: Sequence[str] = ()) -> tuple[str, ...]:
    """Films that show the same under several names, and of which different things are said.

    Parameters
    ----------
    pairs
        Films that show the same.
    findings
        For films that are labelled in a file, the names of what they are labelled by; without them the films
        were decided on, and their readers' decisions are not told to whoever has yet to read them.
    """
    differing = [(a, b) for a, b in pairs if _excludes(a.truth, b.truth)]
    if not differing:
        return ()
    names = [" and ".join(_called(film, findings) for film in pair) for pair in differing]
    films = counted(
        len(differing), "pair of films shows the same and is", "pairs of films show the same and are"
    )
    verb = "labelled" if findings else "decided"
    return (f"{films} {verb} differently ({_listed(names)}); each film counts as it is {verb}",)


def _called(film: Film, findings: Sequence[str]) -> str:
    return f"{_name(film.header)} as {_said_of(film, findings)}" if findings else _name(film.header)


def between_readers(history: Iterable[Review], headers: Mapping[str, Header]) -> tuple[str, ...]:
    """Films about which readers contradict each other with what each of them said last.

    Parameters
    ----------
    history
        Every row of decisions in the order in which they were recorded.
    headers
        The images that are asked about.
    """
    names = [
        _name(headers[uid])
        for (uid, _), own in _last_words(history).items()
        if uid in headers and any(_contradicts(a, b) for a in own for b in own)
    ]
    if not names:
        return ()
    return (
        f"readers contradict each other about {counted(len(names), 'film')} ({_listed(names)}): the latest "
        "decision is learned from; in the test part counts what most of them answered before they saw a "
        "suggestion",
    )


def _last_words(history: Iterable[Review]) -> dict[FrameKey, list[Review]]:
    """By frame what each reader decided last and did not take back."""
    rows = list(history)
    undone = {row.takes_back for row in rows if row.takes_back is not None}
    gone = {row.takes_back for row in rows if row.takes_back is not None and row.id not in undone}
    last: dict[FrameKey, dict[str, Review]] = {}
    for row in rows:
        if row.takes_back is None and row.id not in gone:
            last.setdefault((row.sop_instance_uid, row.frame), {})[row.reader] = row
    return {key: list(own.values()) for key, own in last.items()}


def _contradicts(one: Review, other: Review) -> bool:
    said = dict(other.findings)
    return any({answer, said.get(name)} == {"present", "absent"} for name, answer in one.findings)


def _excludes(one: Sequence[int | None], other: Sequence[int | None]) -> bool:
    return any({a, b} == {0, 1} for a, b in zip(one, other, strict=True))


# -- words -------------------------------------------------------------------------------------------


def _said_of(film: Film, findings: Sequence[str]) -> str:
    present = [name for name, true in zip(findings, film.truth, strict=True) if true == 1]
    return " and ".join(present) or "none of these"


def _either(several: Iterable[str]) -> str:
    return "; ".join(several)


def _listed(several: Sequence[str]) -> str:
    return "; ".join([*several[:NAMED], *(["…"] if len(several) > NAMED else [])])


def _name(header: Header) -> str:
    return Path(header.path).name
