"""The iterable that `Monitor.track` returns: it counts and times the steps of a loop.

- The steps are counted by an iterator in C, whose length hint the scheduler reads: assigning to an
  attribute instead doubles the cost of a step.
- Most fast steps run through ``zip`` and ``islice``; see `data_wait` for those that are timed.
- A generator is closed when its loop is left. The garbage collector may do that at any point, so
  the end of such a run is left to the scheduler.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from inspect import currentframe
from itertools import islice, repeat
from operator import length_hint
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import ref

from ipyvitals.training.run import TrainingRun
from ipyvitals.training.run_states import COUNTER_LENGTH, STOPPED, end_by_error

if TYPE_CHECKING:
    from ipyvitals.training.tracker import TrainingTracker

__all__ = ["TrackLoop"]

T = TypeVar("T")


class TrackLoop(Generic[T]):
    """Iterates over something, with ``for`` or ``async for``, and shows the progress.

    The run begins with the first step. While the loop runs, `log` takes metrics:
    ``for batch in (bar := monitor.track(loader)): bar.log(loss=…)``.

    Parameters
    ----------
    tracker : TrainingTracker
    iterable : iterable or async iterable
    start : callable
        Opens the run.
    """

    def __init__(
        self,
        tracker: TrainingTracker,
        iterable: Iterable[T] | AsyncIterable[T],
        start: Callable[[], TrainingRun],
    ) -> None:
        self._tracker = tracker
        self._iterable = iterable
        self._start = start
        self._own: Iterator[T] | None = None
        """The iterator of `next`; that of ``for`` belongs to the loop alone."""
        self.run: TrainingRun | None = None
        """The run of this loop; ``None`` before its first step."""

    def log(
        self,
        metrics: Mapping[str, Any] | None = None,
        /,
        *,
        step: float | None = None,
        **values: Any,
    ) -> None:
        """Log values of metrics at the current step, as `TrainingRun.log` does."""
        if self.run is None:
            self._tracker.log_here(metrics, step, values)
        else:
            self.run.log(metrics, step=step, **values)

    def __iter__(self) -> Iterator[T]:
        if self._own is not None:
            return self._own
        steps = self._steps()
        self._watch(steps, "gi_running")
        return steps

    def __next__(self) -> T:
        if self._own is None:
            self._own = iter(self)
        return next(self._own)

    def __aiter__(self) -> AsyncIterator[T]:
        steps = self._async_steps()
        self._watch(steps, "ag_running")
        return steps

    def close(self) -> None:
        """Leave a loop that `next` began."""
        if self._own is not None:
            self._own.close()  # type: ignore[attr-defined]

    def _watch(self, steps: Any, flag: str) -> None:
        """Let the scheduler see whether the loop is inside its iterable."""
        generator = ref(steps)

        def is_waiting() -> bool | None:
            found = generator()
            return None if found is None else bool(getattr(found, flag))

        self._is_waiting = is_waiting

    def _begin(self) -> TrainingRun:
        run = self.run = self._start()
        run.is_waiting = self._is_waiting
        return run

    def _steps(self) -> Iterator[T]:
        run = self._begin()
        try:
            clock, timer = self._tracker.monotonic, run.record.timer
            counter = run._counter = repeat(None, COUNTER_LENGTH)
            untimed = 0
            iterator = iter(self._iterable)  # type: ignore[arg-type]
            while True:
                began = clock()
                try:
                    item = next(iterator)
                except StopIteration:
                    break
                loaded = clock()
                next(counter)
                yield item
                if run.interrupt and self._stops(run, counter):
                    return
                untimed = timer.add(began, loaded, clock(), untimed)
                if not untimed:
                    continue
                before = length_hint(counter)
                for item, _ in zip(islice(iterator, untimed), counter, strict=False):
                    yield item
                    if run.interrupt:
                        if self._stops(run, counter):
                            return
                        break
                else:
                    if before - length_hint(counter) < untimed:
                        break
                untimed = before - length_hint(counter)
            run.complete()
        except GeneratorExit:
            own = currentframe()
            frame = own.f_back if own is not None else None
            run.abandoned_at = (frame.f_code, frame.f_lineno) if frame is not None else None
            self._tracker.abandon(run)
            raise
        except BaseException as error:
            end_by_error(run, error)
            raise

    async def _async_steps(self) -> AsyncIterator[T]:
        run = self._begin()
        try:
            clock, timer = self._tracker.monotonic, run.record.timer
            counter = run._counter = repeat(None, COUNTER_LENGTH)
            iterator = aiter(self._iterable)  # type: ignore[arg-type]
            while True:
                began = clock()
                try:
                    item = await anext(iterator)
                except StopAsyncIteration:
                    break
                loaded = clock()
                next(counter)
                yield item
                if run.interrupt and self._stops(run, counter):
                    return
                timer.add(began, loaded, clock())
            run.complete()
        except GeneratorExit:
            self._tracker.abandon(run)
            raise
        except BaseException as error:
            end_by_error(run, error)
            raise

    def _stops(self, run: TrainingRun, counter: Iterator[None]) -> bool:
        """Return whether the loop ends here; else it looks at the clock again."""
        run.interrupt = False
        if not run.should_stop:
            return False
        run._current, run._counter = COUNTER_LENGTH - length_hint(counter), None
        run.owner.end(run, "stopped", STOPPED, "requested")
        return True
