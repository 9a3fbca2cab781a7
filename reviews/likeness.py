"""Films that are the same film under two names, and the part that they and their patients share for that.

A film comes twice: as DICOM and as a picture, anonymised twice, re-encoded. Its patient, or its content, then
has two units of splitting, and one may be learned from while the other measures. Whoever decodes a film
tells its perceptual hash (`studies.likeness`); the rows here say which films show the same, and units of
splitting that share a film are one unit from then on. The parts that were given stay as they are; what
counts is the strictest of the unit's: test before validation before training. So a part can change once,
towards the test part, when a film turns out to be a copy; what was recorded stays recorded.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, func, insert, select

from reviews.clock import now
from reviews.record import Part
from reviews.split import PARTS
from reviews.tables import alike, image, likeness, patient_part
from studies.likeness import VERSION, Likenesses

_ROWS_AT_ONCE = 2000

FrameKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Alike:
    """A film turned out to show what a film of another unit of splitting shows.

    `part` is the unit's now, and `parts_before` were those of the two.
    """

    key: FrameKey
    other: FrameKey
    differing: int  # bits
    parts_before: tuple[Part, Part] = ("train", "train")
    part: Part = "train"


@dataclass(frozen=True, slots=True)
class Joined:
    """What new hashes brought: films that show the same, and the parts of all images of their units."""

    pairs: tuple[Alike, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)


class KnownLikenesses:
    """The hashes of a store, kept in memory by whoever adds some. For one thread at a time."""

    def __init__(self) -> None:
        self._hashes = Likenesses()
        self._keys: list[FrameKey] = []
        self._units: list[str] = []
        self._up_to = 0

    def catch_up(self, connection: Connection) -> None:
        """Read what was added since."""
        rows = connection.execute(
            select(
                likeness.c.id,
                likeness.c.sop_instance_uid,
                likeness.c.frame,
                likeness.c.bits,
                image.c.split_key,
            )
            .join(image, image.c.sop_instance_uid == likeness.c.sop_instance_uid)
            .where(likeness.c.id > self._up_to, likeness.c.version == VERSION)
            .order_by(likeness.c.id)
        )
        for some in rows.partitions(_ROWS_AT_ONCE):
            told = [row for row in some if row.bits]
            self.add(
                [(r.sop_instance_uid, r.frame) for r in told],
                [r.split_key for r in told],
                [r.bits for r in told],
            )
            self._up_to = some[-1].id

    def add(self, keys: Sequence[FrameKey], units: Sequence[str], bits: Sequence[str]) -> None:
        """Add hashes of frames, in hexadecimal."""
        self._hashes.add([bytes.fromhex(one) for one in bits])
        self._keys += keys
        self._units += units

    def like(self, bits: bytes, unit: str) -> list[tuple[FrameKey, str, int]]:
        """(frame, unit of splitting, differing bits) of films of other units that show the same."""
        near = ((self._keys[n], self._units[n], differing) for n, differing in self._hashes.like(bits))
        return [one for one in near if one[1] != unit]


def is_any_known(connection: Connection) -> bool:
    """Whether there is a hash that others can be held against."""
    known = select(likeness.c.id).where(likeness.c.version == VERSION, likeness.c.bits != "")
    return connection.execute(known.limit(1)).first() is not None


def units_showing(connection: Connection, hashes: Iterable[bytes | None]) -> list[tuple[str, ...]]:
    """For each film from elsewhere the units of splitting of which a film shows the same."""
    known = KnownLikenesses()
    known.catch_up(connection)
    found = [known.like(bits, unit="") if bits else [] for bits in hashes]
    return [tuple(sorted({unit for _, unit, _ in same})) for same in found]


# -- remembering -----------------------------------------------------------------------------------


def remember(
    connection: Connection, known: KnownLikenesses, found: Iterable[tuple[FrameKey, bytes | None]]
) -> tuple[Alike, ...]:
    """Keep the hashes of frames that have none yet, and tell which show what another film shows.

    Parameters
    ----------
    known
        The hashes of this store so far.
    found
        Frames with their hashes; None for those on which there is too little to tell films apart.
    """
    known.catch_up(connection)
    of_now = KnownLikenesses()  # apart, until it is certain that they are kept
    pairs: list[Alike] = []
    for key, bits in found:
        unit = connection.execute(
            select(image.c.split_key).where(image.c.sop_instance_uid == key[0])
        ).scalar()
        if unit is None or _is_known(connection, key):
            continue
        values = {"version": VERSION, "bits": "" if bits is None else bits.hex(), "time": now()}
        connection.execute(insert(likeness), {"sop_instance_uid": key[0], "frame": key[1], **values})
        if bits is None:
            continue
        near = known.like(bits, unit) + of_now.like(bits, unit)
        pairs += _joined(connection, key, unit, near)
        of_now.add([key], [unit], [bits.hex()])
    return tuple(pairs)


def _is_known(connection: Connection, key: FrameKey) -> bool:
    row = select(likeness.c.id).where(
        likeness.c.sop_instance_uid == key[0], likeness.c.frame == key[1], likeness.c.version == VERSION
    )
    return connection.execute(row).first() is not None


def _joined(
    connection: Connection, key: FrameKey, unit: str, near: list[tuple[FrameKey, str, int]]
) -> list[Alike]:
    """Write down that a frame shows what others show: the nearest of all that are not one unit yet."""
    if not near:
        return []
    before = kinship(connection)
    given = _given(connection, [unit, *(other for _, other, _ in near)])
    parts = {name: before.part_of.get(name, part) for name, part in given.items()}
    is_one = {before.unit_of.get(unit, unit)}
    found = []
    for other_key, other, differing in sorted(near, key=operator.itemgetter(2)):
        whole = before.unit_of.get(other, other)
        if whole in is_one:
            continue
        is_one.add(whole)
        pair = (parts[unit], parts[other])
        found.append(Alike(key, other_key, differing, pair))
    time = now()
    for one in found:
        connection.execute(
            insert(alike),
            {
                "sop_instance_uid": key[0],
                "frame": key[1],
                "other_sop_instance_uid": one.other[0],
                "other_frame": one.other[1],
                "differing": one.differing,
                "time": time,
            },
        )
    if not found:
        return []
    part = kinship(connection).part_of[unit]
    return [replace(one, part=part) for one in found]


# -- units -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kinship:
    """Units of splitting that share a film, as far as there are such.

    Parameters
    ----------
    unit_of
        By unit that shares a film with another one: what all of them are called together.
    part_of
        By the same: the strictest part that any of them was given.
    up_to
        The last row of `alike` that this follows from.
    """

    unit_of: Mapping[str, str] = field(default_factory=dict)
    part_of: Mapping[str, Part] = field(default_factory=dict)
    up_to: int = 0

    def together_with(self, unit: str) -> tuple[str, ...]:
        """The units that are one with this one, itself left out."""
        own = self.unit_of.get(unit)
        return (
            () if own is None else tuple(u for u, whole in self.unit_of.items() if whole == own and u != unit)
        )


def last_row(connection: Connection) -> int:
    """Where the rows of films that show the same end."""
    end: int = connection.execute(select(func.coalesce(func.max(alike.c.id), 0))).scalar_one()
    return end


def kinship(connection: Connection) -> Kinship:
    """Which units of splitting are one, from every row of films that show the same."""
    one, other = image.alias("one"), image.alias("other")
    rows = connection.execute(
        select(alike.c.id, one.c.split_key, other.c.split_key)
        .join(one, one.c.sop_instance_uid == alike.c.sop_instance_uid)
        .join(other, other.c.sop_instance_uid == alike.c.other_sop_instance_uid)
        .order_by(alike.c.id)
    ).all()
    above: dict[str, str] = {}

    def top(unit: str) -> str:
        while above.setdefault(unit, unit) != unit:
            above[unit] = unit = above[above[unit]]
        return unit

    for _, first, second in rows:
        above[max(top(first), top(second))] = min(top(first), top(second))
    unit_of = {unit: top(unit) for unit in list(above)}
    strictest: dict[str, Part] = {}
    for unit, part in _given(connection, list(unit_of)).items():
        strictest[unit_of[unit]] = max(part, strictest.get(unit_of[unit], part), key=PARTS.index)
    part_of = {unit: strictest[whole] for unit, whole in unit_of.items()}
    return Kinship(unit_of, part_of, rows[-1][0] if rows else 0)


def images_together(connection: Connection, kin: Kinship, uids: Sequence[str]) -> list[str]:
    """Every image of the units that some images belong to, and of those that are one with them."""
    units = connection.execute(
        select(image.c.split_key).where(image.c.sop_instance_uid.in_(uids)).distinct()
    ).scalars()
    wanted = sorted({name for unit in units for name in (unit, *kin.together_with(unit))})
    found: list[str] = []
    for first in range(0, len(wanted), 500):
        found += connection.execute(
            select(image.c.sop_instance_uid).where(image.c.split_key.in_(wanted[first : first + 500]))
        ).scalars()
    return found


def images_of_rows(connection: Connection, rows: Sequence[int]) -> list[str]:
    """The images that some rows of `alike` are about."""
    pairs = connection.execute(
        select(alike.c.sop_instance_uid, alike.c.other_sop_instance_uid).where(alike.c.id.in_(rows))
    )
    return list(dict.fromkeys(uid for pair in pairs for uid in pair))


def copies(connection: Connection) -> list[tuple[FrameKey, FrameKey]]:
    """Frames that turned out to show the same, as they joined two units."""
    rows = connection.execute(
        select(
            alike.c.sop_instance_uid, alike.c.frame, alike.c.other_sop_instance_uid, alike.c.other_frame
        ).order_by(alike.c.id)
    )
    return [((uid, frame), (other, other_frame)) for uid, frame, other, other_frame in rows]


def _given(connection: Connection, units: Sequence[str]) -> dict[str, Part]:
    """The parts that units were given when they were first seen."""
    found: dict[str, Part] = {}
    for first in range(0, len(units), 500):
        rows = connection.execute(
            select(patient_part.c.split_key, patient_part.c.part).where(
                patient_part.c.split_key.in_(units[first : first + 500])
            )
        )
        for unit, part in rows:
            found[unit] = part
    return found


def without(connection: Connection, keys: Sequence[FrameKey]) -> list[FrameKey]:
    """Of some frames, those of which nobody told a hash yet."""
    uids, known = list(dict.fromkeys(uid for uid, _ in keys)), set()
    for first in range(0, len(uids), 500):
        rows = connection.execute(
            select(likeness.c.sop_instance_uid, likeness.c.frame).where(
                likeness.c.sop_instance_uid.in_(uids[first : first + 500]), likeness.c.version == VERSION
            )
        )
        known |= {(uid, frame) for uid, frame in rows}
    return [key for key in keys if key not in known]
