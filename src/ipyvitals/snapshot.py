"""The contract: one snapshot of four sections, and six events.

Everything that leaves the kernel (traits, JSON, callbacks) has one of these shapes, and the
TypeScript types in ``js/src/contract.gen.ts`` are generated from them. Times are Unix seconds,
ratios lie in [0, 1], percentages in [0, 100]; other units stand in the field's name.
A value that is not known is ``None``, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

__all__ = [
    "EVENT_TYPES",
    "POINTS_OF_METRICS",
    "POINTS_OF_SYSTEM",
    "DriftSection",
    "Durations",
    "ErrorDrift",
    "Event",
    "FeatureDrift",
    "Gpu",
    "GpuReason",
    "Health",
    "LabelsSection",
    "MetricsSection",
    "ModelDeployed",
    "ModelInfo",
    "ModelMetricsUpdate",
    "ModelSection",
    "ModelStatusChange",
    "Notice",
    "Point",
    "ProcessUse",
    "Rule",
    "Scope",
    "Segment",
    "Snapshot",
    "Status",
    "SystemMetrics",
    "SystemSection",
    "Task",
    "TrainingCompleted",
    "TrainingProgress",
    "TrainingSection",
    "TrainingState",
    "format_uptime",
]

Status: TypeAlias = Literal[
    "registered", "training", "active", "idle", "degraded", "unhealthy", "stopped", "failed"
]
Health: TypeAlias = Literal["unknown", "healthy", "degraded", "unhealthy"]
TrainingState: TypeAlias = Literal["idle", "running", "completed", "stopped", "failed"]
Rule: TypeAlias = Literal[
    "accuracy", "baseline", "error_rate", "latency_p95", "drift", "error_drift", "silence"
]
Task: TypeAlias = Literal["classification", "regression"]
Scope: TypeAlias = Literal["host", "container"]
GpuReason: TypeAlias = Literal[
    "no_library",
    "no_driver",
    "no_device",
    "no_permission",
    "not_supported",
    "mig",
    "pid_namespace",
    "lost",
    "timeout",
    "failed",
]


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers: what goes on the wire."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


class ModelSection(_Shape, frozen=True, kw_only=True):
    """The active model: who it is, since when, and how it is."""

    model_id: str | None = None
    name: str | None = None
    version: str | None = None
    trained_at: float | None = None
    status: Status = "registered"
    total_predictions: int = 0
    deployed_at: float | None = None
    status_since: float | None = None
    reason: str | None = None
    """Why the status is what it is, e.g. ``"Accuracy dropped below threshold"``."""
    reason_rule: Rule | None = None
    """The rule behind ``reason``; the next three fields are in its unit."""
    reason_value: float | None = None
    reason_threshold: float | None = None
    reason_n: int | None = None
    """How many labels, calls or predictions ``reason_value`` rests on."""
    health: Health = "unknown"
    uptime_seconds: float | None = None
    baseline_accuracy: float | None = None
    """Accuracy that was measured before the deployment."""
    acknowledged_at: float | None = None
    """When somebody acknowledged the status; ``None`` again as soon as it changes."""


class TrainingSection(_Shape, frozen=True, kw_only=True):
    """The training run in front, or ``"Ready"`` while there is none."""

    state: TrainingState = "idle"
    stage: str = "Ready"
    progress: float | None = 100.0
    """Percent in [0, 100]; ``None`` while the total is not known."""
    details: str = "System ready"
    current: int | None = None
    total: int | None = None
    rate_per_second: float | None = None
    eta_seconds: float | None = None
    elapsed_seconds: float | None = None
    metrics: dict[str, float | None] = {}
    stop_requested: bool = False
    """Whether somebody asked the run to end; it may need some time for that."""


class Segment(_Shape, frozen=True, kw_only=True):
    """One group of labelled predictions, such as a class or a country."""

    name: str
    """``""`` for all that have no place of their own: "other"."""
    total_labelled: int
    window_labelled: int
    current_accuracy: float | None = None
    """Mean score of the segment's last labels; ``None`` under 30 of them."""
    accuracy_low: float | None = None
    accuracy_high: float | None = None


