"""Memory of several processes, in which pages that they share count once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ipyvitals.system.source import Pace

__all__ = ["Key", "ProportionalMemory"]

BUDGET_SECONDS = 0.0015
SHARE = 0.001
FRESH_SECONDS = 30.0

Key: TypeAlias = tuple[int, float]
"""Process id and when it started."""


class _Look(NamedTuple):
    proportional: int | None
    resident: int
    """At the same time."""
    at: float


class ProportionalMemory:
    """Keeps for each process what its memory is when shared pages are shared out.

    To read that takes about 4 ms a gigabyte, so each is read every 30 s at most, and some at a
    time: new ones first, then the root if others came or went, then those read longest ago. In
    between, the growth of the resident memory is added.

    Parameters
    ----------
    read : callable
        Takes a process id; returns bytes, or None where they may not be read.
    timer : callable
        Returns seconds of CPU; measures what a look costs.
    """

    def __init__(
        self,
        read: Callable[[int], int | None],
        timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self._read = read
        self._timer = timer
        self._pace = Pace(SHARE, timer)
        self._looks: dict[Key, _Look] = {}
        self._known: set[Key] = set()
        self._root_due = False
        self._cost = 0.0
        self.complete = False
        """Whether all processes were read, each at some time."""

    def update(self, now: float, root: Key, resident: Mapping[Key, int]) -> None:
        """Take the resident bytes of each process, and look at some of them."""
        self._root_due |= resident.keys() != self._known
        self._known = set(resident)
        self._looks = {key: look for key, look in self._looks.items() if key in resident}
        if self._pace.due(now):
            with self._pace.look(now):
                self._look_at_some(now, root, resident)
        self.complete = len(self._looks) == len(resident) and all(
            look.proportional is not None for look in self._looks.values()
        )

    def bytes_of(self, key: Key, resident: int) -> int:
        """Return the memory of a process; what is resident where nothing else is known."""
        look = self._looks.get(key)
        if look is None or look.proportional is None:
            return resident
        return max(0, look.proportional + resident - look.resident)

    def _look_at_some(self, now: float, root: Key, resident: Mapping[Key, int]) -> None:
        due = [key for key in resident if key not in self._looks]
        if self._root_due:
            due.append(root)
        due += [key for key, look in self._looks.items() if now - look.at >= FRESH_SECONDS]
        begin = at = self._timer()
        for key in dict.fromkeys(due):
            if at > begin and at - begin + self._cost > BUDGET_SECONDS:
                return
            # Taken out first: the order in which they stand is that of the looks.
            self._looks.pop(key, None)
            self._looks[key] = _Look(self._read(key[0]), resident[key], now)
            self._root_due &= key != root
            before, at = at, self._timer()
            self._cost = at - before
