"""Measures streams of items, such as the tokens of a language model, over the last minute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipyvitals.stats.latency import SlidingHistogram
from ipyvitals.stats.rate import SlidingCounter
from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["StreamTracker"]

PARTS_PER_SECOND = 1_000_000
"""Durations are added up in whole microseconds, so that what leaves the window leaves no rest."""


class StreamTracker:
    """Computes the time to the first item, and the items per second of waiting for them.

    Examples
    --------
    >>> streams = StreamTracker()
    >>> streams.add_first_items(np.array([1.0]), np.array([0.2]))
    >>> streams.add_items(np.array([2.0]), np.array([0.5]), np.array([20]))
    >>> streams.first_item(2.0, [0.5]), streams.items_per_second(2.0)
    ([0.199...], 40.0)
    """

    def __init__(self) -> None:
        self._first_item = SlidingHistogram()
        self._items = SlidingCounter()
        self._parts = SlidingCounter()

    def add_first_items(self, times: Floats, seconds: Floats) -> None:
        """Add the seconds to the first item of streams, shape (n,), which came at these times."""
        self._first_item.update(times, seconds)

    def add_items(self, times: Floats, seconds: Floats, items: Ints) -> None:
        """Add the items of streams that ended at these times, and how long they took."""
        self._items.update(times, items)
        self._parts.update(times, np.rint(seconds * PARTS_PER_SECOND).astype(np.int64))

    def first_item(self, now: float, quantiles: Sequence[float]) -> list[float | None]:
        """Return quantiles of the seconds to the first item; ``None`` for each where none came."""
        return self._first_item.get(now, quantiles)

    def is_active(self, now: float) -> bool:
        """Return whether the window at `now` has a stream."""
        return bool(self._first_item.count(now) or self._parts.get(now) or self._items.get(now))

    def items_per_second(self, now: float) -> float | None:
        """Return the items per second; ``None`` where no stream ended, or none took any time."""
        parts = self._parts.get(now)
        return self._items.get(now) * PARTS_PER_SECOND / parts if parts else None
