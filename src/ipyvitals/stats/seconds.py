"""Map times to the one-second slots of a ring buffer."""

from __future__ import annotations

from math import floor
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Flags", "Floats", "Ints", "SecondRing"]

Flags: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


class SecondRing:
    """Map each time to a slot of a ring buffer, and report the slots that expired.

    The counters are stored by the caller.

    Parameters
    ----------
    size : int
        Window in seconds; one slot for each.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.head: int | None = None
        """Newest second so far; ``None`` before the first call of `advance`."""

    def advance(self, now: float) -> list[int]:
        """Move the newest second forward to `now`; return the slots that the caller must clear."""
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
        """Return the slot of each time, and whether the time lies in the window."""
        seconds = np.floor(times).astype(np.int64)
        head = self.head if self.head is not None else 0
        return seconds % self.size, (seconds > head - self.size) & (seconds <= head)
