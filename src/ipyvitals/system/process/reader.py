"""Reads one process and lists its descendants, through psutil."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import psutil

__all__ = ["ProcessReader", "ProcessReading"]

T = TypeVar("T")


class ProcessReading(NamedTuple):
    """One reading of a process."""

    started: float
    """Unix time. With the process id, it identifies a process for good."""
    name: str
    cpu_seconds: float
    """With those of the children that ended, where the system adds them."""
    threads: int
    resident_bytes: int
    zombie: bool = False


class ProcessReader:
    """Reads processes by id; a process that is gone or denied gives None.

    Parameters
    ----------
    root : psutil.Process
        The process whose descendants are listed. Other ids can be read once they were listed.
    """

    adds_up = psutil.LINUX
    """Whether the CPU seconds of a child that ended are added to those of its parent."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._known = {root.pid: root}

    def descendants(self) -> list[int]:
        """Return the ids of all descendants. The cost grows with all processes of the machine."""
        children = self._root.children(recursive=True)
        # A known process stays the same object, unless its id now belongs to another process.
        same = {one: one for one in self._known.values()}
        self._known = {one.pid: same.get(one, one) for one in (self._root, *children)}
        return [one.pid for one in children]

    def existing(self, pids: Sequence[int]) -> list[int]:
        """Return those of some ids that are still in use; costs little, however many they are."""
        used = set(psutil.pids()) if pids else ()
        return [pid for pid in pids if pid in used]

    def read(self, pid: int) -> ProcessReading | None:
        """Return CPU time, threads and resident memory of a process."""
        process = self._known[pid]
        try:
            if not process.is_running():  # the id may be in use again
                return None
            with process.oneshot():
                times = process.cpu_times()
                return ProcessReading(
                    started=process.create_time(),
                    name=process.name(),
                    # Of the other systems, psutil knows no seconds of children: they are 0.
                    cpu_seconds=sum(times[:4]),
                    threads=process.num_threads(),
                    resident_bytes=process.memory_info().rss,
                    zombie=psutil.POSIX and process.status() == psutil.STATUS_ZOMBIE,
                )
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def proportional_bytes(self, pid: int) -> int | None:
        """Return the memory of a process, of shared pages its share; only Linux counts that."""
        if not psutil.LINUX:
            return None
        memory = _unless_denied(self._known[pid].memory_full_info)
        return None if memory is None else memory.pss

    def open_files(self, pid: int) -> int | None:
        """Return how many files a process has open; unknown on Windows."""
        count: Callable[[], int] | None = getattr(self._known[pid], "num_fds", None)
        return None if count is None else _unless_denied(count)

    def command(self, pid: int) -> list[str]:
        """Return the command line of a process, which may contain secrets."""
        return _unless_denied(self._known[pid].cmdline) or []


def _unless_denied(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
