"""From tables of the history to plain arrays: what is not known is NaN."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ipyvitals.charts.times import Times
from ipyvitals.errors import ArgumentTypeError
from ipyvitals.stats.downsampling import Floats, gap_starts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "Texts", "plain"]

Texts = NDArray[np.object_]


class Table(Times):
    """One section of the history in the order of time.

    Parameters
    ----------
    frame : DataFrame
        Indexed by time; a time without a zone is taken as UTC.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"cpu_percent": [40, None]}, index=pd.to_datetime([5, 1], unit="s"))
    >>> table = Table(frame)
    >>> table.at.tolist(), table.numbers("cpu_percent").tolist()
    ([1.0, 5.0], [nan, 40.0])
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        import pandas as pd

        index = getattr(frame, "index", None)
        if not isinstance(index, pd.DatetimeIndex):
            raise ArgumentTypeError(
                f"expected a DataFrame indexed by time, as history() returns it, got {frame!r:.80}."
            )
        if not index.is_monotonic_increasing:
            frame = frame.sort_index(kind="stable")
            index = pd.DatetimeIndex(frame.index)
        super().__init__(index.as_unit("us").asi8 / 1e6)
        self._frame = frame

    def numbers(self, column: str) -> Floats:
        """Return a column as floats; all NaN where there is none of that name."""
        if column not in self._frame.columns:
            return np.full(len(self), np.nan)
        import pandas as pd

        plain = pd.to_numeric(self._frame[column], errors="coerce")
        numbers: Floats = plain.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def texts(self, column: str) -> Texts:
        """Return a column of texts; ``""`` for what is not known."""
        texts: Texts = np.full(len(self), "", dtype=object)
        if column in self._frame.columns:
            texts[:] = self._frame[column].astype("string").fillna("").to_numpy(dtype=object)
        return texts

    def where(self, mask: NDArray[np.bool_]) -> Table:
        """Return the rows of a mask."""
        return Table(self._frame[mask])

    def held(self, watched: Times, *, to_end: bool) -> Table:
        """Return the same with rows that hold until the next one, as long as somebody watched.

        Nothing is recorded while nothing changes, and nothing while nobody watches; only the
        latter interrupts a line.

        Parameters
        ----------
        watched : Times
            Regular moments at which the monitor was there.
        to_end : bool
            Whether the last row holds as well.
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
        held = copy(self)
        held._frame = self._frame.iloc[np.insert(places, rows, rows - 1)]
        held.at = np.insert(at, rows, holds)
        # Each gap before an end has put one row in front of it, that of its own included.
        held._ends = ended + np.searchsorted(gaps, ended, side="right")
        return held

    def cut(self, column: str) -> Table:
        """Return the same with lines that are interrupted where a text changes."""
        texts = self.texts(column)
        cut = copy(self)
        cut._ends = np.union1d(self.ends, np.flatnonzero(texts[1:] != texts[:-1]) + 1)
        return cut

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict a row, with the time as ``at``."""
        columns = list(self._frame.columns)
        values = self._frame.astype(object).where(self._frame.notna(), None).to_numpy().tolist()
        return [
            {"at": at, **dict(zip(columns, row, strict=True))}
            for at, row in zip(self.at.tolist(), values, strict=True)
        ]


def plain(text: str) -> str:
    """Return text as plotly shows it, without the markup that it would read in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
