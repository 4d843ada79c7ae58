"""Queue records of user threads, and drain them into model statistics in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from itertools import repeat
from typing import Any

from ipyvitals.ingest.accumulator import NO_EXTRAS, AccumulatorsByModel, ModelAccumulator
from ipyvitals.ingest.label_join import EarlyLabel, LabelJoiner, PendingPrediction
from ipyvitals.ingest.labeling import LabelEvaluator
from ipyvitals.ingest.mismatch import short_repr
from ipyvitals.ingest.records import (
    MISSING,
    BatchRecord,
    FailureRecord,
    LabelRecord,
    UncountedLabels,
    UnsetType,
    read_device_values,
)
from ipyvitals.models.registry import Registry
from ipyvitals.utils.notices import Notices

__all__ = ["MAX_QUEUED_RECORDS", "MAX_QUEUED_VALUES", "RecordQueue"]

MAX_QUEUED_RECORDS = 16_384
"""Queue length above which the appending thread drains the queue."""
MAX_QUEUED_VALUES = 4_194_304
"""Batch rows times their columns above which the appending thread drains the queue; a value takes
one to eight bytes."""


class RecordQueue:
    """Queue records: any thread appends without a lock, one thread at a time drains.

    `Monitor.record` calls ``entries.append`` directly.

    Parameters
    ----------
    registry : Registry
        Models that receive the statistics.
    label_joiner : LabelJoiner
        Stores predictions until their labels arrive.
    label_evaluator : LabelEvaluator
        Scores pairs of prediction and label.
    notices : Notices
        Counts failed drains.
    """

    def __init__(
        self,
        registry: Registry,
        label_joiner: LabelJoiner,
        label_evaluator: LabelEvaluator,
        notices: Notices,
    ) -> None:
        self._registry = registry
        self._label_joiner = label_joiner
        self._label_evaluator = label_evaluator
        self._notices = notices
        self.entries: deque[Any] = deque()
        """Records that are not drained yet, oldest first."""
        self.batch_values = 0
        """Approximate number of queued batch rows times their columns."""
        self._lock = threading.Lock()
        self._draining_thread: int | None = None
        self.needs_slow_path = False
        """True after the first record that is not a plain record of the active model; never reset.

        Must be set before appending; otherwise a concurrent drain takes the fast path and drops
        the id."""
        self.has_device_values = False
        """True after the first record with a value on a GPU; never reset, and set before it is
        appended."""
        self.drift_enabled = False
        """True collects rows for drift detection."""
        self.store_records: Callable[[list[Any], str], None] | None = None
        """Called with the drained records and the id of the active model, to store them."""

    def put(self, entry: BatchRecord | LabelRecord | FailureRecord | UncountedLabels) -> None:
        """Append a record other than a plain one."""
        self.needs_slow_path = True
        if type(entry) is BatchRecord:
            self.batch_values += entry.rows * (1 + entry.columns)
        self.entries.append(entry)

    def extend(self, labels: list[LabelRecord | UncountedLabels]) -> None:
        """Append several labels."""
        self.needs_slow_path = True
        self.entries.extend(labels)

    @property
    def pending(self) -> int:
        """Number of records that are not drained yet."""
        return len(self.entries)

    def drain(self) -> None:
        """Add all records queued before this call to the model statistics.

        Records that a user's ``score`` function makes during a drain wait for the next one.
        """
        if self._draining_thread == threading.get_ident():
            return
        with self._lock:
            self._draining_thread = threading.get_ident()
            try:
                # Only the records present now: concurrent appends must not prolong the drain.
                self.batch_values = 0
                pop = self.entries.popleft
                entries = [pop() for _ in repeat(None, len(self.entries))]
                if entries:
                    self._drain_entries(entries)
            finally:
                self._draining_thread = None

    def reset_lock(self) -> None:
        """Replace the lock in a forked child, in which no thread would ever release it."""
        self._lock = threading.Lock()
        self._draining_thread = None

    def _drain_entries(self, entries: list[Any]) -> None:
        if self.has_device_values:
            entries = self._read_device_values(entries)
        by_model = AccumulatorsByModel(
            self._registry,
            self._label_evaluator,
            self._note_lost_row,
            drift_enabled=self.drift_enabled,
        )
        try:
            if self.needs_slow_path:
                self._drain_mixed(entries, by_model)
            else:
                by_model[None].plain = entries
            by_model.add_to_models()
            for what in ("missing", "mismatched"):
                self._label_joiner.count(what, by_model.count(f"{what}_labels"))
            if self.store_records is not None:
                self.store_records(entries, self._registry.active.model_id)
        except Exception as error:
            self._notices.add(
                "intake.fold_failed",
                count=len(entries),
                entries=len(entries),
                error=f"{type(error).__name__}: {error}",
            )

    def _read_device_values(self, entries: list[Any]) -> list[Any]:
        """Return records whose values are in the memory of Python; waits for the GPU."""
        read: list[Any] = []
        for entry in entries:
            try:
                read.append(read_device_values(entry))
            except Exception as error:
                self._note_lost_row("a value on the GPU", error)
        return read

    def _note_lost_row(self, row: Any, error: Exception) -> None:
        self._notices.add(
            "intake.fold_failed",
            entries=1,
            error=f"{type(error).__name__}: {error} ({short_repr(row)})",
        )

    def _drain_mixed(self, entries: list[Any], by_model: AccumulatorsByModel) -> None:
        for entry in entries:
            if type(entry) is tuple:
                accumulator = by_model[entry[5]]
                if entry[3] is None:
                    accumulator.plain.append(entry)
                else:
                    self._drain_record(entry, accumulator)
            elif type(entry) is LabelRecord:
                self._drain_label(entry, by_model)
            elif type(entry) is UncountedLabels:
                self._label_joiner.count("missing", entry.missing)
                self._label_joiner.count("mismatched", entry.mismatched)
            elif type(entry) is FailureRecord:
                by_model[entry.model_id].failures.append(entry.at)
            else:
                self._drain_batch(entry, by_model[entry.model_id])

    def _drain_record(self, entry: Any, accumulator: ModelAccumulator) -> None:
        at, prediction, actual, id, _, _, extras = entry
        accumulator.records.append(entry)
        segment, features = extras or NO_EXTRAS
        if self.drift_enabled:
            accumulator.add_drift_row(prediction, features)
        if actual is MISSING:
            accumulator.missing_labels += 1
        if type(actual) is not UnsetType:
            accumulator.add_pair(prediction, actual, segment)
            if id is not None:
                self._label_joiner.mark_labelled(id, at)
        elif id is not None:
            pending = PendingPrediction(accumulator.deployment, prediction, at, segment)
            self._add_pending(id, pending, accumulator)

    def _drain_label(self, label: LabelRecord, by_model: AccumulatorsByModel) -> None:
        early = EarlyLabel(label.actual, label.at)
        pending = self._label_joiner.add_label(label.id, early)
        if pending is not None:
            _add_late_label(pending, early, by_model[pending.deployment[0]])

    def _drain_batch(self, batch: BatchRecord, accumulator: ModelAccumulator) -> None:
        accumulator.add_batch(batch)
        for id in batch.labelled_ids:
            self._label_joiner.mark_labelled(id, batch.at)
        for id, prediction, segment in batch.pending:
            pending = PendingPrediction(accumulator.deployment, prediction, batch.at, segment)
            self._add_pending(id, pending, accumulator)

    def _add_pending(
        self, id: Hashable, pending: PendingPrediction, accumulator: ModelAccumulator
    ) -> None:
        early = self._label_joiner.add_prediction(id, pending)
        if early is not None:
            _add_late_label(pending, early, accumulator)


def _add_late_label(
    pending: PendingPrediction, label: EarlyLabel, accumulator: ModelAccumulator
) -> None:
    if pending.deployment == accumulator.deployment:
        accumulator.add_pair(pending.prediction, label.actual, pending.segment)
        if label.at >= pending.at:
            accumulator.label_delays.append(label.at - pending.at)
    else:
        accumulator.stale_labels += 1
