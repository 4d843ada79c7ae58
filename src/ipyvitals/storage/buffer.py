"""Buffers rows until they are written; bounded, the oldest are dropped first."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from ipyvitals.storage.progress_queue import ProgressQueue
from ipyvitals.storage.rows import (
    CurveRow,
    DeploymentRow,
    LabelRow,
    MetricsRow,
    PredictionRow,
    ProgressRow,
    Row,
    RunRow,
    SystemRow,
)
from ipyvitals.utils.locks import new_rlock

__all__ = ["IN_MEMORY", "WAITING", "WriteBatch", "WriteBuffer"]

OTHER = object
"""Stands for all types of events."""
IN_MEMORY: Mapping[type, int] = {
    MetricsRow: 3_600,
    SystemRow: 1_000,
    ProgressRow: 10_000,
    RunRow: 200,
    CurveRow: 200,
    DeploymentRow: 1_000,
    PredictionRow: 10_000,
    LabelRow: 1_000,
    OTHER: 1_000,
}
"""Most rows of each kind without a file: an hour of metrics of one model."""
WAITING: Mapping[type, int] = {
    **dict.fromkeys(IN_MEMORY, 20_000),
    CurveRow: 1_000,
    PredictionRow: 100_000,
    LabelRow: 100_000,
}
"""Most rows of each kind while a file cannot be written."""


class WriteBatch(NamedTuple):
    """Some of the oldest rows of a buffer."""

    rows: list[Row]
    offsets: dict[type, int]
    """For each kind, the number of the first row after this batch."""
    last: bool
    """Whether the buffer has no other rows."""


class WriteBuffer:
    """Takes rows from any thread; the writer takes a batch and confirms it once it is written.

    Parameters
    ----------
    limits : mapping of types to int
        Most rows of each kind.
    """

    def __init__(self, limits: Mapping[type, int]) -> None:
        self._limits = limits
        self.after_fork()

    def after_fork(self) -> None:
        """Drop the rows in a forked child, since its parent writes them."""
        limits = self._limits
        self._rows: dict[type, deque[Row] | ProgressQueue] = {
            kind: ProgressQueue() if kind is ProgressRow else deque() for kind in limits
        }
        self._first = dict.fromkeys(limits, 0)
        """Number of the first buffered row of each kind, counted from the start."""
        self._taken: dict[type, int] = {}
        """Offsets of the batch that is being written."""
        self._dropped = 0
        # Reentrant: garbage collection may end a run, and so add a row, amid any call.
        self._lock = new_rlock("write buffer")

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def put(self, row: Row) -> None:
        """Add a row; drop the oldest of its kind when there are too many."""
        kind: Any = type(row)
        with self._lock:
            if isinstance(row, LabelRow) and self._label(row):
                return
            if kind not in self._rows:
                kind = OTHER
            rows: Any = self._rows[kind]
            if isinstance(row, RunRow) and self._follows(row, rows):
                rows.pop()
            if isinstance(row, CurveRow) and self._replaces(row):
                return
            rows.append(row)
            if len(rows) > self._limits[kind]:
                rows.popleft()
                self._first[kind] += 1
                self._dropped += 1

    def _label(self, label: LabelRow) -> bool:
        """Label a buffered prediction that is not being written; return whether there was one."""
        rows: Any = self._rows[PredictionRow]
        place = label.n - rows[0].n if rows else -1
        if not 0 <= place < len(rows):
            return False
        if self._first[PredictionRow] + place < self._taken.get(PredictionRow, 0):
            return False
        rows[place] = msgspec.structs.replace(rows[place], actual=label.actual, labelled=True)
        return True

    def _follows(self, row: RunRow, rows: deque[Row]) -> bool:
        """Return whether a row replaces the newest one, which is not being written."""
        taken = self._first[RunRow] + len(rows) <= self._taken.get(RunRow, 0)
        newest = rows[-1] if rows and not taken else None
        return isinstance(newest, RunRow) and newest.run == row.run

    def _replaces(self, row: CurveRow) -> bool:
        """Replace an older curve that is not being written; return whether there was one."""
        rows: Any = self._rows[CurveRow]
        first = max(0, self._taken.get(CurveRow, 0) - self._first[CurveRow])
        for place in range(first, len(rows)):
            if (rows[place].run, rows[place].metric) == (row.run, row.metric):
                rows[place] = row
                return True
        return False

    def remove_run(self, number: int) -> None:
        """Remove a training run and its reports; only while no writer takes batches."""
        with self._lock:
            for kind in (RunRow, ProgressRow, CurveRow):
                rows: list[Any] = list(self._rows[kind])
                left = self._rows[kind] = ProgressQueue() if kind is ProgressRow else deque()
                for row in rows:
                    if row.run != number:
                        left.append(row)

    def rows(self) -> list[Row]:
        """Return all rows."""
        with self._lock:
            return [row for rows in self._rows.values() for row in rows]

    def take(self, count: int) -> WriteBatch:
        """Return about `count` of the oldest rows; the buffer retains them until `confirm`."""
        with self._lock:
            batch: list[Row] = []
            offsets = dict(self._first)
            for kind, rows in self._rows.items():
                room = max(0, count - len(batch))
                before = len(batch)
                batch += islice(rows, room)
                offsets[kind] += len(batch) - before
            self._taken = offsets
            return WriteBatch(batch, offsets, last=len(batch) == len(self))

    def confirm(self, batch: WriteBatch) -> None:
        """Remove a batch that is written."""
        with self._lock:
            for kind, offset in batch.offsets.items():
                rows = self._rows[kind]
                while self._first[kind] < offset:
                    rows.popleft()
                    self._first[kind] += 1

    def take_dropped(self) -> int:
        """Return the number of rows dropped since the last call."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            return dropped
