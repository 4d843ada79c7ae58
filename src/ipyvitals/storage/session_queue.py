"""Queues what one monitor wants stored or restored, between its threads and the writer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ipyvitals.storage.buffer import WriteBuffer
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.repository import SessionRepository, StoredCheckpoint
from ipyvitals.storage.rows import StateRow
from ipyvitals.utils.locks import new_rlock
from ipyvitals.utils.notices import Notices

__all__ = ["PendingWork", "RestoreRequest", "SessionQueue", "WriterRequest"]

HEARTBEAT_SECONDS = 5.0
"""The usual time between two heartbeats; a write renews one that is half as old."""
MAX_HEARTBEAT_SECONDS = 10.0
"""How old a heartbeat is when it is renewed although nothing else is to be written."""


class WriterRequest:
    """Asks the writer for something, by default to write all rows; the caller can wait for it."""

    def __init__(self) -> None:
        self.done = False
        self._answered = threading.Event()

    def answer(self, *, done: bool) -> None:
        """Wake the caller; `done` is false when the writer cannot do it now."""
        self.done = done
        self._answered.set()

    def wait(self, seconds: float) -> bool:
        """Wait for an answer; return whether the request is done."""
        self._answered.wait(seconds)
        return self.done


class RestoreRequest(WriterRequest):
    """Asks for the checkpoint of a model, which from then on belongs to this session."""

    def __init__(self, model_id: str) -> None:
        super().__init__()
        self.model_id = model_id
        self.found: StoredCheckpoint | None = None


class PendingWork(NamedTuple):
    """The states and requests that the writer took from one queue for one turn."""

    queue: SessionQueue
    states: dict[str, StateRow]
    flushes: list[WriterRequest]
    closing: bool
    heartbeat: bool

    @property
    def durable(self) -> bool:
        """True when a caller waits until the rows are on the disk."""
        return bool(self.flushes or self.closing)


class SessionQueue:
    """Rows, states and requests of one session.

    The writer's thread refers to this queue and not to the client, so the client can be
    garbage-collected.

    Parameters
    ----------
    session : Session
    buffer : WriteBuffer
        The session's rows.
    notices : Notices
        Counts failures.
    time : callable
        Returns the Unix time in seconds.
    """

    def __init__(
        self, session: Session, buffer: WriteBuffer, notices: Notices, time: Callable[[], float]
    ) -> None:
        self.session = session
        self.buffer = buffer
        self.notices = notices
        self.time = time
        self.closing = False
        """Whether nothing more will come."""
        self.urgent = False
        """True from a request until the writer's next attempt; then the writer's pauses count."""
        self.repository: SessionRepository | None = None
        self.heartbeat_at = 0.0
        """Monotonic time of the last heartbeat in the file."""
        self._states: dict[str, StateRow] = {}
        self._flushes: list[WriterRequest] = []
        self._pending_restores: list[RestoreRequest] = []
        self._lock = new_rlock("session queue")

    @property
    def has_requests(self) -> bool:
        """True when a caller waits."""
        return bool(self._flushes or self._pending_restores or self.closing)

    def close(self) -> None:
        """Have the writer write for the last time; nothing more will come. Takes no lock."""
        self.closing = self.urgent = True

    def save(self, state: StateRow) -> None:
        """Queue the newest state of a model; parts that it leaves out stay as queued before."""
        with self._lock:
            before = self._states.get(state.model_id)
            if before is not None:
                body = before.body if state.body is None else state.body
                reference = before.reference if state.reference is None else state.reference
                state = msgspec.structs.replace(state, body=body, reference=reference)
            self._states[state.model_id] = state

    def ask(self, request: WriterRequest, *, last: bool = False) -> None:
        """Queue a request; `last` says that nothing more will come."""
        with self._lock:
            self.closing = self.closing or last
            if isinstance(request, RestoreRequest):
                self._pending_restores.append(request)
            else:
                self._flushes.append(request)
            self.urgent = True

    def take(self) -> PendingWork | None:
        """Return the states and flush requests and empty the queue; ``None`` without work."""
        with self._lock:
            age = time.monotonic() - self.heartbeat_at
            rows = bool(self._states or len(self.buffer) or self.has_requests)
            if not rows and age < MAX_HEARTBEAT_SECONDS:
                return None
            heartbeat = age >= HEARTBEAT_SECONDS / 2
            work = PendingWork(self, self._states, self._flushes, self.closing, heartbeat)
            self._states, self._flushes = {}, []
            return work

    def put_back(self, work: PendingWork) -> None:
        """Queue again what was taken, except states of which there is a newer one."""
        with self._lock:
            newer, self._states = self._states, work.states
            for state in newer.values():
                self.save(state)
            self._flushes = work.flushes + self._flushes

    def pending_restores(self) -> list[RestoreRequest]:
        """Return the checkpoints that are asked for."""
        with self._lock:
            return list(self._pending_restores)

    def remove(self, restores: list[RestoreRequest]) -> None:
        """Remove restore requests from the queue."""
        with self._lock:
            self._pending_restores = [one for one in self._pending_restores if one not in restores]

    def requests(self) -> list[WriterRequest]:
        """Return all requests so far."""
        with self._lock:
            return [*self._flushes, *self._pending_restores]

    def decline(self, requests: list[WriterRequest]) -> None:
        """Answer that the writer cannot do it now; restore requests stay queued."""
        with self._lock:
            self._flushes = [one for one in self._flushes if one not in requests]
        for request in requests:
            if not request.done:
                request.answer(done=False)
