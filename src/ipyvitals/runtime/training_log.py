"""Turns reports of training runs into rows of the history."""

from __future__ import annotations

from math import inf

from ipyvitals.storage.buffer import WriteBuffer
from ipyvitals.storage.rows import ProgressRow, RunRow
from ipyvitals.training.run import ProgressReport
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import new_rlock

__all__ = ["TrainingLog"]

LOOK_SECONDS = 1.0


class TrainingLog:
    """Stores every report, and the state of the run once a second.

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
        self._run = 0
        self._running = False
        self._started_at = 0.0
        self._n = 0
        self._metrics: dict[str, float | None] = {}
        self._row_due = False
        self._stored_at = -inf

    def report(self, report: ProgressReport) -> None:
        """Store a report."""
        with self._lock:
            begins, running = report.run != self._run, report.state == "running"
            at = self._clock.time()
            if begins:
                self._run, self._started_at = report.run, at
                self._n, self._metrics = 0, {}
            self._metrics.update(report.metrics)
            self._running = running
            self._keep_step(report, at)
            if begins or not running:
                self._keep_run(report, None if running else at)

    def look(self, report: ProgressReport | None) -> None:
        """Store the state of the current run, unless a report came within the last second."""
        with self._lock:
            if report is None or report.run != self._run or not self._running:
                return
            if self._clock.monotonic() - self._stored_at >= LOOK_SECONDS:
                self._keep_step(report, self._clock.time())
            if self._row_due:
                self._keep_run(report, None)

    def _keep_step(self, report: ProgressReport, at: float) -> None:
        run, stage, state, step, total, _, metrics = report
        self._n += 1
        self._stored_at, self._row_due = self._clock.monotonic(), True
        self._buffer.put(ProgressRow(run, self._n, at, stage, state, step, total, metrics))

    def _keep_run(self, report: ProgressReport, ended_at: float | None) -> None:
        # Once a second and not with each report, since the training loop waits for a report.
        run, stage, state, step, total, details, _ = report
        metrics, self._row_due = dict(self._metrics), False
        self._buffer.put(
            RunRow(run, self._started_at, ended_at, stage, state, step, total, details, metrics)
        )

    def after_fork(self) -> None:
        """Replace the lock in a forked child, where its owner does not exist."""
        # Reentrant: garbage collection may end a run amid any call.
        self._lock = new_rlock("training log")
