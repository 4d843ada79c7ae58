"""The training run of one bar of tqdm."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from inspect import currentframe
from typing import TYPE_CHECKING, Any
from weakref import ref

from ipyvitals.training.metric_values import take_value
from ipyvitals.training.run_states import COUNTER_LENGTH, end_by_error
from ipyvitals.utils.storable import MAX_INTEGER

if TYPE_CHECKING:
    from ipyvitals.training.run import TrainingRun
    from ipyvitals.training.tracker import TrainingTracker

__all__ = ["BarRun"]

DEFAULT_STAGE = "Progress"
"""Stage of a bar without a description."""
UNITS = {"it": None, "b": "byte"}
"""Units of tqdm that are no words."""
NO_ERRORS = (GeneratorExit, StopIteration, StopAsyncIteration)
"""Exceptions by which iterators and generators end."""


class BarRun:
    """Reports what one bar shows as a training run.

    The run of a bar with an iterable begins with its loop, so that bars which are made in advance
    stand beside each other. The run of any other bar begins with the bar.

    Parameters
    ----------
    tracker : TrainingTracker
    bar : tqdm.std.tqdm
        Only a weak reference to it stays: a bar that is left open closes itself.
    guarded : callable
        Calls a function; an exception in it is reported and goes no further.
    """

    def __init__(self, tracker: TrainingTracker, bar: Any, guarded: Callable[..., Any]) -> None:
        self.run: TrainingRun | None = None
        self._tracker = tracker
        self._guarded = guarded
        self._bar = ref(bar)
        self._initial = bar.n
        self._n = bar.n
        self._taken: int | None = None
        """Items that the loop took; ``None`` for a bar without a loop."""
        self._is_waiting = False
        """True while the loop is inside its iterable."""
        self._has_ended = False
        self._error_before = sys.exc_info()[1]
        self._postfix: Any = bar.postfix
        """The postfix whose texts are the details already."""
        if bar.iterable is None:
            self.begin(bar)

    def begin(self, bar: Any) -> None:
        """Open the run."""
        if self.run is not None or self._has_ended:
            return
        # A bar whose run cannot be opened is followed no more.
        self._has_ended = True
        run = self.run = self._tracker.start(
            _total(bar),
            _stage(bar),
            str(bar.postfix or ""),
            unit=_unit(bar),
            initial=_count(self._initial),
        )
        self._has_ended = False
        run.counted = True
        run._counter = _Counter(self._steps)  # type: ignore[assignment]

    def iterate(self, bar: Any, items: Generator[Any, Any, Any]) -> Iterator[Any]:
        """Yield the items of a bar, and count them."""
        self._guarded(self.begin, bar)
        self._taken = taken = _count(self._initial)
        try:
            self._is_waiting = True
            for item in items:
                self._is_waiting = False
                self._taken = taken = taken + 1
                yield item
                self._is_waiting = True
        except GeneratorExit:
            own = currentframe()
            self._guarded(self._abandon, own.f_back if own is not None else None)
            raise

    def look(self, bar: Any) -> None:
        """Take over what the bar shows."""
        if self.run is None or self._has_ended:
            if bar.n != self._initial:
                self.begin(bar)
            return
        run, total, stage = self.run, _total(bar), _stage(bar)
        if _count(bar.n) < _count(self._n):
            # The bar was set back, such as by its `reset`.
            run.reached = 0.0
        self._n = bar.n
        run.total = total
        if bar.postfix is not self._postfix:
            self._postfix = bar.postfix
            run.update(stage=stage, details=str(bar.postfix or ""))
        elif stage != run.stage:
            run.update(stage=stage)

    def take_postfix(self, bar: Any, postfix: dict[str, Any]) -> None:
        """Log the numbers of a postfix; its texts are the details."""
        numbers: dict[str, Any] = {}
        texts = []
        for name, value in postfix.items():
            number = _number(value)
            if number is None:
                texts.append(f"{name}={value}")
            else:
                numbers[str(name)] = number
        self._postfix = bar.postfix
        run = self.run
        if run is None or self._has_ended:
            return
        if numbers:
            run.log(numbers, step=bar.n if self._taken is None else self._taken)
        details = ", ".join(texts)
        if details != run.details:
            run.update(details=details)

    def close(self, bar: Any) -> None:
        """End the run: the bar was closed."""
        if bar.n != self._initial:
            self.begin(bar)
        run, error = self._leave_loop(bar.n), sys.exc_info()[1]
        if run is None:
            return
        if isinstance(error, NO_ERRORS) or error is self._error_before:
            error = None
        ended = self._is_waiting or not run.total or run._current >= run.total
        if error is not None:
            end_by_error(run, error)
        elif ended:
            run.complete()
        else:
            run.stop()

    def end(self, error: BaseException | None) -> None:
        """End the run of a bar that is still open; `error` ended the code around it."""
        bar = self._bar()
        run = self._leave_loop(self._n if bar is None else bar.n)
        if run is None:
            return
        if error is not None and run.place is not None and run.place.is_here():
            end_by_error(run, error)
        else:
            run.stop()

    def _leave_loop(self, n: Any) -> TrainingRun | None:
        run = None if self._has_ended else self.run
        self._has_ended = True
        if run is not None:
            steps = n if self._taken is None or self._is_waiting else self._steps()
            run._current, run._counter = _count(steps), None
        return run

    def _abandon(self, frame: Any) -> None:
        """Leave the end of the run to the scheduler: the garbage collector may leave a loop."""
        run = self._leave_loop(self._n)
        if run is not None:
            run.abandoned_at = (frame.f_code, frame.f_lineno) if frame is not None else None
            self._tracker.abandon(run)

    def _steps(self) -> int:
        """Return the number of completed steps."""
        bar = self._bar()
        if bar is not None:
            self._n = bar.n
        n = _count(self._n)
        return n if self._taken is None else max(n, self._taken - 1)


class _Counter:
    """Reads the steps of a bar; stands for the counter of a `track` loop."""

    def __init__(self, steps: Callable[[], int]) -> None:
        self._steps = steps

    def __length_hint__(self) -> int:
        return COUNTER_LENGTH - 1 - self._steps()


def _total(bar: Any) -> int | None:
    total = bar.total
    return None if total is None or not 0 <= total <= MAX_INTEGER else round(total)


def _count(n: Any) -> int:
    """Return the steps that a bar says; 0 where its ``n`` was set to what is no number."""
    try:
        return min(COUNTER_LENGTH - 1, max(0, int(n)))
    except Exception:
        return 0


def _stage(bar: Any) -> str:
    return str(bar.desc or "").strip().removesuffix(":").strip() or DEFAULT_STAGE


def _unit(bar: Any) -> str | None:
    unit = str(bar.unit).strip()
    return UNITS.get(unit.lower(), unit.removesuffix("s") or None)


def _number(value: Any) -> Any:
    """Return a value that is a number, or a text that is one; ``None`` for any other text."""
    try:
        if isinstance(value, str):
            return float(value)
        return None if take_value(value) is None else value
    except Exception:
        return None
