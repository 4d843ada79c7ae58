"""Models: the section of the active model, its figures, and a row to compare it with others.

A metric that several of these structs have is declared once, as an annotated type.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from ipyvitals.schema.base import Health, Rule, SchemaStruct, Status, Task
from ipyvitals.schema.messages import Args
from ipyvitals.schema.metrics import exposed, metric

__all__ = [
    "Durations",
    "LabelsSection",
    "MetricsSection",
    "ModelInfo",
    "ModelSection",
    "Segment",
]

StatusMetric: TypeAlias = Annotated[
    Status,
    metric("state", "Status", "last"),
    exposed("ipyvitals_model_status", "Status of the model."),
]
HealthMetric: TypeAlias = Annotated[
    Health,
    metric("state", "Health", "last"),
    exposed("ipyvitals_model_health", "Health of the model."),
]
TrainedAt: TypeAlias = Annotated[
    float | None,
    metric("timestamp", "Trained", "last"),
    exposed("ipyvitals_model_trained_timestamp_seconds", "When the model was trained."),
]
DeployedAt: TypeAlias = Annotated[
    float | None,
    metric("timestamp", "Deployed", "last"),
    exposed(
        "ipyvitals_model_deployed_timestamp_seconds", "When the model was deployed in its kernel."
    ),
]
BaselineAccuracy: TypeAlias = Annotated[float | None, metric("ratio", "Baseline accuracy", "last")]
TotalPredictions: TypeAlias = Annotated[
    int,
    metric("count", "Predictions", "total"),
    exposed("ipyvitals_predictions", "Predictions recorded, in rows."),
]
PredictionsPerMinute: TypeAlias = Annotated[
    int, metric("per minute", "Predictions per minute", chart=True)
]
TotalErrors: TypeAlias = Annotated[
    int,
    metric("count", "Errors", "total"),
    exposed("ipyvitals_prediction_errors", "Predictions that failed."),
]
ErrorsPerMinute: TypeAlias = Annotated[int, metric("per minute", "Errors per minute")]
CurrentAccuracy: TypeAlias = Annotated[
    float | None,
    metric("ratio", "Accuracy", chart=True),
    exposed("ipyvitals_window_accuracy_ratio", "Mean score of the last labelled predictions."),
]
AccuracyLow: TypeAlias = Annotated[
    float | None,
    metric("ratio", "Accuracy, lower bound"),
    exposed(
        "ipyvitals_window_accuracy_low_ratio", "Lower end of the 95 % interval of the accuracy."
    ),
]
AccuracyHigh: TypeAlias = Annotated[
    float | None,
    metric("ratio", "Accuracy, upper bound"),
    exposed(
        "ipyvitals_window_accuracy_high_ratio", "Upper end of the 95 % interval of the accuracy."
    ),
]
AccuracyThreshold: TypeAlias = Annotated[
    float | None,
    metric("ratio", "Accuracy threshold", "last"),
    exposed("ipyvitals_accuracy_threshold_ratio", "Accuracy below which the model is degraded."),
]
WindowLabelled: TypeAlias = Annotated[
    int,
    metric("count", "Labels in the window", "last"),
    exposed("ipyvitals_window_labels", "Labelled predictions that the accuracy rests on."),
]
TotalLabelled: TypeAlias = Annotated[
    int,
    metric("count", "Labels", "total"),
    exposed("ipyvitals_labelled_predictions", "Predictions whose truth is known."),
]
LabelCoverage: TypeAlias = Annotated[
    float | None,
    metric("ratio", "Labelled", "last"),
    exposed("ipyvitals_label_coverage_ratio", "Share of the predictions whose truth is known."),
]
LabelsPending: TypeAlias = Annotated[
    int,
    metric("count", "Pending", "last"),
    exposed("ipyvitals_pending_labels", "Predictions that wait for their truth."),
]
LatencyP50: TypeAlias = Annotated[float | None, metric("seconds", "Latency p50")]
LatencyP95: TypeAlias = Annotated[float | None, metric("seconds", "Latency p95", chart=True)]
LatencyP99: TypeAlias = Annotated[float | None, metric("seconds", "Latency p99")]
FirstItemP50: TypeAlias = Annotated[float | None, metric("seconds", "First item p50")]
FirstItemP95: TypeAlias = Annotated[float | None, metric("seconds", "First item p95")]
ItemsPerSecond: TypeAlias = Annotated[float | None, metric("per second", "Items per second")]
TotalStreamsLeft: TypeAlias = Annotated[int, metric("count", "Streams left early", "total")]
MeanAbsoluteError: TypeAlias = Annotated[
    float | None,
    metric("target", "MAE"),
    exposed(
        "ipyvitals_window_mean_absolute_error",
        "Mean absolute error of the last labelled predictions, in the unit of the target.",
    ),
]
RootMeanSquaredError: TypeAlias = Annotated[
    float | None,
    metric("target", "RMSE"),
    exposed(
        "ipyvitals_window_root_mean_squared_error",
        "Root mean squared error of the last labelled predictions, in the unit of the target.",
    ),
]


class ModelSection(SchemaStruct, frozen=True, kw_only=True):
    """The active model: its identity, status and health."""

    model_id: str | None = None
    name: str | None = None
    version: str | None = None
    trained_at: TrainedAt = None
    status: StatusMetric = "registered"
    total_predictions: TotalPredictions = 0
    deployed_at: DeployedAt = None
    status_since: float | None = None
    reason: str | None = None
    """The reason of the status, e.g. ``"Accuracy dropped below threshold"``."""
    reason_rule: Rule | None = None
    """The rule behind ``reason``; the next three fields are in its unit."""
    reason_value: float | None = None
    reason_threshold: float | None = None
    reason_n: int | None = None
    """The number of labels, calls or predictions behind ``reason_value``."""
    reason_code: str | None = None
    """The code of ``reason``; ``None`` where a user or an exception wrote it."""
    reason_args: Args = {}
    """The values in the sentence of that code."""
    health: HealthMetric = "unknown"
    uptime_seconds: Annotated[
        float | None,
        metric("seconds", "Uptime", "last"),
        exposed(
            "ipyvitals_model_uptime_seconds",
            "Time since the active model was deployed in its kernel.",
        ),
    ] = None
    baseline_accuracy: BaselineAccuracy = None
    """The accuracy that was measured before the deployment."""
    acknowledged_at: float | None = None
    """When somebody acknowledged the status; ``None`` again as soon as it changes."""
    watching_since: float | None = None
    """Unix time at which this monitor began, in this kernel."""
    resumed_from_at: float | None = None
    """When an earlier kernel stored the state that the model goes on from; ``None`` without one."""
    resumed_predictions: int | None = None
    """How many of ``total_predictions`` are of earlier kernels; ``None`` without such a state."""


class Segment(SchemaStruct, frozen=True, kw_only=True):
    """One group of labelled predictions, such as a class or a country."""

    name: str
    """``""`` for the group of all segments that are not listed: "other"."""
    total_labelled: int
    window_labelled: int
    current_accuracy: float | None = None
    """Mean score of the segment's last labels; ``None`` under 30 of them."""
    accuracy_low: float | None = None
    accuracy_high: float | None = None


