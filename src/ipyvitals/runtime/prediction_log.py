"""Turns single predictions and labels into rows of the history, with ``store_predictions``."""

from __future__ import annotations

from typing import Any

from ipyvitals.ingest.records import UNSET, BatchRecord, UnsetType
from ipyvitals.storage.buffer import WriteBuffer
from ipyvitals.storage.rows import LabelRow, PredictionRow
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.storable import storable_value
from ipyvitals.utils.validation import Rows

__all__ = ["PredictionLog"]


class PredictionLog:
    """Stores and numbers every prediction, and every label that the queue joined to one.

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
        self._count = 0

    def add(self, entries: list[Any], active: str) -> list[int]:
        """Store the predictions of drained records; those without a model are of the active one.

        Returns
        -------
        list of int
            For each record the number of its first prediction; 0 where none is stored.
        """
        offset = self._clock.time() - self._clock.monotonic()
        numbers = []
        for entry in entries:
            before = self._count
            if type(entry) is tuple:
                at, prediction, actual, id, latency, model_id, extra = entry
                segment = None if extra is None else extra.segment
                model = model_id or active
                self._put(at + offset, model, id, prediction, actual, latency, segment)
            elif type(entry) is BatchRecord:
                self._put_batch(entry, entry.at + offset, entry.model_id or active)
            numbers.append(before + 1 if self._count > before else 0)
        return numbers

    def label(self, number: int, actual: Any) -> None:
        """Store the late label of a prediction that `add` numbered."""
        self._buffer.put(LabelRow(number, _lasting(actual)))

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
        self._count += 1
        labelled = type(actual) is not UnsetType
        self._buffer.put(
            PredictionRow(
                self._count,
                at,
                model_id,
                id,
                _lasting(prediction),
                _lasting(actual) if labelled else None,
                labelled,
                latency,
                segment,
            )
        )


def _values(rows: Rows) -> list[Any]:
    return rows if isinstance(rows, list) else rows.tolist()


def _lasting(value: Any) -> Any:
    """Return a value; of an array or tensor the text, so that its memory can be freed."""
    return storable_value(value) if hasattr(type(value), "__array__") else value
