"""Validate arguments of users.

Each check raises `ArgumentTypeError` for a wrong type and `ArgumentValueError` for a value out of
range; the parameter `argument` is the name in the message.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from math import isfinite
from typing import Any, TypeAlias

import numpy as np

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.datetimes import unix_seconds
from ipyvitals.utils.storable import without_surrogates
from ipyvitals.utils.user_code import safe_text
from ipyvitals.utils.values import PLAIN_TYPES, masked_as_none, take_list, take_value

__all__ = [
    "MAX_LATENCY_SECONDS",
    "Rows",
    "as_rows",
    "check_clock",
    "check_count",
    "check_hashable",
    "check_latency",
    "check_ratio",
    "check_seconds",
    "check_size",
    "check_text",
    "has_labels_reordered",
    "model_facts",
    "model_id_of",
    "take_hashable",
]

Rows: TypeAlias = "list[Any] | np.ndarray[Any, np.dtype[Any]]"

MAX_LATENCY_SECONDS = 1e9
"""About 30 years: a larger latency is a moment, such as the result of ``time.time()``."""


def check_latency(latency: Any) -> float:
    """Return the latency in seconds; finite and not negative."""
    try:
        if isinstance(latency, (str, bytes)):
            raise TypeError
        seconds = float(take_value(latency))
    except Exception:
        raise ArgumentTypeError(
            f"latency={latency!r}: expected seconds as a number, or None where it is not known."
        ) from None
    if not (isfinite(seconds) and seconds >= 0):
        raise ArgumentValueError(
            f"latency={latency!r}: expected finite seconds, 0 or more; "
            "leave it out where it is not known."
        )
    if seconds >= MAX_LATENCY_SECONDS:
        raise ArgumentValueError(
            f"latency={latency!r}: expected the seconds that the call took, got more than 30 "
            "years, which looks like a moment; subtract the moment at which the call began."
        )
    return seconds


def check_hashable(argument: str, id: Any) -> Hashable:
    """Return a hashable id."""
    try:
        hash(id)
    except TypeError:
        raise ArgumentTypeError(
            f"{argument}={id!r}: expected something hashable such as a string or a number, got "
            f"{type(id).__name__}; a tuple of its parts would do."
        ) from None
    return id  # type: ignore[no-any-return]


def take_hashable(argument: str, id: Any) -> Hashable:
    """Return a hashable id by value: an array or a tensor of one element as its number."""
    return check_hashable(argument, id if type(id) in PLAIN_TYPES else take_value(id))


def check_seconds(argument: str, seconds: Any, lowest: float) -> float:
    """Return a duration of at least `lowest` seconds."""
    if not _is_number(seconds):
        raise ArgumentTypeError(f"{argument}={seconds!r}: expected seconds as a number.")
    if not (isfinite(seconds) and seconds >= lowest):
        raise ArgumentValueError(f"{argument}={seconds!r}: expected {lowest:g} s or more.")
    return float(seconds)


def check_size(argument: str, size: Any) -> float:
    """Return a finite number that is not negative."""
    if not _is_number(size):
        raise ArgumentTypeError(f"{argument}={size!r}: expected a number.")
    if not (isfinite(size) and size >= 0):
        raise ArgumentValueError(f"{argument}={size!r}: expected a finite number, 0 or more.")
    return float(size)


def _is_number(value: Any) -> bool:
    numbers = (int, float, np.integer, np.floating)
    return isinstance(value, numbers) and not isinstance(value, bool)


def check_count(argument: str, count: Any) -> int:
    """Return an integer of at least 1."""
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
        raise ArgumentTypeError(f"{argument}={count!r}: expected a whole number.")
    if count < 1:
        raise ArgumentValueError(f"{argument}={count!r}: expected 1 or more.")
    return int(count)


def check_ratio(argument: str, ratio: Any) -> float:
    """Return a ratio in [0, 1]."""
    if not _is_number(ratio):
        raise ArgumentTypeError(f"{argument}={ratio!r}: expected a number from 0 to 1.")
    if not 0 <= ratio <= 1:
        raise ArgumentValueError(f"{argument}={ratio!r}: expected a ratio from 0 to 1.")
    return float(ratio)


def check_text(argument: str, text: Any) -> str:
    """Return a string that is not blank, with lone surrogates escaped."""
    if not isinstance(text, str):
        raise ArgumentTypeError(
            f"{argument}={text!r}: expected a string, got {type(text).__name__}."
        )
    if not text.strip():
        raise ArgumentValueError(f"{argument}={text!r}: expected a name, got an empty string.")
    # A plain string: msgspec accepts neither numpy.str_ nor lone surrogates.
    return without_surrogates(text)


def check_clock(clock: Any) -> Clock:
    """Return an object with the methods of `Clock`."""
    for name in ("monotonic", "time"):
        if not callable(getattr(clock, name, None)):
            raise ArgumentTypeError(
                f"clock={clock!r}: expected an object with monotonic() and time(), which return "
                f"seconds; it has no {name}()."
            )
    return clock  # type: ignore[no-any-return]


def model_facts(model: Any, version: Any, trained_at: Any) -> dict[str, Any]:
    """Return name, version and training time of a model; the type's name for a model object."""
    if isinstance(model, str):
        name = check_text("model", model)
    elif model is None:
        raise ArgumentTypeError("model=None: expected a name, or the model itself.")
    else:
        name = model.__name__ if isinstance(model, type) else type(model).__name__
        name = without_surrogates(name)
    return {
        "name": name,
        "version": None if version is None else without_surrogates(safe_text(version)),
        "trained_at": unix_seconds("trained_at", trained_at),
    }


