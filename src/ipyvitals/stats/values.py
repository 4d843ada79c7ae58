"""Convert values of any type to numbers, and to keys under which equal values are equal."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite, nan
from numbers import Real
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.seconds import Floats

__all__ = [
    "MAX_TEXT",
    "Values",
    "as_floats",
    "as_seconds",
    "category_key",
    "decimal_of",
    "is_missing",
    "is_moment",
    "is_null",
    "is_number",
    "round_fractions",
]

Values: TypeAlias = "list[Any] | npt.NDArray[Any]"

MAX_TEXT = 100
"""Longer texts are compared by their start and a checksum."""
EPOCH_DAY = date(1970, 1, 1).toordinal()
DAY_SECONDS = 86_400.0

_FLOAT_CONVERTIBLE = (int, float, np.integer, np.floating, np.bool_, type(None))
"""Types that NumPy itself converts to float; bool is a subclass of int."""


def is_number(kind: type) -> bool:
    """Return whether values of a type are numbers; bools are none."""
    # NumPy's timedelta64 is a subclass of its signed integer.
    return issubclass(kind, (Real, Decimal)) and not issubclass(kind, (bool, np.timedelta64))


def is_moment(kind: type) -> bool:
    """Return whether values of a type are dates, times or durations."""
    return issubclass(kind, (date, time, timedelta, np.datetime64, np.timedelta64))


def is_missing(value: Any) -> bool:
    """Return whether a value is ``None``, not equal to itself (NaN), or unhashable."""
    if type(value) is str:
        return False
    try:
        hash(value)
        return value is None or bool(value != value)  # noqa: PLR0124 - true only for NaN
    except Exception:
        return True


def is_null(value: Any) -> bool:
    """Return whether a value is ``None`` or not equal to itself (NaN)."""
    try:
        hash(value)
    except Exception:
        return False
    return is_missing(value)


def category_key(value: Hashable) -> Hashable:
    """Return a key that is equal for values that are equal apart from their type.

    A number with a fraction is rounded to single precision, so that 0.1 is one category in
    arrays of float32, in arrays of float64 and in JSON. A text of more than 100
    characters becomes its start and a checksum.

    Examples
    --------
    >>> category_key(np.float32(0.1)) == category_key(0.1)
    True
    >>> category_key(2**60 + 1) == category_key(float(2**60 + 1))
    False
    """
    if isinstance(value, str):
        if len(value) <= MAX_TEXT:
            return str(value)
        # The key has no more than 100 characters, so it is its own key.
        checksum = crc32(value.encode("utf-8", "surrogatepass"))
        return f"{value[: MAX_TEXT - 9]}…{checksum:08x}"
    if isinstance(value, int):
        return value
    if isinstance(value, np.timedelta64) or not isinstance(value, (Real, Decimal)):
        return value
    if isinstance(value, np.generic) and isinstance(value.item(), int):
        return int(value.item())
    number = _as_float(value)
    if not isfinite(number) or number.is_integer():
        exact = value == number
        return number if exact else value
    return float(np.float32(number)) or number


def decimal_of(key: float) -> float:
    """Return the shortest decimal number that `category_key` rounds to `key`.

    Examples
    --------
    >>> decimal_of(category_key(0.1))
    0.1
    """
    if not isfinite(key) or key.is_integer():
        return key
    number = float(str(np.float32(key)))
    return number if category_key(number) == key else key


def round_fractions(numbers: Floats) -> Floats:
    """Return numbers rounded as `category_key` rounds them."""
    with np.errstate(over="ignore", invalid="ignore"):
        single = numbers.astype(np.float32).astype(np.float64)
        exact = (np.trunc(numbers) == numbers) | (single == 0)
    return np.where(exact, numbers, single)


def as_floats(values: Values) -> Floats:
    """Return the values as floats, shape (n,); NaN for values that are not numbers."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "biuf":
            return values.astype(np.float64, copy=False)
        if values.dtype.kind in "mM":
            return np.full(values.shape, nan)
        values = values.tolist()
    kinds = set(map(type, values))
    convertible = all(issubclass(kind, _FLOAT_CONVERTIBLE) for kind in kinds)
    if convertible and np.timedelta64 not in kinds:
        try:
            return np.array(values, dtype=np.float64)
        except (OverflowError, TypeError, ValueError):
            pass  # e.g. an integer of 400 digits
    return np.array([_as_float(value) for value in values], dtype=np.float64)


def as_seconds(values: Values) -> Floats:
    """Return dates, times and durations as seconds, shape (n,); NaN for other values.

    Dates are seconds since 1970 in UTC; a date without a time zone is one in UTC.
    """
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "mM":
            return _numpy_seconds(values)
        if values.dtype.kind != "O":
            return np.full(values.shape, nan)
        values = list(values)
    return np.array([_as_seconds(value) for value in values], dtype=np.float64)


def _as_float(value: Any) -> float:
    try:
        if getattr(value, "ndim", None) == 0:
            value = value.item()
        return float(value) if isinstance(value, (Real, Decimal)) else nan
    except Exception:
        return nan


def _as_seconds(value: Any) -> float:
    try:
        if isinstance(value, datetime):
            aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
            return aware.timestamp()
        if isinstance(value, date):
            return (value.toordinal() - EPOCH_DAY) * DAY_SECONDS
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, time):
            return (value.hour * 60 + value.minute) * 60 + value.second + value.microsecond / 1e6
        if isinstance(value, (np.datetime64, np.timedelta64)):
            return float(_numpy_seconds(np.array([value]))[0])
    except Exception:
        return nan
    return nan


def _numpy_seconds(values: npt.NDArray[Any]) -> Floats:
    missing = np.isnat(values)
    micros = values.astype(f"{values.dtype.kind}8[us]").astype(np.int64)
    return np.where(missing, nan, micros / 1e6)
