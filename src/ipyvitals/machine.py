"""The machine's readings, judged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import msgspec

from ipyvitals.notices import Notices
from ipyvitals.snapshot import SystemSection
from ipyvitals.status import SystemRule, Thresholds

__all__ = ["Machine", "Sampler"]


class Sampler(Protocol):
    """What reads the machine."""

    def sample(self, now: float) -> SystemSection:
        """Return a reading; its health is judged elsewhere."""
        ...


class Machine:
    """Has the machine read, by one thread at a time, and keeps the last reading.

    Parameters
    ----------
    make_sampler : callable
        Takes the notices and returns what reads the machine.
    thresholds : Thresholds
        Where good ends.
    notices : Notices
        Where what cannot be read is counted.
    kernel_busy : callable
        Returns whether a cell is running; ``None`` outside a kernel.
    """

    def __init__(
        self,
        make_sampler: Callable[[Notices], Sampler],
        thresholds: Thresholds,
        notices: Notices,
        kernel_busy: Callable[[], bool | None],
    ) -> None:
        self._make_sampler = make_sampler
        self._notices = notices
        self._kernel_busy = kernel_busy
        self._rule = SystemRule(thresholds)
        self.section = SystemSection()
        """The last reading that was judged."""
        self.primed = False
        """Whether there was a reading."""
        self.after_fork()

    def read(self, now: float) -> SystemSection:
        """Return a reading at monotonic second `now`; takes a while."""
        with self._sampling:
            reading = self._sampler.sample(now)
        return msgspec.structs.replace(reading, kernel_busy=self._kernel_busy())

    def judge(self, reading: SystemSection) -> SystemSection:
        """Return a reading with its health, and keep it."""
        self.section, self.primed = self._rule.update(reading), True
        return self.section

    def adjust(self, thresholds: Thresholds) -> None:
        """Judge by other thresholds from here on."""
        self._rule.adjust(thresholds)

    def after_fork(self) -> None:
        """Begin with a sampler of this process, and without a lock that another thread holds."""
        self._sampling = threading.Lock()
        self._sampler = self._make_sampler(self._notices)
