"""Turns reports of training runs into rows of the history."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from ipyvitals.schema import CurveChunk, RunInfo
from ipyvitals.storage.buffer import WriteBuffer
from ipyvitals.storage.rows import CurveRow, ProgressRow, RunRow
from ipyvitals.training.run_states import ProgressReport
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import new_rlock

__all__ = ["TrainingLog"]

LOOK_SECONDS = 1.0


MAX_RUNS = 1_000
"""Runs that are remembered: a loop inside a loop begins again after it has ended."""


class _LoggedRun:
    """The rows that were stored of one run, and the ones that are due."""

    def __init__(self, started_at: float) -> None:
        self.started_at = started_at
        self.running = True
        self.n = 0
        self.metrics: dict[str, float | None] = {}
        self.info: RunInfo | None = None
        self.row_due = False
        self.stored_at = -inf


class TrainingLog:
    """Stores every report, the state of each open run once a second, and its curves.

    Any thread may report.

    Parameters
    ----------
    clock : Clock
        Source of all times.
    buffer : WriteBuffer
        Takes the rows.
    """

    def __init__(self, clock: Clock, buffer: WriteBuffer) -> None:
        self._clock = clock
        self._buffer = buffer
        self.after_fork()
        self._runs: dict[int, _LoggedRun] = {}

    def report(self, report: ProgressReport) -> None:
        """Store a report."""
        with self._lock:
            running = report.state == "running"
            known = self._runs.get(report.run)
            run = known or self._runs.setdefault(report.run, _LoggedRun(report.at))
            run.metrics.update(report.metrics)
            run.info = report.info or run.info
            self._keep_step(run, report)
            if known is None or not running:
                self._keep_run(run, report, None if running else report.at)
            run.running = running
            self.store_curves(report.curves)
            while len(self._runs) > MAX_RUNS:
                self._forget()

    def store_curves(self, curves: Iterable[tuple[int, CurveChunk]]) -> None:
        """Store curves, each with the number of its run; a curve replaces the one before."""
        for number, curve in curves:
            self._buffer.put(CurveRow(number, curve.metric, curve))

    def _forget(self) -> None:
        """Forget the oldest run that has ended, or the oldest of all."""
        ended = (number for number, run in self._runs.items() if not run.running)
        del self._runs[next(ended, next(iter(self._runs)))]

    def look(self, reports: Iterable[ProgressReport]) -> None:
        """Store the state of open runs, unless a report of a run came within the last second."""
        with self._lock:
            for report in reports:
                run = self._runs.get(report.run)
                if run is None or not run.running:
                    continue
                run.info = report.info or run.info
                if self._clock.monotonic() - run.stored_at >= LOOK_SECONDS:
                    self._keep_step(run, report)
                if run.row_due:
                    self._keep_run(run, report, None)

    def _keep_step(self, run: _LoggedRun, report: ProgressReport) -> None:
        number, at, stage, state, step, total, _, metrics, *_ = report
        run.n += 1
        run.stored_at, run.row_due = self._clock.monotonic(), True
        whole = None if step is None else int(step)
        self._buffer.put(ProgressRow(number, run.n, at, stage, state, whole, total, metrics))

    def _keep_run(self, run: _LoggedRun, report: ProgressReport, ended_at: float | None) -> None:
        # Once a second and not with each report, since the scheduler has other work.
        number, _, stage, state, step, total, details, *_ = report
        metrics, run.row_due = dict(run.metrics), False
        whole = None if step is None else int(step)
        self._buffer.put(
            RunRow(
                *(number, run.started_at, ended_at, stage, state, whole, total, details, metrics),
                info=run.info,
            )
        )

    def after_fork(self) -> None:
        """Replace the lock in a forked child, where its owner does not exist."""
        # Reentrant: garbage collection may end a run amid any call.
        self._lock = new_rlock("training log")
