"""Lists the monitors, models, training runs and live sessions of a history."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import msgspec

from ipyvitals.schema import CurveChunk, RunInfo, without_stall
from ipyvitals.storage.database import HistoryDatabase
from ipyvitals.storage.lost import lost_reason
from ipyvitals.storage.ownership import OWNER_COLUMNS, SessionOwner, alive
from ipyvitals.storage.queries import SelfFilter
from ipyvitals.storage.summaries import StoredModel, StoredMonitor, StoredRun

__all__ = ["complete", "list_curves", "list_models", "list_monitors", "list_runs"]

NOT_OF_RUNS = ("monitor", "last_at", "reason", "memory_used_bytes", "memory_limit_bytes")
REPORTED_AT = (
    "(SELECT at FROM {schema}.progress AS p WHERE p.session = r.session AND p.run = r.run "
    "ORDER BY n DESC LIMIT 1)"
)
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


def list_runs(
    database: HistoryDatabase, monitor: str | None, own: SelfFilter | None = None
) -> list[StoredRun]:
    """Return the training runs of one monitor or of all, the newest last.

    With `own`, the runs of other sessions that are alive are left out.
    """
    others = () if own is None else complete(database, own).others
    now = time.time()
    names = [name for name in StoredRun.__struct_fields__ if name not in NOT_OF_RUNS]
    found = []
    for values in (values for one in database.schemas for values in _runs(database, one, names)):
        fields = dict(zip([*names, "monitor", "last_at"], values, strict=False))
        owner = SessionOwner(*values[-len(OWNER_COLUMNS) :])
        if owner.token in others:
            continue
        fields["run"] = f"{owner.token}-{fields['run']}"
        fields["metrics"] = msgspec.json.decode(fields["metrics"])
        fields["info"] = _info(fields["info"])
        if fields["state"] != "running":
            fields["last_at"] = fields["ended_at"]
        else:
            fields["last_at"] = max(fields["last_at"] or 0.0, owner.last_at)
            if owner.ended_at is not None:
                fields["state"] = "stopped"
            elif not alive(owner, now):
                fields |= _loss(database, owner)
        if fields["state"] != "running" and fields["info"] is not None:
            fields["info"] = without_stall(fields["info"])
        found.append(StoredRun(**fields))
    # A row that waits to be written is newer than that of the file.
    newest = {one.run: one for one in found}.values()
    return sorted(
        (one for one in newest if monitor in (None, one.monitor)), key=lambda one: one.started_at
    )


def list_curves(database: HistoryDatabase) -> list[tuple[str, CurveChunk]]:
    """Return the stored curves, each with the id of its run."""
    found = []
    for schema in database.schemas:
        if database.has_table(schema, "curves"):
            found += database.fetch(
                f"SELECT s.token, c.run, c.curve FROM {schema}.curves AS c "
                f"JOIN {schema}.sessions AS s ON s.id = c.session"
            )
    curves = {}
    for token, run, stored in found:
        # A later version of ipyvitals may have written it.
        with suppress(msgspec.MsgspecError):
            curve = msgspec.json.decode(stored, type=CurveChunk)
            # A row that waits to be written is newer than that of the file.
            curves[f"{token}-{run}", curve.metric] = curve
    return [(run, curve) for (run, _), curve in curves.items()]


def _loss(database: HistoryDatabase, owner: SessionOwner) -> dict[str, Any]:
    """Return the fields of a run whose process died."""
    reason, last = lost_reason(database, owner)
    fields: dict[str, Any] = {"state": "lost", "reason": reason}
    if last is not None:
        # The kill says that a container's memory was used up, whatever the last reading was.
        full = reason is not None and last.scope == "container"
        fields["memory_used_bytes"] = last.limit_bytes if full else last.used_bytes
        fields["memory_limit_bytes"] = last.limit_bytes
    return fields


def _runs(database: HistoryDatabase, schema: str, names: list[str]) -> list[tuple[Any, ...]]:
    there = database.columns(schema, "runs")
    columns = ", ".join(f"r.{name}" if name in there else f"NULL AS {name}" for name in names)
    return database.fetch(
        f"SELECT {columns}, s.monitor, {REPORTED_AT.format(schema=schema)}, {OWNER} "
        f"FROM {schema}.runs AS r "
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
