"""Bounds the size of the file: old seconds become minutes, older rows but runs are deleted."""

from __future__ import annotations

import sqlite3
from math import inf
from typing import NamedTuple

from ipyvitals.storage.columns import METRICS, SYSTEM, Column
from ipyvitals.storage.moments import micros_of
from ipyvitals.storage.schema import transaction, weight_name
from ipyvitals.storage.settings import training_days_of

__all__ = ["MINUTES_SECONDS", "RAW_SECONDS", "Retention"]

DAY = 86_400.0
RAW_SECONDS = 7 * DAY
"""Age up to which every row stays."""
MINUTES_SECONDS = 90 * DAY
"""Age up to which means of minutes and rare events stay."""
MINUTE_MICROS = 60_000_000
SPAN_SECONDS = 1_800.0
"""Span of one model that becomes minutes in one step."""
STEP_ROWS = 2_000
"""Rows that one step deletes."""
PAUSE_SECONDS = 1.0
REST_SECONDS = 300.0
JUMP_SECONDS = DAY / 2
DOUBT_SECONDS = 3_600.0
"""How long nothing is deleted after the clock jumped forward."""
SPARE_PAGES = 1_000
FIRST_SECONDS = 10.0
ROUTINE = "('system_metrics', 'model_metrics_update', 'training_progress')"


class SampleSource(NamedTuple):
    """A table of samples, the column of their source, and the table of sources."""

    table: str
    key: str
    sources: str
    columns: tuple[Column, ...]


SAMPLES = (
    SampleSource("metrics", "model", "models", METRICS),
    SampleSource("system", "session", "sessions", SYSTEM),
)


class RetentionRule(NamedTuple):
    """Rows to delete: their table, its key, a FROM that names them `x`, and a condition."""

    table: str
    key: str
    tables: str
    condition: str


# Through the key of its source the oldest rows of each are found fast, however many there are.
OF_SESSION = "sessions AS o JOIN {} AS x ON x.session = o.id"
OF_MODEL = "models AS o JOIN {} AS x ON x.model = o.id"
OF_RUN = "runs AS r JOIN sessions AS o ON o.id = r.session JOIN {} AS x USING (session, run)"
RUN_IS_OLD = "coalesce(r.ended_at, o.heartbeat_at) < :training"
OWNER_IS_OLD = (
    "NOT EXISTS (SELECT 1 FROM sessions AS s WHERE s.id = x.holder AND s.heartbeat_at >= :minutes)"
)
IS_EMPTY = (
    "NOT EXISTS (SELECT 1 FROM events AS e WHERE e.session = x.id) "
    "AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.session = x.id)"
)

RULES = (
    RetentionRule("events", "session, at, seq", OF_SESSION, f"x.at < :raw AND x.type IN {ROUTINE}"),
    RetentionRule("events", "session, at, seq", OF_SESSION, "x.at < :minutes"),
    RetentionRule("predictions", "id", "{} AS x", "x.at < :raw"),
    RetentionRule("deployments", "session, at, model_id", OF_SESSION, "x.at < :minutes"),
    RetentionRule("metrics_minutes", "model, at", OF_MODEL, "x.at < :minutes"),
    RetentionRule("system_minutes", "session, at", OF_SESSION, "x.at < :minutes"),
    RetentionRule("progress", "session, run, n", OF_RUN, RUN_IS_OLD),
    RetentionRule("models", "id", "{} AS x", f"x.saved_at < :minutes AND {OWNER_IS_OLD}"),
    RetentionRule("sessions", "id", "{} AS x", f"x.heartbeat_at < :minutes AND {IS_EMPTY}"),
)
"""Rules in the order in which they apply; runs and their curves stay until a user deletes them."""


class Retention:
    """Does one small step at a time, with pauses in which other processes can write."""

    def __init__(self) -> None:
        self._due: float | None = None
        self._seen: tuple[float, float] | None = None
        self._doubted_until = -inf

    def step(self, connection: sqlite3.Connection, at: float, now: float) -> float:
        """Do a step if one is due; return the seconds until the next one.

        Parameters
        ----------
        connection : sqlite3.Connection
            In autocommit mode.
        at, now : float
            Unix and monotonic seconds.
        """
        if self.wait(now) <= 0:
            done = self._trusts(at, now) and _step(connection, at)
            self._due = now + (PAUSE_SECONDS if done else REST_SECONDS)
        return self.wait(now)

    def wait(self, now: float) -> float:
        """Return the monotonic seconds until the next step is due; 0 or less when it is."""
        if self._due is None:
            self._due = now + FIRST_SECONDS
        return self._due - now

    def _trusts(self, at: float, now: float) -> bool:
        before, self._seen = self._seen, (at, now)
        if before is not None and (at - before[0]) - (now - before[1]) > JUMP_SECONDS:
            # Wall time passed that monotonic time did not: the clock was or is wrong.
            self._doubted_until = now + DOUBT_SECONDS
        return now >= self._doubted_until


