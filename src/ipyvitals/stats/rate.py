"""Count events in a sliding window of seconds."""

from __future__ import annotations

from math import floor

import numpy as np

from ipyvitals.stats.seconds import Floats, Ints, SecondRing

__all__ = ["SlidingCounter"]


class SlidingCounter:
    """Count events of the last `size` seconds, with a resolution of one second.

    Events of one second enter and leave the window together, so memory does not depend on the
    number of events. Nothing is extrapolated: 10 s after the start the count covers 10 s.

    Parameters
    ----------
    size : int
        Window in seconds.

    Examples
    --------
    >>> count = SlidingCounter()
    >>> count.update(np.array([0.5, 1.5, 30.0]))
    >>> count.get(30.0), count.get(61.2)
    (3, 1)
    """

    def __init__(self, size: int = 60) -> None:
        self._ring = SecondRing(size)
        self._slots: Ints = np.zeros(size, dtype=np.int64)
        self._count = 0
        """Sum of the slots."""

    def update(self, times: Floats, weights: Ints | None = None) -> None:
        """Count events.

        Parameters
        ----------
        times : ndarray of float, shape (n,)
            Time of each event, in monotonic seconds, in any order.
        weights : ndarray of int, shape (n,), optional
            Number of events at each time; one by default.
        """
        if not times.size:
            return
        newest = floor(times.max())
        self._expire(newest)
        if newest == self._ring.head == floor(times.min()):
            # Fast path: all events are in the newest second, as in most ticks.
            new = times.size if weights is None else int(weights.sum())
            self._slots[newest % self._ring.size] += new
            self._count += new
            return
        slots, inside = self._ring.locate(times)
        if weights is None:
            self._slots += np.bincount(slots[inside], minlength=self._ring.size)
        else:
            np.add.at(self._slots, slots[inside], weights[inside])
        self._count = int(self._slots.sum())

    def get(self, now: float) -> int:
        """Return the number of events in the window that ends at `now`."""
        self._expire(now)
        return self._count

    def by_second(self, now: float) -> dict[int, int]:
        """Return the events of each second in the window at `now`, without the empty ones."""
        self._expire(now)
        head, size = self._ring.head, self._ring.size
        if head is None or not self._count:
            return {}
        seconds = range(head - size + 1, head + 1)
        counts = {second: int(self._slots[second % size]) for second in seconds}
        return {second: count for second, count in counts.items() if count}

    def merge(self, other: SlidingCounter) -> None:
        """Add the events of another counter of the same size with times of the same clock."""
        head = other._ring.head
        if head is None:
            return
        self._expire(float(head))
        seconds = np.arange(head - other._ring.size + 1, head + 1)
        self.update(seconds.astype(np.float64), other._slots[seconds % other._ring.size])

    def _expire(self, now: float) -> None:
        expired = self._ring.advance(now)
        if expired:
            self._count -= int(self._slots[expired].sum())
            self._slots[expired] = 0
