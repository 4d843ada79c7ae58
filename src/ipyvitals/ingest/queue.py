"""The inbox: predictions come in as tuples, and are folded into figures in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from itertools import repeat
from typing import Any

from ipyvitals.ingest.accumulator import NO_EXTRA, AccumulatorsByModel, ModelAccumulator
from ipyvitals.ingest.label_join import Early, LabelJoin, Waiting
from ipyvitals.ingest.labeling import Labeler
from ipyvitals.ingest.records import UNSET, Batch, Failure, Label
from ipyvitals.models.registry import Registry
from ipyvitals.utils.notices import Notices

__all__ = ["QUEUE_LIMIT", "ROWS_LIMIT", "RecordQueue"]

QUEUE_LIMIT = 16_384
"""Entries after which whoever appends folds as well."""
ROWS_LIMIT = 4_194_304
"""Rows of batches, times their columns, after which whoever appends folds as well; a value takes
a byte or eight."""


class RecordQueue:
    """A deque that anybody fills without a lock, and one thread at a time folds.

    ``append`` is that of the deque: what `Monitor.record` calls.

    Parameters
    ----------
    registry : Registry
        Whose models get the figures.
    join : LabelJoin
        Where predictions wait for labels.
    labeller : Labeler
        Turns pairs into what models learn.
    notices : Notices
        Where a fold that fails is counted.
    """

    def __init__(
        self, registry: Registry, join: LabelJoin, labeler: Labeler, notices: Notices
    ) -> None:
        self._registry = registry
        self._join = join
        self._labeler = labeler
        self._notices = notices
        self.entries: deque[Any] = deque()
        """What waits to be folded, oldest first."""
        self.rows = 0
        """Rows of batches that wait, about."""
        self._lock = threading.Lock()
        self._draining_thread: int | None = None
        self.needs_slow_path = False
        """Set, for good, before the first entry that is not a plain record of the active model.
        Set late it could be read too early, and an id would be lost."""
        self.watching = False
        """Whether models watch for drift."""
        self.keep: Callable[[list[Any], str], None] | None = None
        """Takes entries that were folded, and the id of the model that was active."""

    def put(self, entry: Batch | Label | Failure) -> None:
        """Queue anything but a plain record."""
        self.needs_slow_path = True
        if type(entry) is Batch:
            self.rows += entry.rows * (1 + entry.columns)
        self.entries.append(entry)

    def extend(self, labels: list[Label]) -> None:
        """Queue many labels."""
        self.needs_slow_path = True
        self.entries.extend(labels)

    @property
    def pending(self) -> int:
        """How many entries wait to be folded."""
        return len(self.entries)

    def drain(self) -> None:
        """Add everything that came before this call to the figures.

        A score callable that itself records is heard in the next fold.
        """
        if self._draining_thread == threading.get_ident():
            return
        with self._lock:
            self._draining_thread = threading.get_ident()
            try:
                # Not more than is there now: recorders must not keep a fold busy for ever.
                self.rows = 0
                pop = self.entries.popleft
                entries = [pop() for _ in repeat(None, len(self.entries))]
                if entries:
                    self._drain_entries(entries)
            finally:
                self._draining_thread = None

    def reset_lock(self) -> None:
        """Replace the lock in a forked child, where nobody is left to release the old one."""
        self._lock = threading.Lock()
        self._draining_thread = None

    def _drain_entries(self, entries: list[Any]) -> None:
        columns = AccumulatorsByModel(self._registry, self._labeler, watching=self.watching)
        try:
            if self.needs_slow_path:
                self._drain_mixed(entries, columns)
            else:
                columns[None].plain = entries
            columns.add_to_models()
            if self.keep is not None:
                self.keep(entries, self._registry.active.model_id)
        except Exception as error:
            self._notices.add(
                "intake.fold_failed",
                f"{len(entries)} entries could not be counted: {type(error).__name__}: {error}",
                len(entries),
            )

    def _drain_mixed(self, entries: list[Any], by_model: AccumulatorsByModel) -> None:
        for entry in entries:
            if type(entry) is tuple:
                columns = by_model[entry[5]]
                if entry[3] is None:
                    columns.plain.append(entry)
                else:
                    self._drain_record(entry, columns)
            elif type(entry) is Label:
                self._drain_label(entry, by_model)
            elif type(entry) is Failure:
                by_model[entry.model_id].failures.append(entry.at)
            else:
                self._drain_batch(entry, by_model[entry.model_id])

    def _drain_record(self, entry: Any, columns: ModelAccumulator) -> None:
        at, prediction, actual, id, _, _, extra = entry
        columns.records.append(entry)
        segment, features = extra or NO_EXTRA
        if self.watching:
            columns.watch(prediction, features)
        if actual is not UNSET:
            columns.add_pair(prediction, actual, segment)
            if id is not None:
                self._join.mark_labelled(id)
        elif id is not None:
            self._wait(id, Waiting(columns.owner, prediction, at, segment), columns)

    def _drain_label(self, label: Label, by_model: AccumulatorsByModel) -> None:
        early = Early(label.actual, label.at)
        waiting = self._join.take(label.id, early)
        if waiting is not None:
            _add_late_label(waiting, early, by_model[waiting.owner[0]])

    def _drain_batch(self, batch: Batch, columns: ModelAccumulator) -> None:
        columns.add_batch(batch)
        for id in batch.settled:
            self._join.mark_labelled(id)
        for id, prediction, segment in batch.waiting:
            self._wait(id, Waiting(columns.owner, prediction, batch.at, segment), columns)

    def _wait(self, id: Hashable, waiting: Waiting, columns: ModelAccumulator) -> None:
        early = self._join.add(id, waiting)
        if early is not None:
            _add_late_label(waiting, early, columns)


def _add_late_label(waiting: Waiting, label: Early, columns: ModelAccumulator) -> None:
    if waiting.owner == columns.owner:
        columns.add_pair(waiting.prediction, label.actual, waiting.segment)
        if label.at >= waiting.at:
            columns.delays.append(label.at - waiting.at)
    else:
        columns.stale += 1
