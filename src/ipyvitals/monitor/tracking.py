"""Tracks progress: the part of `Monitor` that a training loop calls."""

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
        """Yield from `iterable` while the panel shows progress, rate and time left.

        Parameters
        ----------
        iterable : iterable
            What to loop over.
        total : int, optional
            How many steps there are, where `iterable` has no length.
        stage, details : str
            What is being done.

        Yields
        ------
        object
            What `iterable` yields.

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
        """Open a run of training, to be used as a context manager.

        Parameters
        ----------
        total : int, optional
            How many steps it will take.
        stage, details : str
            What is being done.

        Returns
        -------
        TrainingRun
            Takes progress by ``update``; ends by itself at the end of the ``with`` block.

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
        """Ask open runs to end: `track` loops do at their next step, others see ``should_stop``.

        Returns
        -------
        int
            How many runs were asked.
        """
        return self._engine.training.ask_to_stop()
