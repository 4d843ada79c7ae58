"""The seven events."""

from __future__ import annotations

from typing import TypeAlias

from ipyvitals.schema.base import (
    AlertKind,
    Health,
    NotFiniteKind,
    Rule,
    SchemaStruct,
    Status,
    TrainingState,
)
from ipyvitals.schema.messages import Args

__all__ = [
    "EVENT_TYPES",
    "Event",
    "ModelDeployed",
    "ModelMetricsUpdate",
    "ModelStatusChange",
    "SystemMetrics",
    "TrainingAlert",
    "TrainingCompleted",
    "TrainingProgress",
]


class _EventStruct(SchemaStruct, frozen=True, kw_only=True, tag_field="type"):
    monitor: str
    seq: int
    """Counts the events of one monitor from 1, without gaps."""
    at: float

    @property
    def type(self) -> str:
        """One of `EVENT_TYPES`."""
        return str(self.__struct_config__.tag)


class SystemMetrics(_EventStruct, frozen=True, kw_only=True, tag="system_metrics"):
    """Sent every ``interval`` seconds."""

    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None
    active_connections: int | None
    system_health: Health


class ModelMetricsUpdate(_EventStruct, frozen=True, kw_only=True, tag="model_metrics_update"):
    """Sent every ``metrics_interval`` seconds in which one of its values changed."""

    model_id: str | None
    current_accuracy: float | None
    predictions_per_minute: int
    total_predictions: int
    model_health: Health


class ModelStatusChange(_EventStruct, frozen=True, kw_only=True, tag="model_status_change"):
    """Sent whenever a model's status changes, with what decided it."""

    model_id: str | None
    old_status: Status
    new_status: Status
    reason: str | None
    rule: Rule | None = None
    value: float | None = None
    threshold: float | None = None
    n: int | None = None
    reason_code: str | None = None
    """The code of ``reason``; ``None`` where a user or an exception wrote it."""
    reason_args: Args = {}
    """The values in the sentence of that code."""


class ModelDeployed(_EventStruct, frozen=True, kw_only=True, tag="model_deployed"):
    """Sent by ``deploy``."""

    model_id: str
    model_name: str | None
    model_version: str | None
    deployment_timestamp: float


class TrainingProgress(_EventStruct, frozen=True, kw_only=True, tag="training_progress"):
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
    run_id: str | None = None


class TrainingCompleted(_EventStruct, frozen=True, kw_only=True, tag="training_completed"):
    """Sent when a run ends: ``state`` says whether it completed, was stopped, or failed."""

    state: TrainingState
    stage: str
    progress: float | None
    details: str
    current: int | None
    total: int | None
    elapsed_seconds: float | None
    metrics: dict[str, float | None]
    run_id: str | None = None


class TrainingAlert(_EventStruct, frozen=True, kw_only=True, tag="training_alert"):
    """Sent when a run stalls, when a metric is not finite, and when either is over."""

    run_id: str
    kind: AlertKind
    metric: str | None
    """The metric that is not finite, or is finite again; ``None`` of a stalled run."""
    value: float | None
    """Stalled: seconds of a usual step. Not finite: the last finite value. Recovered: of a metric,
    its new value; else the seconds that the run stood still."""
    reason: str
    step: float | None
    reason_code: str
    reason_args: Args = {}
    not_finite_kind: NotFiniteKind = ""
    """Not finite: what the first such value was."""


Event: TypeAlias = (
    SystemMetrics
    | ModelMetricsUpdate
    | ModelStatusChange
    | ModelDeployed
    | TrainingProgress
    | TrainingCompleted
    | TrainingAlert
)
EVENT_TYPES: tuple[str, ...] = (
    "system_metrics",
    "model_metrics_update",
    "model_status_change",
    "model_deployed",
    "training_progress",
    "training_completed",
    "training_alert",
)