def model_id_of(facts: dict[str, Any]) -> str:
    """Return the default id of a model: ``name`` or ``name-version``."""
    name, version = facts["name"], facts["version"]
    return name if version is None else f"{name}-{version}"


def as_rows(argument: str, values: Any) -> Rows:
    """Return one value per row, as it is now: an array of shape (n,), or a list.

    A list stays a list: an array would convert the values of ``[1, "a"]`` to strings. A missing
    value of a masked array is ``None``, and so is one of Polars and Arrow.
    """
    if isinstance(values, (list, tuple)):
        return take_list(list(values))
    if isinstance(values, (str, bytes, Mapping)) or not (
        isinstance(values, Iterable) or hasattr(values, "__array__")
    ):
        raise ArgumentTypeError(
            f"{argument}: expected an array, a list or a Series with one value a row, got "
            f"{type(values).__name__}; use record() for a single prediction."
        )
    if not hasattr(values, "__array__"):
        return take_list(list(values))
    try:
        array = _as_array(values)
    except Exception as error:
        raise ArgumentTypeError(
            f"{argument}: {type(values).__name__} does not become a NumPy array ({error}); "
            "convert it before."
        ) from error
    if array.ndim != 1:
        raise ArgumentValueError(
            f"{argument}: expected one value a row, shape (n,), got shape {array.shape}; "
            "for a column use .ravel(), for class probabilities .argmax(axis=1)."
        )
    return take_list(array.tolist()) if array.dtype.kind == "O" else array


def _as_array(values: Any) -> np.ndarray[Any, np.dtype[Any]]:
    if isinstance(values, np.ndarray) and hasattr(values, "mask"):
        return masked_as_none(values)
    nulls = getattr(values, "null_count", 0)
    to_list = getattr(values, "to_pylist", None) or getattr(values, "to_list", None)
    if callable(to_list) and (nulls() if callable(nulls) else nulls):
        # NumPy would make numbers with nulls floats, which are not exact beyond 2**53.
        rows = to_list()
        array = np.empty(len(rows), dtype=object)
        array[:] = rows
        return array
    if callable(getattr(values, "detach", None)):
        taken = take_value(values)
        if isinstance(taken, np.ndarray):
            return taken
        if getattr(values, "shape", None) == (1,):
            return np.array([taken])
    return np.asarray(values)


def has_labels_reordered(one: Any, other: Any) -> bool:
    """Return whether two Series of pandas have the same labels in their index, reordered."""
    indexes: list[Any] = [getattr(rows, "index", None) for rows in (one, other)]
    first, second = indexes
    for index in indexes:
        if not (hasattr(index, "equals") and hasattr(index, "sort_values")):
            return False
    try:
        if len(first) != len(second) or first.equals(second):
            return False
        return bool(first.sort_values().equals(second.sort_values()))
    except Exception:
        return False  # Labels that have no order.
