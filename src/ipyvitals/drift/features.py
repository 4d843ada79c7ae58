"""Convert the argument ``features=`` to named columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.utils.validation import Rows, as_rows

__all__ = ["MAX_COLUMNS", "Columns", "as_columns", "as_row", "columns_of"]

Columns: TypeAlias = Mapping[str, Rows]

MAX_COLUMNS = 1_000
_NAMES = [str(number) for number in range(MAX_COLUMNS)]


def as_columns(features: Any, n: int) -> dict[str, Rows]:
    """Return the features of `n` predictions by name, copied, so the caller may change its data.

    Parameters
    ----------
    features : DataFrame, mapping of names to columns, array of shape (n, k), or list of n rows
        A row in a list is a mapping or a sequence. Unnamed columns get the names ``"0"``,
        ``"1"`` and so on.
    n : int
        Number of predictions.

    Returns
    -------
    dict
        An array of shape (n,) or a list of `n` values for each name.

    Examples
    --------
    >>> as_columns([{"age": 31}, {"age": 47, "city": "Bern"}], 2)
    {'age': [31, 47], 'city': [None, 'Bern']}
    """
    if isinstance(features, (list, tuple)):
        _check_length("features", features, n)
        return columns_of([as_row(row) for row in features])
    names = _column_names(features)
    if names is None:
        return _split(features, n)
    _check_width(len(names))
    columns: dict[str, Rows] = {}
    for name in names:
        argument = f"features[{name!r}]"
        text = _text(name)
        if text in columns:
            raise ArgumentValueError(
                f"{argument}: expected one column of this name, got several; rename them."
            )
        column = as_rows(argument, features[name])
        _check_length(argument, column, n)
        columns[text] = column.copy()
    return columns


def as_row(features: Any) -> dict[Any, Any]:
    """Return the features of one prediction by name, copied.

    Parameters
    ----------
    features : mapping of names to values, Series, sequence, or array of shape (k,)

    Examples
    --------
    >>> as_row([31, "Bern"])
    {'0': 31, '1': 'Bern'}
    """
    if type(features) is dict or isinstance(features, Mapping):
        row = dict(features)
    elif hasattr(features, "items") and not hasattr(features, "columns"):
        row = dict(features.items())  # a pandas Series has names, but is not a Mapping
    else:
        row = dict(zip(_NAMES, _values(features), strict=False))
    _check_width(len(row))
    return row


def columns_of(rows: Sequence[Mapping[Any, Any] | None]) -> dict[str, Rows]:
    """Return rows as columns, with ``None`` where a row lacks the name.

    Parameters
    ----------
    rows : list of mapping or None
        Rows that `as_row` returned; at most 1,000 names of all rows together are used.

    Examples
    --------
    >>> columns_of([{"age": 31}, None])
    {'age': [31, None]}
    """
    present = [row or {} for row in rows]
    names = islice(dict.fromkeys(chain.from_iterable(present)), MAX_COLUMNS)
    return {_text(name): _column(present, name) for name in names}


def _column(rows: list[Mapping[Any, Any]], name: Any) -> list[Any]:
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _text(name: Any) -> str:
    return str(name) or "unnamed"


def _column_names(features: Any) -> list[Any] | None:
    """Return the column names of a pandas, Polars or Arrow table, or of a mapping."""
    if isinstance(features, Mapping):
        return list(features)
    for attribute in ("column_names", "columns"):
        names = getattr(features, attribute, None)
        if isinstance(names, Iterable) and hasattr(features, "__getitem__"):
            return list(names)
    return None


def _split(features: Any, n: int) -> dict[str, Rows]:
    array = _as_array(features, "a DataFrame, a mapping of names to columns, or an array")
    if array.ndim != 2:
        raise ArgumentValueError(
            f"features: expected one row a prediction, shape ({n}, k), got shape {array.shape}; "
            "for a single feature use .reshape(-1, 1)."
        )
    _check_length("features", array, n)
    _check_width(array.shape[1])
    return dict(zip(_NAMES, np.array(array.T, order="C"), strict=False))


def _values(features: Any) -> list[Any]:
    if isinstance(features, (list, tuple)):
        _check_width(len(features))
        return list(features)
    array = _as_array(features, "a mapping of names to values, a sequence, or an array")
    if array.ndim != 1:
        raise ArgumentValueError(
            f"features: expected the values of one prediction, shape (k,), got shape "
            f"{array.shape}; use .ravel(), or record_batch() for several predictions."
        )
    _check_width(array.size)
    return array.tolist()  # type: ignore[no-any-return]


def _as_array(features: Any, expected: str) -> np.ndarray[Any, np.dtype[Any]]:
    if isinstance(features, (str, bytes)) or not hasattr(features, "__array__"):
        raise ArgumentTypeError(
            f"features: expected {expected}, got {type(features).__name__}; convert it before."
        )
    try:
        return np.asarray(features)
    except Exception as error:
        raise ArgumentTypeError(
            f"features: {type(features).__name__} does not become a NumPy array ({error}); "
            "convert it before."
        ) from error


def _check_length(argument: str, values: Any, n: int) -> None:
    if len(values) != n:
        raise ArgumentValueError(
            f"{argument}: expected {n:,} rows, one for each prediction, got {len(values):,}; "
            "hand in those rows that were predicted."
        )


def _check_width(width: int) -> None:
    if width > MAX_COLUMNS:
        raise ArgumentValueError(
            f"features: expected at most {MAX_COLUMNS:,} columns, got {width:,}; hand in those "
            "worth watching."
        )
