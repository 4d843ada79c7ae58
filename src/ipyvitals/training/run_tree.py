"""Opens and ends training runs: a tree by context, thread and task."""

from __future__ import annotations

import os
import zlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from math import inf
from operator import length_hint
from types import CodeType
from typing import Any
from weakref import finalize

from msgspec.structs import replace

from ipyvitals.schema import RunEnd, RunInfo, TrainingSection, TrainingState
from ipyvitals.schema.messages import Message, message
from ipyvitals.schema.training import ENDED_RUNS
from ipyvitals.training.alerts import Alert
from ipyvitals.training.arguments import CONTEXT, check_facts, check_parent, check_total
from ipyvitals.training.context import RunPlace, enter, innermost, leave
from ipyvitals.training.curve_feed import CurveFeed
from ipyvitals.training.environment import GitState, RunFacts
from ipyvitals.training.record import RunRecord
from ipyvitals.training.reports import ReportQueue
from ipyvitals.training.run import TrainingRun
from ipyvitals.training.run_states import (
    COUNTER_LENGTH,
    ProgressReport,
    end_by_error,
    final_curves,
    is_elsewhere,
    is_inside,
    leaf_steps,
    nested_fraction,
    report_of,
    subtree,
)
from ipyvitals.training.sections import training_section
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import new_rlock
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.user_code import safe_text

__all__ = ["RunTree"]

PLACES = 8


class RunTree(ABC):
    """Holds the open runs and the last ones that ended.

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
        self._prefix = f"{zlib.crc32(f'{clock.time()!r} {os.getpid()}'.encode()):08x}"
        self._number = 0
        self._cell = 0
        self._abandoned: deque[tuple[TrainingRun, float]] = deque()
        self._make_lock()
        self._open: list[TrainingRun] = []
        """Open runs, oldest first."""
        self._owned: dict[int, TrainingRun] = {}
        """The newest run of each owner, by the owner's id."""
        self._ended: deque[tuple[RunRecord, RunInfo]] = deque()
        """The last runs that ended, newest first."""
        self._place_used = [0] * PLACES
        """Number of the last run that took each place."""
        self._last = TrainingSection()
        self.describe: Callable[[], RunFacts] = RunFacts
        """Returns what is known of the process and the model when a run begins."""
        self._without_git: deque[RunRecord] = deque(maxlen=ENDED_RUNS)
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
    def others(self) -> int:
        """Number of open runs at the top besides the one in front."""
        return max(0, sum(run.parent is None for run in self.open_runs) - 1)

    @property
    def tracked(self) -> list[TrainingRun]:
        """Open runs that belong to a `track` loop, oldest first."""
        return [run for run in self.open_runs if run._counter is not None]

    @abstractmethod
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
        """Apply an update of a run."""

    @abstractmethod
    def log(self, run: TrainingRun, mapping: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Take values of metrics of a run."""

    def fold(self) -> None:
        """Apply the values that wait."""
        self.reports.fold()

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
        total, stage = check_total(total), str(stage)
        facts = check_facts(name, config, tags, goals, unit)
        self.end_abandoned_loops()
        inside = innermost(self, implicit=False) if parent is CONTEXT else check_parent(parent)
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
        self._describe(record)
        self._on_report(report_of(run, at, run.current, {}))
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
                if run.parent is None and run.cell < self._cell and not is_elsewhere(run)
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

    def _describe(self, record: RunRecord) -> None:
        """Take over where the run comes from; the state of git may follow."""
        if record.environment is not None:
            return
        facts = self.describe()
        record.model_id, record.environment = facts.model_id, facts.environment
        if facts.wants_git:
            self._without_git.append(record)

    @property
    def wants_git(self) -> bool:
        """True while a run waits for the state of git."""
        return bool(self._without_git)

    def take_git(self, state: GitState) -> None:
        """Add the state of git to the runs that wait for it, also to those that have ended."""
        with self.reports.lock, self._lock:
            while self._without_git:
                # Another thread may add a run meanwhile.
                self._without_git.popleft().take_git(state)
            self._ended = deque(
                (record, replace(info, environment=record.environment))
                for record, info in self._ended
            )

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
            ended = subtree(run)
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
            reports = []
            for inner in reversed(ended):
                outer = run is inner
                info = self._close(inner, state if outer else "stopped", end, args, now, at)
                report = report_of(inner, at, inner.current, {}, info)
                reports.append(report._replace(curves=final_curves(inner)))
            last = training_section(run, now) if run.parent is None else None
            if last is not None:
                self._last = last
        leave(run)
        for report in reports:
            self._on_report(report)
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
    ) -> RunInfo:
        record, parent = run.record, run.parent
        if end == "requested" and parent is not None and parent.stopped_at is None:
            parent.stopped_at = parent.current, nested_fraction(parent) or 0.0
        run.state, record.end, record.stalled = state, end, None
        self._open.remove(run)
        outer = parent
        while outer is not None:
            # What this run did counts in the runs around it before it leaves them.
            nested_fraction(outer)
            outer = outer.parent
        if end not in ("completed", "failed", "stopped"):
            sentence = message(f"run.{end}", **args)
            record.reason = sentence.text, f"run.{end}", dict(args)
        record.end_lap(run._current, now, at)
        if parent is not None:
            parent.finished_steps += leaf_steps(run)
            parent.children.remove(run)
            parent.record.inner_metrics.update(record.inner_metrics)
            parent.record.inner_metrics.update(record.series.metrics)
            waited = record.timer.ratio
            if waited is not None:
                parent.record.inner_waited += waited * (now - record.lap_started)
        info = record.info(now)
        self._ended.appendleft((record, info))
        while len(self._ended) > ENDED_RUNS:
            self._ended.pop()[0].series.drop_curves()
        return info

    def close(self) -> None:
        """End all open runs: the monitor closes."""
        for run in self.open_runs:
            if run.implicit:
                run.complete()
            elif run.parent is None:
                self.end(run, "stopped", message("run.closed").text, "closed")

    def ask_to_stop(self, run_id: str | None = None) -> int:
        """Request the end of one run and those inside it, or of all; return their number."""
        runs = [run for run in self.open_runs if run_id is None or is_inside(run, run_id)]
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
            if id(run) in started or is_elsewhere(run):
                continue
            if error is None:
                if run.implicit:
                    run.complete()
            elif isinstance(error, KeyboardInterrupt):
                end_by_error(run, error)
            else:
                kind, text = type(error).__name__, safe_text(error)
                details = f"{kind}: {text}" if text else kind
                self.end(run, "failed", details, "cell", error=kind)

    def reset_lock(self) -> None:
        """Replace the locks in a forked child, where no thread would release the old ones."""
        self.reports.make_lock()
        self._make_lock()

    def _make_lock(self) -> None:
        # Reentrant: the garbage collector may run any code on the thread that has it.
        self._lock = new_rlock("training runs")


def _lines_of(error: BaseException) -> set[tuple[CodeType, int]]:
    lines: set[tuple[CodeType, int]] = set()
    traceback = error.__traceback__
    while traceback is not None:
        lines.add((traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
    return lines
