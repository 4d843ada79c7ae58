"""Bin numbers, moments and categories; the bins are fitted on some rows of a reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import cycle, islice, repeat
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.seconds import Floats, Ints
from ipyvitals.stats.values import (
    MAX_TEXT,
    Values,
    as_floats,
    as_seconds,
    category_key,
    decimal_of,
    is_missing,
    is_moment,
    is_number,
    round_fractions,
)

__all__ = ["Bins", "CategoricalBins", "NumericBins", "Values", "fit_bins"]

Indices: TypeAlias = npt.NDArray[np.uint8]

MAX_INTERVALS = 10
MIN_INTERVAL_ROWS = 5
"""Minimum expected rows per interval, in the reference and in the window."""
MIN_RANGE_ROWS = 20
"""Rows from which on numbers beyond the least and the greatest have bins of their own."""
ATOM_SHARE = 0.05
"""Share of rows from which on a number has a bin of its own."""
MIN_ATOM_ROWS = 3
MAX_ATOMS = 10
MAX_CATEGORIES = 20
CATEGORY_SHARE = 0.02
"""Share of rows from which on a category has a bin of its own."""
MIN_CATEGORY_ROWS = 2
MAX_RARE_BINS = 8
SINGLE_ROUNDING = 2.0**-23
"""Relative difference that rounding to single precision may make, and a margin."""


class NumericBins:
    """Assign numbers to intervals between edges; an interval includes its upper edge.

    The first and the last interval are unbounded.

    Parameters
    ----------
    edges : ndarray of float
        Ascending.
    moments : bool
        True bins dates, times and durations, as seconds, in place of numbers.
    """

    kind: Literal["numeric"] = "numeric"

    def __init__(self, edges: Floats, *, moments: bool = False) -> None:
        self.edges = edges
        self.moments = moments
        self.missing = edges.size + 1
        """Index of the last bin: NaN, ``None`` and values that are not numbers."""
        self.size = self.missing + 1

    @classmethod
    def fit(cls, numbers: Floats, rows: int, *, moments: bool = False) -> NumericBins:
        """Return bins for `numbers`, shape (n,).

        A number with 5 % of `numbers` or more has a bin of its own. The others are split at
        quantiles, in the middle between two of them, into intervals in which five of `rows` rows
        or more are expected. Numbers below the least and above the greatest have two more bins.
        """
        ordered = np.sort(numbers[np.isfinite(numbers)])
        values, counts = _distinct(ordered)
        large = counts >= max(MIN_ATOM_ROWS, ATOM_SHARE * ordered.size)
        large[np.argsort(-counts, kind="stable")[MAX_ATOMS:]] = False
        atoms, others = values[large], ordered[np.repeat(~large, counts)]
        intervals = max(2, min(MAX_INTERVALS, rows // MIN_INTERVAL_ROWS))
        intervals = round(intervals * others.size / max(1, ordered.size))
        edges = [_below(atoms), _above(atoms), _middles(others, intervals)]
        if ordered.size >= MIN_RANGE_ROWS:
            edges += [_below(values[:1]), _above(values[-1:])]
        return cls(_distinct(np.sort(np.concatenate(edges)))[0], moments=moments)

    def index(self, values: Values) -> Indices:
        """Return the bin of each value, shape (n,)."""
        numbers = as_seconds(values) if self.moments else as_floats(values)
        indices = np.searchsorted(self.edges, numbers).astype(np.uint8)
        indices[np.isnan(numbers)] = self.missing
        return indices


class CategoricalBins:
    """Assign values to one bin per category, one each for new and missing ones, some for rare ones.

    Values of different types are one category when they are equal; numbers with a fraction are
    compared in single precision.

    Parameters
    ----------
    categories : sequence
        At most 20 hashable values.
    rare : sequence
        Further values, which share the last bins in turn.
    rare_bins : int
        Number of bins for `rare`.
    """

    kind: Literal["categorical"] = "categorical"

    def __init__(
        self, categories: Sequence[Hashable], rare: Sequence[Hashable] = (), rare_bins: int = 1
    ) -> None:
        self.categories = categories
        self.rare_values = rare
        self.rare_bins = rare_bins
        self.other = len(categories)
        """Index of the bin for new values: neither a category nor rare."""
        self.missing = self.other + 1
        """Index of the bin for NaN, ``None`` and unhashable values."""
        self.rare = self.other + 2
        """Index of the first bin for rare values."""
        self.size = self.rare + rare_bins
        codes = [*range(len(categories)), *islice(cycle(range(self.rare, self.size)), len(rare))]
        keys = map(category_key, [*categories, *rare])
        self._codes: dict[Hashable, int] = dict(zip(keys, codes, strict=True))
        for key, code in list(self._codes.items()):
            if isinstance(key, float):
                # The number as it is written, such as 0.1, is found without rounding it first.
                self._codes.setdefault(decimal_of(key), code)
        texts = {key: code for key, code in self._codes.items() if isinstance(key, str)}
        self._texts = _SortedCodes(np.array(list(texts), dtype=np.str_), list(texts.values()))
        numbers = {key: code for key, code in self._codes.items() if isinstance(key, (int, float))}
        floats = {float(key): code for key, code in numbers.items() if _is_float(key)}
        self._floats = _SortedCodes(np.array(list(floats)), list(floats.values()))
        ints = {int(key): code for key, code in numbers.items() if _is_int64(key)}
        self._ints = _SortedCodes(np.array(list(ints), dtype=np.int64), list(ints.values()))
        self._codes[None] = self.missing

    @classmethod
    def fit(cls, values: list[Any], rows: int) -> CategoricalBins:
        """Return bins for `values`: one for each value that occurs twice and in 2 % of them.

        The other values share bins, in each of which five of `rows` rows or more are expected.
        """
        counted = Counter(category_key(value) for value in values if not is_missing(value))
        least = max(MIN_CATEGORY_ROWS, CATEGORY_SHARE * len(values))
        ordered = [key for key, _ in counted.most_common()]
        frequent = [key for key in ordered[:MAX_CATEGORIES] if counted[key] >= least]
        rare = ordered[len(frequent) :]
        share = sum(counted[key] for key in rare) / max(1, len(values))
        rare_bins = int(share * rows) // MIN_INTERVAL_ROWS
        return cls(frequent, rare, max(1, min(MAX_RARE_BINS, len(rare), rare_bins)))

    def index(self, values: Values) -> Indices:
        """Return the bin of each value, shape (n,)."""
        if isinstance(values, np.ndarray):
            kind = values.dtype.kind
            if kind == "U" and values.dtype.itemsize <= 4 * MAX_TEXT:
                return self._texts.find(values, self.other)
            if kind in "bi" or (kind == "u" and values.dtype.itemsize < np.int64().itemsize):
                return self._ints.find(values.astype(np.int64, copy=False), self.other)
            if kind == "f":
                return self._index_floats(values.astype(np.float64, copy=False))
            values = list(values) if kind in "mM" else values.tolist()
        look_up = self._codes.get
        try:
            codes = map(look_up, values, repeat(self.other))
            indices = np.fromiter(codes, np.uint8, len(values))
        except Exception:
            known = [None if is_missing(value) else value for value in values]
            indices = np.array([look_up(value, self.other) for value in known], dtype=np.uint8)
        unknown = np.flatnonzero(indices == self.other)
        if unknown.size:
            indices[unknown] = self._index_unknown([values[row] for row in unknown.tolist()])
        return indices

    def _index_unknown(self, values: list[Any]) -> Indices:
        """Return the bins of values that the dict does not contain as they are."""
        kinds = set(map(type, values))
        if kinds == {float}:
            return self._index_floats(np.array(values, dtype=np.float64))
        if kinds <= {int, bool} or (kinds == {str} and max(map(len, values)) <= MAX_TEXT):
            return np.full(len(values), self.other, dtype=np.uint8)
        look_up, other, missing = self._codes.get, self.other, self.missing
        codes = [
            missing if is_missing(value) else look_up(category_key(value), other)
            for value in values
        ]
        return np.array(codes, dtype=np.uint8)

    def _index_floats(self, numbers: Floats) -> Indices:
        indices = self._floats.find(numbers, self.other)
        unknown = np.flatnonzero(indices == self.other)
        if unknown.size:
            some = numbers[unknown]
            indices[unknown] = self._floats.find(round_fractions(some), self.other)
            indices[unknown[np.isnan(some)]] = self.missing
        return indices


class _SortedCodes:
    """Look up the codes of an array of keys by binary search.

    Twice as fast as one dict lookup per key.
    """

    def __init__(self, keys: npt.NDArray[Any], codes: list[int]) -> None:
        order = np.argsort(keys)
        self._keys = keys[order]
        self._codes = np.array(codes, dtype=np.uint8)[order]

    def find(self, keys: npt.NDArray[Any], other: int) -> Indices:
        indices = np.full(keys.size, other, dtype=np.uint8)
        if self._keys.size:
            positions = np.searchsorted(self._keys[:-1], keys)
            found = self._keys[positions] == keys
            indices[found] = self._codes[positions[found]]
        return indices


Bins: TypeAlias = NumericBins | CategoricalBins


def fit_bins(values: Values, rows: int | None = None) -> Bins:
    """Return bins fitted on some rows of a reference.

    Parameters
    ----------
    values : ndarray, shape (n,), or list
        If most values that are not missing are numbers, of which more than 20 are distinct or
        more than half occur once, or if most are dates, times or durations, then the bins are
        intervals; otherwise they are the 20 most frequent values.
    rows : int, optional
        Rows that are counted in the bins, which limit the number of intervals; `n` by default.

    Examples
    --------
    >>> bins = fit_bins(["red"] * 30 + ["blue"] * 20)
    >>> bins.index(["blue", "red", "green", None]).tolist()
    [1, 0, 2, 3]
    """
    count = len(values) if rows is None else rows
    if _are_mostly(is_moment, "mM", values):
        return NumericBins.fit(as_seconds(values), count, moments=True)
    if _are_mostly(is_number, "iuf", values):
        numbers = as_floats(values)
        numbers = numbers[~np.isnan(numbers)]
        distinct, counts = _distinct(np.sort(numbers))
        if distinct.size > MAX_CATEGORIES or 2 * np.count_nonzero(counts == 1) > numbers.size:
            return NumericBins.fit(numbers, count)
    return CategoricalBins.fit(values.tolist() if isinstance(values, np.ndarray) else values, count)


def _distinct(ordered: Floats) -> tuple[Floats, Ints]:
    """Return the distinct numbers of an ascending array, and how often each occurs."""
    # Not numpy.unique: its first call imports more of NumPy, and a fork during that import would
    # copy a locked import lock into the child.
    first = np.ones(ordered.size, dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    return ordered[starts], np.append(starts[1:], ordered.size)[: starts.size] - starts


def _middles(ordered: Floats, intervals: int) -> Floats:
    """Return edges that split an ascending array as evenly as ties allow, between its numbers."""
    if intervals < 2:
        return np.empty(0)
    ends = np.maximum(np.arange(1, intervals) * ordered.size // intervals - 1, 0)
    values, _ = _distinct(ordered)
    positions = np.searchsorted(values, ordered[ends])
    positions = positions[positions < values.size - 1]
    low, high = values[positions], values[positions + 1]
    middle = low / 2 + high / 2
    return np.where((low <= middle) & (middle < high), middle, low)


def _below(numbers: Floats) -> Floats:
    """Return the edge under each number; it is below the number's rounding in single precision."""
    return np.nextafter(numbers - _rounding(numbers), -np.inf)


def _above(numbers: Floats) -> Floats:
    return numbers + _rounding(numbers)


def _rounding(numbers: Floats) -> Floats:
    return np.where(np.trunc(numbers) == numbers, 0.0, np.abs(numbers) * SINGLE_ROUNDING)


def _are_mostly(belongs: Any, dtype_kinds: str, values: Values) -> bool:
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return values.dtype.kind in dtype_kinds
    kinds = Counter(map(type, values))
    some = sum(count for kind, count in kinds.items() if belongs(kind))
    return some > (kinds.total() - kinds[type(None)]) / 2


def _is_float(key: float) -> bool:
    try:
        return float(key) == key
    except OverflowError:
        return False


def _is_int64(key: float) -> bool:
    return -(2**63) <= key < 2**63 and key == int(key)
