"""The periodic work of an engine: what its scheduler and its sampling thread run."""

from __future__ import annotations

from math import inf

from ipyvitals.runtime.snapshot_builder import point
from ipyvitals.runtime.supervision import ThreadSupervisor
from ipyvitals.runtime.training_work import TrainingWork
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.system.system_monitor import SystemMonitor
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.timers import IntervalTimer
from ipyvitals.utils.user_code import error_text, is_interrupt

__all__ = ["PeriodicWork"]

KEEP_SECONDS = 1.0
SAVE_SECONDS = 1.5
"""Writing can take 0.5 s; with 1.5 s between saves a killed process loses at most 2 s of data."""
NO_ANSWER = "a reading on another thread has not ended"
SCHEDULER_DRAIN_SECONDS = 0.5
"""How long the scheduler waits for user code that scores records on another thread."""


class PeriodicWork(TrainingWork):
    """Publishes, shows and stores what is due; `Engine` derives from this class."""

    notices: Notices
    history: RecentPoints
    _system: SystemMonitor
    _threads: ThreadSupervisor

    def drain_queue(self, seconds: float, *, quiet: bool) -> None:
        """Add all records so far to the models."""
        raise NotImplementedError

    def _show(self) -> None:
        raise NotImplementedError

    def _start_timers(self, now: float) -> None:
        self._metrics_due = IntervalTimer(self.settings.metrics_interval, now)
        self._keep_due = IntervalTimer(KEEP_SECONDS, now)
        self._save_due = IntervalTimer(SAVE_SECONDS, now)
        self._due_at = now

    def run_due(self) -> float:
        """Run the work that is due; return the seconds until the next is."""
        if self.closed or self.settings.interval is None:
            return inf
        try:
            return self._run_due()
        except BaseException as error:
            self._note_failure(error)
            return self.settings.metrics_interval
        finally:
            self.notices.log_new()

    def _note_failure(self, error: BaseException) -> None:
        if is_interrupt(error):
            raise error
        self.notices.add("ticker.failed", error_text(error))

    def _run_due(self) -> float:
        now = self.clock.monotonic()
        # Progress alone is checked more often.
        if now >= self._due_at:
            self._run_timers(now)
        running = self.training.running
        if running:
            self._look_at_training(now)
        if self._publisher.due or self._publisher.progress_due:
            self._show()
        due = min(self._due_at, now + self._progress_seconds) if running else self._due_at
        return max(0.0, due - self.clock.monotonic())

    def _run_timers(self, now: float) -> None:
        self._threads.check()
        self.training.fold()
        self.drain_queue(SCHEDULER_DRAIN_SECONDS, quiet=True)
        with self._lock:
            age = self._system.expire(self.settings.interval)
            if age is not None:
                error = f"no reading for {age:g} s"
                self.notices.add("system.reading", part="the machine", error=error)
            if self._metrics_due.poll(now):
                self._publish_metrics()
                self._publisher.due = True
            keep, save = self._keep_due.poll(now), self._save_due.poll(now)
            if keep or save:
                self._keep(save=save)
        self._due_at = min(self._metrics_due.next, self._keep_due.next, self._save_due.next)

    def _on_sample_due(self, first: bool) -> None:
        """Take a reading on the sampling thread, and let the scheduler show it."""
        try:
            self._threads.check()
            self._sample(quiet=first)
            self._read_git()
        except BaseException as error:
            self._note_failure(error)
        self.request_show()
        self.notices.log_new()

    def _sample(self, *, quiet: bool = False) -> None:
        reading = self._system.read()
        if reading is None:
            self.notices.add("system.reading", part="the machine", error=NO_ANSWER)
            return
        with self._lock:
            section = self._system.judge(reading)
            self.training.take_reading(section)
            if not quiet and not self.closed:
                self._publisher.system(section)
                self.persistence.system(section)

    def _keep(self, *, save: bool, all: bool = False) -> None:
        """Hand rows and checkpoints over to the storage; the caller has the lock."""
        if not self.closed:
            self.persistence.runs.look(self.training.progress())
            self.persistence.keep(self.aggregator, self.history, save=save, all=all)

    def _publish_metrics(self) -> None:
        self.aggregator.evaluate()
        metrics = self.aggregator.metrics()
        self._publisher.metrics(self.aggregator.active.model_id, metrics)
        self.history.add(point(self.clock.time(), metrics, self._system.section))
