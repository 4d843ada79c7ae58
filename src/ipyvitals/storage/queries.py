"""The questions that are asked of the file, as SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ipyvitals.storage.columns import METRICS, SYSTEM, Column
from ipyvitals.storage.schema import columns_of

__all__ = ["HistoryQuery", "Query", "SelfFilter", "figures", "happenings"]

Query: TypeAlias = tuple[str, list[Any]]


class SelfFilter(NamedTuple):
    """The session that asks about itself: what others do at the same time is left out."""

    token: str
    started_at: float
    others: tuple[str, ...] = ()
    """Sessions that live."""


class HistoryQuery(NamedTuple):
    """What of the history is wanted."""

    since: float | None = None
    until: float | None = None
    monitor: str | None = None
    model_id: str | None = None
    own: SelfFilter | None = None

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
    asked: HistoryQuery,
    seconds: float | None,
) -> Query:
    """Return the query for a section of figures, one row a moment or one a stretch of `seconds`.

    Its columns are time, monitor, session, for ``"metrics"`` model_id, and those of the section.
    The rows of each table come in the order of time, not those of all of them.
    """
    tables = _tables(connection, schemas, section, asked)
    if seconds is None:
        return _together(table.rows() for table in tables)
    rows, values = _together(table.stretches(seconds) for table in tables)
    of_model = section == "metrics"
    names = ["monitor", "session", *(["model_id"] if of_model else [])]
    shown = [*names, *map(_summary, METRICS if of_model else SYSTEM)]
    keys = "monitor, slot, model_id" if of_model else "monitor"
    # Where a query has one max() and no other, bare columns are those of its row.
    text = (
        f"SELECT begun_at, {', '.join(shown)}, max(at) FROM ({rows}) "
        f"GROUP BY {keys}, begun_at ORDER BY begun_at"
    )
    return text, values


def rows_of(
    connection: sqlite3.Connection, schemas: Iterable[str], section: str, asked: HistoryQuery
) -> Query:
    """Return the query for all rows of a section of figures, with the models' slots."""
    tables = _tables(connection, schemas, section, asked)
    return _together(table.rows(slots=True) for table in tables)


def _tables(
    connection: sqlite3.Connection, schemas: Iterable[str], section: str, asked: HistoryQuery
) -> list[_Table]:
    return [
        _Table(schema, name, there, asked)
        for schema in schemas
        for name in (section, f"{section}_minutes")
        if (there := columns_of(connection, schema, name))
    ]


def _together(parts: Iterable[Query]) -> Query:
    texts: list[str] = []
    values: list[Any] = []
    for text, its in parts:
        texts.append(text)
        values += its
    return " UNION ALL ".join(texts), values


class _Table:
    """A table of figures: seconds, or minutes with how many rows each was."""

    def __init__(self, schema: str, name: str, there: set[str], asked: HistoryQuery) -> None:
        self._of_model = name.startswith("metrics")
        self._columns = METRICS if self._of_model else SYSTEM
        self._there = there
        if self._of_model:
            where, self._values = asked.where("x.at", held=HELD)
            where = where.format(monitor="m.monitor", schema=schema)
            if asked.model_id is not None:
                where, self._values = f"{where} AND m.model_id = ?", [*self._values, asked.model_id]
            self._whose = ["m.monitor AS monitor", "s.token AS session", "m.model_id AS model_id"]
            tables = f"{schema}.models AS m JOIN {schema}.{name} AS x ON x.model = m.id"
            sessions = f"LEFT JOIN {schema}.sessions AS s ON s.id = x.session"
        else:
            where, self._values = asked.where("x.at")
            where = where.format(monitor="s.monitor")
            self._whose = ["s.monitor AS monitor", "s.token AS session"]
            tables = f"{schema}.sessions AS s JOIN {schema}.{name} AS x ON x.session = s.id"
            sessions = ""
        self._from = f"FROM {tables} {sessions} WHERE {where}"

    def rows(self, *, slots: bool = False) -> Query:
        """Return the query for every row."""
        slot = ["m.slot AS slot"] if slots and self._of_model else []
        shown = ["x.at AS at", *self._whose, *slot, *map(self._rounded, self._columns)]
        return f"SELECT {', '.join(shown)} {self._from}", self._values

    def stretches(self, seconds: float) -> Query:
        """Return the query for sums and last values of stretches of time."""
        begun_at = "CAST(x.at / ? AS INTEGER) * ? AS begun_at"
        slot = ["m.slot AS slot"] if self._of_model else []
        shown = [begun_at, "max(x.at) AS at", *self._whose, *slot]
        for column in self._columns:
            shown += self._sums(column)
        # The tables' own keys are shorter than names.
        keys = f"{'m.id' if self._of_model else 's.id'}, begun_at"
        text = f"SELECT {', '.join(shown)} {self._from} GROUP BY {keys}"
        return text, [seconds, seconds, *self._values]

    def _value(self, name: str) -> str:
        return f"x.{name}" if name in self._there else "NULL"

    def _rounded(self, column: Column) -> str:
        value = self._value(column.name)
        if column.kind == "count" and column.mean and "n" in self._there:
            # Of a minute long ago there is only the mean.
            value = f"CAST(round({value}) AS INTEGER)"
        return f"{value} AS {column.name}"

    def _sums(self, column: Column) -> list[str]:
        name, value = column.name, self._value(column.name)
        if not column.mean:
            return [f"{value} AS {name}"]
        if "n" in self._there:
            return [
                f"sum({value} * x.n) AS {name}",
                f"sum(({value} IS NOT NULL) * x.n) AS n_{name}",
            ]
        return [f"sum({value}) AS {name}", f"count({value}) AS n_{name}"]


def _summary(column: Column) -> str:
    name = column.name
    return f"sum({name}) * 1.0 / sum(n_{name}) AS {name}" if column.mean else name


def happenings(
    connection: sqlite3.Connection,
    schemas: Iterable[str],
    table: str,
    columns: Sequence[str],
    asked: HistoryQuery,
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
