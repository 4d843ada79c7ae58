"""Writes the rows, states and requests of one session, in transactions of bounded size."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.rows import Row, StateRow
from ipyvitals.storage.schema import transaction
from ipyvitals.storage.session_queue import (
    PendingWork,
    RestoreRequest,
    SessionQueue,
    WriterRequest,
)

__all__ = ["write_work"]

CHUNK_ROWS = 500
"""Rows of one transaction: other processes wait while it runs."""
UNFIT = (
    *(sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError),
    *(TypeError, ValueError, OverflowError),
)
"""Raised for a row that no table accepts."""


def write_work(connection: sqlite3.Connection, work: PendingWork) -> list[WriterRequest]:
    """Write the buffered rows of a queue, and what was taken from it; return the done requests."""
    queue = work.queue
    restores = done = queue.pending_restores()
    heartbeat = work.heartbeat or work.durable
    while True:
        batch = queue.buffer.take(CHUNK_ROWS)
        states = work.states.values()
        try:
            _commit(connection, queue, batch.rows, states, restores, heartbeat=heartbeat)
        except UNFIT:
            queue.repository = None
            _commit(connection, queue, (), (), restores, heartbeat=heartbeat)
            _commit_one_by_one(connection, queue, batch.rows, states)
        queue.buffer.confirm(batch)
        queue.remove(restores)
        work.states.clear()
        restores, heartbeat = [], False
        if batch.last:
            break
    if work.closing and queue.repository is not None:
        with transaction(connection):
            queue.repository.end(queue.time())
    return [*work.flushes, *done]


def _commit(
    connection: sqlite3.Connection,
    queue: SessionQueue,
    rows: Iterable[Row],
    states: Iterable[StateRow],
    restores: Iterable[RestoreRequest] = (),
    *,
    heartbeat: bool = False,
) -> None:
    with transaction(connection):
        now = queue.time()
        repository = queue.repository
        if repository is None or not repository.use(connection):
            repository = SessionRepository(connection, queue.session, now)
        for restore in restores:
            restore.found = repository.claim(restore.model_id, now)
        repository.write(rows, now)
        for state in states:
            repository.save(state, now)
        if heartbeat:
            repository.heartbeat(now)
    queue.repository = repository
    if heartbeat:
        queue.heartbeat_at = time.monotonic()


def _commit_one_by_one(
    connection: sqlite3.Connection,
    queue: SessionQueue,
    rows: Iterable[Row],
    states: Iterable[StateRow],
) -> None:
    """Write each row by itself; count a notice for each one that no table accepts."""
    pieces: list[tuple[list[Row], list[StateRow]]] = [([row], []) for row in rows]
    pieces += [([], [state]) for state in states]
    for some_rows, some_states in pieces:
        try:
            _commit(connection, queue, some_rows, some_states)
        except UNFIT as error:
            queue.repository = None
            kind = type((some_rows or some_states)[0]).__name__
            queue.notices.add("store.unfit", f"{kind}: {type(error).__name__}: {error}")
