"""Records in the queue, besides the plain tuples of `Monitor.record`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import msgspec

from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.utils.device_values import DeviceValue
from ipyvitals.utils.validation import Rows
from ipyvitals.utils.values import is_missing

__all__ = [
    "MISSING",
    "UNSET",
    "BatchRecord",
    "CountRecord",
    "FailureRecord",
    "LabelRecord",
    "RecordExtras",
    "StoredBatch",
    "StreamRecord",
    "UncountedLabels",
    "UnsetType",
    "read_device_values",
]


class UnsetType:
    """Type of `UNSET` and `MISSING`, which stand for no label."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


UNSET: Any = UnsetType("<unset>")
"""No label was passed."""
MISSING: Any = UnsetType("<missing>")
"""A label was passed that stands for no value, such as NaN; it is counted as missing."""


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
    missing: int = 0
    """Number of rows whose label is missing."""

    @property
    def columns(self) -> int:
        """Number of queued columns besides the labels."""
        drift_columns = 0 if self.drift_rows is None else 1 + len(self.drift_rows[1] or ())
        return drift_columns + (0 if self.stored is None else 2)


class CountRecord(msgspec.Struct, frozen=True, gc=False):
    """A call of which only the number of rows is recorded, without the values."""

    at: float
    rows: int
    latency: float
    model_id: str


class LabelRecord(msgspec.Struct, frozen=True):
    """A label that arrives after its prediction."""

    id: Hashable
    actual: Any
    at: float


class UncountedLabels(msgspec.Struct, frozen=True):
    """Numbers of labels that came later and do not count."""

    missing: int = 0
    mismatched: int = 0


class StreamRecord(msgspec.Struct, frozen=True):
    """A stream of items that began, or that came to its end or was left."""

    at: float
    model_id: str | None
    first_item_seconds: float | None = None
    """Seconds from the call to the first item; of a stream that began."""
    seconds: float | None = None
    """Seconds for which the reader waited for items, in all; of a stream that ended."""
    items: int = 0
    left: bool = False
    """True where the reader left before the end."""


class FailureRecord(msgspec.Struct, frozen=True):
    """A failed call."""

    at: float
    model_id: str | None


def read_device_values(entry: Any) -> Any:
    """Return a record whose values were read from the GPU, if some are there; waits for the GPU."""
    if type(entry) is tuple:
        at, prediction, actual, *rest = entry
        if type(prediction) is DeviceValue or type(actual) is DeviceValue:
            return (at, _read(prediction), _read_label(actual), *rest)
    elif type(entry) is LabelRecord and type(entry.actual) is DeviceValue:
        actual = _read_label(entry.actual)
        return (
            UncountedLabels(missing=1)
            if actual is MISSING
            else LabelRecord(entry.id, actual, entry.at)
        )
    return entry


def _read(value: Any) -> Any:
    return value.read() if type(value) is DeviceValue else value


def _read_label(value: Any) -> Any:
    actual = _read(value)
    return MISSING if type(value) is DeviceValue and is_missing(actual) else actual
