"""One process and its children, as Linux lists them, or as psutil finds them elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import psutil

from ipyvitals.system.linux import procfs
from ipyvitals.system.linux.files import figures, read_one
from ipyvitals.system.round_robin import RoundRobin
from ipyvitals.system.source import Pace

__all__ = ["LinuxProcesses", "Processes", "PsutilProcesses", "Reading"]

T = TypeVar("T")

LOOKED_INTO = 64
"""How many processes are asked for children of their own at a time."""
SCAN_SHARE = 0.001
SCAN_SECONDS = 10.0


class Reading(NamedTuple):
    """What one look at a process tells."""

    started: float
    """With the process id, this names a process for good."""
    name: str
    cpu_seconds: float
    """With those of the children that ended, where the system adds them."""
    threads: int
    resident_bytes: int
    zombie: bool = False


class Processes(Protocol):
    """Where readings of processes come from. A process that is gone gives None."""

    adds_up: bool
    """Whether the seconds of a child that ended are added to its parent's."""

    def tree(self, now: float) -> list[int] | None:
        """Return the ids of all descendants; None where they are not listed."""
        ...

    def read(self, pid: int) -> Reading | None:
        """Look at a process."""
        ...

    def proportional_bytes(self, pid: int) -> int | None:
        """Return its memory, of shared pages its share; None where that may not be read."""
        ...

    def open_files(self, pid: int) -> int | None:
        """Return how many files it has open; None where that is not told."""
        ...

    def command(self, pid: int) -> list[str]:
        """Return its command line, which may hold secrets."""
        ...


class LinuxProcesses:
    """Reads ``/proc``: a tenth of what psutil takes, which opens several files a process.

    Parameters
    ----------
    root : int
        Id of the process whose descendants are wanted.
    proc : str
        Where the process file system is mounted.
    """

    adds_up = True

    def __init__(self, root: int, proc: str = "/proc") -> None:
        self._root = root
        self._proc = proc
        self._children: dict[int, list[int]] = {}
        self._found: list[int] | None = None
        # Beside a busy cell, a look takes far longer than it costs.
        self._pace = Pace(SCAN_SHARE, time.thread_time)
        self._turns: RoundRobin[int] = RoundRobin()
        self._tick = 1.0 / os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")

    def tree(self, now: float) -> list[int] | None:
        """Return all descendants; of hundreds, not all are asked for children each time."""
        if self._pace.due(now):
            with self._pace.look(now):
                self._found = self._scan()
        return self._found

    def _scan(self) -> list[int] | None:
        if not self._look_into(self._root):
            return None
        found = self._reachable()
        asked = 0
        while asked < LOOKED_INTO:
            chosen = self._turns.next(found, LOOKED_INTO - asked, again=not asked)
            if not chosen:
                break
            asked += len(chosen)
            for pid in chosen:
                self._look_into(pid)
            found = self._reachable()
        self._children = {pid: self._children[pid] for pid in (self._root, *found)}
        return found

    def read(self, pid: int) -> Reading | None:
        """Look at a process."""
        try:
            text = procfs.read(f"{self._proc}/{pid}/stat")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # A name may hold anything, brackets too.
        begin, end = text.index(b"(") + 1, text.rindex(b")")
        rest = text[end + 2 :].split(None, 22)
        return Reading(
            started=int(rest[19]) * self._tick,
            name=text[begin:end].decode(errors="replace"),
            cpu_seconds=self._tick * sum(map(int, rest[11:15])),
            threads=int(rest[17]),
            resident_bytes=self._page * int(rest[21]),
            zombie=rest[0] == b"Z",
        )

    def proportional_bytes(self, pid: int) -> int | None:
        """Return its memory, of shared pages its share."""
        try:
            (kib,) = figures(read_one(f"{self._proc}/{pid}/smaps_rollup"), b"Pss:")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        return None if kib is None else 1024 * kib

    def open_files(self, pid: int) -> int | None:
        """Return how many files it has open."""
        folder = f"{self._proc}/{pid}/fd"
        try:
            # Since Linux 6.2 the size of the folder is the number of files in it.
            return procfs.size(folder) or len(procfs.names(folder))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None

    def command(self, pid: int) -> list[str]:
        """Return its command line."""
        try:
            text = read_one(f"{self._proc}/{pid}/cmdline")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return []
        return text.decode(errors="replace").rstrip("\0").split("\0")

    def _look_into(self, pid: int) -> bool:
        """Note a process's children; return whether they are listed."""
        self._children[pid] = []
        folder = f"{self._proc}/{pid}/task"
        try:
            threads = procfs.names(folder)
        except (FileNotFoundError, ProcessLookupError):
            return False
        listed = False
        for thread in threads:
            try:
                text = procfs.read(f"{folder}/{thread}/children")
            except (FileNotFoundError, ProcessLookupError):
                continue
            listed = True
            self._children[pid] += map(int, text.split())
        return listed

    def _reachable(self) -> list[int]:
        found = list(self._children.get(self._root, ()))
        for pid in found:  # the list grows under the loop: breadth first
            found += self._children.setdefault(pid, [])
        return found


class PsutilProcesses:
    """Asks psutil, which finds children by a look at all processes: so that is done seldom.

    Parameters
    ----------
    root : psutil.Process
        The process whose descendants are wanted.
    """

    adds_up = False

    def __init__(self, root: Any) -> None:
        self._known = {root.pid: root}
        self._root = root
        self._found: list[int] = []
        self._pace = Pace(SCAN_SHARE, least=SCAN_SECONDS)

    def tree(self, now: float) -> list[int] | None:
        """Return all descendants, as of some seconds ago."""
        if self._pace.due(now):
            with self._pace.look(now):
                children = self._root.children(recursive=True)
            # A known process stays the same object, unless its id was given away anew.
            kept = {one: one for one in self._known.values()}
            self._known = {one.pid: kept.get(one, one) for one in (self._root, *children)}
            self._found = [one.pid for one in children]
        return self._found

    def read(self, pid: int) -> Reading | None:
        """Look at a process."""
        process = self._known[pid]
        try:
            with process.oneshot():
                times = process.cpu_times()
                return Reading(
                    started=process.create_time(),
                    name=process.name(),
                    cpu_seconds=times.user + times.system,
                    threads=process.num_threads(),
                    resident_bytes=process.memory_info().rss,
                )
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def proportional_bytes(self, pid: int) -> int | None:
        """Return None: only Linux shares out pages."""
        return None

    def open_files(self, pid: int) -> int | None:
        """Return how many files it has open; Windows counts other things."""
        count: Callable[[], int] | None = getattr(self._known[pid], "num_fds", None)
        return None if count is None else _told(count)

    def command(self, pid: int) -> list[str]:
        """Return its command line."""
        return _told(self._known[pid].cmdline) or []


def _told(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
