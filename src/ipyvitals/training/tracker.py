"""Tracks the open training runs and derives the one section that shows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from inspect import currentframe
from itertools import repeat
from math import inf, isfinite
from operator import length_hint
from types import CodeType
from typing import Any, TypeVar

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.schema import TrainingSection, TrainingState
from ipyvitals.training.eta import EtaEstimator
from ipyvitals.training.run import COUNTER_LENGTH, INTERRUPTED, STOPPED, ProgressReport, TrainingRun
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import new_rlock
from ipyvitals.utils.notices import Notices

__all__ = ["TrainingTracker"]

T = TypeVar("T")


class TrainingTracker:
    """Holds the open runs, outermost first, and computes their `TrainingSection`.

    Parameters
    ----------
    clock : Clock
        Source of rates and elapsed times.
    notices : Notices
        Counts metrics that are not finite.
    on_change : callable
        Called after each change, outside the lock.
    on_end : callable
        Called, outside the lock, with the section of an outermost run when it ends.
    wake : callable
        Wakes the scheduler. It may be called from the garbage collector, so it must take no lock.
    on_report : callable
        Called, outside the lock, with a `ProgressReport` whenever an outermost run begins or ends,
        or a run reports metrics.
    """

    def __init__(
        self,
        clock: Clock,
        notices: Notices,
        on_change: Callable[[], None],
        on_end: Callable[[TrainingSection], None],
        wake: Callable[[], None],
        on_report: Callable[[ProgressReport], object] = lambda report: None,
    ) -> None:
        self._clock = clock
        self._notices = notices
        self._on_change = on_change
        self._on_end = on_end
        self._wake = wake
        self._on_report = on_report
        self._number = 0
        self._abandoned: deque[tuple[TrainingRun, float]] = deque()
        self._make_lock()
        self._open: list[TrainingRun] = []
        self._eta = EtaEstimator()
        self._reached = 0.0
        self._finished_steps = 0
        self._inner_metrics: dict[str, float | None] = {}
        self._last = TrainingSection()

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
        """Open runs, outermost first."""
        return list(self._open)

    @property
    def tracked(self) -> list[TrainingRun]:
        """Open runs that belong to a `track` loop, outermost first."""
        return [run for run in self.open_runs if run._counter is not None]

    def start(self, total: int | None, stage: str, details: str) -> TrainingRun:
        """Open a run; it is nested in the innermost open run, if there is one."""
        run = TrainingRun(self, _total(total), str(stage), str(details))
        self.end_abandoned_loops()
        with self._lock:
            if not self._open:
                self._eta = EtaEstimator(self._clock.monotonic())
                self._reached = 0.0
                self._finished_steps = 0
                self._inner_metrics = {}
                self._number += 1
            else:
                self._open[-1]._has_inner = True
            self._open.append(run)
            report = self._report_of(run, {}) if len(self._open) == 1 else None
        if report is not None:
            self._on_report(report)
        self._on_change()
        return run

    def track(
        self, iterable: Iterable[T], total: int | None, stage: str, details: str
    ) -> Iterator[T]:
        """Return a generator that yields from `iterable` and counts the steps."""
        if not hasattr(iterable, "__iter__") and not hasattr(iterable, "__getitem__"):
            raise ArgumentTypeError(
                f"track(): expected something to loop over, got {type(iterable).__name__}; "
                "for a count use range()."
            )
        steps = _length(iterable) if total is None else _total(total)
        return self._count(iterable, steps, stage, details)

    def _count(
        self, iterable: Iterable[T], total: int | None, stage: str, details: str
    ) -> Iterator[T]:
        run = self.start(total, stage, details)
        # The scheduler reads the count from the length hint of this iterator, so that the loop
        # counts in C: assigning to an attribute instead doubles the cost of a step.
        counter = run._counter = repeat(None, COUNTER_LENGTH)
        try:
            for item, _ in zip(iterable, counter, strict=False):
                yield item
                if run.should_stop:
                    run._current, run._counter = COUNTER_LENGTH - length_hint(counter), None
                    run.stop(STOPPED)
                    return
            run.complete()
        except GeneratorExit:
            # The garbage collector may raise this at any point, so take no lock here.
            own = currentframe()
            frame = own.f_back if own is not None else None
            run.abandoned_at = (frame.f_code, frame.f_lineno) if frame is not None else None
            self._abandoned.append((run, self._clock.monotonic()))
            self._wake()
            raise
        except KeyboardInterrupt:
            run.stop(INTERRUPTED)
            raise
        except BaseException as error:
            run.fail(error)
            raise

    def update(
        self,
        run: TrainingRun,
        current: int | None,
        advance: int | None,
        stage: str | None,
        details: str | None,
        metrics: dict[str, float],
    ) -> None:
        """Apply a validated update; ignored when the run has ended."""
        known: dict[str, float | None] = {}
        for name, value in metrics.items():
            known[name] = value if isfinite(value) else None
            if known[name] is None:
                self._notices.add("training.not_finite", metric=repr(name), value=str(value))
        # Before the lock is acquired: a text may be an object of the user.
        stage = None if stage is None else str(stage)
        details = None if details is None else str(details)
        with self._lock:
            if run.state != "running":
                return
            if current is None:
                current = max(0, run._current + (advance or 0))
            if current < run._current:
                # The user set the count back, so the progress bar may go back too.
                self._reached = 0.0
            run._current = current
            if stage is not None:
                run.stage = stage
            if details is not None:
                run.details = details
            run.metrics.update(known)
            report = self._report_of(run, known) if known else None
        if report is not None:
            self._on_report(report)
        self._on_change()

    def end(self, run: TrainingRun, state: TrainingState, details: str | None) -> None:
        """End a run and the open runs nested in it."""
        with self._lock:
            if run.state != "running":
                return
            steps = run.current
            if state == "completed" and run._counter is not None:
                steps = COUNTER_LENGTH - length_hint(run._counter)
            run._current = steps
            run.state = state
            if details is not None:
                run.details = details
            position = self._open.index(run)
            self._progress(self._open)
            for nested in self._open[position + 1 :]:
                nested._current = nested.current
                nested.state = "stopped"
            for inner in self._open[max(1, position) :]:
                self._finished_steps += inner.own_steps
                self._inner_metrics.update(inner.metrics)
            del self._open[position:]
            last = None
            if position == 0:
                last = self._last = self._section_of([run])
                report = self._report_of(run, {})
        if last is not None:
            self._on_report(report)
            self._on_end(last)
        else:
            self._on_change()

    def ask_to_stop(self) -> int:
        """Request the end of all open runs; return their number. Takes no lock."""
        runs = self.open_runs
        for run in runs:
            run.should_stop = True
        self._wake()
        return len(runs)

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
                run.stop()
            elif isinstance(error, KeyboardInterrupt):
                run.stop(INTERRUPTED)
            else:
                run.fail(error)

    def report(self) -> ProgressReport | None:
        """Return the state of the outermost run without metrics; ``None`` while no run is open."""
        with self._lock:
            return self._report_of(self._open[0], {}) if self._open else None

    def _report_of(self, run: TrainingRun, metrics: dict[str, float | None]) -> ProgressReport:
        outer = self._open[0] if self._open else run
        # For charts, the steps of an inner run continue where the previous one ended.
        step = run.current if run is outer else self._finished_steps + run.current
        return ProgressReport(
            self._number, outer.stage, outer.state, step, outer.total, outer.details, metrics
        )

    def open_loops(self) -> set[int]:
        """Return the ids of the open `track` loops."""
        return {id(run) for run in self.tracked}

    def end_loops(self, started: set[int], error: BaseException) -> None:
        """End the `track` loops that an error left open, except those in `started`."""
        self.end_abandoned_loops(error)
        for run in self.tracked:
            if id(run) not in started:
                if isinstance(error, KeyboardInterrupt):
                    run.stop(INTERRUPTED)
                else:
                    run.fail(error)

    def section(self) -> TrainingSection:
        """Return the current training section."""
        with self._lock:
            if self._open:
                self._last = self._section_of(list(self._open))
            return self._last

    def reset_lock(self) -> None:
        """Replace the lock in a forked child, where no thread would release the old one."""
        self._make_lock()

    def _make_lock(self) -> None:
        # Reentrant: the garbage collector ends an abandoned `track` loop, possibly on the thread
        # that holds the lock.
        self._lock = new_rlock("training tracker")

    def _progress(self, runs: list[TrainingRun]) -> float | None:
        """Return the completed share; a second loop within an epoch does not reduce it."""
        fraction = _nested_fraction(runs)
        if fraction is None:
            return None
        self._reached = max(self._reached, fraction)
        return self._reached

    def _section_of(self, runs: list[TrainingRun]) -> TrainingSection:
        now = self._clock.monotonic()
        outer, inner = runs[0], runs[-1]
        fraction = self._progress(runs)
        self._eta.update(now, self._finished_steps + inner.own_steps, fraction)
        running = outer.state == "running"
        metrics = dict(self._inner_metrics)
        for run in runs:
            metrics.update(run.metrics)
        details = outer.details
        if not details and inner is not outer:
            of = f" of {inner.total}" if inner.total else ""
            details = f"{inner.stage} {inner.current}{of}"
        return TrainingSection(
            state=outer.state,
            stage=outer.stage,
            progress=None if fraction is None else 100.0 * fraction,
            details=details,
            current=outer.current,
            total=outer.total,
            rate_per_second=self._eta.rate_per_second if running else self._eta.mean_rate(now),
            eta_seconds=self._eta.eta_seconds(now) if running else None,
            elapsed_seconds=self._eta.elapsed_seconds(now),
            metrics=metrics,
            stop_requested=running and outer.should_stop,
        )


def _nested_fraction(runs: list[TrainingRun]) -> float | None:
    fraction: float | None = None
    for run in reversed(runs):
        own = run.fraction
        if own is not None and run.total and fraction is not None:
            own = min(1.0, own + fraction / run.total)
        fraction = own
    return fraction


def _length(iterable: Iterable[Any]) -> int | None:
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
