"""Tracks training progress: the methods of `Monitor` that a training loop calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from ipyvitals.monitor.base import MonitorBase
from ipyvitals.training.run import TrainingRun

__all__ = ["TrackingMixin"]

T = TypeVar("T")


class TrackingMixin(MonitorBase):
    """Opens and ends training runs."""

    def track(
        self,
        iterable: Iterable[T],
        *,
        total: int | None = None,
        stage: str = "Training",
        details: str = "",
    ) -> Iterator[T]:
        """Iterate over `iterable` while the panel shows progress, rate and remaining time.

        Loops may be nested: the panel shows the outermost one, and the inner one as its details.
        In a notebook, a loop that an exception leaves ends as failed; ``break`` ends it as
        stopped.

        Parameters
        ----------
        iterable : iterable
            Object to loop over.
        total : int, optional
            Number of steps; by default the length of `iterable`, if it has one. Without a total
            there is no progress and no remaining time.
        stage : str
            Name of the activity, such as ``"Training"``.
        details : str
            Further text to show.

        Yields
        ------
        object
            The items of `iterable`, in order.

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
        >>> sum(monitor.track(range(4), stage="Epoch"))
        6
        >>> monitor.snapshot().training.state
        'completed'
        """
        self._user_warnings.accepts()
        return self._engine.training.track(iterable, total, stage, details)

    def training(
        self, total: int | None = None, *, stage: str = "Training", details: str = ""
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

        Returns
        -------
        TrainingRun
            Report progress with its ``update``. At the end of the ``with`` block the run is
            completed, or failed when an exception leaves the block.

        Raises
        ------
        ArgumentValueError
            When `total` is negative or no whole number.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> with monitor.training(total=3, stage="Fit") as run:
        ...     for step in range(3):
        ...         run.update(step + 1, loss=1.0 / (step + 1))
        >>> monitor.snapshot().training.progress
        100.0
        """
        self._user_warnings.accepts()
        return self._engine.training.start(total, stage, details)

    def stop_training(self) -> int:
        """Request the end of all open runs.

        `track` loops end at their next step. Other runs must check ``TrainingRun.should_stop``.

        Returns
        -------
        int
            Number of open runs.

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
        return self._engine.training.ask_to_stop()
