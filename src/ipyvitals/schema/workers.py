"""Workers: other processes that report to this monitor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from msgspec.structs import replace

from ipyvitals.schema.base import SchemaStruct

__all__ = [
    "MAX_WORKERS",
    "SILENT_STATES",
    "WORKER_STATES",
    "WorkerCondition",
    "WorkerInfo",
    "aged",
    "without_ages",
]

MAX_WORKERS = 100
"""Most rows of a snapshot."""

WorkerCondition: TypeAlias = Literal["alive", "late", "ended", "gone"]
"""Whether it reports, is silent for longer than it should be, said that it ended, or ended without
a word."""

WORKER_STATES: tuple[WorkerCondition, ...] = get_args(WorkerCondition)
SILENT_STATES = ("late", "gone")
"""States in which a worker should report, and does not."""


class WorkerInfo(SchemaStruct, frozen=True, kw_only=True):
    """One process that reports to this monitor."""

    worker: str
    """Random: identifies this incarnation of the process."""
    name: str
    """Its rank, or host and process id."""
    host: str = ""
    pid: int | None = None
    rank: int | None = None
    state: WorkerCondition = "alive"
    last_heard_seconds: float | None = None
    """Age of the newest report. An update does not repeat a row for it: of a worker that is not
    alive it goes on to grow, of one that is alive it is as old as the row."""
    total_predictions: int = 0
    """Predictions since the process began to count."""
    total_errors: int = 0
    stage: str | None = None
    """Stage of its newest open run."""
    current: int | None = None
    total: int | None = None
    rate_per_second: float | None = None
    memory_bytes: int | None = None
    """Memory of the process and its children."""
    cpu_percent: float | None = None
    """CPU of the process and its children, 100 for one core."""


def without_ages(rows: Sequence[WorkerInfo]) -> list[WorkerInfo]:
    """Return the rows without the ages of their reports, which grow by themselves.

    Examples
    --------
    >>> heard = [WorkerInfo(worker="a", name="rank 0", last_heard_seconds=s) for s in (0.5, 1.5)]
    >>> without_ages(heard[:1]) == without_ages(heard[1:])
    True
    """
    return [replace(row, last_heard_seconds=None) for row in rows]


def aged(rows: Sequence[WorkerInfo], seconds: float) -> list[WorkerInfo]:
    """Return rows as of `seconds` later: workers that are not alive were not heard meanwhile.

    Examples
    --------
    >>> row = WorkerInfo(worker="a", name="rank 0", state="late", last_heard_seconds=14.0)
    >>> aged([row], 3.0)[0].last_heard_seconds
    17.0
    """
    return [
        row
        if row.state == "alive" or row.last_heard_seconds is None
        else replace(row, last_heard_seconds=row.last_heard_seconds + seconds)
        for row in rows
    ]
