"""Tracks the tree of training runs: which are open, inside which, and how far they are."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from math import inf
from operator import length_hint
from types import CodeType
from typing import Any, TypeVar
from uuid import uuid4
from weakref import finalize

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.health import Thresholds
from ipyvitals.schema import CurveChunk, RunEnd, RunInfo, TrainingSection, TrainingState
from ipyvitals.schema.messages import Message, message
from ipyvitals.schema.training import ENDED_RUNS
from ipyvitals.training.alerts import Alert, stall_alert
from ipyvitals.training.context import RunPlace, enter, innermost, leave
from ipyvitals.training.curve_feed import CurveFeed
from ipyvitals.training.loop import TrackLoop
from ipyvitals.training.metric_values import TakenValue
from ipyvitals.training.record import RunRecord
from ipyvitals.training.reports import MetricReport, ReportQueue
from ipyvitals.training.run import COUNTER_LENGTH, ProgressReport, TrainingRun, end_by_error
from ipyvitals.training.sections import training_section
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.notices import Notices

__all__ = ["CONTEXT", "TrainingTracker"]

T = TypeVar("T")

CONTEXT: Any = ...
"""The default of ``parent=``: the run that is open in the context."""
PLACES = 8


class TrainingTracker:
    """Holds the open runs, and computes their sections.

    Two locks, the outer one first: that of the report queue guards the values of metrics, that of
    the tracker guards which runs are open and how far they are.

    Parameters
    ----------
    clock : Clock
        Source of rates and elapsed times.
    notices : Notices
        Counts values that cannot be taken, and those that are not finite.
    on_change : callable
        Called after each change, outside the locks.
    on_end : callable
        Called, outside the locks, with the section of a run at the top when it ends.
    wake : callable
        Wakes the scheduler. It may be called from the garbage collector, so it must take no lock.
    on_report : callable
        Called with a `ProgressReport` whenever a run begins or ends, or a run reports metrics.
    on_alert : callable
        Called, outside the locks, with an `Alert`.
    warn : callable
        Called with a message, on the user's thread, when a value cannot be taken.
    """

    def __init__(
        self,
        clock: Clock,
        notices: Notices,
        on_change: Callable[[], None],
        on_end: Callable[[TrainingSection], None],
        wake: Callable[[], None],
        on_report: Callable[[ProgressReport], object] = lambda report: None,
        on_alert: Callable[[Alert], object] = lambda alert: None,
        warn: Callable[[Message], object] = lambda message: None,
    ) -> None:
        self._clock = clock
        self.monotonic = clock.monotonic
        self._on_change = on_change
        self._on_end = on_end
        self._wake = wake
        self._on_report = on_report
        self._on_alert = on_alert
        self.reports = ReportQueue(notices, on_report, on_alert, warn)
        self.stall_seconds: float | None = 30.0
        """Shortest time without a step that is a stall; ``None`` for no such alert."""
        self._prefix = uuid4().hex[:8]
        self._number = 0
        self._cell = 0
        self._abandoned: deque[tuple[TrainingRun, float]] = deque()
        self._lock = threading.RLock()
        self._open: list[TrainingRun] = []
        """Open runs, oldest first."""
        self._owned: dict[int, TrainingRun] = {}
        """The newest run of each owner, by the owner's id."""
        self._ended: deque[tuple[RunRecord, RunInfo]] = deque()
        """The last runs that ended, newest first."""
        self._place_used = [0] * PLACES
        """Number of the last run that took each place."""
        self._last = TrainingSection()
        self._feed: CurveFeed | None = None
        self.version = 0
        """Grows with each change of a run that a view shows, looked at ten times a second."""

    @property
    def running(self) -> bool:
        """True while a run is open."""
        return bool(self._open)

    @property
    def has_abandoned_loops(self) -> bool:
        """True while an abandoned loop waits for `end_abandoned_loops`."""
        return bool(self._abandoned)

    @property
    def open_runs(self) -> list[TrainingRun]:
        """Open runs, oldest first."""
        return list(self._open)

    @property
    def tracked(self) -> list[TrainingRun]:
        """Open runs that belong to a `track` loop, oldest first."""
        return [run for run in self.open_runs if run._counter is not None]

    # Beginning

    def start(
        self,
        total: int | None,
        stage: str,
        details: str,
        *,
        parent: Any = CONTEXT,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        goals: Mapping[str, Any] | None = None,
        unit: str | None = None,
        owner: object = None,
        stop_raises: bool = False,
        loop: bool = False,
        implicit: bool = False,
    ) -> TrainingRun:
        """Open a run inside `parent`, by default inside the run that is open in this context."""
        total, stage = _total(total), str(stage)
        facts = _facts(name, config, tags, goals, unit)
        self.end_abandoned_loops()
        inside = innermost(self, implicit=False) if parent is CONTEXT else _parent(parent)
        self._end_replaced(owner, inside)
        with self._lock:
            if inside is not None and inside.state != "running":
                inside = None
            now, at = self._clock.monotonic(), self._clock.time()
            record = inside.loops.get(stage) if loop and inside is not None else None
            if record is None or (record.run is not None and record.run.state == "running"):
                record = self._new_record(inside, now, at)
                if loop and inside is not None:
                    inside.loops.setdefault(stage, record)
            record.describe(stage, **facts)
            run = TrainingRun(self, record, total, stage, str(details))
            run.implicit, run.stop_raises = implicit, stop_raises
            run.cell, run.place, run.counted = self._cell, RunPlace(), loop
            if inside is not None:
                run.parent = inside
                run.should_stop = run.interrupt = inside.should_stop
                inside._has_inner = True
                inside.children.append(run)
            record.begin_lap(run, now)
            record.series.feed = self._feed
            self._open.append(run)
            self._ended = deque(item for item in self._ended if item[0] is not record)
        if owner is not None:
            self._own(owner, run)
        enter(run)
        self._on_report(run.report(at, run.current, {}))
        self._on_change()
        return run

    def _end_replaced(self, owner: object, inside: TrainingRun | None) -> None:
        """End the runs that nobody goes on with, because another one begins in their place."""
        former = [self._owned.pop(id(owner), None)] if owner is not None else []
        if inside is None:
            # A cell that opened a run and left it open has ended.
            former += [
                run
                for run in self.open_runs
                if run.parent is None and run.cell < self._cell and not run.is_elsewhere
            ]
        for run in former:
            if run is not None:
                self.end(run, "stopped", None, "replaced")

    def _own(self, owner: object, run: TrainingRun) -> None:
        self._owned[id(owner)] = run
        try:
            finalize(owner, self.abandon, run).atexit = False
        except TypeError:
            # No weak reference to the owner is possible: its end is not seen.
            return

    def _new_record(self, inside: TrainingRun | None, now: float, at: float) -> RunRecord:
        self._number += 1
        record = RunRecord(self._number, f"{self._prefix}-{self._number}", now, at)
        if inside is not None:
            record.parent_id = inside.run_id
        taken = {run.record.place for run in self._open}
        free = [place for place in range(PLACES) if place not in taken]
        if free and inside is None:
            record.place = min(free, key=lambda place: self._place_used[place])
            self._place_used[record.place] = self._number
        return record

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

        def start() -> TrainingRun:
            steps = _length(iterable) if total is None else total
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
        if isinstance(current, Mapping):
            mappings, current = (current, *mappings), None
        values = self.reports.take(mappings, metrics)
        given = None if current is None else self._steps("current", current)
        delta = None if advance is None else self._steps("advance", advance)
        if given is not None and delta is not None:
            self.reports.refuse("advance", advance)
        now = self._clock.monotonic()
        with self._lock:
            if run.state != "running":
                return
            if given is not None:
                self._count(run, given, now)
            elif delta is not None:
                self._count(run, max(0, run._current + delta), now)
            if stage is not None:
                run.stage = str(stage)
            if details is not None:
                run.details = str(details)
            if values:
                self._put(run, given, now, values)
        self._changed()

    def log(self, run: TrainingRun, mapping: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Take values of metrics; ignored when the run has ended."""
        values = self.reports.take(() if mapping is None else (mapping,), metrics)
        where = None if step is None else self.reports.take_step("step", step)
        now = self._clock.monotonic()
        with self._lock:
            if run.state != "running":
                return
            self._put(run, where, now, values)
        self._changed()

    def log_here(self, mapping: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Take values of the run that is open in this context; open one where none is."""
        self.end_abandoned_loops()
        run = innermost(self)
        if run is None:
            run = self.start(None, "Training", "", parent=None, implicit=True)
        run.log(mapping, step=step, **metrics)

    def _put(
        self, run: TrainingRun, step: float | None, now: float, values: dict[str, TakenValue]
    ) -> None:
        if not (run.counted or run._has_inner):
            run.reports += 1
            if run.implicit:
                run._current = max(run.reports, int(step or 0))
        if step is None:
            step = run.newest_step
        at = self._clock.time()
        self.reports.put(MetricReport(run, step, now - run.record.started, at, values))

    def _changed(self) -> None:
        self.version += 1
        if self.reports.is_full:
            self.reports.fold()
        self._on_change()

    def _count(self, run: TrainingRun, current: int, now: float) -> None:
        if current < run._current:
            # The user set the count back, so the progress bar may go back too.
            run.reached = 0.0
        elif current > run._current:
            run.record.count(current - run._current, now)
        run._current, run.counted = current, True

    def _steps(self, what: str, value: Any) -> int | None:
        number = self.reports.take_step(what, value)
        if number is not None and number < 0 and what == "current":
            self.reports.refuse(what, value)
            return None
        return None if number is None else int(number)

    def fold(self) -> None:
        """Apply the values that wait."""
        self.reports.fold()

    # Ending

    def end(
        self,
        run: TrainingRun,
        state: TrainingState,
        details: str | None,
        end: RunEnd,
        **args: str | float,
    ) -> None:
        """End a run and the open runs inside it."""
        self.fold()
        now, at = self._clock.monotonic(), self._clock.time()
        with self.reports.lock, self._lock:
            if run.state != "running":
                return
            ended = _subtree(run)
            for inner in ended[1:]:
                inner._current = inner.current
            steps = run.current
            if state == "completed" and run._counter is not None:
                steps = COUNTER_LENGTH - length_hint(run._counter)
            if run.record.timer.steps and run._counter is not None:
                run.record.stepped = now
            run._current, run._counter = steps, None
            if end == "requested" and run.stopped_at is not None:
                run._current, run.reached = run.stopped_at
            run.record.look(now)
            if details is not None:
                run.details = details
            for inner in reversed(ended):
                outer = run is inner
                self._close(inner, state if outer else "stopped", end, args, now, at)
            last = training_section(run, now) if run.parent is None else None
            if last is not None:
                self._last = last
        leave(run)
        for inner in reversed(ended):
            self._on_report(inner.report(at, inner.current, {}))
        if last is not None:
            self._on_end(last)
        else:
            self._on_change()

    def _close(
        self,
        run: TrainingRun,
        state: TrainingState,
        end: RunEnd,
        args: dict[str, str | float],
        now: float,
        at: float,
    ) -> None:
        record, parent = run.record, run.parent
        if end == "requested" and parent is not None and parent.stopped_at is None:
            parent.stopped_at = parent.current, parent.nested_fraction or 0.0
        run.state, record.end, record.stalled = state, end, None
        self._open.remove(run)
        outer = parent
        while outer is not None:
            # What this run did counts in the runs around it before it leaves them.
            _ = outer.nested_fraction
            outer = outer.parent
        if end not in ("completed", "failed", "stopped"):
            sentence = message(f"run.{end}", **args)
            record.reason = sentence.text, f"run.{end}", dict(args)
        record.end_lap(run._current, now, at)
        if parent is not None:
            parent.finished_steps += run.leaf_steps
            parent.children.remove(run)
            parent.record.inner_metrics.update(record.inner_metrics)
            parent.record.inner_metrics.update(record.series.metrics)
            waited = record.timer.ratio
            if waited is not None:
                parent.record.inner_waited += waited * (now - record.lap_started)
        self._ended.appendleft((record, record.info(now)))
        while len(self._ended) > ENDED_RUNS:
            self._ended.pop()[0].series.drop_curves()

    def close(self) -> None:
        """End all open runs: the monitor closes."""
        for run in self.open_runs:
            if run.implicit:
                run.complete()
            elif run.parent is None:
                self.end(run, "stopped", message("run.closed").text, "closed")

    def ask_to_stop(self, run_id: str | None = None) -> int:
        """Request the end of one run and those inside it, or of all; return their number."""
        runs = [run for run in self.open_runs if run_id is None or _is_inside(run, run_id)]
        for run in runs:
            run.should_stop = run.interrupt = True
        self._wake()
        return len(runs)

    def abandon(self, run: TrainingRun) -> None:
        """Leave the end of a loop that was left to the next call. Takes no lock."""
        self._abandoned.append((run, self._clock.monotonic()))
        self._wake()

    def end_abandoned_loops(
        self, error: BaseException | None = None, *, before: float = inf
    ) -> None:
        """End loops that were abandoned before the monotonic time `before`.

        A loop that `error` left ends as failed, or as stopped for a ``KeyboardInterrupt``; any
        other loop ends as stopped. Inside a generator, ``break`` and an exception look the same;
        only the traceback, which the notebook receives later, distinguishes them.
        """
        while self._abandoned and self._abandoned[0][1] < before:
            run, _ = self._abandoned.popleft()
            if error is None or run.abandoned_at not in _lines_of(error):
                self.end(run, "stopped", None, "left")
            else:
                end_by_error(run, error)

    # Cells of a notebook

    def begin_cell(self, *, nested: bool) -> set[int]:
        """Return the ids of the open runs, which a cell that begins did not open."""
        if not nested:
            self._cell += 1
        return {id(run) for run in self.open_runs}

    def end_cell(self, started: set[int], error: BaseException | None) -> None:
        """End what a cell left open: its implicit runs, and after an error all of its runs.

        Runs in `started` were open before, and runs of other threads and tasks go on.
        """
        if error is not None:
            self.end_abandoned_loops(error)
        for run in self.open_runs:
            if id(run) in started or run.is_elsewhere:
                continue
            if error is None:
                if run.implicit:
                    run.complete()
            elif isinstance(error, KeyboardInterrupt):
                end_by_error(run, error)
            else:
                kind, text = type(error).__name__, str(error)
                details = f"{kind}: {text}" if text else kind
                self.end(run, "failed", details, "cell", error=kind)

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

    def section(self) -> TrainingSection:
        """Return the section of the run in front: the oldest open one at the top."""
        self.fold()
        with self.reports.lock, self._lock:
            front = next((run for run in self._open if run.parent is None), None)
            if front is not None:
                now = self._clock.monotonic()
                front.record.look(now)
                self._last = training_section(front, now)
            return self._last

    def runs(self) -> list[RunInfo]:
        """Return the open runs, oldest first, then the last ones that ended, newest first."""
        self.fold()
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
        with self._lock:
            at = self._clock.time()
            return [run.report(at, run.current, {}) for run in self._open]

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

    def curves(self, run_id: str | None = None, limit: int | None = None) -> list[CurveChunk]:
        """Return the whole curves of the runs of a snapshot, each in at most `limit` buckets."""
        self.fold()
        with self.reports.lock, self._lock:
            records = [*(run.record for run in self._open), *(record for record, _ in self._ended)]
            return [
                chunk
                for record in records
                if run_id in (None, record.run_id)
                for chunk in record.series.chunks(limit)
            ]

    def reset_lock(self) -> None:
        """Replace the locks in a forked child, where no thread would release the old ones."""
        self.reports.make_lock()
        self._lock = threading.RLock()


def _parent(parent: Any) -> TrainingRun | None:
    run = parent.run if isinstance(parent, TrackLoop) else parent
    if run is not None and not isinstance(run, TrainingRun):
        raise ArgumentTypeError(
            f"parent={parent!r}: expected a run, as training() returns it, or None for a run of "
            "its own."
        )
    return run


def _subtree(run: TrainingRun) -> list[TrainingRun]:
    """Return a run and the open runs inside it, each before those inside it."""
    return [run, *(inner for child in run.children for inner in _subtree(child))]


def _facts(name: Any, config: Any, tags: Any, goals: Any, unit: Any) -> dict[str, Any]:
    """Return what the user said of a run, checked."""
    if config is not None and not isinstance(config, Mapping):
        raise ArgumentTypeError(f"config={config!r}: expected a mapping of names to values.")
    if isinstance(tags, str):
        raise ArgumentTypeError(f"tags={tags!r}: expected a list of texts, got one text.")
    goals = dict(goals or {})
    for metric, goal in goals.items():
        if goal not in ("min", "max"):
            raise ArgumentValueError(
                f"goals: expected 'min' or 'max' for {metric!r}, got {goal!r}."
            )
    return {
        "name": None if name is None else str(name),
        "config": dict(config or {}),
        "tags": [str(tag) for tag in tags],
        "goals": goals,
        "unit": None if unit is None else str(unit),
    }


def _is_inside(run: TrainingRun | None, run_id: str) -> bool:
    while run is not None:
        if run.run_id == run_id:
            return True
        run = run.parent
    return False


def _length(iterable: Any) -> int | None:
    try:
        hint = length_hint(iterable, -1)
    except Exception:
        # Some streaming data loaders have a __len__ that raises other errors than TypeError.
        return None
    return None if hint < 0 else hint


def _total(total: Any) -> int | None:
    if total is None:
        return None
    try:
        count = int(total)
        if count < 0 or count != total:
            raise ValueError
        return count
    except (TypeError, ValueError, OverflowError):
        raise ArgumentValueError(
            f"total={total!r}: expected a whole number of steps, 0 or more, "
            "or None where it is not known."
        ) from None


def _lines_of(error: BaseException) -> set[tuple[CodeType, int]]:
    lines: set[tuple[CodeType, int]] = set()
    traceback = error.__traceback__
    while traceback is not None:
        lines.add((traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
    return lines
