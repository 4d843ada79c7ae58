"""Finds the monitor of a name, of which there is one open at a time."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import Lock, new_lock, new_rlock
from ipyvitals.utils.program import source_file

if TYPE_CHECKING:
    from ipyvitals.monitor.monitor import Monitor

__all__ = ["DEFAULT_NAME", "default_name", "monitor_names"]

DEFAULT_NAME = "default"
"""Name of a monitor where neither a notebook nor a script is known."""


def default_name() -> str:
    """Return the name of the notebook or the script, without its suffix."""
    source = source_file()
    return DEFAULT_NAME if source is None else source.stem


class MonitorNames:
    """Maps names to their newest monitors, weakly; each name has a lock for making a monitor."""

    def __init__(self) -> None:
        self._monitors: weakref.WeakValueDictionary[str, Monitor] = weakref.WeakValueDictionary()
        self.after_fork()
        renew_in_child(self)

    def after_fork(self) -> None:
        """Replace the locks in a forked child, where their owners do not exist."""
        self._lock = new_lock("monitor names")
        self._locks: weakref.WeakValueDictionary[str, Lock] = weakref.WeakValueDictionary()

    def lock(self, name: str) -> Lock:
        """Return the lock of a name; its owner looks for a monitor, makes one and registers it."""
        with self._lock:
            lock = self._locks.get(name)
            if lock is None:
                lock = self._locks[name] = new_rlock("monitor name")
            return lock

    def get(self, name: str) -> Monitor | None:
        """Return the newest monitor of a name, while it is referenced."""
        return self._monitors.get(name)

    def register(self, name: str, monitor: Monitor) -> None:
        """Make a monitor the newest one of its name; the caller has the lock of the name."""
        self._monitors[name] = monitor


monitor_names = MonitorNames()
"""The instance of this process."""
