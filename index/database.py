"""One SQLite file: connections shared by threads, transactions, snapshots, and errors in our own words."""

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.types import LibraryBusy, LibraryError

_WAIT = 30  # seconds that one writer waits for another


class Database:
    """A SQLite database in WAL mode, safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._idle: deque[sqlite3.Connection] = deque()
        self._all: list[sqlite3.Connection] = []

    def close(self) -> None:
        self._idle.clear()
        for connection in self._all:
            connection.close()
        self._all.clear()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, also under kill -9."""
        with self._connection() as connection:
            self.run("BEGIN IMMEDIATE")
            try:
                yield
                self.run("COMMIT")
            finally:
                if connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    self.run("ROLLBACK")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Whatever is read inside belongs to one state of the library, though others write meanwhile."""
        with self._connection() as connection:
            if connection.in_transaction:
                yield
                return
            self.run("BEGIN")
            try:
                yield
            finally:
                self.run("COMMIT")

    def run(self, query: str, *parameters: object) -> int:
        """Run a statement; how many rows it changed."""
        with self._connection() as connection, self._our_errors():
            return connection.execute(query, parameters).rowcount

    def run_many(self, query: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement once for each row of parameters."""
        with self._connection() as connection, self._our_errors():
            connection.executemany(query, rows)

    def all(self, query: str, *parameters: object) -> list[Any]:
        """All rows that a query finds."""
        with self._connection() as connection, self._our_errors():
            return connection.execute(query, parameters).fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        """The first value of the first row that a query finds, or None."""
        rows = self.all(query, *parameters)
        return rows[0][0] if rows else None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection: the one it uses already, else an idle one, else a new one."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            yield connection
            return
        connection = self._local.connection = self._borrow()
        try:
            yield connection
        finally:
            self._local.connection = None
            self._idle.append(connection)

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            with self._our_errors():
                return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        self._all.append(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise LibraryBusy(
                    f"another process is writing to {self._path}; try again when it has finished"
                ) from error
            raise LibraryError(f"{self._path}: {error}; nothing was changed") from error
        except sqlite3.Error as error:
            raise LibraryError(f"{self._path} is not a library that can be read: {error}") from error
