"""The metrics that have one value a monitor: their names, and where each comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from ipyvitals.snapshot import Health, Snapshot, Status, TrainingState

__all__ = ["DURATIONS", "MEASURES", "MODEL_LABELS", "MONITOR_LABELS", "STATE_SETS", "Measure"]

MONITOR_LABELS = ("kernel", "monitor")
MODEL_LABELS = (*MONITOR_LABELS, "model", "version")
DURATIONS = (
    "ipyvitals_prediction_duration_seconds",
    "How long the calls took that made predictions.",
)

Of: TypeAlias = Literal["model", "monitor"]


@dataclass(frozen=True)
class Measure:
    """One metric: read from a snapshot, absent where it is not known."""

    name: str
    help: str
    of: Of
    """Whose it is: the model's, whose name and version are labels too, or the monitor's."""
    read: Callable[[Snapshot], float | None]
    counter: bool = False


@dataclass(frozen=True)
class StateSet:
    """One metric that is 1 for the state that holds and 0 for the others."""

    name: str
    help: str
    of: Of
    states: tuple[str, ...]
    read: Callable[[Snapshot], str]


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


MEASURES = (
    Measure(
        "ipyvitals_predictions",
        "Predictions recorded, in rows.",
        "model",
        lambda one: one.model.total_predictions,
        counter=True,
    ),
    Measure(
        "ipyvitals_prediction_errors",
        "Predictions that failed.",
        "model",
        lambda one: one.metrics.total_errors,
        counter=True,
    ),
    Measure(
        "ipyvitals_labelled_predictions",
        "Predictions whose truth is known.",
        "model",
        lambda one: one.metrics.total_labelled,
        counter=True,
    ),
    Measure(
        "ipyvitals_window_accuracy_ratio",
        "Mean score of the last labelled predictions.",
        "model",
        lambda one: one.metrics.current_accuracy,
    ),
    Measure(
        "ipyvitals_window_accuracy_low_ratio",
        "Lower end of the 95 % interval of the accuracy.",
        "model",
        lambda one: one.metrics.accuracy_low,
    ),
    Measure(
        "ipyvitals_window_accuracy_high_ratio",
        "Upper end of the 95 % interval of the accuracy.",
        "model",
        lambda one: one.metrics.accuracy_high,
    ),
    Measure(
        "ipyvitals_window_labels",
        "Labelled predictions that the accuracy rests on.",
        "model",
        lambda one: one.metrics.window_labelled,
    ),
    Measure(
        "ipyvitals_accuracy_threshold_ratio",
        "Accuracy below which the model is degraded.",
        "model",
        lambda one: one.metrics.accuracy_threshold,
    ),
    Measure(
        "ipyvitals_label_coverage_ratio",
        "Share of the predictions whose truth is known.",
        "model",
        lambda one: one.metrics.label_coverage,
    ),
    Measure(
        "ipyvitals_model_uptime_seconds",
        "Time since the model was deployed in its kernel.",
        "model",
        lambda one: one.model.uptime_seconds,
    ),
    Measure(
        "ipyvitals_model_trained_timestamp_seconds",
        "When the model was trained.",
        "model",
        lambda one: one.model.trained_at,
    ),
    Measure(
        "ipyvitals_training_progress_ratio",
        "How much of the training run is done.",
        "monitor",
        lambda one: _ratio(one.training.progress) if one.training.state == "running" else None,
    ),
    Measure(
        "ipyvitals_training_steps_per_second",
        "How fast the training run moves.",
        "monitor",
        lambda one: one.training.rate_per_second if one.training.state == "running" else None,
    ),
    Measure(
        "ipyvitals_training_eta_seconds",
        "Time until the training run is done.",
        "monitor",
        lambda one: one.training.eta_seconds if one.training.state == "running" else None,
    ),
    Measure(
        "ipyvitals_cpu_usage_ratio",
        "CPU in use, of what the kernel may use.",
        "monitor",
        lambda one: _ratio(one.system.cpu_percent),
    ),
    Measure(
        "ipyvitals_cpu_limit_cores",
        "CPU cores that the kernel may use.",
        "monitor",
        lambda one: one.system.cpu_limit_cores,
    ),
    Measure(
        "ipyvitals_memory_usage_ratio",
        "Memory in use, of what the kernel may use.",
        "monitor",
        lambda one: _ratio(one.system.memory_percent),
    ),
    Measure(
        "ipyvitals_memory_used_bytes",
        "Memory in use on the kernel's machine or in its container.",
        "monitor",
        lambda one: one.system.memory_used_bytes,
    ),
    Measure(
        "ipyvitals_memory_limit_bytes",
        "Memory that the kernel may use.",
        "monitor",
        lambda one: one.system.memory_limit_bytes,
    ),
    Measure(
        "ipyvitals_disk_usage_ratio",
        "Disk space in use where the kernel works.",
        "monitor",
        lambda one: _ratio(one.system.disk_percent),
    ),
    Measure(
        "ipyvitals_disk_free_bytes",
        "Disk space left where the kernel works.",
        "monitor",
        lambda one: one.system.disk_free_bytes,
    ),
    Measure(
        "ipyvitals_process_cpu_usage_ratio",
        "CPU in use by the kernel's own processes, of what they may use.",
        "monitor",
        lambda one: _ratio(one.system.process_cpu_percent),
    ),
    Measure(
        "ipyvitals_process_resident_memory_bytes",
        "Resident memory of the kernel's own processes.",
        "monitor",
        lambda one: one.system.process_memory_bytes,
    ),
    Measure(
        "ipyvitals_active_connections",
        "Network clients of what the kernel serves.",
        "monitor",
        lambda one: one.system.active_connections,
    ),
    Measure(
        "ipyvitals_kernel_busy",
        "1 while a cell runs, else 0.",
        "monitor",
        lambda one: one.system.kernel_busy,
    ),
)

STATE_SETS = (
    StateSet(
        "ipyvitals_model_status",
        "Status of the active model.",
        "model",
        get_args(Status),
        lambda one: one.model.status,
    ),
    StateSet(
        "ipyvitals_model_health",
        "Health of the active model.",
        "model",
        get_args(Health),
        lambda one: one.model.health,
    ),
    StateSet(
        "ipyvitals_training_state",
        "State of the training run in front.",
        "monitor",
        get_args(TrainingState),
        lambda one: one.training.state,
    ),
    StateSet(
        "ipyvitals_system_health",
        "Health of the machine under the model.",
        "monitor",
        get_args(Health),
        lambda one: one.system.system_health,
    ),
)
