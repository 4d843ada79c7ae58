"""Reads CPU, memory and disks of the container around this process, where it is limited."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from ipyvitals.system.linux.cgroup import (
    CpuQuota,
    Hierarchy,
    MemoryLimit,
    cpu_quota,
    find,
    memory_limit,
)
from ipyvitals.system.linux.files import Meter, figures, read_file
from ipyvitals.system.source import MIN_GAP_SECONDS, Fields, Part

__all__ = ["ContainerReader"]

LOOK_UP_SECONDS = 30.0
"""Limits change seldom: when an operator changes one, or a process is moved."""


class ContainerCpuTimes(NamedTuple):
    """CPU seconds that the container used, and the periods in which its quota was used up."""

    used: float
    throttled: float | None
    periods: int | None
    throttled_periods: int | None


class ContainerReader:
    """Replaces the host's figures by the container's, each only where a limit of it binds.

    Parameters
    ----------
    root : str
        In which folder ``proc`` and the control groups are; not ``/`` for tests alone.
    """

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._due_at = -inf
        self._memory: Hierarchy | None = None
        self._cpu: Hierarchy | None = None
        self._account: Hierarchy | None = None
        self._quota: CpuQuota | None = None
        self._cpu_at = 0.0
        self._cpu_last: ContainerCpuTimes | None = None
        self._cpu_of: str | None = None
        self._cpu_fields: Fields = {}
        self._limit: MemoryLimit | None = None
        self._read, self._written = Meter(), Meter()
        self._io_of: str | None = None

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {
            "container_limits": self.limits,
            "container_cpu": self.cpu,
            "container_memory": self.memory,
            "container_io": self.io,
        }

    def limits(self, now: float, known: Fields) -> Fields:
        """Look up which limits bind, of all groups around this process."""
        if now < self._due_at:
            return {}
        self._due_at = now + LOOK_UP_SECONDS
        self._quota = self._limit = None
        self._cpu, self._memory = find("cpu", self._root), find("memory", self._root)
        self._account = find("cpuacct", self._root)
        if self._cpu is not None:
            quota, cores = cpu_quota(self._cpu), known.get("cpu_limit_cores")
            if quota is not None and (cores is None or quota.cores < cores):
                self._quota = quota
        if self._memory is not None:
            self._limit = memory_limit(self._memory, known.get("memory_limit_bytes"))
        return {}

    def cpu(self, now: float, known: Fields) -> Fields:
        """Return the CPU that the container used, of its quota, since the previous call."""
        quota, hierarchy = self._quota, self._cpu
        if quota is None or hierarchy is None:
            return {}
        if quota.folder != self._cpu_of:
            self._cpu_of, self._cpu_last = quota.folder, None
        last, passed = self._cpu_last, now - self._cpu_at
        if last is None or passed >= MIN_GAP_SECONDS:
            times = self._times(hierarchy, quota.folder)
            self._cpu_last, self._cpu_at = times, now
            used = share = None
            if last is not None:
                # A burst may use up what was saved before: no more than all of it counts.
                used = min(100.0, 100.0 * max(0.0, times.used - last.used) / passed / quota.cores)
                share = _throttled_percent(last, times)
            self._cpu_fields = {
                "cpu_percent": used,
                "cpu_throttled_percent": share,
                "cpu_throttled_seconds": times.throttled,
            }
        return {
            "scope": "container",
            "cpu_scope": "container",
            "cpu_limit_cores": quota.cores,
            **self._cpu_fields,
        }

    def memory(self, now: float, known: Fields) -> Fields:
        """Return the memory that is charged to the container, and apart the cache in it."""
        limit, hierarchy = self._limit, self._memory
        if limit is None or hierarchy is None:
            return {}
        folder = limit.folder
        if hierarchy.version == 2:
            current, total = "memory.current", b""
        else:
            current, total = "memory.usage_in_bytes", b"total_"
        # Files that were read twice are "active", and dropped like the others when memory lacks.
        lists = figures(
            read_file(f"{folder}/memory.stat"), total + b"inactive_file", total + b"active_file"
        )
        charged = int(read_file(f"{folder}/{current}"))
        cache = min(charged, sum(size or 0 for size in lists))
        used = charged - cache
        return {
            "scope": "container",
            "memory_scope": "container",
            "memory_used_bytes": used,
            "memory_cache_bytes": cache,
            "memory_limit_bytes": limit.limit,
            "memory_percent": min(100.0, 100.0 * used / limit.limit) if limit.limit else None,
            "oom_kills": _oom_kills(hierarchy, folder),
        }

    def io(self, now: float, known: Fields) -> Fields:
        """Return what the container read from and wrote to disks.

        Version 1 does not count it: delayed writes are charged to no group.
        """
        folder = self._folder_of_version_2()
        if folder is None:
            return {}
        if folder != self._io_of:
            self._io_of, self._read, self._written = folder, Meter(), Meter()
        try:
            read, written = _io_bytes(folder)
        except FileNotFoundError:
            return {}
        reads, writes = self._read.update(now, read), self._written.update(now, written)
        return {
            "disk_io_scope": "container",
            "disk_read_bytes_per_second": reads.per_second,
            "disk_written_bytes_per_second": writes.per_second,
            "disk_read_bytes": reads.total,
            "disk_written_bytes": writes.total,
        }

    def _times(self, hierarchy: Hierarchy, folder: str) -> ContainerCpuTimes:
        stat = read_file(f"{folder}/cpu.stat")
        periods, throttled = figures(stat, b"nr_periods", b"nr_throttled")
        if hierarchy.version == 2:
            used, waited = figures(stat, b"usage_usec", b"throttled_usec")
            seconds = (used or 0) / 1e6
            return ContainerCpuTimes(seconds, _scaled(waited, 1e6), periods, throttled)
        (waited,) = figures(stat, b"throttled_time")
        if self._account is None:
            raise FileNotFoundError("cpuacct, which counts the CPU of a container, is not mounted")
        account = self._account.beside(folder, hierarchy)
        seconds = int(read_file(f"{account}/cpuacct.usage")) / 1e9
        return ContainerCpuTimes(seconds, _scaled(waited, 1e9), periods, throttled)

    def _folder_of_version_2(self) -> str | None:
        """Return the folder of the limited group, where it is of version 2."""
        for limit, hierarchy in ((self._limit, self._memory), (self._quota, self._cpu)):
            if limit is not None and hierarchy is not None and hierarchy.version == 2:
                return limit.folder
        return None


def _scaled(count: int | None, unit: float) -> float | None:
    return None if count is None else count / unit


def _throttled_percent(before: ContainerCpuTimes, after: ContainerCpuTimes) -> float | None:
    if before.periods is None or after.periods is None or after.throttled_periods is None:
        return None
    periods = after.periods - before.periods
    # Periods are counted only while somebody runs.
    if periods <= 0:
        return 0.0
    return min(100.0, 100.0 * (after.throttled_periods - (before.throttled_periods or 0)) / periods)


def _oom_kills(hierarchy: Hierarchy, folder: str) -> int | None:
    if hierarchy.version == 2:
        return _oom_kill(f"{folder}/memory.events")
    # Version 1 counts a kill in the group of the process alone, version 2 in all around it too.
    inside = [one for one in hierarchy.folders if len(one) >= len(folder)]
    counts = [_oom_kill(f"{one}/memory.oom_control") for one in inside]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _oom_kill(path: str) -> int | None:
    try:
        return figures(read_file(path), b"oom_kill")[0]
    except FileNotFoundError:
        return None


def _io_bytes(folder: str) -> tuple[int, int]:
    """Return bytes read and written on all disks."""
    read = written = 0
    for line in read_file(f"{folder}/io.stat").split(b"\n"):
        counts = dict(word.split(b"=", 1) for word in line.split()[1:] if b"=" in word)
        read += int(counts.get(b"rbytes", 0))
        written += int(counts.get(b"wbytes", 0))
    return read, written
