"""Condenses the values of a metric into a bounded number of buckets.

- A bucket stands for some values in a row: first and last step, time of the last, lowest, highest,
  sum and number of the finite ones, and how many were not finite.
- When all buckets are full, pairs merge, so each stands for twice as many values: no spike is lost,
  and the same values always give the same buckets.
- A step that goes back begins a new piece of the curve, and no bucket spans two pieces.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from math import inf, isfinite, isnan, nan

from ipyvitals.schema import CurveChunk

__all__ = ["BUCKETS", "Curve"]

BUCKETS = 2_048
FIELDS = 8
"""Numbers of one bucket."""
DIGITS = 6
"""Significant digits on the wire; a page shows four."""


class Curve:
    """The buckets of one metric of one run.

    Parameters
    ----------
    capacity : int
        Maximum number of buckets, an even number.
    start : int
        Number of values before the first one.
    width : int
        Number of values of each bucket, until pairs merge.

    Examples
    --------
    >>> curve = Curve(capacity=4)
    >>> for step in range(1, 9):
    ...     curve.add(step, 0.1 * step, 100.0 if step == 3 else 1.0)
    >>> curve.chunk("1", "loss").high
    [1.0, 100.0, 1.0, 1.0]
    """

    __slots__ = ("_capacity", "_closed", "_open", "count", "start", "width")

    def __init__(self, capacity: int = BUCKETS, start: int = 0, width: int = 1) -> None:
        self._capacity = capacity
        self.width = width
        self._closed = array("d")
        """The other buckets, one after the other: one array takes less time than one a column."""
        self._open = [0.0, inf, 0.0, inf, -inf, 0.0, 0.0, 0.0]
        """The newest bucket, of first step, step, seconds, low, high, sum, count, not finite."""
        self.start = start
        self.count = 0
        """Number of values."""

    def __len__(self) -> int:
        return len(self._closed) // FIELDS + (self.count > 0)

    def add(self, step: float, seconds: float, value: float) -> None:
        """Add a value, which may be NaN or infinite."""
        bucket = self._open
        self.count += 1
        if bucket[6] >= self.width or step < bucket[1]:
            self._close()
            bucket[:] = (step, step, seconds, inf, -inf, 0.0, 0.0, 0.0)
        bucket[1] = step
        bucket[2] = seconds
        bucket[6] += 1.0
        if -inf < value < inf:
            bucket[5] += value
            # Comparisons, since min and max take longer than all else here.
            if value < bucket[3]:  # noqa: PLR1730
                bucket[3] = value
            if value > bucket[4]:  # noqa: PLR1730
                bucket[4] = value
        else:
            bucket[7] += 1.0

    def _close(self) -> None:
        """Move the newest bucket to the others, and merge pairs when they are too many."""
        if self._open[6]:
            self._closed.fromlist(self._open)
        if len(self._closed) >= FIELDS * self._capacity:
            self._halve()

    def chunk(
        self,
        run_id: str,
        metric: str,
        *,
        limit: int | None = None,
        first_step: float = -inf,
        last_step: float = inf,
    ) -> CurveChunk:
        """Return the buckets as the page receives them.

        Parameters
        ----------
        run_id, metric : str
        limit : int, optional
            Most buckets; more of them merge.
        first_step, last_step : float
            Only buckets that have a step in this range.
        """
        rows = [row for row in self._rows() if row[1] >= first_step and row[0] <= last_step]
        while limit is not None and len(rows) > limit:
            rows = list(_pairs(rows, force=len(rows) >= 2 * limit))
            limit = None if len(rows) <= limit else limit
        finite = [row[6] - row[7] for row in rows]
        means = [row[5] / n if n else nan for row, n in zip(rows, finite, strict=True)]
        single = all(row[6] == 1 for row in rows)
        lows, highs = [row[3] for row in rows], [row[4] for row in rows]
        band = not single and any(low < high for low, high in zip(lows, highs, strict=True))
        return CurveChunk(
            run_id=run_id,
            metric=metric,
            start=self.start,
            step=[row[1] for row in rows],
            seconds=[round(row[2], 2) for row in rows],
            mean=[_short(value) for value in means],
            first_step=[] if single else [row[0] for row in rows],
            low=[_short(value) for value in lows] if band else [],
            high=[_short(value) for value in highs] if band else [],
            count=[] if single else [int(row[6]) for row in rows],
            not_finite=[int(row[7]) for row in rows] if any(row[7] for row in rows) else [],
        )

    def _rows(self) -> Iterator[tuple[float, ...]]:
        rows = self._closed_rows()
        return chain(rows, [tuple(self._open)]) if self.count else rows

    def _closed_rows(self) -> Iterator[tuple[float, ...]]:
        return zip(*[iter(self._closed)] * FIELDS, strict=True)

    def _halve(self) -> None:
        merged = _merged(self._closed_rows(), force=False)
        if len(merged) > 0.75 * len(self._closed):
            # Nearly each value begins a new piece.
            rows = zip(*[iter(merged)] * FIELDS, strict=True)
            merged = _merged(rows, force=True)
        self.width *= 2
        self._closed = merged


def _merged(rows: Iterable[tuple[float, ...]], *, force: bool) -> array[float]:
    merged = array("d")
    for row in _pairs(rows, force=force):
        merged.extend(row)
    return merged


def _pairs(rows: Iterable[tuple[float, ...]], *, force: bool) -> Iterator[tuple[float, ...]]:
    """Yield the buckets, each two neighbours of one piece as one."""
    row = None
    for follower in rows:
        if row is None:
            row = follower
        elif follower[0] < row[1] and not force:
            yield row
            row = follower
        else:
            first, _, _, low, high, total, count, bad = row
            _, step, seconds, low2, high2, total2, count2, bad2 = follower
            yield (
                *(min(first, follower[0]), max(row[1], step), seconds),
                *(min(low, low2), max(high, high2), total + total2, count + count2, bad + bad2),
            )
            row = None
    if row is not None:
        yield row


def _short(value: float) -> float | None:
    """Return a number of six digits; ``None`` for what is not finite."""
    if isnan(value) or not isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")
