"""Estimate the slope of recent readings, and predict when a value reaches a limit."""

from __future__ import annotations

from collections import deque
from math import sqrt
from typing import NamedTuple

__all__ = ["Slope", "TrendEstimator", "theil_sen"]

Z_95 = 1.959964


class Slope(NamedTuple):
    """Slope in units per second, with its 95 % interval."""

    middle: float
    low: float
    high: float


def theil_sen(points: list[tuple[float, float]]) -> Slope:
    """Return the median of the slopes between all pairs of points, and Sen's interval.

    The estimate is robust: its breakdown point is 29 % of outliers (Sen, 1968, "Estimates of the
    regression coefficient based on Kendall's tau").

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
        for index, early in enumerate(points)
        for late in points[index + 1 :]
    )
    n, pairs = len(points), len(slopes)
    half = Z_95 * sqrt(n * (n - 1) * (2 * n + 5) / 18) / 2
    low, high = max(0, round(pairs / 2 - half) - 1), min(pairs - 1, round(pairs / 2 + half))
    middle = (slopes[(pairs - 1) // 2] + slopes[pairs // 2]) / 2
    return Slope(middle, slopes[low], slopes[high])


class TrendEstimator:
    """Estimate the trend of recent readings.

    Readings are downsampled: the number of pairs that `theil_sen` compares stays small.

    Parameters
    ----------
    seconds : float
        Length of the window.
    gap : float
        Minimum seconds between two stored readings.

    Examples
    --------
    >>> trend = TrendEstimator()
    >>> for second in range(0, 65, 5):
    ...     trend.update(second, 100.0 + 2.0 * second)
    >>> trend.seconds_until(1_000.0)
    390.0
    """

    MIN_POINTS = 8
    MIN_SPAN = 0.75
    """Minimum span of the stored readings, as a ratio of the window."""
    MAX_INTERVAL_RATIO = 2.0
    """Maximum ratio of the slope interval's upper bound to its lower bound."""

    def __init__(self, seconds: float = 60.0, gap: float = 2.0) -> None:
        self._seconds = seconds
        self._gap = gap
        self._points: deque[tuple[float, float]] = deque()
        self._newest: tuple[float, float] | None = None

    def update(self, at: float, value: float) -> None:
        """Add a reading `value` at time `at`, in seconds."""
        self._newest = (at, value)
        if not self._points or at - self._points[-1][0] >= self._gap:
            self._points.append(self._newest)
        while self._points[0][0] < at - self._seconds:
            self._points.popleft()

    def clear(self) -> None:
        """Discard all readings, when later ones are not comparable with them."""
        self._points.clear()
        self._newest = None

    @property
    def slope(self) -> Slope | None:
        """Slope if it is positive and its interval is narrow; otherwise ``None``."""
        points = list(self._points)
        if len(points) < self.MIN_POINTS:
            return None
        if points[-1][0] - points[0][0] < self.MIN_SPAN * self._seconds:
            return None
        slope = theil_sen(points)
        narrow = slope.high <= self.MAX_INTERVAL_RATIO * slope.low
        return slope if slope.low > 0.0 and narrow else None

    def seconds_until(self, limit: float, longest: float = 1_800.0) -> float | None:
        """Return the seconds until the value reaches `limit` at the current slope.

        ``None`` when there is no slope, or the time is above `longest` seconds.
        """
        slope = self.slope
        if slope is None or self._newest is None:
            return None
        remaining = max(0.0, limit - self._newest[1]) / slope.middle
        return remaining if remaining <= longest else None
