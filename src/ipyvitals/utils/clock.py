"""Where time comes from."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "FakeClock", "SystemClock"]


class Clock(Protocol):
    """Anything that tells both times, in seconds."""

    def monotonic(self) -> float:
        """Return a time that never goes back, for durations."""
        ...

    def time(self) -> float:
        """Return Unix time, for dates."""
        ...


class SystemClock:
    """The clock of the machine."""

    # The functions themselves, not methods that call them: `record` pays for each call.
    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)


class FakeClock:
    """A clock that moves only when told to.

    Parameters
    ----------
    monotonic, time : float
        Where the two times start, in seconds.

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
        """Let `seconds` pass on both clocks."""
        self._monotonic += seconds
        self._time += seconds

    def set_wall(self, time: float) -> None:
        """Set the Unix time alone, as an operator or NTP does."""
        self._time = time
