"""Bins fitted on a reference, into which numbers and categories fall."""

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

NUMERIC_BINS = 10
CATEGORIES = 20
MAX_BINS = CATEGORIES + 2
"""The categories, all others, and what is missing."""
MIN_BIN_ROWS = 10
"""Reference rows of a bin; with fewer, chance alone would look like drift."""

_PLAIN = (int, float, np.integer, np.floating, np.bool_, type(None))
"""What NumPy makes floats of by itself; a bool is an int."""


class NumericBins:
    """Intervals between edges, each with its upper edge; the outer two are open.

    Parameters
    ----------
    edges : ndarray of float
        Ascending.
    """

    kind: Literal["numeric"] = "numeric"

    def __init__(self, edges: Floats) -> None:
        self.edges = edges
        self.missing = edges.size + 1
        """The last bin: of NaN, ``None``, and whatever is no number."""
        self.size = self.missing + 1

    @classmethod
    def fit(cls, numbers: Floats) -> NumericBins:
        """Return bins that share out `numbers`, shape (n,), as evenly as ties allow."""
        ordered = np.sort(numbers)
        bins = max(1, min(NUMERIC_BINS, ordered.size // MIN_BIN_ROWS))
        ends = np.arange(1, bins) * ordered.size // bins - 1
        # An edge at the very end would leave nothing above it.
        edges = _distinct(ordered[ends])
        return cls(edges[edges < ordered[-1]])

    def index(self, values: Values) -> Indices:
        """Return the bin of each value, shape (n,)."""
        numbers = _as_floats(values)
        indices = np.searchsorted(self.edges, numbers).astype(np.uint8)
        indices[np.isnan(numbers)] = self.missing
        return indices


class CategoricalBins:
    """One bin for each category, one for all others, one for what is missing.

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
        """The last bin: of NaN, ``None``, and whatever cannot be looked up."""
        self.size = self.missing + 1
        self._codes: dict[Hashable, int] = {one: code for code, one in enumerate(categories)}
        self._codes[None] = self.missing
        texts = {one: code for code, one in enumerate(categories) if isinstance(one, str)}
        self._texts = _SortedCodes(np.array(list(texts), dtype=np.str_), list(texts.values()))
        numbers = {_as_float(one): code for code, one in enumerate(categories)}
        numbers = {one: code for one, code in numbers.items() if not isnan(one)}
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
        return cls(frequent[:CATEGORIES])

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
    """Finds the codes of an array of keys at once, twice as fast as a dict does one by one."""

    def __init__(self, keys: npt.NDArray[Any], codes: list[int]) -> None:
        order = np.argsort(keys)
        self._keys = keys[order]
        self._codes = np.array(codes, dtype=np.uint8)[order]

    def find(self, keys: npt.NDArray[Any], other: int) -> Indices:
        indices = np.full(keys.size, other, dtype=np.uint8)
        if self._keys.size:
            places = np.searchsorted(self._keys[:-1], keys)
            found = self._keys[places] == keys
            indices[found] = self._codes[places[found]]
        return indices


Bins: TypeAlias = NumericBins | CategoricalBins


def fit_bins(values: Values) -> Bins:
    """Return bins fitted on a reference.

    Parameters
    ----------
    values : ndarray, shape (n,), or list
        Where most values that are there are numbers of more than 20 distinct ones, at most 10
        intervals between quantiles; else the 20 most frequent values. No bin is fitted on
        fewer than 10 rows.

    Examples
    --------
    >>> bins = fit_bins(["red"] * 30 + ["blue"] * 20)
    >>> bins.index(["blue", "red", "green", None]).tolist()
    [1, 0, 2, 3]
    """
    if _are_numbers(values):
        numbers = _as_floats(values)
        numbers = numbers[~np.isnan(numbers)]
        if _distinct(np.sort(numbers)).size > CATEGORIES:
            return NumericBins.fit(numbers)
    return CategoricalBins.fit(values.tolist() if isinstance(values, np.ndarray) else values)


def _distinct(ordered: Floats) -> Floats:
    # Not numpy.unique, which imports more of NumPy when it is first called: a fork in that moment
    # would leave its lock to the child.
    new = np.ones(ordered.size, dtype=np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def _are_numbers(values: Values) -> bool:
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return values.dtype.kind in "iuf"
    kinds = Counter(map(type, values))
    numbers = sum(count for kind, count in kinds.items() if _is_number(kind))
    return numbers > (kinds.total() - kinds[type(None)]) / 2


def _is_number(kind: type) -> bool:
    # NumPy takes a duration for an integer.
    return issubclass(kind, (Real, Decimal)) and not issubclass(kind, (bool, np.timedelta64))


def _as_floats(values: Values) -> Floats:
    """Return the values as floats, NaN for whatever is no number."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "biuf":
            return values.astype(np.float64, copy=False)
        values = values.tolist()
    kinds = set(map(type, values))
    if all(issubclass(kind, _PLAIN) for kind in kinds) and np.timedelta64 not in kinds:
        try:
            return np.array(values, dtype=np.float64)
        except (OverflowError, TypeError, ValueError):
            pass  # such as an integer of 400 digits
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
        return value is None or bool(value != value)  # noqa: PLR0124 - true of NaN alone
    except Exception:
        return True
