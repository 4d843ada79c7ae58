"""The public class `Monitor`, composed of its mixins."""

from __future__ import annotations

import sys
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from msgspec.structs import replace

from ipyvitals.drift.detector import Drift
from ipyvitals.errors import ArgumentValueError
from ipyvitals.health import Thresholds
from ipyvitals.ingest.labeling import SegmentFunction
from ipyvitals.ingest.scoring import ScoreFunction
from ipyvitals.jupyter.control_channel import control_channel
from ipyvitals.jupyter.kernel import has_widgets, kernel_activity, watch_cells
from ipyvitals.monitor.attaching import AttachingMixin
from ipyvitals.monitor.deployment import DeploymentMixin
from ipyvitals.monitor.identity import IdentityMixin
from ipyvitals.monitor.inspection import InspectionMixin
from ipyvitals.monitor.labeling import LabelingMixin
from ipyvitals.monitor.names import default_name, monitor_names
from ipyvitals.monitor.plotting import PlottingMixin
from ipyvitals.monitor.recording import RecordingMixin
from ipyvitals.monitor.tracking import TrackingMixin
from ipyvitals.monitor.user_warnings import UserWarnings
from ipyvitals.monitor.watching import WatchingMixin
from ipyvitals.remote.address import Place
from ipyvitals.render.plain import encodable
from ipyvitals.render.text import text_view
from ipyvitals.runtime.config import MonitorConfig, check_settings
from ipyvitals.runtime.engine import Engine
from ipyvitals.runtime.processes import as_worker, connect_processes
from ipyvitals.utils.clock import Clock, SystemClock
from ipyvitals.utils.validation import (
    check_clock,
    model_facts,
    model_id_of,
)
from ipyvitals.utils.weak_callbacks import weak_result

if TYPE_CHECKING:
    from ipyvitals.jupyter.panel import StatusPanel

__all__ = ["Monitor"]


