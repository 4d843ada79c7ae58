"""How fast a run goes, and when it will be done."""

from __future__ import annotations

from collections import deque

__all__ = ["Pace"]

WINDOW_SECONDS = 10.0
MIN_SAMPLES = 8
"""Slow loops move less than once in the window; their last moves count all the same."""


class Pace:
    """Steps a second over the last 10 s, or over the last moves of a slower run.

    Parameters
    ----------
    started : float
        Monotonic seconds.

    Examples
    --------
    >>> pace = Pace(0.0)
    >>> pace.update(2.0, steps=10, fraction=0.1)
    >>> pace.rate_per_second, pace.eta_seconds(2.0)
    (5.0, 18.0)
    """

    def __init__(self, started: float = 0.0) -> None:
        self._started = started
        self._moves: deque[tuple[float, int, float | None]] = deque([(started, 0, 0.0)])

    def update(self, now: float, steps: int, fraction: float | None) -> None:
        """Look at the run: `steps` done in all, `fraction` of all of it."""
        newest = self._moves[-1]
        if steps == newest[1] and fraction == newest[2]:
            return
        if steps < newest[1]:
            # The user set the count back: what was measured before is another run.
            self._moves.clear()
        self._moves.append((now, steps, fraction))
        while len(self._moves) > MIN_SAMPLES and self._moves[1][0] < now - WINDOW_SECONDS:
            self._moves.popleft()

    @property
    def rate_per_second(self) -> float | None:
        """Steps a second, or ``None`` before the first move."""
        (first, start, _), (last, end, _) = self._moves[0], self._moves[-1]
        return (end - start) / (last - first) if last > first and end > start else None

    def mean_rate(self, now: float) -> float | None:
        """Steps a second over the whole run."""
        steps, elapsed = self._moves[-1][1], now - self._started
        return steps / elapsed if steps and elapsed > 0 else None

    def eta_seconds(self, now: float) -> float | None:
        """Seconds until the end at this pace, or ``None`` where there is no telling."""
        (first, _, start), (last, _, end) = self._moves[0], self._moves[-1]
        if start is None or end is None or end <= start or last <= first:
            return None
        remaining = (1.0 - end) * (last - first) / (end - start)
        return max(0.0, remaining - (now - last))

    def elapsed_seconds(self, now: float) -> float:
        """Seconds since the start."""
        return max(0.0, now - self._started)
