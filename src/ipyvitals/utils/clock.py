"""Clocks: the system clock, and a fake one for tests."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "FakeClock", "SystemClock"]


class Clock(Protocol):
    """Source of monotonic and Unix time, both in seconds."""

    def monotonic(self) -> float:
        """Return the monotonic time in seconds, for durations."""
        ...

    def time(self) -> float:
        """Return the Unix time in seconds, for dates."""
        ...


class SystemClock:
    """Clock of the operating system."""

    # The functions themselves: a wrapping method would add a call to each `record`.
    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)


class FakeClock:
    """Clock that moves only by `advance` and `set_wall`.

    Parameters
    ----------
    monotonic, time : float
        Initial values of the two times, in seconds.

    Examples
    --------
    >>> clock = FakeClock(time=1_000.0)
    >>> clock.advance(2.5)
    >>> clock.time()
    1002.5
    """

    def __init__(self, monotonic: float = 1_000.0, time: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._time = time

    def monotonic(self) -> float:
        """Return the monotonic time in seconds."""
        return self._monotonic

    def time(self) -> float:
        """Return the Unix time in seconds."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Add `seconds` to both times."""
        self._monotonic += seconds
        self._time += seconds

    def set_wall(self, time: float) -> None:
        """Set only the Unix time, as an operator or NTP does."""
        self._time = time
