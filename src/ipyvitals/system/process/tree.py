"""The kernel's own process and its descendants: CPU, memory, threads and files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from heapq import nlargest
from typing import NamedTuple

import psutil

from ipyvitals.schema import ProcessUse
from ipyvitals.system.process.memory import Key, ProportionalMemory
from ipyvitals.system.process.names import program_name
from ipyvitals.system.process.readers import LinuxProcesses, Processes, PsutilProcesses, Reading
from ipyvitals.system.round_robin import RoundRobin
from ipyvitals.system.source import MIN_GAP_SECONDS, Fields, Part

__all__ = ["ProcessTree"]

READ_AT_A_TIME = 256
NEW_AT_A_TIME = 512
FILES_AT_A_TIME = 128
SHOWN = 3


class _Cpu(NamedTuple):
    at: float
    seconds: Mapping[Key, float]


class ProcessTree:
    """A process and everything it started, such as the workers of a data loader.

    Processes are known by id and start, so that an id that is given away anew is somebody else.

    Parameters
    ----------
    root : int, optional
        Where the tree begins; this process by default.
    processes : Processes, optional
        Where readings come from.
    """

    def __init__(self, root: int | None = None, *, processes: Processes | None = None) -> None:
        self.root = os.getpid() if root is None else root
        self._processes = _of_this_system(self.root) if processes is None else processes
        self._turns: RoundRobin[int] = RoundRobin()
        self._last: dict[int, Reading] = {}
        self._alive: dict[Key, Reading] = {}
        self._cpu: _Cpu | None = None
        self._spent: Mapping[Key, float] = {}
        self._percent: float | None = None
        self._memory = ProportionalMemory(self._processes.proportional_bytes)
        self._files: dict[int, int | None] = {}
        self._files_turns: RoundRobin[int] = RoundRobin()
        self._names: dict[Key, tuple[str, str]] = {}

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
        return [pid for pid, _ in self._alive] or [self.root]

    def look(self, now: float, known: Fields) -> Fields:
        """Look at each process; at some of them in turn, where there are very many."""
        self._alive = {}
        found = self._processes.tree(now)
        pids = [self.root, *(found or ())]
        last, self._last = self._last, {}
        # One that was never read would not be counted.
        new = any(pid not in last for pid in pids)
        asked = set(self._turns.next(pids, NEW_AT_A_TIME if new else READ_AT_A_TIME))
        for pid in pids:
            reading = self._processes.read(pid) if pid in asked else last.get(pid)
            if reading is not None:
                self._last[pid] = reading
        self._alive = {(pid, one.started): one for pid, one in self._last.items() if not one.zombie}
        return {
            "process_children": None if found is None else max(0, len(self._alive) - 1),
            "process_threads": sum(one.threads for one in self._alive.values()),
        }

    def cpu(self, now: float, known: Fields) -> Fields:
        """Return the CPU of the tree since the previous call, in percent of the usable cores."""
        cores, before = known.get("cpu_limit_cores"), self._cpu
        if not self._alive:
            self._cpu = None
        elif before is None or now - before.at >= MIN_GAP_SECONDS:
            # Those that ended and were not waited for yet have their seconds still.
            after = {(pid, one.started): one.cpu_seconds for pid, one in self._last.items()}
            self._cpu, self._percent, self._spent = _Cpu(now, after), None, {}
            if before is not None and cores:
                all_of_it = (now - before.at) * cores
                used = self._used(before.seconds, after, now - before.at)
                self._percent = min(100.0, 100.0 * used / all_of_it)
                self._spent = {
                    key: 100.0 * (seconds - before.seconds[key]) / all_of_it
                    for key, seconds in after.items()
                    if key in before.seconds
                }
        return {"process_cpu_percent": self._percent if self._alive else None}

    def memory(self, now: float, known: Fields) -> Fields:
        """Return the memory of the tree, and who has most of it."""
        if not self._alive:
            return {}
        resident = {key: one.resident_bytes for key, one in self._alive.items()}
        root = next(iter(resident))
        self._memory.update(now, root, resident)
        sizes = {key: self._memory.bytes_of(key, size) for key, size in resident.items()}
        most = nlargest(SHOWN, sizes, key=sizes.__getitem__)
        self._names = {key: self._name(key) for key in most}
        return {
            "process_memory_bytes": sum(sizes.values()),
            "process_memory_kind": "pss" if self._memory.complete else "rss",
            "top_processes": [
                ProcessUse(
                    pid=key[0],
                    name=self._names[key][1],
                    memory_bytes=sizes[key],
                    cpu_percent=self._spent.get(key),
                    own=key == root,
                )
                for key in most
            ],
        }

    def files(self, now: float, known: Fields) -> Fields:
        """Return how many files are open, and how near the kernel is to its limit."""
        pids = self.pids
        asked = self._files_turns.next(pids, FILES_AT_A_TIME)
        last = {pid: self._files[pid] for pid in pids if pid in self._files}
        self._files = last | {pid: self._processes.open_files(pid) for pid in {*pids[:1], *asked}}
        counts = [count for count in self._files.values() if count is not None]
        own, limit = self._files.get(self.root), _open_files_limit()
        return {
            "process_open_files": sum(counts) if counts else None,
            "open_files_limit": limit,
            "open_files_percent": 100.0 * own / limit if own is not None and limit else None,
        }

    def _used(self, before: Mapping[Key, float], after: Mapping[Key, float], span: float) -> float:
        """Return the CPU seconds between two readings, those of short-lived children included.

        Where the seconds of a child that ended are added to its parent's, the sum over the tree
        only grows. Elsewhere they vanish with the child, whose earlier seconds are left out too.
        """
        earlier = sum(
            seconds for key, seconds in before.items() if self._processes.adds_up or key in after
        )
        # One that was found late did most of it before.
        late = sum(max(0.0, after[key] - span) for key in after.keys() - before.keys())
        return max(0.0, sum(after.values()) - late - earlier)

    def _name(self, key: Key) -> tuple[str, str]:
        """Return what the system calls a process, and what people would."""
        called = self._alive[key].name
        known = self._names.get(key)
        if known is not None and known[0] == called:
            return known
        return called, program_name(called, self._processes.command(key[0]))


def _of_this_system(root: int) -> Processes:
    return LinuxProcesses(root) if psutil.LINUX else PsutilProcesses(psutil.Process(root))


def _open_files_limit() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if limit == resource.RLIM_INFINITY else limit
