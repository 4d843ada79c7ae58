"""Measures the memory of several processes so that pages that they share count once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import inf
from typing import NamedTuple, TypeAlias

from ipyvitals.system.budget import ReadBudget, RotatingReader

__all__ = ["ProcessKey", "ProportionalMemory"]

SHARE = 0.0008
RESERVE_SECONDS = 0.005
FRESH_SECONDS = 30.0
MAX_DOUBT = 0.1
"""Share of the total that may be uncertain in a sum in which shared pages count once."""

ProcessKey: TypeAlias = tuple[int, float]
"""Process id and when it started."""


class MemorySample(NamedTuple):
    """Proportional and resident bytes of a process, read at the same time."""

    proportional: int | None
    resident: int


class ProportionalMemory:
    """Estimates the proportional memory (PSS) of each process: shared pages divided by their users.

    A reading of it takes up to 4 ms a gigabyte, so that each process is read every 30 s at most,
    and some at a time: new ones first, then the root if others came or went, then those read
    longest ago. In between, the growth of the resident memory is added.

    A process that came or went changes the shares of the others, by its own memory at most, until
    all of them are read again; what a descendant grew by may be pages that it shares. While that is
    more than a tenth of the total, the total is an upper bound and not `complete`.

    Parameters
    ----------
    read : callable
        Takes a process id; returns bytes, or None where they may not be read.
    timer : callable
        Returns seconds of CPU; measures what a reading costs.
    """

    def __init__(
        self,
        read: Callable[[int], int | None],
        timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self._read = read
        self._samples: RotatingReader[ProcessKey, MemorySample] = RotatingReader(
            self._sample,
            ReadBudget(SHARE, timer, reserve=RESERVE_SECONDS),
            min_age=FRESH_SECONDS,
        )
        self._resident: Mapping[ProcessKey, int] = {}
        self._came: dict[ProcessKey, float] = {}
        self._went: list[tuple[float, int]] = []
        """Processes that came or went since the oldest sample: when, and with how many bytes."""
        self._settled = True
        self.total = 0
        """Memory of all processes; an upper bound while it is not complete."""
        self.complete = False
        """Whether shared pages count once in the total, to a tenth of it."""

    def update(
        self,
        now: float,
        root: ProcessKey,
        resident: Mapping[ProcessKey, int],
        *,
        settled: bool = True,
    ) -> None:
        """Take the resident bytes of each process, and read the proportional ones of some.

        While it is not `settled` whether there are more processes, the total is not complete.
        """
        if resident.keys() != self._resident.keys() or (settled and not self._settled):
            # Who shares a page with others has a larger share once the others are gone.
            self._samples.expire(root)
        self._went += [(now, self.bytes_of(key)) for key in self._resident.keys() - resident.keys()]
        self._came |= dict.fromkeys(resident.keys() - self._resident.keys(), now)
        self._resident, self._settled = resident, settled
        samples = self._samples.update(now, resident)
        oldest = min(self._samples.read_at.values(), default=inf)
        self._came = {key: at for key, at in self._came.items() if key in resident and at > oldest}
        self._went = [(at, size) for at, size in self._went if at > oldest]
        self.total = sum(map(self.bytes_of, resident))
        growth = {key: self._uncertain_growth(key, root) for key in samples}
        doubt = sum(growth.values()) + sum(map(self.bytes_of, self._came))
        doubt += sum(size for _, size in self._went)
        known = len(samples) == len(resident) and all(
            one.proportional is not None for one in samples.values()
        )
        self.complete = settled and known and doubt <= MAX_DOUBT * self.total
        if not self.complete:
            whole = sum(resident.values())
            bounds = sum(map(self._bound_of, resident)) + sum(size for _, size in self._went)
            self.total = min(bounds, whole) if settled else whole
            grown = max(growth, key=growth.__getitem__, default=root)
            if growth.get(grown):
                self._samples.expire(grown)

    def bytes_of(self, key: ProcessKey) -> int:
        """Return the memory of a process; the resident memory where nothing else is known."""
        sample, resident = self._samples.values.get(key), self._resident[key]
        if sample is None or sample.proportional is None:
            return resident
        return max(0, sample.proportional + resident - sample.resident)

    def _bound_of(self, key: ProcessKey) -> int:
        """Return the most that `bytes_of` can be; pages that are gone may have been shared."""
        sample, resident = self._samples.values.get(key), self._resident[key]
        if sample is None or sample.proportional is None:
            return resident
        return min(resident, sample.proportional + max(0, resident - sample.resident))

    def _uncertain_growth(self, key: ProcessKey, root: ProcessKey) -> int:
        """Return the bytes by which a process grew or shrank, where they may be shared ones.

        Pages that the root allocates are its own; a forked child may map those of its parent.
        """
        if len(self._resident) == 1:
            return 0
        growth = self._resident[key] - self._samples.values[key].resident
        return max(0, -growth) if key == root else abs(growth)

    def _sample(self, key: ProcessKey) -> MemorySample:
        return MemorySample(self._read(key[0]), self._resident[key])
