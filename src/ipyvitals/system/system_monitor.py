"""The machine under a monitor, and the kernel on it: read, and judged."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from ipyvitals.health import SystemRule, Thresholds
from ipyvitals.schema import SystemSection
from ipyvitals.system.linux.files import read_file
from ipyvitals.utils.clock import Clock

__all__ = ["Kernel", "Sampler", "SystemMonitor", "waited_for_cpu"]

STARVED_SECONDS = 0.25


class Sampler(Protocol):
    """What reads the machine."""

    def sample(self, now: float) -> SystemSection:
        """Return a reading; its health is judged elsewhere."""
        ...

    def close(self) -> None:
        """Let go what it holds."""
        ...


class Kernel(Protocol):
    """What is known of the kernel, if there is one."""

    def busy(self) -> bool | None:
        """Return whether a cell is running; ``None`` outside a kernel."""
        ...

    def busy_seconds(self) -> float | None:
        """Return for how long it has been running; ``None`` while none is."""
        ...


class SystemMonitor:
    """Keeps the newest reading. Its owner holds a lock around all but `read` and `close`.

    Parameters
    ----------
    clock : Clock
        Where times come from.
    thresholds : Thresholds
        Where good ends.
    sampler : callable
        Returns what reads the machine.
    kernel : Kernel
        Tells whether a cell is running.
    lag : callable
        Takes a moment by ``time.monotonic``; returns how late the ticker woke at worst since
        then, in seconds, or ``None`` where it does not run.
    """

    def __init__(
        self,
        clock: Clock,
        thresholds: Thresholds,
        *,
        sampler: Callable[[], Sampler],
        kernel: Kernel,
        lag: Callable[[float], float | None],
    ) -> None:
        self._clock = clock
        self._make_sampler = sampler
        self._sampler: Sampler | None = sampler()
        self._kernel = kernel
        self._lag = lag
        self._read_at = time.monotonic()
        self._waited: tuple[int, float | None] = (0, None)
        self._rule = SystemRule(thresholds)
        self._sampling = threading.Lock()
        self.section = SystemSection()

    def read(self) -> SystemSection:
        """Return a new reading; may take some time."""
        with self._sampling:
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
        """Keep a reading, with its health."""
        self.section = self._with_kernel(self._rule.update(reading))
        return self.section

    def now(self) -> SystemSection:
        """Return the newest reading, with what the kernel does at this moment."""
        return self._with_kernel(self.section)

    def shown(self) -> SystemSection:
        """Return the newest reading; what the kernel does only when it does something else.

        For how long it has been busy moves by itself, so that it is not worth being sent.
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
        """Let go what reads the machine."""
        with self._sampling:
            if self._sampler is not None:
                self._sampler.close()

    def after_fork(self) -> None:
        """Begin anew in a forked child, which is another process, once it reads at all."""
        self._sampling = threading.Lock()
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
        """Return for how long this thread waited for a processor since it last was here."""
        before, self._waited = self._waited, (threading.get_ident(), waited_for_cpu())
        if before[0] != self._waited[0] or before[1] is None or self._waited[1] is None:
            return 0.0
        return self._waited[1] - before[1]


def waited_for_cpu(path: str = "/proc/thread-self/schedstat") -> float | None:
    """Return for how long the calling thread wanted to run and had no processor, in seconds.

    Waiting for Python's lock is not in it: meanwhile a thread sleeps. ``None`` where the system
    does not tell.
    """
    if sys.platform != "linux":
        return None
    try:
        return int(read_file(path).split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None
