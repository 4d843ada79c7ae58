"""Training runs: who reports progress, and the one section that shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from math import isfinite
from operator import length_hint
from types import TracebackType
from typing import Any, Self, TypeVar

from ipyvitals.clock import Clock
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.intake.pace import Pace
from ipyvitals.notices import Notices
from ipyvitals.snapshot import TrainingSection, TrainingState

__all__ = ["TrainingDesk", "TrainingRun"]

T = TypeVar("T")

ENDLESS = 1 << 62


class TrainingRun:
    """One run of training; made by `Monitor.training`.

    As a context manager it completes on the way out, or fails with the exception, which goes on.
    """

    def __init__(self, desk: TrainingDesk, total: int | None, stage: str, details: str) -> None:
        self._desk = desk
        self._ticks: Iterator[None] | None = None
        self._current = 0
        self._has_inner = False
        self.total = total
        self.stage = stage
        self.details = details
        self.metrics: dict[str, float | None] = {}
        self.state: TrainingState = "running"

    @property
    def current(self) -> int:
        """How many steps are done."""
        if self._ticks is not None and self.state == "running":
            # One tick more than steps is out while the loop's body runs.
            return max(0, ENDLESS - length_hint(self._ticks) - 1)
        return self._current

    @property
    def own_steps(self) -> int:
        """Steps of this run itself: those of one with others inside are of another size."""
        return 0 if self._has_inner else self.current

    @property
    def fraction(self) -> float | None:
        """Share of the run that is done, in [0, 1]; ``None`` without a total."""
        if self.state == "completed":
            return 1.0
        if not self.total:
            return None
        return min(1.0, self.current / self.total)

    def update(
        self,
        current: int | None = None,
        *,
        advance: int | None = None,
        stage: str | None = None,
        details: str | None = None,
        **metrics: float,
    ) -> None:
        """Report progress.

        Parameters
        ----------
        current : int, optional
            Steps done so far.
        advance : int, optional
            Steps done since the last call, instead of `current`.
        stage, details : str, optional
            New texts; what is left out stays.
        **metrics : float
            Latest values, such as ``loss=0.23``: anything that ``float()`` takes. NaN and
            infinity are shown as unknown and counted as a notice.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When a value is no number, or `current` and `advance` are both given. Nothing of
            that call is taken then.
        """
        if current is not None and advance is not None:
            raise ArgumentValueError(
                "update(): expected current= or advance=, got both; give one of them."
            )
        values = {name: _number(f"metric {name!r}", value) for name, value in metrics.items()}
        steps = None if current is None else _steps("current", current)
        delta = None if advance is None else _steps("advance", advance)
        if steps is not None and steps < 0:
            raise ArgumentValueError(f"update(current={current!r}): expected 0 or more.")
        self._desk.update(self, steps, delta, stage, details, values)

    def complete(self, details: str | None = None) -> None:
        """End the run well; a run that has ended stays as it is."""
        self._desk.end(self, "completed", details)

    def fail(self, error: BaseException | str | None = None) -> None:
        """End the run as failed, with the error's type and text as details."""
        self._desk.end(self, "failed", _describe(error))

    def stop(self, details: str | None = None) -> None:
        """End the run early, without blame."""
        self._desk.end(self, "stopped", details)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.complete()
        elif isinstance(error, KeyboardInterrupt):
            self.stop("Interrupted")
        else:
            self.fail(error)


class TrainingDesk:
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
    """

    def __init__(
        self,
        clock: Clock,
        notices: Notices,
        on_change: Callable[[], None],
        on_end: Callable[[TrainingSection], None],
    ) -> None:
        self._clock = clock
        self._notices = notices
        self._on_change = on_change
        self._on_end = on_end
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
        with self._lock:
            if not self._open:
                self._pace = Pace(self._clock.monotonic())
                self._reached = 0.0
                self._finished_steps = 0
                self._inner_metrics = {}
            else:
                self._open[-1]._has_inner = True
            self._open.append(run)
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
            run.complete()
        except GeneratorExit:
            run.stop()
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
        if last is not None:
            self._on_end(last)
        else:
            self._on_change()

    def section(self) -> TrainingSection:
        """Return how training stands now."""
        with self._lock:
            if self._open:
                self._last = self._section_of(self.open_runs)
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


def _steps(what: str, value: Any) -> int:
    number = _number(what, value)
    if not isfinite(number):
        raise ArgumentValueError(f"update({what}={value!r}): expected a number of steps.")
    return int(number)


def _number(what: str, value: Any) -> float:
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise ArgumentTypeError(
            f"update(): expected a number for {what}, got {value!r}; "
            "put texts into stage= or details=."
        ) from None


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


def _describe(error: BaseException | str | None) -> str:
    if isinstance(error, BaseException):
        text = str(error)
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    return str(error) if error else "Failed"
