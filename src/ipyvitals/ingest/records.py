"""What waits in the inbox, besides the plain tuples of `Monitor.record`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import msgspec

from ipyvitals.models.labelled import Labelled
from ipyvitals.utils.validation import Rows

__all__ = ["UNSET", "Batch", "Extra", "Failure", "Label", "StoredBatch"]


class Unset:
    """The type of `UNSET`: no label was given, which is not the label ``None``."""

    def __repr__(self) -> str:
        return "<unset>"


UNSET: Any = Unset()


class Extra(NamedTuple):
    """What few predictions come with."""

    segment: Hashable = None
    features: Mapping[str, Any] | None = None


class StoredBatch(NamedTuple):
    """The rows of one call, as they came."""

    predictions: Rows
    actuals: Rows | None
    ids: list[Hashable] | None
    segments: list[Hashable] | None


class Batch(msgspec.Struct, frozen=True):
    """Rows of one call: their labels, or what waits for labels."""

    at: float
    rows: int
    labelled: Labelled | None
    waiting: list[tuple[Hashable, Any, Hashable]]
    """Id, prediction and segment of each row."""
    settled: list[Hashable]
    latency: float | None
    model_id: str | None
    watched: tuple[Rows, Mapping[str, Rows] | None] | None
    """Predictions, and features by column, for whoever watches for drift."""
    kept: StoredBatch | None = None
    """All of it, where predictions are kept."""

    @property
    def columns(self) -> int:
        """How many columns wait beside the labels."""
        watched = 0 if self.watched is None else 1 + len(self.watched[1] or ())
        return watched + (0 if self.kept is None else 2)


class Label(msgspec.Struct, frozen=True):
    """A truth that came later."""

    id: Hashable
    actual: Any
    at: float


class Failure(msgspec.Struct, frozen=True):
    """A call that failed."""

    at: float
    model_id: str | None
