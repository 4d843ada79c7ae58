"""Opens a history for one question: a file, rows that are in no file yet, or both as one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ipyvitals.errors import StoreError
from ipyvitals.storage.connections import connect
from ipyvitals.storage.files import error_code
from ipyvitals.storage.overlay import remove_written_rows, write_rows
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.rows import Row
from ipyvitals.storage.schema import APPLICATION_ID, columns_of, prepare, transaction

__all__ = ["HistoryDatabase", "open_history"]

FILE, MEMORY = "file", "main"
BUSY_SECONDS = 5.0
CHUNK_ROWS = 10_000


class HistoryDatabase(NamedTuple):
    """A connection, and the names of the schemas that hold the tables of a history."""

    connection: sqlite3.Connection
    schemas: tuple[str, ...]
    cursors: list[sqlite3.Cursor]
    """Cursors of `chunks`, which are closed with the connection."""

    def has_table(self, schema: str, table: str) -> bool:
        """Return whether a schema has a table; older files lack some."""
        return bool(self.columns(schema, table))

    def columns(self, schema: str, table: str) -> set[str]:
        """Return the columns of a table; none when it does not exist."""
        return columns_of(self.connection, schema, table)

    def union(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query in all schemas, whose name stands for ``{schema}``.

        Its values are numbered, ``?1`` and so on, since each schema gets them.
        """
        parts = [text.format(schema=schema) for schema in self.schemas]
        return self.fetch(" UNION ALL ".join(parts), values) if parts else []

    def fetch(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.connection.execute(text, values).fetchall()

    def chunks(
        self, text: str, values: Sequence[Any]
    ) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
        """Yield the names of the columns and some rows at a time."""
        cursor = self.connection.execute(text, values)
        self.cursors.append(cursor)
        names = [about[0] for about in cursor.description]
        while rows := cursor.fetchmany(CHUNK_ROWS):
            yield names, rows


@contextmanager
def open_history(
    path: Path | None, session: Session | None = None, rows: Iterable[Row] = ()
) -> Iterator[HistoryDatabase]:
    """Open a history, and close it at the end of the ``with`` block.

    Parameters
    ----------
    path : Path, optional
        A file of history.
    session : Session, optional
        The session of `rows`; without one, there are none.
    rows : iterable of Row
        Rows to read as if they were in the file.

    Raises
    ------
    StoreError
        When the file cannot be read.
    """
    cursors: list[sqlite3.Cursor] = []
    with closing(connect(":memory:", uri=True, timeout=BUSY_SECONDS)) as connection:
        schemas = []
        if path is not None:
            _attach(connection, path)
            schemas.append(FILE)
        if session is not None:
            prepare(connection)
            schemas.append(MEMORY)
        try:
            if session is not None:
                _add_rows(connection, session, list(rows), in_file=path is not None)
            yield HistoryDatabase(connection, tuple(schemas), cursors)
        except sqlite3.DatabaseError as error:
            if path is None:
                raise
            raise _unreadable(path, error) from error
        finally:
            # The traceback of an interrupted call may keep a cursor alive, and with it the lock of
            # the file: SQLite closes a connection only after its last cursor.
            for cursor in cursors:
                cursor.close()


def _add_rows(
    connection: sqlite3.Connection, session: Session, rows: list[Row], *, in_file: bool
) -> None:
    """Write rows into memory, less those that the file has by now, and read that file only."""
    now = time.time()
    with transaction(connection):
        repository = SessionRepository(connection, session, now)
        token = session.token if in_file else None
        write_rows(repository, connection, rows, now, token=token)
    # One transaction for all that follows: what is written meanwhile would be read twice.
    connection.execute("BEGIN")
    if in_file:
        remove_written_rows(connection, session.token)


def _attach(connection: sqlite3.Connection, path: Path) -> None:
    """Let a connection read a file, under a schema name of its own."""
    if not path.is_file():
        raise StoreError(f"{path}: expected a file of history, and there is none.")
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        application = _attach_address(connection, address)
    except sqlite3.DatabaseError as error:
        if error_code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise _unreadable(path, error) from error
        try:
            # In a read-only folder, SQLite cannot create the file that readers share.
            application = _attach_address(connection, f"{address}&immutable=1")
        except sqlite3.Error:
            raise _unreadable(path, error) from error
    if application != APPLICATION_ID or not columns_of(connection, FILE, "sessions"):
        raise StoreError(
            f"{path}: expected a history of ipyvitals, got a database of something else."
        )


def _attach_address(connection: sqlite3.Connection, address: str) -> int:
    connection.execute(f"ATTACH ? AS {FILE}", (address,))
    try:
        (application,) = connection.execute(f"PRAGMA {FILE}.application_id").fetchone()
        # Reads the first page, which finds out whether this is a database that can be read.
        connection.execute(f"SELECT 1 FROM {FILE}.sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.execute(f"DETACH {FILE}")
        raise
    return int(application)


def _unreadable(path: Path, error: BaseException) -> StoreError:
    return StoreError(f"{path}: cannot be read as a history of ipyvitals: {error}.")
