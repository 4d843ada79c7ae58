"""The metrics that have one value a model or a monitor: their names, and where each comes from."""

from __future__ import annotations

from typing import get_args

from ipyvitals.schema import Health, Snapshot, Status, TrainingState
from ipyvitals.server.metrics.system import GPU_MEASURES, MACHINE_MEASURES
from ipyvitals.server.metrics.types import (
    GpuMeasure,
    Measure,
    ModelMeasure,
    ModelStateSet,
    StateSet,
    ratio,
)

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


def _furthest(one: Snapshot) -> float | None:
    ratios = [
        each.psi / each.threshold
        for each in one.drift.features
        if each.psi is not None and each.threshold
    ]
    return max(ratios, default=None)


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
        lambda one: ratio(one.training.progress) if one.training.state == "running" else None,
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
    *MACHINE_MEASURES,
    Measure(
        "ipyvitals_drift_ratio",
        "Population stability index of what drifted furthest, in units of its threshold.",
        _furthest,
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
