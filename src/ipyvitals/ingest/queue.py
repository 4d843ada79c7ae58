"""Queue records of user threads, and drain them into model statistics in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from itertools import repeat, starmap
from math import inf
from typing import Any

from ipyvitals.ingest.accumulator import NO_EXTRAS, AccumulatorsByModel, ModelAccumulator
from ipyvitals.ingest.label_join import EarlyLabel, LabelJoiner, PendingPrediction
from ipyvitals.ingest.labeling import LabelEvaluator
from ipyvitals.ingest.mismatch import short_repr
from ipyvitals.ingest.plain_values import PlainValues
from ipyvitals.ingest.records import (
    MISSING,
    BatchRecord,
    CountRecord,
    FailureRecord,
    LabelRecord,
    StreamRecord,
    UncountedLabels,
    UnsetType,
    read_device_values,
)
from ipyvitals.models.registry import Registry
from ipyvitals.utils.locks import new_lock
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.user_code import error_text, is_interrupt

__all__ = ["MAX_QUEUED_RECORDS", "MAX_QUEUED_VALUES", "RecordQueue"]

MAX_QUEUED_RECORDS = 16_384
"""Queue length above which the appending thread drains the queue."""
MAX_QUEUED_VALUES = 4_194_304
"""Batch rows times their columns above which the appending thread drains the queue; a value takes
one to eight bytes."""


class RecordQueue:
    """Queue records: any thread appends without a lock, one thread at a time drains.

    A drain calls code of the user: ``score``, ``segment``, comparisons and hashes of predictions,
    labels and ids. It therefore has no lock but its own turn, for which other threads wait for a
    limited time only. `Monitor.record` calls ``entries.append``
    directly.

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
    fold : callable, optional
        Adds the evaluated records to the models; the place for the lock that guards the models.
    """

    def __init__(
        self,
        registry: Registry,
        label_joiner: LabelJoiner,
        label_evaluator: LabelEvaluator,
        notices: Notices,
        fold: Callable[[AccumulatorsByModel], None] = AccumulatorsByModel.add_to_models,
    ) -> None:
        self._registry = registry
        self._label_joiner = label_joiner
        self._label_evaluator = label_evaluator
        self._notices = notices
        self._fold = fold
        self.plain_values = PlainValues()
        """Replaces objects of the user in segments and in rows for drift detection."""
        self.entries: deque[Any] = deque()
        """Records that are not drained yet, oldest first."""
        self.batch_values = 0
        """Approximate number of queued batch rows times their columns."""
        self._next_expiry = inf
        self.drains = 0
        """Number of drains that began."""
        self._draining_thread: int | None = None
        self._turn = new_lock("drain")
        self.needs_slow_path = False
        """True after the first record that is not a plain record of the active model; never reset.

        Must be set before appending; otherwise a concurrent drain takes the fast path and drops
        the id."""
        self.has_device_values = False
        """True after the first record with a value on a GPU; never reset, and set before it is
        appended."""
        self.drift_enabled = False
        """True collects rows for drift detection."""
        self.store_records: Callable[[list[Any], str], list[int]] | None = None
        """Called with the drained records and the id of the active model, to store them; returns
        for each record the number of the first prediction in it."""
        self.store_label: Callable[[int, Any], None] = _ignore_label
        """Called with the number of a stored prediction and the late label that was joined to
        it."""

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

    def needs_drain(self, now: float) -> bool:
        """Return whether records wait, are being drained, or expire by the second `now`."""
        return bool(self.entries) or self._draining_thread is not None or now > self._next_expiry

    def drain(self, now: float = -inf, seconds: float = -1) -> bool:
        """Add all records queued before this call to the model statistics.

        Records that a user's ``score`` function makes during a drain wait for the next one.

        Parameters
        ----------
        now : float
            Monotonic second up to which waiting predictions expire.
        seconds : float
            Longest wait for one drain of another thread; without it there is no limit.

        Returns
        -------
        bool
            False when a drain of another thread did not end in time.
        """
        if self._draining_thread == threading.get_ident():
            return True
        before = self.drains
        while True:
            seen, acquired = self.drains, False
            try:
                acquired = self._turn.acquire(timeout=seconds)
                if acquired:
                    self._draining_thread = threading.get_ident()
                    self.drains += 1
                    self._drain(now)
                    return True
            finally:
                if acquired:
                    self._draining_thread = None
                    self._turn.release()
            if self.drains - before > 1:
                # A drain that began after this call has ended.
                return True
            if self.drains == seen:
                return False

    def reset_lock(self) -> None:
        """Replace the lock in a forked child, in which no thread would ever release it."""
        self._turn = new_lock("drain")
        self._draining_thread = None

    def _drain(self, now: float) -> None:
        # Only the records present now: concurrent appends must not prolong the drain.
        self.batch_values = 0
        # One call of C code: nothing comes between a record's end in one list and its begin in
        # the other one.
        entries = list(starmap(self.entries.popleft, repeat((), len(self.entries))))
        if not entries and now <= self._next_expiry:
            return
        by_model = AccumulatorsByModel(
            self._registry,
            self._label_evaluator,
            self._note_lost_row,
            self._note_failure,
            drift_enabled=self.drift_enabled,
        )
        try:
            self._guarded(entries, partial(self._collect, entries, by_model))
            self._guarded(entries, partial(self._label_joiner.expire, now))
            self._next_expiry = self._label_joiner.next_expiry()
            self._guarded(entries, partial(by_model.evaluate, self.plain_values))
        except BaseException:
            # An interrupt, where no other thread could do this for the main one.
            self.entries.extendleft(reversed(entries))
            raise
        for what in ("missing", "mismatched"):
            self._label_joiner.count(what, by_model.count(f"{what}_labels"))
        self._guarded(entries, partial(self._fold, by_model))

    def _guarded(self, entries: list[Any], step: Callable[[], object]) -> None:
        """Do a step of a drain; a step that fails is a notice, and the next step follows."""
        try:
            step()
        except BaseException as error:
            if is_interrupt(error):
                raise
            self._note_failure(len(entries), error)

    def _note_lost_row(self, row: Any, error: BaseException) -> None:
        text = f"{error_text(error)} ({short_repr(row)})"
        self._notices.add("intake.fold_failed", entries=1, error=text)

    def _note_failure(self, count: int, error: BaseException) -> None:
        self._notices.add(
            "intake.fold_failed", count=max(1, count), entries=count, error=error_text(error)
        )

    def _collect(self, entries: list[Any], by_model: AccumulatorsByModel) -> None:
        """Sort the records by model, and join labels to predictions."""
        if self.has_device_values:
            self._read_device_values(entries)
        numbers = self._store(entries)
        if not self.needs_slow_path:
            by_model[None].plain = entries
            return
        # Not strict: without a history, the numbers are endless zeros.
        for entry, number in zip(entries, numbers, strict=False):
            try:
                self._collect_entry(entry, number, by_model)
            except BaseException as error:
                # Such as a __hash__ of an id that raises: this record alone is lost.
                if is_interrupt(error):
                    raise
                self._note_failure(1, error)

    def _read_device_values(self, entries: list[Any]) -> None:
        """Replace values on a GPU by their numbers; waits for the GPU."""
        read = []
        for entry in entries:
            try:
                read.append(read_device_values(entry))
            except BaseException as error:
                if is_interrupt(error):
                    raise
                self._note_lost_row("a value on the GPU", error)
        entries[:] = read

    def _store(self, entries: list[Any]) -> Iterable[int]:
        """Put predictions into the history; return their numbers there, 0 for those without."""
        if self.store_records is not None:
            try:
                return self.store_records(entries, self._registry.active.model_id)
            except BaseException as error:
                if is_interrupt(error):
                    raise
                self._note_failure(len(entries), error)
        return repeat(0)

    def _collect_entry(self, entry: Any, number: int, by_model: AccumulatorsByModel) -> None:
        if type(entry) is tuple:
            accumulator = by_model[entry[5]]
            if entry[3] is None:
                accumulator.plain.append(entry)
            else:
                self._drain_record(entry, number, accumulator)
        elif type(entry) is CountRecord:
            by_model[entry.model_id].add_counted(entry)
        elif type(entry) is LabelRecord:
            self._drain_label(entry, by_model)
        elif type(entry) is UncountedLabels:
            self._label_joiner.count("missing", entry.missing)
            self._label_joiner.count("mismatched", entry.mismatched)
        elif type(entry) is FailureRecord:
            by_model[entry.model_id].failures.append(entry.at)
        elif type(entry) is StreamRecord:
            by_model[entry.model_id].streams.append(entry)
        else:
            self._drain_batch(entry, number, by_model[entry.model_id])

    def _drain_record(self, entry: Any, number: int, accumulator: ModelAccumulator) -> None:
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
            pending = PendingPrediction(accumulator.deployment, prediction, at, segment, number)
            self._add_pending(id, pending, accumulator)

    def _drain_label(self, label: LabelRecord, by_model: AccumulatorsByModel) -> None:
        early = EarlyLabel(label.actual, label.at)
        pending = self._label_joiner.add_label(label.id, early)
        if pending is not None:
            self._add_late_label(pending, early, by_model[pending.deployment[0]])

    def _drain_batch(self, batch: BatchRecord, number: int, accumulator: ModelAccumulator) -> None:
        accumulator.add_batch(batch)
        for id in batch.labelled_ids:
            self._label_joiner.mark_labelled(id, batch.at)
        for row, (id, prediction, segment) in enumerate(batch.pending):
            of_row = number + row if number else 0
            pending = PendingPrediction(
                accumulator.deployment, prediction, batch.at, segment, of_row
            )
            self._add_pending(id, pending, accumulator)

    def _add_pending(
        self, id: Hashable, pending: PendingPrediction, accumulator: ModelAccumulator
    ) -> None:
        early = self._label_joiner.add_prediction(id, pending)
        if early is not None:
            self._add_late_label(pending, early, accumulator)

    def _add_late_label(
        self, pending: PendingPrediction, label: EarlyLabel, accumulator: ModelAccumulator
    ) -> None:
        if pending.number:
            self.store_label(pending.number, label.actual)
        if pending.deployment == accumulator.deployment:
            accumulator.add_pair(pending.prediction, label.actual, pending.segment)
            if label.at >= pending.at:
                accumulator.label_delays.append(label.at - pending.at)
        else:
            accumulator.stale_labels += 1


def _ignore_label(number: int, actual: Any) -> None:
    """Store no label, since predictions are not stored."""
