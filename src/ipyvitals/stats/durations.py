"""How long calls took since the beginning, in few buckets that only grow."""

from __future__ import annotations

import numpy as np

from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["BOUNDS_SECONDS", "DurationTotals"]

BOUNDS_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
_BOUNDS = np.array(BOUNDS_SECONDS)


class DurationTotals:
    """Counts of durations by upper bound, and their sum: what a Prometheus histogram is made of.

    Examples
    --------
    >>> totals = DurationTotals()
    >>> totals.update(np.array([0.0005, 0.0007, 99.0]))
    >>> totals.counts[0], totals.counts[1], totals.counts[-1], totals.sum_seconds
    (1, 1, 1, 99.0012)
    """

    def __init__(self) -> None:
        self._counts: Ints = np.zeros(len(BOUNDS_SECONDS) + 1, dtype=np.int64)
        self.sum_seconds = 0.0

    @property
    def counts(self) -> list[int]:
        """Durations in each bucket, an upper bound included; the last has no bound."""
        return [int(count) for count in self._counts]

    def add(self, counts: list[int], sum_seconds: float) -> None:
        """Add what was counted elsewhere, in the same buckets."""
        self._counts += np.array(counts, dtype=np.int64)
        self.sum_seconds += sum_seconds

    def merge(self, other: DurationTotals) -> None:
        """Add all that another one counted."""
        self._counts += other._counts
        self.sum_seconds += other.sum_seconds

    def update(self, seconds: Floats) -> None:
        """Add durations, shape (n,)."""
        buckets = np.searchsorted(_BOUNDS, seconds)
        self._counts += np.bincount(buckets, minlength=self._counts.size)
        self.sum_seconds += float(seconds.sum())
