"""The steps by which a store became what it is.

A migration never changes once it has been released; a new one is added below it. Each runs in one
transaction together with the record that it ran, so a store is always at exactly one version.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, select

from reviews import tables
from reviews.clock import now
from reviews.database import Database
from reviews.dialect import forbid_changes, place_of, serial_key, sqlite_path, url_of, version_of_file
from reviews.errors import DamagedStore, NewerStore


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step.

    Parameters
    ----------
    statements
        SQL that SQLite and PostgreSQL both understand; ``{serial}`` stands for a row number.
    append_only
        Tables whose rows the database shall refuse to change from now on.
    fill
        What has to be computed, in the same transaction.
    """

    number: int
    name: str
    statements: tuple[str, ...]
    append_only: tuple[str, ...] = ()
    fill: Callable[[Connection], None] | None = None


def _draw_salt(connection: Connection) -> None:
    connection.execute(tables.split_salt.insert(), {"hex": secrets.token_hex(32)})


_FIRST = Migration(
    number=1,
    name="images, reviews, promotions, evaluations",
    statements=(
        "CREATE TABLE overread_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
        " time TEXT NOT NULL)",
        "CREATE TABLE split_salt (id {serial}, hex TEXT NOT NULL)",
        "CREATE TABLE patient_part (split_key TEXT NOT NULL PRIMARY KEY, part TEXT NOT NULL,"
        " time TEXT NOT NULL)",
        "CREATE TABLE image (id {serial}, sop_instance_uid TEXT NOT NULL UNIQUE,"
        " study_instance_uid TEXT NOT NULL, frames INTEGER NOT NULL,"
        " split_key TEXT NOT NULL REFERENCES patient_part (split_key), time TEXT NOT NULL)",
        "CREATE TABLE image_header (id {serial},"
        " sop_instance_uid TEXT NOT NULL REFERENCES image (sop_instance_uid),"
        " path TEXT NOT NULL, fields TEXT NOT NULL, time TEXT NOT NULL)",
        "CREATE INDEX image_header_of_image ON image_header (sop_instance_uid, id)",
        "CREATE INDEX image_header_of_path ON image_header (path, id)",
        "CREATE TABLE review (id {serial},"
        " sop_instance_uid TEXT NOT NULL REFERENCES image (sop_instance_uid),"
        " frame INTEGER NOT NULL, reader TEXT NOT NULL, findings TEXT NOT NULL, time TEXT NOT NULL,"
        " note TEXT NOT NULL, shown TEXT, is_acceptance BOOLEAN NOT NULL,"
        " takes_back INTEGER REFERENCES review (id))",
        "CREATE INDEX review_of_frame ON review (sop_instance_uid, frame, id)",
        "CREATE INDEX review_of_reader ON review (reader, id)",
        "CREATE INDEX review_taken_back ON review (takes_back)",
        "CREATE TABLE promotion (id {serial}, model TEXT NOT NULL, family TEXT NOT NULL,"
        " reader TEXT NOT NULL, reason TEXT NOT NULL, verdict TEXT NOT NULL, time TEXT NOT NULL,"
        " takes_back INTEGER REFERENCES promotion (id))",
        "CREATE INDEX promotion_taken_back ON promotion (takes_back)",
        "CREATE TABLE evaluation (id {serial}, model TEXT NOT NULL, kind TEXT NOT NULL,"
        " figures TEXT NOT NULL, time TEXT NOT NULL)",
        "CREATE INDEX evaluation_of_model ON evaluation (model, id)",
        "CREATE TABLE study_mark (id {serial}, study_instance_uid TEXT NOT NULL, reader TEXT NOT NULL,"
        " is_read BOOLEAN NOT NULL, time TEXT NOT NULL)",
        "CREATE INDEX study_mark_of_study ON study_mark (study_instance_uid, id)",
        "CREATE TABLE remembered_prediction (sop_instance_uid TEXT NOT NULL, frame INTEGER NOT NULL,"
        " model TEXT NOT NULL, said TEXT NOT NULL, PRIMARY KEY (sop_instance_uid, frame, model))",
    ),
    append_only=(
        "overread_migration",
        "split_salt",
        "patient_part",
        "image",
        "image_header",
        "review",
        "promotion",
        "evaluation",
        "study_mark",
    ),
    fill=_draw_salt,
)

_ANNOTATIONS = Migration(
    number=2,
    name="annotations",
    statements=(
        "CREATE TABLE annotation (id {serial}, uuid TEXT NOT NULL, act TEXT NOT NULL,"
        " sop_instance_uid TEXT NOT NULL REFERENCES image (sop_instance_uid),"
        " frame INTEGER NOT NULL, kind TEXT NOT NULL, points TEXT NOT NULL, label_at TEXT,"
        " text TEXT NOT NULL, reader TEXT NOT NULL, time TEXT NOT NULL, is_deleted BOOLEAN NOT NULL,"
        " takes_back INTEGER REFERENCES annotation (id))",
        "CREATE INDEX annotation_of_uuid ON annotation (uuid, id)",
        "CREATE INDEX annotation_of_act ON annotation (act, id)",
        "CREATE INDEX annotation_of_reader ON annotation (reader, id)",
        "CREATE INDEX annotation_taken_back ON annotation (takes_back)",
    ),
    append_only=("annotation",),
)

