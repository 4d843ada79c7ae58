"""The slope of the last readings, and whether it is steady enough to look ahead."""

from __future__ import annotations

from collections import deque
from math import sqrt
from typing import NamedTuple

__all__ = ["Slope", "Trend", "theil_sen"]

Z_95 = 1.959964


class Slope(NamedTuple):
    """A slope in units a second, with its 95 % interval."""

    middle: float
    low: float
    high: float


def theil_sen(points: list[tuple[float, float]]) -> Slope:
    """Return the median of the slopes between all pairs of points.

    Up to 29 % of the points may be anywhere without moving it far (Sen, 1968, "Estimates of the
    regression coefficient based on Kendall's tau", whose interval is returned too).

    Parameters
    ----------
    points : list of (time, value)
        Two or more, at different times.

    Examples
    --------
    >>> theil_sen([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (3.0, 99.0), (4.0, 9.0)]).middle
    2.0
    """
    slopes = sorted(
        (late[1] - early[1]) / (late[0] - early[0])
        for place, early in enumerate(points)
        for late in points[place + 1 :]
    )
    n, pairs = len(points), len(slopes)
    half = Z_95 * sqrt(n * (n - 1) * (2 * n + 5) / 18) / 2
    low, high = max(0, round(pairs / 2 - half) - 1), min(pairs - 1, round(pairs / 2 + half))
    middle = (slopes[(pairs - 1) // 2] + slopes[pairs // 2]) / 2
    return Slope(middle, slopes[low], slopes[high])


class Trend:
    """The readings of the last minute, thinned out to a number that is quickly compared.

    Parameters
    ----------
    seconds : float
        How far back to look.
    gap : float
        Seconds between two readings that are kept.

    Examples
    --------
    >>> trend = Trend()
    >>> for second in range(0, 65, 5):
    ...     trend.update(second, 100.0 + 2.0 * second)
    >>> trend.seconds_until(1_000.0)
    390.0
    """

    LEAST_POINTS = 8
    LEAST_SPAN = 0.75
    """Of the time looked back at."""
    STEADY = 2.0
    """How often the lower end of the interval may go into the upper one."""

    def __init__(self, seconds: float = 60.0, gap: float = 2.0) -> None:
        self._seconds = seconds
        self._gap = gap
        self._points: deque[tuple[float, float]] = deque()
        self._newest: tuple[float, float] | None = None

    def update(self, at: float, value: float) -> None:
        """Take a reading."""
        self._newest = (at, value)
        if not self._points or at - self._points[-1][0] >= self._gap:
            self._points.append(self._newest)
        while self._points[0][0] < at - self._seconds:
            self._points.popleft()

    def clear(self) -> None:
        """Begin anew: what comes next is not to be compared with what came."""
        self._points.clear()
        self._newest = None

    @property
    def slope(self) -> Slope | None:
        """The slope, while it is steady and rises; else None."""
        points = list(self._points)
        if len(points) < self.LEAST_POINTS:
            return None
        if points[-1][0] - points[0][0] < self.LEAST_SPAN * self._seconds:
            return None
        slope = theil_sen(points)
        return slope if slope.low > 0.0 and slope.high <= self.STEADY * slope.low else None

    def seconds_until(self, limit: float, longest: float = 1_800.0) -> float | None:
        """Return when the value reaches a limit at this pace; None when that cannot be told."""
        slope = self.slope
        if slope is None or self._newest is None:
            return None
        left = max(0.0, limit - self._newest[1]) / slope.middle
        return left if left <= longest else None
