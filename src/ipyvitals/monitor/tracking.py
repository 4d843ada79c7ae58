"""Tracks training progress: the methods of `Monitor` that a training loop calls."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar

from ipyvitals.errors import ArgumentValueError
from ipyvitals.monitor.base import MonitorBase
from ipyvitals.training.arguments import CONTEXT
from ipyvitals.training.bars import BarCapture
from ipyvitals.training.loop import TrackLoop
from ipyvitals.training.run import TrainingRun
from ipyvitals.utils.user_code import safe_repr

__all__ = ["TrackingMixin"]

T = TypeVar("T")


class TrackingMixin(MonitorBase):
    """Opens and ends training runs."""

    def track(
        self,
        iterable: Iterable[T] | AsyncIterable[T],
        *,
        total: int | None = None,
        stage: str = "Training",
        details: str = "",
        parent: TrainingRun | TrackLoop[Any] | None = CONTEXT,
    ) -> TrackLoop[T]:
        """Iterate over `iterable` while the panel shows progress, rate and remaining time.

        A loop inside a run, in the same thread or task, is a run of its own inside that run; the
        panel shows the outermost one in front. In a notebook, a loop that an exception leaves ends
        as failed; ``break`` ends it as stopped.

        Parameters
        ----------
        iterable : iterable or async iterable
            Object to loop over, with ``for`` or ``async for``.
        total : int, optional
            Number of steps; by default the length of `iterable`, if it has one. Without a total
            there is no progress and no remaining time.
        stage : str
            Name of the activity, such as ``"Training"``. A loop that begins again inside the same
            run goes on with the run of its stage.
        details : str
            Further text to show.
        parent : TrainingRun, optional
            The run that this one is inside of; ``None`` for a run of its own. By default the run
            that is open in this thread or task.

        Returns
        -------
        TrackLoop
            Yields the items of `iterable`, in order; its ``log`` takes metrics.

        Raises
        ------
        ArgumentTypeError
            When `iterable` cannot be looped over.
        ArgumentValueError
            When `total` is negative or no whole number.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> for step in (bar := monitor.track(range(4), stage="Epoch")):
        ...     bar.log(loss=1.0 / (step + 1))
        >>> run = monitor.snapshot().runs[0]
        >>> run.state, run.best["loss"].value, run.best["loss"].step
        ('completed', 0.25, 4)
        """
        self._user_warnings.accepts()
        return self._engine.training.track(iterable, total, stage, details, parent=parent)

    def training(
        self,
        total: int | None = None,
        *,
        stage: str = "Training",
        details: str = "",
        parent: TrainingRun | TrackLoop[Any] | None = CONTEXT,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        goals: Mapping[str, Literal["min", "max"]] | None = None,
        unit: str | None = None,
        initial: int = 0,
        stop: Literal["flag", "raise"] = "flag",
        owner: object = None,
    ) -> TrainingRun:
        """Open a training run, to be used as a context manager.

        Parameters
        ----------
        total : int, optional
            Number of steps. Without it there is no progress and no remaining time.
        stage : str
            Name of the activity, such as ``"Fit"``.
        details : str
            Further text to show.
        parent : TrainingRun, optional
            The run that this one is inside of; ``None`` for a run of its own. By default the run
            that is open in this thread or task.
        name : str, optional
            Name of the run, by which people find it again.
        config : mapping, optional
            Hyperparameters; more can be added by ``run.config.update(…)``.
        tags : iterable of str
            Words to find the run by.
        goals : mapping of str to {"min", "max"}, optional
            Whether a metric is to fall or to rise, where its name does not say so.
        unit : str, optional
            What is counted, such as ``"epoch"``; by default what the stage says, or ``"step"``.
        initial : int
            Number of steps that were done before, such as those of a checkpoint; the rate counts
            from there.
        stop : {"flag", "raise"}
            What a request to stop does: it sets ``run.should_stop``; with ``"raise"`` the next
            `update` or `log` of this run, or of one inside it, raises `TrainingStopped` as well,
            which ends the ``with`` block and goes no further.
        owner : object, optional
            What opens the run, such as a callback of a framework. The run ends when the owner
            opens the next one, or is deleted.

        Returns
        -------
        TrainingRun
            Report progress with its ``update``. At the end of the ``with`` block the run is
            completed, or failed when an exception leaves the block.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When an argument is invalid.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> with monitor.training(total=3, stage="Fit", config={"lr": 0.1}) as run:
        ...     for step in range(3):
        ...         run.update(step + 1, loss=1.0 / (step + 1))
        >>> monitor.snapshot().training.progress
        100.0
        """
        self._user_warnings.accepts()
        given: Any = stop
        if not isinstance(given, str) or given not in ("flag", "raise"):
            raise ArgumentValueError(f"stop={safe_repr(stop)}: expected 'flag' or 'raise'.")
        return self._engine.training.start(
            total,
            stage,
            details,
            parent=parent,
            name=name,
            config=config,
            tags=tags,
            goals=goals,
            unit=unit,
            initial=initial,
            owner=owner,
            stop_raises=stop == "raise",
        )

    def capture_tqdm(self, *, hide: bool = False) -> BarCapture:
        """Turn bars of tqdm into runs, to be used as a context manager.

        Each bar that is made inside the block, on any thread and by any library, is a run: its
        description is the stage, numbers of its postfix are metrics, and bars inside each other are
        runs inside each other. The bars themselves work as ever.

        Parameters
        ----------
        hide : bool
            Whether to draw no bars, since the panel shows them.

        Returns
        -------
        BarCapture
            Bars are followed from the beginning of the ``with`` block to its end.

        Raises
        ------
        ImportError
            At the beginning of the block, when tqdm is not installed.

        Examples
        --------
        >>> from tqdm.auto import trange
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> with monitor.capture_tqdm(hide=True):
        ...     for epoch in (bar := trange(3, desc="Epochs")):
        ...         bar.set_postfix(loss=1.0 / (epoch + 1))
        >>> run = monitor.snapshot().runs[0]
        >>> run.stage, run.state, run.current, run.metrics["loss"]
        ('Epochs', 'completed', 3, 0.333...)
        """
        return BarCapture(
            self._engine.training,
            hide=hide,
            on_failure=partial(self._report_failure, "tqdm.failed"),
        )

    def log(
        self,
        metrics: Mapping[str, Any] | None = None,
        /,
        *,
        step: float | None = None,
        **values: Any,
    ) -> None:
        """Log values of metrics of the run that is open in this thread or task.

        Where none is open, a run without a total is opened, which ends with the cell. Never raises
        for a value: what is no number is a warning and a notice.

        Parameters
        ----------
        metrics : mapping of str to number, optional
            Values by name; any name, such as ``"train/loss"``.
        step : number, optional
            Where the values stand; by default the newest step of the run.
        **values : number
            Further values, such as ``loss=0.23``.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> for loss in (0.5, 0.25):
        ...     monitor.log({"train/loss": loss})
        >>> monitor.snapshot().runs[0].metrics
        {'train/loss': 0.25}
        """
        if self._user_warnings.accepts():
            self._engine.training.log_here(metrics, step, values)

    def stop_training(self, run_id: str | None = None) -> int:
        """Request the end of one run with the runs inside it, or of all open runs.

        `track` loops end at their next step. Other runs must check ``TrainingRun.should_stop``, or
        are opened by ``training(stop="raise")``.

        Parameters
        ----------
        run_id : str, optional
            The run, as ``snapshot().runs`` and events name it; all runs by default.

        Returns
        -------
        int
            Number of runs that were asked to end.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> for step in monitor.track(range(1_000)):
        ...     if step == 2:
        ...         _ = monitor.stop_training()
        >>> step, monitor.snapshot().training.state
        (2, 'stopped')
        """
        return self._engine.training.ask_to_stop(run_id)
