"""Sums up CPU, memory, threads and files of the kernel's process and its descendants."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from heapq import nlargest
from math import inf
from typing import NamedTuple

import psutil

from ipyvitals.schema import ProcessUse
from ipyvitals.system.budget import ReadBudget, RotatingReader
from ipyvitals.system.process.memory import ProcessKey, ProportionalMemory
from ipyvitals.system.process.names import program_name
from ipyvitals.system.process.reader import ProcessReader, ProcessReading
from ipyvitals.system.source import MIN_GAP_SECONDS, Fields, Part

__all__ = ["ProcessTree"]

LIST_SHARE = 0.0004
READ_SHARE = 0.0012
FILES_SHARE = 0.0002
RESERVE_SECONDS = 10.0
"""The time whose share of CPU can be saved up between two readings."""
NEW_SECONDS = 0.02
"""CPU time that may be spent in advance on processes that were never read."""
SHOWN = 3


class ProcessLoad(NamedTuple):
    """CPU of one process, as of its newest reading."""

    at: float
    seconds: float
    percent: float | None = None
    """Between its two newest readings."""


class ProcessTree:
    """Reads a process and everything it started, such as the workers of a data loader.

    The root is read each time. Descendants are listed, and read in rotation, as often as shares
    of one core allow: 0.04 % for the list, 0.12 % for the readings, 0.08 % for shared memory and
    0.02 % for open files. Up to about 80 descendants are read each time. Of more, some readings
    are older, and so is their part in the totals: CPU time of a descendant counts when it is read
    again. New descendants count from their first reading, those that ended no longer at once.
    Processes are identified by id and start, so that an id that is used again is another process.

    Parameters
    ----------
    root : int, optional
        Where the tree begins; this process by default.
    reader : ProcessReader, optional
        Reads the processes.
    timer : callable
        Returns seconds of CPU; measures what readings cost.
    """

    def __init__(
        self,
        root: int | None = None,
        *,
        reader: ProcessReader | None = None,
        timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self.root = os.getpid() if root is None else root
        self._reader = ProcessReader(psutil.Process(self.root)) if reader is None else reader
        self._listing = ReadBudget(LIST_SHARE, timer)
        self._listed: list[int] = []
        self._list_at = self._ended_at = -inf
        self._readings = RotatingReader(
            self._reader.read,
            ReadBudget(READ_SHARE, timer, reserve=READ_SHARE * RESERVE_SECONDS),
            overdraft=NEW_SECONDS,
        )
        self._last: dict[int, ProcessReading] = {}
        self._alive: dict[ProcessKey, ProcessReading] = {}
        self._cpu_at: float | None = None
        self._loads: dict[ProcessKey, ProcessLoad] = {}
        self._percent: float | None = None
        self._memory = ProportionalMemory(self._reader.proportional_bytes, timer)
        self._files = RotatingReader(
            self._reader.open_files,
            ReadBudget(FILES_SHARE, timer, reserve=FILES_SHARE * RESERVE_SECONDS),
        )
        self._names: dict[ProcessKey, tuple[str, str]] = {}

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {
            "processes": self.look,
            "process_cpu": self.cpu,
            "process_memory": self.memory,
            "process_files": self.files,
        }

    @property
    def pids(self) -> list[int]:
        """Return the processes that lived at the last look, the root first; the root always."""
        return [self.root, *(pid for pid, _ in self._alive if pid != self.root)]

    def look(self, now: float, known: Fields) -> Fields:
        """Read the root and some of its descendants."""
        self._alive = {}
        if self._listing.due(now):
            with self._listing.measure(now):
                self._listed = self._reader.descendants()
            self._list_at = now
        root = self._reader.read(self.root)
        if root is None:
            return {}
        listed, self._listed = self._listed, self._reader.existing(self._listed)
        if self._listed != listed and self._list_at < now:
            # Where some ended, others may have started that are not listed yet.
            self._ended_at = now
        readings = self._readings.update(now, self._listed)
        found = {self.root: root, **readings}
        self._last = {pid: one for pid, one in found.items() if one is not None}
        self._listed = [pid for pid in self._listed if pid in self._last or pid not in readings]
        self._alive = {(pid, one.started): one for pid, one in self._last.items() if not one.zombie}
        return {
            "process_children": len(self._alive) - 1,
            "process_threads": sum(one.threads for one in self._alive.values()),
        }

    def cpu(self, now: float, known: Fields) -> Fields:
        """Return the CPU of the tree since the previous call, in percent of the usable cores."""
        cores, before = known.get("cpu_limit_cores"), self._cpu_at
        if not self._alive:
            self._cpu_at = None
        elif before is None:
            self._cpu_at, self._percent = now, None
            self._update_loads(now, cores)
        elif now - before >= MIN_GAP_SECONDS:
            self._cpu_at, earlier, span = now, self._loads, now - before
            self._update_loads(now, cores)
            self._percent = None
            if cores:
                used = self._used(earlier, span)
                self._percent = min(100.0, 100.0 * used / (span * cores))
        return {"process_cpu_percent": self._percent if self._alive else None}

    def memory(self, now: float, known: Fields) -> Fields:
        """Return the memory of the tree, and the processes that have most of it."""
        if not self._alive:
            return {}
        resident = {key: one.resident_bytes for key, one in self._alive.items()}
        root = next(iter(resident))
        self._memory.update(now, root, resident, settled=self._list_at >= self._ended_at)
        sizes = {key: self._memory.bytes_of(key) for key in resident}
        most = nlargest(SHOWN, sizes, key=sizes.__getitem__)
        self._names = {key: self._name(key) for key in most}
        return {
            "process_memory_bytes": self._memory.total,
            "process_memory_kind": "pss" if self._memory.complete else "rss",
            "top_processes": [
                ProcessUse(
                    pid=key[0],
                    name=self._names[key][1],
                    memory_bytes=sizes[key],
                    cpu_percent=self._loads[key].percent if key in self._loads else None,
                    own=key == root,
                )
                for key in most
            ],
        }

    def files(self, now: float, known: Fields) -> Fields:
        """Return how many files are open, and how near the kernel is to its limit."""
        own, limit = self._reader.open_files(self.root), _open_files_limit()
        others = self._files.update(now, self.pids[1:]).values()
        counts = [count for count in (own, *others) if count is not None]
        return {
            "process_open_files": sum(counts) if counts else None,
            "open_files_limit": limit,
            "open_files_percent": 100.0 * own / limit if own is not None and limit else None,
        }

    def _update_loads(self, now: float, cores: float | None) -> None:
        # Zombies count: their parent takes over their seconds only when it waits for them.
        loads = {}
        for pid, one in self._last.items():
            key = (pid, one.started)
            at = now if pid == self.root else self._readings.read_at[pid]
            before = self._loads.get(key)
            percent = None
            if before is not None and at == before.at:
                percent = before.percent
            elif before is not None and cores:
                percent = 100.0 * (one.cpu_seconds - before.seconds) / ((at - before.at) * cores)
            loads[key] = ProcessLoad(at, one.cpu_seconds, percent)
        self._loads = loads

    def _used(self, earlier: Mapping[ProcessKey, ProcessLoad], span: float) -> float:
        """Return the CPU seconds between two readings, those of short-lived children included.

        Where the seconds of a child that ended are added to its parent's, the sum over the tree
        only grows. Elsewhere they vanish with the child, whose earlier seconds are left out too.
        """
        before = sum(
            load.seconds
            for key, load in earlier.items()
            if self._reader.adds_up or key in self._loads
        )
        # A process that was found late spent most of its CPU time before.
        late = sum(
            max(0.0, load.seconds - span) for key, load in self._loads.items() if key not in earlier
        )
        return max(0.0, sum(load.seconds for load in self._loads.values()) - late - before)

    def _name(self, key: ProcessKey) -> tuple[str, str]:
        """Return the system's name of a process, and a readable one."""
        called = self._alive[key].name
        known = self._names.get(key)
        if known is not None and known[0] == called:
            return known
        return called, program_name(called, self._reader.command(key[0]))


def _open_files_limit() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if limit == resource.RLIM_INFINITY else limit