class MetricsSection(SchemaStruct, frozen=True, kw_only=True):
    """Recent performance of the active model."""

    current_accuracy: CurrentAccuracy = None
    predictions_per_minute: PredictionsPerMinute = 0
    total_predictions: TotalPredictions = 0
    model_health: HealthMetric = "unknown"
    accuracy_low: AccuracyLow = None
    accuracy_high: AccuracyHigh = None
    accuracy_threshold: AccuracyThreshold = None
    window_labelled: WindowLabelled = 0
    total_labelled: TotalLabelled = 0
    label_coverage: LabelCoverage = None
    warming: bool = True
    """True until the monitor has watched for 60 s, when the rates become full minutes."""
    calls_per_minute: Annotated[int, metric("per minute", "Calls per minute")] = 0
    total_errors: TotalErrors = 0
    errors_per_minute: ErrorsPerMinute = 0
    latency_p50_seconds: LatencyP50 = None
    latency_p95_seconds: LatencyP95 = None
    latency_p99_seconds: LatencyP99 = None
    task: Task = "classification"
    tolerance: Annotated[float | None, metric("target", "Tolerance", "last")] = None
    """Of a regression: the error up to which a prediction counts as right."""
    mae: MeanAbsoluteError = None
    """Mean absolute error of the same labels, in the unit of the target; regression only."""
    rmse: RootMeanSquaredError = None
    """Root mean squared error of the same labels, in the unit of the target."""
    labels_pending: LabelsPending = 0
    """Predictions of this model that wait for their label."""
    median_label_delay_seconds: Annotated[float | None, metric("seconds", "Median label delay")] = (
        None
    )
    """From prediction to label, over the last labels that came later."""
    first_item_p50_seconds: FirstItemP50 = None
    """From the call of a stream to its first item; of the streams that `Monitor.watch` follows."""
    first_item_p95_seconds: FirstItemP95 = None
    items_per_second: ItemsPerSecond = None
    """Items of the streams that ended, per second that their caller waited for items."""
    total_streams_left: TotalStreamsLeft = 0
    """Streams that their reader left before the end: neither predictions nor errors."""
    segments: list[Segment] = []
    """The most frequent segments first, the group of all others last; empty without segments."""


