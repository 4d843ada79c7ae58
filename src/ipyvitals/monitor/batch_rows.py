"""Converts the columns of a batch to what the queue stores, row by row."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from ipyvitals.ingest.records import UNSET, StoredBatch
from ipyvitals.utils.validation import Rows, as_rows, take_hashable
from ipyvitals.utils.values import missing_rows, take_value

__all__ = [
    "hashables",
    "labelled_rows",
    "pending_rows",
    "python_values",
    "segment_of_rows",
    "select_rows",
    "stored_batch",
]


def hashables(what: str, values: Any) -> list[Hashable]:
    """Return ids or segments as values that can be keys."""
    return [take_hashable(what, key) for key in as_rows(what, values)]


def segment_of_rows(segment: Any, n: int) -> list[Hashable]:
    """Return the segment of each of `n` rows, of which one may stand for all."""
    if getattr(segment, "shape", None) == ():
        segment = take_value(segment)
    if isinstance(segment, (str, bytes, int, float, np.generic)):
        return [segment] * n
    return hashables("segment", segment)


def labelled_rows(truths: Rows | None, n: int, reordered: set[str]) -> npt.NDArray[np.bool_]:
    """Return whether each of `n` rows has a label."""
    if truths is None or reordered:
        return np.zeros(n, dtype=np.bool_)
    missing = missing_rows(truths)
    return np.ones(n, dtype=np.bool_) if missing is None else ~missing


def select_rows(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Rows:
    """Return the chosen rows."""
    if isinstance(rows, np.ndarray):
        return rows[chosen]
    return list(compress(rows, chosen.tolist()))


def stored_batch(
    rows: Rows,
    truths: Rows | None,
    keys: list[Hashable] | None,
    segments: list[Hashable] | None,
    labelled: npt.NDArray[np.bool_],
) -> StoredBatch:
    """Return copies of the rows for the history; a row without a label has none there."""
    # Copies, since the user may change the arrays later.
    actuals = None if truths is None else truths.copy()
    if actuals is not None and not labelled.all():
        known = labelled.tolist()
        pairs = zip(python_values(actuals), known, strict=True)
        actuals = [truth if is_known else UNSET for truth, is_known in pairs]
    return StoredBatch(rows.copy(), actuals, keys, segments)


def pending_rows(
    keys: list[Hashable],
    rows: Rows,
    segments: list[Hashable] | None,
    pending: npt.NDArray[np.bool_],
) -> list[tuple[Hashable, Any, Hashable]]:
    """Return key, prediction and segment of the rows that wait for a label."""
    columns = zip(keys, python_values(rows), segments or [None] * len(keys), strict=True)
    return list(compress(columns, pending.tolist()))


def python_values(rows: Rows) -> list[Any]:
    """Convert an array to Python values where they are exactly equal; they compare much faster."""
    if isinstance(rows, np.ndarray) and (rows.dtype.kind in "biuU" or rows.dtype == np.float64):
        plain: list[Any] = rows.tolist()
        return plain
    return list(rows)
