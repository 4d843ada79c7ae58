"""Coordinates ingestion, evaluation, publishing and persistence of one monitor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ipyvitals.events.callbacks import CallbackDispatcher
from ipyvitals.events.event_log import EventLog
from ipyvitals.health import Thresholds
from ipyvitals.remote.address import Place, withdraw
from ipyvitals.remote.report import WriterIdentity
from ipyvitals.remote.routes import Sink
from ipyvitals.runtime.aggregator import ModelAggregator
from ipyvitals.runtime.config import MonitorConfig
from ipyvitals.runtime.periodic import PeriodicWork
from ipyvitals.runtime.persistence import Persistence
from ipyvitals.runtime.publisher import Publisher, View
from ipyvitals.runtime.reporting import ReportReceiver, ReportSender
from ipyvitals.runtime.sampling import SamplingTask, sampling_scheduler
from ipyvitals.runtime.scheduler import scheduler
from ipyvitals.runtime.shutdown import CLOSE_SECONDS, save_at_exit
from ipyvitals.runtime.supervision import ThreadSupervisor
from ipyvitals.schema import ModelInfo, RunInfo, Snapshot, SystemSection, merge_runs
from ipyvitals.schema.messages import Message
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.system.system_monitor import Kernel, Sampler, SystemMonitor
from ipyvitals.training.environment import RunFacts
from ipyvitals.training.tracker import TrainingTracker
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import Lock, new_rlock
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.threads import Worker, run_uninterrupted
from ipyvitals.utils.weak_callbacks import fan_out, weak_callback, weak_result

__all__ = ["Engine"]

T = TypeVar("T")

DRAIN_SECONDS = 5.0
"""How long a call waits for user code that scores records on another thread."""
LAST_DRAIN_SECONDS = 30.0
"""The same for the end of a monitor, after which nothing is counted any more."""


class Engine(PeriodicWork):
    """Coordinates ingestion, evaluation, publishing and persistence on one schedule.

    One lock guards the state of all models. The locks of the training tracker, the event log and
    the storage are taken inside it, never the other way round. Records are scored, the machine is
    read, views draw, user callbacks run and notices are logged without it.

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
        self._lock = new_rlock("engine")
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
        self.training.prefix = self.persistence.session_token()
        self.training.judge(settings.thresholds)
        self.training.describe = weak_result(self, Engine._run_facts, RunFacts())
        notices = self.notices
        self.aggregator = ModelAggregator(
            settings,
            clock,
            self.notices,
            self.events,
            training=weak_result(self, Engine._is_training, False),
            on_mismatch=on_mismatch,
            lock=self._lock,
        )
        if settings.store_predictions:
            self.aggregator.queue.store_records = self.persistence.predictions.add
            self.aggregator.queue.store_label = self.persistence.predictions.label
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
        self._start_timers(clock.monotonic())
        self._start_training_work()
        self.sampling = SamplingTask(
            clock, settings.interval or inf, weak_callback(self, Engine._on_sample_due)
        )
        self.place: Place | None = None
        """Where this process, or its children, report."""
        self.sender: ReportSender | None = None
        self.receiver: ReportReceiver | None = None
        self._final: Snapshot | None = None
        self._ended = threading.Event()
        self._closer: int | None = None
        self._threads = ThreadSupervisor(
            self.notices, partial(_workers, self.callbacks, self.persistence, settings.interval)
        )
        renew_in_child(self)
        save_at_exit(self)
        if settings.interval is not None:
            scheduler.add(self)
            sampling_scheduler.add(self.sampling)

    # Calls of the user

    def deploy(self, model_id: str, *, announce: bool, **facts: Any) -> None:
        """Make a model the active one and set its `facts`; `announce` emits the deployment."""
        with self._lock:
            known = model_id in self.aggregator.registry
            claimed = self.persistence.claim_restore(model_id, known=known)
        restored = False
        try:
            checkpoint = None
            if claimed:
                checkpoint = self.persistence.restore(model_id, facts, self.history)
            self.drain()
            with self._lock:
                if self.closed:
                    # A newer monitor of this name goes on from the stored state.
                    return
                self.aggregator.deploy(model_id, announce=announce, checkpoint=checkpoint, **facts)
                restored = True
                if announce:
                    self._take_trained_at(facts)
                    self.persistence.deployed(self.aggregator.active)
        finally:
            if claimed:
                self.persistence.end_restore(model_id, restored=restored)
        self.request_show()

    def drain(self, seconds: float = DRAIN_SECONDS, *, read: bool = True) -> None:
        """Add all records to the models, and end loops that nobody runs; `read` waits for a GPU."""
        self.training.end_abandoned_loops()
        self.training.end_returned()
        self.training.reports.fold(read=read)
        self.drain_queue(seconds)

    def drain_queue(self, seconds: float = DRAIN_SECONDS, *, quiet: bool = False) -> None:
        """Add all records so far to the models, and evaluate them.

        Waits for `seconds` at most for user code that scores records on another thread; a longer
        wait is a notice, unless the caller is `quiet` about it. The caller must have no lock,
        since this call scores records too, and logs new notices.
        """
        self._threads.check()
        now, queue = self.clock.monotonic(), self.aggregator.queue
        if not self.closed and queue.needs_drain(now):
            drain = partial(queue.drain, now, seconds)
            done = run_uninterrupted(drain, seconds, lambda: queue.drains)
            if not (done or quiet):
                self.notices.add("intake.waiting", seconds=seconds)
        with self._lock:
            if not self.closed:
                self.aggregator.update_status()
        self.notices.log_new()

    def snapshot(self) -> Snapshot:
        """Return the current state, with all records so far."""
        self.drain()
        return self.current()

    def current(self) -> Snapshot:
        """Return the current state, without the records that wait in the queue."""
        with self._lock:
            if self._final is not None:
                return msgspec.structs.replace(self._final, notices=self.notices.get())
            return self._snapshot(self._system.now())

    def models(self) -> list[ModelInfo]:
        """Return the models that have a name or a prediction, oldest first."""
        self.drain()
        with self._lock:
            return self.aggregator.models() if self._final is None else list(self._final.models)

    def acknowledge(self, model_id: str | None = None) -> int:
        """Mark a model's alert as seen; return whether there is one."""
        with self._lock:
            done = 0 if self.closed else self.aggregator.acknowledge(model_id)
        self.request_show()
        return done

    def adjust(self, thresholds: Thresholds) -> None:
        """Replace the thresholds."""
        self.drain()
        with self._lock:
            self.aggregator.adjust(thresholds)
            self._system.adjust(thresholds)
            self.training.judge(thresholds)
        self.request_show()

    def retire(self, model_id: str) -> None:
        """Stop one model."""
        self.drain()
        with self._lock:
            self.aggregator.retire(model_id)
        self.request_show()

    def set_reference(self, model_id: str | None, predictions: Any, features: Any) -> None:
        """Replace the reference that a model's rows are compared with."""
        self.drain()
        rows, columns = self.aggregator.queue.plain_values.columns(predictions, features)
        with self._lock:
            self.aggregator.set_reference(model_id, rows, columns)
        self.request_show()

    def reset(self) -> int:
        """Clear the windows and verdicts of the active model, and the notices."""
        self.drain()
        return self.clear()

    def clear(self) -> int:
        """Reset without the records that wait in the queue."""
        with self._lock:
            if self.closed:
                return 0
            self.notices.clear()
            self.aggregator.reset()
        self.request_show()
        return 1

    def try_locked(self, call: Callable[[], T], seconds: float) -> T | None:
        """Run `call` under the lock; return ``None`` if the lock is not free within `seconds`."""
        acquired = False
        try:
            acquired = self._lock.acquire(timeout=seconds)
            return call() if acquired else None
        finally:
            if acquired:
                self._lock.release()

    def watch(self, view: View) -> None:
        """Show snapshots in `view` from now on."""
        self._publisher.watch(view)
        self.request_show()

    def tick(self) -> None:
        """Run all periodic work, due or not."""
        self._sample()
        if self.receiver is not None:
            self.receiver.read()
        self.publish()
        if self.sender is not None:
            self.sender.report()

    def publish(self) -> None:
        """Drain the queue, then publish and show what changed."""
        self.drain()
        self.training.look()
        with self._lock:
            if self.closed:
                return
            self._publish_progress(self.clock.monotonic())
            self._publish_metrics()
            self._keep(save=True, all=True)
            self._publisher.due = True
        self._store_curves(self.clock.monotonic())
        self._show()
        self.notices.log_new()

    def keep(self, *, save: bool = True, all: bool = False) -> None:
        """Hand rows and checkpoints over to the storage; with `save` the writer is woken.

        With `all`, large windows are included.
        """
        self.training.fold()
        self.drain_queue()
        with self._lock:
            self._keep(save=save, all=all)
        self.notices.log_new()

    def save_last(self, seconds: float) -> None:
        """End open runs and hand over the last rows, within `seconds`: the interpreter exits."""
        self.persistence.wait_for_restores(seconds)
        self.drain_queue(seconds)
        self.training.close()
        self._report_last()
        self.try_locked(partial(self._keep, save=True, all=True), seconds)

    def close(self) -> None:
        """Drain the queue, stop the models, and release threads and storage, in this order."""
        self.persistence.wait_for_restores(CLOSE_SECONDS)
        self.drain(LAST_DRAIN_SECONDS)
        self.training.close()
        self._report_last()
        with self._lock:
            first, self._closer = not self.closed, self._closer or threading.get_ident()
            if first:
                self._end_models()
        if self._closer != threading.get_ident():
            # Who makes a monitor of the same name waits until this one is stored.
            self._ended.wait(2 * CLOSE_SECONDS)
        elif not self._ended.is_set():
            self._release()

    def _report_last(self) -> None:
        if self.receiver is not None and not self.closed:
            self.receiver.read()
        if self.sender is not None:
            self.sender.report(final=True)

    def _release(self) -> None:
        """Release threads and storage; a call that was interrupted may be made again."""
        scheduler.remove(self)
        for task in (self.sender, self.receiver, self.sampling):
            if task is not None:
                sampling_scheduler.remove(task)
        if self.receiver is not None and self.place is not None:
            withdraw(self.settings.name, self.place)
        self._show()
        self._publisher.end()
        self.callbacks.close()
        self.persistence.close()
        self._system.close()
        self._ended.set()
        self.notices.log_new()

    def _end_models(self) -> None:
        # Stored before the models stop: a new kernel continues from this state.
        self._keep(save=True, all=True)
        self.aggregator.stop()
        self.persistence.keep(self.aggregator, self.history, save=False)
        self.closed, self._final = True, self._snapshot(self._system.now())

    def _snapshot(self, system: SystemSection) -> Snapshot:
        return Snapshot(
            monitor=self.settings.name,
            seq=self.events.seq,
            at=self.clock.time(),
            **self._training(),
            system=system,
            notices=self.notices.get(),
            **self._with_workers(self.aggregator.sections()),
        )

    def _is_training(self) -> bool:
        receiver = self.receiver
        return self.training.running or (receiver is not None and receiver.workers.training_now)

    def _training(self) -> dict[str, Any]:
        section = self.training.section(read=False)
        if self.receiver is not None and self.receiver.workers.known:
            section = self.receiver.workers.training(section, self.training.runs(read=False))
        return {"training": section, "runs": self._runs()}

    def _runs(self) -> list[RunInfo]:
        runs = self.training.runs(read=False)
        if self.receiver is None:
            return runs
        return merge_runs(runs, self.receiver.workers.runs())

    def _with_workers(self, sections: dict[str, Any]) -> dict[str, Any]:
        if self.receiver is not None and self.receiver.workers.known:
            workers = self.receiver.workers
            sections["workers"] = workers.rows(self.clock.monotonic())
            sections["labels"] = workers.labels(sections["labels"])
        return sections

    def request_show(self) -> None:
        """Have the scheduler show the state soon; takes no lock."""
        self._publisher.due = True
        scheduler.wake()

    def _show(self) -> None:
        self._publisher.show(
            self._newest,
            self._runs,
            lambda: self.events.seq,
            self._lock,
            closed=self.closed,
        )

    def _newest(self) -> Snapshot:
        return self._snapshot(self._system.shown()) if self._final is None else self._final

    # Other processes

    @property
    def lock(self) -> Lock:
        """Guards the state of all models."""
        return self._lock

    def shown_system(self) -> SystemSection:
        """Return the newest reading of the machine."""
        return self._system.shown()

    def send_reports(self, writer: WriterIdentity, send: Sink) -> None:
        """Report to a home from now on."""
        self.sender = ReportSender(self, writer, send)
        if self.settings.interval is not None:
            sampling_scheduler.add(self.sender)

    def resume_reports(self) -> None:
        """Report again after the last report."""
        if self.sender is not None:
            self.sender.resume()
            if self.settings.interval is not None:
                sampling_scheduler.add(self.sender)

    def receive_reports(self, folder: Path) -> None:
        """Add the reports in a folder to the models from now on."""
        self.receiver = ReportReceiver(self, folder, self.persistence.session())
        if self.settings.interval is not None:
            sampling_scheduler.add(self.receiver)

    def after_fork(self) -> None:
        """Continue without threads and views in a forked child."""
        self.forked = True
        self.sender = self.receiver = None
        self._lock = self.aggregator.lock = new_rlock("engine")
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


def _workers(
    callbacks: CallbackDispatcher, persistence: Persistence, interval: float | None
) -> list[Worker]:
    shared = [] if interval is None else [scheduler.worker, sampling_scheduler.worker]
    return [*shared, callbacks.worker, *([persistence.worker] if persistence.worker else [])]
