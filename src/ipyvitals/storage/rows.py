"""What is kept: rows as they are handed over, still made of the contract's own shapes."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from ipyvitals.schema import Event, MetricsSection, Status, SystemSection, TrainingState

__all__ = [
    "DeploymentRow",
    "LabelRow",
    "MetricsRow",
    "PredictionRow",
    "ProgressRow",
    "Row",
    "RunRow",
    "StateRow",
    "SystemRow",
]


class MetricsRow(msgspec.Struct, frozen=True):
    """The figures of one model at one moment."""

    at: float
    model_id: str
    status: Status
    metrics: MetricsSection


class SystemRow(msgspec.Struct, frozen=True):
    """One reading of the machine."""

    at: float
    system: SystemSection


class DeploymentRow(msgspec.Struct, frozen=True):
    """A call of ``deploy``."""

    at: float
    model_id: str
    name: str | None
    version: str | None
    trained_at: float | None
    deployed_at: float | None
    baseline_accuracy: float | None


class RunRow(msgspec.Struct, frozen=True):
    """How a training run stands; each row takes the place of the one before."""

    run: int
    """Counts the runs of a session from 1."""
    started_at: float
    ended_at: float | None
    stage: str
    state: TrainingState
    step: int | None
    total: int | None
    details: str
    metrics: dict[str, float | None]


class ProgressRow(msgspec.Struct, frozen=True):
    """One report of a training run."""

    run: int
    n: int
    """Counts the reports of a run from 1."""
    at: float
    stage: str
    state: TrainingState
    step: int | None
    total: int | None
    metrics: dict[str, float | None]


class PredictionRow(msgspec.Struct, frozen=True):
    """One prediction; only kept where somebody asked for it."""

    at: float
    model_id: str
    id: Any
    prediction: Any
    actual: Any
    labelled: bool
    latency_seconds: float | None
    segment: Any


class LabelRow(msgspec.Struct, frozen=True):
    """The truth about a prediction that was kept without one."""

    id: Any
    actual: Any


class StateRow(msgspec.Struct, frozen=True):
    """What a new kernel needs to go on with a model."""

    at: float
    model_id: str
    name: str | None
    version: str | None
    trained_at: float | None
    deployed_at: float | None
    status: Status
    total_predictions: int
    current_accuracy: float | None
    head: bytes
    """Totals and verdicts: small."""
    body: bytes | None
    """Windows; ``None`` leaves them as they were."""
    reference: bytes | None
    """What rows are compared with; ``None`` leaves it as it was."""


Row: TypeAlias = (
    MetricsRow | SystemRow | DeploymentRow | RunRow | ProgressRow | PredictionRow | LabelRow | Event
)
