"""Opening a store: what is refused is refused with a sentence and stays as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect

from reviews import tables
from reviews.database import Database
from reviews.errors import (
    DamagedStore,
    NewerStore,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreUnreachable,
    StoreUnwritable,
)
from reviews.migrations import MIGRATIONS, Migration, migrate
from reviews.store import Store
from tests.reviews.making import CARD, annotation, header, review


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "overread.sqlite"


def is_one_sentence(error: BaseException) -> bool:
    text = str(error)
    return text.endswith(".") and "\n" not in text and "Traceback" not in text


def test_a_store_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    with Store(tmp_path / "a" / "b" / "overread.sqlite") as store:
        store.add_images([header(1)])
    assert (tmp_path / "a" / "b" / "overread.sqlite").exists()


@pytest.mark.parametrize("address", ["{}", "sqlite:///{}", "sqlite+pysqlite:///{}"])
def test_a_store_is_named_by_its_path_or_its_url(place: Path, address: str) -> None:
    with Store(place) as store:
        store.add_images([header(1)])
    with Store(address.format(place)) as store:
        assert store.headers() == [header(1)]
        assert store.place == str(place)


def test_an_empty_file_becomes_a_store(place: Path) -> None:
    place.touch()
    with Store(place) as store:
        store.add_images([header(1)])
        assert store.headers() == [header(1)]


def test_a_path_with_odd_characters_is_a_place_like_any_other(tmp_path: Path) -> None:
    odd = tmp_path / "what? 100% #1 é" / "ove:rread.sqlite"
    for _ in range(2):
        with Store(odd) as store:
            store.add_images([header(1)])
    assert odd.exists()


@pytest.mark.parametrize(
    "content", [b"not a database at all", b"\0" * 5000, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_database_is_refused_and_stays(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    with pytest.raises(DamagedStore, match=r"overread\.sqlite") as caught:
        Store(place)
    assert is_one_sentence(caught.value)
    assert place.read_bytes() == content


def test_another_programs_database_is_refused_and_stays(place: Path) -> None:
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE review (id INTEGER)")
    before = place.read_bytes()
    with pytest.raises(DamagedStore, match="another program"):
        Store(place)
    assert place.read_bytes() == before


def test_a_store_of_a_newer_version_is_refused_and_never_touched(place: Path) -> None:
    with Store(place) as store:
        store.add_images([header(1)])
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute("INSERT INTO overread_migration VALUES (99, 'the future', 'then')")
    before = place.read_bytes(), place.stat().st_mtime_ns
    with pytest.raises(NewerStore, match=r"newer version of Overread .* 99") as caught:
        Store(place)
    assert is_one_sentence(caught.value)
    assert (place.read_bytes(), place.stat().st_mtime_ns) == before
    assert [p.name for p in place.parent.iterdir()] == [place.name]


def test_a_newer_store_that_is_open_elsewhere_is_refused_too(place: Path) -> None:
    with Store(place):
        with closing(sqlite3.connect(place)) as connection, connection:
            connection.execute("INSERT INTO overread_migration VALUES (99, 'the future', 'then')")
        with pytest.raises(NewerStore):
            Store(place)


def test_a_store_with_damaged_pages_says_so(place: Path) -> None:
    with Store(place) as store:
        store.add_images(header(n) for n in range(300))
    content = bytearray(place.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    place.write_bytes(content)
    with pytest.raises(DamagedStore) as caught, Store(place) as store:
        store.headers()
    assert is_one_sentence(caught.value)


@contextmanager
def _without_root() -> Iterator[None]:
    """As a user whom rights on folders bind; they do not bind root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows folders have no such mode")
def test_a_folder_without_rights_gets_a_sentence() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
        with _without_root(), pytest.raises(StoreUnwritable, match=r"overread\.sqlite") as caught:
            Store(Path(folder) / "overread.sqlite")
        assert is_one_sentence(caught.value)
        with _without_root(), pytest.raises(StoreUnwritable, match="Permission denied") as caught:
            Store(Path(folder) / "below" / "overread.sqlite")
        assert is_one_sentence(caught.value)
        Path(folder).chmod(stat.S_IRWXU)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows files have no such mode")
def test_a_store_that_may_only_be_read_gets_a_sentence() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "overread.sqlite"
        with Store(place) as store:
            store.add_images([header(1)])
        Path(folder).chmod(0o555)
        place.chmod(0o444)
        with _without_root(), pytest.raises(StoreUnwritable), Store(place) as store:
            store.append(review(header(1)))
        Path(folder).chmod(0o755)


