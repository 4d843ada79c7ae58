"""Limits what readings cost: a share of CPU time, spent on the readings that are oldest."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

__all__ = ["ReadBudget", "RotatingReader"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ReadBudget:
    """Grants readings a fixed share of the time that passes; a token bucket of seconds.

    A reading may cost more than is left; the next one is due once the difference is earned.

    Parameters
    ----------
    share : float
        The largest share of time that readings may take on average, in (0, 1].
    timer : callable
        Returns seconds; measures what a reading costs. By default the CPU time of this thread.
    reserve : float
        Seconds of cost that can be saved up while nothing is read; the budget starts with them.

    Examples
    --------
    >>> ticks = iter([0.0, 0.5])
    >>> budget = ReadBudget(share=0.1, timer=lambda: next(ticks))
    >>> with budget.measure(now=100.0):
    ...     pass
    >>> budget.due(104.9), budget.due(105.0)
    (False, True)
    """

    def __init__(
        self,
        share: float,
        timer: Callable[[], float] = time.thread_time,
        *,
        reserve: float = 0.0,
    ) -> None:
        self._share = share
        self._timer = timer
        self._reserve = reserve
        self._left = reserve
        self._at = float("-inf")

    def due(self, now: float, *, overdraft: float = 0.0) -> bool:
        """Return whether there is budget left, or less than `overdraft` seconds are owed."""
        return self._earn(now) >= -overdraft

    def spend(self, now: float, seconds: float) -> None:
        """Subtract the cost of one reading."""
        self._left = self._earn(now) - seconds

    @contextmanager
    def measure(self, now: float) -> Iterator[None]:
        """Return a context manager that measures and subtracts the cost of one reading."""
        begin = self._timer()
        try:
            yield
        finally:
            self.spend(now, self._timer() - begin)

    def _earn(self, now: float) -> float:
        earned = self._share * max(0.0, now - self._at)
        self._at = max(self._at, now)
        # Rounding must not put off what is due at this very moment.
        self._left = min(self._reserve, self._left + earned + 1e-12)
        return self._left


class RotatingReader(Generic[K, V]):
    """Reads a value for each key, as many at a time as a budget allows, the oldest first.

    Parameters
    ----------
    read : callable
        Takes a key and returns its value.
    budget : ReadBudget
        Pays for the readings.
    overdraft : float
        Seconds that the budget may owe for keys that were never read.
    min_age : float
        Seconds for which a value is not read again.

    Examples
    --------
    >>> seconds = iter(range(100))
    >>> budget = ReadBudget(share=0.4, timer=lambda: next(seconds), reserve=1.5)
    >>> reader = RotatingReader(str.upper, budget)
    >>> reader.update(0.0, "abc"), reader.update(5.0, "abc"), reader.update(10.0, "bcd")
    ({'a': 'A', 'b': 'B'}, {'b': 'B', 'c': 'C', 'a': 'A'}, {'c': 'C', 'd': 'D', 'b': 'B'})
    """

    def __init__(
        self,
        read: Callable[[K], V],
        budget: ReadBudget,
        *,
        overdraft: float = 0.0,
        min_age: float = 0.0,
    ) -> None:
        self._read = read
        self._budget = budget
        self._overdraft = overdraft
        self._min_age = min_age
        self.read_at: dict[K, float] = {}
        """When each key was read."""
        self.values: dict[K, V] = {}
        """The newest value of each key, that of the oldest reading first."""

    def update(self, now: float, keys: Iterable[K]) -> dict[K, V]:
        """Read some of `keys`, forget all others, and return the newest values."""
        wanted = dict.fromkeys(keys)
        known = [key for key in self.values if key in wanted]
        self.values = {key: self.values[key] for key in known}
        self.read_at = {key: self.read_at[key] for key in known}
        for key in [key for key in wanted if key not in self.values]:
            if not self._budget.due(now, overdraft=self._overdraft):
                break
            self._read_one(now, key)
        for key in known:
            if now - self.read_at[key] >= self._min_age:
                if not self._budget.due(now):
                    break
                self._read_one(now, key)
        return self.values

    def expire(self, key: K) -> None:
        """Let `key` be the next one to be read again."""
        if key in self.values:
            self.read_at[key] = float("-inf")
            self.values = {key: self.values.pop(key), **self.values}

    def _read_one(self, now: float, key: K) -> None:
        # First, so that a reading that fails leaves no old value, and the newest stands last.
        self.values.pop(key, None)
        with self._budget.measure(now):
            self.values[key] = self._read(key)
        self.read_at[key] = now
