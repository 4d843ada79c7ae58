"""Latency quantiles of the last minute, from a histogram of logarithmic buckets."""

from __future__ import annotations

from math import ceil, log

import numpy as np

from ipyvitals.stats.seconds import Floats, Ints, SecondRing

__all__ = ["SlidingHistogram"]

RELATIVE_ERROR = 0.01
LOWEST_SECONDS = 1e-7
HIGHEST_SECONDS = 1e6

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = log(_GAMMA)
_OFFSET = ceil(log(LOWEST_SECONDS) / _LOG_GAMMA)
_BUCKETS = ceil(log(HIGHEST_SECONDS) / _LOG_GAMMA) - _OFFSET + 1


class SlidingHistogram:
    """Quantiles with at most 1 % relative error, between 0.1 µs and 11 days.

    Parameters
    ----------
    size : int
        Window in seconds.

    Notes
    -----
    Bucket ``i`` holds the values in ``(gamma**(i-1), gamma**i]`` with ``gamma = 1.01 / 0.99``
    and answers ``2 * gamma**i / (gamma + 1)``: the scheme of DDSketch (Masson, Rim and Lee,
    2019, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
    guarantees", PVLDB 12(12)). Values outside the range count in its first or last bucket.

    Examples
    --------
    >>> histogram = SlidingHistogram()
    >>> histogram.update(np.array([0.0, 0.0]), np.array([0.004, 0.100]))
    >>> histogram.get(1.0, [0.5])
    [0.00396...]
    """

    def __init__(self, size: int = 60) -> None:
        self._ring = SecondRing(size)
        self._slots: Ints | None = None
        self._sum: Ints = np.zeros(_BUCKETS, dtype=np.int64)

    def update(self, times: Floats, seconds: Floats) -> None:
        """Add latencies.

        Parameters
        ----------
        times : ndarray of float, shape (n,)
            When each call ended, in monotonic seconds.
        seconds : ndarray of float, shape (n,)
            How long each call took; finite and not negative.
        """
        if not times.size:
            return
        self._expire(float(times.max()))
        if self._slots is None:
            self._slots = np.zeros((self._ring.size, _BUCKETS), dtype=np.int64)
        slots, inside = self._ring.locate(times)
        clipped = np.clip(seconds[inside], LOWEST_SECONDS, HIGHEST_SECONDS)
        buckets = np.ceil(np.log(clipped) / _LOG_GAMMA).astype(np.int64) - _OFFSET
        np.add.at(self._slots, (slots[inside], buckets), 1)
        self._sum += np.bincount(buckets, minlength=_BUCKETS)

    def count(self, now: float) -> int:
        """Return how many calls the quantiles at `now` rest on."""
        self._expire(now)
        return int(self._sum.sum())

    def get(self, now: float, quantiles: list[float]) -> list[float | None]:
        """Return the quantiles in seconds (nearest rank), or ``None`` for each when empty."""
        self._expire(now)
        cumulated = np.cumsum(self._sum)
        n = int(cumulated[-1])
        if not n:
            return [None] * len(quantiles)
        ranks = [max(1, ceil(q * n - 1e-9)) for q in quantiles]
        indices = np.searchsorted(cumulated, ranks)
        return [float(2 * _GAMMA ** (int(i) + _OFFSET) / (_GAMMA + 1)) for i in indices]

    def _expire(self, now: float) -> None:
        for slot in self._ring.advance(now):
            if self._slots is not None and self._slots[slot].any():
                self._sum -= self._slots[slot]
                self._slots[slot] = 0
