"""Training runs: who reports progress, and the one section that shows it."""

from __future__ import annotations

import threading
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
from ipyvitals.training.eta import Pace
from ipyvitals.training.run import ENDLESS, STOPPED, Report, TrainingRun
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.notices import Notices

__all__ = ["TrainingTracker"]

T = TypeVar("T")


class TrainingTracker:
    """Keeps the open runs, outermost first, and the section that shows them.

    Parameters
    ----------
    clock : Clock
        For rates and elapsed times.
    notices : Notices
        Where metrics that are not finite are counted.
    on_change : callable
        Called after every change, outside the lock.
    on_end : callable
        Called with the section of a run that was not inside another when it ends.
    wake : callable
        Called when something is to be looked at soon, from anywhere: it must take no lock.
    on_report : callable
        Called, outside the lock, with a `Report` whenever a run begins or ends, or reports metrics.
    """

    def __init__(
        self,
        clock: Clock,
        notices: Notices,
        on_change: Callable[[], None],
        on_end: Callable[[TrainingSection], None],
        wake: Callable[[], None],
        on_report: Callable[[Report], object] = lambda report: None,
    ) -> None:
        self._clock = clock
        self._notices = notices
        self._on_change = on_change
        self._on_end = on_end
        self._wake = wake
        self._on_report = on_report
        self._number = 0
        self._left: deque[tuple[TrainingRun, float]] = deque()
        self._make_lock()
        self._open: list[TrainingRun] = []
        self._pace = Pace()
        self._reached = 0.0
        self._finished_steps = 0
        self._inner_metrics: dict[str, float | None] = {}
        self._last = TrainingSection()

    @property
    def running(self) -> bool:
        """Whether a run is open."""
        return bool(self._open)

    @property
    def has_left(self) -> bool:
        """Whether a loop was left early, and `end_left` may end it."""
        return bool(self._left)

    @property
    def open_runs(self) -> list[TrainingRun]:
        """The open runs, outermost first."""
        return list(self._open)

    @property
    def tracked(self) -> list[TrainingRun]:
        """The open runs that belong to a `track` loop, outermost first."""
        return [run for run in self.open_runs if run._ticks is not None]

    def start(self, total: int | None, stage: str, details: str) -> TrainingRun:
        """Open a run, inside the one that is open already, if any."""
        run = TrainingRun(self, _total(total), str(stage), str(details))
        self.end_left()
        with self._lock:
            if not self._open:
                self._pace = Pace(self._clock.monotonic())
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
        """Return a generator that yields from `iterable` and counts."""
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
        # The ticker reads the count off this iterator's length hint, so that the loop counts in
        # C: assigning to an attribute instead doubles the cost of a step.
        ticks = run._ticks = repeat(None, ENDLESS)
        try:
            for item, _ in zip(iterable, ticks, strict=False):
                yield item
                if run.should_stop:
                    run._current, run._ticks = ENDLESS - length_hint(ticks), None
                    run.stop(STOPPED)
                    return
            run.complete()
        except GeneratorExit:
            # The garbage collector may also raise this at any point, so take no lock here.
            own = currentframe()
            frame = own.f_back if own is not None else None
            run.left_at = (frame.f_code, frame.f_lineno) if frame is not None else None
            self._left.append((run, self._clock.monotonic()))
            self._wake()
            raise
        except KeyboardInterrupt:
            run.stop("Interrupted")
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
        """Apply a checked update; one that comes after the end is dropped."""
        known: dict[str, float | None] = {}
        for name, value in metrics.items():
            known[name] = value if isfinite(value) else None
            if known[name] is None:
                self._notices.add("training.not_finite", f"metric {name!r} is {value}")
        with self._lock:
            if run.state != "running":
                return
            if current is None:
                current = max(0, run._current + (advance or 0))
            if current < run._current:
                # The user set the count back, and the bar may follow.
                self._reached = 0.0
            run._current = current
            if stage is not None:
                run.stage = str(stage)
            if details is not None:
                run.details = str(details)
            run.metrics.update(known)
            report = self._report_of(run, known) if known else None
        if report is not None:
            self._on_report(report)
        self._on_change()

    def end(self, run: TrainingRun, state: TrainingState, details: str | None) -> None:
        """Close a run, and what was left open inside it."""
        with self._lock:
            if run.state != "running":
                return
            steps = run.current
            if state == "completed" and run._ticks is not None:
                steps = ENDLESS - length_hint(run._ticks)
            run._current = steps
            run.state = state
            if details is not None:
                run.details = details
            position = self._open.index(run)
            self._progress(self._open)
            for left in self._open[position + 1 :]:
                left._current = left.current
                left.state = "stopped"
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
        """Ask all open runs to end soon; return how many there are. Takes no lock."""
        runs = self.open_runs
        for run in runs:
            run.should_stop = True
        self._wake()
        return len(runs)

    def end_left(self, error: BaseException | None = None, *, before: float = inf) -> None:
        """End the loops that were left early before a moment, those left by `error` as failed.

        Leaving a loop by ``break`` and by an exception look the same from inside a generator;
        only the traceback that the notebook gets to see later tells them apart.
        """
        while self._left and self._left[0][1] < before:
            run, _ = self._left.popleft()
            if error is None or run.left_at not in _lines_of(error):
                run.stop()
            elif isinstance(error, KeyboardInterrupt):
                run.stop("Interrupted")
            else:
                run.fail(error)

    def report(self) -> Report | None:
        """Return how the run in front stands, without its metrics; ``None`` while none is open."""
        with self._lock:
            return self._report_of(self._open[0], {}) if self._open else None

    def _report_of(self, run: TrainingRun, metrics: dict[str, float | None]) -> Report:
        outer = self._open[0] if self._open else run
        # Steps of an inner run go on where the one before it ended: they are to be drawn.
        step = run.current if run is outer else self._finished_steps + run.current
        return Report(
            self._number, outer.stage, outer.state, step, outer.total, outer.details, metrics
        )

    def open_loops(self) -> set[int]:
        """Return marks of the `track` loops that are open."""
        return {id(run) for run in self.tracked}

    def end_loops(self, started: set[int], error: BaseException) -> None:
        """End the `track` loops that an error left behind, but those marked in `started`."""
        self.end_left(error)
        for run in self.tracked:
            if id(run) not in started:
                if isinstance(error, KeyboardInterrupt):
                    run.stop("Interrupted")
                else:
                    run.fail(error)

    def section(self) -> TrainingSection:
        """Return how training stands now."""
        with self._lock:
            if self._open:
                self._last = self._section_of(list(self._open))
            return self._last

    def reset_lock(self) -> None:
        """Replace the lock in a forked child, where nobody is left to release the old one."""
        self._make_lock()

    def _make_lock(self) -> None:
        # Reentrant: an abandoned `track` loop ends when the garbage collector finds it, which
        # may be on the very thread that holds the lock.
        self._lock = threading.RLock()

    def _progress(self, runs: list[TrainingRun]) -> float | None:
        """Return the share that is done, which a second loop in an epoch does not set back."""
        fraction = _nested_fraction(runs)
        if fraction is None:
            return None
        self._reached = max(self._reached, fraction)
        return self._reached

    def _section_of(self, runs: list[TrainingRun]) -> TrainingSection:
        now = self._clock.monotonic()
        outer, inner = runs[0], runs[-1]
        fraction = self._progress(runs)
        self._pace.update(now, self._finished_steps + inner.own_steps, fraction)
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
            rate_per_second=self._pace.rate_per_second if running else self._pace.mean_rate(now),
            eta_seconds=self._pace.eta_seconds(now) if running else None,
            elapsed_seconds=self._pace.elapsed_seconds(now),
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
        # Some loaders of streams have a __len__ that raises more than TypeError.
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
