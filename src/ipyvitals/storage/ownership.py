"""Who holds a model: a process that lives, or one that is gone."""

from __future__ import annotations

import os
import platform
import secrets
from pathlib import Path
from typing import NamedTuple

__all__ = ["LEASE_SECONDS", "Holder", "Session", "alive"]

LEASE_SECONDS = 30.0
"""After so long without a heartbeat a process of another machine counts as gone."""
AGE_FIELD = 19
"""Of /proc/PID/stat, counted behind the name: when the process began, in ticks since boot."""
PROC = Path("/proc")


class Session(NamedTuple):
    """One monitor of one process."""

    token: str
    monitor: str
    started_at: float
    host: str
    pid: int
    place: str | None
    born: str | None

    @classmethod
    def here(cls, monitor: str, at: float) -> Session:
        """Return a new session of this process, begun at Unix second `at`."""
        pid = os.getpid()
        return cls(
            secrets.token_hex(6), monitor, at, platform.node(), pid, _place(), _birth_of(pid)
        )


class Holder(NamedTuple):
    """What the file says of a session."""

    token: str
    heartbeat_at: float
    ended_at: float | None
    pid: int
    place: str | None
    born: str | None


def alive(holder: Holder, now: float) -> bool:
    """Return whether a session goes on.

    Here that is asked of the system. Of another machine, or another container, only the
    heartbeat tells, whichever of the two clocks is ahead.
    """
    if holder.ended_at is not None:
        return False
    if holder.place is not None and holder.place == _place():
        return _is_running(holder.pid, holder.born)
    return abs(now - holder.heartbeat_at) < LEASE_SECONDS


def _place() -> str | None:
    """Name what process ids belong to: this boot of the machine, and the container."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        # os.kill(pid, 0) ends a process on Windows; elsewhere the host's name must do.
        return platform.node() if os.name == "posix" else None


def _is_running(pid: int, born: str | None) -> bool:
    if born is not None:
        return _birth_of(pid) == born
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _birth_of(pid: int) -> str | None:
    """Return when a process began; ``None`` when it is gone, or that cannot be told."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[AGE_FIELD]