def test_a_folder_in_the_place_of_the_store_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=str(tmp_path)) as caught:
        Store(tmp_path)
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("mysql://somewhere/overread", StoreUnreachable),
        ("://", StoreUnreachable),
        ("sqlite://", StoreUnwritable),
        ("postgresql+nodriver://somewhere/overread", StoreUnreachable),
    ],
)
def test_an_address_that_is_none_gets_a_sentence(address: str, error: type[StoreError]) -> None:
    with pytest.raises(error) as caught:
        Store(address)
    assert is_one_sentence(caught.value)


def test_a_store_that_another_program_keeps_locked_says_so_and_works_afterwards(place: Path) -> None:
    with Store(place, busy_timeout_s=0.05) as store:
        store.add_images([header(1)])
        with closing(sqlite3.connect(place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy, match="another program"):
                store.append(review(header(1)))
            assert store.standing_reviews() == []  # readers do not wait
            other.execute("ROLLBACK")
        store.append(review(header(1)))
        assert len(store.standing_reviews()) == 1


def test_a_closed_store_says_so(place: Path) -> None:
    store = Store(place)
    store.close()
    with pytest.raises(StoreClosed):
        store.headers()
    with pytest.raises(StoreClosed):
        store.undo("Ada")


def test_commits_wait_for_the_disk(place: Path) -> None:
    """Full synchronisation is what makes a recorded review survive a power cut, in WAL mode too."""
    database = Database(place)
    with database.write() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000}


@pytest.mark.parametrize("table", sorted(t for m in MIGRATIONS for t in m.append_only))
def test_the_database_itself_refuses_to_change_rows(place: Path, table: str) -> None:
    with Store(place) as store:
        store.add_images([header(1), header(2)])
        store.remember_likenesses([((header(n).sop_instance_uid, 1), bytes(32)) for n in (1, 2)])
        store.append(review(header(1)))
        store.promote("m", "chest", "Ada")
        store.mark_study_read("1", "Ada")
        store.mark_study_urgent("1", "Ada")
        store.remember_evaluation("m", "held-out", {})
        store.annotate([annotation(header(1))])
        store.add_finding("Tuberculosis", CARD, "Ada")
    with closing(sqlite3.connect(place)) as connection:
        column = connection.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                connection.execute(statement)


# -- migrations ----------------------------------------------------------------------------------


def test_the_migrations_make_the_tables_that_the_program_knows(place: Path) -> None:
    Store(place).close()
    made = create_engine("sqlite://")
    tables.metadata.create_all(made)
    migrated = create_engine(f"sqlite:///{place}")

    def shape(found: object) -> dict[str, object]:
        inspector = inspect(found)
        return {
            table: (
                {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)},
                inspector.get_pk_constraint(table)["constrained_columns"],
                sorted(str(k["constrained_columns"]) for k in inspector.get_foreign_keys(table)),
                sorted(str((i["name"], i["column_names"])) for i in inspector.get_indexes(table)),
                inspector.get_unique_constraints(table),
            )
            for table in inspector.get_table_names()
            if table != "sqlite_sequence"
        }

    assert shape(migrated) == shape(made)
    made.dispose()
    migrated.dispose()


def test_the_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [m.number for m in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_a_migration_that_fails_leaves_nothing_and_is_tried_again(place: Path) -> None:
    with Store(place) as store:
        store.add_images([header(1)])
    next_number = MIGRATIONS[-1].number + 1

    def fail(_connection: Connection) -> None:
        raise RuntimeError("half way")

    create = ("CREATE TABLE extra (id {serial})",)
    database = Database(place)
    with pytest.raises(RuntimeError):
        migrate(database, (*MIGRATIONS, Migration(next_number, "extra", create, fill=fail)))
    with database.read() as connection:
        assert "extra" not in inspect(connection).get_table_names()
    database.close()
    with Store(place) as store:  # the program of before still opens it
        assert store.headers() == [header(1)]
    database = Database(place)
    migrate(database, (*MIGRATIONS, Migration(next_number, "extra", create)))
    migrate(database, (*MIGRATIONS, Migration(next_number, "extra", create)))
    with database.read() as connection:
        assert "extra" in inspect(connection).get_table_names()
    database.close()
    with pytest.raises(NewerStore):
        Store(place)


OPEN_ONCE = """
import sys
from reviews.store import Store
sys.stdin.readline()
with Store(sys.argv[1]) as store:
    print(len(store.headers()))
"""


def test_processes_that_open_a_new_store_at_the_same_moment_all_get_it(place: Path) -> None:
    command = [sys.executable, "-c", OPEN_ONCE, str(place)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
    outcomes = [child.communicate() for child in children]
    assert [(out.strip(), error) for out, error in outcomes] == [(b"0", b"")] * 3