class MetricsSection(_Shape, frozen=True, kw_only=True):
    """What the active model did of late."""

    current_accuracy: float | None = None
    predictions_per_minute: int = 0
    total_predictions: int = 0
    model_health: Health = "unknown"
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    accuracy_threshold: float | None = None
    window_labelled: int = 0
    total_labelled: int = 0
    label_coverage: float | None = None
    warming: bool = True
    """True until the monitor has watched for 60 s, when the rates become full minutes."""
    calls_per_minute: int = 0
    total_errors: int = 0
    errors_per_minute: int = 0
    latency_p50_seconds: float | None = None
    latency_p95_seconds: float | None = None
    latency_p99_seconds: float | None = None
    task: Task = "classification"
    tolerance: float | None = None
    """Of a regression: how far off a prediction may be and still count as right."""
    mae: float | None = None
    """Mean absolute error of the same labels, in the unit of the target; regression only."""
    rmse: float | None = None
    """Root mean squared error of the same labels, in the unit of the target."""
    labels_pending: int = 0
    """Predictions of this model that wait for their label."""
    median_label_delay_seconds: float | None = None
    """From prediction to label, over the last labels that came later."""
    segments: list[Segment] = []
    """The most frequent first, all others together last; empty without segments."""


class LabelsSection(_Shape, frozen=True, kw_only=True):
    """What became of the predictions that wait for labels, of all models together."""

    pending: int = 0
    pending_limit: int = 0
    evicted: int = 0
    """Predictions that made room for newer ones before their label came."""
    expired: int = 0
    """Predictions that waited longer than ``label_ttl``."""
    unknown: int = 0
    """Labels under whose id no prediction waits."""
    duplicate: int = 0
    """Labels of an id that had one already."""
    early: int = 0
    """Labels that came before their prediction, and were kept for it."""


class FeatureDrift(_Shape, frozen=True, kw_only=True):
    """How far the predictions, or one feature, moved away from the reference window."""

    name: str
    """``""`` for the predictions themselves."""
    kind: Literal["numeric", "categorical"]
    psi: float | None = None
    """Population stability index of the window against the reference."""
    threshold: float | None = None
    """What ``psi`` seldom exceeds by chance alone, given both sizes and all that is watched."""
    drifted: bool = False


class ErrorDrift(_Shape, frozen=True, kw_only=True):
    """What ADWIN says of the stream of errors."""

    error_rate: float | None = None
    """Mean error of the labels since the last change."""
    window_labelled: int = 0
    """Labels since the last change."""
    changes: int = 0
    rising: bool = False
    """Whether the last change was for the worse."""


class DriftSection(_Shape, frozen=True, kw_only=True):
    """Whether what the active model sees and says still looks like the reference."""

    state: Literal["off", "collecting", "watching", "drifted"] = "off"
    reference_rows: int = 0
    reference_size: int = 0
    window_rows: int = 0
    window_size: int = 0
    features: list[FeatureDrift] = []
    """Predictions and features, the one furthest above its threshold first; 20 at most."""
    watched: int = 0
    """How many there are in all."""
    errors: ErrorDrift | None = None


class Gpu(_Shape, frozen=True, kw_only=True):
    """One device that this process may use."""

    index: int
    """Its place among those that this process may use: ``cuda:0`` is 0."""
    name: str | None = None
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None
    process_memory_bytes: int | None = None
    """What the kernel and its children hold of the memory."""
    uuid: str | None = None
    mig: bool = False
    """Whether it is a part of a device (Multi-Instance GPU)."""
    reasons: dict[str, GpuReason] = {}
    """Why a field is unknown, by the name of the field."""


class ProcessUse(_Shape, frozen=True, kw_only=True):
    """One process of the kernel's own tree."""

    pid: int
    name: str
    memory_bytes: int
    cpu_percent: float | None = None
    """In percent of ``cpu_limit_cores``."""
    own: bool = False
    """Whether it is the kernel itself."""


