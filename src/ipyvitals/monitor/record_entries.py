"""Takes values of the user and appends records of them to the queue."""

from __future__ import annotations

from itertools import count
from os import urandom
from typing import Any

from ipyvitals.ingest.queue import MAX_QUEUED_RECORDS, MAX_QUEUED_VALUES
from ipyvitals.ingest.records import MISSING, UnsetType
from ipyvitals.monitor.base import MonitorBase
from ipyvitals.monitor.user_warnings import UserWarnings
from ipyvitals.runtime.engine import Engine
from ipyvitals.schema.messages import message
from ipyvitals.utils.device_values import DeviceValue
from ipyvitals.utils.validation import has_labels_reordered
from ipyvitals.utils.values import PLAIN_TYPES, is_missing, take_value

__all__ = ["KNOWN_TRUTHS", "PREDICTED", "RecordEntries"]

PREDICTED = PLAIN_TYPES - {type(None)}
KNOWN_TRUTHS = frozenset({int, str, bool, bytes, UnsetType})
"""Types of labels that are never missing, and whose values never change."""


class RecordEntries(MonitorBase):
    """Shared by recording and labeling: the queue, and how values become records of it."""

    def __init__(self, engine: Engine, user_warnings: UserWarnings) -> None:
        super().__init__(engine, user_warnings)
        self._monotonic = engine.clock.monotonic
        self._get_model = engine.aggregator.registry.get
        self._queue = engine.aggregator.queue
        self._entries = engine.aggregator.queue.entries
        self._id_prefix, self._id_numbers = urandom(4).hex(), count(1)
        self._predicts_none = False
        """True from the first prediction of None on, which makes None a label."""
        self._has_reported_order = False

    def _take(self, prediction: Any, actual: Any) -> tuple[Any, Any]:
        """Return prediction and label as they are now, and ``MISSING`` for a missing label."""
        prediction = self._take_value(prediction)
        if prediction is None:
            self._predicts_none = True
        return prediction, actual if type(actual) is UnsetType else self._take_label(actual)

    def _take_label(self, actual: Any) -> Any:
        if actual is None:
            return None if self._predicts_none else MISSING
        actual = self._take_value(actual)
        return MISSING if is_missing(actual) else actual

    def _take_value(self, value: Any) -> Any:
        value = take_value(value, defer=True)
        if type(value) is DeviceValue:
            # Before the append, so that no concurrent drain leaves the value on the GPU.
            self._queue.has_device_values = True
        return value

    def _reordered(self, rows: Any, *, first: str = "predictions", **others: Any) -> set[str]:
        """Return the arguments whose index has the labels of the first one in another order."""
        found = {name for name, other in others.items() if has_labels_reordered(rows, other)}
        if found and not self._has_reported_order:
            self._has_reported_order = True
            self._user_warnings.on_mismatch(message("labels.order", one=first, other=min(found)))
        return found

    def _after_entry(self) -> None:
        if len(self._entries) > MAX_QUEUED_RECORDS or self._queue.batch_values > MAX_QUEUED_VALUES:
            self._engine.drain()
        self._user_warnings.warn_pending()
