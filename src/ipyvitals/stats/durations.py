"""Count call durations since the start in a few cumulative buckets."""

from __future__ import annotations

import numpy as np

from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["BOUNDS_SECONDS", "DurationHistogram"]

BOUNDS_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
MAX_INT64 = 2.0**63
_BOUNDS = np.array(BOUNDS_SECONDS)


class DurationHistogram:
    """Count durations by upper bound and add them up, as a Prometheus histogram does.

    Counts and sum never decrease.

    Examples
    --------
    >>> totals = DurationHistogram()
    >>> totals.update(np.array([0.0005, 0.0007, 99.0]))
    >>> totals.counts[0], totals.counts[1], totals.counts[-1], totals.sum_seconds
    (1, 1, 1, 99.0012)
    """

    def __init__(self) -> None:
        self._counts: Ints = np.zeros(len(BOUNDS_SECONDS) + 1, dtype=np.int64)
        self._nanoseconds = 0
        """Sum in whole nanoseconds: exact, so that it does not depend on how durations come."""

    @property
    def counts(self) -> list[int]:
        """Durations in each bucket, including its upper bound; the last bucket is unbounded."""
        return [int(count) for count in self._counts]

    @property
    def nanoseconds(self) -> int:
        """Sum of all durations in whole nanoseconds."""
        return self._nanoseconds

    @property
    def sum_seconds(self) -> float:
        """Sum of all durations, each rounded to nanoseconds."""
        return self._nanoseconds / 1e9

    def add(self, counts: list[int], sum_seconds: float) -> None:
        """Add counts of the same buckets and the sum of their durations, from elsewhere."""
        self._counts += np.array(counts, dtype=np.int64)
        self._nanoseconds += round(sum_seconds * 1e9)

    def merge(self, other: DurationHistogram) -> None:
        """Add the counts and the sum of another histogram."""
        self._counts += other._counts
        self._nanoseconds += other._nanoseconds

    def update(self, seconds: Floats) -> None:
        """Add durations, shape (n,)."""
        buckets = np.searchsorted(_BOUNDS, seconds)
        self._counts += np.bincount(buckets, minlength=self._counts.size)
        if seconds.size:
            rounded = np.rint(seconds * 1e9)
            exact = float(rounded.max()) * rounded.size < MAX_INT64
            whole = rounded.astype(np.int64)
            self._nanoseconds += int(whole.sum()) if exact else sum(whole.tolist())
