"""Measures how much of a `track` loop's time passes inside its iterable.

- Slow steps are timed one by one. Of fast steps about a hundred a second are timed, chosen at
  random, and each stands for as many steps as there are on average between two timed ones.
- The duration of all steps together is known exactly, and bounds the error of the sample.
- The other steps run through C iterators without a look at the clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

__all__ = ["RecentWait", "StepTimer"]

TIMED_EVERY_SECONDS = 0.01
MAX_UNTIMED = 1_000_000
MAX_DURATIONS = 256
RECENT_SECONDS = 60.0

random_number = Random().random
"""Numbers of this module alone: those of the user's training stay reproducible."""


class StepTimer:
    """Estimates the waiting share of one loop from the steps that are timed. One thread writes.

    Examples
    --------
    >>> timer = StepTimer()
    >>> timer.add(0.0, 0.3, 1.0)
    0
    >>> timer.ratio
    0.3
    """

    __slots__ = (
        *("_bodies", "_bodies_squared", "_durations", "_random", "_stride", "_waits"),
        *("_waits_squared", "_weight", "_weights", "count", "seconds", "steps", "until"),
    )

    def __init__(self, random: Callable[[], float] = random_number) -> None:
        self.seconds = 0.0
        """Seconds of all steps."""
        self.count = 0
        """Number of all steps."""
        self.steps = 0
        """Number of timed steps."""
        self.until: float | None = None
        """When the last timed step ended; ``None`` before the first one of a lap."""
        self._random = random
        self._weight = 1.0
        self._weights = self._waits = self._waits_squared = 0.0
        self._bodies = self._bodies_squared = 0.0
        self._durations: list[float] = []
        self._stride = 1

    def begin(self) -> None:
        """Forget when the last step ended: the loop begins again."""
        self.until = None
        self._weight = 1.0

    def add(self, began: float, loaded: float, ended: float, untimed: int = 0) -> int:
        """Add a timed step; return how many steps to leave untimed after it.

        Parameters
        ----------
        began, loaded, ended : float
            When the step began, when its item had come, and when its body had ended.
        untimed : int
            Number of steps since the timed step before.
        """
        weight, wait, body = self._weight, loaded - began, ended - loaded
        self._weights += weight
        self._waits += weight * wait
        self._waits_squared += weight * wait * wait
        self._bodies += weight * body
        self._bodies_squared += weight * body * body
        self.add_duration(wait + body)
        since = began if self.until is None else self.until
        self.until = ended
        self.seconds += ended - since
        self.count += untimed + 1
        pace = (ended - since) / (untimed + 1)
        between = min(TIMED_EVERY_SECONDS / pace, MAX_UNTIMED) - 1.0 if pace > 0 else MAX_UNTIMED
        if between < 1.0:
            self._weight = 1.0
            return 0
        # Uniform from 0 to twice the mean, so that no rhythm of the loop meets that of the timing.
        self._weight = 1.0 + between
        return int((2.0 * between + 1.0) * self._random())

    def add_duration(self, seconds: float) -> None:
        """Add the duration of a step to a sample of the whole run, which is thinned out."""
        self.steps += 1
        if self.steps % self._stride:
            return
        self._durations.append(seconds)
        if len(self._durations) >= MAX_DURATIONS:
            del self._durations[::2]
            self._stride *= 2

    @property
    def ratio(self) -> float | None:
        """Share of the time that was spent waiting; ``None`` while nothing was timed.

        The seconds of all steps are known, so the waits follow from the bodies, too. Of the two
        estimates that of the steadier part counts more: a rare slow step is missed by neither.
        """
        if self.seconds <= 0.0 or self._weights <= 0.0:
            return None
        waits, bodies = self._waits / self._weights, self._bodies / self._weights
        spread = max(0.0, self._waits_squared / self._weights - waits * waits)
        body_spread = max(0.0, self._bodies_squared / self._weights - bodies * bodies)
        from_waits = self.count * waits
        from_bodies = self.seconds - self.count * bodies
        both = spread + body_spread
        share = spread / both if both > 0.0 else 0.0
        waited = (1.0 - share) * from_waits + share * from_bodies
        return min(1.0, max(0.0, waited / self.seconds))

    def usual_seconds(self) -> float | None:
        """Return the median duration of a step; ``None`` before the first one."""
        return self._quantile(0.5)

    def slow_seconds(self) -> float | None:
        """Return the 95th percentile of the durations; ``None`` before the first one."""
        return self._quantile(0.95)

    def _quantile(self, share: float) -> float | None:
        ordered = sorted(self._durations)
        return ordered[int(share * (len(ordered) - 1))] if ordered else None


class RecentWait:
    """Computes the waiting share of the last minute from totals that are looked at now and then."""

    def __init__(self) -> None:
        self._totals: deque[tuple[float, float, float]] = deque()

    def update(self, now: float, waited: float, seconds: float) -> None:
        """Add the totals at a moment, once a second at most."""
        if self._totals and now - self._totals[-1][0] < 1.0:
            return
        self._totals.append((now, waited, seconds))
        while len(self._totals) > 1 and self._totals[1][0] <= now - RECENT_SECONDS:
            self._totals.popleft()

    def ratio(self, waited: float, seconds: float) -> float | None:
        """Return the share since the oldest totals; ``None`` where no time has passed since."""
        _, waited_before, seconds_before = self._totals[0] if self._totals else (0.0, 0.0, 0.0)
        passed = seconds - seconds_before
        return min(1.0, max(0.0, (waited - waited_before) / passed)) if passed > 0 else None
