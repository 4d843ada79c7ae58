"""One run of training: what reports progress."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from operator import length_hint
from types import CodeType, TracebackType
from typing import Any, NamedTuple, Protocol, Self

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.schema import TrainingState
from ipyvitals.schema.messages import LABELS

__all__ = ["ENDLESS", "INTERRUPTED", "STOPPED", "Report", "TrainingRun"]

ENDLESS = 1 << 62
STOPPED = LABELS["training.stopped_on_request"]
INTERRUPTED = LABELS["training.interrupted"]


class RunOwner(Protocol):
    """Who keeps the runs."""

    def update(
        self,
        run: TrainingRun,
        current: int | None,
        advance: int | None,
        stage: str | None,
        details: str | None,
        metrics: dict[str, float],
    ) -> None:
        """Apply a checked update."""
        ...

    def end(self, run: TrainingRun, state: TrainingState, details: str | None) -> None:
        """Close a run."""
        ...


class Report(NamedTuple):
    """How a run that is in no other stands, and the metrics that it reports with that."""

    run: int
    """Counts these runs from 1."""
    stage: str
    state: TrainingState
    step: int | None
    total: int | None
    details: str
    metrics: dict[str, float | None]


class TrainingRun:
    """One run of training; made by `Monitor.training`.

    As a context manager it completes on the way out, or fails with the exception, which goes on.
    """

    def __init__(self, desk: RunOwner, total: int | None, stage: str, details: str) -> None:
        self._desk = desk
        self._ticks: Iterator[None] | None = None
        self._current = 0
        self._has_inner = False
        self.left_at: tuple[CodeType, int] | None = None
        """Where a loop over it was left: the code around it, and the line."""
        self.total = total
        self.stage = stage
        self.details = details
        self.metrics: dict[str, float | None] = {}
        self.state: TrainingState = "running"
        self.should_stop = False
        """Whether somebody asked for the end; a `track` loop heeds it by itself."""

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
        values = {name: _number(value, "metric", name) for name, value in metrics.items()}
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
        text = str(error)
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    return str(error) if error else "Failed"
