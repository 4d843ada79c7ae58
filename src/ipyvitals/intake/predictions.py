"""The inbox: predictions come in as tuples, and are folded into figures in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from itertools import repeat
from operator import is_, itemgetter
from typing import Any

import msgspec
import numpy as np

from ipyvitals.intake.labels import LabelJoin, Owner
from ipyvitals.intake.registry import ModelState, Registry
from ipyvitals.intake.scoring import Scorer
from ipyvitals.notices import Notices
from ipyvitals.stats.window import Scores

__all__ = ["INBOX_LIMIT", "ROWS_LIMIT", "UNSET", "Batch", "Failure", "Inbox", "Label"]


class Unset:
    """The type of `UNSET`: no label was given, which is not the label ``None``."""

    def __repr__(self) -> str:
        return "<unset>"


UNSET: Any = Unset()

AT, PREDICTION, ACTUAL, LATENCY = (itemgetter(place) for place in (0, 1, 2, 4))

INBOX_LIMIT = 16_384
"""Entries after which whoever appends folds as well."""
ROWS_LIMIT = 4_194_304
"""Rows of batches after which whoever appends folds as well; a score takes a byte or eight."""


class Batch(msgspec.Struct, frozen=True):
    """Rows of one call: their scores, or what waits for labels."""

    at: float
    rows: int
    scores: Scores | None
    waiting: list[tuple[Hashable, Any]]
    settled: list[Hashable]
    latency: float | None
    model_id: str | None


class Label(msgspec.Struct, frozen=True):
    """A truth that came later."""

    id: Hashable
    actual: Any


class Failure(msgspec.Struct, frozen=True):
    """A call that failed."""

    at: float
    model_id: str | None


class Columns:
    """What a fold found for one model, to be added to its statistics at once."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.rows: list[int] = []
        self.pairs: tuple[list[Any], list[Any]] = ([], [])
        self.scores: list[Scores] = []
        self.timed: list[float] = []
        self.latencies: list[float] = []
        self.failures: list[float] = []
        self.stale = 0
        """Labels of a former deployment: counted, though in no window."""

    def add_call(self, at: float, rows: int, latency: float | None) -> None:
        """Note one call that succeeded."""
        self.times.append(at)
        self.rows.append(rows)
        if latency is not None:
            self.timed.append(at)
            self.latencies.append(latency)

    def settle_pairs(self, scorer: Scorer) -> None:
        """Score the pairs so far, so that a batch behind them keeps its place."""
        if self.pairs[0]:
            self.scores.append(scorer.pairs(*self.pairs))
            self.pairs = ([], [])


class Inbox:
    """A deque that anybody fills without a lock, and one thread at a time folds.

    ``append`` is that of the deque: what `Monitor.record` calls.

    Parameters
    ----------
    registry : Registry
        Whose models get the figures.
    join : LabelJoin
        Where predictions wait for labels.
    scorer : Scorer
        Turns pairs into scores.
    notices : Notices
        Where a fold that fails is counted.
    """

    def __init__(
        self, registry: Registry, join: LabelJoin, scorer: Scorer, notices: Notices
    ) -> None:
        self._registry = registry
        self._join = join
        self._scorer = scorer
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

    def put(self, entry: Batch | Label | Failure) -> None:
        """Queue anything but a plain record."""
        self.mixed = True
        if type(entry) is Batch:
            self.rows += entry.rows
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
        # None becomes NaN, which `record` lets nobody pass.
        seconds = np.array(list(map(LATENCY, entries)), dtype=np.float64)
        timed = ~np.isnan(seconds)
        if timed.any():
            model.add_durations(at[timed], seconds[timed])
        if any(map(is_, map(ACTUAL, entries), repeat(UNSET))):
            entries = [entry for entry in entries if entry[2] is not UNSET]
        if entries:
            predictions, actuals = list(map(PREDICTION, entries)), list(map(ACTUAL, entries))
            model.add_scores(self._scorer.pairs(predictions, actuals))

    def _fold_mixed(self, entries: list[Any]) -> None:
        by_model: dict[str, Columns] = {}
        active = self._registry.active.model_id

        def columns_of(model_id: str | None) -> Columns:
            key = active if model_id is None else model_id
            return by_model.get(key) or by_model.setdefault(key, Columns())

        for entry in entries:
            if type(entry) is tuple:
                at, prediction, actual, id, latency, model_id = entry
                columns = columns_of(model_id)
                columns.add_call(at, 1, latency)
                if actual is not UNSET:
                    columns.pairs[0].append(prediction)
                    columns.pairs[1].append(actual)
                    if id is not None:
                        self._join.settle(id)
                elif id is not None:
                    self._join.add(id, self._owner(model_id or active), prediction, at)
            elif type(entry) is Label:
                self._fold_label(entry, columns_of)
            elif type(entry) is Failure:
                columns_of(entry.model_id).failures.append(entry.at)
            else:
                self._fold_batch(entry, columns_of(entry.model_id), entry.model_id or active)
        for model_id, columns in by_model.items():
            model = self._registry.find(model_id)
            if model is not None:
                self._add(model, columns)

    def _owner(self, model_id: str) -> Owner:
        model = self._registry.find(model_id)
        return model_id, model.deployment if model is not None else 0

    def _fold_label(self, label: Label, columns_of: Callable[[str | None], Columns]) -> None:
        found = self._join.take(label.id)
        if found is None:
            return
        owner, prediction = found
        columns = columns_of(owner[0])
        if owner == self._owner(owner[0]):
            columns.pairs[0].append(prediction)
            columns.pairs[1].append(label.actual)
        else:
            columns.stale += 1

    def _fold_batch(self, batch: Batch, columns: Columns, model_id: str) -> None:
        columns.add_call(batch.at, batch.rows, batch.latency)
        if batch.scores is not None:
            columns.settle_pairs(self._scorer)
            columns.scores.append(batch.scores)
        for id in batch.settled:
            self._join.settle(id)
        for id, prediction in batch.waiting:
            self._join.add(id, self._owner(model_id), prediction, batch.at)

    def _add(self, model: ModelState, columns: Columns) -> None:
        columns.settle_pairs(self._scorer)
        model.add_calls(np.array(columns.times), np.array(columns.rows, dtype=np.int64))
        model.add_durations(np.array(columns.timed), np.array(columns.latencies))
        if columns.failures:
            model.add_errors(np.array(columns.failures))
        model.total_labelled += columns.stale
        for scores in columns.scores:
            model.add_scores(scores)
