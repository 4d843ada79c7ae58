"""Counts the steps of PyTorch optimizers, for training loops without a framework."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from ipyvitals.errors import ArgumentTypeError
from ipyvitals.integrations.adapter import Pace
from ipyvitals.monitor import Monitor
from ipyvitals.monitor.integration_support import (
    check_monitor,
    count_failure,
    find_open_run,
    is_loop,
)
from ipyvitals.training.run import TrainingRun

__all__ = ["StepCounter", "count_steps"]


def count_steps(*optimizers: Any, monitor: Monitor | None = None) -> StepCounter:
    """Count the steps of optimizers as those of the run that is open in the context.

    The run that is open at the call is advanced by each step; where none is open, the one that is
    at the step. A `track` loop counts its own items: such a run has the number of optimizer steps
    as the metric ``optimizer_steps``. With several optimizers, each of their steps is one. A step
    that `torch.amp.GradScaler` leaves out is none, since it does not call the optimizer.

    Parameters
    ----------
    *optimizers : torch.optim.Optimizer
    monitor : Monitor, optional
        Whose runs; by default the newest open monitor of this process.

    Returns
    -------
    StepCounter
        Its ``remove()`` ends the counting, as does the end of a ``with`` block.

    Examples
    --------
    >>> with monitor.training(total=1_000, unit="step"), count_steps(optimizer):  # doctest: +SKIP
    ...     for batch in loader:
    ...         train_step(batch)
    """
    for optimizer in optimizers:
        if not hasattr(optimizer, "register_step_post_hook"):
            raise ArgumentTypeError(
                f"count_steps(): expected optimizers of torch, got {type(optimizer).__name__}."
            )
    if not optimizers:
        raise ArgumentTypeError("count_steps(): expected one optimizer or more.")
    return StepCounter(optimizers, check_monitor(monitor))


class StepCounter:
    """Counts the steps of some optimizers; `count_steps` makes it.

    Parameters
    ----------
    optimizers : sequence of torch.optim.Optimizer
    monitor : Monitor, optional
    """

    def __init__(self, optimizers: tuple[Any, ...], monitor: Monitor | None) -> None:
        self._monitor = monitor
        run = find_open_run(monitor)
        self._run = run if run is not None and not is_loop(run) else None
        self._pace = Pace()
        self.steps = 0
        """Steps of all the optimizers."""
        # A copied or saved optimizer has no hooks.
        self._handles = [one.register_step_post_hook(self._count) for one in optimizers]

    def _count(self, optimizer: Any, args: Any, options: Any) -> None:
        self.steps += 1
        try:
            run: TrainingRun | None = self._run
            if run is None or run.state != "running":
                run = find_open_run(self._monitor)
            if run is None:
                return
            if not is_loop(run):
                run.update(advance=1)
            elif self._pace.is_due():
                run.log(optimizer_steps=self.steps)
        except Exception as error:
            count_failure(self._monitor, "count_steps of torch", error)

    def remove(self) -> None:
        """End the counting."""
        handles, self._handles = self._handles, []
        for handle in handles:
            handle.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()
