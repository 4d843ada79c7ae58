"""Turns what a user logs into a number: the one place that looks at the type of a value."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

__all__ = ["Deferred", "TakenValue", "take_value"]


class Deferred(Protocol):
    """A value that is read later, on the scheduler thread, such as a number on a GPU."""

    def read(self) -> float | None:
        """Return the number; may wait for a device."""
        ...


TakenValue: TypeAlias = float | Deferred | None


def take_value(value: Any) -> TakenValue:
    """Return the number that `value` stands for, or ``None`` where it stands for no value.

    Raises
    ------
    TypeError, ValueError, OverflowError
        When `value` is no number, such as a text or an array of several numbers.

    Examples
    --------
    >>> take_value(1), take_value(None)
    (1.0, None)
    """
    if type(value) is float:
        return value
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (str, bytes)):
        raise TypeError("expected a number, got a text")
    item = getattr(value, "item", None)
    # Of an array or a tensor with one element; float() of a tensor that needs a gradient warns.
    return float(value if item is None else item())