class SystemSection(_Shape, frozen=True, kw_only=True):
    """The machine under the model, in terms of what its user can run out of."""

    cpu_percent: float | None = None
    memory_percent: float | None = None
    disk_percent: float | None = None
    active_connections: int | None = None
    system_health: Health = "unknown"
    scope: Scope | None = None
    """``"container"`` where a limit on CPU or memory binds, else ``"host"``."""
    memory_used_bytes: int | None = None
    memory_limit_bytes: int | None = None
    cpu_limit_cores: float | None = None
    disk_path: str | None = None
    disk_free_bytes: int | None = None
    process_cpu_percent: float | None = None
    """CPU of the kernel's own process tree, in percent of ``cpu_limit_cores``."""
    process_memory_bytes: int | None = None
    """Memory of the kernel's own process tree."""
    gpus: list[Gpu] = []
    limiter: str | None = None
    """The component that ``system_health`` follows: ``"cpu"``, ``"memory"``, ``"disk"``,
    ``"gpu_memory"``, ``"shared_memory"`` or ``"open_files"``."""
    unknown_components: list[str] = []
    """Components left out of ``system_health`` because they could not be read."""
    kernel_busy: bool | None = None

    cpu_scope: Scope | None = None
    """Of whom ``cpu_percent`` and ``cpu_limit_cores`` speak."""
    memory_scope: Scope | None = None
    """Of whom the three figures of the memory speak."""
    cpu_throttled_percent: float | None = None
    """Of the scheduler's periods since the last reading: in which the CPU was used up early."""
    cpu_throttled_seconds: float | None = None
    """For how long processes had to wait for that, since the container began."""
    oom_kills: int | None = None
    """Processes killed for lack of memory, since the container, or the machine, began."""
    oom_kill_at: float | None = None
    """When the last of them was noticed by this monitor."""
    memory_full_seconds: float | None = None
    """Until the memory is full, at the pace of the last minute; only while that is steady."""
    shared_memory_percent: float | None = None
    """Of ``/dev/shm``, through which processes hand each other arrays."""
    shared_memory_free_bytes: int | None = None
    shared_memory_limit_bytes: int | None = None
    disk_io_scope: Scope | None = None
    """Whose reads and writes follow: the container's, or those of the disk under ``disk_path``."""
    disk_read_bytes_per_second: float | None = None
    disk_written_bytes_per_second: float | None = None
    disk_read_bytes: int | None = None
    """Since the monitor began; likewise the next."""
    disk_written_bytes: int | None = None
    network_received_bytes_per_second: float | None = None
    network_sent_bytes_per_second: float | None = None
    network_received_bytes: int | None = None
    """Since the monitor began; likewise the next."""
    network_sent_bytes: int | None = None
    process_memory_kind: Literal["pss", "rss"] | None = None
    """``"pss"``: pages that processes share count once. ``"rss"``: in some, more than once."""
    process_children: int | None = None
    """Processes that the kernel and its children started, and that live."""
    process_threads: int | None = None
    process_open_files: int | None = None
    open_files_percent: float | None = None
    """Files that the kernel itself has open, of those that it may open."""
    open_files_limit: int | None = None
    top_processes: list[ProcessUse] = []
    """The three of the tree with the most memory."""
    gpu_percent: float | None = None
    """Utilization of the busiest of ``gpus``."""
    gpu_memory_percent: float | None = None
    """Memory in use on the fullest of ``gpus``."""
    gpus_reason: GpuReason | None = None
    """Why ``gpus`` is empty."""
    kernel_busy_since: float | None = None
    """When the cell that runs began."""
    kernel_busy_seconds: float | None = None
    """For how long it has been running."""
    kernel_lag_seconds: float | None = None
    """How late a thread of the kernel got its turn, at worst since the last reading."""
    gil_starved: bool | None = None
    """Whether that was so late that something keeps Python's lock from all other threads."""


