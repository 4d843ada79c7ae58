"""Training runs, as rows to be kept."""

from __future__ import annotations

import threading
from math import inf

from ipyvitals.clock import Clock
from ipyvitals.intake.run import Report
from ipyvitals.sinks.store.backlog import Backlog
from ipyvitals.sinks.store.rows import ProgressRow, RunRow

__all__ = ["RunLog"]

LOOK_SECONDS = 1.0


class RunLog:
    """Keeps every report with metrics, and how the run stands once a second.

    Any thread may report.

    Parameters
    ----------
    clock : Clock
        Where all times come from.
    backlog : Backlog
        Takes the rows.
    """

    def __init__(self, clock: Clock, backlog: Backlog) -> None:
        self._clock = clock
        self._backlog = backlog
        self.after_fork()
        self._run = 0
        self._running = False
        self._started_at = 0.0
        self._n = 0
        self._metrics: dict[str, float | None] = {}
        self._kept_at = -inf

    def report(self, report: Report) -> None:
        """Keep a report."""
        with self._lock:
            now, at = self._clock.monotonic(), self._clock.time()
            if report.run != self._run:
                self._run, self._started_at = report.run, at
                self._n, self._metrics = 0, {}
            self._n += 1
            self._metrics.update(report.metrics)
            self._kept_at = now
            self._backlog.put(
                ProgressRow(
                    report.run,
                    self._n,
                    at,
                    report.stage,
                    report.state,
                    report.step,
                    report.total,
                    report.metrics,
                )
            )
            running = self._running = report.state == "running"
            self._backlog.put(
                RunRow(
                    report.run,
                    self._started_at,
                    None if running else at,
                    report.stage,
                    report.state,
                    report.step,
                    report.total,
                    report.details,
                    dict(self._metrics),
                )
            )

    def look(self, report: Report | None) -> None:
        """Keep how the run in front stands, unless that was reported within the last second."""
        with self._lock:
            if report is None or report.run != self._run or not self._running:
                return
            if self._clock.monotonic() - self._kept_at >= LOOK_SECONDS:
                self.report(report)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, where nobody is left to release the old one."""
        # Reentrant: garbage collection may end a run amid any call.
        self._lock = threading.RLock()
