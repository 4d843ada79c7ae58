"""The questions that are asked of the file, as SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ipyvitals.sinks.store.schema import columns_of
from ipyvitals.sinks.store.shape import METRICS, SYSTEM, Column

__all__ = ["Asked", "Own", "Query", "figures", "happenings", "rows_of"]

Query: TypeAlias = tuple[str, list[Any]]


class Own(NamedTuple):
    """The session that asks about itself: what others do at the same time is left out."""

    token: str
    started_at: float
    others: tuple[str, ...] = ()
    """Sessions that live."""


class Asked(NamedTuple):
    """What of the history is wanted."""

    since: float | None = None
    until: float | None = None
    monitor: str | None = None
    model_id: str | None = None
    own: Own | None = None

    def where(self, at: str, *, held: str | None = None) -> Query:
        """Return conditions for a SELECT that joins ``sessions`` as `s`.

        Parameters
        ----------
        at : str
            The column of time.
        held : str, optional
            A condition that tells, in place of the session, what the session's own is.
        """
        conditions: list[str] = []
        values: list[Any] = []
        for condition, value in (
            (f"{at} >= ?", self.since),
            (f"{at} < ?", self.until),
            ("{monitor} = ?", self.monitor),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if self.own is not None and held is None:
            # Of others only what was over before it began.
            others = ", ".join("?" * len(self.own.others))
            conditions.append(
                "(s.token = ? OR (coalesce(s.ended_at, s.heartbeat_at) <= ?"
                f" AND s.token NOT IN ({others})))"
            )
            values += [self.own.token, self.own.started_at, *self.own.others]
        elif self.own is not None:
            conditions.append(held or "")
            values += [self.own.token, self.own.token]
        return " AND ".join(conditions) or "1", values


NOTHING = "SELECT NULL AS at WHERE false"
HELD = (
    "(m.holder = (SELECT id FROM {schema}.sessions WHERE token = ?) OR m.model_id NOT IN "
    "(SELECT model_id FROM {schema}.models WHERE holder = "
    "(SELECT id FROM {schema}.sessions WHERE token = ?)))"
)
"""A model that the session holds, or does not have at all."""


def figures(
    connection: sqlite3.Connection,
    schemas: Iterable[str],
    section: str,
    asked: Asked,
    seconds: float | None,
) -> Query:
    """Return the query for a section of figures, one row a moment or one a stretch of `seconds`.

    Its columns are time, monitor, session, for ``"metrics"`` model_id, and those of the section.
    """
    of_model = section == "metrics"
    columns = METRICS if of_model else SYSTEM
    rows, values = rows_of(connection, schemas, section, asked)
    names = ["monitor", "session", *(["model_id"] if of_model else [])]
    if seconds is None:
        shown = ", ".join([*names, *map(_rounded, columns)])
        return f"SELECT at, {shown} FROM ({rows}) ORDER BY at", values
    summaries = [_summary(column) for column in columns]
    keys = "monitor, slot, model_id" if of_model else "monitor"
    # Where a query has one max() and no other, bare columns are those of its row.
    text = (
        f"SELECT floor_at, {', '.join([*names, *summaries])}, max(at) FROM "
        f"(SELECT CAST(at / ? AS INTEGER) * ? AS floor_at, * FROM ({rows})) "
        f"GROUP BY {keys}, floor_at ORDER BY floor_at"
    )
    return text, [seconds, seconds, *values]


def rows_of(
    connection: sqlite3.Connection, schemas: Iterable[str], section: str, asked: Asked
) -> Query:
    """Return the query for all rows of a section of figures, those of seconds and of minutes."""
    of_model = section == "metrics"
    columns = METRICS if of_model else SYSTEM
    parts: list[str] = []
    values: list[Any] = []
    for schema in schemas:
        for table in (f"{schema}.{section}", f"{schema}.{section}_minutes"):
            there = columns_of(connection, *table.split("."))
            if there:
                text, its = _figures_of(table, there, columns, asked, of_model=of_model)
                parts.append(text)
                values += its
    return " UNION ALL ".join(parts), values


def _figures_of(
    table: str, there: set[str], columns: Sequence[Column], asked: Asked, *, of_model: bool
) -> Query:
    schema = table.partition(".")[0]
    shown = ["x.at AS at", "x.n AS n" if "n" in there else "1 AS n", "s.token AS session"]
    shown += [f"{f'x.{one}' if one in there else 'NULL'} AS {one}" for one, *_ in columns]
    if not of_model:
        where, values = asked.where("x.at")
        shown += ["s.monitor AS monitor"]
        tables = f"{schema}.sessions AS s JOIN {table} AS x ON x.session = s.id"
        where = where.format(monitor="s.monitor")
    else:
        where, values = asked.where("x.at", held=HELD)
        where = where.format(monitor="m.monitor", schema=schema)
        if asked.model_id is not None:
            where, values = f"{where} AND m.model_id = ?", [*values, asked.model_id]
        shown += ["m.monitor AS monitor", "m.slot AS slot", "m.model_id AS model_id"]
        tables = (
            f"{schema}.models AS m JOIN {table} AS x ON x.model = m.id "
            f"LEFT JOIN {schema}.sessions AS s ON s.id = x.session"
        )
    return f"SELECT {', '.join(shown)} FROM {tables} WHERE {where}", values


def _rounded(column: Column) -> str:
    # Of a minute long ago there is only the mean.
    if column.kind == "count" and column.mean:
        return f"CAST(round({column.name}) AS INTEGER) AS {column.name}"
    return column.name


def _summary(column: Column) -> str:
    name = column.name
    if not column.mean:
        return name
    return f"sum({name} * n) * 1.0 / sum((({name}) IS NOT NULL) * n) AS {name}"


def happenings(
    connection: sqlite3.Connection,
    schemas: Iterable[str],
    table: str,
    columns: Sequence[str],
    asked: Asked,
) -> Query:
    """Return the query for what happened in sessions, one row each, in the order of time."""
    parts: list[str] = []
    values: list[Any] = []
    for schema in schemas:
        if not columns_of(connection, schema, table):
            continue
        where, its = asked.where("x.at")
        if asked.model_id is not None:
            where, its = f"{where} AND x.model_id = ?", [*its, asked.model_id]
        parts.append(
            f"SELECT x.at AS at, s.monitor AS monitor, s.token AS session, "
            f"{', '.join(f'x.{name}' for name in columns)} FROM {schema}.sessions AS s "
            f"JOIN {schema}.{table} AS x ON x.session = s.id "
            f"WHERE {where.format(monitor='s.monitor')}"
        )
        values += its
    return f"SELECT * FROM ({' UNION ALL '.join(parts) or NOTHING}) ORDER BY at", values
