"""Convert tables of the history to arrays; unknown values are NaN."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ipyvitals.charts.times import Places, TimeAxis
from ipyvitals.errors import ArgumentTypeError
from ipyvitals.stats.downsampling import Floats, gap_starts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HistoryTable", "Texts", "plain", "records"]

Texts = NDArray[np.object_]


class HistoryTable(TimeAxis):
    """A section of the history, in the order of time.

    Parameters
    ----------
    frame : DataFrame
        Indexed by time; a time without a zone is taken as UTC.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"cpu_percent": [40, None]}, index=pd.to_datetime([5, 1], unit="s"))
    >>> table = HistoryTable(frame)
    >>> table.at.tolist(), table.numbers("cpu_percent").tolist()
    ([1.0, 5.0], [nan, 40.0])
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        frame = _in_time_order(frame)
        self._set(_seconds_of(frame), frame)

    @classmethod
    def of_columns(cls, at: Floats, columns: Mapping[str, Any]) -> HistoryTable:
        """Return a table of columns that are in the order of time already."""
        table = cls.__new__(cls)
        table._set(at, columns)
        return table

    def _set(self, at: Floats, columns: Mapping[str, Any] | pd.DataFrame) -> None:
        super().__init__(at)
        self._columns = columns
        self._rows = np.arange(len(at))

    def numbers(self, column: str) -> Floats:
        """Return a column as floats; all NaN where there is none of that name."""
        if column not in self._columns:
            return np.full(len(self), np.nan)
        import pandas as pd

        known = pd.to_numeric(pd.Series(self._columns[column]), errors="coerce")
        numbers: Floats = known.to_numpy(dtype=float, na_value=np.nan)[self._rows]
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def texts(self, column: str) -> Texts:
        """Return a column of texts; ``""`` for what is not known."""
        if column not in self._columns:
            return np.full(len(self), "", dtype=object)
        import pandas as pd

        known = pd.Series(self._columns[column]).astype("string").fillna("")
        texts: Texts = known.to_numpy(dtype=object)[self._rows]
        return texts

    def where(self, mask: NDArray[np.bool_]) -> HistoryTable:
        """Return the rows of a mask."""
        return self._with(self.at[mask], self._rows[mask], None)

    def _with(self, at: Floats, rows: Places, ends: Places | None) -> HistoryTable:
        table = copy(self)
        table.at, table._rows, table._ends = at, rows, ends
        return table

    def forward_fill(self, watched: TimeAxis, *, to_end: bool) -> HistoryTable:
        """Return the table with each row repeated before the next one, while the monitor ran.

        Nothing is recorded while no value changes, nor while the monitor does not run; only the
        latter interrupts a line.

        Parameters
        ----------
        watched : TimeAxis
            Regular moments at which the monitor ran.
        to_end : bool
            Whether the last row is repeated as well.
        """
        gaps = gap_starts(self.at)
        froms, tos = self.at[gaps - 1], self.at[gaps]
        until = np.array(
            [watched.until(*gap) for gap in zip(froms.tolist(), tos.tolist(), strict=True)]
        )
        places, at = np.arange(len(self)), self.at
        rows, holds, ended = gaps, until, gaps[until < tos]
        if to_end and len(self) and (last := watched.until(float(at[-1]), np.inf)) > at[-1]:
            rows, holds = np.append(gaps, len(self)), np.append(until, last)
        # Each gap before an end has put one row in front of it, that of its own included.
        ends = ended + np.searchsorted(gaps, ended, side="right")
        return self._with(
            np.insert(at, rows, holds), self._rows[np.insert(places, rows, rows - 1)], ends
        )

    def cut(self, column: str) -> HistoryTable:
        """Return the table with lines that are interrupted where a text changes."""
        texts = self.texts(column)
        changes = np.flatnonzero(texts[1:] != texts[:-1]) + 1
        return self._with(self.at, self._rows, np.union1d(self.ends, changes))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one dict a row in the order of time, with the time as ``at``."""
    frame = _in_time_order(frame)
    columns = list(frame.columns)
    values = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return [
        {"at": at, **dict(zip(columns, row, strict=True))}
        for at, row in zip(_seconds_of(frame).tolist(), values, strict=True)
    ]


def _in_time_order(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    index = getattr(frame, "index", None)
    if not isinstance(index, pd.DatetimeIndex):
        raise ArgumentTypeError(
            f"expected a DataFrame indexed by time, as history() returns it, got {frame!r:.80}."
        )
    return frame if index.is_monotonic_increasing else frame.sort_index(kind="stable")


def _seconds_of(frame: pd.DataFrame) -> Floats:
    import pandas as pd

    return pd.DatetimeIndex(frame.index).as_unit("us").asi8 / 1e6


def plain(text: str) -> str:
    """Return text as plotly shows it, without the markup that it would read in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
