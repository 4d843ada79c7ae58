"""Finds sessions whose process died, when they wrote last, and whether memory was the cause."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from ipyvitals.storage.database import HistoryDatabase
from ipyvitals.storage.ownership import OWNER_COLUMNS, SessionOwner, alive
from ipyvitals.storage.summaries import LostReason

__all__ = ["LastReading", "lost_reason", "lost_tokens"]

FULL_PERCENT = 90.0
"""Memory in use from which a kill on the machine is taken for one of this process."""
LATER_SESSIONS = 10
"""How many sessions are searched for a later reading."""
COLUMNS = ("memory_scope", "oom_kills", "memory_percent", "memory_used_bytes", "memory_limit_bytes")
TABLES = ("system", "system_minutes")


class LastReading(NamedTuple):
    """The last reading of the machine in a session."""

    at: float
    scope: str | None
    oom_kills: int | None
    percent: float | None
    used_bytes: int | None
    limit_bytes: int | None


def lost_tokens(database: HistoryDatabase, now: float) -> list[str]:
    """Return the sessions that neither ended nor have a living process."""
    names = ", ".join(OWNER_COLUMNS)
    owners = [
        SessionOwner(*facts)
        for facts in database.union(
            f"SELECT {names} FROM {{schema}}.sessions WHERE ended_at IS NULL"
        )
    ]
    return [owner.token for owner in owners if not alive(owner, now)]


def lost_reason(
    database: HistoryDatabase, owner: SessionOwner
) -> tuple[LostReason | None, LastReading | None]:
    """Return why a session's process died, where it can be known, and its last reading.

    Out of memory: by a later reading of the same machine (or container), a process was killed for
    lack of memory since. Such a kill anywhere on a machine counts only if its memory was nearly
    used up at the last reading, since it may have hit a process of somebody else.
    """
    last = _reading(database, owner.token, newest=True)
    if last is None or last.oom_kills is None or owner.host_id is None:
        return None, last
    if last.scope != "container" and (last.percent is None or last.percent < FULL_PERCENT):
        return None, last
    later = [
        token
        for (token,) in database.union(
            "SELECT token FROM (SELECT token FROM {schema}.sessions WHERE place = ?1 "
            "AND token <> ?2 AND heartbeat_at > ?3 ORDER BY heartbeat_at LIMIT ?4)",
            (owner.host_id, owner.token, last.at, LATER_SESSIONS),
        )
    ]
    for token in later:
        reading = _reading(database, token, newest=False, after=last.at, scope=last.scope)
        if reading is not None and reading.oom_kills is not None:
            killed = reading.oom_kills > last.oom_kills
            return ("out_of_memory" if killed else None), last
    return None, last


def _reading(
    database: HistoryDatabase,
    token: str,
    *,
    newest: bool,
    after: float = 0.0,
    scope: str | None = None,
) -> LastReading | None:
    """Return the newest or the oldest reading of a session after a moment."""
    found = []
    for schema in database.schemas:
        for table in TABLES:
            if not set(COLUMNS) <= database.columns(schema, table):
                continue
            of_scope = "" if scope is None else "AND memory_scope = ?"
            found += database.fetch(
                f"SELECT at, {', '.join(COLUMNS)} FROM {schema}.{table} WHERE session = "
                f"(SELECT id FROM {schema}.sessions WHERE token = ?) AND at > ? {of_scope} "
                f"ORDER BY at {'DESC' if newest else ''} LIMIT 1",
                [token, after, *([] if scope is None else [scope])],
            )
    if not found:
        return None
    return LastReading(*(max if newest else min)(found, key=itemgetter(0)))
