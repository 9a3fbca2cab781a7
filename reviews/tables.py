"""The store's tables as the program sees them today.

`migrations.py` makes them, step by step and frozen; a test compares the two. Rows of every table
are only ever added, and the database itself refuses to change them, except `remembered_prediction`,
which is a cache.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_ESCAPED = "json:"


class AnyText(TypeDecorator[str]):
    """Text that may hold what databases refuse: NUL, and the surrogates of undecodable file names.

    Such a value is kept as ``json:`` and its JSON escape, which is one to one, so that comparing
    in SQL still works.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value and not value.startswith(_ESCAPED)):
            return value
        if "\0" in value or value.startswith(_ESCAPED) or any("\ud800" <= c <= "\udfff" for c in value):
            return _ESCAPED + json.dumps(value)
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and value.startswith(_ESCAPED):
            return str(json.loads(value[len(_ESCAPED) :]))
        return value


metadata = MetaData()


def _text(name: str, *constraints: Any, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, AnyText, *constraints, nullable=nullable, **options)


def _row_number() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


migration = Table(
    "overread_migration",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    _text("time"),
)

split_salt = Table("split_salt", metadata, _row_number(), _text("hex"))

patient_part = Table(
    "patient_part",
    metadata,
    _text("split_key", primary_key=True),
    _text("part"),
    _text("time"),
)

image = Table(
    "image",
    metadata,
    _row_number(),
    _text("sop_instance_uid", unique=True),
    _text("study_instance_uid"),
    Column("frames", Integer, nullable=False),
    _text("split_key", ForeignKey("patient_part.split_key")),
    _text("time"),
)

# The latest row of an image is what is known of it; a moved or re-read file adds one.
image_header = Table(
    "image_header",
    metadata,
    _row_number(),
    _text("sop_instance_uid", ForeignKey("image.sop_instance_uid")),
    _text("path"),
    _text("fields"),  # JSON of the other fields of Header
    _text("time"),
    Index("image_header_of_image", "sop_instance_uid", "id"),
    Index("image_header_of_path", "path", "id"),
)

review = Table(
    "review",
    metadata,
    _row_number(),
    _text("sop_instance_uid", ForeignKey("image.sop_instance_uid")),
    Column("frame", Integer, nullable=False),
    _text("reader"),
    _text("findings"),  # JSON [[name, answer], ...]
    _text("time"),
    _text("note"),
    _text("shown", nullable=True),  # JSON, null where nothing was shown
    Column("is_acceptance", Boolean, nullable=False),
    Column("takes_back", Integer, ForeignKey("review.id"), nullable=True),
    Column("second_read_of", Integer, ForeignKey("review.id"), nullable=True),
    Index("review_of_frame", "sop_instance_uid", "frame", "id"),
    Index("review_of_reader", "reader", "id"),
    Index("review_taken_back", "takes_back"),
)

promotion = Table(
    "promotion",
    metadata,
    _row_number(),
    _text("model"),
    _text("family"),
    _text("reader"),
    _text("reason"),
    _text("verdict"),
    _text("time"),
    Column("takes_back", Integer, ForeignKey("promotion.id"), nullable=True),
    Index("promotion_taken_back", "takes_back"),
)

evaluation = Table(
    "evaluation",
    metadata,
    _row_number(),
    _text("model"),
    _text("kind"),
    _text("figures"),  # JSON
    _text("time"),
    Index("evaluation_of_model", "model", "id"),
)

study_mark = Table(
    "study_mark",
    metadata,
    _row_number(),
    _text("study_instance_uid"),
    _text("reader"),
    Column("is_read", Boolean, nullable=False),
    _text("time"),
    Index("study_mark_of_study", "study_instance_uid", "id"),
)

# The latest row of a study and a reader counts.
study_urgency = Table(
    "study_urgency",
    metadata,
    _row_number(),
    _text("study_instance_uid"),
    _text("reader"),
    Column("is_urgent", Boolean, nullable=False),
    _text("time"),
    Index("study_urgency_of_study", "study_instance_uid", "reader", "id"),
)

# The latest row of a uuid is the annotation as it is now.
annotation = Table(
    "annotation",
    metadata,
    _row_number(),
    _text("uuid"),
    _text("act"),
    _text("sop_instance_uid", ForeignKey("image.sop_instance_uid")),
    Column("frame", Integer, nullable=False),
    _text("kind"),
    _text("points"),  # JSON [[row, column], ...]
    _text("label_at", nullable=True),  # JSON [row, column]
    _text("text"),
    _text("reader"),
    _text("time"),
    Column("is_deleted", Boolean, nullable=False),
    Column("takes_back", Integer, ForeignKey("annotation.id"), nullable=True),
    Index("annotation_of_uuid", "uuid", "id"),
    Index("annotation_of_act", "act", "id"),
    Index("annotation_of_reader", "reader", "id"),
    Index("annotation_taken_back", "takes_back"),
)

# The latest row of a name in a family counts.
added_finding = Table(
    "added_finding",
    metadata,
    _row_number(),
    _text("name"),
    _text("display"),
    _text("family"),
    _text("reader"),
    Column("is_taken_away", Boolean, nullable=False),
    _text("time"),
    Index("added_finding_of_family", "family", "name", "id"),
)

# Perceptual hashes of frames (studies.likeness); without bits, nothing can be told by it.
likeness = Table(
    "likeness",
    metadata,
    _row_number(),
    _text("sop_instance_uid", ForeignKey("image.sop_instance_uid")),
    Column("frame", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    _text("bits"),  # hexadecimal
    _text("time"),
    UniqueConstraint("sop_instance_uid", "frame", "version"),
)

# Two frames of different units of splitting that show the same film.
alike = Table(
    "alike",
    metadata,
    _row_number(),
    _text("sop_instance_uid", ForeignKey("image.sop_instance_uid")),
    Column("frame", Integer, nullable=False),
    _text("other_sop_instance_uid", ForeignKey("image.sop_instance_uid")),
    Column("other_frame", Integer, nullable=False),
    Column("differing", Integer, nullable=False),  # bits
    _text("time"),
    Index("alike_of_image", "sop_instance_uid"),
    Index("alike_of_other", "other_sop_instance_uid"),
)

remembered_prediction = Table(
    "remembered_prediction",
    metadata,
    _row_number(),
    _text("sop_instance_uid"),
    Column("frame", Integer, nullable=False),
    _text("model"),
    _text("said"),  # JSON of the other fields of Prediction
    UniqueConstraint("sop_instance_uid", "frame", "model"),
)
