"""Builds the SQL queries for the sections of a history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ipyvitals.storage.columns import METRICS, SYSTEM, Column
from ipyvitals.storage.database import HistoryDatabase
from ipyvitals.storage.moments import micros_of
from ipyvitals.storage.overlay import HIDDEN_PREDICTIONS
from ipyvitals.storage.schema import weight_name

__all__ = [
    "HistoryQuery",
    "SampleTable",
    "SelfFilter",
    "SqlQuery",
    "event_query",
    "sample_query",
    "sample_tables",
    "union_all",
]

SqlQuery: TypeAlias = tuple[str, list[Any]]
"""A text with a question mark for each of its values, and the values."""

NO_ROWS = "SELECT NULL AS time WHERE false"
OWN_MODEL = (
    "(m.holder = (SELECT id FROM {schema}.sessions WHERE token = ?) OR m.model_id NOT IN "
    "(SELECT model_id FROM {schema}.models WHERE holder = "
    "(SELECT id FROM {schema}.sessions WHERE token = ?)))"
)
"""A model that the session owns, or of which it owns no instance."""


LOST_STATE = (
    "CASE WHEN x.state = 'running' AND s.token IN ({tokens}) AND x.n = (SELECT max(p.n) FROM "
    "{{schema}}.progress AS p WHERE p.session = x.session AND p.run = x.run) "
    "THEN 'lost' ELSE x.state END AS state"
)
"""The state of a report; that of a lost run's last report."""


class SelfFilter(NamedTuple):
    """Selects what belongs to one session or to its past, and leaves out parallel sessions."""

    token: str
    started_at: float
    others: tuple[str, ...] = ()
    """Sessions that are alive."""


