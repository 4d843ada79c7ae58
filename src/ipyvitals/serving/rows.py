"""Counts the predictions of one call, from its answer and its first argument."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

__all__ = ["as_column", "row_count"]

SCALARS = (str, bytes, int, float, complex, bool)


def row_count(answer: Any, rows: Any) -> int:
    """Return how many predictions an answer is.

    An answer is one prediction for each row that was passed if it has that length, or if it is a
    tuple or a mapping of parts that have it. It is one prediction if what was passed is one row: a
    text, a number, or something of another length. Where what was passed has no rows to count,
    such as a data loader, each row of the answer is a prediction.

    Parameters
    ----------
    answer : object
        What the model returned.
    rows : object
        First argument of the call.

    Examples
    --------
    >>> row_count([0, 1, 1], [[1, 2], [3, 4], [5, 6]]), row_count([0.1, 0.9], "a text")
    (3, 1)
    """
    if type(answer) is np.ndarray and type(rows) is np.ndarray and answer.ndim and rows.ndim:
        # What most calls are; the rules below say the same.
        return len(answer) if len(answer) == len(rows) else 1
    count = _length(answer)
    if count is None:
        count = _length(_first_part(answer))
    if count is None:
        return 1
    if hasattr(answer, "index") and hasattr(answer, "iloc"):
        # A table, or a column of one, has a row per prediction, such as the periods of a forecast.
        return count
    if rows is None:
        return count
    if isinstance(rows, SCALARS):
        return 1
    passed = _length(rows)
    if passed == count or _length(_first_part(rows)) == count:
        return count
    if passed is None and not isinstance(rows, Mapping) and getattr(rows, "shape", None) is None:
        return count
    return 1


def as_column(answer: Any) -> Any:
    """Return an array of shape (n, 1) as one of shape (n,), and anything else as it is."""
    shape = getattr(answer, "shape", None)
    if shape is None or len(shape) < 2 or not hasattr(answer, "reshape"):
        return answer
    return answer.reshape(-1) if all(size == 1 for size in shape[1:]) else answer


def _length(value: Any) -> int | None:
    """Return the number of rows of an array, a table, a tensor or a list; else ``None``."""
    if type(value) is list:
        return len(value)
    shape = getattr(value, "shape", None)
    if shape is not None:
        try:
            return int(shape[0]) if len(shape) else None
        except (TypeError, ValueError, IndexError):
            return None
    if isinstance(value, list) or _is_column(value):
        return len(value)
    return None


def _is_column(value: Any) -> bool:
    return hasattr(value, "to_pylist") or hasattr(value, "to_list")


def _first_part(value: Any) -> Any:
    """Return the first part of a tuple, a list or a mapping, or ``None``."""
    if isinstance(value, Mapping):
        return next(iter(value.values()), None)
    if isinstance(value, (tuple, list)):
        return next(islice(value, 1), None)
    return None
