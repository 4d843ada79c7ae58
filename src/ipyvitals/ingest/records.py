"""Records in the queue, besides the plain tuples of `Monitor.record`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import msgspec

from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.utils.validation import Rows

__all__ = ["UNSET", "BatchRecord", "FailureRecord", "LabelRecord", "RecordExtras", "StoredBatch"]


class UnsetType:
    """Type of `UNSET`: no label was passed, as distinct from the label ``None``."""

    def __repr__(self) -> str:
        return "<unset>"


UNSET: Any = UnsetType()


class RecordExtras(NamedTuple):
    """Rarely used fields of a plain record."""

    segment: Hashable = None
    features: Mapping[str, Any] | None = None


class StoredBatch(NamedTuple):
    """Rows of one call as the user passed them, for storage."""

    predictions: Rows
    actuals: Rows | None
    ids: list[Hashable] | None
    segments: list[Hashable] | None


class BatchRecord(msgspec.Struct, frozen=True):
    """Rows of one call, with their labels or with the ids under which labels may follow."""

    at: float
    rows: int
    labels: ScoredLabels | None
    pending: list[tuple[Hashable, Any, Hashable]]
    """Id, prediction and segment of each row without a label."""
    labelled_ids: list[Hashable]
    latency: float | None
    model_id: str | None
    drift_rows: tuple[Rows, Mapping[str, Rows] | None] | None
    """Predictions, and features by column, for drift detection."""
    stored: StoredBatch | None = None
    """All columns of the call, if predictions are stored."""

    @property
    def columns(self) -> int:
        """Number of queued columns besides the labels."""
        drift_columns = 0 if self.drift_rows is None else 1 + len(self.drift_rows[1] or ())
        return drift_columns + (0 if self.stored is None else 2)


class LabelRecord(msgspec.Struct, frozen=True):
    """A label that arrives after its prediction."""

    id: Hashable
    actual: Any
    at: float


class FailureRecord(msgspec.Struct, frozen=True):
    """A failed call."""

    at: float
    model_id: str | None