class Monitor(
    IdentityMixin,
    AttachingMixin,
    WatchingMixin,
    RecordingMixin,
    LabelingMixin,
    DeploymentMixin,
    TrackingMixin,
    InspectionMixin,
    PlottingMixin,
):
    """Monitor the vital signs of a model and of the machine that it runs on.

    A monitor starts at once. As the last expression of a cell it shows the live panel. All
    methods may be called from any thread. A monitor whose `close` was called still returns its
    last state, but records nothing more.

    Parameters
    ----------
    model : str or object, optional
        Name of the model, or the model object, whose type name becomes the name.
    version : str, optional
        Version of the model.
    trained_at : datetime, str or float, optional
        Time of training: a datetime, an ISO 8601 string or Unix seconds.
    name : str, optional
        Name of the monitor; by default the name of the notebook or the script, without its suffix,
        and ``"default"`` where neither is known. A second monitor of the same name closes and
        replaces the first, as happens when a cell runs again.
    accuracy_window : int
        Number of the latest labelled predictions that the accuracy is computed from.
    task : {"classification", "regression"}
        Whether a prediction equals its label or not, or is a number with an error.
    tolerance : float, optional
        For a regression: largest error with which a prediction counts as right, in the unit of
        the target.
    score : callable, optional
        ``score(prediction, actual) -> float`` in [0, 1]. By default 1 when both are equal, or
        for a regression when the error is within the tolerance, else 0.
    segment : "class" or callable, optional
        Compute the accuracy per group as well: per true class, or per return value of
        ``segment(prediction, actual)``. `record` accepts a segment without this setting.
    drift : bool or Drift
        Whether to watch predictions and features for drift; a `Drift` sets how.
    thresholds : Thresholds, optional
        Limits from which a model or the machine is degraded or unhealthy.
    interval : float or None
        Seconds between readings of the machine, at least 0.1. With ``None`` there is no
        background thread; call `tick` instead.
    metrics_interval : float
        Seconds between updates of the model's metrics, at least 0.1.
    clock : Clock, optional
        Object with ``monotonic()`` and ``time()``, both in seconds; the system's clock by
        default.
    pending_limit : int
        Maximum number of predictions without a label; the oldest are dropped.
    label_ttl : float
        Seconds for which a prediction waits for its label.
    disk_path : str, optional
        Path on the disk to watch; the working directory by default.
    store : path or bool, optional
        File that stores the history, from which a new kernel continues. ``True`` is a file in
        Jupyter's data folder, or no file if there is no background thread. ``None`` keeps the
        last rows in memory.
    store_predictions : bool
        Whether to store every single prediction with its label; they may be private data.
    git : bool
        Whether a training run has the commit of the work tree that the process is in, and whether
        its files differ from that; the sampling thread asks git.
    terminal : bool
        Whether a training run outside a notebook writes a line of progress to the standard error.
    reports : path or bool
        Folder in which other processes report to this monitor; by default a folder that children
        of this process find by themselves. ``False``: other processes do not report.

    Raises
    ------
    ArgumentValueError, ArgumentTypeError
        When an argument has an invalid value or type.

    Examples
    --------
    >>> from ipyvitals import Monitor
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
        name: str | None = None,
        accuracy_window: int = 100,
        task: Literal["classification", "regression"] = "classification",
        tolerance: float | None = None,
        score: ScoreFunction | None = None,
        segment: Literal["class"] | SegmentFunction | None = None,
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
        git: bool = True,
        terminal: bool = True,
        reports: str | PathLike[str] | Place | bool = True,
    ) -> None:
        if model is None and (version is not None or trained_at is not None):
            raise ArgumentValueError(
                "Monitor(): expected model= together with version= and trained_at=; "
                "name the model, or leave them to deploy()."
            )
        settings = check_settings(
            name=default_name() if name is None else name,
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
            git=git,
            terminal=terminal,
            reports=reports,
        )
        facts = None if model is None else model_facts(model, version, trained_at)
        clock = SystemClock() if clock is None else check_clock(clock)
        self._panel: StatusPanel | None = None
        settings = as_worker(settings)
        while not self._start(settings, clock, facts, disk_path):
            pass

    def _start(
        self,
        settings: MonitorConfig,
        clock: Clock,
        facts: dict[str, Any] | None,
        disk_path: str | None,
    ) -> bool:
        """Replace the monitor of this name; return false if another thread made one meanwhile."""
        previous = monitor_names.get(settings.name)
        if previous is not None and not previous._records_for_another(settings):
            # Without the lock of the name: the last records may call score() of the user.
            previous.close()
        with monitor_names.lock(settings.name):
            newest = monitor_names.get(settings.name)
            if newest is not None and newest is not previous and not newest.closed:
                return False
            self._make_engine(settings, clock, disk_path)
            monitor_names.register(settings.name, self)
        if facts is not None:
            self._engine.deploy(model_id_of(facts), announce=False, **facts)
        with monitor_names.lock(settings.name):
            # Another thread may have replaced this monitor meanwhile.
            if not self._engine.closed:
                watch_cells(self._engine.training)
                control_channel.attach(self._engine)
        self._engine.notices.log_new()
        return True

    def _make_engine(
        self,
        settings: MonitorConfig,
        clock: Clock,
        disk_path: str | None,
        user_warnings: UserWarnings | None = None,
    ) -> None:
        # Imported late: with psutil it takes a fifth of the time to import ipyvitals.
        from ipyvitals.system.sampler import SystemSampler

        user_warnings = user_warnings or UserWarnings(settings.name)
        engine = Engine(
            settings,
            clock,
            sampler=lambda notices: SystemSampler(disk_path, notices, wall=clock.time),
            kernel=kernel_activity,
            pause=control_channel.presence.pause,
            on_mismatch=user_warnings.on_mismatch,
            on_bad_metric=user_warnings.warn_metric,
        )
        super().__init__(engine, user_warnings)
        user_warnings.attach(engine.notices, engine.aggregator.queue.entries.append)
        user_warnings.go_on = weak_result(self, Monitor._go_on_in_child, False)
        connect_processes(engine)

    def _records_for_another(self, settings: MonitorConfig) -> bool:
        """Return whether this is a recorder, and `settings` are of one for another home process."""
        place = self._engine.place
        if self._engine.sender is None or place is None or not isinstance(settings.reports, Place):
            return False
        return place.process != settings.reports.process

    def _go_on_in_child(self) -> bool:
        """Count for the parent process from here on; return whether it can be reached.

        A child by ``fork`` begins at zero: the counts that it inherited are the parent's.
        """
        former = self._engine
        if former.place is None:
            return False
        settings = as_worker(replace(former.settings, reports=former.place))
        self._make_engine(settings, former.clock, None, self._user_warnings)
        active = former.aggregator.active
        if active.name is not None:
            self._engine.deploy(
                active.model_id, announce=False, name=active.name, version=active.version
            )
        return True

    @property
    def name(self) -> str:
        """Name of this monitor."""
        return self._engine.settings.name

    @property
    def closed(self) -> bool:
        """True after `close`, or after another monitor of the same name replaced this one."""
        return self._engine.closed

    # Display

    def panel(self) -> StatusPanel:
        """Return the live panel, a widget; each call returns the same one.

        Returns
        -------
        StatusPanel
        """
        if self._panel is None:
            from ipyvitals.jupyter.panel import StatusPanel

            self._panel = StatusPanel(self._engine, interval=self._engine.settings.interval)
            self._engine.watch(self._panel)
        return self._panel

    # Control

    def tick(self) -> None:
        """Run one cycle of the background thread now, due or not.

        A cycle reads the machine, evaluates the models, publishes events and updates the views.
        Call it in place of the background thread when the monitor has ``interval=None``.
        """
        self._engine.tick()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all records so far are counted, published, passed to callbacks and stored.

        In a worker, they are reported too, as at the end of an actor of Ray that is short-lived.

        Parameters
        ----------
        timeout : float
            Maximum seconds to wait for callbacks, and again for the disk.

        Returns
        -------
        bool
            False when callbacks took longer, or the history could not be written in time.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record(1, 1)
        >>> monitor.flush()
        True
        """
        self._engine.persistence.wait_for_restores(timeout)
        self._engine.publish()
        if self._engine.sender is not None:
            self._engine.sender.report()
        self._user_warnings.warn_pending()
        delivered = self._engine.callbacks.wait_until_delivered(timeout)
        return self._engine.persistence.flush(timeout) and delivered

    def close(self) -> None:
        """Count pending records, store the history, and end the background work.

        A closed monitor still returns its last state. A record after `close` is not counted; the
        first one issues a `ClosedMonitorWarning`. Leaving a ``with Monitor(…) as monitor:`` block
        closes it too.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> with Monitor("churn", interval=None) as monitor:
        ...     monitor.record(1, 1)
        >>> monitor.closed, monitor.snapshot().metrics.total_predictions
        (True, 1)
        """
        self._detach_all()
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

    # Text and widget

    def __repr__(self) -> str:
        engine = self._engine
        text = text_view(engine.snapshot(), closed=engine.closed, threadless=engine.forked)
        # `print` must not fail where standard output lacks a character.
        return encodable(text, getattr(sys.stdout, "encoding", None))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not has_widgets():
            return {"text/plain": repr(self)}
        return self.panel()._repr_mimebundle_(include=include, exclude=exclude)

    def _display_(self) -> Any:
        return self.panel()
