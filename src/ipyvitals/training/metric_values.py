"""Turns what a user logs into a number: the one place that looks at the type of a value.

- A value on a CPU is taken at the call: a number, an array or a tensor of one element.
- A number on a GPU is not read at the call, which would wait for the GPU at each step. Its
  `DeferredNumber` is read on the scheduler thread by `read_deferred`: the newest number of each
  metric always, the others as far as there is time.
- What stands for no value (None, NaN of pandas, null) is ``None``; the rest raises.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from ipyvitals.utils.device_values import DeviceValue, is_on_device
from ipyvitals.utils.values import is_missing
from ipyvitals.utils.values import take_value as taken_at_call

__all__ = [
    "Deferred",
    "DeferredNumber",
    "TakenValue",
    "are_plain",
    "is_deferred",
    "read_deferred",
    "take_value",
]


class Deferred(Protocol):
    """A value that is read later, on the scheduler thread, such as a number on a GPU."""

    def read(self) -> float | None:
        """Return the number; may wait for a device."""
        ...


TakenValue: TypeAlias = float | Deferred | None

_PLAIN = frozenset({float, type(None)})
READ_SECONDS = 0.005
"""How long one turn of the scheduler reads older numbers on devices."""


class DeferredNumber:
    """Refers to a number on a GPU, detached from its graph, until it is read.

    Parameters
    ----------
    tensor : object
        A tensor on a GPU.
    """

    __slots__ = ("_value",)

    def __init__(self, tensor: Any) -> None:
        self._value = DeviceValue(tensor)

    def read(self) -> float | None:
        """Return the number, and release the tensor; waits for the GPU at first.

        Raises
        ------
        TypeError, ValueError, OverflowError
            When the tensor has more than one element, or none that is a number.
        """
        return _number(self._value.read())


def take_value(value: Any) -> TakenValue:
    """Return the number that `value` stands for, or ``None`` where it stands for no value.

    NaN and infinity are numbers: what they mean for a metric, the caller decides.

    Raises
    ------
    TypeError, ValueError, OverflowError
        When `value` is no number, such as a text or an array of several numbers.

    Examples
    --------
    >>> take_value(1), take_value(np.array([0.5])), take_value(None)
    (1.0, 0.5, None)
    """
    if value is None or type(value) is float:
        return value
    if type(value) is int or isinstance(value, (np.floating, np.integer)):
        return float(value)
    if is_on_device(value):
        return DeferredNumber(value)
    return _number(value)


def are_plain(values: Mapping[str, Any]) -> bool:
    """Return whether all values are numbers or unknown already, as `take_value` returns them."""
    return _PLAIN.issuperset(map(type, values.values()))


def is_deferred(value: TakenValue) -> bool:
    """Return whether a value is still to be read."""
    return value is not None and not isinstance(value, float)


def read_deferred(
    reports: Sequence[tuple[Hashable, dict[str, TakenValue]]],
    seconds: float = READ_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[tuple[str, BaseException]]:
    """Read the deferred values of reports in place; the caller must have no lock.

    A GPU that is behind makes each read wait, so that not all can be read: after `seconds`, a
    value that a newer one of the same metric follows is removed instead.

    Parameters
    ----------
    reports : sequence
        The run, or anything that tells runs apart, and the values of each report, oldest first.
    seconds : float
        How long to read, besides the newest value of each metric.
    monotonic : callable
        Returns seconds.

    Returns
    -------
    list of tuple of str and exception
        Name of each value that could not be read, which is removed, and what reading it raised.
    """
    deferred = [
        (run, name, values)
        for run, values in reports
        for name, value in list(values.items())
        if is_deferred(value)
    ]
    newest = {(run, name): values for run, name, values in deferred}
    older = [(name, values) for run, name, values in deferred if newest[run, name] is not values]
    failures: list[tuple[str, BaseException]] = []
    for (_, name), values in newest.items():
        _read(name, values, failures)
    end = monotonic() + seconds
    for name, values in older:
        if monotonic() < end:
            _read(name, values, failures)
        else:
            values.pop(name, None)
    return failures


def _read(
    name: str, values: dict[str, TakenValue], failures: list[tuple[str, BaseException]]
) -> None:
    try:
        value = values[name]
        if value is not None and not isinstance(value, float):
            values[name] = value.read()
    except KeyError:
        # Another thread has removed it.
        return
    except BaseException as error:
        if values.pop(name, None) is not None:
            failures.append((name, error))


def _number(value: Any) -> float | None:
    value = taken_at_call(value)
    if isinstance(value, (str, bytes)):
        raise TypeError("expected a number, got a text")
    if isinstance(value, np.ndarray):
        raise TypeError(f"expected one number, got an array of {value.size}")
    if isinstance(value, (float, np.floating)):
        return float(value)
    return None if is_missing(value) else float(value)
