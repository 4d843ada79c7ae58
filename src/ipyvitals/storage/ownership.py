"""Finds out whether the process that owns a model is alive."""

from __future__ import annotations

import os
import platform
import secrets
from pathlib import Path
from typing import NamedTuple

__all__ = ["LEASE_SECONDS", "OWNER_COLUMNS", "Session", "SessionOwner", "alive", "start_of_process"]

LEASE_SECONDS = 30.0
"""Age of the last heartbeat from which a process of another machine counts as dead."""
AGE_FIELD = 19
"""Start time of a process in /proc/PID/stat, counted after the name, in ticks since boot."""
PROC = Path("/proc")
OWNER_COLUMNS = ("token", "heartbeat_at", "ended_at", "pid", "place", "born")
"""Columns of the table of sessions that make a `SessionOwner`."""


class Session(NamedTuple):
    """One monitor of one process."""

    token: str
    monitor: str
    started_at: float
    host: str
    pid: int
    host_id: str | None
    process_start: str | None

    @classmethod
    def here(cls, monitor: str, at: float) -> Session:
        """Return a new session of this process, started at Unix second `at`."""
        pid = os.getpid()
        return cls(
            secrets.token_hex(6),
            monitor,
            at,
            platform.node(),
            pid,
            _host_id(),
            start_of_process(pid),
        )


class SessionOwner(NamedTuple):
    """The process of a session, as the file describes it."""

    token: str
    heartbeat_at: float
    ended_at: float | None
    pid: int
    host_id: str | None
    process_start: str | None

    @property
    def last_at(self) -> float:
        """Unix time of the end of the session, or of its last heartbeat."""
        return self.ended_at or self.heartbeat_at


def alive(owner: SessionOwner, now: float) -> bool:
    """Return whether a session is still open and its process runs.

    The operating system knows the processes of this machine. Of another machine or container only
    the heartbeat tells, whichever of the two clocks is ahead.
    """
    if owner.ended_at is not None:
        return False
    if owner.host_id is not None and owner.host_id == _host_id():
        return _is_running(owner.pid, owner.process_start)
    return abs(now - owner.heartbeat_at) < LEASE_SECONDS


def _host_id() -> str | None:
    """Return what process ids belong to: this boot of the machine, and the container."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        # os.kill(pid, 0) ends a process on Windows; elsewhere the name of the host must do.
        return platform.node() if os.name == "posix" else None


def _is_running(pid: int, process_start: str | None) -> bool:
    if process_start is not None:
        return start_of_process(pid) == process_start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def start_of_process(pid: int) -> str | None:
    """Return when a process started; ``None`` when it has ended, or the system does not tell."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[AGE_FIELD]
