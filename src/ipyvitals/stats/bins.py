"""Bin numbers and categories; the bins are fitted on a reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from decimal import Decimal
from itertools import repeat
from math import isnan, nan
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.seconds import Floats

__all__ = ["MAX_BINS", "Bins", "CategoricalBins", "NumericBins", "Values", "fit_bins"]

Values: TypeAlias = "list[Any] | npt.NDArray[Any]"
Indices: TypeAlias = npt.NDArray[np.uint8]

MAX_NUMERIC_BINS = 10
MAX_CATEGORIES = 20
MAX_BINS = MAX_CATEGORIES + 2
"""One per category, one for all other values, one for missing values."""
MIN_BIN_ROWS = 10
"""Minimum reference rows per bin; with fewer, random variation would look like drift."""

_FLOAT_CONVERTIBLE = (int, float, np.integer, np.floating, np.bool_, type(None))
"""Types that NumPy itself converts to float; bool is a subclass of int."""


class NumericBins:
    """Assign numbers to intervals between edges; an interval includes its upper edge.

    The first and the last interval are unbounded.

    Parameters
    ----------
    edges : ndarray of float
        Ascending.
    """

    kind: Literal["numeric"] = "numeric"

    def __init__(self, edges: Floats) -> None:
        self.edges = edges
        self.missing = edges.size + 1
        """Index of the last bin: NaN, ``None`` and values that are not numbers."""
        self.size = self.missing + 1

    @classmethod
    def fit(cls, numbers: Floats) -> NumericBins:
        """Return bins that split `numbers`, shape (n,), as evenly as ties allow."""
        ordered = np.sort(numbers)
        bins = max(1, min(MAX_NUMERIC_BINS, ordered.size // MIN_BIN_ROWS))
        ends = np.arange(1, bins) * ordered.size // bins - 1
        # No value lies above an edge at the maximum: such an edge is left out.
        edges = _distinct(ordered[ends])
        return cls(edges[edges < ordered[-1]])

    def index(self, values: Values) -> Indices:
        """Return the bin of each value, shape (n,)."""
        numbers = _as_floats(values)
        indices = np.searchsorted(self.edges, numbers).astype(np.uint8)
        indices[np.isnan(numbers)] = self.missing
        return indices


class CategoricalBins:
    """Assign values to one bin per category, one for all other values, one for missing values.

    Parameters
    ----------
    categories : list
        At most 20 hashable values.
    """

    kind: Literal["categorical"] = "categorical"

    def __init__(self, categories: list[Hashable]) -> None:
        self.categories = categories
        self.other = len(categories)
        self.missing = self.other + 1
        """Index of the last bin: NaN, ``None`` and unhashable values."""
        self.size = self.missing + 1
        self._codes: dict[Hashable, int] = {value: code for code, value in enumerate(categories)}
        self._codes[None] = self.missing
        texts = {value: code for code, value in enumerate(categories) if isinstance(value, str)}
        self._texts = _SortedCodes(np.array(list(texts), dtype=np.str_), list(texts.values()))
        numbers = {_as_float(value): code for code, value in enumerate(categories)}
        numbers = {number: code for number, code in numbers.items() if not isnan(number)}
        self._numbers = _SortedCodes(np.array(list(numbers)), list(numbers.values()))

    @classmethod
    def fit(cls, values: list[Any]) -> CategoricalBins:
        """Return bins for the most frequent of `values`."""
        try:
            counted = Counter(values)
        except Exception:
            counted = Counter(value for value in values if not _is_missing(value))
        frequent = [
            value
            for value, count in counted.most_common()
            if count >= MIN_BIN_ROWS and not _is_missing(value)
        ]
        return cls(frequent[:MAX_CATEGORIES])

    def index(self, values: Values) -> Indices:
        """Return the bin of each value, shape (n,)."""
        if isinstance(values, np.ndarray):
            if values.dtype.kind == "U":
                return self._texts.find(values, self.other)
            if values.dtype.kind in "biuf":
                numbers = values.astype(np.float64, copy=False)
                indices = self._numbers.find(numbers, self.other)
                indices[np.isnan(numbers)] = self.missing
                return indices
            values = values.tolist()
        look_up = self._codes.get
        try:
            codes = map(look_up, values, repeat(self.other))
            indices = np.fromiter(codes, np.uint8, len(values))
        except Exception:
            known = [None if _is_missing(value) else value for value in values]
            indices = np.array([look_up(value, self.other) for value in known], dtype=np.uint8)
        unknown = np.flatnonzero(indices == self.other).tolist()
        indices[[row for row in unknown if _is_missing(values[row])]] = self.missing
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


def fit_bins(values: Values) -> Bins:
    """Return bins fitted on a reference.

    Parameters
    ----------
    values : ndarray, shape (n,), or list
        If most values that are not missing are numbers, and more than 20 of them are distinct,
        the bins are at most 10 intervals between quantiles; otherwise they are the 20 most
        frequent values. No bin is fitted on fewer than 10 rows.

    Examples
    --------
    >>> bins = fit_bins(["red"] * 30 + ["blue"] * 20)
    >>> bins.index(["blue", "red", "green", None]).tolist()
    [1, 0, 2, 3]
    """
    if _are_numbers(values):
        numbers = _as_floats(values)
        numbers = numbers[~np.isnan(numbers)]
        if _distinct(np.sort(numbers)).size > MAX_CATEGORIES:
            return NumericBins.fit(numbers)
    return CategoricalBins.fit(values.tolist() if isinstance(values, np.ndarray) else values)


def _distinct(ordered: Floats) -> Floats:
    # Not numpy.unique: its first call imports more of NumPy, and a fork during that import would
    # copy a locked import lock into the child.
    first = np.ones(ordered.size, dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def _are_numbers(values: Values) -> bool:
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return values.dtype.kind in "iuf"
    kinds = Counter(map(type, values))
    numbers = sum(count for kind, count in kinds.items() if _is_number(kind))
    return numbers > (kinds.total() - kinds[type(None)]) / 2


def _is_number(kind: type) -> bool:
    # NumPy's timedelta64 is a subclass of its signed integer.
    return issubclass(kind, (Real, Decimal)) and not issubclass(kind, (bool, np.timedelta64))


def _as_floats(values: Values) -> Floats:
    """Return the values as floats; NaN for values that are not numbers."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "biuf":
            return values.astype(np.float64, copy=False)
        values = values.tolist()
    kinds = set(map(type, values))
    convertible = all(issubclass(kind, _FLOAT_CONVERTIBLE) for kind in kinds)
    if convertible and np.timedelta64 not in kinds:
        try:
            return np.array(values, dtype=np.float64)
        except (OverflowError, TypeError, ValueError):
            pass  # e.g. an integer of 400 digits
    return np.array([_as_float(value) for value in values], dtype=np.float64)


def _as_float(value: Any) -> float:
    try:
        if getattr(value, "ndim", None) == 0:
            value = value.item()
        return float(value) if isinstance(value, (Real, Decimal)) else nan
    except Exception:
        return nan


def _is_missing(value: Any) -> bool:
    if type(value) is str:
        return False
    try:
        hash(value)
        return value is None or bool(value != value)  # noqa: PLR0124 - true only for NaN
    except Exception:
        return True
