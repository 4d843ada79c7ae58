"""Defines the rows that a monitor passes to its history, made of types of the contract."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from ipyvitals.schema import (
    CurveChunk,
    Event,
    MetricsSection,
    RunInfo,
    Status,
    SystemSection,
    TrainingState,
)

__all__ = [
    "CurveRow",
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
    """The metrics of one model at one moment."""

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
    """The state of a training run; each row replaces the one before."""

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
    info: RunInfo | None = None
    """What a snapshot says of the run."""


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


class CurveRow(msgspec.Struct, frozen=True):
    """The thinned curve of one metric of a run that has ended."""

    run: int
    metric: str
    curve: CurveChunk


class PredictionRow(msgspec.Struct, frozen=True):
    """One prediction; stored only with ``store_predictions=True``."""

    n: int
    """Counts the predictions of a session from 1."""
    at: float
    model_id: str
    id: Any
    prediction: Any
    actual: Any
    labelled: bool
    latency_seconds: float | None
    segment: Any


class LabelRow(msgspec.Struct, frozen=True):
    """The label of a prediction that was stored without one."""

    n: int
    """Number of the prediction in its session."""
    actual: Any


class StateRow(msgspec.Struct, frozen=True):
    """The checkpoint of a model: a new kernel goes on from it."""

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
    """Totals and verdicts; small."""
    body: bytes | None
    """Windows; ``None`` leaves the stored ones unchanged."""
    reference: bytes | None
    """The reference of drift; ``None`` leaves the stored one unchanged."""


Row: TypeAlias = (
    MetricsRow
    | SystemRow
    | DeploymentRow
    | RunRow
    | ProgressRow
    | CurveRow
    | PredictionRow
    | LabelRow
    | Event
)
