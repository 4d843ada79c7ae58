"""Answers questions about the history, from a file, from memory, or from both."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import msgspec

from ipyvitals.errors import ArgumentValueError, StoreError
from ipyvitals.schema import Event
from ipyvitals.storage.columns import COLUMNS, SECTIONS, Column
from ipyvitals.storage.connections import Gate, connect
from ipyvitals.storage.dataframes import Columns, frame, resampled_training, seconds_of
from ipyvitals.storage.downsampling import extremes
from ipyvitals.storage.files import attach, unreadable
from ipyvitals.storage.ownership import Holder, Session, alive
from ipyvitals.storage.queries import HistoryQuery, SelfFilter, figures, happenings
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.rows import Row
from ipyvitals.storage.schema import APPLICATION_ID, columns_of, prepare, transaction
from ipyvitals.storage.summaries import StoredModel, StoredMonitor, StoredRun
from ipyvitals.utils.datetimes import unix_seconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reader"]

FILE, MEMORY = "file", "main"
PATIENCE_SECONDS = 5.0
CHUNK_ROWS = 10_000
FIGURES = ("metrics", "system")
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "training": ("progress", ("run", "stage", "state", "step", "total", "metrics")),
    "events": ("events", ("type", "seq", "model_id", "data")),
    "models": (
        "deployments",
        ("model_id", "name", "version", "trained_at", "deployed_at", "baseline_accuracy"),
    ),
    "predictions": (
        "predictions",
        ("model_id", "key AS id", "prediction", "actual", "labelled", "latency_seconds", "segment"),
    ),
}
OF_MODELS = ("metrics", "events", "models", "predictions")
NAMED = (Column("monitor", "text"), Column("session", "text"))
ABOUT_MODEL = frozenset(
    str(kind.__struct_config__.tag)
    for kind in get_args(Event)
    if "model_id" in kind.__struct_fields__
)
"""Events with a ``model_id`` among their fields."""
HOLDER = "s.token, s.heartbeat_at, s.ended_at, s.pid, s.place, s.born"


class Reader:
    """Reads a file, rows that are in no file yet, or both as one. Not thread-safe.

    Parameters
    ----------
    path : Path, optional
        A file of history.

    Raises
    ------
    StoreError
        When it cannot be read.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._pid = os.getpid()
        self._gate = Gate()
        self._connection = connect(":memory:", uri=True, timeout=PATIENCE_SECONDS)
        self._schemas: tuple[str, ...] = ()
        with self._gate:
            try:
                if path is not None:
                    attach(self._connection, path, FILE)
                    self._check(path)
                    self._schemas = (FILE,)
            except BaseException:
                self._connection.close()
                raise

    def add(self, session: Session, rows: Iterable[Row]) -> None:
        """Read these rows as well: of a session, and in no file."""
        with self._gate:
            if MEMORY not in self._schemas:
                prepare(self._connection)
                self._schemas = (*self._schemas, MEMORY)
            with transaction(self._connection):
                SessionRepository(self._connection, session, time.time()).write(rows, time.time())

    def close(self) -> None:
        """Let go of the file; a forked child leaves it to its parent."""
        if self._pid == os.getpid():
            with self._gate:
                self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def history(
        self,
        section: str,
        *,
        since: Any = None,
        until: Any = None,
        monitor: str | None = None,
        model_id: str | None = None,
        freq: Any = None,
        own: SelfFilter | None = None,
        pixels: int | None = None,
    ) -> pd.DataFrame:
        """Return a section of the history; with `own`, that of one monitor alone.

        With `pixels`, of many figures only what is seen in a drawing of that width.
        """
        _check_section(section, model_id, freq)
        asked = HistoryQuery(
            unix_seconds("since", since),
            unix_seconds("until", until),
            monitor,
            model_id,
            None if own is None else self._told(own),
        )
        seconds = None if freq is None else seconds_of(freq)
        columns = COLUMNS[section]
        if own is None:
            columns = (*NAMED, *(column for column in columns if column.name != "monitor"))
        if section in FIGURES and pixels is not None:
            seen = extremes(self._fetch, self._connection, self._schemas, section, asked, pixels)
            if seen is not None:
                return frame([seen], columns)
        if section in FIGURES:
            query = figures(self._connection, self._schemas, section, asked, seconds)
            if seconds is not None:
                columns = tuple(column.averaged for column in columns)
            return frame(self._chunks(*query), columns)
        query = happenings(self._connection, self._schemas, *TABLES[section], asked)
        chunks = map(CHANGES.get(section, _as_it_is), self._chunks(*query))
        found = frame(chunks, columns)
        return found if seconds is None else resampled_training(found, seconds)

    def monitors(self) -> list[StoredMonitor]:
        """Return the names of monitors, the one heard of last at the end."""
        found: dict[str, StoredMonitor] = {}
        now = time.time()
        for monitor, started_at, *facts in self._all(
            f"SELECT s.monitor, s.started_at, {HOLDER} FROM {{schema}}.sessions AS s"
        ):
            holder, old = Holder(*facts), found.get(monitor)
            first, last = started_at, holder.ended_at or holder.heartbeat_at
            found[monitor] = StoredMonitor(
                name=monitor,
                sessions=1 + (old.sessions if old else 0),
                first_at=min(first, old.first_at if old else first),
                last_at=max(last, old.last_at if old else last),
                live=alive(holder, now) or (old is not None and old.live),
            )
        return sorted(found.values(), key=lambda one: one.last_at)

    def models(self, monitor: str | None = None) -> list[StoredModel]:
        """Return the models, of one monitor or of all, the one kept last at the end."""
        now = time.time()
        names = [name for name in StoredModel.__struct_fields__ if name not in ("last_at", "live")]
        columns = ", ".join(f"m.{name}" for name in [*names, "saved_at"])
        found = [
            StoredModel(
                **dict(zip(names, values, strict=False)),
                last_at=values[len(names)],
                live=values[-6] is not None and alive(Holder(*values[-6:]), now),
            )
            for values in self._all(
                f"SELECT {columns}, {HOLDER} FROM {{schema}}.models AS m "
                "LEFT JOIN {schema}.sessions AS s ON s.id = m.holder"
            )
        ]
        return sorted(
            (one for one in found if monitor in (None, one.monitor)), key=lambda one: one.last_at
        )

    def runs(self, monitor: str | None = None) -> list[StoredRun]:
        """Return the training runs, of one monitor or of all, the newest at the end."""
        now = time.time()
        names = [name for name in StoredRun.__struct_fields__ if name != "monitor"]
        columns = ", ".join(f"r.{name}" for name in names)
        found = []
        for values in self._all(
            f"SELECT {columns}, s.monitor, {HOLDER} FROM {{schema}}.runs AS r "
            "JOIN {schema}.sessions AS s ON s.id = r.session"
        ):
            fields = dict(zip([*names, "monitor"], values, strict=False))
            holder = Holder(*values[-6:])
            fields["run"] = f"{holder.token}-{fields['run']}"
            fields["metrics"] = msgspec.json.decode(fields["metrics"])
            if fields["state"] == "running" and not alive(holder, now):
                fields["state"] = "stopped"
            found.append(StoredRun(**fields))
        return sorted(
            (one for one in found if monitor in (None, one.monitor)),
            key=lambda one: one.started_at,
        )

    def _told(self, own: SelfFilter) -> SelfFilter:
        """Return what the file says of a session, and who lives beside it."""
        started = [
            at
            for token, at in self._all("SELECT token, started_at FROM {schema}.sessions")
            if token == own.token
        ]
        return own._replace(
            started_at=max([own.started_at, *started]), others=self._living(own.token)
        )

    def _living(self, token: str) -> tuple[str, ...]:
        """Return the sessions that live, but that with the `token`."""
        now = time.time()
        found = self._all(f"SELECT {HOLDER} FROM {{schema}}.sessions AS s WHERE s.ended_at IS NULL")
        holders = [Holder(*facts) for facts in found]
        return tuple(one.token for one in holders if one.token != token and alive(one, now))

    def _all(self, text: str) -> list[tuple[Any, ...]]:
        parts = [text.format(schema=schema) for schema in self._schemas]
        return self._fetch(" UNION ALL ".join(parts), []) if parts else []

    def _chunks(self, text: str, values: list[Any]) -> Iterator[Columns]:
        """Yield the columns of some rows at a time, the first of them under the name ``time``."""
        if not self._schemas:
            return
        with self._reading():
            cursor = self._connection.execute(text, values)
            names = ["time", *(about[0] for about in cursor.description[1:])]
            while rows := cursor.fetchmany(CHUNK_ROWS):
                yield dict(zip(names, zip(*rows, strict=True), strict=True))

    def _fetch(self, text: str, values: list[Any]) -> list[tuple[Any, ...]]:
        if not self._schemas:
            return []
        with self._reading():
            return self._connection.execute(text, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if self._pid != os.getpid():
            raise StoreError("expected a store that this process opened, got one of its parent.")
        try:
            with self._gate:
                yield
        except sqlite3.DatabaseError as error:
            if self._path is None:
                raise
            raise unreadable(self._path, error) from error

    def _check(self, path: Path) -> None:
        found = self._connection.execute(f"PRAGMA {FILE}.application_id").fetchone()[0]
        if found != APPLICATION_ID or not columns_of(self._connection, FILE, "sessions"):
            raise StoreError(
                f"{path}: expected a history of ipyvitals, got a database of something else."
            )


def _check_section(section: Any, model_id: Any, freq: Any) -> None:
    if section not in SECTIONS:
        raise ArgumentValueError(
            f"history({section!r}): expected one of {', '.join(map(repr, SECTIONS))}."
        )
    if model_id is not None and section not in OF_MODELS:
        raise ArgumentValueError(
            f"history({section!r}, model_id=…): expected no model_id, since that is not about one "
            "model."
        )
    if freq is not None and section not in (*FIGURES, "training"):
        raise ArgumentValueError(
            f"history({section!r}, freq=…): expected no freq, since these are no figures but what "
            "happened, one row each."
        )


def _as_it_is(columns: Columns) -> Columns:
    return columns


def _events(columns: Columns) -> Columns:
    """Return the columns with each event's own fields as a dict."""
    rows = zip(columns["type"], columns["model_id"], columns["data"], strict=True)
    data = []
    for kind, model_id, text in rows:
        fields: dict[str, Any] = msgspec.json.decode(text)
        data.append({"model_id": model_id, **fields} if kind in ABOUT_MODEL else fields)
    return {**columns, "data": data}


def _training(columns: Columns) -> Columns:
    """Return one row a metric, for reports of any number of metrics."""
    runs = [
        f"{session}-{run}" for session, run in zip(columns["session"], columns["run"], strict=True)
    ]
    reports = [msgspec.json.decode(text) or {None: None} for text in columns["metrics"]]
    places = [place for place, report in enumerate(reports) for _ in report]
    long = {name: [values[place] for place in places] for name, values in columns.items()}
    return {
        **long,
        "run": [runs[place] for place in places],
        "metric": [name for report in reports for name in report],
        "value": [value for report in reports for value in report.values()],
    }


CHANGES: dict[str, Callable[[Columns], Columns]] = {"events": _events, "training": _training}
