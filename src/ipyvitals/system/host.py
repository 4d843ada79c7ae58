"""Reads CPU and memory of the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psutil

from ipyvitals.system.linux.files import figures, read_file
from ipyvitals.system.source import MIN_GAP_SECONDS, Fields, Part

__all__ = ["HostReader", "ProcReader"]

COUNTED_FIELDS = 8
"""Of a line of ``/proc/stat``: guests, which follow, are within user and nice already."""
IDLE, IOWAIT = 3, 4


class CpuTimes(NamedTuple):
    """Seconds (or ticks) since boot, summed over the processors that count."""

    busy: float
    idle: float


class HostReader:
    """Reads the whole machine, except that CPU is that of the processors this process may use.

    `cpu_percent` and `cpu_limit_cores` refer to the same processors: on a machine of 64 where
    this process is pinned to 4, ``50 %`` of ``4`` cores are busy, with any process.

    Parameters
    ----------
    api : module or object
        Reads the machine: `psutil`, or a fake of it.
    files : ProcReader, optional
        Reads files of Linux that psutil does not read; by default on Linux.
    """

    def __init__(self, *, api: Any = psutil, files: ProcReader | None = None) -> None:
        self._api = api
        self._files = files
        if files is None and api is psutil and psutil.LINUX:
            self._files = ProcReader()
        self._process = api.Process()
        self.usable_cores: float | None = None
        """Processors that this process may use, as of the newest reading."""
        self._cpu_last: CpuTimes | None = None
        self._cpu_at = 0.0
        self._cpu_percent: float | None = None

    @property
    def busy_cores(self) -> float | None:
        """The busy processors of `usable_cores`, with any program, as of the newest reading."""
        cores, percent = self.usable_cores, self._cpu_percent
        return None if cores is None or percent is None else percent / 100.0 * cores

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"cores": self.cores, "cpu": self.cpu, "memory": self.memory, "kills": self.kills}

    def cores(self, now: float, known: Fields) -> Fields:
        """Return how many processors this process may use."""
        allowed = self._allowed()
        count = self._api.cpu_count() if allowed is None else len(allowed)
        self.usable_cores = float(count) if count else None
        return {
            "scope": "host",
            "cpu_scope": "host",
            "cpu_limit_cores": self.usable_cores,
        }

    def cpu(self, now: float, known: Fields) -> Fields:
        """Return how busy those processors were since the previous call; unknown at the first.

        The difference is taken here and not by ``psutil.cpu_percent``, which keeps one state
        per thread and therefore returns 0 to each new thread.
        """
        last = self._cpu_last
        if last is not None and now - self._cpu_at < MIN_GAP_SECONDS:
            return {"cpu_percent": self._cpu_percent}
        times = self._times()
        self._cpu_last, self._cpu_at = times, now
        self._cpu_percent = None if last is None else _busy_percent(last, times)
        return {"cpu_percent": self._cpu_percent}

    def memory(self, now: float, known: Fields) -> Fields:
        """Return the memory that new work cannot have: all of it less what is available."""
        api = self._api
        memory = api.virtual_memory()
        used = memory.total - memory.available
        return {
            "memory_scope": "host",
            "memory_percent": 100.0 * used / memory.total,
            "memory_used_bytes": used,
            # Windows counts its cache as free.
            "memory_cache_bytes": max(0, memory.available - memory.free) if api.POSIX else None,
            "memory_limit_bytes": memory.total,
        }

    def kills(self, now: float, known: Fields) -> Fields:
        """Return how many processes were killed for lack of memory, where Linux counts them."""
        return {"oom_kills": self._files.oom_kills() if self._files is not None else None}

    def _times(self) -> CpuTimes:
        allowed = self._allowed()
        if self._files is not None and allowed:
            return self._files.cpu(allowed)
        return _add(_select(self._api.cpu_times(percpu=True), allowed))

    def _allowed(self) -> Sequence[int] | None:
        """Return the processors this process is bound to, or None where a system cannot bind it."""
        # By process id: ``os.sched_getaffinity(0)`` would answer for the sampling thread alone.
        affinity = getattr(self._process, "cpu_affinity", None)
        return affinity() if affinity is not None else None


class ProcReader:
    """Reads the process file system of Linux for figures that psutil does not offer.

    Parameters
    ----------
    proc : str
        The folder in which it is mounted.
    """

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc

    def cpu(self, allowed: Sequence[int]) -> CpuTimes:
        """Return the times of some processors, in ticks.

        psutil does not number them: when one is offline, it is not known which one is missing.
        """
        text = read_file(f"{self._proc}/stat")
        if len(allowed) == os.sysconf("SC_NPROCESSORS_ONLN"):
            return _ticks(text[: text.index(b"\n")])
        total = CpuTimes(0.0, 0.0)
        for number in allowed:
            # One that is offline has no line.
            _, there, rest = text.partition(b"\ncpu%d " % number)
            if there:
                times = _ticks(b"cpu " + rest[: rest.index(b"\n")])
                total = CpuTimes(total.busy + times.busy, total.idle + times.idle)
        return total

    def oom_kills(self) -> int | None:
        """Return how many processes were killed for lack of memory since the start."""
        return figures(read_file(f"{self._proc}/vmstat"), b"oom_kill")[0]


def _ticks(line: bytes) -> CpuTimes:
    ticks = [int(word) for word in line.split()[1 : 1 + COUNTED_FIELDS]]
    idle = ticks[IDLE] + ticks[IOWAIT]
    return CpuTimes(float(sum(ticks) - idle), float(idle))


def _select(per_cpu: Sequence[Any], allowed: Sequence[int] | None) -> Sequence[Any]:
    # Processors that are offline have no line, after which place and number no longer agree.
    if not allowed or max(allowed) >= len(per_cpu):
        return per_cpu
    return [per_cpu[number] for number in allowed]


def _add(per_cpu: Sequence[Any]) -> CpuTimes:
    busy = idle = 0.0
    for times in per_cpu:
        waiting = times.idle + getattr(times, "iowait", 0.0)
        # Linux counts the time of guests within user and nice already.
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        busy += sum(times) - waiting - guests
        idle += waiting
    return CpuTimes(busy, idle)


def _busy_percent(before: CpuTimes, after: CpuTimes) -> float | None:
    # Single counters are known to step back a little; that is no negative load.
    busy = max(0.0, after.busy - before.busy)
    total = busy + max(0.0, after.idle - before.idle)
    return 100.0 * busy / total if total > 0.0 else None
