"""Writes the rows of one session into a database, and reads the checkpoints of its models."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from ipyvitals._version import __version__
from ipyvitals.schema import POINTS_OF_METRICS, POINTS_OF_SYSTEM, Event, Point
from ipyvitals.storage.buffer import OTHER
from ipyvitals.storage.columns import METRICS, SYSTEM
from ipyvitals.storage.ownership import OWNER_COLUMNS, Session, SessionOwner, alive
from ipyvitals.storage.rows import (
    CurveRow,
    DeploymentRow,
    LabelRow,
    MetricsRow,
    PredictionRow,
    ProgressRow,
    Row,
    RunRow,
    StateRow,
    SystemRow,
)
from ipyvitals.utils.storable import (
    MAX_INTEGER,
    MAX_TEXT_CHARS,
    MIN_INTEGER,
    encode,
    storable,
    storable_key,
    storable_text,
    storable_value,
)

__all__ = ["SessionRepository", "StoredCheckpoint"]

METRICS_COLUMNS = tuple(column.name for column in METRICS[1:])
SYSTEM_COLUMNS = tuple(column.name for column in SYSTEM)
PREDICTION_COLUMNS = (
    *("session", "n", "at", "model_id", "key"),
    *("prediction", "actual", "labelled", "latency_seconds", "segment"),
)
COMMON_FIELDS = ("monitor", "seq", "at", "type", "model_id")
MAX_VALUES = 900
"""Values of one statement; older versions of SQLite take 999."""
POINTS = 600
"""Points of a chart."""

_metrics_of: Callable[[Any], tuple[Any, ...]] = attrgetter(*METRICS_COLUMNS)
_system_of: Callable[[Any], tuple[Any, ...]] = attrgetter(*SYSTEM_COLUMNS)


class StoredCheckpoint(NamedTuple):
    """The checkpoint that an earlier kernel stored of a model."""

    head: bytes
    body: bytes | None
    reference: bytes | None
    points: list[Point]
    """Points of the charts, oldest first."""
    saved_at: float | None = None
    """Unix seconds."""


class SessionRepository:
    """Writes for one session, whose keys and those of its models it caches. Not thread-safe.

    Each call belongs to a transaction of its caller. After a failed one, make a new repository.

    Parameters
    ----------
    connection : sqlite3.Connection
    session : Session
        The session of all rows.
    now : float
        Unix seconds.
    """

    def __init__(self, connection: sqlite3.Connection, session: Session, now: float) -> None:
        self._connection = connection
        self._session = session
        self._monitor = storable_key(session.monitor)
        self._models: dict[str, int] = {}
        values = {
            "token": session.token,
            "monitor": self._monitor,
            "started_at": max(session.started_at, self._last_end(now)),
            "heartbeat_at": now,
            "host": storable_text(session.host),
            "pid": session.pid,
            "place": session.host_id,
            "born": session.process_start,
            "version": __version__,
        }
        connection.execute(
            _insert("sessions", tuple(values)) + " ON CONFLICT (token) DO NOTHING",
            tuple(values.values()),
        )
        found = connection.execute("SELECT id FROM sessions WHERE token = ?", (session.token,))
        self._id: int = found.fetchone()[0]

    def use(self, connection: sqlite3.Connection) -> bool:
        """Go on with another connection; return whether the file still has the session.

        A file whose write-ahead log was lost lacks the newest rows, among them perhaps this
        session or its models.
        """
        self._connection = connection
        session = (self._id, self._session.token)
        if not connection.execute(
            "SELECT 1 FROM sessions WHERE id = ? AND token = ?", session
        ).fetchone():
            return False
        found = connection.execute("SELECT id FROM models WHERE monitor = ?", (self._monitor,))
        there = {key for (key,) in found}
        self._models = {name: key for name, key in self._models.items() if key in there}
        return True

    def _last_end(self, now: float) -> float:
        """Return when the newest ended session ended, if that is in the future by this clock.

        Otherwise, after a clock was set back, earlier sessions would count as parallel ones.
        """
        found = self._connection.execute(
            f"SELECT {', '.join(OWNER_COLUMNS)} FROM sessions "
            "WHERE monitor = ? AND token <> ? AND coalesce(ended_at, heartbeat_at) > ?",
            (self._monitor, self._session.token, now),
        )
        owners = [SessionOwner(*facts) for facts in found]
        return max((one.last_at for one in owners if not alive(one, now)), default=0.0)

    def write(self, rows: Iterable[Row], now: float) -> None:
        """Write rows into the tables of their kinds."""
        groups: dict[type, list[Any]] = defaultdict(list)
        for row in rows:
            # Events of all types go into one table.
            groups[OTHER if isinstance(row, Event) else type(row)].append(row)
        # Labels update the rows of their predictions, so those are written first.
        for kind, of_kind in sorted(groups.items(), key=lambda item: item[0] is LabelRow):
            self._write_kind(kind, of_kind, now)

    def heartbeat(self, now: float) -> None:
        """Store the time of a heartbeat."""
        self._connection.execute(
            "UPDATE sessions SET heartbeat_at = ? WHERE id = ?", (now, self._id)
        )

    def end(self, now: float) -> None:
        """Store the end of the session; then other sessions can claim its models."""
        self._connection.execute(
            "UPDATE sessions SET heartbeat_at = ?, ended_at = ? WHERE id = ?", (now, now, self._id)
        )

    def claim(self, model_id: str, now: float) -> StoredCheckpoint | None:
        """Become the owner of a model that no live process owns; return its checkpoint.

        Where every instance has a live owner, the session gets a new instance.
        """
        where = (self._monitor, storable_key(model_id))
        found = self._connection.execute(
            "SELECT models.id, head, body, reference, saved_at, sessions.id,"
            f" {', '.join(OWNER_COLUMNS)}"
            " FROM models LEFT JOIN sessions ON sessions.id = models.holder"
            " WHERE models.monitor = ? AND model_id = ? ORDER BY slot",
            where,
        ).fetchall()
        # The own instance first: the session may own the second one since it lost the first.
        for key, head, body, reference, saved_at, owner, *facts in sorted(
            found, key=lambda row: row[5] != self._id
        ):
            if owner in (None, self._id) or not alive(SessionOwner(*facts), now):
                self._connection.execute(
                    "UPDATE models SET holder = ? WHERE id = ?", (self._id, key)
                )
                self._models[model_id] = key
                if head is None:
                    return None
                return StoredCheckpoint(head, body, reference, self._points(key), saved_at)
        made = self._connection.execute(
            "INSERT INTO models (monitor, model_id, slot, holder, first_at, saved_at) "
            "SELECT ?1, ?2, coalesce(max(slot), 0) + 1, ?3, ?4, ?4 FROM models "
            "WHERE monitor = ?1 AND model_id = ?2",
            (*where, self._id, now),
        )
        self._models[model_id] = int(made.lastrowid or 0)
        return None

    def _points(self, key: int) -> list[Point]:
        metrics = self._connection.execute(
            f"SELECT session, at, {', '.join(POINTS_OF_METRICS)} FROM metrics "
            "WHERE model = ? ORDER BY at DESC LIMIT ?",
            (key, POINTS),
        ).fetchall()[::-1]
        if not metrics:
            return []
        # The machine is read less often than metrics change: each point gets the newest reading.
        readings = self._connection.execute(
            f"SELECT at, {', '.join(POINTS_OF_SYSTEM)} FROM system WHERE session = ? "
            "ORDER BY at DESC LIMIT ?",
            (metrics[-1][0], POINTS),
        ).fetchall()[::-1]
        moments = [at for at, *_ in readings]
        points = []
        for _, at, *values in metrics:
            fields = dict(zip(POINTS_OF_METRICS, values, strict=True))
            place = bisect_right(moments, at) - 1
            if place >= 0:
                fields |= zip(POINTS_OF_SYSTEM, readings[place][1:], strict=True)
            points.append(Point(at=at, **fields))
        return points

    def save(self, state: StateRow, now: float) -> None:
        """Store the checkpoint of a model."""
        values = {
            "name": _bounded(state.name),
            "version": _bounded(state.version),
            "trained_at": state.trained_at,
            "deployed_at": state.deployed_at,
            "status": state.status,
            "total_predictions": state.total_predictions,
            "current_accuracy": state.current_accuracy,
            "saved_at": state.at,
            "head": state.head,
        }
        for part in ("body", "reference"):
            if getattr(state, part) is not None:
                values[part] = getattr(state, part)
        assignments = ", ".join(f"{name} = ?" for name in values)
        update = f"UPDATE models SET {assignments} WHERE id = ? AND holder = ?"
        key = self._key_of(state.model_id, now)
        done = self._connection.execute(update, (*values.values(), key, self._id))
        if not done.rowcount:
            # Another process assumed this one had died and claimed its model, so a second
            # instance starts.
            self.claim(state.model_id, now)
            key = self._models[state.model_id]
            self._connection.execute(update, (*values.values(), key, self._id))

    def _key_of(self, model_id: str, now: float) -> int:
        if model_id not in self._models:
            self.claim(model_id, now)
        return self._models[model_id]

    def _write_kind(self, kind: type, rows: Sequence[Any], now: float) -> None:
        if kind is MetricsRow:
            keys = [self._key_of(row.model_id, now) for row in rows]
            self._add(
                "metrics",
                ("model", "at", "session", "status", *METRICS_COLUMNS),
                [
                    (key, row.at, self._id, row.status, *map(_bounded, _metrics_of(row.metrics)))
                    for key, row in zip(keys, rows, strict=True)
                ],
            )
        elif kind is SystemRow:
            self._add(
                "system",
                ("session", "at", *SYSTEM_COLUMNS),
                [(self._id, row.at, *map(_bounded, _system_of(row.system))) for row in rows],
            )
        elif kind is DeploymentRow:
            self._add(
                "deployments",
                ("session", *DeploymentRow.__struct_fields__),
                [(self._id, *_deployment(row)) for row in rows],
            )
        elif kind is RunRow:
            self._add(
                "runs",
                ("session", *RunRow.__struct_fields__),
                [
                    (
                        self._id,
                        *map(_bounded, msgspec.structs.astuple(row)[:-2]),
                        _json_of_metrics(row.metrics),
                        None if row.info is None else _json(row.info),
                    )
                    for row in rows
                ],
            )
        elif kind is ProgressRow:
            self._add(
                "progress",
                ("session", *ProgressRow.__struct_fields__),
                (
                    (
                        *(self._id, row.run, row.n, row.at, storable_text(row.stage), row.state),
                        *(_bounded(row.step), _bounded(row.total), _json_of_metrics(row.metrics)),
                    )
                    for row in rows
                ),
            )
        elif kind is CurveRow:
            self._add(
                "curves",
                ("session", *CurveRow.__struct_fields__),
                [(self._id, row.run, storable_key(row.metric), _json(row.curve)) for row in rows],
            )
        elif kind is PredictionRow:
            self._add(
                "predictions", PREDICTION_COLUMNS, [_prediction(self._id, row) for row in rows]
            )
        elif kind is LabelRow:
            self._connection.executemany(
                "UPDATE predictions SET actual = ?, labelled = 1 "
                "WHERE session = ? AND n = ? AND NOT labelled",
                [(storable_value(row.actual), self._id, row.n) for row in rows],
            )
        else:
            columns = ("session", "at", "seq", "type", "model_id", "data")
            self._add("events", columns, [(self._id, *_event(row)) for row in rows])

    def _add(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        # Few statements: each one releases the GIL, and waits for it beside a busy cell.
        at_once, rest = MAX_VALUES // len(columns), iter(rows)
        while some := list(islice(rest, at_once)):
            text = _insert(table, columns, len(some))
            self._connection.execute(text, [value for row in some for value in row])


def _insert(table: str, columns: Sequence[str], rows: int = 1) -> str:
    # After a clock was set back, the same moment may come twice.
    places = ", ".join([f"({', '.join('?' * len(columns))})"] * rows)
    verb = "INSERT" if table == "sessions" else "INSERT OR REPLACE"
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES {places}"


def _event(event: Event) -> tuple[Any, ...]:
    fields: dict[str, Any] = msgspec.to_builtins(event)
    data = {name: value for name, value in fields.items() if name not in COMMON_FIELDS}
    model_id = fields.get("model_id")
    key = None if model_id is None else storable_key(model_id)
    return event.at, event.seq, event.type, key, _json(data)


def _deployment(row: DeploymentRow) -> tuple[Any, ...]:
    at, model_id, *facts = msgspec.structs.astuple(row)
    return at, storable_key(model_id), *map(_bounded, facts)


def _prediction(session: int, row: PredictionRow) -> tuple[Any, ...]:
    return (
        *(session, row.n, row.at, storable_key(row.model_id), storable_value(row.id)),
        *(storable_value(row.prediction), storable_value(row.actual), row.labelled),
        *(_seconds(row.latency_seconds), storable_value(row.segment)),
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(storable(value)).decode()


def _json_of_metrics(metrics: Mapping[str, float | None]) -> str:
    """Return the text of names and numbers, which are nearly always storable as they are."""
    if max(map(len, metrics), default=0) <= MAX_TEXT_CHARS:
        return encode(msgspec.json.encode, metrics).decode()
    return _json(metrics)


def _seconds(latency: Any) -> float | None:
    try:
        return None if latency is None else float(latency)
    except (TypeError, ValueError):
        return None


def _bounded(value: Any) -> Any:
    """Return a value of a typed column as SQLite can store it: a cut text, a number of 64 bits."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        return None
    return value
