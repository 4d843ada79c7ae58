"""Lists the monitors, models, training runs and live sessions of a history."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from ipyvitals.schema import RunInfo
from ipyvitals.storage.database import HistoryDatabase
from ipyvitals.storage.ownership import OWNER_COLUMNS, SessionOwner, alive
from ipyvitals.storage.queries import SelfFilter
from ipyvitals.storage.summaries import StoredModel, StoredMonitor, StoredRun

__all__ = ["complete", "list_models", "list_monitors", "list_runs"]

OWNER = ", ".join(f"s.{name}" for name in OWNER_COLUMNS)


def list_monitors(database: HistoryDatabase) -> list[StoredMonitor]:
    """Return the monitors, the one with the newest heartbeat last."""
    found: dict[str, StoredMonitor] = {}
    now = time.time()
    for monitor, started_at, *facts in database.union(
        f"SELECT s.monitor, s.started_at, {OWNER} FROM {{schema}}.sessions AS s"
    ):
        owner, old = SessionOwner(*facts), found.get(monitor)
        found[monitor] = StoredMonitor(
            name=monitor,
            sessions=1 + (old.sessions if old else 0),
            first_at=min(started_at, old.first_at if old else started_at),
            last_at=max(owner.last_at, old.last_at if old else owner.last_at),
            live=alive(owner, now) or (old is not None and old.live),
        )
    return sorted(found.values(), key=lambda one: one.last_at)


def list_models(database: HistoryDatabase, monitor: str | None) -> list[StoredModel]:
    """Return the models of one monitor or of all, the one saved last at the end."""
    now = time.time()
    names = [name for name in StoredModel.__struct_fields__ if name not in ("last_at", "live")]
    columns = ", ".join(f"m.{name}" for name in [*names, "saved_at"])
    found = []
    for *values, last_at, token, heartbeat_at, ended_at, pid, host_id, start in database.union(
        f"SELECT {columns}, {OWNER} FROM {{schema}}.models AS m "
        "LEFT JOIN {schema}.sessions AS s ON s.id = m.holder"
    ):
        owner = SessionOwner(token, heartbeat_at, ended_at, pid, host_id, start)
        fields = dict(zip(names, values, strict=True))
        live = token is not None and alive(owner, now)
        found.append(StoredModel(**fields, last_at=last_at, live=live))
    return sorted(
        (one for one in found if monitor in (None, one.monitor)), key=lambda one: one.last_at
    )


def list_runs(database: HistoryDatabase, monitor: str | None) -> list[StoredRun]:
    """Return the training runs of one monitor or of all, the newest last."""
    now = time.time()
    names = [name for name in StoredRun.__struct_fields__ if name != "monitor"]
    found = []
    for values in (values for one in database.schemas for values in _runs(database, one, names)):
        fields = dict(zip([*names, "monitor"], values, strict=False))
        owner = SessionOwner(*values[-len(OWNER_COLUMNS) :])
        fields["run"] = f"{owner.token}-{fields['run']}"
        fields["metrics"] = msgspec.json.decode(fields["metrics"])
        fields["info"] = _info(fields["info"])
        if fields["state"] == "running" and not alive(owner, now):
            fields["state"] = "stopped"
        found.append(StoredRun(**fields))
    return sorted(
        (one for one in found if monitor in (None, one.monitor)), key=lambda one: one.started_at
    )


def _runs(database: HistoryDatabase, schema: str, names: list[str]) -> list[tuple[Any, ...]]:
    there = database.columns(schema, "runs")
    columns = ", ".join(f"r.{name}" if name in there else f"NULL AS {name}" for name in names)
    return database.fetch(
        f"SELECT {columns}, s.monitor, {OWNER} FROM {schema}.runs AS r "
        f"JOIN {schema}.sessions AS s ON s.id = r.session"
    )


def _info(stored: str | None) -> RunInfo | None:
    try:
        return None if stored is None else msgspec.json.decode(stored, type=RunInfo)
    except msgspec.MsgspecError:
        # A later version of ipyvitals wrote it.
        return None


def complete(database: HistoryDatabase, own: SelfFilter) -> SelfFilter:
    """Return the filter with the start of the session by the file, and the other live sessions."""
    now = time.time()
    started_at, others = own.started_at, []
    for at, *facts in database.union(f"SELECT s.started_at, {OWNER} FROM {{schema}}.sessions AS s"):
        owner = SessionOwner(*facts)
        if owner.token == own.token:
            started_at = max(started_at, at)
        elif alive(owner, now):
            others.append(owner.token)
    return own._replace(started_at=started_at, others=tuple(others))
