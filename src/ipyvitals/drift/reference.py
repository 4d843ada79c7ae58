"""Represent the reference of drift detection: bins, and the number of rows in each.

Some rows of the reference choose the bins and the other rows are counted, so that bins are never
chosen on the rows with which the window is compared.
"""

from __future__ import annotations

from itertools import compress
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from ipyvitals.drift.features import Columns
from ipyvitals.stats.bins import Bins, CategoricalBins, NumericBins, fit_bins
from ipyvitals.stats.packing import pack, unpack
from ipyvitals.stats.seconds import Ints
from ipyvitals.stats.values import is_null
from ipyvitals.utils.validation import Rows

__all__ = ["PREDICTIONS", "ReferenceDistribution"]

PREDICTIONS = ""
"""Column name of the predictions."""
VERSION = 2
CHOOSING_PART = 4
"""Rows of a reference for each row that chooses bins."""
MIN_CHOOSING_ROWS = 10
MAX_CHOOSING_ROWS = 1_000
MAX_BINS = 255
SPREAD = 2**0.5 - 1
"""An irrational step, which spreads the choosing rows over data of any period."""

Category: TypeAlias = str | int | float | bool


class _StoredColumn(msgspec.Struct, omit_defaults=True):
    name: str
    counts: list[int]
    edges: bytes | None = None
    categories: list[Category] = []
    rare: list[Category] = []
    rare_bins: int = 1
    moments: bool = False


class _StoredReference(msgspec.Struct, omit_defaults=True):
    rows: int
    columns: list[_StoredColumn]
    v: int = 1
    unwatched: list[str] = []


class ReferenceDistribution(NamedTuple):
    """Binned distribution of the reference rows; the rows themselves are not stored."""

    rows: int
    bins: dict[str, Bins]
    """Bins by column name, the predictions first."""
    counts: Ints
    """Counts of each column, shape (columns, bins)."""
    unwatched: frozenset[str] = frozenset()
    """Names of columns in which values cannot be compared: lists, or texts that never recur."""

    @classmethod
    def fit(cls, columns: Columns, window: int) -> ReferenceDistribution:
        """Return the distribution of columns of one length, to be compared with `window` rows."""
        rows = len(columns[PREDICTIONS])
        chooses = _choosing_rows(rows)
        counted = rows - int(np.count_nonzero(chooses))
        bins: dict[str, Bins] = {}
        counts: list[Ints] = []
        unwatched: set[str] = set()
        for name, column in columns.items():
            fitted = bins[name] = fit_bins(_take(column, chooses), min(counted, window))
            indices = fitted.index(column)
            counts.append(np.bincount(indices[~chooses], minlength=fitted.size))
            if isinstance(fitted, CategoricalBins) and not _recurs(fitted, counts[-1], column):
                unwatched.add(name)
        return cls(rows, bins, _padded(counts, bins), frozenset(unwatched))

    def to_bytes(self) -> bytes:
        """Serialise for `from_bytes`; empty if a category is neither a string nor a number."""
        columns = []
        for (name, bins), counts in zip(self.bins.items(), self.counts.tolist(), strict=True):
            stored = _StoredColumn(name, counts[: bins.size])
            if isinstance(bins, NumericBins):
                stored.edges, stored.moments = pack(bins.edges), bins.moments
            else:
                plain = [*bins.categories, *bins.rare_values]
                storable = [one for one in plain if isinstance(one, (str, int, float))]
                if len(storable) < len(plain):
                    return b""
                stored.categories, stored.rare = storable[: bins.other], storable[bins.other :]
                stored.rare_bins = bins.rare_bins
            columns.append(stored)
        try:
            return msgspec.msgpack.encode(
                _StoredReference(self.rows, columns, VERSION, sorted(self.unwatched))
            )
        except (OverflowError, ValueError):  # an integer beyond 64 bits, or half a surrogate pair
            return b""

    @classmethod
    def from_bytes(cls, data: bytes) -> ReferenceDistribution:
        """Return the reference that `to_bytes` serialised.

        Raises
        ------
        ValueError
            When `data` has a newer version, or is not a serialised reference.
        """
        try:
            stored = msgspec.msgpack.decode(data, type=_StoredReference)
        except msgspec.MsgspecError as error:
            raise ValueError(f"expected a reference, got something else: {error}") from error
        bins = {column.name: _bins_of(column) for column in stored.columns}
        totals = {sum(column.counts) for column in stored.columns}
        if (
            stored.v > VERSION
            or len(bins) != len(stored.columns)
            or next(iter(bins), None) != PREDICTIONS
            or len(totals) != 1
            or min(totals) < 1
        ):
            raise ValueError(f"expected a reference of version {VERSION} or older, got {stored.v}.")
        counts = _padded([np.array(column.counts) for column in stored.columns], bins)
        return cls(stored.rows, bins, counts, frozenset(stored.unwatched))


def _choosing_rows(rows: int) -> npt.NDArray[np.bool_]:
    """Return which rows choose the bins, shape (rows,): spread evenly, whatever the period."""
    count = min(MAX_CHOOSING_ROWS, max(MIN_CHOOSING_ROWS, rows // CHOOSING_PART))
    order = np.argsort(np.arange(rows) * SPREAD % 1.0)
    chooses = np.zeros(rows, dtype=np.bool_)
    chooses[order[:count]] = True
    return chooses


def _take(column: Rows, chooses: npt.NDArray[np.bool_]) -> Rows:
    return column[chooses] if isinstance(column, np.ndarray) else list(compress(column, chooses))


def _recurs(bins: CategoricalBins, counts: Ints, column: Rows) -> bool:
    """Return whether a value of the column recurs, or most values are missing."""
    if np.delete(counts, [bins.other, bins.missing]).any():
        return True
    return 2 * sum(map(is_null, column)) >= len(column)


def _bins_of(column: _StoredColumn) -> Bins:
    if column.edges is None:
        size = len(column.categories) + 2 + column.rare_bins
        if column.rare_bins < 1 or size > MAX_BINS:
            raise ValueError(f"expected a reference of at most {MAX_BINS} bins a column.")
        return CategoricalBins(column.categories, column.rare, column.rare_bins)
    return NumericBins(unpack(column.edges), moments=column.moments)


def _padded(counts: list[Ints], bins: dict[str, Bins]) -> Ints:
    """Return counts of columns with different numbers of bins as one array."""
    width = max(*(one.size for one in bins.values()), *map(len, counts))
    padded = np.zeros((len(counts), width), dtype=np.int64)
    for row, one in zip(padded, counts, strict=True):
        row[: one.size] = one
    return padded
