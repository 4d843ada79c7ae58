"""Opens SQLite connections, each for one piece of work, in a process that may fork.

SQLite does not survive a fork while it has a file open: the child would take the parent's locks
for its own, and a mutex of SQLite may stay locked in the child. A connection is therefore open for
milliseconds only, and nearly no fork meets one. A fork never waits; a child that was forked while
a connection was open does not use SQLite.
"""

from __future__ import annotations

import sqlite3
import weakref
from typing import Any

from ipyvitals.errors import StoreError
from ipyvitals.utils.fork import renew_in_child

__all__ = ["TrackedConnection", "connect", "forked_while_open"]


class _OpenConnections:
    """Tracks the open connections of this process."""

    def __init__(self) -> None:
        self.current: weakref.WeakSet[TrackedConnection] = weakref.WeakSet()
        self.inherited = False
        """Whether the parent had a connection open when it forked this process."""
        renew_in_child(self)

    def after_fork(self) -> None:
        """Note inherited connections; their owners are threads that do not exist in a child."""
        self.inherited = self.inherited or len(self.current) > 0
        self.current = weakref.WeakSet()


_connections = _OpenConnections()


class TrackedConnection(sqlite3.Connection):
    """A connection that counts as open from before SQLite opens the file until it is closed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        _connections.current.add(self)
        super().__init__(*args, **options)

    def close(self) -> None:
        """Close the connection."""
        super().close()
        _connections.current.discard(self)


def connect(database: Any, **options: Any) -> TrackedConnection:
    """Return a connection in autocommit mode; its caller closes it as soon as the work is done.

    Raises
    ------
    StoreError
        When this process was forked while its parent had a connection open.
    """
    if _connections.inherited:
        raise StoreError(
            "history: expected a process that can use SQLite, got one that was forked while its "
            "parent used it; fork again, or start the process by 'spawn'."
        )
    return sqlite3.connect(database, isolation_level=None, factory=TrackedConnection, **options)


def forked_while_open() -> bool:
    """Return whether this process was forked while its parent had a connection open."""
    return _connections.inherited
