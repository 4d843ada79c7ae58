"""The periodic work of an engine: what its scheduler and its sampling thread run."""

from __future__ import annotations

from math import inf

from ipyvitals.runtime.aggregator import ModelAggregator
from ipyvitals.runtime.config import MonitorConfig
from ipyvitals.runtime.persistence import Persistence
from ipyvitals.runtime.publisher import Publisher
from ipyvitals.runtime.scheduler import scheduler
from ipyvitals.runtime.snapshot_builder import point
from ipyvitals.runtime.supervision import ThreadSupervisor
from ipyvitals.schema import TrainingSection
from ipyvitals.schema.messages import Message, message
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.system.system_monitor import Kernel, SystemMonitor
from ipyvitals.training.tracker import TrainingTracker
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import Lock
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.timers import IntervalTimer
from ipyvitals.utils.user_code import error_text, is_interrupt

__all__ = ["PeriodicWork"]

PROGRESS_SECONDS = 0.1
ABANDONED_LOOP_GRACE_SECONDS = 2.0
KEEP_SECONDS = 1.0
SAVE_SECONDS = 1.5
"""Writing can take 0.5 s; with 1.5 s between saves a killed process loses at most 2 s of data."""
NO_ANSWER = "a reading on another thread has not ended"
SCHEDULER_DRAIN_SECONDS = 0.5
"""How long the scheduler waits for user code that scores records on another thread."""


class PeriodicWork:
    """Publishes, shows and stores what is due; `Engine` derives from this class."""

    settings: MonitorConfig
    clock: Clock
    closed: bool
    notices: Notices
    persistence: Persistence
    history: RecentPoints
    training: TrainingTracker
    aggregator: ModelAggregator
    _kernel: Kernel
    _system: SystemMonitor
    _publisher: Publisher
    _threads: ThreadSupervisor
    _lock: Lock

    def drain_queue(self, seconds: float, *, quiet: bool) -> None:
        """Add all records so far to the models."""
        raise NotImplementedError

    def request_show(self) -> None:
        """Have the scheduler show the state soon."""
        raise NotImplementedError

    def _show(self) -> None:
        raise NotImplementedError

    def _start_timers(self, now: float) -> None:
        self._metrics_due = IntervalTimer(self.settings.metrics_interval, now)
        self._keep_due = IntervalTimer(KEEP_SECONDS, now)
        self._save_due = IntervalTimer(SAVE_SECONDS, now)
        self._due_at = now
        self._progress_at = -inf

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
        # Progress alone is checked ten times a second.
        if now >= self._due_at:
            self._run_timers(now)
        running = self.training.running
        if running:
            with self._lock:
                if self.training.has_abandoned_loops:
                    # IPython reports the error of a cell after it has written the traceback.
                    grace = ABANDONED_LOOP_GRACE_SECONDS if self._kernel.busy() else 0.0
                    self.training.end_abandoned_loops(before=now - grace)
                if now >= self._progress_at + PROGRESS_SECONDS:
                    self._publish_progress(now)
        if self._publisher.due or self._publisher.progress_due:
            self._show()
        due = min(self._due_at, now + PROGRESS_SECONDS) if running else self._due_at
        return max(0.0, due - self.clock.monotonic())

    def _run_timers(self, now: float) -> None:
        self._threads.check()
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
            if not quiet and not self.closed:
                self._publisher.system(section)
                self.persistence.system(section)

    def _keep(self, *, save: bool, all: bool = False) -> None:
        """Hand rows and checkpoints over to the storage; the caller has the lock."""
        if not self.closed:
            self.persistence.runs.look(self.training.report())
            self.persistence.keep(self.aggregator, self.history, save=save, all=all)

    def _publish_metrics(self) -> None:
        self.aggregator.evaluate()
        metrics = self.aggregator.metrics()
        self._publisher.metrics(self.aggregator.active.model_id, metrics)
        self.history.add(point(self.clock.time(), metrics, self._system.section))

    def _publish_progress(self, now: float) -> None:
        section = self.training.section()
        if section.state == "running" and self._publisher.progress(section):
            self._publisher.training, self._progress_at = section, now
            self._publisher.progress_due = True

    def _on_training_change(self) -> None:
        with self._lock:
            if self.closed:
                return
            active, running = self.aggregator.active, self.training.running
            if running and active.lifecycle == "failed":
                active.lifecycle = "registered"
            if running != (active.status == "training"):
                self.aggregator.update_status()
                self._publisher.due = True
            now = self.clock.monotonic()
            if now < self._progress_at + PROGRESS_SECONDS:
                return
            self._publish_progress(now)
        scheduler.wake()

    def _on_training_end(self, section: TrainingSection) -> None:
        with self._lock:
            if self.closed:
                return
            active = self.aggregator.active
            failed = section.state == "failed"
            if failed and active.lifecycle == "registered":
                active.lifecycle = "failed"
            self._progress_at = -inf
            code = f"status.training_{section.state}"
            self.aggregator.update_status(Message(section.details) if failed else message(code))
            self._publisher.completed(section)
        self.request_show()
