"""Create locks by name; the order of the names is the order in which locks are acquired."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

__all__ = ["LEVELS", "Lock", "new_lock", "new_rlock", "wrap_new_locks"]


class Lock(Protocol):
    """A lock, as far as this package uses one."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Acquire the lock; return false when it is not free in time."""
        ...

    def release(self) -> None:
        """Release the lock."""
        ...

    def __enter__(self) -> bool: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


LEVELS: dict[str, int] = {
    "monitor name": 0,
    "drain": 1,
    "engine": 2,
    "publisher": 2,
    "sampling": 2,
    "training reports": 3,
    "event log": 3,
    "training runs": 4,
    "training log": 4,
    "callbacks": 4,
    "session queue": 4,
    "write buffer": 5,
    "recent points": 5,
    "notices": 6,
    "scheduler": 6,
    "writer": 6,
    "writers": 6,
    "bars": 6,
    "monitor names": 6,
    "autolog": 7,
    "worker": 7,
}
"""Level of each lock: a thread may acquire only locks of a higher level than those it has."""

Wrap = Callable[[str, Lock], Lock]
_wrap: Wrap | None = None


def new_lock(name: str) -> Lock:
    """Return a lock of the level of `name`."""
    return _wrapped(name, threading.Lock())


def new_rlock(name: str) -> Lock:
    """Return a reentrant lock of the level of `name`."""
    return _wrapped(name, threading.RLock())


def wrap_new_locks(wrap: Wrap | None) -> None:
    """Pass every new lock with its name through `wrap`, as tests do that check the order."""
    global _wrap  # noqa: PLW0603
    _wrap = wrap


def _wrapped(name: str, lock: Lock) -> Lock:
    if name not in LEVELS:
        raise KeyError(f"{name!r}: expected one of {', '.join(LEVELS)}")
    return lock if _wrap is None else _wrap(name, lock)
