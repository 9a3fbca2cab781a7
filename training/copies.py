"""Films that are the same film under two names, among labelled images: they are split, and counted, as one.

Films of the store were looked at when they were first suggested something for; those of them that were not
are looked at here, before anything is fitted to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from inference.card import ModelCard
from inference.coverage import reason_not_covered
from reviews.store import Store
from studies.errors import StudyError
from studies.image import Header
from studies.likeness import Likenesses, likeness
from studies.reader import read

DECODERS = 4
_AT_ONCE = 64

FrameKey = tuple[str, int]


class Film(Protocol):
    """A frame, and whose it is said to be."""

    @property
    def patient(self) -> str: ...
    @property
    def header(self) -> Header: ...
    @property
    def frame(self) -> int: ...


def complete(store: Store, frames: Sequence[tuple[Header, int]]) -> int:
    """Look at the frames of a store whose hash nobody told yet; how many were looked at.

    A film that cannot be decoded has no hash, and cannot be learned from either.
    """
    header_of = {(header.sop_instance_uid, frame): header for header, frame in frames}
    missing = store.without_likeness(list(header_of))
    for first in range(0, len(missing), _AT_ONCE):
        some = missing[first : first + _AT_ONCE]
        told = zip(some, _hashes([(header_of[key], key[1]) for key in some]), strict=True)
        store.remember_likenesses([(key, bits) for key, bits in told])
    return len(missing)


def complete_decided(store: Store, card: ModelCard) -> int:
    """The same for every frame that was ever decided and that a model covers."""
    frames = {(r.sop_instance_uid, r.frame) for r in store.standing_reviews()} | set(
        store.measuring_answers()
    )
    headers = {h.sop_instance_uid: h for h in store.headers(dict.fromkeys(uid for uid, _ in sorted(frames)))}
    covered = {uid: h for uid, h in headers.items() if reason_not_covered(card, h) is None}
    return complete(store, [(covered[uid], frame) for uid, frame in sorted(frames) if uid in covered])


def units_in(store: Store, films: Sequence[Film]) -> list[tuple[str, ...]]:
    """For each film from elsewhere the units of splitting of which a film of a store shows the same.

    Every film is decoded for that, unless nobody looked at a film of the store yet.
    """
    if not store.knows_likenesses:
        return [() for _ in films]
    return store.units_showing(list(_hashes([(film.header, film.frame) for film in films])))


def alike(films: Sequence[Film]) -> list[tuple[int, int]]:
    """Places of films that show the same, each with the first that does: of many copies all pairs would fill
    the memory. Every film is decoded for that."""
    known = Likenesses()
    places: list[int] = []
    first_of: list[int] = []  # of each of these places
    pairs: list[tuple[int, int]] = []
    for place, bits in enumerate(_hashes([(film.header, film.frame) for film in films])):
        if bits is None:
            continue
        one_of_each: dict[int, int] = {}  # by the first film that it shows the same as: itself, or a copy
        for n in sorted(n for n, _ in known.like(bits)):
            one_of_each.setdefault(first_of[n], places[n])
        pairs += [(earlier, place) for earlier in one_of_each.values()]
        known.add([bits])
        places.append(place)
        first_of.append(min(one_of_each, default=place))
    return pairs


def as_one(films: Sequence[Film], pairs: Sequence[tuple[int, int]]) -> list[tuple[str, tuple[str, ...]]]:
    """For each film its patient, and which units of splitting are one with its own.

    Patients of whom two films show the same are one, and called alike.

    Parameters
    ----------
    pairs
        What `alike` says of the films.

    Returns
    -------
    list
        (patient, units): the first of the patients' names, and `Header.split_key` of every film of them
        where there are several; else no units.
    """
    names = list(dict.fromkeys(s.patient for s in films))
    place = {patient: n for n, patient in enumerate(names)}
    whole = _joined([(place[films[a].patient], place[films[b].patient]) for a, b in pairs], len(names))
    units: dict[int, set[str]] = {}
    members: dict[int, set[str]] = {}
    for film in films:
        one = whole[place[film.patient]]
        units.setdefault(one, set()).add(film.header.split_key)
        members.setdefault(one, set()).add(film.patient)
    told = []
    for film in films:
        one = whole[place[film.patient]]
        is_shared = len(members[one]) > 1
        told.append((names[one], tuple(sorted(units[one])) if is_shared else ()))
    return told


def _joined(pairs: Sequence[tuple[int, int]], patients: int) -> list[int]:
    """For each patient the first of those who are one with them."""
    above = list(range(patients))

    def top(n: int) -> int:
        while above[n] != n:
            above[n] = n = above[above[n]]
        return n

    for one, other in pairs:
        first, second = sorted((top(one), top(other)))
        above[second] = first
    return [top(n) for n in range(patients)]


def _hashes(frames: Sequence[tuple[Header, int]]) -> Iterator[bytes | None]:
    with ThreadPoolExecutor(DECODERS) as threads:
        yield from threads.map(_hash_of, frames)


def _hash_of(one: tuple[Header, int]) -> bytes | None:
    try:
        return likeness(read(*one))
    except StudyError:
        return None
