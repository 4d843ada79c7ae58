"""The handle of one training run, through which user code reports progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from operator import length_hint
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from ipyvitals.errors import TrainingStopped
from ipyvitals.schema import RunEnd, TrainingState
from ipyvitals.training.run_states import COUNTER_LENGTH, STOPPED, end_by_error, raise_if_stopped
from ipyvitals.utils.user_code import safe_text

if TYPE_CHECKING:
    from ipyvitals.training.context import CallPlace, RunPlace
    from ipyvitals.training.record import RunRecord

__all__ = ["RunOwner", "TrainingRun", "unknown_end"]


class RunOwner(Protocol):
    """The owner of a run, which applies its updates under a lock: the `TrainingTracker`."""

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
        """Apply an update."""
        ...

    def log(self, run: TrainingRun, mapping: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Take values of metrics."""
        ...

    def end(
        self, run: TrainingRun, state: TrainingState, details: str | None, end: RunEnd, **args: str
    ) -> None:
        """End a run."""
        ...

    def fold(self) -> None:
        """Apply the values that wait."""
        ...


class TrainingRun:
    """One training run; `Monitor.training` creates it.

    As a context manager the run completes at the end of the ``with`` block. An exception in the
    block ends it as failed and propagates; ``KeyboardInterrupt`` ends it as stopped. After
    ``training(stop="raise")`` a request to stop ends the block by `TrainingStopped`, which goes no
    further.

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

    def __init__(
        self, owner: RunOwner, record: RunRecord, total: int | None, stage: str, details: str
    ) -> None:
        self.owner = owner
        self.record = record
        self.parent: TrainingRun | None = None
        """The run inside which this one was opened."""
        self.around: TrainingRun | None = None
        """The run that was innermost in the context when this one began."""
        self.children: list[TrainingRun] = []
        """Open runs inside this one, oldest first."""
        self.loops: dict[str, RunRecord] = {}
        """Records of the `track` loops inside this run, by stage; each lap goes on with its own."""
        self.place: RunPlace | None = None
        self.call: CallPlace | None = None
        """The call of a framework that trains, where it says nothing of an exception."""
        self.is_waiting: Callable[[], bool | None] = _unknown
        """Returns whether the loop is inside its iterable now; ``None`` where that is unknown."""
        self.is_done: Callable[[], bool] = unknown_end
        """Returns whether a framework that trains has ended by itself, without a call of `end`."""
        self.implicit = False
        """Whether `Monitor.log` opened the run, because none was open."""
        self.stop_raises = self.aside = False
        """Whether a request to stop raises, and whether the steps of the run are none of the run
        around it, such as a validation's."""
        self.should_stop = self.interrupt = False
        """True after `Monitor.stop_training`, when a `track` loop ends by itself; and when the loop
        should look at that, or at the clock again."""
        self.stopped_at: tuple[int, float] | None = None
        """Steps and share done when a request to stop first ended something inside this run."""
        self.cell = 0
        """Number of the notebook's cell that opened the run."""
        self.abandoned_at: tuple[CodeType, int] | None = None
        """Code object and line of the frame that abandoned the `track` loop of this run."""
        self.finished_steps = 0
        """Steps of the runs inside this one that have ended."""
        self.reached = 0.0
        self.counted = False
        """Whether a loop or the user counts the steps, so that a logged value does not."""
        self.reports = 0
        """Calls that reported metrics while nobody counted the steps."""
        self.logged = 0
        """Calls of `log` without a step while nobody counted the steps."""
        self.counts_from: int | None = None
        """Number of the first step where `log` says the steps: 0 or 1; ``None`` where none came."""
        self.offset = record.steps
        """Steps of the laps before."""
        self._counter: Iterator[None] | None = None
        self._current, self._has_inner = 0, False
        self.total = total
        self.stage, self.details = stage, details
        self.state: TrainingState = "running"

    def __repr__(self) -> str:
        name = f"name={self.record.name!r}, " if self.record.name else ""
        steps = f"current={self.current}, total={self.total}"
        return f"TrainingRun({name}stage={self.stage!r}, state={self.state!r}, {steps})"

    @property
    def run_id(self) -> str:
        """Identifies the run in ``snapshot().runs`` and in events."""
        return self.record.run_id

    @property
    def config(self) -> MutableMapping[str, Any]:
        """Hyperparameters, which may be changed at any time; as numbers, texts and flags."""
        return self.record.config

    @property
    def metrics(self) -> dict[str, float | None]:
        """The newest value of each metric; ``None`` where it is not finite."""
        self.owner.fold()
        return dict(self.record.series.metrics)

    @property
    def current(self) -> int:
        """Number of completed steps."""
        if self._counter is not None and self.state == "running":
            # Read first: a loop that goes on meanwhile must not be ahead of itself.
            given = self._given
            # While the body of the loop runs, its step is not complete.
            return given if self.is_waiting() else max(0, given - 1)
        return self._current

    @property
    def _given(self) -> int:
        """Number of items that a `track` loop has given to its body; 0 without such a loop."""
        counter = self._counter
        return 0 if counter is None else COUNTER_LENGTH - length_hint(counter)

    @property
    def own_steps(self) -> int:
        """Number of completed steps; 0 for a run that contains other runs, whose steps count."""
        return 0 if self._has_inner else self.current

    @property
    def fraction(self) -> float | None:
        """Completed share of the run, in [0, 1]; ``None`` without a total.

        A run that completed early, such as one stopped by its framework at its best, has the
        share that it reached; one that reported no steps is complete.
        """
        if self.state == "completed" and not (self.total and 0 < self.current < self.total):
            return 1.0
        if not self.total:
            return None
        return min(1.0, self.current / self.total)

    def update(
        self,
        current: int | Mapping[str, Any] | None = None,
        *mappings: Mapping[str, Any],
        advance: int | None = None,
        stage: str | None = None,
        details: str | None = None,
        **metrics: Any,
    ) -> None:
        """Report progress. Never raises for a value: what is no number is a warning and a notice.

        Parameters
        ----------
        current : int, optional
            Total number of completed steps.
        *mappings : mapping of str to number
            Metrics whose names are no Python names, such as ``{"train/loss": 0.2}``.
        advance : int, optional
            Number of steps since the last call, instead of `current`.
        stage, details : str, optional
            New texts; a text that is left out stays.
        **metrics : number
            Latest values by name, such as ``loss=0.23``: any number, also an array or a tensor of
            one element. ``None`` is unknown; NaN and infinity are shown as unknown.

        Raises
        ------
        TrainingStopped
            After a request to stop, in a run with ``stop="raise"``.
        """
        if self.should_stop and self.stopped_at is not None:
            # A loop inside ended on request, so that the step which is reported is not complete.
            raise_if_stopped(self)
        self.owner.update(self, current, advance, stage, details, mappings, metrics)
        if self.should_stop:
            raise_if_stopped(self)

    def log(
        self,
        metrics: Mapping[str, Any] | None = None,
        /,
        *,
        step: float | None = None,
        **values: Any,
    ) -> None:
        """Log values of metrics.

        The progress moves only in a run whose steps neither `update` nor a loop counts: to the
        highest step given, which is one step more where the first one is 0; else by one a call.

        Parameters
        ----------
        metrics : mapping of str to number, optional
            Values by name; any name, such as ``"train/loss"``.
        step : number, optional
            Where the values stand; may go back. By default the newest step of the loop inside this
            run, or of the run; in a run whose steps nobody counts, the number of calls.
        **values : number
            Further values, as in `update`.

        Raises
        ------
        TrainingStopped
            After a request to stop, in a run with ``stop="raise"``.
        """
        self.owner.log(self, metrics, step, values)
        if self.should_stop:
            raise_if_stopped(self)

    def complete(self, details: str | None = None) -> None:
        """End the run as completed; a run that has ended does not change."""
        self.owner.end(self, "completed", details, "completed")

    def fail(self, error: BaseException | str | None = None) -> None:
        """End the run as failed; type and text of the error become its details."""
        self.owner.end(self, "failed", _describe(error), "failed")

    def stop(self, details: str | None = None) -> None:
        """End the run early as stopped, which is no failure."""
        self.owner.end(self, "stopped", details, "stopped")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Imported late: the module is built on this one.
        from ipyvitals.training.ignored_run import ignored_run

        return ignored_run, (self.total, self.stage)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            return self._leave(error)
        except BaseException:
            # An interrupt, after which the run has ended all the same.
            self._leave(error)
            raise

    def _leave(self, error: BaseException | None) -> bool | None:
        if isinstance(error, TrainingStopped) or (error is None and self.should_stop):
            self.owner.end(self, "stopped", STOPPED, "requested")
            return self.stop_raises and error is not None
        if error is None:
            self.complete()
        else:
            end_by_error(self, error)
        return None


def _unknown() -> bool | None:
    return None


def unknown_end() -> bool:
    """Return False: no framework says that the run has ended."""
    return False


def _describe(error: BaseException | str | None) -> str:
    if isinstance(error, BaseException):
        text = safe_text(error)
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    return str(error) if error else "Failed"
