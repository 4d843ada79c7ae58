"""Represent the reference of drift detection: bins, and the number of rows in each."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np

from ipyvitals.drift.features import Columns
from ipyvitals.stats.bins import MAX_BINS, Bins, CategoricalBins, NumericBins, fit_bins
from ipyvitals.stats.packing import pack, unpack
from ipyvitals.stats.seconds import Ints

__all__ = ["PREDICTIONS", "ReferenceDistribution"]

PREDICTIONS = ""
"""Column name of the predictions."""
VERSION = 1

Category: TypeAlias = str | int | float | bool


class _StoredColumn(msgspec.Struct, omit_defaults=True):
    name: str
    counts: list[int]
    edges: bytes | None = None
    categories: list[Category] = []


class _StoredReference(msgspec.Struct, omit_defaults=True):
    rows: int
    columns: list[_StoredColumn]
    v: int = VERSION


class ReferenceDistribution(NamedTuple):
    """Binned distribution of the reference rows; the rows themselves are not stored."""

    rows: int
    bins: dict[str, Bins]
    """Bins by column name, the predictions first."""
    counts: Ints
    """Counts of each column, shape (columns, bins)."""

    @classmethod
    def fit(cls, columns: Columns) -> ReferenceDistribution:
        """Return the distribution of columns of one length."""
        bins = {name: fit_bins(column) for name, column in columns.items()}
        counts = [
            np.bincount(fitted.index(columns[name]), minlength=MAX_BINS)
            for name, fitted in bins.items()
        ]
        return cls(len(columns[PREDICTIONS]), bins, np.array(counts))

    def to_bytes(self) -> bytes:
        """Serialise for `from_bytes`; empty if a category is neither a string nor a number."""
        columns = []
        for (name, bins), counts in zip(self.bins.items(), self.counts.tolist(), strict=True):
            if isinstance(bins, NumericBins):
                columns.append(_StoredColumn(name, counts, edges=pack(bins.edges)))
                continue
            plain = [one.item() if isinstance(one, np.generic) else one for one in bins.categories]
            storable = [one for one in plain if isinstance(one, (str, int, float))]
            if len(storable) < len(plain):
                return b""
            columns.append(_StoredColumn(name, counts, categories=storable))
        return msgspec.msgpack.encode(_StoredReference(self.rows, columns))

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
        counts = np.array([column.counts for column in stored.columns], dtype=np.int64)
        names = [column.name for column in stored.columns]
        if stored.v > VERSION or names[:1] != [PREDICTIONS] or counts.shape[1:] != (MAX_BINS,):
            raise ValueError(f"expected a reference of version {VERSION} or older, got {stored.v}.")
        bins: dict[str, Bins] = {
            column.name: CategoricalBins(list(column.categories))
            if column.edges is None
            else NumericBins(unpack(column.edges))
            for column in stored.columns
        }
        return cls(stored.rows, bins, counts)
