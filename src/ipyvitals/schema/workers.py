"""Workers: other processes that report to this monitor."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ipyvitals.schema.base import SchemaStruct

__all__ = ["WorkerCondition", "WorkerInfo"]

WorkerCondition: TypeAlias = Literal["alive", "late", "ended", "gone"]
"""Whether it reports, is silent for longer than it should be, said that it ended, or ended without
a word."""


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
    """Age of the newest report."""
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