class HistoryQuery(NamedTuple):
    """Selects a part of the history."""

    since: float | None = None
    until: float | None = None
    monitor: str | None = None
    model_id: str | None = None
    own: SelfFilter | None = None

    def where(self, monitor: str, *, own: str | None = None) -> SqlQuery:
        """Return conditions for a SELECT of a table `x` that joins ``sessions`` as `s`.

        Parameters
        ----------
        monitor : str
            The column with the name of the monitor.
        own : str, optional
            A condition that selects what belongs to a session, instead of that on sessions.
        """
        conditions: list[str] = []
        values: list[Any] = []
        for condition, value in (
            ("x.at >= ?", self.since),
            ("x.at < ?", self.until),
            (f"{monitor} = ?", self.monitor),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if self.own is not None and own is not None:
            conditions.append(own)
            values += [self.own.token, self.own.token]
        elif self.own is not None:
            # Of other sessions only those that had ended before this one started.
            others = ", ".join("?" * len(self.own.others))
            conditions.append(
                "(s.token = ? OR (coalesce(s.ended_at, s.heartbeat_at) <= ?"
                f" AND s.token NOT IN ({others})))"
            )
            values += [self.own.token, self.own.started_at, *self.own.others]
        return " AND ".join(conditions) or "1", values


class SampleTable:
    """A table of samples of the models or of the machine: seconds, or means of minutes.

    Parameters
    ----------
    database : HistoryDatabase
    schema, name : str
        Where the table is.
    """

    def __init__(self, database: HistoryDatabase, schema: str, name: str) -> None:
        self._schema = schema
        self._name = name
        self._of_models = name.startswith("metrics")
        self._columns = METRICS if self._of_models else SYSTEM
        self._there = database.columns(schema, name)
        self._is_minutes = "n" in self._there
        """Whether column `n` counts the seconds that became one row."""

    def rows(self, query: HistoryQuery) -> SqlQuery:
        """Return the query for every row."""
        shown = ["x.at AS time", *self._names(), *map(self._labeled, self._columns)]
        source, values = self.source(query)
        return f"SELECT {', '.join(shown)} {source}", values

    def intervals(self, query: HistoryQuery, micros: int) -> SqlQuery:
        """Return the query for sums and last values of intervals of some microseconds."""
        start = f"{micros_of('x.at')} / ? * ? / 1e6 AS time"
        instance = ["m.slot AS instance"] if self._of_models else []
        shown = [start, "max(x.at) AS at", *self._names(), *instance]
        for column in self._columns:
            shown += self._sums(column)
        source, values = self.source(query)
        # The tables' own keys are shorter than names.
        keys = f"{'m.id' if self._of_models else 's.id'}, time"
        text = f"SELECT {', '.join(shown)} {source} GROUP BY {keys}"
        return text, [micros, micros, *values]

    def source(self, query: HistoryQuery, *, before: str = "", on: str = "") -> SqlQuery:
        """Return the FROM and WHERE of a query.

        Parameters
        ----------
        query : HistoryQuery
        before : str
            A table to join first.
        on : str
            A further condition of the join.
        """
        schema, name = self._schema, self._name
        if self._of_models:
            where, values = query.where("m.monitor", own=OWN_MODEL.format(schema=schema))
            if query.model_id is not None:
                where, values = f"{where} AND m.model_id = ?", [*values, query.model_id]
            # CROSS JOIN: in this order, whatever SQLite knows of the sizes of tables.
            tables = f"{before} {schema}.models AS m CROSS JOIN {schema}.{name} AS x"
            tables += (
                f" ON x.model = m.id {on} LEFT JOIN {schema}.sessions AS s ON s.id = x.session"
            )
        else:
            where, values = query.where("s.monitor")
            tables = f"{before} {schema}.sessions AS s CROSS JOIN {schema}.{name} AS x"
            tables += f" ON x.session = s.id {on}"
        return f"FROM {tables} WHERE {where}", values

    def value(self, column: Column) -> str:
        """Return the SQL expression of a column; of older files that lack it, NULL."""
        value = self._raw(column.name)
        if column.kind == "count" and column.mean and self._is_minutes:
            # A minute has only the mean, and a count is a whole number.
            return f"CAST(round({value}) AS INTEGER)"
        return value

    def _names(self) -> list[str]:
        if self._of_models:
            return ["m.monitor AS monitor", "s.token AS session", "m.model_id AS model_id"]
        return ["s.monitor AS monitor", "s.token AS session"]

    def _raw(self, name: str) -> str:
        return f"x.{name}" if name in self._there else "NULL"

    def _labeled(self, column: Column) -> str:
        return f"{self.value(column)} AS {column.name}"

    def _sums(self, column: Column) -> list[str]:
        name, value = column.name, self._raw(column.name)
        if not column.mean:
            return [f"{value} AS {name}"]
        if self._is_minutes:
            # Rows of older kernels lack the count of known values.
            known = f"coalesce({self._raw(weight_name(column))}, x.n)"
            return [
                f"sum({value} * {known}) AS {name}",
                f"sum(({value} IS NOT NULL) * {known}) AS n_{name}",
            ]
        return [f"sum({value}) AS {name}", f"count({value}) AS n_{name}"]


def sample_tables(database: HistoryDatabase, section: str) -> list[SampleTable]:
    """Return the tables of a section that exist: of seconds and of minutes, of each schema."""
    return [
        SampleTable(database, schema, name)
        for schema in database.schemas
        for name in (section, f"{section}_minutes")
        if database.has_table(schema, name)
    ]


def sample_query(
    database: HistoryDatabase, section: str, query: HistoryQuery, micros: int | None
) -> SqlQuery:
    """Return the query for ``"metrics"`` or ``"system"``, one row a moment or an interval.

    Its columns are time, monitor, session, for ``"metrics"`` model_id, and those of the section.
    Each table is in the order of time, the rows of several tables are not.
    """
    tables = sample_tables(database, section)
    if micros is None:
        return union_all(table.rows(query) for table in tables)
    rows, values = union_all(table.intervals(query, micros) for table in tables)
    of_models = section == "metrics"
    names = ["monitor", "session", *(["model_id"] if of_models else [])]
    shown = ", ".join([*names, *map(_summary, METRICS if of_models else SYSTEM)])
    keys = "monitor, instance, model_id" if of_models else "monitor"
    # In a query with max() and no other aggregate like it, bare columns are those of its row.
    text = f"SELECT time, {shown}, max(at) FROM ({rows}) GROUP BY {keys}, time ORDER BY time"
    return text, values


def union_all(parts: Iterable[SqlQuery]) -> SqlQuery:
    """Return one query for the rows of several."""
    texts: list[str] = []
    values: list[Any] = []
    for text, its in parts:
        texts.append(text)
        values += its
    return " UNION ALL ".join(texts) or NO_ROWS, values


def _summary(column: Column) -> str:
    name = column.name
    return f"sum({name}) * 1.0 / sum(n_{name}) AS {name}" if column.mean else name


def event_query(
    database: HistoryDatabase,
    table: str,
    columns: Sequence[str],
    query: HistoryQuery,
    lost: Sequence[str] = (),
) -> SqlQuery:
    """Return the query for the rows of a table of single events, in the order of time.

    The last report of a run that was running has the state ``"lost"`` in the sessions `lost`.
    """
    where, values = query.where("s.monitor")
    if query.model_id is not None:
        where, values = f"{where} AND x.model_id = ?", [*values, query.model_id]
    shown = ", ".join(f"x.{name}" for name in columns)
    if lost:
        places = ", ".join("?" * len(lost))
        shown = shown.replace("x.state", LOST_STATE.format(tokens=places))
        values = [*lost, *values]

    def hidden(schema: str) -> str:
        both = len(database.schemas) > 1 and schema != database.schemas[-1]
        numbered = both and table == "predictions" and "n" in database.columns(schema, table)
        return HIDDEN_PREDICTIONS if numbered else ""

    source = f"{{schema}}.sessions AS s JOIN {{schema}}.{table} AS x ON x.session = s.id"
    select = f"SELECT x.at AS time, s.monitor AS monitor, s.token AS session, {shown}"
    query_text = f"{select} FROM {source} WHERE {where}"
    rows, values = union_all(
        (query_text.replace("{schema}", schema) + hidden(schema), values)
        for schema in database.schemas
        if database.has_table(schema, table)
    )
    return f"SELECT * FROM ({rows}) ORDER BY time", values