class Notice(_Shape, frozen=True, kw_only=True):
    """Something that went wrong in the background: counted, logged, and shown."""

    code: str
    message: str
    count: int
    at: float
    """When it last happened."""


class Point(_Shape, frozen=True, kw_only=True):
    """One moment of the charts."""

    at: float
    current_accuracy: float | None = None
    predictions_per_minute: int | None = None
    latency_p95_seconds: float | None = None
    cpu_percent: float | None = None
    memory_percent: float | None = None
    gpu_percent: float | None = None
    gpu_memory_percent: float | None = None
    disk_read_bytes_per_second: float | None = None
    disk_written_bytes_per_second: float | None = None
    network_received_bytes_per_second: float | None = None
    network_sent_bytes_per_second: float | None = None


POINTS_OF_METRICS, POINTS_OF_SYSTEM = (
    tuple(name for name in Point.__struct_fields__ if name in section.__struct_fields__)
    for section in (MetricsSection, SystemSection)
)
"""The fields of a `Point`, by the section that they come from."""


class ModelInfo(_Shape, frozen=True, kw_only=True):
    """One model in ``monitor.models()``: enough to compare it with the others."""

    model_id: str
    name: str | None
    version: str | None
    trained_at: float | None
    deployed_at: float | None
    status: Status
    total_predictions: int
    current_accuracy: float | None
    baseline_accuracy: float | None
    active: bool
    """Whether predictions belong to it that name no model."""
    health: Health = "unknown"
    status_since: float | None = None
    reason: str | None = None
    reason_rule: Rule | None = None
    reason_value: float | None = None
    reason_threshold: float | None = None
    reason_n: int | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    accuracy_threshold: float | None = None
    window_labelled: int = 0
    total_labelled: int = 0
    label_coverage: float | None = None
    labels_pending: int = 0
    predictions_per_minute: int = 0
    total_errors: int = 0
    errors_per_minute: int = 0
    latency_p50_seconds: float | None = None
    latency_p95_seconds: float | None = None
    latency_p99_seconds: float | None = None
    mae: float | None = None
    rmse: float | None = None
    acknowledged_at: float | None = None
    duration_counts: list[int] = []
    """Calls since the model came, in the buckets of `Durations`."""
    duration_sum_seconds: float = 0.0


class Durations(_Shape, frozen=True, kw_only=True):
    """How long the active model's calls took since it came, in buckets that only grow."""

    bounds_seconds: list[float]
    """Upper bounds of all buckets but the last, which has none."""
    counts: list[int]
    """Calls in each bucket: one more than there are bounds."""
    sum_seconds: float


