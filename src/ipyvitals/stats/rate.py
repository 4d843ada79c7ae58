"""How many in the last minute."""

from __future__ import annotations

from math import floor

import numpy as np

from ipyvitals.stats.seconds import Floats, Ints, SecondRing

__all__ = ["SlidingCount"]


class SlidingCount:
    """Count of what happened in the last `size` seconds, exact to one second.

    Whole seconds enter and leave the window together, so that memory does not depend on how
    much is counted. There is no extrapolation: a count over 10 s of life is that count.

    Parameters
    ----------
    size : int
        Window in seconds.

    Examples
    --------
    >>> count = SlidingCount()
    >>> count.update(np.array([0.5, 1.5, 30.0]))
    >>> count.get(30.0), count.get(61.2)
    (3, 1)
    """

    def __init__(self, size: int = 60) -> None:
        self._ring = SecondRing(size)
        self._slots: Ints = np.zeros(size, dtype=np.int64)
        self._count = 0
        """The sum of the slots."""

    def update(self, times: Floats, weights: Ints | None = None) -> None:
        """Count events.

        Parameters
        ----------
        times : ndarray of float, shape (n,)
            When each happened, in monotonic seconds, in any order.
        weights : ndarray of int, shape (n,), optional
            How many happened at each time; one by default.
        """
        if not times.size:
            return
        newest = floor(times.max())
        self._expire(newest)
        if newest == self._ring.head == floor(times.min()):
            # All in the newest second, as in most ticks.
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
        """Return the count in the seconds up to `now`."""
        self._expire(now)
        return self._count

    def merge(self, other: SlidingCount) -> None:
        """Add what another one of the same size holds, whose times came from the same clock."""
        head = other._ring.head
        if head is None:
            return
        self._expire(float(head))
        seconds = np.arange(head - other._ring.size + 1, head + 1)
        self.update(seconds.astype(np.float64), other._slots[seconds % other._ring.size])

    def _expire(self, now: float) -> None:
        gone = self._ring.advance(now)
        if gone:
            self._count -= int(self._slots[gone].sum())
            self._slots[gone] = 0
