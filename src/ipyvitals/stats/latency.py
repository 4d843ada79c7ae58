"""Latency quantiles, from histograms of logarithmic buckets that merge by addition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log
from typing import Any, Self

import numpy as np

from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["LogHistogram", "SlidingHistogram"]

RELATIVE_ERROR = 0.01
LOWEST_SECONDS = 1e-7
HIGHEST_SECONDS = 1e6
MOST_PARTS = 16

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = log(_GAMMA)
_OFFSET = ceil(log(LOWEST_SECONDS) / _LOG_GAMMA)
_BUCKETS = ceil(log(HIGHEST_SECONDS) / _LOG_GAMMA) - _OFFSET + 1


class LogHistogram:
    """Quantiles with at most 1 % relative error, between 0.1 µs and 11 days.

    Notes
    -----
    Bucket ``i`` holds the values in ``(gamma**(i-1), gamma**i]`` with ``gamma = 1.01 / 0.99``
    and answers ``2 * gamma**i / (gamma + 1)``: the scheme of DDSketch (Masson, Rim and Lee,
    2019, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
    guarantees", PVLDB 12(12)). Values outside the range count in its first or last bucket.

    Examples
    --------
    >>> one, other = LogHistogram(), LogHistogram()
    >>> one.update(np.array([0.004])); other.update(np.array([0.100]))
    >>> one.merge(LogHistogram.from_dict(other.to_dict()))
    >>> one.count, one.get([0.5])
    (2, [0.00396...])
    """

    def __init__(self) -> None:
        self._counts: Ints = np.zeros(_BUCKETS, dtype=np.int64)

    @property
    def count(self) -> int:
        """How many values it holds."""
        return int(self._counts.sum())

    def update(self, seconds: Floats) -> None:
        """Add values, shape (n,); finite and not negative."""
        self._counts += np.bincount(_buckets_of(seconds), minlength=_BUCKETS)

    def merge(self, other: LogHistogram) -> None:
        """Add all that another histogram holds."""
        self._counts += other._counts

    def get(self, quantiles: Sequence[float]) -> list[float | None]:
        """Return the quantiles in seconds (nearest rank), or ``None`` for each when empty."""
        cumulated = np.cumsum(self._counts)
        n = int(cumulated[-1])
        if not n:
            return [None] * len(quantiles)
        ranks = [max(1, ceil(q * n - 1e-9)) for q in quantiles]
        indices = np.searchsorted(cumulated, ranks)
        return [float(2 * _GAMMA ** (int(i) + _OFFSET) / (_GAMMA + 1)) for i in indices]

    def to_dict(self) -> dict[str, Any]:
        """Return the buckets that are not empty, ready for JSON."""
        (used,) = np.nonzero(self._counts)
        return {
            "relative_error": RELATIVE_ERROR,
            "buckets": (used + _OFFSET).tolist(),
            "counts": self._counts[used].tolist(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return the histogram that `to_dict` told of.

        Raises
        ------
        ValueError
            When its buckets are not these.
        """
        buckets = np.array(plain["buckets"], dtype=np.int64) - _OFFSET
        counts = np.array(plain["counts"], dtype=np.int64)
        inside = buckets.size == counts.size and bool(np.all((buckets >= 0) & (buckets < _BUCKETS)))
        if plain["relative_error"] != RELATIVE_ERROR or not inside or bool(np.any(counts < 0)):
            raise ValueError(
                f"expected a histogram of {RELATIVE_ERROR:.0%} relative error with {_BUCKETS} "
                f"buckets, got one of {plain['relative_error']!r}; both sides need one version."
            )
        histogram = cls()
        np.add.at(histogram._counts, buckets, counts)
        return histogram

    def _add(self, buckets: Ints, counts: Ints) -> None:
        self._counts[buckets] += counts

    def _remove(self, buckets: Ints, counts: Ints) -> None:
        self._counts[buckets] -= counts


class SlidingHistogram:
    """A `LogHistogram` of the last `size` seconds, exact to one second.

    Only buckets in use are kept for each second, so that hundreds of them fit in memory.

    Parameters
    ----------
    size : int
        Window in seconds.

    Examples
    --------
    >>> histogram = SlidingHistogram()
    >>> histogram.update(np.array([0.0, 0.0]), np.array([0.004, 0.100]))
    >>> histogram.get(1.0, [0.5])
    [0.00396...]
    """

    def __init__(self, size: int = 60) -> None:
        self._size = size
        self._head: int | None = None
        self._parts: dict[int, list[tuple[Ints, Ints]]] = {}
        self._sum = LogHistogram()

    def update(self, times: Floats, seconds: Floats) -> None:
        """Add latencies.

        Parameters
        ----------
        times : ndarray of float, shape (n,)
            When each call ended, in monotonic seconds, in any order.
        seconds : ndarray of float, shape (n,)
            How long each call took; finite and not negative.
        """
        if not times.size:
            return
        newest = float(times.max())
        self._expire(newest)
        buckets = _buckets_of(seconds)
        if floor(times.min()) == floor(newest):
            self._keep(floor(newest), *_sparse(np.bincount(buckets, minlength=_BUCKETS)))
            return
        whole = np.floor(times).astype(np.int64)
        for second in set(whole.tolist()):
            counts = np.bincount(buckets[whole == second], minlength=_BUCKETS)
            self._keep(second, *_sparse(counts))

    def merge(self, other: SlidingHistogram) -> None:
        """Add what another one holds, whose times came from the same clock."""
        if other._head is not None:
            self._expire(float(other._head))
        for second, parts in other._parts.items():
            for buckets, counts in parts:
                self._keep(second, buckets, counts)

    def count(self, now: float) -> int:
        """Return how many calls the quantiles at `now` rest on."""
        self._expire(now)
        return self._sum.count if self._parts else 0

    def get(self, now: float, quantiles: Sequence[float]) -> list[float | None]:
        """Return the quantiles in seconds (nearest rank), or ``None`` for each when empty."""
        self._expire(now)
        return self._sum.get(quantiles) if self._parts else [None] * len(quantiles)

    def total(self, now: float) -> LogHistogram:
        """Return all of the window as one histogram."""
        self._expire(now)
        total = LogHistogram()
        total.merge(self._sum)
        return total

    def _keep(self, second: int, buckets: Ints, counts: Ints) -> None:
        head = self._head if self._head is not None else second
        if not head - self._size < second <= head:
            return
        self._sum._add(buckets, counts)
        parts = self._parts.setdefault(second, [])
        parts.append((buckets, counts))
        if len(parts) > MOST_PARTS:
            # A snapshot after each prediction folds each alone.
            together = LogHistogram()
            for one in parts:
                together._add(*one)
            self._parts[second] = [_sparse(together._counts)]

    def _expire(self, now: float) -> None:
        second = floor(now)
        if self._head is not None and second <= self._head:
            return
        self._head = second
        for old in [kept for kept in self._parts if kept <= second - self._size]:
            for buckets, counts in self._parts.pop(old):
                self._sum._remove(buckets, counts)


def _sparse(counts: Ints) -> tuple[Ints, Ints]:
    (used,) = np.nonzero(counts)
    return used, counts[used]


def _buckets_of(seconds: Floats) -> Ints:
    clipped = np.clip(seconds, LOWEST_SECONDS, HIGHEST_SECONDS)
    buckets: Ints = np.ceil(np.log(clipped) / _LOG_GAMMA).astype(np.int64) - _OFFSET
    return buckets
