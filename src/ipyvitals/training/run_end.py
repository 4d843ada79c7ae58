"""Ends training runs: by a call, by a request, with their cell, their owner, or the monitor."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import inf
from operator import length_hint
from types import CodeType
from typing import Any, NamedTuple

from ipyvitals.schema import RunEnd, TrainingSection, TrainingState
from ipyvitals.schema.messages import message
from ipyvitals.schema.training import ENDED_RUNS
from ipyvitals.training.context import CallPlace, leave
from ipyvitals.training.record import RunRecord
from ipyvitals.training.run import TrainingRun, unknown_end
from ipyvitals.training.run_list import RunList
from ipyvitals.training.run_states import (
    COUNTER_LENGTH,
    INTERRUPTED,
    ProgressReport,
    end_by_error,
    is_elsewhere,
    is_inside,
    leaf_steps,
    nested_fraction,
    report_of,
    subtree,
)
from ipyvitals.training.sections import training_section
from ipyvitals.training.stored_curves import CurveCopy, final_copies, thinned
from ipyvitals.utils.user_code import safe_text

__all__ = ["RunEnder"]


class EndedRun(NamedTuple):
    """The report of a run that has ended, before it is passed on."""

    report: ProgressReport
    copies: list[CurveCopy]
    section: TrainingSection | None
    """Of a run at the top."""
    implicit: bool


class RunEnder(RunList):
    """Ends runs, each with the open runs inside it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unreported: deque[EndedRun] = deque()
        """Runs that have ended and are not reported yet; changed under the lock."""

    def end(
        self,
        run: TrainingRun,
        state: TrainingState,
        details: str | None,
        end: RunEnd,
        **args: str | float,
    ) -> None:
        """End a run and the open runs inside it; an interrupt on the way ends them all the same."""
        try:
            self._end(run, state, details, end, args)
        except BaseException:
            self._end(run, state, details, end, args)
            raise

    def _end(
        self,
        run: TrainingRun,
        state: TrainingState,
        details: str | None,
        end: RunEnd,
        args: dict[str, str | float],
    ) -> None:
        self.fold()
        with self.reports.lock, self._lock:
            if run.state == "running":
                self._close_all(run, state, details, end, args)
        leave(run)
        self._pass_on_ends()

    def _close_all(
        self,
        run: TrainingRun,
        state: TrainingState,
        details: str | None,
        end: RunEnd,
        args: dict[str, str | float],
    ) -> None:
        now, at = self._clock.monotonic(), self._clock.time()
        ended = subtree(run)
        for inner in ended[1:]:
            inner._current = inner.current
        steps = run.current
        if state == "completed" and run._counter is not None:
            steps = COUNTER_LENGTH - length_hint(run._counter)
        if run.record.timer.steps and run._counter is not None:
            run.record.stepped = now
        run._current, run._counter = steps, None
        # It may refer to what was trained.
        run.is_done = unknown_end
        if end == "requested" and run.stopped_at is not None:
            run._current, run.reached = run.stopped_at
        run.record.look(now)
        if details is not None:
            run.details = details
        for inner in reversed(ended):
            # Before the run is closed, which frees the curves of old runs.
            copies = final_copies(inner)
            self._close(inner, state if inner is run else "stopped", end, args, now, at, copies)
            self._drop_curves(inner.loops.values())

    def _pass_on_ends(self) -> None:
        """Report the runs that have ended, outside the locks."""
        while self._unreported:
            with self._lock:
                ended = self._unreported.popleft() if self._unreported else None
            if ended is None:
                return
            try:
                self._on_report(ended.report._replace(curves=thinned(ended.copies)))
                if ended.section is not None:
                    self._on_end(ended.section, ended.implicit)
                else:
                    self._on_change()
            except BaseException:
                self._unreported.appendleft(ended)
                raise

    def _close(
        self,
        run: TrainingRun,
        state: TrainingState,
        end: RunEnd,
        args: dict[str, str | float],
        now: float,
        at: float,
        copies: list[CurveCopy],
    ) -> None:
        """Close a run: completely, or after an interrupt not at all."""
        record, parent = run.record, run.parent
        before = dict(vars(record))
        reported = len(self._unreported)
        try:
            if end == "requested" and parent is not None and parent.stopped_at is None:
                parent.stopped_at = parent.current, nested_fraction(parent) or 0.0
            run.state, record.end, record.stalled = state, end, None
            outer = parent
            while outer is not None:
                # What this run did counts in the runs around it before it leaves them.
                nested_fraction(outer)
                outer = outer.parent
            if end not in ("completed", "failed", "stopped"):
                sentence = message(f"run.{end}", **args)
                record.reason = sentence.text, f"run.{end}", dict(args)
            record.end_lap(run._current, now, at)
            around, around_waits, section = run, 0.0, None
            others, leaves = run.children, run.finished_steps
            if parent is not None:
                around, others, leaves = parent, [*parent.children], parent.finished_steps
                others.remove(run)
                if run.aside:
                    # The runs around and beside it made no step meanwhile, and did not stall.
                    for other in (parent, *others):
                        other.record.stepped = max(other.record.stepped, now)
                else:
                    leaves += leaf_steps(run)
                parent.record.inner_metrics.update(record.inner_metrics)
                parent.record.inner_metrics.update(record.series.metrics)
                around_waits = (record.timer.ratio or 0.0) * (now - record.lap_started)
            else:
                section = training_section(run, now)
            info = record.info(now)
            opened = [other for other in self._open if other is not run]
            ended = deque([(record, info), *self._ended])
            forgotten = [ended.pop()[0] for _ in range(len(ended) - ENDED_RUNS)]
            report = report_of(run, at, run.current, {}, info)
            self._unreported.append(EndedRun(report, copies, section, run.implicit))
            parts = opened, ended, section or self._last, others, leaves
            # One line without a call, which no interrupt can divide.
            self._open, self._ended, self._last, around.children, around.finished_steps = parts
        except BaseException:
            run.state = "running"
            vars(record).update(before)
            while len(self._unreported) > reported:
                self._unreported.pop()
            raise
        around.record.inner_waited += around_waits
        self._drop_curves(forgotten)

    def _drop_curves(self, records: Iterable[RunRecord]) -> None:
        """Free the curves that no snapshot has, unless an open run has yet to store them."""
        shown = {id(record) for record, _ in self._ended}
        for run in self._open:
            shown.update(id(record) for record in (run.record, *run.loops.values()))
        for record in records:
            if id(record) not in shown:
                record.series.drop_curves()

    def close(self) -> None:
        """End all open runs: the monitor closes."""
        self.end_returned()
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
                self.end_inferred(run, "stopped", None, "left")
            else:
                end_by_error(run, error)

    def end_returned(self, call: CallPlace | None = None) -> None:
        """End the runs of calls of frameworks that have returned.

        Parameters
        ----------
        call : CallPlace, optional
            A call that begins: one that had the same place has returned.
        """
        for run in self.open_runs:
            if run.call is None:
                continue
            if run.call.has_returned() or (call is not None and run.call.is_same(call)):
                self.end_inferred(run, "stopped", None, "returned")

    def end_inferred(
        self, run: TrainingRun, state: TrainingState, details: str | None, end: RunEnd, **args: str
    ) -> None:
        """End a run whose end no call reported: as completed if the framework knows that."""
        if run.is_done():
            run.complete()
        else:
            self.end(run, state, details, end, **args)

    # Cells of a notebook

    def begin_cell(self, *, nested: bool) -> set[int]:
        """Return the ids of the open runs, which a cell that begins did not open."""
        if not nested:
            self._cell += 1
        return {id(run) for run in self.open_runs}

    def end_cell(self, started: set[int], error: BaseException | None) -> None:
        """End what a cell left open: its implicit runs, and after an error all of its runs.

        Runs in `started` were open before, and runs of other threads and tasks go on. Runs of calls
        that have returned end, too.
        """
        if error is None:
            self.end_returned()
        else:
            self.end_abandoned_loops(error)
        for run in self.open_runs:
            if id(run) in started or is_elsewhere(run):
                continue
            if error is None:
                if run.implicit:
                    run.complete()
            elif isinstance(error, KeyboardInterrupt):
                self.end_inferred(run, "stopped", INTERRUPTED, "interrupted")
            else:
                kind, text = type(error).__name__, safe_text(error)
                details = f"{kind}: {text}" if text else kind
                self.end_inferred(run, "failed", details, "cell", error=kind)


def _lines_of(error: BaseException) -> set[tuple[CodeType, int]]:
    lines: set[tuple[CodeType, int]] = set()
    traceback = error.__traceback__
    while traceback is not None:
        lines.add((traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
    return lines
