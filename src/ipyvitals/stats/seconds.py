"""A ring of one-second slots."""

from __future__ import annotations

from math import floor
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Ints", "SecondRing"]

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


class SecondRing:
    """Tells which slot a time belongs to, and which slots have grown too old.

    Parameters
    ----------
    size : int
        Window in seconds; one slot for each.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.head: int | None = None
        """The newest second so far."""

    def advance(self, now: float) -> list[int]:
        """Move the newest second up to `now`; return the slots that must be emptied."""
        second = floor(now)
        if self.head is None:
            self.head = second
            return []
        steps = min(second - self.head, self.size)
        if steps <= 0:
            return []
        self.head = second
        return [(second - back) % self.size for back in range(steps)]

    def locate(self, times: Floats) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return the slot of each time, and whether that time is still in the window."""
        seconds = np.floor(times).astype(np.int64)
        head = self.head if self.head is not None else 0
        return seconds % self.size, (seconds > head - self.size) & (seconds <= head)
