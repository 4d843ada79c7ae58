"""Compute latency quantiles from mergeable histograms with logarithmic buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, inf, log, nextafter
from typing import Any, Self

import numpy as np

from ipyvitals.stats.rate import SlidingCounter
from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["LATENCY_BUCKETS", "LogHistogram", "SlidingHistogram"]

RELATIVE_ERROR = 0.01
LOWEST_SECONDS = 1e-7
HIGHEST_SECONDS = 1e6
MAX_PARTS = 16
"""Sparse histograms per second before they are merged into one."""

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = log(_GAMMA)
_OFFSET = ceil(log(LOWEST_SECONDS) / _LOG_GAMMA)
LATENCY_BUCKETS = ceil(log(HIGHEST_SECONDS) / _LOG_GAMMA) - _OFFSET + 1
"""Number of buckets of a `LogHistogram`."""


class LogHistogram:
    """Compute quantiles with at most 1 % relative error, between 0.1 µs and 11 days.

    Notes
    -----
    Bucket ``i`` counts the values in ``(gamma**(i-1), gamma**i]`` with ``gamma = 1.01 / 0.99``
    and represents them by ``2 * gamma**i / (gamma + 1)``, as DDSketch does (Masson, Rim and
    Lee, 2019, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
    guarantees", PVLDB 12(12)). Values outside the range count in the first or last bucket.

    Examples
    --------
    >>> one, other = LogHistogram(), LogHistogram()
    >>> one.update(np.array([0.004])); other.update(np.array([0.100]))
    >>> one.merge(LogHistogram.from_dict(other.to_dict()))
    >>> one.count, one.get([0.5])
    (2, [0.00396...])
    """

    def __init__(self) -> None:
        self._counts: Ints = np.zeros(LATENCY_BUCKETS, dtype=np.int64)

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self._counts.sum())

    def update(self, seconds: Floats) -> None:
        """Add values in seconds, shape (n,); finite and not negative."""
        self._counts += np.bincount(_buckets_of(seconds), minlength=LATENCY_BUCKETS)

    def merge(self, other: LogHistogram) -> None:
        """Add all values of another histogram."""
        self._counts += other._counts

    def get(
        self, quantiles: Sequence[float], split: tuple[float, int] | None = None
    ) -> list[float | None]:
        """Return the quantiles in seconds (nearest rank), or ``None`` for each when empty.

        Parameters
        ----------
        quantiles : sequence of float
            Each in [0, 1].
        split : tuple, optional
            A limit in seconds, and how many values of its bucket are above the limit. A quantile
            of that bucket is then returned on the side of the limit on which it is.
        """
        cumulated = np.cumsum(self._counts)
        n = int(cumulated[-1])
        if not n:
            return [None] * len(quantiles)
        ranks = [max(1, ceil(q * n - 1e-9)) for q in quantiles]
        buckets = np.searchsorted(cumulated, ranks).tolist()
        found = [2 * _GAMMA ** (bucket + _OFFSET) / (_GAMMA + 1) for bucket in buckets]
        if split is None:
            return [*found]
        limit, above = split
        of_limit = _bucket_of(limit)
        for place, (bucket, rank) in enumerate(zip(buckets, ranks, strict=True)):
            if bucket == of_limit:
                over = rank > int(cumulated[bucket]) - above
                seconds = found[place]
                found[place] = max(seconds, nextafter(limit, inf)) if over else min(seconds, limit)
        return [*found]

    def to_dict(self) -> dict[str, Any]:
        """Return the non-empty buckets as JSON-compatible values."""
        (used,) = np.nonzero(self._counts)
        return {
            "relative_error": RELATIVE_ERROR,
            "buckets": (used + _OFFSET).tolist(),
            "counts": self._counts[used].tolist(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return the histogram that `to_dict` serialised.

        Raises
        ------
        ValueError
            When `plain` has a different error bound or buckets out of range.
        """
        buckets = np.array(plain["buckets"], dtype=np.int64) - _OFFSET
        counts = np.array(plain["counts"], dtype=np.int64)
        inside = buckets.size == counts.size and bool(
            np.all((buckets >= 0) & (buckets < LATENCY_BUCKETS))
        )
        if plain["relative_error"] != RELATIVE_ERROR or not inside or bool(np.any(counts < 0)):
            raise ValueError(
                f"expected a histogram of {RELATIVE_ERROR:.0%} relative error with "
                f"{LATENCY_BUCKETS} buckets, got one of {plain['relative_error']!r}; both sides "
                "need one version."
            )
        histogram = cls()
        np.add.at(histogram._counts, buckets, counts)
        return histogram

    def sparse(self) -> tuple[list[int], list[int]]:
        """Return the places and the counts of the non-empty buckets."""
        used, counts = _sparse(self._counts)
        return used.tolist(), counts.tolist()

    def _add(self, buckets: Ints, counts: Ints) -> None:
        self._counts[buckets] += counts

    def _remove(self, buckets: Ints, counts: Ints) -> None:
        self._counts[buckets] -= counts


class SlidingHistogram:
    """Compute latency quantiles of the last `size` seconds, with a resolution of one second.

    For each second only the non-empty buckets are stored, so hundreds of these histograms fit
    in memory.

    Parameters
    ----------
    size : int
        Window in seconds.
    limit : float, optional
        Seconds with which quantiles are compared. A quantile is returned above the limit only
        when it is above it: calls of the limit's own bucket are counted on both of its sides.

    Examples
    --------
    >>> histogram = SlidingHistogram()
    >>> histogram.update(np.array([0.0, 0.0]), np.array([0.004, 0.100]))
    >>> histogram.get(1.0, [0.5])
    [0.00396...]
    """

    def __init__(self, size: int = 60, limit: float | None = None) -> None:
        self._size = size
        self._head: int | None = None
        self._parts: dict[int, list[tuple[Ints, Ints]]] = {}
        self._sum = LogHistogram()
        self.compare_with(limit)

    def compare_with(self, limit: float | None) -> None:
        """Set another limit; earlier calls of its bucket count as not above it."""
        self._limit = limit
        self._limit_bucket = None if limit is None else _bucket_of(limit)
        self._above = SlidingCounter(self._size)
        """Calls of the limit's bucket that took longer than the limit."""

    @property
    def limit(self) -> float | None:
        """Seconds with which quantiles are compared."""
        return self._limit

    def update(self, times: Floats, seconds: Floats) -> None:
        """Add latencies.

        Parameters
        ----------
        times : ndarray of float, shape (n,)
            End of each call, in monotonic seconds, in any order.
        seconds : ndarray of float, shape (n,)
            Duration of each call; finite and not negative.
        """
        if not times.size:
            return
        newest = float(times.max())
        self._expire(newest)
        buckets = _buckets_of(seconds)
        if self._limit is not None:
            self._above.update(times[(buckets == self._limit_bucket) & (seconds > self._limit)])
        if floor(times.min()) == floor(newest):
            self._add_part(floor(newest), *_sparse(np.bincount(buckets, minlength=LATENCY_BUCKETS)))
            return
        whole = np.floor(times).astype(np.int64)
        for second in set(whole.tolist()):
            counts = np.bincount(buckets[whole == second], minlength=LATENCY_BUCKETS)
            self._add_part(second, *_sparse(counts))

    def merge(self, other: SlidingHistogram) -> None:
        """Add all latencies of another histogram with times of the same clock."""
        if other._head is not None:
            self._expire(float(other._head))
        for second, parts in other._parts.items():
            for buckets, counts in parts:
                self._add_part(second, buckets, counts)
        if other.limit == self.limit:
            self._above.merge(other._above)

    def add(self, second: float, buckets: Sequence[int], counts: Sequence[int]) -> None:
        """Add calls of one second by the places of their buckets, as `LogHistogram.sparse` has."""
        places = np.array(buckets, dtype=np.int64)
        if places.size != len(counts) or np.any((places < 0) | (places >= LATENCY_BUCKETS)):
            raise ValueError(
                f"expected the places of {LATENCY_BUCKETS} buckets, each with a count."
            )
        self._expire(second)
        self._add_part(floor(second), places, np.array(counts, dtype=np.int64))

    def count(self, now: float) -> int:
        """Return the number of calls in the window at `now`."""
        self._expire(now)
        return self._sum.count if self._parts else 0

    def get(self, now: float, quantiles: Sequence[float]) -> list[float | None]:
        """Return the quantiles in seconds (nearest rank), or ``None`` for each when empty."""
        self._expire(now)
        if not self._parts:
            return [None] * len(quantiles)
        split = None if self._limit is None else (self._limit, self._above.get(now))
        return self._sum.get(quantiles, split)

    def total(self, now: float) -> LogHistogram:
        """Return the window at `now` as one histogram."""
        self._expire(now)
        total = LogHistogram()
        total.merge(self._sum)
        return total

    def _add_part(self, second: int, buckets: Ints, counts: Ints) -> None:
        head = self._head if self._head is not None else second
        if not head - self._size < second <= head:
            return
        self._sum._add(buckets, counts)
        parts = self._parts.setdefault(second, [])
        parts.append((buckets, counts))
        if len(parts) > MAX_PARTS:
            # A snapshot after each prediction adds one part per prediction.
            merged = LogHistogram()
            for part in parts:
                merged._add(*part)
            self._parts[second] = [_sparse(merged._counts)]

    def _expire(self, now: float) -> None:
        second = floor(now)
        if self._head is not None and second <= self._head:
            return
        self._head = second
        for expired in [one for one in self._parts if one <= second - self._size]:
            for buckets, counts in self._parts.pop(expired):
                self._sum._remove(buckets, counts)


def _sparse(counts: Ints) -> tuple[Ints, Ints]:
    (used,) = np.nonzero(counts)
    return used, counts[used]


def _bucket_of(seconds: float) -> int:
    return int(_buckets_of(np.array([seconds]))[0])


def _buckets_of(seconds: Floats) -> Ints:
    clipped = np.clip(seconds, LOWEST_SECONDS, HIGHEST_SECONDS)
    buckets: Ints = np.ceil(np.log(clipped) / _LOG_GAMMA).astype(np.int64) - _OFFSET
    return buckets
