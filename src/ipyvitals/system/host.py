"""CPU, memory and disk of the machine, as the operating system tells them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psutil

from ipyvitals.system.source import MIN_GAP_SECONDS, Fields, Part

__all__ = ["Host"]


class _CpuTimes(NamedTuple):
    """Seconds since boot, summed over the processors that count."""

    busy: float
    idle: float


class Host:
    """The whole machine, except that CPU is that of the processors this process may use.

    `cpu_percent` and `cpu_limit_cores` speak of the same processors: on a machine of 64 where
    this process is pinned to 4, ``50 %`` of ``4`` cores are busy, whoever keeps them so.

    Parameters
    ----------
    disk_path : str, optional
        A path on the disk to watch; the working folder by default.
    api : module or object
        Where readings come from: `psutil`, or a fake of it.
    """

    def __init__(self, disk_path: str | None = None, *, api: Any = psutil) -> None:
        self._api = api
        self._disk_path = _working_folder() if disk_path is None else disk_path
        self._process = api.Process()
        self._cpu_last: _CpuTimes | None = None
        self._cpu_at = 0.0
        self._cpu_percent: float | None = None

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"cores": self.cores, "cpu": self.cpu, "memory": self.memory, "disk": self.disk}

    def cores(self, now: float, known: Fields) -> Fields:
        """Return how many processors this process may use."""
        allowed = self._allowed()
        count = self._api.cpu_count() if allowed is None else len(allowed)
        return {"scope": "host", "cpu_limit_cores": float(count) if count else None}

    def cpu(self, now: float, known: Fields) -> Fields:
        """Return how busy those processors were since the previous call; unknown at the first.

        The difference is taken here and not by ``psutil.cpu_percent``, which keeps one state
        per thread and therefore answers 0 whenever another thread asks.
        """
        last = self._cpu_last
        if last is not None and now - self._cpu_at < MIN_GAP_SECONDS:
            return {"cpu_percent": self._cpu_percent}
        times = _add(_select(self._api.cpu_times(percpu=True), self._allowed()))
        self._cpu_last, self._cpu_at = times, now
        self._cpu_percent = None if last is None else _busy_percent(last, times)
        return {"cpu_percent": self._cpu_percent}

    def memory(self, now: float, known: Fields) -> Fields:
        """Return the memory that new work cannot have: all of it less what is available."""
        memory = self._api.virtual_memory()
        used = memory.total - memory.available
        return {
            "memory_percent": 100.0 * used / memory.total,
            "memory_used_bytes": used,
            "memory_limit_bytes": memory.total,
        }

    def disk(self, now: float, known: Fields) -> Fields:
        """Return how full the disk is for this user: blocks kept for root are not free."""
        if self._disk_path is None:
            raise FileNotFoundError("the working folder was gone before it could be watched")
        usage = self._api.disk_usage(self._disk_path)
        usable = usage.used + usage.free
        return {
            "disk_percent": 100.0 * usage.used / usable if usable else None,
            "disk_free_bytes": usage.free,
            "disk_path": self._disk_path,
        }

    def _allowed(self) -> Sequence[int] | None:
        """Return the processors this process is bound to, or None where there is no such thing."""
        # By process id: ``os.sched_getaffinity(0)`` would answer for the sampling thread alone.
        affinity = getattr(self._process, "cpu_affinity", None)
        return affinity() if affinity is not None else None


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _select(per_cpu: Sequence[Any], allowed: Sequence[int] | None) -> Sequence[Any]:
    # Processors that are offline have no line, after which place and number no longer agree.
    if not allowed or max(allowed) >= len(per_cpu):
        return per_cpu
    return [per_cpu[number] for number in allowed]


def _add(per_cpu: Sequence[Any]) -> _CpuTimes:
    busy = idle = 0.0
    for times in per_cpu:
        waiting = times.idle + getattr(times, "iowait", 0.0)
        # Linux counts the time of guests within user and nice already.
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        busy += sum(times) - waiting - guests
        idle += waiting
    return _CpuTimes(busy, idle)


def _busy_percent(before: _CpuTimes, after: _CpuTimes) -> float | None:
    # Single counters are known to step back a little; that is no negative load.
    busy = max(0.0, after.busy - before.busy)
    total = busy + max(0.0, after.idle - before.idle)
    return 100.0 * busy / total if total > 0.0 else None
