"""Reads how long work waited for CPU, memory and disks, on Linux."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from math import inf
from typing import NamedTuple, Protocol

from ipyvitals.system.linux.cgroup import find
from ipyvitals.system.linux.files import read_file
from ipyvitals.system.source import MIN_GAP_SECONDS, Fields, Part

__all__ = ["PressureReader"]

LOOK_UP_SECONDS = 30.0
WORKING_CORES = 0.05
"""CPU from which the kernel's own processes count as working."""
LINES: dict[str, bytes] = {"cpu": b"some", "memory": b"full", "io": b"full"}
"""The line of each file: ``some`` is the time in which one task waited, ``full`` all of them."""
NOT_COUNTED = (errno.ENOENT, errno.ENOTDIR, errno.EOPNOTSUPP, errno.EINVAL)
"""Errors of a Linux that does not count pressure."""


class BusyCores(Protocol):
    """Knows how busy the processors are that this process may use."""

    usable_cores: float | None

    @property
    def busy_cores(self) -> float | None:
        """The number of processors that any program used."""
        ...


class WaitTimes(NamedTuple):
    """Seconds so far, each ``None`` where the system does not count it."""

    at: float
    delay: float | None
    throttled: float | None


class PressureReader:
    """Reads Linux's pressure stall information (PSI), and derives how long the kernel waited.

    Pressure is that of this process's control group (version 2), else that of the machine.

    Parameters
    ----------
    host : object with `usable_cores` and `busy_cores`
        Knows how busy the processors are; read before this source.
    root : str
        In which folder ``proc`` and the control groups are; not ``/`` for tests alone.
    """

    def __init__(self, host: BusyCores, root: str = "/") -> None:
        self._host = host
        self._root = root.rstrip("/")
        self._due_at = -inf
        self._group: str | None = None
        self._pressure_at = 0.0
        self._totals: dict[str, float] = {}
        self._totals_of: str | None = None
        self._pressure: Fields = {}
        self._waited: WaitTimes | None = None
        self._wait: Fields = {}

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"pressure": self.pressure, "cpu_wait": self.wait}

    def pressure(self, now: float, known: Fields) -> Fields:
        """Return the share of the time since the previous call in which tasks waited."""
        if now >= self._due_at:
            self._due_at = now + LOOK_UP_SECONDS
            self._group = self._own_group()
        passed = now - self._pressure_at
        if self._totals and passed < MIN_GAP_SECONDS:
            return self._pressure
        before = self._totals if self._totals_of == self._group else {}
        after = {name: total for name in LINES if (total := self._total(name)) is not None}
        self._totals, self._totals_of, self._pressure_at = after, self._group, now
        shares = {
            f"{name}_pressure_percent": _percent(total - before[name], passed)
            for name, total in after.items()
            if name in before
        }
        scope = "host" if self._group is None else "container"
        self._pressure = {"pressure_scope": scope if after else None, **shares}
        return self._pressure

    def wait(self, now: float, known: Fields) -> Fields:
        """Return the share of the time in which the kernel waited for a CPU.

        Waiting for a CPU that the kernel itself uses is not counted: waiting counts only as far as
        other programs used the processors, or as the quota of the container was used up.
        """
        before = self._waited
        if before is not None and now - before.at < MIN_GAP_SECONDS:
            return self._wait
        self._waited = after = WaitTimes(now, self._run_delay(), known.get("cpu_throttled_seconds"))
        if before is None:
            return {}
        passed, delay = now - before.at, None
        if before.delay is not None and after.delay is not None:
            delay = _percent(after.delay - before.delay, passed)
        waits = [self._contention(known, delay), _throttled(before, after, known)]
        counted = [share for share in waits if share is not None]
        self._wait = {
            "cpu_delay_percent": delay,
            "cpu_wait_percent": max(counted) if counted else None,
        }
        return self._wait

    def _contention(self, known: Fields, delay: float | None) -> float | None:
        """Return the share of the time waited, at most the share that others used of the CPU."""
        own, limit = known.get("process_cpu_percent"), known.get("cpu_limit_cores")
        cores, busy = self._host.usable_cores, self._host.busy_cores
        if own is None or limit is None or not cores or busy is None:
            return None
        own_cores = own / 100.0 * limit
        waits = [delay]
        # The pressure of a container is also that of its other kernels, while this one is idle.
        if known.get("pressure_scope") == "container" and own_cores >= WORKING_CORES:
            waits.append(known.get("cpu_pressure_percent"))
        counted = [share for share in waits if share is not None]
        others = 100.0 * max(0.0, busy - own_cores) / cores
        return min(others, max(counted)) if counted else None

    def _run_delay(self) -> float | None:
        """Return how long the main thread was ready to run and had no CPU, in seconds."""
        try:
            return int(read_file(f"{self._root}/proc/self/schedstat").split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return None

    def _own_group(self) -> str | None:
        """Return the folder of this process's group of version 2, unless it is the root of all."""
        found = find("pressure", self._root)
        if found is None or found.version != 2:
            return None
        folder = found.mount + found.path
        # Only the root of all groups, which is the whole machine, has no type.
        inside = os.path.exists(f"{folder}/cgroup.type")
        return folder if inside and os.path.exists(f"{folder}/cpu.pressure") else None

    def _total(self, name: str) -> float | None:
        """Return the seconds waited so far; ``None`` where they are not counted."""
        if self._group is None:
            path = f"{self._root}/proc/pressure/{name}"
        else:
            path = f"{self._group}/{name}.pressure"
        try:
            text = read_file(path)
        except OSError as error:
            if error.errno in NOT_COUNTED:
                return None
            raise
        for line in text.splitlines():
            kind, *words = line.split()
            if kind == LINES[name]:
                return int(words[-1].removeprefix(b"total=")) / 1e6
        return None


def _throttled(before: WaitTimes, after: WaitTimes, known: Fields) -> float | None:
    """Return the share of the CPU time wanted that the quota denied."""
    used, cores = known.get("cpu_percent"), known.get("cpu_limit_cores")
    if before.throttled is None or after.throttled is None or used is None or cores is None:
        return None
    denied = max(0.0, after.throttled - before.throttled)
    wanted = denied + used / 100.0 * cores * (after.at - before.at)
    return 100.0 * denied / wanted if wanted > 0.0 else 0.0


def _percent(seconds: float, passed: float) -> float:
    return min(100.0, max(0.0, 100.0 * seconds / passed))
