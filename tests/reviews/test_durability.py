"""What was said to be recorded is there: after a kill, beside a full disk, among many writers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from reviews.errors import StoreUnwritable
from reviews.store import Store
from tests.reviews.making import header, review

WRITE_FOREVER = """
import sys
from reviews.store import Store
from tests.reviews.making import header, review

with Store(sys.argv[1]) as store:
    while True:
        for number in range(5):
            recorded, _ = store.append(review(header(number), sys.argv[2]))
            print(recorded.id, flush=True)
        store.undo(sys.argv[2])
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    where = tmp_path / "overread.sqlite"
    with Store(where) as store:
        store.add_images(header(n) for n in range(5))
    return where


@pytest.mark.parametrize("wanted", [1, 7, 23])
def test_a_killed_process_loses_no_review_that_it_told_of(place: Path, wanted: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITE_FOREVER, str(place), "Ada"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(wanted)]
    child.kill()
    # What it told between the last line and its death counts too; a line cut short does not.
    told += [int(line) for line in child.stdout if line.endswith("\n")]
    child.wait()
    child.stdout.close()
    with Store(place) as store:
        kept = {r.id: r for r in store.history()}
        assert set(told) <= set(kept)
        assert all(kept[number].findings == review(header(1)).findings for number in told)
        store.append(review(header(1)))  # and it goes on
        assert store.undo("Ada") is not None


def test_a_window_goes_on_while_another_process_writes(place: Path) -> None:
    with Store(place) as store:
        child = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOREVER, str(place), "Ben"], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        moment = store.moment()
        own = [store.append(review(header(n % 5), "Ada"))[0].id for n in range(20)]
        told = [int(child.stdout.readline()) for _ in range(20)]
        child.kill()
        child.wait()
        child.stdout.close()
        assert store.news_since(moment)[1].standing
        kept = {r.id for r in store.history()}
        assert set(own) | set(told) <= kept
        assert not set(own) & set(told)


def test_threads_write_and_read_at_the_same_time(place: Path) -> None:
    problems: list[BaseException] = []

    def work(store: Store, reader: str) -> None:
        try:
            for number in range(8):
                store.append(review(header(number % 5), reader))
                assert any(r.reader == reader for r in store.history())
                store.undo(reader)
                store.redo(reader)
                store.standing_reviews()
        except BaseException as error:  # noqa: BLE001 - a thread's edge: the test reports it
            problems.append(error)

    with Store(place) as store:
        threads = [threading.Thread(target=work, args=(store, f"reader {n}")) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert len(store.history()) == 4 * 8 * 3
        assert [r.id for r in store.history()] == sorted({r.id for r in store.history()})


@contextmanager
def _disk_of(pages: int) -> Iterator[None]:
    """Let new connections take the disk for full once a store has that many pages."""

    def limit(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def test_a_full_disk_gets_a_sentence_and_keeps_what_was_recorded(place: Path) -> None:
    size = place.stat().st_size // 4096
    told: list[int] = []
    with _disk_of(size + 2), Store(place) as store:

        def append_until_it_is_full() -> None:
            for _ in range(1000):
                told.append(store.append(review(header(1)))[0].id)

        with pytest.raises(StoreUnwritable, match=r"overread\.sqlite.*disk is full") as caught:
            append_until_it_is_full()
        assert "\n" not in str(caught.value)
        assert [r.id for r in store.history()] == told  # it can still be read
        with pytest.raises(StoreUnwritable):
            store.add_images(header(n) for n in range(1000))
    with Store(place) as store:  # somebody made room
        assert [r.id for r in store.history()] == told
        assert store.append(review(header(1)))[0].id > max(told)


FILL_UP = """
import resource, sys
from reviews.errors import StoreUnwritable
from reviews.store import Store
from tests.reviews.making import header, review

with Store(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        while True:
            print(store.append(review(header(1)))[0].id, flush=True)
    except StoreUnwritable as error:
        print(error, file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_write_that_the_system_refuses_gets_a_sentence(place: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILL_UP, str(place)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(place) in done.stderr
    assert done.stderr.count("\n") == 1
    with Store(place) as store:
        assert [str(r.id) for r in store.history()] == done.stdout.split()