def _step(connection: sqlite3.Connection, at: float) -> bool:
    """Apply the first rule that finds rows; return whether there was one."""
    raw = (at - RAW_SECONDS) // 60 * 60
    days = training_days_of(connection)
    training = -inf if days is None else at - days * DAY
    times = {"raw": raw, "minutes": at - MINUTES_SECONDS, "training": training}
    for source in SAMPLES:
        if _make_minutes(connection, source, raw):
            return True
    for rule in RULES:
        tables = rule.tables.format(rule.table)
        keys = ", ".join(f"x.{name}" for name in rule.key.split(", "))
        found = f"SELECT {keys} FROM {tables} WHERE {rule.condition} LIMIT {STEP_ROWS}"
        if connection.execute(found, times).fetchone() is not None:
            delete = f"DELETE FROM {rule.table} WHERE ({rule.key}) IN ({found})"
            with transaction(connection):
                connection.execute(delete, times)
            return True
    return _vacuum(connection)


def _make_minutes(connection: sqlite3.Connection, samples: SampleSource, until: float) -> bool:
    """Replace the oldest seconds of one source by minutes; return whether there were any."""
    table, key, sources, columns = samples
    found = connection.execute(
        f"SELECT id, (SELECT min(at) FROM {table} WHERE {key} = source.id) AS first "
        f"FROM {sources} AS source WHERE first < ? LIMIT 1",
        (until,),
    ).fetchone()
    if found is None:
        return False
    source, first = found
    times = {"source": source, "first": first, "until": min(until, first // 60 * 60 + SPAN_SECONDS)}
    where = f"WHERE {key} = :source AND at >= :first AND at < :until"
    extra = ["session"] if key == "model" else []
    means = [column for column in columns if column.mean]
    weights = [weight_name(column) for column in means]
    names = [key, "at", *extra, "n", *(column.name for column in columns), *weights]
    values = [key, f"{micros_of('at')} / {MINUTE_MICROS} * 60 AS minute", *extra, "count(*) AS n"]
    values += [f"avg({name}) AS {name}" if mean else name for name, _, mean in columns]
    values += [f"count({column.name}) AS {weight_name(column)}" for column in means]
    shown = ["minute" if name == "at" else name for name in names]
    merged = [f"{name} = excluded.{name}" for name in extra]
    merged += [_merged(column) for column in columns]
    merged += [f"{weight_name(column)} = {_known(column)}" for column in means]
    # In a query with max() and no other aggregate like it, bare columns are those of its row.
    minutes = f"SELECT {', '.join(values)}, max(at) FROM {table} {where} GROUP BY minute"
    with transaction(connection):
        connection.execute(
            f"INSERT INTO {table}_minutes ({', '.join(names)}) "
            f"SELECT {', '.join(shown)} FROM ({minutes}) WHERE true "
            f"ON CONFLICT ({key}, at) DO UPDATE SET {', '.join(merged)}, n = n + excluded.n",
            times,
        )
        connection.execute(f"DELETE FROM {table} {where}", times)
    return True


def _merged(column: Column) -> str:
    name = column.name
    if not column.mean:
        return f"{name} = excluded.{name}"
    # The old names of all columns: an UPDATE reads them before it assigns any.
    before, after = f"coalesce({name}, 0) * {_weight(column)}", f"coalesce(excluded.{name}, 0)"
    total = f"{before} + {after} * excluded.{weight_name(column)}"
    return f"{name} = ({total}) / nullif({_known(column)}, 0)"


def _known(column: Column) -> str:
    """Return the SQL for the known values of both rows."""
    return f"({_weight(column)} + excluded.{weight_name(column)})"


def _weight(column: Column) -> str:
    """Return the SQL for the known values of the stored row; older kernels counted all values."""
    return f"coalesce({weight_name(column)}, ({column.name} IS NOT NULL) * n)"


def _vacuum(connection: sqlite3.Connection) -> bool:
    """Return unused pages to the disk when there are many; return whether there were."""
    pages, spare = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count")
    )
    if spare < max(SPARE_PAGES, pages / 4):
        return False
    connection.execute(f"PRAGMA incremental_vacuum({SPARE_PAGES})").fetchall()
    return True
