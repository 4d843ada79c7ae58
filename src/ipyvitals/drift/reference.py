"""What rows are compared with: bins, and how many rows of the reference lie in each."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np

from ipyvitals.drift.features import Columns
from ipyvitals.stats.bins import MAX_BINS, Bins, CategoricalBins, NumericBins, fit_bins
from ipyvitals.stats.packing import pack, unpack
from ipyvitals.stats.seconds import Ints

__all__ = ["PREDICTIONS", "Reference"]

PREDICTIONS = ""
"""The name of the predictions among the columns."""
VERSION = 1

Category: TypeAlias = str | int | float | bool


class _Column(msgspec.Struct, omit_defaults=True):
    name: str
    counts: list[int]
    edges: bytes | None = None
    categories: list[Category] = []


class _State(msgspec.Struct, omit_defaults=True):
    rows: int
    columns: list[_Column]
    v: int = VERSION


class Reference(NamedTuple):
    """Fitted once; no row of it is kept."""

    rows: int
    bins: dict[str, Bins]
    """By name, the predictions first."""
    counts: Ints
    """Of each column, shape (columns, bins)."""

    @classmethod
    def fit(cls, columns: Columns) -> Reference:
        """Return the reference that columns are, all of one length."""
        bins = {name: fit_bins(column) for name, column in columns.items()}
        counts = [
            np.bincount(one.index(columns[name]), minlength=MAX_BINS) for name, one in bins.items()
        ]
        return cls(len(columns[PREDICTIONS]), bins, np.array(counts))

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` takes; nothing where a category is no text and no number."""
        columns = []
        for (name, bins), counts in zip(self.bins.items(), self.counts.tolist(), strict=True):
            if isinstance(bins, NumericBins):
                columns.append(_Column(name, counts, edges=pack(bins.edges)))
                continue
            plain = [one.item() if isinstance(one, np.generic) else one for one in bins.categories]
            known = [one for one in plain if isinstance(one, (str, int, float))]
            if len(known) < len(plain):
                return b""
            columns.append(_Column(name, counts, categories=known))
        return msgspec.msgpack.encode(_State(self.rows, columns))

    @classmethod
    def from_bytes(cls, data: bytes) -> Reference:
        """Return the reference that `to_bytes` told of.

        Raises
        ------
        ValueError
            When it is of a newer version, or nothing of the kind.
        """
        try:
            state = msgspec.msgpack.decode(data, type=_State)
        except msgspec.MsgspecError as error:
            raise ValueError(f"expected a reference, got something else: {error}") from error
        counts = np.array([column.counts for column in state.columns], dtype=np.int64)
        names = [column.name for column in state.columns]
        if state.v > VERSION or names[:1] != [PREDICTIONS] or counts.shape[1:] != (MAX_BINS,):
            raise ValueError(f"expected a reference of version {VERSION} or older, got {state.v}.")
        bins: dict[str, Bins] = {
            column.name: CategoricalBins(list(column.categories))
            if column.edges is None
            else NumericBins(unpack(column.edges))
            for column in state.columns
        }
        return cls(state.rows, bins, counts)
