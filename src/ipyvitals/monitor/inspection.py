"""Returns state, events and history: the methods of `Monitor` that read what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ipyvitals.monitor.base import MonitorBase
from ipyvitals.schema import Event, ModelInfo, Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from ipyvitals.charts.run_table import RunTable
    from ipyvitals.storage.run_filter import Names

__all__ = ["InspectionMixin"]


class InspectionMixin(MonitorBase):
    """Returns snapshots, models, events and history, and subscribes callbacks to events."""

    @property
    def active_model(self) -> ModelInfo | None:
        """Model that predictions without a `model_id` belong to; ``None`` before the first one."""
        return next((model for model in self.models() if model.active), None)

    def snapshot(self) -> Snapshot:
        """Return the current state of models, training and machine, exact up to this call.

        Returns
        -------
        Snapshot
            A frozen copy.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record(1, 1)
        >>> monitor.snapshot().metrics.total_predictions
        1
        """
        snapshot = self._engine.snapshot()
        self._user_warnings.warn_pending()
        return snapshot

    def models(self) -> list[ModelInfo]:
        """Return all models that have a name, were deployed or made a prediction, oldest first.

        Returns
        -------
        list of ModelInfo
        """
        return self._engine.models()

    def events(self, since: int | None = None) -> list[Event]:
        """Return the last 1,000 events, newest last.

        Parameters
        ----------
        since : int, optional
            Return only events after the one with this ``seq``.

        Returns
        -------
        list of Event

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> _ = monitor.deploy("churn", version="2.2")
        >>> [event.type for event in monitor.events()][:1]
        ['model_deployed']
        """
        self._engine.drain()
        return self._engine.events.get(since)

    def history(
        self,
        section: str = "metrics",
        *,
        since: datetime | str | float | None = None,
        until: datetime | str | float | None = None,
        model_id: str | None = None,
        freq: Any = None,
    ) -> pd.DataFrame:
        """Return the stored history of this monitor and of earlier monitors of its name.

        ``"training"`` has the runs that `runs` returns without arguments.

        Parameters
        ----------
        section : {"metrics", "system", "training", "events", "models", "predictions"}
            Part of the history to return.
        since, until : datetime, str or float, optional
            Start (included) and end (excluded) of the time span: a datetime, an ISO 8601 string
            or Unix seconds.
        model_id : str, optional
            Return only rows of this model.
        freq : str or timedelta, optional
            Aggregate to one row per period of this length, such as ``"1min"``: the mean of
            measurements, the last value of totals and states.

        Returns
        -------
        DataFrame
            Indexed by ``time`` in UTC. The column names contain the units.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument has an invalid value or type.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record(1, 1)
        >>> monitor.history("metrics", model_id="churn")["total_predictions"].to_list()
        [1]
        >>> monitor.close()
        """
        self._engine.keep(all=True)
        self._user_warnings.warn_pending()
        found = self._engine.persistence.history(
            section, since=since, until=until, model_id=model_id, freq=freq
        )
        return self._of_models(found) if section == "training" else found

    def runs(
        self,
        *,
        name: Names = None,
        tag: Names = None,
        model: Names = None,
        since: datetime | str | float | None = None,
        until: datetime | str | float | None = None,
    ) -> RunTable:
        """Return the stored training runs of this monitor and of earlier ones of its name.

        Without `model`, runs of models that this monitor does not have are left out.

        Parameters
        ----------
        name, tag, model : str or iterable of str, optional
            Return only runs of any of these names, tags, and ids or names of models. A run without
            a name has its stage.
        since, until : datetime, str or float, optional
            Return only runs that began at or after the first, and before the second.

        Returns
        -------
        RunTable
            A list of `StoredRun`, the newest last, which a notebook shows as a table of what the
            runs took.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> with monitor.training(stage="Fit") as run:
        ...     run.log(loss=0.5)
        >>> [(run.stage, run.state, run.metrics) for run in monitor.runs()]
        [('Fit', 'completed', {'loss': 0.5})]
        >>> monitor.close()
        """
        from ipyvitals.charts.run_table import RunTable
        from ipyvitals.storage.run_filter import run_filter, trained_one_of

        wanted = run_filter(name=name, tag=tag, model=model, since=since, until=until)
        self._engine.training.fold()
        found = wanted.select(self._engine.persistence.stored_runs())
        if model is None:
            models = self._model_names()
            found = [run for run in found if trained_one_of(run, models)]
        return RunTable(found)

    def curves(self, run_id: str | None = None) -> pd.DataFrame:
        """Return the thinned curves of runs that have ended, one row a bucket of values.

        Parameters
        ----------
        run_id : str, optional
            Only of this run, by its id in `runs` or in a snapshot; by default of all runs that
            `runs` returns without arguments.
        """
        self._engine.training.fold()
        found = self._engine.persistence.curves(run_id)
        return self._of_models(found) if run_id is None else found

    def _model_names(self) -> set[str]:
        """Return ids and names of the models of this monitor, if one has a name."""
        named = [one for one in self._engine.models() if one.name]
        # A model without a name has the monitor's name as its id.
        ids = [self._engine.settings.name, *(one.model_id for one in named)]
        return {*ids, *(one.name for one in named if one.name)} if named else set()

    def _of_models(self, found: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of runs that trained no other model than those of this monitor."""
        from ipyvitals.storage.run_filter import trained_one_of

        models = self._model_names()
        if not models or found.empty:
            return found
        runs = self._engine.persistence.stored_runs()
        others = [run.run for run in runs if not trained_one_of(run, models)]
        return found[~found["run"].isin(others)] if others else found

    def delete_run(self, run_id: str) -> None:
        """Delete a training run that has ended from the history.

        Snapshots of this kernel have the run until it is no longer among the last ones.

        Parameters
        ----------
        run_id : str
            Its id in `runs` or in a snapshot.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When this monitor has no such run, or it has not ended.
        StoreError
            When the file cannot be written.
        """
        self._engine.training.fold()
        self._engine.persistence.delete_run(run_id)

    def on(self, event_type: str, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Subscribe `callback` to events; a separate thread calls it with each event.

        Exceptions of the callback are logged and counted as a notice.

        Parameters
        ----------
        event_type : str
            One of the seven types in `EVENT_TYPES`, or ``"*"`` for all of them.
        callback : callable
            Function that takes the event.

        Returns
        -------
        callable
            Function without arguments that ends the subscription.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When there is no such event type, or `callback` is not callable.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> seen = []
        >>> unsubscribe = monitor.on("model_deployed", seen.append)
        >>> _ = monitor.deploy("churn", version="2.2"); monitor.flush()
        True
        >>> seen[0].model_version
        '2.2'
        >>> monitor.close()
        """
        return self._engine.callbacks.on(event_type, callback)
