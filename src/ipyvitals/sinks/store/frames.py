"""Rows become tidy DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyvitals.errors import ArgumentValueError
from ipyvitals.sinks.store.shape import Column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame", "resampled_training", "seconds_of"]


def frame(rows: Sequence[Sequence[Any]], columns: Iterable[Column]) -> pd.DataFrame:
    """Return rows of a Unix time and one value a column, indexed by ``time`` in UTC."""
    import pandas as pd

    wanted = list(columns)
    values: list[Sequence[Any]] = (
        list(zip(*rows, strict=True)) if rows else [()] * (1 + len(wanted))
    )
    index = pd.DatetimeIndex(_moments(values[0]), name="time")
    data = {one.name: _array(one, its) for one, its in zip(wanted, values[1:], strict=True)}
    for column in wanted:
        if column.kind == "any":
            # Left alone, pandas makes texts of things that happen to be texts all.
            data[column.name] = pd.Series(data[column.name], index=index, dtype=object)
    return pd.DataFrame(data, index=index)


def resampled_training(found: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Return one row a run, metric and stretch of time: the mean value, the last of all else."""
    import pandas as pd

    begins = pd.DatetimeIndex(found.index).floor(pd.Timedelta(seconds=seconds)).rename("time")
    keys = ["run", "metric"]
    how = {
        name: "mean" if name == "value" else "last" for name in found.columns if name not in keys
    }
    groups = found.groupby([begins, *keys], dropna=False, sort=False)
    return groups.agg(how).reset_index(level=keys)[list(found.columns)]


def seconds_of(freq: Any) -> float:
    """Return how long one step of `freq` is, in seconds.

    Raises
    ------
    ArgumentValueError
        When it is no fixed length of time.
    """
    import pandas as pd

    try:
        seconds = float(pd.Timedelta(_with_number(freq)).total_seconds())
    except (TypeError, ValueError):
        seconds = 0.0
    if not seconds > 0:
        raise ArgumentValueError(
            f"freq={freq!r}: expected a fixed length of time such as '1min', '1h' or '1D'."
        )
    return seconds


def _with_number(freq: Any) -> Any:
    return f"1{freq}" if isinstance(freq, str) and freq[:1].isalpha() else freq


def _moments(seconds: Sequence[float | None]) -> Any:
    import pandas as pd

    numbers = np.array(seconds, dtype=np.float64)
    known = ~np.isnan(numbers)
    micros = np.full(numbers.size, np.datetime64("NaT"), dtype="datetime64[us]")
    micros[known] = np.round(numbers[known] * 1e6).astype(np.int64).astype("datetime64[us]")
    return pd.DatetimeIndex(micros).tz_localize("UTC")


def _array(column: Column, values: Sequence[Any]) -> Any:
    import pandas as pd

    if column.kind == "number":
        numbers = np.array(values, dtype=np.float64)
        return pd.arrays.FloatingArray(np.nan_to_num(numbers), np.isnan(numbers))
    if column.kind == "count":
        return pd.array(list(values), dtype="Int64")
    if column.kind == "flag":
        return pd.array([None if one is None else bool(one) for one in values], dtype="boolean")
    if column.kind == "text":
        return pd.array(list(values), dtype="string")
    if column.kind == "moment":
        return _moments(values)
    things = np.empty(len(values), dtype=object)
    things[:] = values
    return things
