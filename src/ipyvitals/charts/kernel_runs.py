"""Reads the runs of this kernel from its memory, where the curves of open runs are complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from ipyvitals.charts.runs import MetricCurve, RunCurves, run_of
from ipyvitals.schema import CurveChunk, RunInfo
from ipyvitals.storage.run_filter import RunFilter
from ipyvitals.storage.summaries import StoredRun

__all__ = ["KernelRuns", "RunMemory", "curve_of"]


class RunMemory(Protocol):
    """Has the runs and curves of one monitor: its `TrainingTracker`."""

    def runs(self, *, read: bool = ...) -> list[RunInfo]:
        """Return the open runs, then the last ones that ended."""
        ...

    def curves(self, run_id: str | None = ..., *, read: bool = ...) -> list[CurveChunk]:
        """Return their curves."""
        ...


class KernelRuns:
    """The runs of a monitor: what its history had at one moment, and what its memory has now.

    A run that had ended is read from the history once, with all its values; any other is read from
    memory each time.

    Parameters
    ----------
    monitor : str
        Name of the monitor.
    memory : RunMemory
    stored : iterable of RunCurves
        The runs of the history, with their summaries.
    """

    def __init__(self, monitor: str, memory: RunMemory, stored: Iterable[RunCurves] = ()) -> None:
        self._monitor = monitor
        self._memory = memory
        self._stored = list(stored)
        self._ended = {
            run.stored.info.run_id
            for run in self._stored
            if run.stored is not None and run.stored.info is not None
            if run.stored.state != "running"
        }

    def select_runs(self, wanted: RunFilter) -> Iterator[RunCurves]:
        """Yield the runs that meet the conditions, in the order in which they began."""
        # What waits for a device is read by the next turn of the scheduler.
        chunks = self._memory.curves(read=False)
        found = self._memory.runs(read=False)
        ended = [info for info in reversed(found) if info.state != "running"]
        still_open = [info for info in found if info.state == "running"]
        infos = sorted([*ended, *still_open], key=lambda info: info.started_at)
        curves: dict[str, dict[str, MetricCurve]] = {}
        for chunk in chunks:
            curves.setdefault(chunk.run_id, {})[chunk.metric] = curve_of(chunk)
        now = {info.run_id: info for info in infos}
        for run in self._stored:
            info = None if run.stored is None else run.stored.info
            in_memory = info is not None and info.run_id in now
            is_read = not in_memory or (info is not None and info.run_id in self._ended)
            if is_read and run.stored is not None and wanted.select([run.stored]):
                yield run
        for info in infos:
            summary = _summary_of(info, self._monitor)
            known = curves.get(info.run_id, {})
            if info.run_id not in self._ended and known and wanted.select([summary]):
                yield run_of(summary, known)


def curve_of(chunk: CurveChunk) -> MetricCurve:
    """Return the curve of the buckets that a page receives."""
    values = _floats(chunk.mean)
    band = bool(chunk.low)
    return MetricCurve(
        _floats(chunk.step),
        _floats(chunk.seconds),
        values,
        _floats(chunk.low) if band else None,
        _floats(chunk.high) if band else None,
        _floats(chunk.count) - (_floats(chunk.not_finite) if chunk.not_finite else 0.0)
        if chunk.count
        else None,
    )


def _summary_of(info: RunInfo, monitor: str) -> StoredRun:
    """Return the summary of a run as a history has it."""
    return StoredRun(
        run=info.run_id,
        monitor=monitor,
        stage=info.stage,
        state=info.state,
        started_at=info.started_at,
        ended_at=info.ended_at,
        step=info.current,
        total=info.total,
        details=info.details,
        metrics=info.metrics,
        last_at=info.ended_at,
        info=info,
    )


def _floats(values: list[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=float)
