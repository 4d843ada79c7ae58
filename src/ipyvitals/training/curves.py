"""Condenses the values of a metric into a bounded number of buckets.

- A bucket stands for some values in a row: first and last step, time of the last, lowest, highest,
  sum and number of the finite ones, how many were not finite, and what the first of those was.
- When all buckets are full, pairs merge, so each stands for twice as many values: no spike is lost,
  and the same values always give the same buckets.
- The first value that is not finite begins a bucket, which never merges with the one before.
- A step that goes back begins a new piece of the curve, and no bucket spans two pieces.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import chain
from math import inf, isfinite, isnan, nan
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.schema import CurveChunk, NotFiniteKind

__all__ = ["BUCKETS", "Curve", "kind_of", "merged_pairs"]

BUCKETS = 2_048
FIELDS = 9
"""Numbers of one bucket."""
KINDS: tuple[NotFiniteKind, ...] = ("", "nan", "inf", "-inf")
"""What the first value of a bucket that is not finite was, by its number in the bucket."""
DIGITS = 6
"""Significant digits on the wire; a page shows four."""
MANY = 64
"""Buckets from which NumPy is faster."""
FULL_SHARE = 0.75
"""Share of the buckets above which a merge of pairs did too little."""

Table: TypeAlias = npt.NDArray[np.float64]


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

    __slots__ = ("_capacity", "_closed", "_has_bad", "_open", "count", "start", "width")

    def __init__(self, capacity: int = BUCKETS, start: int = 0, width: int = 1) -> None:
        self._capacity = capacity
        self.width = width
        self._closed = array("d")
        """The other buckets, one after the other: one array takes less time than one a column."""
        self._open = [0.0, inf, 0.0, inf, -inf, 0.0, 0.0, 0.0, 0.0]
        """The newest bucket, of first step, step, seconds, low, high, sum, count, not finite, and
        the kind of the first that was not finite."""
        self._has_bad = False
        """Whether a value was not finite."""
        self.start = start
        self.count = 0
        """Number of values."""

    def __len__(self) -> int:
        return len(self._closed) // FIELDS + (self.count > 0)

    def add(self, step: float, seconds: float, value: float) -> None:
        """Add a value, which may be NaN or infinite."""
        bucket = self._open
        self.count += 1
        finite = -inf < value < inf
        if bucket[6] >= self.width or step < bucket[1] or not (finite or self._has_bad):
            self._begin(bucket, step, seconds, value)
            return
        bucket[1] = step
        bucket[2] = seconds
        bucket[6] += 1.0
        if finite:
            bucket[5] += value
            # Comparisons, since min and max take longer than all else here.
            if value < bucket[3]:  # noqa: PLR1730
                bucket[3] = value
            if value > bucket[4]:  # noqa: PLR1730
                bucket[4] = value
        else:
            if not bucket[7]:
                bucket[8] = KINDS.index(kind_of(value))
            bucket[7] += 1.0
            self._has_bad = True

    def _begin(self, bucket: list[float], step: float, seconds: float, value: float) -> None:
        """Begin a new bucket; the one before joins the others, of which pairs merge when full."""
        if bucket[6]:
            self._closed.fromlist(bucket)
            if len(self._closed) >= FIELDS * self._capacity:
                self._halve()
        if -inf < value < inf:
            bucket[:] = (step, step, seconds, value, value, 0.0 + value, 1.0, 0.0, 0.0)
        else:
            kind = float(KINDS.index(kind_of(value)))
            bucket[:] = (step, step, seconds, inf, -inf, 0.0, 1.0, 1.0, kind)
            self._has_bad = True

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
        if limit is not None and len(self) > limit:
            rows = self._thinned(limit, first_step, last_step)
        else:
            rows = [row for row in self._rows() if row[1] >= first_step and row[0] <= last_step]
        finite = [row[6] - row[7] for row in rows]
        means = [row[5] / n if n else nan for row, n in zip(rows, finite, strict=True)]
        bad = any(row[7] for row in rows)
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
            not_finite=[int(row[7]) for row in rows] if bad else [],
            not_finite_kind=[KINDS[int(row[8])] for row in rows] if bad else [],
        )

    def copy(self) -> Curve:
        """Return a curve of its own with the same buckets."""
        curve = Curve(self._capacity, self.start, self.width)
        curve._closed, curve._open, curve.count = self._closed[:], self._open[:], self.count
        curve._has_bad = self._has_bad
        return curve

    def _rows(self) -> list[tuple[float, ...]]:
        rows = self._closed_rows()
        return [*rows, tuple(self._open)] if self.count else rows

    def _thinned(self, limit: int, first_step: float, last_step: float) -> list[tuple[float, ...]]:
        """Return at most `limit` buckets, each of which stands for some neighbours."""
        table = np.array(self._closed + array("d", self._open)).reshape(-1, FIELDS)
        table = table[(table[:, 1] >= first_step) & (table[:, 0] <= last_step)]
        # Two buckets stay where the first value that is not finite begins the second.
        while len(table) > max(2, limit):
            table = _halved(table)
        return list(map(tuple, table.tolist()))

    def _closed_rows(self) -> list[tuple[float, ...]]:
        return list(zip(*[iter(self._closed)] * FIELDS, strict=True))

    def _halve(self) -> None:
        if self._capacity < MANY:
            rows = list(_pairs(self._closed_rows(), force=False))
            if len(rows) > FULL_SHARE * self._capacity:
                # Nearly each value begins a new piece.
                rows = list(_pairs(rows, force=True))
            self._closed = array("d", chain.from_iterable(rows))
        else:
            table = np.array(self._closed).reshape(-1, FIELDS)
            self._closed = array("d", _halved(table).tobytes())
        self.width *= 2


def _halved(table: Table) -> Table:
    """Return about half as many buckets, which span two pieces only where most pieces are short."""
    merged = merged_pairs(table, force=False)
    return merged_pairs(merged, force=True) if len(merged) > FULL_SHARE * len(table) else merged


def merged_pairs(rows: Table, *, force: bool) -> Table:
    """Return the buckets, each two neighbours of one piece as one; fast for many of them.

    Parameters
    ----------
    rows : ndarray
        A row a bucket.
    force : bool
        Whether a bucket may span two pieces.
    """
    begins = np.zeros(len(rows), dtype=bool)
    begins[:1] = True
    if not force:
        begins[1:] = rows[1:, 0] < rows[:-1, 1]
    begins[(rows[:, 7] > 0).argmax()] |= rows[:, 7].any()
    starts = np.flatnonzero(begins)
    place = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
    firsts = np.flatnonzero(place % 2 == 0)
    paired = np.diff(firsts, append=len(rows)) == 2
    merged = rows[firsts]
    first, second = merged[paired], rows[firsts[paired] + 1]
    merged[paired, 0] = np.minimum(first[:, 0], second[:, 0])
    merged[paired, 1] = np.maximum(first[:, 1], second[:, 1])
    merged[paired, 2] = second[:, 2]
    merged[paired, 3] = np.minimum(first[:, 3], second[:, 3])
    merged[paired, 4] = np.maximum(first[:, 4], second[:, 4])
    merged[paired, 5:8] = first[:, 5:8] + second[:, 5:8]
    merged[paired, 8] = np.where(first[:, 7] > 0, first[:, 8], second[:, 8])
    return merged


def _pairs(rows: list[tuple[float, ...]], *, force: bool) -> Iterator[tuple[float, ...]]:
    """Yield the buckets, each two neighbours of one piece as one; fast for a few of them."""
    at, first_bad = 0, next((index for index, row in enumerate(rows) if row[7]), 0)
    while at < len(rows):
        row = rows[at]
        follower = rows[at + 1] if at + 1 < len(rows) and at + 1 != first_bad else None
        if follower is None or (follower[0] < row[1] and not force):
            yield row
            at += 1
            continue
        first, _, _, low, high, total, count, bad, kind = row
        _, step, seconds, low2, high2, total2, count2, bad2, kind2 = follower
        yield (
            *(min(first, follower[0]), max(row[1], step), seconds),
            *(min(low, low2), max(high, high2), total + total2, count + count2, bad + bad2),
            kind if bad else kind2,
        )
        at += 2


def kind_of(value: float) -> NotFiniteKind:
    """Return what a value that is not finite is.

    Examples
    --------
    >>> kind_of(nan), kind_of(inf), kind_of(-inf)
    ('nan', 'inf', '-inf')
    """
    if isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def _short(value: float) -> float | None:
    """Return a number of six digits; ``None`` for what is not finite."""
    if not isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")
