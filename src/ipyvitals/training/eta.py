"""Estimates the rate and the remaining time of a run."""

from __future__ import annotations

from collections import deque

__all__ = ["EtaEstimator"]

WINDOW_SECONDS = 10.0
MIN_SAMPLES = 8
"""Samples that stay although they are older than the window: slow loops have few in it."""


class EtaEstimator:
    """Estimates rate and remaining time from the last 10 s, or the last 8 samples of a slow run.

    Parameters
    ----------
    started : float
        Monotonic seconds at which the run started.
    steps : int
        Steps that were done before, such as those of a checkpoint; they are not in the rate.
    fraction : float, optional
        Completed share at the start.

    Examples
    --------
    >>> estimator = EtaEstimator(0.0)
    >>> estimator.update(2.0, steps=10, fraction=0.1)
    >>> estimator.rate(2.0), estimator.eta_seconds(2.0)
    (5.0, 18.0)
    """

    def __init__(self, started: float = 0.0, steps: int = 0, fraction: float | None = 0.0) -> None:
        self._started = started
        self._steps_before = steps
        self._samples: deque[tuple[float, int, float | None]] = deque([(started, steps, fraction)])

    def begin_at(self, steps: int, total: int | None) -> None:
        """Begin with steps that an earlier run did: rates are those of the steps after them."""
        fraction = steps / total if total else None
        self._samples = deque([(self._started, steps, fraction)])

    def update(self, now: float, steps: int, fraction: float | None) -> None:
        """Add a sample, unless nothing changed.

        Parameters
        ----------
        now : float
            Monotonic seconds.
        steps : int
            Total number of steps so far.
        fraction : float, optional
            Completed share of the run, in [0, 1].
        """
        newest = self._samples[-1]
        if steps == newest[1] and fraction == newest[2]:
            return
        if steps < newest[1]:
            # The user set the count back: earlier samples belong to another run.
            self._samples.clear()
        self._samples.append((now, steps, fraction))
        while len(self._samples) > MIN_SAMPLES and self._samples[1][0] < now - WINDOW_SECONDS:
            self._samples.popleft()

    @property
    def rate_per_second(self) -> float | None:
        """Steps per second up to the last step; ``None`` before the first step."""
        (first, start, _), (last, end, _) = self._samples[0], self._samples[-1]
        return (end - start) / (last - first) if last > first and end > start else None

    def rate(self, now: float) -> float | None:
        """Return the steps per second; it falls while a step takes longer than the ones before."""
        rate, last = self.rate_per_second, self._samples[-1][0]
        if rate is None or now - last <= 1.0 / rate:
            return rate
        since = max(self._samples[0][0], now - WINDOW_SECONDS)
        steps = max(0.0, self._samples[-1][1] - self._steps_at(since))
        return min(rate, max(steps / (now - since), 1.0 / (now - last)))

    def mean_rate(self, now: float) -> float | None:
        """Return the steps per second over the whole run; ``None`` before the first step."""
        steps = self._samples[-1][1] - self._steps_before
        elapsed = now - self._started
        return steps / elapsed if steps > 0 and elapsed > 0 else None

    def eta_seconds(self, now: float) -> float | None:
        """Return the seconds until the end at the current rate; ``None`` when it is unknown."""
        (first, _, start), (last, _, end) = self._samples[0], self._samples[-1]
        if start is None or end is None or end <= start or last <= first:
            return None
        remaining = (1.0 - end) * (last - first) / (end - start)
        before, rate = self.rate_per_second, self.rate(now)
        if before and rate and rate < before:
            # The step that is overdue tells that the pace of the earlier steps no longer holds.
            return remaining * before / rate
        return max(0.0, remaining - (now - last))

    def elapsed_seconds(self, now: float) -> float:
        """Return the seconds since the start."""
        return max(0.0, now - self._started)

    def _steps_at(self, moment: float) -> float:
        """Return how many steps were done at a moment, between two samples by proportion."""
        later = self._samples[-1]
        for sample in reversed(self._samples):
            if sample[0] <= moment:
                span = later[0] - sample[0]
                share = (moment - sample[0]) / span if span > 0 else 1.0
                return sample[1] + (later[1] - sample[1]) * min(1.0, share)
            later = sample
        return later[1]