class LabelsSection(SchemaStruct, frozen=True, kw_only=True):
    """Outcome of the predictions that wait for labels, of all models together."""

    pending: int = 0
    pending_limit: int = 0
    evicted: int = 0
    """Predictions that were evicted by newer ones before their label came."""
    expired: int = 0
    """Predictions that waited longer than ``label_ttl``."""
    unknown: int = 0
    """Labels under whose id no prediction waits."""
    duplicate: int = 0
    """Labels of an id that had one already."""
    early: int = 0
    """Labels that came before their prediction and were stored for it."""
    missing: int = 0
    """Labels that stand for no value, such as NaN; they are no evidence and use up no id."""
    mismatched: int = 0
    """Labels that can never be equal to their prediction, such as a class to a probability; they
    are not counted."""


class ModelInfo(SchemaStruct, frozen=True, kw_only=True):
    """One model in ``monitor.models()``: the figures to compare models by."""

    model_id: str
    name: str | None
    version: str | None
    trained_at: TrainedAt
    deployed_at: DeployedAt
    status: StatusMetric
    total_predictions: TotalPredictions
    current_accuracy: CurrentAccuracy
    baseline_accuracy: BaselineAccuracy
    active: Annotated[
        bool,
        metric("flag", "Active", "last"),
        exposed(
            "ipyvitals_active_model",
            "1 for the model that predictions belong to that name no model, else 0.",
        ),
    ]
    """Whether the model gets the predictions that name no model."""
    health: HealthMetric = "unknown"
    status_since: float | None = None
    reason: str | None = None
    reason_rule: Rule | None = None
    reason_value: float | None = None
    reason_threshold: float | None = None
    reason_n: int | None = None
    reason_code: str | None = None
    reason_args: Args = {}
    accuracy_low: AccuracyLow = None
    accuracy_high: AccuracyHigh = None
    accuracy_threshold: AccuracyThreshold = None
    window_labelled: WindowLabelled = 0
    total_labelled: TotalLabelled = 0
    label_coverage: LabelCoverage = None
    labels_pending: LabelsPending = 0
    predictions_per_minute: PredictionsPerMinute = 0
    total_errors: TotalErrors = 0
    errors_per_minute: ErrorsPerMinute = 0
    latency_p50_seconds: LatencyP50 = None
    latency_p95_seconds: LatencyP95 = None
    latency_p99_seconds: LatencyP99 = None
    mae: MeanAbsoluteError = None
    rmse: RootMeanSquaredError = None
    first_item_p50_seconds: FirstItemP50 = None
    first_item_p95_seconds: FirstItemP95 = None
    items_per_second: ItemsPerSecond = None
    total_streams_left: TotalStreamsLeft = 0
    acknowledged_at: float | None = None
    duration_counts: list[int] = []
    """Calls since the model came, in the buckets of `Durations`."""
    duration_sum_seconds: float = 0.0


class Durations(SchemaStruct, frozen=True, kw_only=True):
    """Histogram of the durations of the active model's calls; counts only grow."""

    bounds_seconds: list[float]
    """Upper bounds of all buckets but the last, which has none."""
    counts: list[int]
    """Calls in each bucket: one more than there are bounds."""
    sum_seconds: float
