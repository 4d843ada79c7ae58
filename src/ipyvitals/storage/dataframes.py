"""Rows become tidy DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ipyvitals.errors import ArgumentValueError
from ipyvitals.storage.columns import Column, Kind

if TYPE_CHECKING:
    import pandas as pd

Columns: TypeAlias = Mapping[str, Sequence[Any]]

__all__ = ["Columns", "frame", "resampled_training", "seconds_of"]


def frame(chunks: Iterable[Columns], columns: Iterable[Column]) -> pd.DataFrame:
    """Return columns as a DataFrame, indexed by ``time`` in UTC, and in its order.

    Parameters
    ----------
    chunks : iterable of mappings
        Values by column, of some rows at a time; ``time`` in Unix seconds.
    columns : iterable of Column
        Those that are wanted, beside ``time``.
    """
    import pandas as pd

    wanted = [Column("time", "moment"), *columns]
    growing = [GROWING[column.kind]() for column in wanted]
    for chunk in chunks:
        for (name, *_), values in zip(wanted, growing, strict=True):
            values.add(chunk[name])
    begun, *arrays = (values.array() for values in growing)
    index = pd.DatetimeIndex(begun, name="time")
    data: dict[str, Any] = {}
    for column, its in zip(wanted[1:], arrays, strict=True):
        # Left alone, pandas makes texts of things that happen to be texts all.
        thing = column.kind == "any"
        data[column.name] = pd.Series(its, index=index, dtype="object") if thing else its
    made = pd.DataFrame(data, index=index)
    return made if made.index.is_monotonic_increasing else made.sort_index(kind="stable")


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

    length = f"1{freq}" if isinstance(freq, str) and freq[:1].isalpha() else freq
    if isinstance(length, str):
        # To pandas, a number without a unit is nanoseconds.
        known = not length.strip().replace(".", "", 1).isdecimal()
    else:
        known = isinstance(length, (timedelta, np.timedelta64, pd.offsets.Tick))
    try:
        seconds = float(pd.Timedelta(length).total_seconds()) if known else 0.0
    except (TypeError, ValueError):
        seconds = 0.0
    if not seconds > 0:
        raise ArgumentValueError(
            f"freq={freq!r}: expected a fixed length of time such as '1min', '1h' or '1D'."
        )
    return seconds


class _Growing:
    """A column that grows by chunks."""

    def __init__(self) -> None:
        self._parts: list[Any] = []

    def add(self, values: Sequence[Any]) -> None:
        """Take the next values."""
        raise NotImplementedError

    def array(self) -> Any:
        """Return all of them."""
        raise NotImplementedError


class _Numbers(_Growing):
    def add(self, values: Sequence[Any]) -> None:
        # None becomes NaN, which the file has in no other way.
        self._parts.append(np.array(values, dtype=np.float64))

    def array(self) -> Any:
        import pandas as pd

        numbers = _joined(self._parts, np.float64)
        return pd.arrays.FloatingArray(np.nan_to_num(numbers), np.isnan(numbers))


class _Moments(_Numbers):
    def array(self) -> Any:
        import pandas as pd

        numbers = _joined(self._parts, np.float64)
        known = ~np.isnan(numbers)
        micros = np.full(numbers.size, np.datetime64("NaT"), dtype="datetime64[us]")
        whole = np.round(numbers[known] * 1e6).astype(np.int64)
        micros[known] = whole.astype("datetime64[us]")
        return pd.DatetimeIndex(micros).tz_localize("UTC")


class _Counts(_Growing):
    kind: Any = np.int64

    def __init__(self) -> None:
        super().__init__()
        self._missing: list[Any] = []

    def add(self, values: Sequence[Any]) -> None:
        missing = None in values
        if missing:
            self._missing.append(np.array([value is None for value in values]))
            values = [0 if value is None else value for value in values]
        else:
            self._missing.append(np.zeros(len(values), dtype=np.bool_))
        self._parts.append(np.array(values, dtype=self.kind))

    def array(self) -> Any:
        import pandas as pd

        make: Any = pd.arrays.BooleanArray if self.kind is np.bool_ else pd.arrays.IntegerArray
        return make(_joined(self._parts, self.kind), _joined(self._missing, np.bool_))


class _Flags(_Counts):
    kind = np.bool_


class _Texts(_Growing):
    """Few different texts, mostly: each is looked up, and not copied."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[str | None, int] = {None: -1}

    def add(self, values: Sequence[Any]) -> None:
        codes = self._codes
        for text in set(values):
            codes.setdefault(text, len(codes) - 1)
        self._parts.append(np.fromiter(map(codes.__getitem__, values), np.int64, len(values)))

    def array(self) -> Any:
        import pandas as pd

        texts = pd.array([text for text in self._codes if text is not None], dtype="string")
        return texts.take(_joined(self._parts, np.int64), allow_fill=True)


class _Things(_Growing):
    def add(self, values: Sequence[Any]) -> None:
        self._parts.extend(values)

    def array(self) -> Any:
        things = np.empty(len(self._parts), dtype=object)
        things[:] = self._parts
        return things


def _joined(parts: list[Any], kind: Any) -> Any:
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


GROWING: dict[Kind, type[_Growing]] = {
    "number": _Numbers,
    "count": _Counts,
    "flag": _Flags,
    "text": _Texts,
    "moment": _Moments,
    "any": _Things,
}
