"""Publishes what training runs report: progress, ends, alerts, and the line in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import msgspec

from ipyvitals.events.event_log import EventLog
from ipyvitals.runtime.aggregator import ModelAggregator
from ipyvitals.runtime.config import MonitorConfig
from ipyvitals.runtime.persistence import Persistence
from ipyvitals.runtime.publisher import Publisher
from ipyvitals.runtime.scheduler import scheduler
from ipyvitals.schema import TrainingAlert, TrainingSection
from ipyvitals.schema.messages import Message, message
from ipyvitals.system.system_monitor import Kernel
from ipyvitals.training.alerts import Alert
from ipyvitals.training.environment import RunFacts, git_reader, read_environment
from ipyvitals.training.sections import trains_a_model
from ipyvitals.training.terminal import TerminalLine
from ipyvitals.training.tracker import TrainingTracker
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import Lock

__all__ = ["TrainingWork"]

PROGRESS_SECONDS = 0.1
"""Time between two looks at one run; at several runs at the top, as often each."""
MAX_PROGRESS_SECONDS = 0.5
ABANDONED_LOOP_GRACE_SECONDS = 2.0
CURVES_SECONDS = 1.0
"""How often a few curves of open runs are stored that are due."""


class TrainingWork:
    """Publishes what training runs report; `Engine` derives from this class."""

    settings: MonitorConfig
    clock: Clock
    closed: bool
    events: EventLog
    training: TrainingTracker
    aggregator: ModelAggregator
    persistence: Persistence
    _kernel: Kernel
    _publisher: Publisher
    _lock: Lock

    def request_show(self) -> None:
        """Have the scheduler show the state soon."""
        raise NotImplementedError

    def _start_training_work(self) -> None:
        self._looked_at = self._curves_due = -inf
        self._training_version = -1
        self._trained_at: float | None = None
        """When the last training ended that no deployment has followed."""
        writes = self.settings.terminal and self.settings.interval is not None
        self._terminal = TerminalLine(self.clock.monotonic) if writes else None

    def _look_at_training(self, now: float) -> None:
        """Apply what open runs report, and publish their progress."""
        if self.training.has_abandoned_loops:
            # IPython reports the error of a cell after it has written the traceback.
            grace = ABANDONED_LOOP_GRACE_SECONDS if self._kernel.busy() else 0.0
            self.training.end_abandoned_loops(before=now - grace)
        if now >= self._looked_at + self._progress_seconds:
            self._looked_at = now
            self.training.look()
            if self._draws_line:
                self._draw_line(self.training.section())
        if now >= self._curves_due:
            self._store_curves(now)
        if now >= self.training.quiet_until:
            with self._lock:
                self._publish_progress(now)

    @property
    def _progress_seconds(self) -> float:
        """Time between two looks at the open runs: together they cost as much as one."""
        return min(PROGRESS_SECONDS * (1 + self.training.others), MAX_PROGRESS_SECONDS)

    def _store_curves(self, now: float) -> None:
        """Store the curves of open runs that are due, without a lock."""
        self._curves_due = now + CURVES_SECONDS
        self.persistence.runs.store_curves(self.training.take_stored())

    def _publish_progress(self, now: float) -> None:
        """Publish the progress of the run in front; the caller has the lock."""
        section = self.training.section(read=False)
        if section.state != "running":
            return
        # The run in front stands for all in events; the views show a change of any run.
        moved, version = self._publisher.progress(section), self.training.version
        if moved or version != self._training_version:
            self._publisher.training = section
            self.training.quiet_until = now + self._progress_seconds
            self._training_version = version
            self._publisher.progress_due = True

    def _on_training_change(self) -> None:
        now, running = self.clock.monotonic(), self.training.running
        due = now >= self.training.quiet_until
        if running != (self.aggregator.active.status == "training"):
            with self._lock:
                if not self.closed:
                    self._show_training_in_status()
        if not due or self.closed:
            return
        if self.settings.interval is None:
            with self._lock:
                self._publish_progress(now)
        # Else the scheduler publishes: the loop of the user does not wait for that.
        scheduler.wake()

    def _show_training_in_status(self) -> None:
        active, running = self.aggregator.active, self.training.running
        if running and active.lifecycle == "failed":
            active.lifecycle = "registered"
        if running != (active.status == "training"):
            self.aggregator.update_status()
            self._publisher.due = True

    def _on_training_end(self, section: TrainingSection, implicit: bool) -> None:
        with self._lock:
            if self.closed:
                return
            active = self.aggregator.active
            failed = section.state == "failed"
            if failed and active.lifecycle == "registered":
                active.lifecycle = "failed"
            self.training.quiet_until = -inf
            if not implicit and trains_a_model(section):
                self._trained_at = self.clock.time()
                if active.trained_at is None or active.lifecycle == "registered":
                    active.trained_at = self._trained_at
            code = f"status.training_{section.state}"
            self.aggregator.update_status(Message(section.details) if failed else message(code))
            self._publisher.completed(section)
        self.request_show()
        self._draw_line(section)

    def _on_training_alert(self, alert: Alert) -> None:
        with self._lock:
            if self.closed:
                return
            self.events.emit(TrainingAlert, **alert._asdict())
        self.request_show()

    def _take_trained_at(self, facts: Mapping[str, Any]) -> None:
        """Take over when the model was trained that is deployed; the caller has the lock."""
        if facts.get("trained_at") is None and self._trained_at is not None:
            # What was trained since the last deployment is what is deployed.
            self.aggregator.active.trained_at = self._trained_at
        self._trained_at = None

    @property
    def _draws_line(self) -> bool:
        """True in a terminal; a notebook has the panel."""
        return self._terminal is not None and self._kernel.busy() is None

    def _draw_line(self, section: TrainingSection) -> None:
        """Show the run in front in a terminal."""
        if self._terminal is not None and self._draws_line:
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

    def _read_git(self) -> None:
        """Ask git for the commit, on the sampling thread, if a run waits for it."""
        if self.training.wants_git:
            self.training.take_git(git_reader.read())
