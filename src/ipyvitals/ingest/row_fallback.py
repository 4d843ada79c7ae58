"""Applies a step to many rows at once, so that a row that fails is lost alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ipyvitals.utils.user_code import is_interrupt

__all__ = ["apply_to_rows"]

T = TypeVar("T")


def apply_to_rows(
    rows: Sequence[T],
    step: Callable[[Sequence[T]], object],
    on_lost: Callable[[T, BaseException], object],
) -> None:
    """Call `step` with all rows, or, where it raises, with ever smaller parts of them, in order.

    Parameters
    ----------
    rows : sequence
    step : callable
        Called with consecutive rows; where it raises, it must have changed nothing.
    on_lost : callable
        Called with each row for which `step` raises when it is alone, and the exception.

    Examples
    --------
    >>> numbers, lost = [], []
    >>> apply_to_rows(
    ...     ["1", "2", "x", "4"],
    ...     lambda rows: numbers.extend([int(row) for row in rows]),
    ...     lambda row, error: lost.append(row),
    ... )
    >>> numbers, lost
    ([1, 2, 4], ['x'])
    """
    try:
        step(rows)
    except BaseException as error:
        if is_interrupt(error):
            raise
        if len(rows) == 1:
            on_lost(rows[0], error)
            return
        half = len(rows) // 2
        apply_to_rows(rows[:half], step, on_lost)
        apply_to_rows(rows[half:], step, on_lost)
