"""The one thread that writes a file, for all monitors of this process that use it."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from ipyvitals.errors import StoreError
from ipyvitals.storage.connections import Connection, Gate
from ipyvitals.storage.files import error_code, identity, open_for_writing, set_aside
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.retention import Retention
from ipyvitals.storage.rows import Row, StateRow
from ipyvitals.storage.schema import transaction
from ipyvitals.storage.session_queue import Request, RestoreRequest, SessionQueue
from ipyvitals.utils.fork import renew_in_child

__all__ = ["Writer", "finish", "writer_of"]

CHUNK_ROWS = 2_000
"""Written at once: others wait meanwhile."""
BEAT_SECONDS = 5.0
FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 30.0
MOST_NEW_FILES = 3
CLOSED_SESSION_TTL_SECONDS = 60.0
"""For so long what a closed monitor left may wait for a file that cannot be written."""
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
UNFIT = (
    *(sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError),
    *(TypeError, ValueError, OverflowError),
)
"""What is raised for a row that no table can take."""


class Writer:
    """Writes what accounts hand over; whatever goes wrong, it tries again later.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        # Not an Event: garbage collection may wake the thread amid any call, even its own.
        self._alarm: SimpleQueue[None] = SimpleQueue()
        self._accounts: list[SessionQueue] = []
        self._late: dict[SessionQueue, float] = {}
        """Since when closed accounts wait for a file that cannot be written."""
        self._thread: threading.Thread | None = None
        self._gate = Gate()
        self._connection: Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._synchronous = 1
        self._retention = Retention()
        self._failures = 0
        self._new_files = 0
        """Begun since something was written, each in place of a broken one."""
        self._retry_at = 0.0

    def add(self, account: SessionQueue) -> None:
        """Write for an account from here on."""
        with self._lock:
            self._accounts.append(account)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="ipyvitals-store", daemon=True
                )
                self._thread.start()

    def wake(self) -> None:
        """Look at once for what there is; takes no lock."""
        self._alarm.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, if no account is left."""
        with self._lock:
            thread = self._thread if not self._accounts else None
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)

    def finish(self, seconds: float) -> None:
        """Write what there is for the last time, and wait for it."""
        with self._lock:
            accounts, thread = list(self._accounts), self._thread
        for account in accounts:
            account.closing = True
        self.wake()
        if thread is not None:
            thread.join(max(0.0, seconds))

    def _run(self) -> None:
        while True:
            with self._gate:
                wait = self._turn()
            with self._lock, self._gate:
                if not self._accounts:
                    self._thread = None
                    self._close()
                    return
            self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        try:
            self._alarm.get(timeout=seconds)
            while True:
                self._alarm.get_nowait()
        except Empty:
            return

    def _turn(self) -> float:
        """Do what there is to do; return the seconds until the next look."""
        with self._lock:
            accounts = list(self._accounts)
        now = time.monotonic()
        if now < self._retry_at and not any(one.urgent for one in accounts):
            return self._retry_at - now
        # What is asked from here on gets an attempt of its own.
        asked = {account: account.asked() for account in accounts}
        try:
            for account in accounts:
                self._serve(account)
        except Exception as error:
            self._note_failure(error, asked)
            return max(0.0, self._retry_at - time.monotonic())
        self._note_success(accounts)
        return self._keep_short(accounts)

    def _serve(self, account: SessionQueue) -> None:
        flushes, closing = account.take_flushes()
        states = account.take_states()
        beat = time.monotonic() - account.beat_at > BEAT_SECONDS
        durable = bool(flushes or closing)
        if not (durable or beat or states or account.waiting):
            return
        try:
            connection = self._open()
            with self._durably(connection) if durable else nullcontext():
                self._write(connection, account, states, beat=beat or durable, closing=closing)
        except BaseException:
            account.ledger = None
            account.put_back(states, flushes)
            raise
        if closing:
            self._remove(account)
        for flush in flushes:
            flush.answer(done=True)

    @contextmanager
    def _durably(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Have what is written on the disk, and not only on its way: somebody waits for it."""
        connection.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")

    def _write(
        self,
        connection: sqlite3.Connection,
        account: SessionQueue,
        states: dict[str, StateRow],
        *,
        beat: bool,
        closing: bool,
    ) -> None:
        recalls = account.recalls()
        while True:
            batch = account.backlog.take(CHUNK_ROWS)
            try:
                _commit(connection, account, batch.rows, states.values(), recalls, beat=beat)
            except UNFIT:
                account.ledger = None
                _commit(connection, account, (), (), recalls, beat=beat)
                _commit_one_by_one(connection, account, batch.rows, states)
            account.backlog.confirm(batch)
            account.answer(recalls)
            states.clear()
            recalls, beat = [], False
            if batch.last:
                break
        if closing and account.ledger is not None:
            with transaction(connection):
                account.ledger.end(account.time())

    def _open(self) -> Connection:
        if self._connection is not None and identity(self._path) != self._identity:
            # Somebody removed the file, or put another one in its place.
            self._close()
        if self._connection is None:
            self._identity = identity(self._path)
            self._connection = open_for_writing(self._path)
            self._identity = identity(self._path)
            (self._synchronous,) = self._connection.execute("PRAGMA synchronous").fetchone()
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        for account in self._accounts:
            account.ledger = None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _remove(self, account: SessionQueue) -> None:
        with self._lock:
            self._accounts.remove(account)
        self._late.pop(account, None)

    def _note_failure(self, error: Exception, asked: dict[SessionQueue, list[Request]]) -> None:
        code = error_code(error)
        if (
            code in BROKEN
            and self._new_files < MOST_NEW_FILES
            and self._set_aside(error, list(asked))
        ):
            self._new_files += 1
            return
        if code not in LOCKED:
            self._close()
        wait = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        self._retry_at = time.monotonic() + wait
        hopeless = isinstance(error, StoreError)
        what = "store.locked" if code in LOCKED else "store.unavailable"
        for account, requests in asked.items():
            account.notices.add(what, error=_in_words(self._path, error))
            _note_dropped(account)
            account.not_now(requests)
            if account.closing and (hopeless or self._is_late(account)):
                self._remove(account)

    def _note_success(self, accounts: list[SessionQueue]) -> None:
        failures, self._failures, self._new_files, self._retry_at = self._failures, 0, 0, 0.0
        for account in accounts:
            _note_dropped(account)
            if failures:
                account.notices.add("store.caught_up", file=str(self._path))

    def _set_aside(self, error: Exception, accounts: list[SessionQueue]) -> bool:
        """Make room for a new file in place of a broken one; return whether there is."""
        self._close()
        if identity(self._path) != self._identity:
            # Another process did so already.
            return True
        try:
            kept = set_aside(self._path)
        except OSError:
            return False
        for account in accounts:
            account.notices.add("store.broken", error=_in_words(self._path, error), file=kept.name)
        return True

    def _is_late(self, account: SessionQueue) -> bool:
        now = time.monotonic()
        return now - self._late.setdefault(account, now) > CLOSED_SESSION_TTL_SECONDS

    def _keep_short(self, accounts: list[SessionQueue]) -> float:
        """Do a step of what keeps the file from growing; return the seconds until the next."""
        if self._connection is None or not accounts:
            return BEAT_SECONDS
        try:
            at, now = accounts[0].time(), time.monotonic()
            wait = self._retention.step(self._connection, at, now)
        except sqlite3.Error:
            # It can wait; what ails the file shows when something is to be written.
            wait = LAST_RETRY_SECONDS
        return min(BEAT_SECONDS, wait)


