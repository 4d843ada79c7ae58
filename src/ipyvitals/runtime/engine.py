"""Coordinates ingestion, evaluation, publishing and persistence of one monitor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, TypeVar

import msgspec

from ipyvitals.events.callbacks import CallbackDispatcher
from ipyvitals.events.event_log import EventLog
from ipyvitals.health import Thresholds
from ipyvitals.runtime.aggregator import ModelAggregator
from ipyvitals.runtime.config import MonitorConfig
from ipyvitals.runtime.persistence import Persistence
from ipyvitals.runtime.publisher import Publisher, View
from ipyvitals.runtime.sampling import SamplingTask, sampling_scheduler
from ipyvitals.runtime.scheduler import scheduler
from ipyvitals.runtime.shutdown import CLOSE_SECONDS, save_at_exit
from ipyvitals.runtime.snapshot_builder import point
from ipyvitals.schema import (
    ModelInfo,
    Snapshot,
    SystemSection,
    TrainingAlert,
    TrainingSection,
)
from ipyvitals.schema.messages import Message, message
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.system.system_monitor import Kernel, Sampler, SystemMonitor
from ipyvitals.training.alerts import Alert
from ipyvitals.training.environment import RunFacts, git_reader, read_environment
from ipyvitals.training.sections import trains_a_model
from ipyvitals.training.terminal import TerminalLine
from ipyvitals.training.tracker import TrainingTracker
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.timers import IntervalTimer
from ipyvitals.utils.weak_callbacks import fan_out, weak_callback, weak_result

__all__ = ["Engine"]

T = TypeVar("T")

PROGRESS_SECONDS = 0.1
ABANDONED_LOOP_GRACE_SECONDS = 2.0
KEEP_SECONDS = 1.0
SAVE_SECONDS = 1.5
"""Writing can take 0.5 s; with 1.5 s between saves a killed process loses at most 2 s of data."""


class Engine:
    """Coordinates ingestion, evaluation, publishing and persistence on one schedule.

    One lock guards the state of all models. The locks of the record queue, the training tracker,
    the event log and the storage are taken inside it, never the other way round. The sampling
    thread reads the machine, views draw and user callbacks run without it.

    Parameters
    ----------
    settings : MonitorConfig
        The user's arguments, checked.
    clock : Clock
        Source of all times.
    sampler : callable
        Takes the notices and returns the sampler of the machine.
    kernel : Kernel
        Knows whether a cell is running.
    pause : callable
        Returns the minimum seconds between two snapshots; 0 while somebody watches.
    on_mismatch : callable
        Called once, from any thread, when labels are of another type than predictions.
    on_bad_metric : callable
        Called, on the user's thread, when a training run reports what is no number.
    """

    def __init__(
        self,
        settings: MonitorConfig,
        clock: Clock,
        *,
        sampler: Callable[[Notices], Sampler],
        kernel: Kernel,
        pause: Callable[[], float],
        on_mismatch: Callable[[Message], None],
        on_bad_metric: Callable[[Message], None] = lambda message: None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.closed = False
        self.forked = False
        self.notices = Notices(clock.time)
        self.callbacks = CallbackDispatcher(self.notices)
        self.persistence = Persistence(settings.name, clock, self.notices, settings.store)
        self.events = EventLog(
            settings.name, clock.time, fan_out(self.callbacks.put, self.persistence.event)
        )
        self.history = RecentPoints()
        self.training = TrainingTracker(
            clock,
            self.notices,
            on_change=weak_callback(self, Engine._on_training_change),
            on_end=weak_callback(self, Engine._on_training_end),
            wake=scheduler.wake,
            on_report=self.persistence.runs.report,
            on_alert=weak_callback(self, Engine._on_training_alert),
            warn=on_bad_metric,
        )
        self.training.judge(settings.thresholds)
        self.training.describe = weak_result(self, Engine._run_facts, RunFacts())
        tracker, notices = self.training, self.notices
        self.aggregator = ModelAggregator(
            settings,
            clock,
            self.notices,
            self.events,
            training=lambda: tracker.running,
            on_mismatch=on_mismatch,
        )
        if settings.store_predictions:
            self.aggregator.queue.store_records = self.persistence.predictions.keep
        self._kernel = kernel
        self._system = SystemMonitor(
            clock,
            settings.thresholds,
            sampler=lambda: sampler(notices),
            kernel=kernel,
            lag=scheduler.lag if settings.interval is not None else lambda since: None,
            thread_id=lambda: scheduler.thread_id,
        )
        self._publisher = Publisher(self.events, self.notices, clock, pause)
        now = clock.monotonic()
        self._metrics_due = IntervalTimer(settings.metrics_interval, now)
        self._keep_due = IntervalTimer(KEEP_SECONDS, now)
        self._save_due = IntervalTimer(SAVE_SECONDS, now)
        self._due_at = now
        self.sampling = SamplingTask(
            clock, settings.interval or inf, weak_callback(self, Engine._on_sample_due)
        )
        self._progress_at = self._looked_at = -inf
        self._training_version = -1
        self._terminal = (
            TerminalLine(clock.monotonic)
            if settings.terminal and settings.interval is not None
            else None
        )
        self._trained_at: float | None = None
        self._final: Snapshot | None = None
        self._lock = threading.RLock()
        renew_in_child(self)
        save_at_exit(self)
        if settings.interval is not None:
            scheduler.add(self)
            sampling_scheduler.add(self.sampling)

    # Calls of the user

    def deploy(self, model_id: str, *, announce: bool, **facts: Any) -> None:
        """Make a model the active one and set its `facts`; `announce` emits the deployment."""
        known = model_id in self.aggregator.registry
        checkpoint = self.persistence.restore(model_id, facts, self.history, known=known)
        with self._lock:
            self.drain()
            self.aggregator.deploy(model_id, announce=announce, checkpoint=checkpoint, **facts)
            if announce:
                if facts.get("trained_at") is None and self._trained_at is not None:
                    # What was trained since the last deployment is what is deployed.
                    self.aggregator.active.trained_at = self._trained_at
                self._trained_at = None
                self.persistence.deployed(self.aggregator.active)
        self.request_show()

    def drain(self) -> None:
        """Add all records so far to the models, and evaluate them."""
        with self._lock:
            if not self.closed:
                self.training.end_abandoned_loops()
                self.aggregator.drain()

    def snapshot(self) -> Snapshot:
        """Return the current state."""
        with self._lock:
            self.drain()
            if self._final is not None:
                return msgspec.structs.replace(self._final, notices=self.notices.get())
            return self._snapshot(self._system.now())

    def models(self) -> list[ModelInfo]:
        """Return the models that have a name or a prediction, oldest first."""
        with self._lock:
            self.drain()
            return self.aggregator.models() if self._final is None else list(self._final.models)

    def acknowledge(self, model_id: str | None = None) -> int:
        """Mark a model's alert as seen; return whether there is one."""
        with self._lock:
            done = 0 if self.closed else self.aggregator.acknowledge(model_id)
        self.request_show()
        return done

    def adjust(self, thresholds: Thresholds) -> None:
        """Replace the thresholds."""
        with self._lock:
            self.aggregator.adjust(thresholds)
            self._system.adjust(thresholds)
            self.training.judge(thresholds)
        self.request_show()

    def retire(self, model_id: str) -> None:
        """Stop one model."""
        with self._lock:
            self.aggregator.retire(model_id)
        self.request_show()

    def set_reference(self, model_id: str | None, predictions: Any, features: Any) -> None:
        """Replace the reference that a model's rows are compared with."""
        with self._lock:
            self.aggregator.set_reference(model_id, predictions, features)
        self.request_show()

    def reset(self) -> int:
        """Clear the windows and verdicts of the active model, and the notices."""
        with self._lock:
            if self.closed:
                return 0
            self.notices.clear()
            self.aggregator.reset()
        self.request_show()
        return 1

    def try_locked(self, call: Callable[[], T], seconds: float) -> T | None:
        """Run `call` under the lock; return ``None`` if the lock is not free within `seconds`."""
        if not self._lock.acquire(timeout=seconds):
            return None
        try:
            return call()
        finally:
            self._lock.release()

    def watch(self, view: View) -> None:
        """Show snapshots in `view` from now on."""
        self._publisher.watch(view)
        self.request_show()

    def tick(self) -> None:
        """Run all periodic work, due or not."""
        self._sample()
        self.publish()

    def publish(self) -> None:
        """Drain the queue, then publish and show what changed."""
        with self._lock:
            if self.closed:
                return
            self.training.end_abandoned_loops()
            self.training.look()
            self._publish_progress(self.clock.monotonic())
            self._publish_metrics()
            self.keep(all=True)
            self._publisher.due = True
        self._show()

    def keep(self, *, save: bool = True, all: bool = False) -> None:
        """Hand rows and checkpoints over to the storage; with `save` the writer is woken.

        With `all`, large windows are included.
        """
        with self._lock:
            if not self.closed:
                self.aggregator.drain()
                self.persistence.runs.look(self.training.progress())
                self.persistence.keep(self.aggregator, self.history, save=save, all=all)

    def save_last(self, seconds: float) -> None:
        """Hand over the last rows within `seconds`; the interpreter is about to exit."""
        self.persistence.wait_for_restores(seconds)
        self.try_locked(partial(self.keep, all=True), seconds)

    def close(self) -> None:
        """Drain the queue, stop the models, and release threads and storage, in this order."""
        self.persistence.wait_for_restores(CLOSE_SECONDS)
        with self._lock:
            if self.closed:
                return
            self.drain()
            self.training.close()
            # Stored before the models stop: a new kernel continues from this state.
            self.keep(all=True)
            self.aggregator.stop()
            self.persistence.keep(self.aggregator, self.history, save=False)
            self.closed, self._final = True, self._snapshot(self._system.now())
        scheduler.remove(self)
        sampling_scheduler.remove(self.sampling)
        self._show()
        self._publisher.end()
        self.callbacks.close()
        self.persistence.close()
        self._system.close()

    # Periodic work

    def run_due(self) -> float:
        """Run the work that is due; return the seconds until the next is."""
        if self.closed or self.settings.interval is None:
            return inf
        try:
            return self._run_due()
        except Exception as error:
            self.notices.add("ticker.failed", f"{type(error).__name__}: {error}")
            return self.settings.metrics_interval

    def _run_due(self) -> float:
        now = self.clock.monotonic()
        # Progress alone is checked ten times a second.
        if now >= self._due_at:
            self._run_timers(now)
        running = self.training.running
        if running:
            if now >= self._looked_at + PROGRESS_SECONDS:
                self._looked_at = now
                self.training.look()
                self._draw_line(self.training.section())
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
                self.keep(save=save)
        self._due_at = min(self._metrics_due.next, self._keep_due.next, self._save_due.next)

    def _on_sample_due(self, first: bool) -> None:
        """Take a reading on the sampling thread, and let the scheduler show it."""
        try:
            self._sample(quiet=first)
            if self.training.wants_git:
                self.training.take_git(git_reader.read())
        except Exception as error:
            self.notices.add("ticker.failed", f"{type(error).__name__}: {error}")
        self.request_show()

    def _sample(self, *, quiet: bool = False) -> None:
        reading = self._system.read()
        with self._lock:
            section = self._system.judge(reading)
            self.training.take_reading(section)
            if not quiet and not self.closed:
                self._publisher.system(section)
                self.persistence.system(section)

    def _publish_metrics(self) -> None:
        self.aggregator.evaluate()
        metrics = self.aggregator.metrics()
        self._publisher.metrics(self.aggregator.active.model_id, metrics)
        self.history.add(point(self.clock.time(), metrics, self._system.section))

    def _publish_progress(self, now: float) -> None:
        section = self.training.section()
        if section.state != "running":
            return
        # The run in front stands for all in events; the views show a change of any run.
        moved, version = self._publisher.progress(section), self.training.version
        if moved or version != self._training_version:
            self._publisher.training, self._progress_at = section, now
            self._training_version = version
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
            if trains_a_model(section):
                self._trained_at = self.clock.time()
                if active.trained_at is None or active.lifecycle == "registered":
                    active.trained_at = self._trained_at
            code = f"status.training_{section.state}"
            self.aggregator.update_status(Message(section.details) if failed else message(code))
            self._publisher.completed(section)
        self.request_show()
        self._draw_line(section)

    def _draw_line(self, section: TrainingSection) -> None:
        """Show the run in front in a terminal; a notebook has the panel."""
        if self._terminal is not None and self._kernel.busy() is None:
            self._terminal.show(section, self.training.others)

    def _run_facts(self) -> RunFacts:
        active = self.aggregator.active
        environment, wants_git = read_environment(), False
        if self.settings.git and self.settings.interval is not None:
            state = git_reader.known()
            wants_git = state is None
            if state is not None:
                environment = msgspec.structs.replace(
                    environment, git_commit=state.commit, git_dirty=state.dirty
                )
        return RunFacts(active.model_id if active.known else None, environment, wants_git)

    def _on_training_alert(self, alert: Alert) -> None:
        with self._lock:
            if self.closed:
                return
            self.events.emit(TrainingAlert, **alert._asdict())
        self.request_show()

    def _snapshot(self, system: SystemSection) -> Snapshot:
        return Snapshot(
            monitor=self.settings.name,
            seq=self.events.seq,
            at=self.clock.time(),
            training=self.training.section(),
            runs=self.training.runs(),
            system=system,
            notices=self.notices.get(),
            **self.aggregator.sections(),
        )

    def request_show(self) -> None:
        """Have the scheduler show the state soon; takes no lock."""
        self._publisher.due = True
        scheduler.wake()

    def _show(self) -> None:
        self._publisher.show(
            *(self._newest, self.training.runs, lambda: self.events.seq, self._lock),
            closed=self.closed,
        )

    def _newest(self) -> Snapshot:
        return self._snapshot(self._system.shown()) if self._final is None else self._final

    def after_fork(self) -> None:
        """Continue without threads and views in a forked child."""
        self.forked = True
        self._lock = threading.RLock()
        for part in (self.notices, self.aggregator.queue, self.training):
            part.reset_lock()
        for member in (
            self.persistence,
            self.events,
            self.callbacks,
            self._publisher,
            self._system,
        ):
            member.after_fork()