# Numbered, so that it can be told which predictions another process remembered since a moment.
_NUMBERED_PREDICTIONS = Migration(
    number=3,
    name="numbered predictions",
    statements=(
        "CREATE TABLE numbered_prediction (id {serial}, sop_instance_uid TEXT NOT NULL,"
        " frame INTEGER NOT NULL, model TEXT NOT NULL, said TEXT NOT NULL,"
        " UNIQUE (sop_instance_uid, frame, model))",
        "INSERT INTO numbered_prediction (sop_instance_uid, frame, model, said)"
        " SELECT sop_instance_uid, frame, model, said FROM remembered_prediction",
        "DROP TABLE remembered_prediction",
        "ALTER TABLE numbered_prediction RENAME TO remembered_prediction",
    ),
)

_ADDED_FINDINGS = Migration(
    number=4,
    name="findings that readers added",
    statements=(
        "CREATE TABLE added_finding (id {serial}, name TEXT NOT NULL, display TEXT NOT NULL,"
        " family TEXT NOT NULL, reader TEXT NOT NULL, is_taken_away BOOLEAN NOT NULL, time TEXT NOT NULL)",
        "CREATE INDEX added_finding_of_family ON added_finding (family, name, id)",
    ),
    append_only=("added_finding",),
)

_ASKING = Migration(
    number=5,
    name="urgent studies, second reads",
    statements=(
        "CREATE TABLE study_urgency (id {serial}, study_instance_uid TEXT NOT NULL, reader TEXT NOT NULL,"
        " is_urgent BOOLEAN NOT NULL, time TEXT NOT NULL)",
        "CREATE INDEX study_urgency_of_study ON study_urgency (study_instance_uid, reader, id)",
        "ALTER TABLE review ADD COLUMN second_read_of INTEGER REFERENCES review (id)",
    ),
    append_only=("study_urgency",),
)

_LIKENESS = Migration(
    number=6,
    name="films that show the same",
    statements=(
        "CREATE TABLE likeness (id {serial},"
        " sop_instance_uid TEXT NOT NULL REFERENCES image (sop_instance_uid),"
        " frame INTEGER NOT NULL, version INTEGER NOT NULL, bits TEXT NOT NULL, time TEXT NOT NULL,"
        " UNIQUE (sop_instance_uid, frame, version))",
        "CREATE TABLE alike (id {serial},"
        " sop_instance_uid TEXT NOT NULL REFERENCES image (sop_instance_uid), frame INTEGER NOT NULL,"
        " other_sop_instance_uid TEXT NOT NULL REFERENCES image (sop_instance_uid),"
        " other_frame INTEGER NOT NULL, differing INTEGER NOT NULL, time TEXT NOT NULL)",
        "CREATE INDEX alike_of_image ON alike (sop_instance_uid)",
        "CREATE INDEX alike_of_other ON alike (other_sop_instance_uid)",
    ),
    append_only=("likeness", "alike"),
)

MIGRATIONS: tuple[Migration, ...] = (
    _FIRST,
    _ANNOTATIONS,
    _NUMBERED_PREDICTIONS,
    _ADDED_FINDINGS,
    _ASKING,
    _LIKENESS,
)


def migrate(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a store to the newest of `migrations`; nothing happens where it is there already.

    Raises
    ------
    NewerStore
        The store has seen migrations that this program does not know. It is not touched.
    DamagedStore
        The database holds another program's tables.
    """
    newest = migrations[-1].number
    with database.read() as connection:
        if version_of(connection, database.place, newest) == newest:
            return
    for migration in migrations:
        with database.write() as connection:
            # Asked again under the write lock: another process may be opening the same new store.
            if version_of(connection, database.place, newest) >= migration.number:
                continue
            _apply(connection, migration)


def refuse_unusable_file(address: str | Path) -> None:
    """Look at a SQLite file read-only, before anything is opened for writing, and refuse what is no
    store of this version or an older one."""
    url = url_of(address)
    if url.get_backend_name() == "sqlite":
        refuse_newer(version_of_file(Path(sqlite_path(url))), place_of(url))


def version_of(connection: Connection, place: str, newest: int) -> int:
    """The number of the last migration that a store has seen; 0 for an empty database."""
    names = set(inspect(connection).get_table_names())
    if tables.migration.name not in names:
        # A PostgreSQL schema may hold other tables, of extensions for instance; a file of ours does not.
        foreign = names if connection.dialect.name == "sqlite" else names & set(tables.metadata.tables)
        if foreign:
            raise DamagedStore(
                f"{place} is a database of another program: it has no table {tables.migration.name}; "
                "expected a store of Overread or an empty database."
            )
        return 0
    found = max(connection.execute(select(tables.migration.c.number)).scalars(), default=0)
    refuse_newer(found, place, newest)
    return found


def refuse_newer(found: int, place: str, newest: int = MIGRATIONS[-1].number) -> None:
    """Raise `NewerStore` where a store's version is above the newest that is known."""
    if found > newest:
        raise NewerStore(
            f"{place} was written by a newer version of Overread (its format is {found}, this program "
            f"knows formats up to {newest}); open it with that version; nothing in it was changed."
        )


def _apply(connection: Connection, migration: Migration) -> None:
    name = connection.dialect.name
    for statement in migration.statements:
        connection.exec_driver_sql(statement.replace("{serial}", serial_key(name)))
    for table in migration.append_only:
        for statement in forbid_changes(name, table):
            connection.exec_driver_sql(statement)
    if migration.fill is not None:
        migration.fill(connection)
    connection.execute(
        tables.migration.insert(), {"number": migration.number, "name": migration.name, "time": now()}
    )