def _commit(
    connection: sqlite3.Connection,
    account: SessionQueue,
    rows: Iterable[Row],
    states: Iterable[StateRow],
    recalls: Iterable[RestoreRequest] = (),
    *,
    beat: bool = False,
) -> None:
    with transaction(connection):
        now = account.time()
        ledger = account.ledger or SessionRepository(connection, account.session, now)
        for recall in recalls:
            recall.found = ledger.claim(recall.model_id, now)
        ledger.write(rows, now)
        for state in states:
            ledger.save(state, now)
        if beat:
            ledger.heartbeat(now)
    account.ledger = ledger
    if beat:
        account.beat_at = time.monotonic()


def _commit_one_by_one(
    connection: sqlite3.Connection,
    account: SessionQueue,
    rows: Iterable[Row],
    states: dict[str, StateRow],
) -> None:
    pieces: list[tuple[list[Row], list[StateRow]]] = [([row], []) for row in rows]
    pieces += [([], [state]) for state in states.values()]
    for some_rows, some_states in pieces:
        try:
            _commit(connection, account, some_rows, some_states)
        except UNFIT as error:
            account.ledger = None
            kind = type((some_rows or some_states)[0]).__name__
            account.notices.add("store.unfit", f"{kind}: {type(error).__name__}: {error}")


def _note_dropped(account: SessionQueue) -> None:
    dropped = account.backlog.take_dropped()
    if dropped:
        account.notices.add("store.dropped", count=dropped)


def _in_words(path: Path, error: Exception) -> str:
    text = str(error)
    return text if str(path) in text else f"{path}: {text}"


class _Writers:
    """The writers of this process, one a file; held weakly."""

    def __init__(self) -> None:
        self._by_path: weakref.WeakValueDictionary[Path, Writer] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        renew_in_child(self)

    def of(self, path: Path) -> Writer:
        with self._lock:
            key = path.absolute()
            writer = self._by_path.get(key)
            if writer is None:
                writer = self._by_path[key] = Writer(key)
            return writer

    def finish(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for writer in list(self._by_path.values()):
            writer.finish(end - time.monotonic())

    def after_fork(self) -> None:
        self._by_path = weakref.WeakValueDictionary()
        self._lock = threading.Lock()


_writers = _Writers()
writer_of = _writers.of
"""Returns the writer of a file."""
finish = _writers.finish
"""Ends all writers, once all is written, or so many seconds have passed."""
