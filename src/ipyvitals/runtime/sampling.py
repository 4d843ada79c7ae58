"""Runs the readings of the machine on a thread of their own, which all monitors share.

A reading may take long: beside a busy cell, where it waits for the GIL, or where a system answers
slowly. On this thread it delays neither progress nor what else falls due on the scheduler.
"""

from __future__ import annotations

from collections.abc import Callable

from ipyvitals.runtime.scheduler import Scheduler
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.timers import IntervalTimer

__all__ = ["SamplingTask", "sampling_scheduler"]

SECOND_SAMPLE_SECONDS = 1.0


class SamplingTask:
    """Takes a reading at each interval.

    Parameters
    ----------
    clock : Clock
        Where times come from.
    interval : float
        Seconds between two readings.
    sample : callable
        Takes a reading; must not raise. Its argument is whether this is the first one.
    """

    def __init__(self, clock: Clock, interval: float, sample: Callable[[bool], None]) -> None:
        self._clock = clock
        self._sample = sample
        self._timer = IntervalTimer(interval, clock.monotonic())
        self._first = True

    def run_due(self) -> float:
        """Take a reading if one is due; return the seconds until the next one."""
        now = self._clock.monotonic()
        if self._timer.poll(now):
            first, self._first = self._first, False
            self._sample(first)
            if first:
                # Loads are differences: the first reading has none, so the second follows soon.
                self._timer.bring_forward(now + SECOND_SAMPLE_SECONDS)
        return max(0.0, self._timer.next - self._clock.monotonic())


sampling_scheduler = Scheduler("ipyvitals-sampler")
"""That of this process."""
