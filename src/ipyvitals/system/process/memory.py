"""Measures the memory of several processes so that pages that they share count once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ipyvitals.system.budget import ReadBudget, RotatingReader

__all__ = ["ProcessKey", "ProportionalMemory"]

SHARE = 0.0008
RESERVE_SECONDS = 0.005
FRESH_SECONDS = 30.0

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
        self.complete = False
        """Whether all processes were read, each at some time."""

    def update(self, now: float, root: ProcessKey, resident: Mapping[ProcessKey, int]) -> None:
        """Take the resident bytes of each process, and read the proportional ones of some."""
        if resident.keys() != self._resident.keys():
            # Who shares a page with others has a larger share once the others are gone.
            self._samples.expire(root)
        self._resident = resident
        samples = self._samples.update(now, resident)
        self.complete = len(samples) == len(resident) and all(
            one.proportional is not None for one in samples.values()
        )

    def bytes_of(self, key: ProcessKey) -> int:
        """Return the memory of a process; the resident memory where nothing else is known."""
        sample, resident = self._samples.values.get(key), self._resident[key]
        if sample is None or sample.proportional is None:
            return resident
        return max(0, sample.proportional + resident - sample.resident)

    def _sample(self, key: ProcessKey) -> MemorySample:
        return MemorySample(self._read(key[0]), self._resident[key])
