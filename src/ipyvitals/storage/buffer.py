"""Rows that no file has yet: bounded, the oldest make room."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from ipyvitals.storage.rows import (
    DeploymentRow,
    LabelRow,
    MetricsRow,
    PredictionRow,
    ProgressRow,
    Row,
    RunRow,
    SystemRow,
)

__all__ = ["IN_MEMORY", "WAITING", "Batch", "WriteBuffer"]

OTHER = object
"""The kind of events, of which there are six types."""
IN_MEMORY: Mapping[type, int] = {
    MetricsRow: 3_600,
    SystemRow: 1_000,
    ProgressRow: 10_000,
    RunRow: 200,
    DeploymentRow: 1_000,
    PredictionRow: 10_000,
    LabelRow: 1_000,
    OTHER: 1_000,
}
"""How many rows of each kind are kept without a file: figures of an hour, for one model."""
WAITING: Mapping[type, int] = {
    **dict.fromkeys(IN_MEMORY, 20_000),
    PredictionRow: 100_000,
    LabelRow: 100_000,
}
"""How many may wait for a file that cannot be written just now."""


class Batch(NamedTuple):
    """Some of the oldest rows."""

    rows: list[Row]
    ends: dict[type, int]
    """Up to which row of each kind."""
    last: bool
    """Whether there are no others."""


class WriteBuffer:
    """Any thread adds rows; one takes a batch, and confirms it once it is written.

    Parameters
    ----------
    limits : mapping of types to int
        How many rows of each kind there may be.
    """

    def __init__(self, limits: Mapping[type, int]) -> None:
        self._limits = limits
        self.after_fork()

    def after_fork(self) -> None:
        """Begin without rows in a forked child, whose parent keeps them."""
        limits = self._limits
        self._rows: dict[type, deque[Row]] = {kind: deque() for kind in limits}
        self._first = dict.fromkeys(limits, 0)
        """How many rows of each kind left before the first one that is there."""
        self._taken: dict[type, int] = {}
        """Up to which row of each kind somebody is writing them."""
        self._dropped = 0
        # Reentrant: garbage collection may end a run, and so add a row, amid any call.
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def put(self, row: Row) -> None:
        """Add a row; the oldest of its kind leaves when there are too many."""
        kind: Any = type(row)
        with self._lock:
            if kind not in self._rows:
                kind = OTHER
            rows = self._rows[kind]
            if isinstance(row, RunRow) and self._follows(row, rows):
                rows.pop()
            rows.append(row)
            if len(rows) > self._limits[kind]:
                rows.popleft()
                self._first[kind] += 1
                self._dropped += 1

    def _follows(self, row: RunRow, rows: deque[Row]) -> bool:
        """Return whether a row takes the place of the newest, which nobody is about to write."""
        taken = self._first[RunRow] + len(rows) <= self._taken.get(RunRow, 0)
        newest = rows[-1] if rows and not taken else None
        return isinstance(newest, RunRow) and newest.run == row.run

    def rows(self) -> list[Row]:
        """Return all rows."""
        with self._lock:
            return [row for rows in self._rows.values() for row in rows]

    def take(self, count: int) -> Batch:
        """Return about `count` of the oldest rows, which stay until they are confirmed."""
        with self._lock:
            batch: list[Row] = []
            ends = dict(self._first)
            for kind, rows in self._rows.items():
                room = max(0, count - len(batch))
                some = list(islice(rows, room))
                ends[kind] += len(some)
                batch += some
            self._taken = ends
            return Batch(batch, ends, last=len(batch) == len(self))

    def confirm(self, batch: Batch) -> None:
        """Let go of a batch."""
        with self._lock:
            for kind, end in batch.ends.items():
                rows = self._rows[kind]
                while self._first[kind] < end:
                    rows.popleft()
                    self._first[kind] += 1

    def take_dropped(self) -> int:
        """Return how many rows had to leave since the last call."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            return dropped
