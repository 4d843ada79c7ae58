"""`Monitor`: the public class, composed of its parts."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from ipyvitals.drift.detector import Drift
from ipyvitals.errors import ArgumentValueError
from ipyvitals.health import Thresholds
from ipyvitals.ingest.labeling import SegmentOf
from ipyvitals.ingest.scoring import Score
from ipyvitals.jupyter import kernel as jupyter
from ipyvitals.jupyter.control_channel import control_channel
from ipyvitals.monitor.deployment import DeploymentMixin
from ipyvitals.monitor.plotting import PlottingMixin
from ipyvitals.monitor.recording import RecordingMixin
from ipyvitals.monitor.tracking import TrackingMixin
from ipyvitals.monitor.user_warnings import UserWarnings
from ipyvitals.render.text import text_view
from ipyvitals.runtime.config import check_settings
from ipyvitals.runtime.engine import Engine
from ipyvitals.schema import Event, ModelInfo, Snapshot
from ipyvitals.utils.clock import Clock, SystemClock
from ipyvitals.utils.validation import (
    check_clock,
    model_facts,
    model_id_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from ipyvitals.jupyter.panel import StatusPanel

__all__ = ["Monitor"]

_named: weakref.WeakValueDictionary[str, Monitor] = weakref.WeakValueDictionary()


class Monitor(RecordingMixin, DeploymentMixin, TrackingMixin, PlottingMixin):
    """The vital signs of a model, and of the machine under it.

    As the last expression of a cell it shows the live panel. Any thread may use it. After
    `close` it still answers, but takes nothing more.

    Parameters
    ----------
    model : str or object, optional
        Name of the model, or the model itself, whose type is then the name.
    version : str, optional
        Of the model.
    trained_at : datetime, str or float, optional
        When the model was trained; ISO 8601 or Unix seconds as well.
    name : str
        Of this monitor. A second monitor of the same name closes and replaces the first, which
        is what running a cell again does.
    accuracy_window : int
        How many of the last labelled predictions the accuracy rests on.
    task : {"classification", "regression"}
        Whether predictions are right or wrong, or numbers that are more or less far off.
    tolerance : float, optional
        Of a regression: how far off a prediction may be and still count as right, in the unit
        of the target.
    score : callable, optional
        ``score(prediction, actual) -> float`` in [0, 1]; equality by default, and of a
        regression whether it is within the tolerance.
    segment : "class" or callable, optional
        Tells the accuracy of segments apart: of each true class, or of what
        ``segment(prediction, actual)`` returns. `record` may name a segment without it.
    drift : bool or Drift
        Whether to watch predictions and features for drift, and how.
    thresholds : Thresholds, optional
        Where good ends.
    interval : float or None
        Seconds between readings of the machine, at least 0.1. With ``None`` there is no
        background thread, and `tick` does what it would do.
    metrics_interval : float
        Seconds between looks at the model's figures, at least 0.1.
    clock : Clock, optional
        An object with ``monotonic()`` and ``time()``, both in seconds.
    pending_limit : int
        How many predictions may wait for their label; the oldest make room.
    label_ttl : float
        Seconds for which a prediction waits for its label.
    disk_path : str, optional
        A path on the disk to watch; the working folder by default.
    store : path or bool, optional
        The file that keeps the history, from which a new kernel goes on; ``True`` is one in
        Jupyter's data folder, but without a background thread none; ``None`` keeps the last
        rows in memory.
    store_predictions : bool
        Whether to keep every single prediction with its label too; they may be private.

    Raises
    ------
    ArgumentValueError, ArgumentTypeError
        When an argument makes no sense.

    Examples
    --------
    >>> monitor = Monitor("churn", version="2.1", interval=None)
    >>> monitor.deploy("churn", version="2.1")
    'churn-2.1'
    >>> monitor.record("stays", "stays", latency=0.004)
    >>> monitor.snapshot().metrics.current_accuracy
    1.0
    >>> monitor.close()
    """

    def __init__(
        self,
        model: Any = None,
        *,
        version: str | None = None,
        trained_at: datetime | str | float | None = None,
        name: str = "default",
        accuracy_window: int = 100,
        task: Literal["classification", "regression"] = "classification",
        tolerance: float | None = None,
        score: Score | None = None,
        segment: Literal["class"] | SegmentOf | None = None,
        drift: bool | Drift = False,
        thresholds: Thresholds | None = None,
        interval: float | None = 5.0,
        metrics_interval: float = 1.0,
        clock: Clock | None = None,
        pending_limit: int = 10_000,
        label_ttl: float = 86_400.0,
        disk_path: str | None = None,
        store: str | PathLike[str] | bool | None = True,
        store_predictions: bool = False,
    ) -> None:
        if model is None and (version is not None or trained_at is not None):
            raise ArgumentValueError(
                "Monitor(): expected model= together with version= and trained_at=; "
                "name the model, or leave them to deploy()."
            )
        settings = check_settings(
            name=name,
            accuracy_window=accuracy_window,
            task=task,
            tolerance=tolerance,
            score=score,
            segment=segment,
            drift=drift,
            thresholds=thresholds,
            interval=interval,
            metrics_interval=metrics_interval,
            pending_limit=pending_limit,
            label_ttl=label_ttl,
            store=store,
            store_predictions=store_predictions,
        )
        facts = None if model is None else model_facts(model, version, trained_at)
        used = SystemClock() if clock is None else check_clock(clock)
        before = _named.get(settings.name)
        if before is not None:
            before.close()
        # With psutil it costs a fifth of what importing ipyvitals does.
        from ipyvitals.system import SystemSampler

        user_warnings = UserWarnings(settings.name)
        engine = Engine(
            settings,
            used,
            sampler=lambda notices: SystemSampler(disk_path, notices, wall=used.time),
            kernel=jupyter.kernel,
            pause=control_channel.presence.pause,
            on_mismatch=user_warnings.on_mismatch,
        )
        user_warnings.attach(engine.notices)
        super().__init__(engine, user_warnings)
        if facts is not None:
            engine.deploy(model_id_of(facts), announce=False, **facts)
        self._panel: StatusPanel | None = None
        _named[settings.name] = self
        jupyter.watch_cells(engine.training)
        control_channel.attach(engine)

    @property
    def name(self) -> str:
        """Name of this monitor."""
        return self._engine.settings.name

    @property
    def closed(self) -> bool:
        """Whether `close` was called, or another monitor of the same name took over."""
        return self._engine.closed

    @property
    def active_model(self) -> ModelInfo | None:
        """The model that predictions belong to; ``None`` before there is one."""
        return next((model for model in self.models() if model.active), None)

    # What is known

    def snapshot(self) -> Snapshot:
        """Return everything known, exact up to this call."""
        snapshot = self._engine.snapshot()
        self._user_warnings.warn_pending()
        return snapshot

    def models(self) -> list[ModelInfo]:
        """Return the models that were named, deployed, or that predicted, oldest first."""
        return self._engine.models()

    def events(self, since: int | None = None) -> list[Event]:
        """Return the events so far, newest last; the last 1,000 are kept.

        Parameters
        ----------
        since : int, optional
            Only events after the one with this ``seq``.
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
        """Return what is kept: of this monitor, and of those of its name before it.

        Parameters
        ----------
        section : {"metrics", "system", "training", "events", "models", "predictions"}
        since, until : datetime, str or float, optional
            From this moment on, and before that one; ISO 8601 or Unix seconds as well.
        model_id : str, optional
            Only this model.
        freq : str or timedelta, optional
            One row a stretch of this length, such as ``"1min"``: means of what is measured, the
            last of totals and states.

        Returns
        -------
        DataFrame
            Indexed by ``time`` in UTC. Units stand in the names of the columns.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument makes no sense.

        Examples
        --------
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record(1, 1)
        >>> monitor.history("metrics", model_id="churn")["total_predictions"].to_list()
        [1]
        >>> monitor.close()
        """
        self._engine.keep(all=True)
        self._user_warnings.warn_pending()
        return self._engine.archive.history(
            section, since=since, until=until, model_id=model_id, freq=freq
        )

    def on(self, event_type: str, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call `callback` with each event of a type, on a thread that only does that.

        What it raises is counted as a notice and logged.

        Parameters
        ----------
        event_type : str
            One of the six, or ``"*"`` for all of them.
        callback : callable
            Takes the event.

        Returns
        -------
        callable
            Ends the subscription.

        Examples
        --------
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

    def panel(self) -> StatusPanel:
        """Return the live panel: a widget, the same one each time."""
        if self._panel is None:
            from ipyvitals.jupyter.panel import StatusPanel

            self._panel = StatusPanel(self._engine, interval=self._engine.settings.interval)
            self._engine.watch(self._panel)
        return self._panel

    # By hand

    def tick(self) -> None:
        """Do what the background thread does when it is time, now: read, judge, tell, show."""
        self._engine.tick()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything recorded so far is folded, published, told and stored.

        Parameters
        ----------
        timeout : float
            Seconds to wait for callbacks, and for the disk, at most.

        Returns
        -------
        bool
            False when callbacks took longer than that, or the history could not be written.
        """
        self._engine.archive.wait_for_late(timeout)
        self._engine.publish()
        self._user_warnings.warn_pending()
        told = self._engine.callbacks.drain(timeout)
        return self._engine.archive.flush(timeout) and told

    def close(self) -> None:
        """End in order; a closed monitor still answers, but takes nothing more."""
        self._engine.close()
        self._user_warnings.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # How it looks

    def __repr__(self) -> str:
        engine = self._engine
        return text_view(engine.snapshot(), closed=engine.closed, threadless=engine.forked)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not jupyter.has_widgets():
            return {"text/plain": repr(self)}
        return self.panel()._repr_mimebundle_(include=include, exclude=exclude)

    def _display_(self) -> Any:
        return self.panel()
