"""Convert dates and times in the forms that users pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import isfinite, nan
from typing import Any

import numpy as np

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError

__all__ = ["unix_seconds"]


def unix_seconds(argument: str, moment: Any) -> float | None:
    """Return a date and time as Unix seconds; a `datetime` without a zone is in local time.

    Parameters
    ----------
    argument : str
        Name of the argument, for errors.
    moment : datetime, str, numpy.datetime64, float or None
        A string is in ISO 8601, a number in Unix seconds, a `datetime64` in UTC.

    Raises
    ------
    ArgumentValueError, ArgumentTypeError
        When `moment` is not a finite time, or of another type.
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
    if isinstance(moment, np.datetime64):
        never = np.isnat(moment)
        moment = nan if never else moment.astype("datetime64[us]").astype(np.int64) / 1e6
    try:
        if isinstance(moment, (bool, np.bool_)):
            raise TypeError
        if isinstance(moment, datetime) and hasattr(moment, "to_pydatetime"):
            # pandas interprets a Timestamp without a zone as UTC.
            moment = moment.to_pydatetime(warn=False)
        timestamp: Callable[[], float] | None = getattr(moment, "timestamp", None)
        seconds = float(moment if timestamp is None else timestamp())
    except (TypeError, ValueError, OverflowError):
        raise ArgumentTypeError(
            f"{argument}={moment!r}: expected a datetime, an ISO 8601 string or Unix seconds, "
            f"got {type(moment).__name__}."
        ) from None
    if not isfinite(seconds):
        raise ArgumentValueError(f"{argument}={moment!r}: expected a moment in time.")
    return seconds
