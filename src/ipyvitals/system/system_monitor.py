"""Reads and judges the machine and the kernel under one monitor."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from math import inf
from typing import Protocol

import msgspec

from ipyvitals.health import SystemEvaluator, Thresholds
from ipyvitals.schema import SystemSection
from ipyvitals.system.linux.files import read_file
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import new_lock

__all__ = ["Kernel", "Sampler", "SystemMonitor", "waited_for_cpu"]

MAX_AGE_SECONDS, MAX_AGE_INTERVALS = 10.0, 3
"""A reading expires after the longer of the two."""
STARVED_SECONDS = 0.25
READ_SECONDS = 2.0
"""Longest wait for a reading of another thread."""
CLOSE_SECONDS = 2.0


class Sampler(Protocol):
    """Reads the machine."""

    def sample(self, now: float) -> SystemSection:
        """Return a reading without its health."""
        ...

    def close(self) -> None:
        """Close what was opened for reading."""
        ...


class Kernel(Protocol):
    """Knows whether a cell is running in this kernel, if there is one."""

    def busy(self) -> bool | None:
        """Return whether a cell is running; ``None`` outside a kernel."""
        ...

    def busy_seconds(self) -> float | None:
        """Return the seconds since the running cell began; ``None`` while none runs."""
        ...


class SystemMonitor:
    """Reads the machine, judges the readings, and keeps the newest one.

    Its owner takes a lock around all but `read` and `close`, which any thread may call.

    Parameters
    ----------
    clock : Clock
        Where times come from.
    thresholds : Thresholds
        Limits above which a component is not healthy.
    sampler : callable
        Makes the sampler, which reads the machine.
    kernel : Kernel
        Knows whether a cell is running.
    lag : callable
        Takes a moment by ``time.monotonic``; returns how late the scheduler's thread woke at
        worst since then, in seconds, or ``None`` where it does not run.
    thread_id : callable
        Returns the operating system's id of that thread, or ``None``.
    """

    def __init__(
        self,
        clock: Clock,
        thresholds: Thresholds,
        *,
        sampler: Callable[[], Sampler],
        kernel: Kernel,
        lag: Callable[[float], float | None],
        thread_id: Callable[[], int | None],
    ) -> None:
        self._clock = clock
        self._make_sampler = sampler
        self._sampler: Sampler | None = sampler()
        self._kernel = kernel
        self._lag = lag
        self._thread_id = thread_id
        self._read_at = time.monotonic()
        self._waited: tuple[int | None, float | None] = (None, None)
        self._rule = SystemEvaluator(thresholds)
        self._sampling = new_lock("sampling")
        self._judged_at = clock.monotonic()
        self.section = SystemSection()

    def read(self) -> SystemSection | None:
        """Return a new reading; ``None`` where a reading of another thread does not end."""
        acquired = False
        try:
            acquired = self._sampling.acquire(timeout=READ_SECONDS)
            return self._read() if acquired else None
        finally:
            if acquired:
                self._sampling.release()

    def _read(self) -> SystemSection:
        lag, self._read_at = self._lag(self._read_at), time.monotonic()
        waited = self._waited_for_cpu()
        if self._sampler is None:
            self._sampler = self._make_sampler()
        reading = self._sampler.sample(self._clock.monotonic())
        return msgspec.structs.replace(
            reading,
            kernel_lag_seconds=lag,
            gil_starved=None if lag is None else lag - waited >= STARVED_SECONDS,
        )

    def judge(self, reading: SystemSection) -> SystemSection:
        """Judge a reading, and store it as the newest one."""
        self._judged_at = self._clock.monotonic()
        self.section = self._with_kernel(self._rule.update(reading))
        return self.section

    def expire(self, interval: float | None) -> float | None:
        """Replace an overdue reading by an unknown one; return its age limit in seconds if so.

        A source that hangs must not leave its last values on the page as if they were current.
        Readings by hand, without an interval, never expire.
        """
        limit = inf if interval is None else max(MAX_AGE_SECONDS, MAX_AGE_INTERVALS * interval)
        if self._clock.monotonic() - self._judged_at <= limit:
            return None
        self._judged_at = inf
        self.section = self._with_kernel(SystemSection())
        return limit

    def now(self) -> SystemSection:
        """Return the newest reading, with what the kernel does at this moment."""
        return self._with_kernel(self.section)

    def shown(self) -> SystemSection:
        """Return the newest reading; with the kernel of this moment only if another cell runs.

        The busy time of one cell grows by itself, so that it need not be sent.
        """
        before, busy_seconds = self.section, self._kernel.busy_seconds()
        another_cell = (busy_seconds or 0.0) < (before.kernel_busy_seconds or 0.0)
        if self._kernel.busy() != before.kernel_busy or another_cell:
            self.section = self._with_kernel(before)
        return self.section

    def adjust(self, thresholds: Thresholds) -> None:
        """Judge by other thresholds from here on."""
        self._rule.adjust(thresholds)

    def close(self) -> None:
        """Close the sampler; a reading that hangs keeps it open."""
        acquired = False
        try:
            acquired = self._sampling.acquire(timeout=CLOSE_SECONDS)
            if acquired and self._sampler is not None:
                self._sampler.close()
        finally:
            if acquired:
                self._sampling.release()

    def after_fork(self) -> None:
        """Make a new sampler in a forked child, at its first reading."""
        self._sampling = new_lock("sampling")
        self._sampler = None

    def _with_kernel(self, section: SystemSection) -> SystemSection:
        seconds = self._kernel.busy_seconds()
        return msgspec.structs.replace(
            section,
            kernel_busy=self._kernel.busy(),
            kernel_busy_seconds=seconds,
            kernel_busy_since=None if seconds is None else self._clock.time() - seconds,
        )

    def _waited_for_cpu(self) -> float:
        """Return how long the scheduler's thread waited for a processor since the last reading."""
        thread = self._thread_id()
        before, after = self._waited, None if thread is None else waited_for_cpu(thread)
        self._waited = thread, after
        if before[0] != thread or before[1] is None or after is None:
            return 0.0
        return after - before[1]


def waited_for_cpu(thread_id: int, folder: str = "/proc/self/task") -> float | None:
    """Return how long a thread of this process was ready to run and had no processor, in seconds.

    Waiting for the GIL is not in it: meanwhile a thread sleeps. ``None`` where the system does
    not count it.
    """
    if sys.platform != "linux":
        return None
    try:
        return int(read_file(f"{folder}/{thread_id}/schedstat").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None
