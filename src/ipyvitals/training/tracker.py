"""Tracks training runs: takes what they report, and derives what is shown of them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from math import inf
from typing import Any, TypeVar

from ipyvitals.errors import ArgumentTypeError
from ipyvitals.health import Thresholds
from ipyvitals.schema import CurveChunk, RunInfo, SystemSection, TrainingSection
from ipyvitals.training.alerts import Alert, stall_alert
from ipyvitals.training.arguments import CONTEXT, check_total, length_of
from ipyvitals.training.context import innermost
from ipyvitals.training.curve_feed import CurveFeed
from ipyvitals.training.loop import TrackLoop
from ipyvitals.training.metric_values import TakenValue
from ipyvitals.training.record import MAX_METRICS
from ipyvitals.training.reports import MAX_WAITING, MetricReport
from ipyvitals.training.run import TrainingRun
from ipyvitals.training.run_states import ProgressReport, newest_step, report_of
from ipyvitals.training.run_tree import RunTree
from ipyvitals.training.sections import training_section
from ipyvitals.training.stored_curves import due_copies, thinned
from ipyvitals.utils.storable import MAX_INTEGER
from ipyvitals.utils.user_code import safe_text

__all__ = ["TrainingTracker"]

T = TypeVar("T")


class TrainingTracker(RunTree):
    """Takes updates and logged values on any thread, and computes the sections of a snapshot."""

    def track(
        self,
        iterable: Iterable[T] | AsyncIterable[T],
        total: int | None,
        stage: str,
        details: str,
        *,
        parent: Any = CONTEXT,
    ) -> TrackLoop[T]:
        """Return an iterable over `iterable` that counts the steps."""
        if not any(hasattr(iterable, name) for name in ("__iter__", "__getitem__", "__aiter__")):
            raise ArgumentTypeError(
                f"track(): expected something to loop over, got {type(iterable).__name__}; "
                "for a count use range()."
            )
        given = check_total(total)

        def start() -> TrainingRun:
            steps = length_of(iterable) if given is None else given
            return self.start(steps, stage, details, parent=parent, loop=True)

        return TrackLoop(self, iterable, start)

    # Reports

    def update(
        self,
        run: TrainingRun,
        current: Any,
        advance: Any,
        stage: str | None,
        details: str | None,
        mappings: tuple[Any, ...],
        metrics: dict[str, Any],
    ) -> None:
        """Apply an update; ignored when the run has ended."""
        if type(current) is not int and isinstance(current, Mapping):
            mappings, current = (current, *mappings), None
        values = self._admitted(run, self.reports.take(mappings, metrics))
        # The usual case calls little: after a pause each function is slow.
        given = current
        if current is not None and (type(current) is not int or not 0 <= current <= MAX_INTEGER):
            given = self._steps("current", current)
        delta = None if advance is None else self._steps("advance", advance)
        if given is not None and delta is not None:
            self.reports.refuse("advance", advance)
        # Before the lock is acquired: a text may be an object of the user.
        stage = None if stage is None else safe_text(stage)
        details = None if details is None else safe_text(details)
        now = self._clock.monotonic()
        with self._lock:
            if run.state != "running":
                return
            if given is not None:
                self._count(run, given, now)
            elif delta is not None:
                self._count(run, min(MAX_INTEGER, max(0, run._current + delta)), now)
            if stage is not None:
                run.stage = stage
            if details is not None:
                run.details = details
            if values:
                # The steps of the laps before count, too.
                self._put(run, None if given is None else run.offset + given, now, values)
        self._changed(now)

    def log(self, run: TrainingRun, mapping: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Take values of metrics; ignored when the run has ended."""
        taken = self.reports.take(() if mapping is None else (mapping,), metrics)
        values = self._admitted(run, taken)
        where = None if step is None else self.reports.take_step("step", step)
        now = self._clock.monotonic()
        with self._lock:
            if run.state != "running":
                return
            self._put(run, where, now, values)
            if not (run.counted or run._has_inner):
                self._follow(run, where, now)
        self._changed(now)

    def log_here(self, mapping: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Take values of the run that is open in this context; open one where none is.

        A run that an earlier cell opened, without a loop of its own, is open for later cells.
        """
        self.end_abandoned_loops()
        self.end_returned()
        run = innermost(self) or self._left_open()
        if run is None:
            run = self.start(None, "Training", "", parent=None, implicit=True)
        run.log(mapping, step=step, **metrics)

    def _left_open(self) -> TrainingRun | None:
        for run in reversed(self.open_runs):
            opened = run.parent is None and not (run.implicit or run.counted)
            if opened and run.place is not None and run.place.is_here():
                return run
        return None

    def _put(
        self, run: TrainingRun, step: float | None, now: float, values: dict[str, TakenValue]
    ) -> None:
        if not (run.counted or run._has_inner):
            run.reports += 1
        if step is None:
            step = newest_step(run)
        at = self._clock.time()
        report = MetricReport(run, step, now - run.record.started, at, values)
        self.reports.waiting.append(report)

    def _admitted(self, run: TrainingRun, values: dict[str, TakenValue]) -> dict[str, TakenValue]:
        """Return the values of metrics that the run has, or has room for; warn of others once."""
        record, names = run.record, run.record.metric_names
        if values.keys() <= names:
            return values
        with self._lock:
            new = [name for name in values if name not in names]
            room = MAX_METRICS - len(names)
            names.update(new[:room])
        if len(new) <= room:
            return values
        if not record.has_all_metrics:
            record.has_all_metrics = True
            self.reports.refuse_more("training.metrics", MAX_METRICS, new[room])
        return {name: value for name, value in values.items() if name in names}

    def _changed(self, now: float) -> None:
        self.version += 1
        if len(self.reports.waiting) > MAX_WAITING:
            self.reports.fold()
        if now >= self.quiet_until:
            self._on_change()

    def _count(self, run: TrainingRun, current: int, now: float) -> None:
        if current < run._current:
            # The user set the count back, so the progress bar may go back too.
            run.reached = 0.0
        elif current > run._current:
            run.record.count(current - run._current, now)
        run._current, run.counted = current, True

    def _follow(self, run: TrainingRun, step: float | None, now: float) -> None:
        """Count the steps of a run that only logs: the highest given one, else the calls."""
        if step is None:
            run.logged += 1
            reached = 0 if run.counts_from is not None else run.logged
        else:
            if run.counts_from is None:
                # Steps from 0 on are indices: step 39 is the end of 40 steps.
                run.counts_from = 0 if step == 0 else 1
            reached = min(MAX_INTEGER, int(step) + 1 - run.counts_from)
        if reached > run._current:
            run.record.count(reached - run._current, now)
            run._current = reached

    def _steps(self, what: str, value: Any) -> int | None:
        number = self.reports.take_step(what, value)
        if number is not None and number < 0 and what == "current":
            self.reports.refuse(what, value)
            return None
        return None if number is None else int(number)

    # Looking

    def judge(self, thresholds: Thresholds) -> None:
        """Take over what counts as an alert."""
        self.stall_seconds = thresholds.stall
        self.reports.judges_finite = thresholds.not_finite

    def look(self) -> None:
        """Apply what waits, notice the steps of all open runs, and judge whether they stall."""
        self.fold()
        alerts: list[Alert] = []
        with self.reports.lock, self._lock:
            now, at = self._clock.monotonic(), self._clock.time()
            for run in self._open:
                self.version += run.record.look(now)
                alert = stall_alert(run, now, at, self.stall_seconds)
                if alert is not None:
                    alerts.append(alert)
        for alert in alerts:
            self._on_alert(alert)

    def take_reading(self, reading: SystemSection) -> None:
        """Add a reading of the machine to what the open runs take."""
        with self._lock:
            now = self._clock.monotonic()
            for run in self._open:
                run.record.meter.add(reading, run.record.steps + run.current, now)

    def section(self, *, read: bool = True) -> TrainingSection:
        """Return the section of the run in front: the oldest open one at the top.

        With `read` false, what waits for a device is left out; see `ReportQueue.fold`.
        """
        self.reports.fold(read=read)
        with self.reports.lock, self._lock:
            front = next((run for run in self._open if run.parent is None), None)
            if front is not None:
                now = self._clock.monotonic()
                front.record.look(now)
                self._last = training_section(front, now)
            return self._last

    def runs(self, *, read: bool = True) -> list[RunInfo]:
        """Return the open runs, oldest first, then the last ones that ended, newest first."""
        self.reports.fold(read=read)
        with self.reports.lock, self._lock:
            now = self._clock.monotonic()
            for run in self._open:
                run.record.look(now)
            return [
                *(run.record.info(now) for run in self._open),
                *(info for _, info in self._ended),
            ]

    def progress(self) -> list[ProgressReport]:
        """Return the state of all open runs, without metrics."""
        with self.reports.lock, self._lock:
            now, at = self._clock.monotonic(), self._clock.time()
            return [report_of(run, at, run.current, {}, run.record.info(now)) for run in self._open]

    # Curves

    def open_feed(self) -> CurveFeed:
        """Return what collects the new values of curves; the same one each time."""
        with self.reports.lock, self._lock:
            if self._feed is None:
                self._feed = CurveFeed()
                for run in self._open:
                    run.record.series.feed = self._feed
            return self._feed

    def changes(self) -> list[CurveChunk]:
        """Return what is new in the curves since the last call."""
        self.fold()
        feed = self.open_feed()
        with self.reports.lock:
            return feed.take()

    def take_stored(self) -> tuple[tuple[int, CurveChunk], ...]:
        """Return curves of open runs that are to be stored now, each with the number of its run."""
        with self.reports.lock, self._lock:
            copies = due_copies(self._open, self._clock.monotonic())
        return thinned(copies)

    def curves(
        self,
        run_id: str | None = None,
        limit: int | None = None,
        *,
        metric: str | None = None,
        first_step: float | None = None,
        last_step: float | None = None,
        read: bool = True,
    ) -> list[CurveChunk]:
        """Return the curves of the runs of a snapshot.

        Parameters
        ----------
        run_id, metric : str, optional
            Only of this run, and of this metric.
        limit : int, optional
            Most buckets of one curve; by default all that there are.
        first_step, last_step : float, optional
            Only buckets that have a step in this range.
        read : bool
            False leaves out what waits for a device; see `ReportQueue.fold`.
        """
        self.reports.fold(read=read)
        first = -inf if first_step is None else first_step
        last = inf if last_step is None else last_step
        with self.reports.lock, self._lock:
            records = [*(run.record for run in self._open), *(record for record, _ in self._ended)]
            return [
                curve.chunk(record.run_id, name, limit=limit, first_step=first, last_step=last)
                for record in records
                if run_id in (None, record.run_id)
                for name, curve in record.series.curves.items()
                if metric in (None, name)
            ]
