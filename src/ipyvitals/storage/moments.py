"""Rounds stored times to whole microseconds, the same way in SQL, NumPy and Python.

A time is stored in seconds as a float, of which about four differ by less than a microsecond. A
DataFrame shows microseconds, so times are compared and grouped by what is shown.
"""

from __future__ import annotations

from math import floor, inf, nextafter
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["lowest_stored", "micros_of", "shown_micros"]

SECOND = 1_000_000
STEPS = 64
"""More floats than lie within a microsecond of any date."""


def micros_of(seconds: str) -> str:
    """Return the SQL expression of the microseconds that are shown for an SQL expression."""
    return f"CAST({seconds} * 1e6 + 0.5 AS INTEGER)"


def shown_micros(seconds: npt.NDArray[np.float64]) -> Any:
    """Return the microseconds that are shown for stored times, shape (n,)."""
    return np.floor(seconds * 1e6 + 0.5)


def lowest_stored(moment: float | None) -> float | None:
    """Return the lowest stored time that is shown as `moment` or later, in Unix seconds."""
    if moment is None:
        return None
    micros = floor(moment * 1e6 + 0.5)
    at = (micros - 0.5) / SECOND
    for _ in range(STEPS):
        if floor(at * 1e6 + 0.5) < micros:
            break
        at = nextafter(at, -inf)
    while floor(at * 1e6 + 0.5) < micros:
        at = nextafter(at, inf)
    return at