class Snapshot(_Shape, frozen=True, kw_only=True):
    """Everything known at one moment.

    Examples
    --------
    >>> Snapshot(monitor="default", seq=0, at=0.0).metrics.current_accuracy is None
    True
    """

    monitor: str
    seq: int
    at: float
    model: ModelSection = ModelSection()
    training: TrainingSection = TrainingSection()
    metrics: MetricsSection = MetricsSection()
    system: SystemSection = SystemSection()
    notices: list[Notice] = []
    models: list[ModelInfo] = []
    durations: Durations | None = None
    labels: LabelsSection = LabelsSection()
    drift: DriftSection = DriftSection()

    def changed(self, before: Snapshot | None, fields: Sequence[str]) -> list[str]:
        """Return which of `fields` are to be shown anew after `before`.

        Uptime does not count: it moves by itself, and whoever shows it lets it move.
        """
        return [name for name in fields if before is None or self._differs(name, before)]

    def delta(self, before: Snapshot | None) -> Snapshot:
        """Return this snapshot with only those models that changed since `before`."""
        if before is None or self.models == before.models:
            return self
        known = {row.model_id: row for row in before.models}
        rows = [row for row in self.models if known.get(row.model_id) != row]
        return msgspec.structs.replace(self, models=rows)

    def _differs(self, name: str, before: Snapshot) -> bool:
        new, old = getattr(self, name), getattr(before, name)
        if new is old:
            return False
        if name == "model":
            new, old = (msgspec.structs.replace(one, uptime_seconds=None) for one in (new, old))
        return bool(new != old)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of ``GET /api/monitoring/system``, with the full sections.

        Returns
        -------
        dict
            ``active_model``, ``system_status`` and ``real_time_metrics``, then every field
            of the snapshot under its own name.
        """
        sections: dict[str, Any] = msgspec.to_builtins(self)
        uptime = self.model.uptime_seconds
        return {
            "active_model": sections["model"],
            "system_status": sections["system"],
            "real_time_metrics": {
                "predictions_per_minute": self.metrics.predictions_per_minute,
                "live_accuracy": self.metrics.current_accuracy,
                "model_uptime": None if uptime is None else format_uptime(uptime),
            },
            **sections,
        }


class _EventShape(_Shape, frozen=True, kw_only=True, tag_field="type"):
    monitor: str
    seq: int
    """Counts the events of one monitor from 1, without gaps."""
    at: float

    @property
    def type(self) -> str:
        """One of `EVENT_TYPES`."""
        return str(self.__struct_config__.tag)


class SystemMetrics(_EventShape, frozen=True, kw_only=True, tag="system_metrics"):
    """Sent every ``interval`` seconds."""

    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None
    active_connections: int | None
    system_health: Health


class ModelMetricsUpdate(_EventShape, frozen=True, kw_only=True, tag="model_metrics_update"):
    """Sent every ``metrics_interval`` seconds in which one of its values changed."""

    model_id: str | None
    current_accuracy: float | None
    predictions_per_minute: int
    total_predictions: int
    model_health: Health


class ModelStatusChange(_EventShape, frozen=True, kw_only=True, tag="model_status_change"):
    """Sent whenever a model's status changes, with what decided it."""

    model_id: str | None
    old_status: Status
    new_status: Status
    reason: str | None
    rule: Rule | None = None
    value: float | None = None
    threshold: float | None = None
    n: int | None = None


class ModelDeployed(_EventShape, frozen=True, kw_only=True, tag="model_deployed"):
    """Sent by ``deploy``."""

    model_id: str
    model_name: str | None
    model_version: str | None
    deployment_timestamp: float


class TrainingProgress(_EventShape, frozen=True, kw_only=True, tag="training_progress"):
    """Sent at once when a run moves, at most ten times a second."""

    state: TrainingState
    stage: str
    progress: float | None
    details: str
    current: int | None
    total: int | None
    rate_per_second: float | None
    eta_seconds: float | None
    elapsed_seconds: float | None
    metrics: dict[str, float | None]


class TrainingCompleted(_EventShape, frozen=True, kw_only=True, tag="training_completed"):
    """Sent when a run ends: ``state`` says whether it completed, was stopped, or failed."""

    state: TrainingState
    stage: str
    progress: float | None
    details: str
    current: int | None
    total: int | None
    elapsed_seconds: float | None
    metrics: dict[str, float | None]


Event: TypeAlias = (
    SystemMetrics
    | ModelMetricsUpdate
    | ModelStatusChange
    | ModelDeployed
    | TrainingProgress
    | TrainingCompleted
)

EVENT_TYPES: tuple[str, ...] = (
    "system_metrics",
    "model_metrics_update",
    "model_status_change",
    "model_deployed",
    "training_progress",
    "training_completed",
)


def format_uptime(seconds: float) -> str:
    """Return a duration in its two largest units, as the REST answer gives it.

    Examples
    --------
    >>> format_uptime(8100), format_uptime(59.9), format_uptime(90_000)
    ('2h 15m', '59s', '1d 1h')
    """
    whole = max(0, int(seconds))
    for big, small, size, sub in (("d", "h", 86_400, 3_600), ("h", "m", 3_600, 60)):
        if whole >= size:
            return f"{whole // size}{big} {whole % size // sub}{small}"
    return f"{whole // 60}m {whole % 60}s" if whole >= 60 else f"{whole}s"
