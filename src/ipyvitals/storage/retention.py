"""Keeps the file short: seconds become minutes, and what is old goes, in small steps."""

from __future__ import annotations

import sqlite3
from math import inf
from typing import NamedTuple

from ipyvitals.storage.columns import METRICS, SYSTEM, Column
from ipyvitals.storage.schema import transaction

__all__ = ["MINUTES_SECONDS", "RAW_SECONDS", "Retention"]

DAY = 86_400.0
RAW_SECONDS = 7 * DAY
"""For so long every row is kept."""
MINUTES_SECONDS = 90 * DAY
"""For so long anything is."""
SPAN_SECONDS = 1_800.0
"""Of one model, that becomes minutes at once."""
STEP_ROWS = 2_000
"""That go at once."""
PAUSE_SECONDS = 1.0
REST_SECONDS = 300.0
JUMP_SECONDS = DAY / 2
DOUBT_SECONDS = 3_600.0
"""For so long a clock that jumped forward is not believed."""
SPARE_PAGES = 1_000
FIRST_SECONDS = 10.0
ROUTINE = "('system_metrics', 'model_metrics_update', 'training_progress')"


class Figures(NamedTuple):
    """A table of figures, and whose they are."""

    table: str
    key: str
    owner: str
    columns: tuple[Column, ...]


FIGURES = (
    Figures("metrics", "model", "models", METRICS),
    Figures("system", "session", "sessions", SYSTEM),
)


class Old(NamedTuple):
    """Rows that go: their table, its key, where to look for them (as `x`), and which they are."""

    table: str
    key: str
    tables: str
    condition: str


# By its owner's key each owner's oldest rows are found at once, however many there are.
OF_SESSION = "sessions AS o JOIN {} AS x ON x.session = o.id"
OF_MODEL = "models AS o JOIN {} AS x ON x.model = o.id"
OF_RUN = "runs AS r JOIN sessions AS o ON o.id = r.session JOIN {} AS x USING (session, run)"
RUN_IS_OLD = "coalesce(r.ended_at, o.heartbeat_at) < :minutes"
HOLDER_IS_OLD = (
    "NOT EXISTS (SELECT 1 FROM sessions AS s WHERE s.id = x.holder AND s.heartbeat_at >= :minutes)"
)
NOTHING_HAPPENED = "NOT EXISTS (SELECT 1 FROM events AS e WHERE e.session = x.id)"

OLD = (
    Old("events", "session, at, seq", OF_SESSION, f"x.at < :raw AND x.type IN {ROUTINE}"),
    Old("events", "session, at, seq", OF_SESSION, "x.at < :minutes"),
    Old("predictions", "id", "{} AS x", "x.at < :raw"),
    Old("deployments", "session, at, model_id", OF_SESSION, "x.at < :minutes"),
    Old("metrics_minutes", "model, at", OF_MODEL, "x.at < :minutes"),
    Old("system_minutes", "session, at", OF_SESSION, "x.at < :minutes"),
    Old("progress", "session, run, n", OF_RUN, RUN_IS_OLD),
    Old("runs", "session, run", OF_RUN, RUN_IS_OLD),
    Old("models", "id", "{} AS x", f"x.saved_at < :minutes AND {HOLDER_IS_OLD}"),
    Old("sessions", "id", "{} AS x", f"x.heartbeat_at < :minutes AND {NOTHING_HAPPENED}"),
)
"""What goes, in this order."""


class Retention:
    """Does one small step at a time, and then leaves the file to others for a while."""

    def __init__(self) -> None:
        self._due: float | None = None
        self._seen: tuple[float, float] | None = None
        self._doubted_until = -inf

    def step(self, connection: sqlite3.Connection, at: float, now: float) -> float:
        """Do a step if one is due; return the seconds until the next is.

        Parameters
        ----------
        connection : sqlite3.Connection
            In autocommit mode.
        at, now : float
            Unix and monotonic seconds.
        """
        if self._due is None:
            self._due = now + FIRST_SECONDS
        if now >= self._due:
            done = self._trusts(at, now) and _step(connection, at)
            self._due = now + (PAUSE_SECONDS if done else REST_SECONDS)
        return self._due - now

    def _trusts(self, at: float, now: float) -> bool:
        before, self._seen = self._seen, (at, now)
        if before is not None and (at - before[0]) - (now - before[1]) > JUMP_SECONDS:
            # Nobody slept for that long, so the clock was wrong before, or is wrong now.
            self._doubted_until = now + DOUBT_SECONDS
        return now >= self._doubted_until


def _step(connection: sqlite3.Connection, at: float) -> bool:
    """Do the first thing that there is to do; return whether there was any."""
    raw = (at - RAW_SECONDS) // 60 * 60
    times = {"raw": raw, "minutes": at - MINUTES_SECONDS}
    for figures in FIGURES:
        if _make_minutes(connection, figures, raw):
            return True
    for old in OLD:
        tables = old.tables.format(old.table)
        keys = ", ".join(f"x.{name}" for name in old.key.split(", "))
        found = f"SELECT {keys} FROM {tables} WHERE {old.condition} LIMIT {STEP_ROWS}"
        if connection.execute(found, times).fetchone() is not None:
            delete = f"DELETE FROM {old.table} WHERE ({old.key}) IN ({found})"
            with transaction(connection):
                connection.execute(delete, times)
            return True
    return _give_back(connection)


def _make_minutes(connection: sqlite3.Connection, figures: Figures, until: float) -> bool:
    table, key, owner, columns = figures
    found = connection.execute(
        f"SELECT id, (SELECT min(at) FROM {table} WHERE {key} = owner.id) AS first "
        f"FROM {owner} AS owner WHERE first < ? LIMIT 1",
        (until,),
    ).fetchone()
    if found is None:
        return False
    owned, first = found
    times = {"owned": owned, "first": first, "until": min(until, first // 60 * 60 + SPAN_SECONDS)}
    where = f"WHERE {key} = :owned AND at >= :first AND at < :until"
    kept = ["session"] if key == "model" else []
    names = [key, "at", *kept, "n", *(column.name for column in columns)]
    values = [key, "CAST(at / 60 AS INTEGER) * 60 AS minute", *kept, "count(*) AS n"]
    values += [f"avg({name}) AS {name}" if mean else name for name, _, mean in columns]
    shown = ["minute" if name == "at" else name for name in names]
    merged = [f"{name} = excluded.{name}" for name in kept]
    merged += [_merged(column) for column in columns]
    # Where a query has one max() and no other, bare columns are those of its row.
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
    both = f"({name} * n + excluded.{name} * excluded.n) / (n + excluded.n)"
    return f"{name} = coalesce({both}, {name}, excluded.{name})"


def _give_back(connection: sqlite3.Connection) -> bool:
    """Give unused pages back to the disk, when there are many; return whether there were."""
    pages, spare = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count")
    )
    if spare < max(SPARE_PAGES, pages / 4):
        return False
    connection.execute(f"PRAGMA incremental_vacuum({SPARE_PAGES})").fetchall()
    return True
