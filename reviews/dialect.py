"""All that is particular to SQLite or to PostgreSQL: connecting, locking, triggers, error codes.

Everything else in this room is SQLAlchemy Core that both understand.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    URL,
    ColumnElement,
    Connection,
    Engine,
    cast,
    create_engine,
    event,
    func,
    make_url,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from reviews.errors import (
    DamagedStore,
    StoreBusy,
    StoreError,
    StoreUnreachable,
    StoreUnwritable,
)

_SQLITE_MAGIC = b"SQLite format 3\0"
_ADVISORY_LOCK = 0x4F766572  # "Over": one writer at a time, as in SQLite


# -- where a store is ----------------------------------------------------------------------------


def url_of(address: str | Path) -> URL:
    """The URL of a store that is named by its path or by a SQLAlchemy URL."""
    if isinstance(address, Path) or "://" not in address:
        path = Path(address).expanduser().absolute()
        return URL.create("sqlite+pysqlite", database=str(path))
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreUnreachable(
            f"The store's address {address!r} is no URL; expected a path or postgresql://user@host/database."
        ) from error
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise StoreUnreachable(
            f"The store's address asks for {backend}; expected a path or postgresql://user@host/database."
        )
    if backend == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise StoreUnwritable("A store in memory would be lost; expected the path of a file.")
    return url


def place_of(url: URL) -> str:
    """How sentences name a store: its path, or its URL without the password."""
    return sqlite_path(url) if url.get_backend_name() == "sqlite" else url.render_as_string()


def sqlite_path(url: URL) -> str:
    return str(Path(url.database or "").absolute())


# -- SQLite files before they are opened ---------------------------------------------------------


def version_of_file(path: Path) -> int:
    """The format of a store's file, 0 for a new one; asked read-only, so that nothing is touched.

    Raises
    ------
    DamagedStore
        The file is no database, or another program's.
    StoreUnwritable
        The folder cannot be made, or the file cannot be read.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size == 0:
            return 0
        with path.open("rb") as file:
            start = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise StoreUnwritable(
            f"The store {path} cannot be opened: {error.strerror or error}; "
            "expected a file in a folder in which this user may write."
        ) from error
    if start != _SQLITE_MAGIC:
        raise DamagedStore(
            f"{path} is no database (it begins with {start!r}); expected a store of Overread or no file."
        )
    return _recorded_version(path)


def _recorded_version(path: Path) -> int:
    # Reading a file in WAL mode leaves a log beside it, unless the file is said not to change. That may
    # be said as long as there is no log; should another process begin one meanwhile, it is asked again.
    ways = ["mode=ro"] if Path(f"{path}-wal").exists() else ["immutable=1", "mode=ro"]
    while True:
        way = ways.pop(0)
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?{way}", uri=True, timeout=30.0)) as connection:
                return _version_in(connection, path)
        except sqlite3.Error as error:
            if ways:
                continue
            said = translated(error, str(path))
            if said is None:
                raise
            raise said from error


def _version_in(connection: sqlite3.Connection, path: Path) -> int:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if "overread_migration" not in tables:
        raise DamagedStore(
            f"{path} is a database of another program; expected a store of Overread or no file."
        )
    return int(connection.execute("SELECT max(number) FROM overread_migration").fetchone()[0] or 0)


# -- engines -------------------------------------------------------------------------------------


def make_engine(url: URL, busy_timeout_s: float) -> Engine:
    """An engine whose commits are on disk when they return and whose threads each have a connection."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, connect_args={"timeout": busy_timeout_s}, pool_size=4, max_overflow=28, pool_timeout=60
        )
        event.listen(engine, "connect", _prepare_sqlite_connection)
    else:
        try:
            engine = create_engine(url, pool_pre_ping=True)
        except (NoSuchModuleError, ImportError) as error:
            raise StoreUnreachable(
                f"The store {place_of(url)} needs a driver that is not installed: {error}; "
                "install psycopg and begin the address with postgresql+psycopg://."
            ) from error
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_sqlite_connection(connection: Any, _record: Any) -> None:
    # The module sqlite3 would begin transactions late and commit before DDL; `_begin` does it instead.
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "fullfsync = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def use_write_ahead_log(engine: Engine, busy_timeout_s: float) -> None:
    """Turn SQLite's write-ahead log on, which the file remembers: readers never wait for a writer."""
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + busy_timeout_s
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                cursor.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                # SQLite does not wait here when another process opens the same new store.
                if _sqlite_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
    finally:
        raw.close()


# -- words of data definition --------------------------------------------------------------------


def serial_key(dialect: str) -> str:
    """The type of a row number that is never given twice."""
    if dialect == "sqlite":
        return "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
    return "INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"


def forbid_changes(dialect: str, table: str) -> tuple[str, ...]:
    """Statements after which the database refuses to change or delete a table's rows."""
    refusal = f"rows of {table} are only ever added"
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()",
    )


def value_in_json(connection: Connection, document: ColumnElement[str], name: str) -> ColumnElement[str]:
    """The text that a JSON object, kept as text, has under a name; the database looks, not Python."""
    if connection.dialect.name == "sqlite":
        return func.json_extract(document, f"$.{name}")
    return func.json_extract_path_text(cast(document, JSON), name)


# -- errors --------------------------------------------------------------------------------------


def _sqlite_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


_SQLITE_SENTENCES: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_FULL: (
        StoreUnwritable,
        "the disk is full; make room and try again, nothing was half saved",
    ),
    sqlite3.SQLITE_IOERR: (StoreUnwritable, "the disk refused to write or read; it may be full or failing"),
    sqlite3.SQLITE_READONLY: (StoreUnwritable, "this user may not write there"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnwritable,
        "it cannot be opened or made there; this user may lack rights",
    ),
    sqlite3.SQLITE_PERM: (StoreUnwritable, "this user may not write there"),
    sqlite3.SQLITE_AUTH: (StoreUnwritable, "this user may not write there"),
    sqlite3.SQLITE_BUSY: (StoreBusy, "another program has kept it locked for too long; try again"),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "another program has kept it locked for too long; try again"),
    sqlite3.SQLITE_NOTADB: (DamagedStore, "it is no database; put a backup in its place"),
    sqlite3.SQLITE_CORRUPT: (DamagedStore, "its contents are damaged; put a backup in its place"),
}


def translated(error: BaseException, place: str) -> StoreError | None:
    """The sentence for a database's error; None where it is a bug of ours."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        known = _SQLITE_SENTENCES.get(_sqlite_code(cause))
        if known is None:
            return None
        kind, what = known
        return kind(f"The store {place} could not be used: {what} ({cause}).")
    state = str(getattr(cause, "sqlstate", None) or "")
    detail = " ".join(str(cause).split())
    if state.startswith("53"):  # insufficient resources: disk full, too many connections
        return StoreUnwritable(f"The store {place} could not be written: {detail}.")
    if state in ("42501", "25006"):  # insufficient privilege, read-only transaction
        return StoreUnwritable(f"The store {place} may not be written by this user: {detail}.")
    if state in ("55P03", "40P01"):  # lock not available, deadlock
        return StoreBusy(f"The store {place} is locked by another program; try again ({detail}).")
    if state.startswith(("08", "57", "28", "3D")) or (
        not state and type(cause).__name__ in ("OperationalError", "InterfaceError")
    ):
        return StoreUnreachable(f"The store {place} cannot be reached: {detail}.")
    return None
