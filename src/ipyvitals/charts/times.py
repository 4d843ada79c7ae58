"""Reduce values over time to the points that are drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipyvitals.stats.downsampling import Floats, downsample, envelope, gap_starts

__all__ = ["PIXELS", "DrawnLine", "Places", "TimeAxis", "moments"]

Places = NDArray[np.intp]

PIXELS = 800
"""The width of a line; of more than two points a pixel none could be seen."""


class DrawnLine(NamedTuple):
    """The points of a line, few enough to draw; NaN where the line is interrupted."""

    at: Floats
    values: Floats
    places: Places
    """The row of each point; -1 for an interruption."""


class TimeAxis:
    """Times of rows, and the places at which lines through them are interrupted.

    Parameters
    ----------
    at : array of float, shape (n,)
        Unix seconds, ascending.
    ends : array of int, optional
        Places before which lines are interrupted; by default those after a pause.
    """

    def __init__(self, at: Floats, ends: Places | None = None) -> None:
        self.at = at
        self._ends = ends

    def __len__(self) -> int:
        return len(self.at)

    @property
    def ends(self) -> Places:
        """Return the places before which lines are interrupted."""
        if self._ends is None:
            self._ends = gap_starts(self.at)
        return self._ends

    def until(self, first: float, last: float) -> float:
        """Return the time up to which there is no pause, from `first` on and at most `last`.

        Examples
        --------
        >>> times = TimeAxis(np.array([0.0, 5.0, 10.0, 15.0, 900.0]))
        >>> times.until(4.0, 12.0), times.until(4.0, 500.0), times.until(20.0, 500.0)
        (12.0, 15.0, 20.0)
        """
        place = int(np.searchsorted(self.at, first))
        if place == len(self) or place in self.ends:
            return first
        after = self.ends[np.searchsorted(self.ends, place, side="right") :]
        stop = int(after[0]) if len(after) else len(self)
        return min(float(self.at[stop - 1]), last)

    def drawn(self, values: Floats) -> DrawnLine:
        """Return the points to draw of one value a moment.

        Examples
        --------
        >>> times = TimeAxis(np.array([0.0, 1.0, 900.0, 901.0]))
        >>> times.drawn(np.array([5.0, 6.0, 7.0, 8.0])).values.tolist()
        [5.0, 6.0, nan, 7.0, 8.0]
        """
        shown = downsample(self.at, values, PIXELS)
        spots = np.searchsorted(shown, self.ends)
        return DrawnLine(
            np.insert(self.at[shown], spots, self.at[self.ends - 1]),
            np.insert(values[shown], spots, np.nan),
            np.insert(shown, spots, -1),
        )

    def outline(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return a path around the band between two lines, one closed path for each span.

        Returns
        -------
        at, values : array of float
            NaN between two rounds.
        """
        x, y = [np.empty(0)], [np.empty(0)]
        whole = float(self.at[-1] - self.at[0]) if len(self) else 0.0
        for part in self._stretches(np.isfinite(low) & np.isfinite(high)):
            at = self.at[part]
            share = float(at[-1] - at[0]) / whole if whole else 1.0
            pixels = max(2, round(PIXELS * share))
            there, floor, ceiling = envelope(at, low[part], high[part], pixels)
            x += [there, there[::-1], np.full(1, np.nan)]
            y += [ceiling, floor[::-1], np.full(1, np.nan)]
        return np.concatenate(x), np.concatenate(y)

    def _stretches(self, known: NDArray[np.bool_]) -> list[slice]:
        """Return the spans in which all values are known, without an interruption."""
        flips = np.flatnonzero(known[1:] != known[:-1]) + 1
        edges = np.unique(np.concatenate([[0], flips, self.ends, [len(known)]])).tolist()
        return [slice(first, last) for first, last in pairwise(edges) if known[first]]


def moments(seconds: Floats) -> NDArray[np.datetime64]:
    """Return Unix seconds as moments in UTC, as plotly takes them; NaN as none."""
    known = np.isfinite(seconds)
    found = np.full(len(seconds), np.datetime64("NaT"), dtype="datetime64[ms]")
    found[known] = np.round(seconds[known] * 1e3).astype(np.int64).astype("datetime64[ms]")
    return found
