"""Turns single predictions and labels into rows of the history, with ``store_predictions``."""

from __future__ import annotations

from typing import Any

from ipyvitals.ingest.records import UNSET, BatchRecord, LabelRecord, UnsetType
from ipyvitals.storage.buffer import WriteBuffer
from ipyvitals.storage.rows import LabelRow, PredictionRow
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.validation import Rows

__all__ = ["PredictionLog"]


class PredictionLog:
    """Stores every prediction and every label.

    Parameters
    ----------
    clock : Clock
        Turns monotonic times into dates.
    buffer : WriteBuffer
        Takes the rows.
    """

    def __init__(self, clock: Clock, buffer: WriteBuffer) -> None:
        self._clock = clock
        self._buffer = buffer

    def keep(self, entries: list[Any], active: str) -> None:
        """Store records of the queue; those without a model belong to the `active` one."""
        offset = self._clock.time() - self._clock.monotonic()
        for entry in entries:
            if type(entry) is tuple:
                at, prediction, actual, id, latency, model_id, extra = entry
                self._put(
                    at + offset,
                    model_id or active,
                    id,
                    prediction,
                    actual,
                    latency,
                    None if extra is None else extra.segment,
                )
            elif type(entry) is LabelRecord:
                self._buffer.put(LabelRow(entry.id, entry.actual))
            elif type(entry) is BatchRecord:
                self._put_batch(entry, entry.at + offset, entry.model_id or active)

    def _put_batch(self, batch: BatchRecord, at: float, model_id: str) -> None:
        if batch.stored is None:
            return
        predictions, actuals, ids, segments = batch.stored
        values = _values(predictions)
        truths = [UNSET] * len(values) if actuals is None else _values(actuals)
        for row, (prediction, actual) in enumerate(zip(values, truths, strict=True)):
            id = None if ids is None else ids[row]
            segment = None if segments is None else segments[row]
            # Each row gets the latency of the whole call.
            self._put(at, model_id, id, prediction, actual, batch.latency, segment)

    def _put(
        self,
        at: float,
        model_id: str,
        id: Any,
        prediction: Any,
        actual: Any,
        latency: float | None,
        segment: Any,
    ) -> None:
        labelled = type(actual) is not UnsetType
        truth = actual if labelled else None
        self._buffer.put(
            PredictionRow(at, model_id, id, prediction, truth, labelled, latency, segment)
        )


def _values(rows: Rows) -> list[Any]:
    return rows if isinstance(rows, list) else rows.tolist()
