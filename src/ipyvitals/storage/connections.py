"""Connections to SQLite in a process that may fork.

SQLite knows nothing of forks. What it locks inside a process stays locked in a child for ever,
should another thread have locked it just then; so a fork waits until no thread is inside SQLite.
And in the child, SQLite takes the parent's locks on a file for its own; so a child neither uses nor
closes what it inherited, and does not write where its parent had a file open.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import threading
import time
import weakref
from typing import Any

from ipyvitals.utils.fork import renew_in_child

__all__ = ["Connection", "Gate", "connect", "has_inherited"]

PATIENCE_SECONDS = 1.0
"""For so long a fork waits for a slow disk."""


class Connection(sqlite3.Connection):
    """One that can be referred to weakly."""


class Gate:
    """Held by a thread while it is inside SQLite."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        _process.gates.add(self)

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *error: object) -> None:
        self.lock.release()


class _Process:
    """What this process has open."""

    def __init__(self) -> None:
        self.gates: weakref.WeakSet[Gate] = weakref.WeakSet()
        self.connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self.inherited = False
        self._held: list[Gate] = []
        renew_in_child(self)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before_fork, after_in_parent=self._in_parent)

    def _before_fork(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        for gate in list(self.gates):
            if gate.lock.acquire(timeout=max(0.0, end - time.monotonic())):
                self._held.append(gate)

    def _in_parent(self) -> None:
        while self._held:
            self._held.pop().lock.release()

    def after_fork(self) -> None:
        self._held.clear()
        for gate in list(self.gates):
            gate.lock = threading.Lock()
        for connection in list(self.connections):
            self.inherited = True
            # Never collected: that would close it, and with it the parent's log.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        self.connections = weakref.WeakSet()


_process = _Process()


def connect(database: Any, **options: Any) -> Connection:
    """Return a connection in autocommit mode, for any thread."""
    connection = sqlite3.connect(
        database, isolation_level=None, check_same_thread=False, factory=Connection, **options
    )
    _process.connections.add(connection)
    return connection


def has_inherited() -> bool:
    """Return whether this is a child whose parent had a file open when it forked."""
    return _process.inherited
