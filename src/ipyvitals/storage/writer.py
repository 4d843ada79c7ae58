"""Writes one file, on one thread, for all monitors of this process that use it."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue

from ipyvitals.errors import StoreError
from ipyvitals.storage.connections import TrackedConnection
from ipyvitals.storage.files import WriteConnections, error_code, set_aside
from ipyvitals.storage.retention import Retention
from ipyvitals.storage.session_queue import (
    HEARTBEAT_SECONDS,
    PendingWork,
    SessionQueue,
    WriterRequest,
)
from ipyvitals.storage.transactions import write_work
from ipyvitals.utils.locks import new_lock
from ipyvitals.utils.threads import Worker
from ipyvitals.utils.user_code import is_interrupt, safe_text

__all__ = ["Writer"]

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 30.0
MAX_NEW_FILES = 3
CLOSED_SESSION_TTL_SECONDS = 60.0
"""How long rows of a closed monitor may wait for a file that cannot be written."""
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Writer:
    """Writes the rows of several queues; opens the file for each turn, retries after a failure.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = new_lock("writer")
        # Not an Event: garbage collection may wake the thread amid any call, even its own.
        self._wakeups: SimpleQueue[None] = SimpleQueue()
        self._queues: list[SessionQueue] = []
        self._failing_since: dict[SessionQueue, float] = {}
        """Since when closed queues wait for a file that cannot be written."""
        self.worker = Worker("ipyvitals-store")
        """The thread that writes."""
        self._connections = WriteConnections(path)
        self._retention = Retention()
        self._failures = 0
        self._new_files = 0
        """Files that replaced broken ones since the last successful turn."""
        self._retry_at = 0.0

    def add(self, queue: SessionQueue) -> None:
        """Write for a queue from here on."""
        with self._lock:
            self._queues.append(queue)
            self.worker.start(self._run)

    def wake(self) -> None:
        """Start the next turn at once; takes no lock."""
        self._wakeups.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, if no queue is left."""
        if not self._queues:
            self.worker.join(seconds)

    def finish(self, seconds: float) -> None:
        """Write for the last time, and wait for the end of the thread."""
        with self._lock:
            queues = list(self._queues)
        for queue in queues:
            queue.close()
        self.wake()
        self.worker.join(seconds)

    def _run(self) -> None:
        while True:
            wait = self._run_cycle()
            with self._lock:
                if not self._queues:
                    self.worker.end()
                    return
            self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        try:
            self._wakeups.get(timeout=seconds)
            while True:
                self._wakeups.get_nowait()
        except Empty:
            return

    def _run_cycle(self) -> float:
        """Write what is queued; return the seconds until the next turn."""
        with self._lock:
            queues = list(self._queues)
        now = time.monotonic()
        if now < self._retry_at and not any(one.urgent for one in queues):
            return self._retry_at - now
        for queue in queues:
            # A request that comes during this turn gets an attempt of its own.
            queue.urgent = False
        requests = {queue: queue.requests() for queue in queues}
        # Answered once the file is closed: who waits for that may fork afterwards.
        done: list[WriterRequest] = []
        try:
            wait = self._write(queues, now, done)
        except BaseException as error:
            # Also SystemExit, which the __str__ of a stored value may raise.
            if is_interrupt(error):
                raise
            _answer(done)
            self._note_failure(error, requests)
            _log_notices(queues)
            return max(0.0, self._retry_at - time.monotonic())
        self._note_success(queues)
        _answer(done)
        _log_notices(queues)
        return min(HEARTBEAT_SECONDS, wait)

    def _write(self, queues: list[SessionQueue], now: float, done: list[WriterRequest]) -> float:
        """Open the file, write, close it; return the seconds until a step of retention is due.

        Requests that are done are appended to `done`.
        """
        works = deque(work for queue in queues if (work := queue.take()) is not None)
        wait = self._retention.wait(now)
        if not queues or (not works and wait > 0):
            return wait
        last = len(works) == len(queues) and all(work.closing for work in works)
        with ExitStack() as stack:
            # What is not written, for whatever reason, is queued again.
            stack.callback(_requeue, works)
            if self._connections.replaced:
                self._reset(queues)
            connection = self._connections.open(durable=any(work.durable for work in works))
            stack.callback(self._connections.close, connection, last=last)
            while works:
                done += write_work(connection, works[0])
                work = works.popleft()
                if work.closing:
                    self._remove(work.queue)
            return self._apply_retention(connection, queues)

    def _reset(self, queues: list[SessionQueue]) -> None:
        """Forget what is known of the file, since the next one may be another."""
        self._connections.reset()
        for queue in queues:
            queue.repository = None

    def _remove(self, queue: SessionQueue) -> None:
        with self._lock:
            self._queues.remove(queue)
        self._failing_since.pop(queue, None)

    def _note_failure(
        self, error: BaseException, requests: dict[SessionQueue, list[WriterRequest]]
    ) -> None:
        code = error_code(error)
        if (
            code in BROKEN
            and self._new_files < MAX_NEW_FILES
            and self._quarantine(error, list(requests))
        ):
            self._new_files += 1
            return
        if code not in LOCKED:
            self._reset(list(requests))
        wait = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        self._retry_at = time.monotonic() + wait
        unrecoverable = isinstance(error, StoreError)
        notice_code = "store.locked" if code in LOCKED else "store.unavailable"
        for queue, pending in requests.items():
            queue.notices.add(notice_code, error=_describe(self._path, error))
            _note_dropped(queue)
            queue.decline(pending)
            if queue.closing and (unrecoverable or self._is_expired(queue)):
                self._remove(queue)

    def _note_success(self, queues: list[SessionQueue]) -> None:
        failures, self._failures, self._new_files, self._retry_at = self._failures, 0, 0, 0.0
        for queue in queues:
            _note_dropped(queue)
            if failures:
                queue.notices.add("store.caught_up", file=str(self._path))

    def _quarantine(self, error: BaseException, queues: list[SessionQueue]) -> bool:
        """Rename a broken file, so that a new one can begin; return whether its name is free."""
        self._reset(queues)
        if self._connections.replaced:
            # Another process renamed it already.
            return True
        try:
            renamed = set_aside(self._path)
        except OSError:
            return False
        for queue in queues:
            queue.notices.add("store.broken", error=_describe(self._path, error), file=renamed.name)
        return True

    def _is_expired(self, queue: SessionQueue) -> bool:
        now = time.monotonic()
        return now - self._failing_since.setdefault(queue, now) > CLOSED_SESSION_TTL_SECONDS

    def _apply_retention(self, connection: TrackedConnection, queues: list[SessionQueue]) -> float:
        """Do a step of retention if one is due; return the seconds until the next one is."""
        try:
            return self._retention.step(connection, queues[0].time(), time.monotonic())
        except sqlite3.Error:
            # Retention can wait; a fault of the file shows when rows are written.
            return LAST_RETRY_SECONDS


def _requeue(works: deque[PendingWork]) -> None:
    for work in works:
        work.queue.repository = None
        work.queue.put_back(work)


def _answer(requests: list[WriterRequest]) -> None:
    for request in requests:
        request.answer(done=True)


def _note_dropped(queue: SessionQueue) -> None:
    dropped = queue.buffer.take_dropped()
    if dropped:
        queue.notices.add("store.dropped", count=dropped)


def _log_notices(queues: list[SessionQueue]) -> None:
    for queue in queues:
        queue.notices.log_new()


def _describe(path: Path, error: BaseException) -> str:
    text = safe_text(error)
    return text if str(path) in text else f"{path}: {text}"
