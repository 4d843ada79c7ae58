"""The metrics that have one value a model or a monitor: their names, and where each comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from ipyvitals.snapshot import Gpu, Health, ModelInfo, Snapshot, Status, TrainingState

__all__ = [
    "DURATIONS",
    "GPU_MEASURES",
    "MEASURES",
    "MODEL_LABELS",
    "MODEL_MEASURES",
    "MODEL_STATE_SETS",
    "MONITOR_LABELS",
    "STATE_SETS",
    "GpuMeasure",
    "Measure",
    "ModelMeasure",
]

MONITOR_LABELS = ("kernel", "monitor")
MODEL_LABELS = (*MONITOR_LABELS, "model", "version")
DURATIONS = (
    "ipyvitals_prediction_duration_seconds",
    "How long the calls took that made predictions.",
)


@dataclass(frozen=True)
class Measure:
    """One metric of a monitor: absent where it is not known."""

    name: str
    help: str
    read: Callable[[Snapshot], float | None]
    counter: bool = False


@dataclass(frozen=True)
class GpuMeasure:
    """One metric of each GPU of a monitor: absent where it is not known."""

    name: str
    help: str
    read: Callable[[Gpu], float | None]


@dataclass(frozen=True)
class ModelMeasure:
    """One metric of each model, whose name and version are labels: absent where not known."""

    name: str
    help: str
    read: Callable[[ModelInfo], float | None]
    counter: bool = False


@dataclass(frozen=True)
class StateSet:
    """One metric of a monitor that is 1 for the state that holds and 0 for the others."""

    name: str
    help: str
    states: tuple[str, ...]
    read: Callable[[Snapshot], str]


@dataclass(frozen=True)
class ModelStateSet:
    """The same of each model."""

    name: str
    help: str
    states: tuple[str, ...]
    read: Callable[[ModelInfo], str]


def _furthest(one: Snapshot) -> float | None:
    ratios = [
        each.psi / each.threshold
        for each in one.drift.features
        if each.psi is not None and each.threshold
    ]
    return max(ratios, default=None)


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


MODEL_MEASURES = (
    ModelMeasure(
        "ipyvitals_predictions",
        "Predictions recorded, in rows.",
        lambda one: one.total_predictions,
        counter=True,
    ),
    ModelMeasure(
        "ipyvitals_prediction_errors",
        "Predictions that failed.",
        lambda one: one.total_errors,
        counter=True,
    ),
    ModelMeasure(
        "ipyvitals_labelled_predictions",
        "Predictions whose truth is known.",
        lambda one: one.total_labelled,
        counter=True,
    ),
    ModelMeasure(
        "ipyvitals_window_accuracy_ratio",
        "Mean score of the last labelled predictions.",
        lambda one: one.current_accuracy,
    ),
    ModelMeasure(
        "ipyvitals_window_accuracy_low_ratio",
        "Lower end of the 95 % interval of the accuracy.",
        lambda one: one.accuracy_low,
    ),
    ModelMeasure(
        "ipyvitals_window_accuracy_high_ratio",
        "Upper end of the 95 % interval of the accuracy.",
        lambda one: one.accuracy_high,
    ),
    ModelMeasure(
        "ipyvitals_window_labels",
        "Labelled predictions that the accuracy rests on.",
        lambda one: one.window_labelled,
    ),
    ModelMeasure(
        "ipyvitals_accuracy_threshold_ratio",
        "Accuracy below which the model is degraded.",
        lambda one: one.accuracy_threshold,
    ),
    ModelMeasure(
        "ipyvitals_label_coverage_ratio",
        "Share of the predictions whose truth is known.",
        lambda one: one.label_coverage,
    ),
    ModelMeasure(
        "ipyvitals_model_trained_timestamp_seconds",
        "When the model was trained.",
        lambda one: one.trained_at,
    ),
    ModelMeasure(
        "ipyvitals_model_deployed_timestamp_seconds",
        "When the model was deployed in its kernel.",
        lambda one: one.deployed_at,
    ),
    ModelMeasure(
        "ipyvitals_window_mean_absolute_error",
        "Mean absolute error of the last labelled predictions, in the unit of the target.",
        lambda one: one.mae,
    ),
    ModelMeasure(
        "ipyvitals_window_root_mean_squared_error",
        "Root mean squared error of the last labelled predictions, in the unit of the target.",
        lambda one: one.rmse,
    ),
    ModelMeasure(
        "ipyvitals_pending_labels",
        "Predictions that wait for their truth.",
        lambda one: one.labels_pending,
    ),
    ModelMeasure(
        "ipyvitals_active_model",
        "1 for the model that predictions belong to that name no model, else 0.",
        lambda one: one.active,
    ),
)

MEASURES = (
    Measure(
        "ipyvitals_model_uptime_seconds",
        "Time since the active model was deployed in its kernel.",
        lambda one: one.model.uptime_seconds,
    ),
    Measure(
        "ipyvitals_training_progress_ratio",
        "How much of the training run is done.",
        lambda one: _ratio(one.training.progress) if one.training.state == "running" else None,
    ),
    Measure(
        "ipyvitals_training_steps_per_second",
        "How fast the training run moves.",
        lambda one: one.training.rate_per_second if one.training.state == "running" else None,
    ),
    Measure(
        "ipyvitals_training_eta_seconds",
        "Time until the training run is done.",
        lambda one: one.training.eta_seconds if one.training.state == "running" else None,
    ),
    Measure(
        "ipyvitals_cpu_usage_ratio",
        "CPU in use, of what the kernel may use.",
        lambda one: _ratio(one.system.cpu_percent),
    ),
    Measure(
        "ipyvitals_cpu_limit_cores",
        "CPU cores that the kernel may use.",
        lambda one: one.system.cpu_limit_cores,
    ),
    Measure(
        "ipyvitals_memory_usage_ratio",
        "Memory in use, of what the kernel may use.",
        lambda one: _ratio(one.system.memory_percent),
    ),
    Measure(
        "ipyvitals_memory_used_bytes",
        "Memory in use on the kernel's machine or in its container.",
        lambda one: one.system.memory_used_bytes,
    ),
    Measure(
        "ipyvitals_memory_limit_bytes",
        "Memory that the kernel may use.",
        lambda one: one.system.memory_limit_bytes,
    ),
    Measure(
        "ipyvitals_cpu_throttled_ratio",
        "Share of the scheduler's periods in which the container had used up its CPU.",
        lambda one: _ratio(one.system.cpu_throttled_percent),
    ),
    Measure(
        "ipyvitals_cpu_throttled_seconds",
        "Time that processes of the container had to wait because its CPU was used up.",
        lambda one: one.system.cpu_throttled_seconds,
        counter=True,
    ),
    Measure(
        "ipyvitals_memory_full_seconds",
        "Time until the memory is full at the pace of the last minute, while that is steady.",
        lambda one: one.system.memory_full_seconds,
    ),
    Measure(
        "ipyvitals_oom_kills",
        "Processes killed for lack of memory.",
        lambda one: one.system.oom_kills,
        counter=True,
    ),
    Measure(
        "ipyvitals_shared_memory_usage_ratio",
        "Shared memory in use.",
        lambda one: _ratio(one.system.shared_memory_percent),
    ),
    Measure(
        "ipyvitals_shared_memory_free_bytes",
        "Shared memory left.",
        lambda one: one.system.shared_memory_free_bytes,
    ),
    Measure(
        "ipyvitals_shared_memory_limit_bytes",
        "Shared memory there is.",
        lambda one: one.system.shared_memory_limit_bytes,
    ),
    Measure(
        "ipyvitals_disk_usage_ratio",
        "Disk space in use where the kernel works.",
        lambda one: _ratio(one.system.disk_percent),
    ),
    Measure(
        "ipyvitals_disk_free_bytes",
        "Disk space left where the kernel works.",
        lambda one: one.system.disk_free_bytes,
    ),
    Measure(
        "ipyvitals_disk_read_bytes",
        "Bytes read by the container, or from the disk where the kernel works.",
        lambda one: one.system.disk_read_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_disk_written_bytes",
        "Bytes written by the container, or to the disk where the kernel works.",
        lambda one: one.system.disk_written_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_network_received_bytes",
        "Bytes received by the kernel's machine or its container.",
        lambda one: one.system.network_received_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_network_sent_bytes",
        "Bytes sent by the kernel's machine or its container.",
        lambda one: one.system.network_sent_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_process_cpu_usage_ratio",
        "CPU in use by the kernel's own processes, of what they may use.",
        lambda one: _ratio(one.system.process_cpu_percent),
    ),
    Measure(
        "ipyvitals_process_memory_bytes",
        "Memory of the kernel's own processes.",
        lambda one: one.system.process_memory_bytes,
    ),
    Measure(
        "ipyvitals_process_children",
        "Processes that the kernel and its children started, and that live.",
        lambda one: one.system.process_children,
    ),
    Measure(
        "ipyvitals_process_threads",
        "Threads of the kernel's own processes.",
        lambda one: one.system.process_threads,
    ),
    Measure(
        "ipyvitals_process_open_files",
        "Files, sockets and pipes that the kernel's own processes have open.",
        lambda one: one.system.process_open_files,
    ),
    Measure(
        "ipyvitals_open_files_usage_ratio",
        "Files that the kernel has open, of those that it may open.",
        lambda one: _ratio(one.system.open_files_percent),
    ),
    Measure(
        "ipyvitals_open_files_limit",
        "Files that the kernel may open.",
        lambda one: one.system.open_files_limit,
    ),
    Measure(
        "ipyvitals_active_connections",
        "Network clients of what the kernel serves.",
        lambda one: one.system.active_connections,
    ),
    Measure(
        "ipyvitals_kernel_busy",
        "1 while a cell runs, else 0.",
        lambda one: one.system.kernel_busy,
    ),
    Measure(
        "ipyvitals_kernel_busy_seconds",
        "Time for which the cell has been running that runs.",
        lambda one: one.system.kernel_busy_seconds,
    ),
    Measure(
        "ipyvitals_kernel_lag_seconds",
        "How late a thread of the kernel got its turn, at worst since the last reading.",
        lambda one: one.system.kernel_lag_seconds,
    ),
    Measure(
        "ipyvitals_drift_ratio",
        "Population stability index of what drifted furthest, in units of its threshold.",
        _furthest,
    ),
)

GPU_MEASURES = (
    GpuMeasure(
        "ipyvitals_gpu_utilization_ratio",
        "Share of the time in which the GPU was at work.",
        lambda gpu: _ratio(gpu.utilization_percent),
    ),
    GpuMeasure(
        "ipyvitals_gpu_memory_used_bytes", "Memory in use.", lambda gpu: gpu.memory_used_bytes
    ),
    GpuMeasure(
        "ipyvitals_gpu_memory_size_bytes", "Memory there is.", lambda gpu: gpu.memory_total_bytes
    ),
    GpuMeasure(
        "ipyvitals_gpu_process_memory_bytes",
        "Memory that the kernel's own processes hold.",
        lambda gpu: gpu.process_memory_bytes,
    ),
    GpuMeasure(
        "ipyvitals_gpu_temperature_celsius", "Temperature.", lambda gpu: gpu.temperature_celsius
    ),
    GpuMeasure("ipyvitals_gpu_power_watts", "Power drawn.", lambda gpu: gpu.power_watts),
    GpuMeasure(
        "ipyvitals_gpu_power_limit_watts",
        "Power that may be drawn.",
        lambda gpu: gpu.power_limit_watts,
    ),
)

MODEL_STATE_SETS = (
    ModelStateSet(
        "ipyvitals_model_status",
        "Status of the model.",
        get_args(Status),
        lambda one: one.status,
    ),
    ModelStateSet(
        "ipyvitals_model_health",
        "Health of the model.",
        get_args(Health),
        lambda one: one.health,
    ),
)

STATE_SETS = (
    StateSet(
        "ipyvitals_training_state",
        "State of the training run in front.",
        get_args(TrainingState),
        lambda one: one.training.state,
    ),
    StateSet(
        "ipyvitals_system_health",
        "Health of the machine under the model.",
        get_args(Health),
        lambda one: one.system.system_health,
    ),
)
