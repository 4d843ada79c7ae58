"""The inbox: predictions come in as tuples, and are folded into figures in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from itertools import repeat
from operator import is_, itemgetter
from typing import Any

import numpy as np

from ipyvitals.intake.columns import Columns
from ipyvitals.intake.entries import UNSET, Batch, Failure, Label
from ipyvitals.intake.labelling import Labeller
from ipyvitals.intake.labels import Early, LabelJoin, Owner, Waiting
from ipyvitals.intake.registry import Registry
from ipyvitals.notices import Notices

__all__ = ["INBOX_LIMIT", "ROWS_LIMIT", "Inbox"]


AT, PREDICTION, ACTUAL, LATENCY = (itemgetter(place) for place in (0, 1, 2, 4))

INBOX_LIMIT = 16_384
"""Entries after which whoever appends folds as well."""
ROWS_LIMIT = 4_194_304
"""Rows of batches, times their columns, after which whoever appends folds as well; a value takes
a byte or eight."""


class Inbox:
    """A deque that anybody fills without a lock, and one thread at a time folds.

    ``append`` is that of the deque: what `Monitor.record` calls.

    Parameters
    ----------
    registry : Registry
        Whose models get the figures.
    join : LabelJoin
        Where predictions wait for labels.
    labeller : Labeller
        Turns pairs into what models learn.
    notices : Notices
        Where a fold that fails is counted.
    """

    def __init__(
        self, registry: Registry, join: LabelJoin, labeller: Labeller, notices: Notices
    ) -> None:
        self._registry = registry
        self._join = join
        self._labeller = labeller
        self._notices = notices
        self.entries: deque[Any] = deque()
        """What waits to be folded, oldest first."""
        self.rows = 0
        """Rows of batches that wait, about."""
        self._lock = threading.Lock()
        self._folder: int | None = None
        self.append: Callable[[Any], None] = self.entries.append
        self.mixed = False
        """Set, for good, before the first entry that is not a plain record of the active model.
        Set late it could be read too early, and an id would be lost."""
        self.watching = False
        """Whether models watch for drift."""

    def put(self, entry: Batch | Label | Failure) -> None:
        """Queue anything but a plain record."""
        self.mixed = True
        if type(entry) is Batch:
            self.rows += entry.rows * (1 + entry.columns)
        self.append(entry)

    @property
    def pending(self) -> int:
        """How many entries wait to be folded."""
        return len(self.entries)

    def fold(self) -> None:
        """Add everything that came before this call to the figures.

        A score callable that itself records is heard in the next fold.
        """
        if self._folder == threading.get_ident():
            return
        with self._lock:
            self._folder = threading.get_ident()
            try:
                # Not more than is there now: recorders must not keep a fold busy for ever.
                self.rows = 0
                pop = self.entries.popleft
                entries = [pop() for _ in repeat(None, len(self.entries))]
                if entries:
                    self._fold_entries(entries)
            finally:
                self._folder = None

    def reset_lock(self) -> None:
        """Replace the lock in a forked child, where nobody is left to release the old one."""
        self._lock = threading.Lock()
        self._folder = None

    def _fold_entries(self, entries: list[Any]) -> None:
        try:
            if self.mixed:
                self._fold_mixed(entries)
            else:
                self._fold_plain(entries)
        except Exception as error:
            self._notices.add(
                "intake.fold_failed",
                f"{len(entries)} entries could not be counted: {type(error).__name__}: {error}",
                len(entries),
            )

    def _fold_plain(self, entries: list[Any]) -> None:
        # Column by column: zip(*entries) would make one object an entry for the collector to track.
        model = self._registry.active
        at = np.fromiter(map(AT, entries), np.float64, len(entries))
        model.add_calls(at)
        if model.watch is not None:
            model.add_rows(list(map(PREDICTION, entries)), None)
        # None becomes NaN, which `record` lets nobody pass.
        seconds = np.array(list(map(LATENCY, entries)), dtype=np.float64)
        timed = ~np.isnan(seconds)
        if timed.any():
            model.add_durations(at[timed], seconds[timed])
        if any(map(is_, map(ACTUAL, entries), repeat(UNSET))):
            entries = [entry for entry in entries if entry[2] is not UNSET]
        if entries:
            predictions, actuals = list(map(PREDICTION, entries)), list(map(ACTUAL, entries))
            model.add_labels(self._labeller.pairs(predictions, actuals))

    def _fold_mixed(self, entries: list[Any]) -> None:
        by_model: dict[str, Columns] = {}
        active = self._registry.active.model_id

        def columns_of_model(model_id: str | None) -> Columns:
            key = active if model_id is None else model_id
            return by_model.get(key) or by_model.setdefault(key, Columns(self._labeller))

        for entry in entries:
            if type(entry) is tuple:
                self._fold_record(entry, columns_of_model(entry[5]), entry[5] or active)
            elif type(entry) is Label:
                self._fold_label(entry, columns_of_model)
            elif type(entry) is Failure:
                columns_of_model(entry.model_id).failures.append(entry.at)
            else:
                columns = columns_of_model(entry.model_id)
                self._fold_batch(entry, columns, entry.model_id or active)
        for model_id, columns in by_model.items():
            model = self._registry.find(model_id)
            if model is not None:
                columns.add_to(model)

    def _fold_record(self, entry: Any, columns: Columns, model_id: str) -> None:
        at, prediction, actual, id, latency, _, extra = entry
        columns.add_call(at, 1, latency)
        segment, features = extra if extra is not None else (None, None)
        if self.watching:
            columns.watch(prediction, features)
        if actual is not UNSET:
            columns.add_pair(prediction, actual, segment)
            if id is not None:
                self._join.settle(id)
        elif id is not None:
            self._wait(id, Waiting(self._owner(model_id), prediction, at, segment), columns)

    def _fold_label(self, label: Label, columns_of_model: Callable[[str | None], Columns]) -> None:
        waiting = self._join.take(label.id, Early(label.actual, label.at))
        if waiting is not None:
            columns = columns_of_model(waiting.owner[0])
            self._fold_late(waiting, Early(label.actual, label.at), columns)

    def _fold_batch(self, batch: Batch, columns: Columns, model_id: str) -> None:
        columns.add_call(batch.at, batch.rows, batch.latency)
        if batch.watched is not None:
            columns.watch_rows(*batch.watched)
        if batch.labelled is not None:
            columns.add_labelled(batch.labelled)
        for id in batch.settled:
            self._join.settle(id)
        owner = self._owner(model_id)
        for id, prediction, segment in batch.waiting:
            self._wait(id, Waiting(owner, prediction, batch.at, segment), columns)

    def _owner(self, model_id: str) -> Owner:
        model = self._registry.find(model_id)
        return model_id, model.deployment if model is not None else 0

    def _wait(self, id: Hashable, waiting: Waiting, columns: Columns) -> None:
        early = self._join.add(id, waiting)
        if early is not None:
            self._fold_late(waiting, early, columns)

    def _fold_late(self, waiting: Waiting, label: Early, columns: Columns) -> None:
        if waiting.owner == self._owner(waiting.owner[0]):
            columns.add_pair(waiting.prediction, label.actual, waiting.segment)
            if label.at >= waiting.at:
                columns.delays.append(label.at - waiting.at)
        else:
            columns.stale += 1
