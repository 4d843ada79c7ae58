"""Turns what a user logs into a number: the one place that looks at the type of a value.

- A value on a CPU is taken at the call: a number, an array or a tensor of one element.
- A number on a GPU is not read at the call, which would wait for the GPU at each step. Its
  `DeferredNumber` is read on the scheduler thread; `newest_only` leaves out those that a newer
  value replaces, so that one number a metric is read for each turn of the scheduler.
- What stands for no value (None, NaN of pandas, null) is ``None``; the rest raises.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from ipyvitals.utils.device_values import DeviceValue, is_on_device
from ipyvitals.utils.values import is_missing
from ipyvitals.utils.values import take_value as taken_at_call

__all__ = ["Deferred", "DeferredNumber", "TakenValue", "newest_only", "take_value"]


class Deferred(Protocol):
    """A value that is read later, on the scheduler thread, such as a number on a GPU."""

    def read(self) -> float | None:
        """Return the number; may wait for a device."""
        ...


TakenValue: TypeAlias = float | Deferred | None


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
    if type(value) is float:
        return value
    if is_on_device(value):
        return DeferredNumber(value)
    return _number(value)


def newest_only(
    reports: Sequence[tuple[Hashable, dict[str, TakenValue]]],
) -> list[dict[str, TakenValue]]:
    """Return the values of reports without deferred ones that a later report replaces.

    Parameters
    ----------
    reports : sequence
        The run, or anything that tells runs apart, and the values of each report, oldest first.

    Examples
    --------
    >>> newest_only([("run", {"loss": 0.5}), ("run", {"loss": 0.4})])
    [{'loss': 0.5}, {'loss': 0.4}]
    """
    newest = {(run, name): at for at, (run, values) in enumerate(reports) for name in values}
    return [
        {
            name: value
            for name, value in values.items()
            if value is None or type(value) is float or newest[run, name] == at
        }
        for at, (run, values) in enumerate(reports)
    ]


def _number(value: Any) -> float | None:
    value = taken_at_call(value)
    if isinstance(value, (str, bytes)):
        raise TypeError("expected a number, got a text")
    if isinstance(value, np.ndarray):
        raise TypeError(f"expected one number, got an array of {value.size}")
    if isinstance(value, (float, np.floating)):
        return float(value)
    return None if is_missing(value) else float(value)
