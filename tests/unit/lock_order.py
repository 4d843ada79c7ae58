"""Checks the order of locks in tests: a lock that is acquired against it fails the test."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from contextlib import contextmanager

from ipyvitals.jupyter.control_channel import control_channel  # noqa: F401 - makes its locks
from ipyvitals.monitor.names import monitor_names
from ipyvitals.runtime.sampling import sampling_scheduler
from ipyvitals.runtime.scheduler import scheduler
from ipyvitals.utils.locks import LEVELS, wrap_new_locks

USER_CODE = frozenset(("drain",))
"""Locks under which user code may run: who waits for them gives up after a time."""
NO_FILES = frozenset(("engine", "training reports", "training runs", "training log", "event log"))
"""Locks under which nothing waits for a file or a network."""
FILE_EVENTS = frozenset(("open", "sqlite3.connect", "socket.connect", "subprocess.Popen"))

violations = []
"""What went against the rules in the current test."""
_local = threading.local()


def owned():
    """Return the locks that this thread has, in the order in which it acquired them."""
    try:
        return _local.locks
    except AttributeError:
        _local.locks = []
        return _local.locks


def check_user_code(what):
    """Note a violation if this thread runs user code under a lock; test helpers call it."""
    names = dict.fromkeys(lock.name for lock in owned() if lock.name not in USER_CODE)
    if names:
        _note(f"{what} under {', '.join(names)}")


def _note(text):
    # The stack is read from files.
    _local.noting = True
    violations.append(f"{text}\n{''.join(traceback.format_stack(limit=12))}")
    _local.noting = False


class CheckedLock:
    """A lock that notes when a thread acquires it after a lock of the same or a higher level."""

    def __init__(self, name, lock):
        self.name = name
        self.level = LEVELS[name]
        self._lock = lock

    def acquire(self, blocking=True, timeout=-1):
        locks = owned()
        if blocking and self not in locks:
            before = dict.fromkeys(one.name for one in locks if one.level >= self.level)
            if before:
                _note(f"{self.name} is acquired after {', '.join(before)}")
        acquired = self._lock.acquire(blocking, timeout)
        if acquired:
            locks.append(self)
        return acquired

    def release(self):
        locks = owned()
        if self in locks:
            del locks[len(locks) - 1 - locks[::-1].index(self)]
        self._lock.release()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *error):
        self.release()


class _LogCheck(logging.Handler):
    def emit(self, record):
        check_user_code(f"the log line {record.getMessage()!r}")


def _on_audit(event, args):
    if event in FILE_EVENTS and not getattr(_local, "noting", False):
        locks = getattr(_local, "locks", ())
        names = dict.fromkeys(lock.name for lock in locks if lock.name in NO_FILES)
        if names:
            _note(f"{event} {args[0]!r} under {', '.join(names)}")


def forget():
    """Begin a test: forget violations, and locks that the last test left to this thread."""
    violations.clear()
    owned().clear()


@contextmanager
def unchecked():
    """Create plain locks: an interrupt may come between the instructions of `CheckedLock`."""
    wrap_new_locks(None)
    try:
        yield
    finally:
        wrap_new_locks(CheckedLock)


@contextmanager
def unchecked_globals():
    """Use the plain locks of what all monitors share, for tests that interrupt at any moment."""
    shared = [scheduler, sampling_scheduler, monitor_names]
    shared += [scheduler.worker, sampling_scheduler.worker]
    checked = [(one, one._lock) for one in shared if isinstance(one._lock, CheckedLock)]
    for one, lock in checked:
        one._lock = lock._lock
    try:
        yield
    finally:
        for one, lock in checked:
            one._lock = lock


def install():
    """Wrap all locks of ipyvitals from here on, and those that exist already."""
    wrap_new_locks(CheckedLock)
    for member in (scheduler, sampling_scheduler, monitor_names):
        member.after_fork()
    logging.getLogger("ipyvitals").addHandler(_LogCheck())
    sys.addaudithook(_on_audit)
