"""The handle of one training run, through which user code reports progress."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from operator import length_hint
from types import CodeType, TracebackType
from typing import Any, NamedTuple, Protocol, Self

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.schema import TrainingState
from ipyvitals.schema.messages import LABELS
from ipyvitals.utils.user_code import safe_text

__all__ = ["COUNTER_LENGTH", "INTERRUPTED", "STOPPED", "ProgressReport", "TrainingRun"]

COUNTER_LENGTH = 1 << 62
STOPPED = LABELS["training.stopped_on_request"]
INTERRUPTED = LABELS["training.interrupted"]


class RunOwner(Protocol):
    """The owner of a run, which applies its updates under a lock: the `TrainingTracker`."""

    def update(
        self,
        run: TrainingRun,
        current: int | None,
        advance: int | None,
        stage: str | None,
        details: str | None,
        metrics: dict[str, float],
    ) -> None:
        """Apply a validated update."""
        ...

    def end(self, run: TrainingRun, state: TrainingState, details: str | None) -> None:
        """End a run."""
        ...


class ProgressReport(NamedTuple):
    """State of an outermost run, with the metrics that were reported along with it."""

    run: int
    """Number of the outermost run, counted from 1."""
    stage: str
    state: TrainingState
    step: int | None
    total: int | None
    details: str
    metrics: dict[str, float | None]


class TrainingRun:
    """One training run; `Monitor.training` creates it.

    As a context manager the run completes at the end of the ``with`` block. An exception in the
    block ends it as failed and propagates; ``KeyboardInterrupt`` ends it as stopped.

    Examples
    --------
    >>> from ipyvitals import Monitor
    >>> monitor = Monitor(interval=None)
    >>> with monitor.training(total=10, stage="Fit") as run:
    ...     run.update(4, loss=0.23)
    ...     run.fraction, run.metrics
    (0.4, {'loss': 0.23})
    >>> run.state
    'completed'
    """

    def __init__(self, owner: RunOwner, total: int | None, stage: str, details: str) -> None:
        self._owner = owner
        self._counter: Iterator[None] | None = None
        self._current = 0
        self._has_inner = False
        self.abandoned_at: tuple[CodeType, int] | None = None
        """Code object and line of the frame that abandoned the `track` loop of this run."""
        self.total = total
        self.stage = stage
        self.details = details
        self.metrics: dict[str, float | None] = {}
        self.state: TrainingState = "running"
        self.should_stop = False
        """True after `Monitor.stop_training`; a `track` loop then ends by itself."""

    @property
    def current(self) -> int:
        """Number of completed steps."""
        if self._counter is not None and self.state == "running":
            # While the body of the loop runs, the counter is one ahead of the completed steps.
            return max(0, COUNTER_LENGTH - length_hint(self._counter) - 1)
        return self._current

    @property
    def own_steps(self) -> int:
        """Number of completed steps; 0 for a run that contains other runs, whose steps count."""
        return 0 if self._has_inner else self.current

    @property
    def fraction(self) -> float | None:
        """Completed share of the run, in [0, 1]; ``None`` without a total."""
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
            Total number of completed steps.
        advance : int, optional
            Number of steps since the last call, instead of `current`.
        stage, details : str, optional
            New texts; a text that is left out stays.
        **metrics : float
            Latest values by name, such as ``loss=0.23``; any value that ``float()`` accepts. NaN
            and infinity are shown as unknown and counted as a notice.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When a value is no number, or `current` and `advance` are both given. The whole call
            is ignored then.
        """
        if current is not None and advance is not None:
            raise ArgumentValueError(
                "update(): expected current= or advance=, got both; give one of them."
            )
        values = {name: _number(value, "metric", name) for name, value in metrics.items()}
        steps = None if current is None else _steps("current", current)
        delta = None if advance is None else _steps("advance", advance)
        if steps is not None and steps < 0:
            raise ArgumentValueError(f"update(current={current!r}): expected 0 or more.")
        self._owner.update(self, steps, delta, stage, details, values)

    def complete(self, details: str | None = None) -> None:
        """End the run as completed; a run that has ended does not change."""
        self._owner.end(self, "completed", details)

    def fail(self, error: BaseException | str | None = None) -> None:
        """End the run as failed; type and text of the error become its details."""
        self._owner.end(self, "failed", _describe(error))

    def stop(self, details: str | None = None) -> None:
        """End the run early as stopped, which is no failure."""
        self._owner.end(self, "stopped", details)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and self.should_stop:
            self.stop(STOPPED)
        elif error is None:
            self.complete()
        elif isinstance(error, KeyboardInterrupt):
            self.stop(INTERRUPTED)
        else:
            self.fail(error)


def _steps(what: str, value: Any) -> int:
    number = _number(value, what)
    if not isfinite(number):
        raise ArgumentValueError(f"update({what}={value!r}): expected a number of steps.")
    return int(number)


def _number(value: Any, what: str, name: str | None = None) -> float:
    if type(value) is float:
        return value
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise ArgumentTypeError(
            f"update(): expected a number for {what}{f' {name!r}' if name else ''}, "
            f"got {value!r}; "
            "put texts into stage= or details=."
        ) from None


def _describe(error: BaseException | str | None) -> str:
    if isinstance(error, BaseException):
        text = safe_text(error)
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    return str(error) if error else "Failed"
