"""The vital signs of a model and of the machine under it, live in the notebook.

>>> from ipyvitals import Monitor
>>> monitor = Monitor("churn", version="2.1", interval=None)
>>> monitor.record("stays", "stays", latency=0.004)
>>> monitor.snapshot().metrics.current_accuracy
1.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ipyvitals._version import __version__
from ipyvitals.drift.detector import Drift
from ipyvitals.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    ClosedMonitorWarning,
    ForkedMonitorWarning,
    IpyvitalsError,
    IpyvitalsWarning,
    LabelTypeWarning,
    MetricWarning,
    MissingFrameworkError,
    StoreError,
    TrainingStopped,
    UnknownModelError,
)
from ipyvitals.health import Thresholds
from ipyvitals.monitor import Monitor
from ipyvitals.schema import (
    EVENT_TYPES,
    BestValue,
    DriftSection,
    Durations,
    ErrorDrift,
    Event,
    FeatureDrift,
    GpuCost,
    LabelsSection,
    MetricsSection,
    ModelDeployed,
    ModelInfo,
    ModelMetricsUpdate,
    ModelSection,
    ModelStatusChange,
    Notice,
    RunAlert,
    RunCost,
    RunEnvironment,
    RunInfo,
    Segment,
    Snapshot,
    SystemMetrics,
    SystemSection,
    TrainingAlert,
    TrainingCompleted,
    TrainingProgress,
    TrainingSection,
)
from ipyvitals.training.loop import TrackLoop
from ipyvitals.training.run import TrainingRun
from ipyvitals.utils.clock import Clock, FakeClock, SystemClock

if TYPE_CHECKING:
    from ipyvitals.charts.comparison import compare
    from ipyvitals.integrations.autolog import autolog
    from ipyvitals.jupyter.panel import StatusPanel
    from ipyvitals.storage.store import Store, open_store
    from ipyvitals.storage.summaries import StoredModel, StoredMonitor, StoredRun

__all__ = [
    "EVENT_TYPES",
    "ArgumentTypeError",
    "ArgumentValueError",
    "BestValue",
    "Clock",
    "ClosedMonitorWarning",
    "Drift",
    "DriftSection",
    "Durations",
    "ErrorDrift",
    "Event",
    "FakeClock",
    "FeatureDrift",
    "ForkedMonitorWarning",
    "GpuCost",
    "IpyvitalsError",
    "IpyvitalsWarning",
    "LabelTypeWarning",
    "LabelsSection",
    "MetricWarning",
    "MetricsSection",
    "MissingFrameworkError",
    "ModelDeployed",
    "ModelInfo",
    "ModelMetricsUpdate",
    "ModelSection",
    "ModelStatusChange",
    "Monitor",
    "Notice",
    "RunAlert",
    "RunCost",
    "RunEnvironment",
    "RunInfo",
    "Segment",
    "Snapshot",
    "StatusPanel",
    "Store",
    "StoreError",
    "StoredModel",
    "StoredMonitor",
    "StoredRun",
    "SystemClock",
    "SystemMetrics",
    "SystemSection",
    "Thresholds",
    "TrackLoop",
    "TrainingAlert",
    "TrainingCompleted",
    "TrainingProgress",
    "TrainingRun",
    "TrainingSection",
    "TrainingStopped",
    "UnknownModelError",
    "__version__",
    "autolog",
    "compare",
    "open_store",
]


def __getattr__(name: str) -> Any:
    """Import on first use what is slow to import and not needed by every script."""
    if name == "StatusPanel":
        from ipyvitals.jupyter.panel import StatusPanel

        return StatusPanel
    if name == "compare":
        from ipyvitals.charts.comparison import compare

        return compare
    if name == "autolog":
        from ipyvitals.integrations.autolog import autolog

        return autolog
    if name in ("Store", "open_store"):
        from ipyvitals.storage.store import Store, open_store

        return Store if name == "Store" else open_store
    if name in ("StoredModel", "StoredMonitor", "StoredRun"):
        from ipyvitals.storage.summaries import StoredModel, StoredMonitor, StoredRun

        return {"StoredModel": StoredModel, "StoredMonitor": StoredMonitor}.get(name, StoredRun)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: Any) -> None:
    """Register the magics ``%vitals`` and ``%%vitals``: ``%load_ext ipyvitals``."""
    from ipyvitals.jupyter.magics import MonitorAccess, load_magics
    from ipyvitals.monitor.names import monitor_names

    load_magics(shell, MonitorAccess(monitor_names.newest, Monitor, _set_autolog))


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics: ``%unload_ext ipyvitals``."""
    from ipyvitals.jupyter.magics import unload_magics

    unload_magics(shell)


def _set_autolog(enabled: bool) -> None:
    import_module("ipyvitals.integrations.autolog").autolog(disable=not enabled)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server what to load."""
    from ipyvitals.server.extension import IpyvitalsExtension

    return [{"module": "ipyvitals.server.extension", "app": IpyvitalsExtension}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the built front end lies."""
    return [{"src": "labextension", "dest": "ipyvitals"}]
