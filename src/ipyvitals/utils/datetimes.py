"""Convert dates and times in the forms that users pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import isfinite, nan
from typing import Any

import numpy as np

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError

__all__ = ["unix_seconds"]

DAY_SECONDS = 86_400
EARLIEST_SECONDS, LATEST_SECONDS = -62_135_596_800.0, 253_402_300_800.0
"""The years 1 to 9999, which are those of a `datetime`."""
MULTIPLES = {"milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}


def unix_seconds(argument: str, moment: Any) -> float | None:
    """Return a date and time as Unix seconds; without a time zone it is in local time.

    The rule is the same for a `datetime`, a string, a ``numpy.datetime64`` and a pandas
    `Timestamp`.

    Parameters
    ----------
    argument : str
        Name of the argument, for errors.
    moment : datetime, str, numpy.datetime64, float or None
        A string is in ISO 8601, a number in Unix seconds. A number beyond the year 9999 is
        refused: it is in milliseconds or a smaller unit.

    Raises
    ------
    ArgumentValueError, ArgumentTypeError
        When `moment` is not of the years 1 to 9999, or of another type.
    """
    if moment is None:
        return None
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise ArgumentValueError(
                f"{argument}={moment!r}: expected a date such as '2026-05-01T12:00:00+00:00'."
            ) from None
    if isinstance(moment, np.ndarray) and moment.ndim == 0:
        moment = moment[()]
    try:
        seconds = _seconds(moment)
    except (TypeError, ValueError, OverflowError, OSError):
        raise ArgumentTypeError(
            f"{argument}={moment!r}: expected a datetime, an ISO 8601 string or Unix seconds, "
            f"got {type(moment).__name__}."
        ) from None
    if not isfinite(seconds):
        raise ArgumentValueError(f"{argument}={moment!r}: expected a moment in time.")
    if not EARLIEST_SECONDS <= seconds < LATEST_SECONDS:
        raise ArgumentValueError(
            f"{argument}={moment!r}: expected Unix seconds, a moment of the years 1 to 9999"
            f"{_likely_cause(seconds)}."
        )
    return seconds


def _seconds(moment: Any) -> float:
    if isinstance(moment, (bool, np.bool_, bytes)):
        raise TypeError
    if isinstance(moment, np.datetime64):
        if np.isnat(moment):
            return nan
        about = float(moment.astype("datetime64[D]").astype(np.int64)) * DAY_SECONDS
        if not EARLIEST_SECONDS <= about < LATEST_SECONDS:
            return about
        moment = moment.astype("datetime64[us]").item()
    elif isinstance(moment, datetime) and hasattr(moment, "to_pydatetime"):
        # pandas interprets a Timestamp without a zone as UTC.
        moment = moment.to_pydatetime(warn=False)
    timestamp: Callable[[], float] | None = getattr(moment, "timestamp", None)
    return float(moment if timestamp is None else timestamp())


def _likely_cause(seconds: float) -> str:
    for unit, multiple in MULTIPLES.items():
        if EARLIEST_SECONDS <= seconds / multiple < LATEST_SECONDS:
            return f"; this looks like {unit}: divide it by {multiple:,.0f}"
    return ""
