"""Transactions on the store's database, with its errors as sentences."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from reviews import dialect
from reviews.errors import StoreClosed


class Database:
    """Where a store's rows are; safe to use from several threads and beside other processes.

    Parameters
    ----------
    address
        The path of a SQLite file or a SQLAlchemy URL.
    busy_timeout_s
        How long a write waits for another process's write.
    """

    def __init__(self, address: str | Path, busy_timeout_s: float = 30.0) -> None:
        url = dialect.url_of(address)
        self.place = dialect.place_of(url)
        self._engine = dialect.make_engine(url, busy_timeout_s)
        self._write_engine = self._engine.execution_options(writes=True)
        # Threads of this process queue here, fairly, instead of polling the file's lock.
        self._writing = threading.Lock()
        self._is_closed = False
        with self._sentences():
            dialect.use_write_ahead_log(self._engine, busy_timeout_s)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the store, whatever others write meanwhile."""
        self._require_open()
        with self._sentences(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is alone in writing, and is on disk when the block has ended."""
        with self._writing:
            self._require_open()
            with self._sentences(), self._write_engine.begin() as connection:
                yield connection

    def close(self) -> None:
        """Wait for a write under way, then let go of the file."""
        with self._writing:
            self._is_closed = True
            self._engine.dispose()

    def _require_open(self) -> None:
        if self._is_closed:
            raise StoreClosed(f"The store {self.place} was closed; nothing more can be asked of it.")

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            said = dialect.translated(error, self.place)
            if said is None:
                raise
            raise said from error
