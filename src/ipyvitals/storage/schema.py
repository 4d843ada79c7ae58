"""Creates the tables of the file, and migrates those of older versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ipyvitals.errors import StoreError
from ipyvitals.storage.columns import METRICS, SYSTEM, Column

__all__ = [
    "APPLICATION_ID",
    "VERSION",
    "check_ours",
    "columns_of",
    "prepare",
    "transaction",
    "weight_name",
]

APPLICATION_ID = 0x69707976
"""``"ipyv"``: distinguishes the file from those of other programs."""

SQL_TYPES = {"number": "REAL", "count": "INTEGER", "flag": "INTEGER", "any": "BLOB"}

SESSIONS = """
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token TEXT NOT NULL UNIQUE,
  monitor TEXT NOT NULL,
  started_at REAL NOT NULL,
  heartbeat_at REAL NOT NULL,
  ended_at REAL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  place TEXT,
  born TEXT,
  version TEXT
)"""
MODELS = """
CREATE TABLE models (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  monitor TEXT NOT NULL,
  model_id TEXT NOT NULL,
  slot INTEGER NOT NULL,
  holder INTEGER,
  name TEXT,
  version TEXT,
  trained_at REAL,
  deployed_at REAL,
  status TEXT,
  total_predictions INTEGER,
  current_accuracy REAL,
  first_at REAL NOT NULL,
  saved_at REAL NOT NULL,
  head BLOB,
  body BLOB,
  UNIQUE (monitor, model_id, slot)
)"""
EVENTS = """
CREATE TABLE events (
  session INTEGER NOT NULL,
  at REAL NOT NULL,
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  model_id TEXT,
  data TEXT NOT NULL,
  PRIMARY KEY (session, at, seq)
) WITHOUT ROWID"""
DEPLOYMENTS = """
CREATE TABLE deployments (
  session INTEGER NOT NULL,
  at REAL NOT NULL,
  model_id TEXT NOT NULL,
  name TEXT,
  version TEXT,
  trained_at REAL,
  deployed_at REAL,
  baseline_accuracy REAL,
  PRIMARY KEY (session, at, model_id)
) WITHOUT ROWID"""
RUNS = """
CREATE TABLE runs (
  session INTEGER NOT NULL,
  run INTEGER NOT NULL,
  started_at REAL NOT NULL,
  ended_at REAL,
  stage TEXT NOT NULL,
  state TEXT NOT NULL,
  step INTEGER,
  total INTEGER,
  details TEXT NOT NULL,
  metrics TEXT NOT NULL,
  PRIMARY KEY (session, run)
) WITHOUT ROWID"""
PROGRESS = """
CREATE TABLE progress (
  session INTEGER NOT NULL,
  run INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at REAL NOT NULL,
  stage TEXT NOT NULL,
  state TEXT NOT NULL,
  step INTEGER,
  total INTEGER,
  metrics TEXT NOT NULL,
  PRIMARY KEY (session, run, n)
) WITHOUT ROWID"""
CURVES = """
CREATE TABLE IF NOT EXISTS curves (
  session INTEGER NOT NULL,
  run INTEGER NOT NULL,
  metric TEXT NOT NULL,
  curve TEXT NOT NULL,
  PRIMARY KEY (session, run, metric)
) WITHOUT ROWID"""
SETTINGS = """
CREATE TABLE IF NOT EXISTS settings (
  name TEXT NOT NULL PRIMARY KEY,
  value REAL
) WITHOUT ROWID"""
PREDICTIONS = """
CREATE TABLE predictions (
  id INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  at REAL NOT NULL,
  model_id TEXT NOT NULL,
  key,
  prediction,
  actual,
  labelled INTEGER NOT NULL,
  latency_seconds REAL,
  segment
)"""


def _samples(table: str, key: str, columns: Iterable[Column], *extra: str) -> str:
    lines = [f"{key} INTEGER NOT NULL", "at REAL NOT NULL", *extra]
    lines += [_sql(column) for column in columns]
    return f"CREATE TABLE {table} ({', '.join(lines)}, PRIMARY KEY ({key}, at)) WITHOUT ROWID"


def _sql(column: Column) -> str:
    return f"{column.name} {SQL_TYPES.get(column.kind, 'TEXT')}"


def weight_name(column: Column) -> str:
    """Return the column of a table of minutes that counts the known values behind a mean."""
    return f"n_{column.name}"


def _weights(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(Column(weight_name(column), "count") for column in columns if column.mean)


RUN_COLUMNS = (Column("info", "text"),)
"""Columns that the table of runs has got since its version: a `RunInfo` as JSON."""
SAMPLE_TABLES = {
    "metrics": METRICS,
    "metrics_minutes": (*METRICS, *_weights(METRICS)),
    "system": SYSTEM,
    "system_minutes": (*SYSTEM, *_weights(SYSTEM)),
}
ADDED_COLUMNS = {
    **SAMPLE_TABLES,
    "predictions": (Column("n", "count"),),
    # The first kernels of version 2 wrote files without it.
    "models": (Column("reference", "any"),),
    "runs": RUN_COLUMNS,
}
"""Columns that a table gets when a file lacks them; older kernels leave them empty."""
ADDED_TABLES = {"curves": CURVES, "settings": SETTINGS}
"""Tables that a file gets when it lacks them; older kernels leave them empty."""
ADDED_INDEXES = (
    "CREATE INDEX IF NOT EXISTS predictions_by_number ON predictions (session, n)",
    # Labels find their prediction by its number: an index of ids is not needed any more.
    "DROP INDEX IF EXISTS predictions_by_key",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        SESSIONS,
        MODELS,
        _samples("metrics", "model", METRICS, "session INTEGER"),
        _samples("system", "session", SYSTEM),
        EVENTS,
        DEPLOYMENTS,
        RUNS,
        PROGRESS,
    ),
    (
        _samples("metrics_minutes", "model", METRICS, "session INTEGER", "n INTEGER NOT NULL"),
        _samples("system_minutes", "session", SYSTEM, "n INTEGER NOT NULL"),
        PREDICTIONS,
        "CREATE INDEX predictions_by_key ON predictions (session, key)",
        "CREATE INDEX predictions_by_time ON predictions (at)",
    ),
)
"""Statements that make each version out of the one before. An empty file has version 0."""

VERSION = len(MIGRATIONS)


class transaction:  # noqa: N801 - used like a statement
    """Commits a ``with`` block as one transaction, or rolls it back; other writers wait."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def columns_of(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    """Return the columns of a table; none when it does not exist."""
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


def check_ours(connection: sqlite3.Connection) -> None:
    """Check that this version of ipyvitals can write the file.

    Raises
    ------
    StoreError
        When the file is that of another program, or of a newer ipyvitals.
    """
    _version(connection)


def prepare(connection: sqlite3.Connection, until: int = VERSION) -> None:
    """Create the tables, or migrate those of an older version.

    New fields of the contract become columns. That is no new version, since older kernels can
    still write the file.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    until : int
        Version to stop at.

    Raises
    ------
    StoreError
        When the file is that of another program, or of a newer ipyvitals.
    """
    if _is_current(connection):
        return
    with transaction(connection):
        version = _version(connection)
        for step in MIGRATIONS[version:until]:
            for statement in step:
                connection.execute(statement)
        for table, wanted in ADDED_COLUMNS.items():
            there = columns_of(connection, "main", table)
            for column in wanted if there else ():
                if column.name not in there:
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN {_sql(column)}")
        added = (*ADDED_TABLES.values(), *ADDED_INDEXES)
        for statement in added if columns_of(connection, "main", "predictions") else ():
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {max(version, until)}")


def _is_current(connection: sqlite3.Connection) -> bool:
    return (
        _version(connection) == VERSION
        and all(
            {column.name for column in wanted} <= columns_of(connection, "main", table)
            for table, wanted in ADDED_COLUMNS.items()
        )
        and all(columns_of(connection, "main", table) for table in ADDED_TABLES)
    )


def _version(connection: sqlite3.Connection) -> int:
    version = int(_pragma(connection, "user_version"))
    application = _pragma(connection, "application_id")
    if application != APPLICATION_ID and (application or version or _has_tables(connection)):
        raise StoreError(
            "expected a history of ipyvitals, got the database of another program; "
            "name another file by Monitor(store=…)."
        )
    if version > VERSION:
        raise StoreError(
            f"expected a history of version {VERSION} or older, got version {version}, of a newer "
            "ipyvitals; install that, or name another file by Monitor(store=…)."
        )
    return version


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
