"""Rows of images: what is known of each file, where it lies, and which part its patient belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, func, select

from reviews.clock import now
from reviews.dialect import value_in_json
from reviews.errors import UnknownImage
from reviews.record import Part
from reviews.split import DEFAULT_SHARES, part_for
from reviews.tables import image, image_header, patient_part, split_salt
from studies.image import Header

_FIELDS = tuple(f.name for f in fields(Header) if f.name not in ("path", "sop_instance_uid"))
_AT_ONCE = 500  # images in one question to the database
_KNOWN_FIELDS = frozenset(_FIELDS)
_TUPLES = (  # lists in JSON
    "image_position",
    "image_orientation",
    "image_type",
    "patient_orientation",
    "frame_order",
    "frame_positions_mm",
)
# An image's rows are of one file only as long as these agree; UIDs that tools repeat are caught by them.
_IDENTITY = (
    "study_instance_uid",
    "series_instance_uid",
    "patient_id",
    "content_hash",
    "rows",
    "columns",
    "frames",
)


@dataclass(frozen=True, slots=True)
class AddedImages:
    """What a call of `add` did."""

    new: tuple[Header, ...]
    updated: tuple[str, ...]  # SOPInstanceUID
    skipped: tuple[str, ...]  # sentences


def add(connection: Connection, headers: Sequence[Header]) -> AddedImages:
    """Add headers of images that are new, and a row for each known one that moved or reads otherwise.

    Where one call names an image twice (a copy of a file), the first stands.
    """
    named: dict[str, Header] = {}
    skipped: list[str] = []
    for header in headers:
        if not header.sop_instance_uid:
            skipped.append(f"{header.path} has no SOPInstanceUID, by which its reviews would be kept.")
        else:
            named.setdefault(header.sop_instance_uid, header)
    known = {h.sop_instance_uid: h for h in _headers(connection, list(named))}
    new = tuple(h for uid, h in named.items() if uid not in known)
    updated: list[Header] = []
    for uid, before in known.items():
        after = named[uid]
        difference = next((n for n in _IDENTITY if getattr(before, n) != getattr(after, n)), None)
        if difference is not None:
            skipped.append(
                f"{after.path} has the SOPInstanceUID of {before.path}, which is in the worklist, but is "
                f"another image ({difference} differs); the first one is kept."
            )
        elif before != after:
            updated.append(after)
    _insert(connection, new, updated)
    return AddedImages(new, tuple(h.sop_instance_uid for h in updated), tuple(skipped))


def _insert(connection: Connection, new: Sequence[Header], updated: Sequence[Header]) -> None:
    time = now()
    assign_parts(connection, {h.split_key for h in new})
    if new:
        connection.execute(
            image.insert(),
            [
                {
                    "sop_instance_uid": h.sop_instance_uid,
                    "study_instance_uid": h.study_instance_uid,
                    "frames": h.frames,
                    "split_key": h.split_key,
                    "time": time,
                }
                for h in new
            ],
        )
    if new or updated:
        connection.execute(
            image_header.insert(),
            [
                {
                    "sop_instance_uid": h.sop_instance_uid,
                    "path": h.path,
                    "fields": json.dumps({name: getattr(h, name) for name in _FIELDS}),
                    "time": time,
                }
                for h in (*new, *updated)
            ],
        )


# -- reading -------------------------------------------------------------------------------------


def headers(connection: Connection) -> list[Header]:
    """Every image as it is known now, in the order in which the images were first seen."""
    latest = select(func.max(image_header.c.id)).group_by(image_header.c.sop_instance_uid)
    return _as_headers(connection, image_header.c.id.in_(latest))


def newest_first(connection: Connection) -> list[list[int]]:
    """For each study, the rows of `image_header` that tell of its images now; the newest study first."""
    latest = select(func.max(image_header.c.id)).group_by(image_header.c.sop_instance_uid)
    day, time = (value_in_json(connection, image_header.c.fields, n) for n in ("study_date", "study_time"))
    studies: dict[str, list[int]] = {}
    for study, row_id in connection.execute(
        select(image.c.study_instance_uid, image_header.c.id)
        .join(image, image.c.sop_instance_uid == image_header.c.sop_instance_uid)
        .where(image_header.c.id.in_(latest))
        .order_by(day.desc(), time.desc(), image.c.id)
    ):
        studies.setdefault(study, []).append(row_id)
    return list(studies.values())


def in_rows(connection: Connection, ids: Sequence[int]) -> list[Header]:
    """The headers in some rows of `image_header`, in the order in which the images were first seen."""
    return _as_headers(connection, image_header.c.id.in_(ids))


def of_images(connection: Connection, uids: Sequence[str]) -> list[Header]:
    """Some images as they are known now."""
    return _headers(connection, uids)


def header(connection: Connection, sop_instance_uid: str) -> Header | None:
    return next(iter(_headers(connection, [sop_instance_uid])), None)


def header_of_path(connection: Connection, path: str) -> Header | None:
    """The image that was last seen at a path, as it is known now (it may have moved on since)."""
    uid = connection.execute(
        select(image_header.c.sop_instance_uid)
        .where(image_header.c.path == path)
        .order_by(image_header.c.id.desc())
        .limit(1)
    ).scalar()
    return None if uid is None else header(connection, uid)


def frames_of(connection: Connection, sop_instance_uid: str) -> int | None:
    """How many frames an image has; None where it is not in the store."""
    return connection.execute(
        select(image.c.frames).where(image.c.sop_instance_uid == sop_instance_uid)
    ).scalar()


def require_frame(connection: Connection, sop_instance_uid: str, frame: int, what: str) -> None:
    """Raise `UnknownImage` where the store has no such frame; `what` was given for it."""
    frames = frames_of(connection, sop_instance_uid)
    if frames is None:
        raise UnknownImage(f"The image {sop_instance_uid} is not in the worklist; import it first.")
    if not 1 <= frame <= frames:
        raise UnknownImage(
            f"The image {sop_instance_uid} has {frames} frame{'' if frames == 1 else 's'}, "
            f"counted from 1; {what} was given for frame {frame}."
        )


def _headers(connection: Connection, uids: Sequence[str]) -> list[Header]:
    latest = (
        select(func.max(image_header.c.id))
        .where(image_header.c.sop_instance_uid.in_(uids))
        .group_by(image_header.c.sop_instance_uid)
    )
    return _as_headers(connection, image_header.c.id.in_(latest))


def _as_headers(connection: Connection, condition: Any) -> list[Header]:
    rows = connection.execute(
        select(image_header.c.sop_instance_uid, image_header.c.path, image_header.c.fields)
        .join(image, image.c.sop_instance_uid == image_header.c.sop_instance_uid)
        .where(condition)
        .order_by(image.c.id)
    )
    found: list[Header] = []
    for some in rows.partitions(200):
        # One call for many small documents takes a third of the time of a call for each. They are not too
        # many: other threads of Python, such as the window's, wait for the whole of a call.
        parsed = json.loads(f"[{','.join(text for _, _, text in some)}]")
        found += [_as_header(uid, path, values) for (uid, path, _), values in zip(some, parsed, strict=True)]
    return found


def _as_header(uid: str, path: str, values: dict[str, Any]) -> Header:
    if not values.keys() <= _KNOWN_FIELDS:
        values = {name: value for name, value in values.items() if name in _KNOWN_FIELDS}
    for name in _TUPLES:
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    # A store may have been written before a field was there: then the field's default stands.
    return Header(path=path, sop_instance_uid=uid, **values)


def studies_of(connection: Connection, uids: Sequence[str]) -> dict[str, str]:
    """StudyInstanceUIDs of some images by SOPInstanceUID."""
    found: dict[str, str] = {}
    for first in range(0, len(uids), _AT_ONCE):
        rows = connection.execute(
            select(image.c.sop_instance_uid, image.c.study_instance_uid).where(
                image.c.sop_instance_uid.in_(uids[first : first + _AT_ONCE])
            )
        )
        for uid, study in rows:
            found[uid] = study
    return found


# -- parts ---------------------------------------------------------------------------------------


def assign_parts(
    connection: Connection,
    split_keys: Iterable[str],
    shares: tuple[float, float, float] = DEFAULT_SHARES,
) -> None:
    """Give every unit of splitting that has no part yet the part it keeps for good."""
    missing = set(split_keys)
    missing -= set(
        connection.execute(
            select(patient_part.c.split_key).where(patient_part.c.split_key.in_(sorted(missing)))
        ).scalars()
    )
    if not missing:
        return
    drawn = connection.execute(select(split_salt.c.hex).order_by(split_salt.c.id).limit(1)).scalar_one()
    salt, time = bytes.fromhex(drawn), now()
    connection.execute(
        patient_part.insert(),
        [{"split_key": k, "part": part_for(k, salt, shares), "time": time} for k in sorted(missing)],
    )


def part_of_key(connection: Connection, split_key: str) -> Part | None:
    part: Any = connection.execute(
        select(patient_part.c.part).where(patient_part.c.split_key == split_key)
    ).scalar()
    return part  # type: ignore[no-any-return]


def parts_after(connection: Connection, row_id: int) -> list[tuple[int, str, str, Part]]:
    """(row id, SOPInstanceUID, unit of splitting, part) of the images first seen after a row of `image`."""
    rows = connection.execute(
        select(image.c.id, image.c.sop_instance_uid, image.c.split_key, patient_part.c.part)
        .join(patient_part, patient_part.c.split_key == image.c.split_key)
        .where(image.c.id > row_id)
        .order_by(image.c.id)
    )
    return [(row_id, uid, key, part) for row_id, uid, key, part in rows]


def parts_of(connection: Connection, uids: Sequence[str]) -> dict[str, tuple[str, Part]]:
    """(unit of splitting, part) of some images by SOPInstanceUID."""
    found: dict[str, tuple[str, Part]] = {}
    for first in range(0, len(uids), _AT_ONCE):
        rows = connection.execute(
            select(image.c.sop_instance_uid, image.c.split_key, patient_part.c.part)
            .join(patient_part, patient_part.c.split_key == image.c.split_key)
            .where(image.c.sop_instance_uid.in_(uids[first : first + _AT_ONCE]))
        )
        found |= {uid: (key, part) for uid, key, part in rows}
    return found
