"""Who is next, where not all can be looked at each time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

__all__ = ["RoundRobin"]

K = TypeVar("K", bound=Hashable)


class RoundRobin(Generic[K]):
    """Gives those never looked at first, then those looked at longest ago.

    Examples
    --------
    >>> turns = RoundRobin()
    >>> turns.next("abc", 2), turns.next("abcd", 2), turns.next("bcd", 2)
    (['a', 'b'], ['c', 'd'], ['b', 'c'])
    """

    def __init__(self) -> None:
        self._looked_at: dict[K, None] = {}

    def next(self, keys: Iterable[K], count: int, *, again: bool = True) -> list[K]:
        """Return at most `count` of `keys`; only new ones unless `again`. Others are forgotten."""
        wanted = dict.fromkeys(keys)
        known = [key for key in self._looked_at if key in wanted]
        chosen = [key for key in wanted if key not in self._looked_at]
        chosen = (chosen + known if again else chosen)[:count]
        taken = set(chosen)
        self._looked_at = dict.fromkeys(key for key in known if key not in taken)
        self._looked_at.update(dict.fromkeys(chosen))
        return chosen
