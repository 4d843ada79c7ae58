"""Ends training runs: by a call, by a request, with their cell, their owner, or the monitor."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from operator import length_hint
from types import CodeType

from ipyvitals.schema import RunEnd, RunInfo, TrainingState
from ipyvitals.schema.messages import message
from ipyvitals.schema.training import ENDED_RUNS
from ipyvitals.training.context import CallPlace, leave
from ipyvitals.training.record import RunRecord
from ipyvitals.training.run import TrainingRun, unknown_end
from ipyvitals.training.run_list import RunList
from ipyvitals.training.run_states import (
    COUNTER_LENGTH,
    INTERRUPTED,
    end_by_error,
    is_elsewhere,
    is_inside,
    leaf_steps,
    nested_fraction,
    report_of,
    subtree,
)
from ipyvitals.training.sections import training_section
from ipyvitals.training.stored_curves import final_copies, thinned
from ipyvitals.utils.user_code import safe_text

__all__ = ["RunEnder"]


class RunEnder(RunList):
    """Ends runs, each with the open runs inside it."""

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
            # It may refer to what was trained.
            run.is_done = unknown_end
            if end == "requested" and run.stopped_at is not None:
                run._current, run.reached = run.stopped_at
            run.record.look(now)
            if details is not None:
                run.details = details
            reports = []
            for inner in reversed(ended):
                outer = run is inner
                # Before the run is closed, which frees the curves of old runs.
                copies = final_copies(inner)
                info = self._close(inner, state if outer else "stopped", end, args, now, at)
                report = report_of(inner, at, inner.current, {}, info)
                reports.append((report, copies))
                self._drop_curves(inner.loops.values())
            last = training_section(run, now) if run.parent is None else None
            if last is not None:
                self._last = last
        leave(run)
        for report, copies in reports:
            self._on_report(report._replace(curves=thinned(copies)))
        if last is not None:
            self._on_end(last, run.implicit)
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
            if run.aside:
                # The runs around and beside it made no step meanwhile, and did not stall.
                for other in (parent, *parent.children):
                    other.record.stepped = max(other.record.stepped, now)
            else:
                parent.finished_steps += leaf_steps(run)
            parent.children.remove(run)
            parent.record.inner_metrics.update(record.inner_metrics)
            parent.record.inner_metrics.update(record.series.metrics)
            waited = record.timer.ratio
            if waited is not None:
                parent.record.inner_waited += waited * (now - record.lap_started)
        info = record.info(now)
        self._ended.appendleft((record, info))
        forgotten = []
        while len(self._ended) > ENDED_RUNS:
            forgotten.append(self._ended.pop()[0])
        self._drop_curves(forgotten)
        return info

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
