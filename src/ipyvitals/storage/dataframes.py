"""Turns rows of a history into tidy DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import numpy as np

from ipyvitals.errors import ArgumentValueError
from ipyvitals.schema import Event
from ipyvitals.storage.columns import Column, Kind
from ipyvitals.storage.moments import shown_micros

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dataframe", "micros_of_freq", "resample_training"]

END_OF_TIME = 253_402_300_800.0
"""Start of the year 10000, Unix seconds: what is later, or as long before 1970, is no date."""
EVENTS_OF_MODELS = frozenset(
    str(kind.__struct_config__.tag)
    for kind in get_args(Event)
    if "model_id" in kind.__struct_fields__
)
"""Types of events with a ``model_id`` among their fields."""


def dataframe(
    chunks: Iterable[tuple[list[str], list[tuple[Any, ...]]]],
    section: str,
    columns: Iterable[Column],
) -> pd.DataFrame:
    """Return rows as a DataFrame, indexed by ``time`` in UTC and sorted by it.

    Parameters
    ----------
    chunks : iterable of (names, rows)
        Some rows at a time; column ``time`` is in Unix seconds.
    section : str
        The section of the history that the rows are of.
    columns : iterable of Column
        The wanted columns, besides ``time``.
    """
    import pandas as pd

    wanted = list(columns)
    expand = EXPANSIONS.get(section, _unchanged)
    # As objects: pandas would make floats of counts with a gap, and round large ones.
    parts = [
        _typed(expand(pd.DataFrame(rows, columns=names, dtype=object)), wanted)
        for names, rows in chunks
    ]
    if not parts:
        names = ["time", *(column.name for column in wanted)]
        parts = [_typed(pd.DataFrame(columns=names, dtype=object), wanted)]
    whole = parts[0] if len(parts) == 1 else pd.concat(parts)
    return whole if whole.index.is_monotonic_increasing else whole.sort_index(kind="stable")


def _typed(table: pd.DataFrame, columns: list[Column]) -> pd.DataFrame:
    import pandas as pd

    index = pd.DatetimeIndex(_utc(table["time"]), name="time")
    table.index = index
    return pd.DataFrame(
        {column.name: CONVERSIONS[column.kind](table[column.name]) for column in columns},
        index=index,
    )


def resample_training(found: pd.DataFrame, micros: int) -> pd.DataFrame:
    """Return one row a run, metric and interval: the mean value, the last of everything else."""
    import pandas as pd

    length = pd.Timedelta(microseconds=micros)
    starts = pd.DatetimeIndex(found.index).floor(length).rename("time")
    keys = ["run", "metric"]
    how = {
        name: "mean" if name == "value" else "last" for name in found.columns if name not in keys
    }
    groups = found.groupby([starts, *keys], dropna=False, sort=False)
    return groups.agg(how).reset_index(level=keys)[list(found.columns)]


def micros_of_freq(freq: Any) -> int:
    """Return the length of the intervals that `freq` describes, in microseconds.

    Raises
    ------
    ArgumentValueError
        When it is no fixed length of time, or not of whole microseconds.
    """
    import pandas as pd

    length = f"1{freq}" if isinstance(freq, str) and freq[:1].isalpha() else freq
    if isinstance(length, str):
        # To pandas, a number without a unit is nanoseconds.
        known = not length.strip().replace(".", "", 1).isdecimal()
    else:
        known = isinstance(length, (timedelta, np.timedelta64, pd.offsets.Tick))
    try:
        # Exactly: a float of seconds would put rows into a neighbouring interval.
        micros, rest = divmod(pd.Timedelta(length).as_unit("ns").value if known else 0, 1_000)
    except (TypeError, ValueError, OverflowError):
        micros = rest = 0
    if rest or not micros > 0:
        raise ArgumentValueError(
            f"freq={freq!r}: expected a fixed length of time such as '1min', '1h' or '1D', in "
            "whole microseconds."
        )
    return int(micros)


def _utc(seconds: pd.Series[Any]) -> Any:
    """Return Unix seconds as dates; pandas would cut off microseconds and not round them."""
    import pandas as pd

    known = np.array(seconds.astype("Float64").to_numpy(na_value=np.nan), dtype=np.float64)
    known[~(np.abs(known) < END_OF_TIME)] = np.nan
    micros = shown_micros(known)
    unknown = np.isnan(micros)
    dates = np.where(unknown, 0.0, micros).astype(np.int64).astype("datetime64[us]")
    dates[unknown] = np.datetime64("NaT", "us")
    return pd.DatetimeIndex(dates).tz_localize("UTC")


def _texts(values: pd.Series[Any]) -> Any:
    # By way of categories, so that equal texts are one object and not one a row.
    return values.astype("category").astype("string").array


CONVERSIONS: dict[Kind, Callable[[pd.Series[Any]], Any]] = {
    "number": lambda values: values.astype("Float64").array,
    "count": lambda values: values.astype("Int64").array,
    "flag": lambda values: values.astype("Int64").astype("boolean").array,
    "text": _texts,
    "timestamp": _utc,
    "any": lambda values: values,
}


def _unchanged(table: pd.DataFrame) -> pd.DataFrame:
    return table


def _expand_events(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with each event's own fields as a dict."""
    data = []
    for kind, model_id, text in zip(table["type"], table["model_id"], table["data"], strict=True):
        fields: dict[str, Any] = msgspec.json.decode(text)
        data.append({"model_id": model_id, **fields} if kind in EVENTS_OF_MODELS else fields)
    return table.assign(data=_objects(data))


def _expand_training(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a metric; a report without metrics becomes a row without one."""
    reports = [msgspec.json.decode(text) or {None: None} for text in table["metrics"]]
    long = table.loc[table.index.repeat([len(report) for report in reports])]
    return long.assign(
        run=long["session"] + "-" + long["run"].astype(str),
        metric=_objects([name for report in reports for name in report]),
        value=_objects([value for report in reports for value in report.values()]),
    )


def _objects(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


EXPANSIONS = {"events": _expand_events, "training": _expand_training}
