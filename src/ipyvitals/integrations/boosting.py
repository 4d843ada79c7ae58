"""Base of the adapters for gradient boosting: one run for each call that trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import get_ident
from typing import Any, ClassVar

from ipyvitals.integrations.adapter import Adapter
from ipyvitals.monitor import Monitor
from ipyvitals.training.arguments import check_total
from ipyvitals.training.run import TrainingRun

__all__ = ["BoostingCallback"]


class BoostingCallback(Adapter):
    """Reports the rounds of calls that train; base class of three callbacks.

    One callback may hear calls of several threads at once, as in a search over a thread pool: a
    thread trains one model at a time.

    Parameters
    ----------
    monitor, name, tags, config
        As in `Adapter`.
    total : int, optional
        Number of rounds of one call, where it cannot be known.
    """

    model: ClassVar[str]
    """Name of the model, and of a monitor that has to be made."""
    unit: ClassVar[str]
    """What the framework calls a round."""

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
        total: int | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config, total=total)
        self._total = check_total(total)
        self._runs: dict[int, TrainingRun] = {}
        """Open runs by the thread of their call."""

    def begin_call(
        self, total: int | None, *, initial: int = 0, stage: str = "Boosting", config: Any = None
    ) -> TrainingRun:
        """Open the run of a call that trains on this thread.

        Parameters
        ----------
        total : int, optional
            Number of rounds in the end, with those of a model that the call goes on with.
        initial : int
            Number of rounds of that model.
        stage : str
        config : mapping, optional
            Parameters of the call.
        """
        self._runs.pop(get_ident(), None)
        busy = any(run.state == "running" for run in list(self._runs.values()))
        run = self._runs[get_ident()] = self.open_run(
            total,
            model=self.model,
            stage=stage,
            unit=self.unit,
            initial=initial,
            config=config,
            # The next call ends the run of the one before; of calls at a time, neither ends one.
            owner=None if busy else self,
        )
        return run

    def run_of_call(self) -> TrainingRun | None:
        """Return the run of the call on this thread, if one has begun."""
        return self._runs.get(get_ident())

    def end_call(self) -> None:
        """End the run of the call on this thread, which the framework has ended."""
        run = self._runs.pop(get_ident(), None)
        if run is not None:
            self.end_run(run)
