"""What is known of a model: one section each, and a row to compare it with others."""

from __future__ import annotations

from typing import Literal

from ipyvitals.schema.base import Health, Rule, SchemaStruct, Status, Task, TrainingState
from ipyvitals.schema.messages import Args

__all__ = [
    "DriftSection",
    "Durations",
    "ErrorDrift",
    "FeatureDrift",
    "LabelsSection",
    "MetricsSection",
    "ModelInfo",
    "ModelSection",
    "Segment",
    "TrainingSection",
]


class ModelSection(SchemaStruct, frozen=True, kw_only=True):
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
    reason_code: str | None = None
    """Code of ``reason``; ``None`` where a user or an exception wrote it."""
    reason_args: Args = {}
    """What stands in the sentence of that code."""
    health: Health = "unknown"
    uptime_seconds: float | None = None
    baseline_accuracy: float | None = None
    """Accuracy that was measured before the deployment."""
    acknowledged_at: float | None = None
    """When somebody acknowledged the status; ``None`` again as soon as it changes."""


class TrainingSection(SchemaStruct, frozen=True, kw_only=True):
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


class Segment(SchemaStruct, frozen=True, kw_only=True):
    """One group of labelled predictions, such as a class or a country."""

    name: str
    """``""`` for all that have no place of their own: "other"."""
    total_labelled: int
    window_labelled: int
    current_accuracy: float | None = None
    """Mean score of the segment's last labels; ``None`` under 30 of them."""
    accuracy_low: float | None = None
    accuracy_high: float | None = None


class MetricsSection(SchemaStruct, frozen=True, kw_only=True):
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


class LabelsSection(SchemaStruct, frozen=True, kw_only=True):
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


class FeatureDrift(SchemaStruct, frozen=True, kw_only=True):
    """How far the predictions, or one feature, moved away from the reference window."""

    name: str
    """``""`` for the predictions themselves."""
    kind: Literal["numeric", "categorical"]
    psi: float | None = None
    """Population stability index of the window against the reference."""
    threshold: float | None = None
    """What ``psi`` seldom exceeds by chance alone, given both sizes and all that is watched."""
    drifted: bool = False


class ErrorDrift(SchemaStruct, frozen=True, kw_only=True):
    """What ADWIN says of the stream of errors."""

    error_rate: float | None = None
    """Mean error of the labels since the last change."""
    window_labelled: int = 0
    """Labels since the last change."""
    changes: int = 0
    rising: bool = False
    """Whether the last change was for the worse."""


class DriftSection(SchemaStruct, frozen=True, kw_only=True):
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


class ModelInfo(SchemaStruct, frozen=True, kw_only=True):
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
    reason_code: str | None = None
    reason_args: Args = {}
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


class Durations(SchemaStruct, frozen=True, kw_only=True):
    """How long the active model's calls took since it came, in buckets that only grow."""

    bounds_seconds: list[float]
    """Upper bounds of all buckets but the last, which has none."""
    counts: list[int]
    """Calls in each bucket: one more than there are bounds."""
    sum_seconds: float
