"""Builds the sections of a snapshot from the state of models and machine."""

from __future__ import annotations

from typing import Any

from ipyvitals.models.model_state import ModelState
from ipyvitals.schema import (
    POINTS_OF_METRICS,
    POINTS_OF_SYSTEM,
    Durations,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Point,
    Segment,
    SystemSection,
    Task,
)
from ipyvitals.stats.durations import BOUNDS_SECONDS
from ipyvitals.stats.interval import wilson
from ipyvitals.stats.segments import SegmentTracker
from ipyvitals.stats.window import ScoreWindow
from ipyvitals.utils.storable import text_of

__all__ = ["durations", "metrics_section", "model_info", "model_section", "point"]

QUANTILES = [0.50, 0.95, 0.99]
SEGMENT_LABELS = 30
"""A segment with fewer labels says nothing yet."""
SEGMENT_CHARS = 80
EMPTY_SEGMENT = "''"
"""Name of a segment that is an empty text; an empty name is that of all other segments."""


def model_section(model: ModelState, now: float, since: float) -> ModelSection:
    """Return who the model is, since when, and how it is; the monitor watches `since` then."""
    deployed = _deployed(model)
    return ModelSection(
        model_id=model.model_id if model.known else None,
        name=model.name,
        version=model.version,
        trained_at=model.trained_at,
        status=model.status,
        total_predictions=model.total_predictions,
        deployed_at=model.deployed_at if deployed else None,
        status_since=model.status_since,
        **_reason(model),
        health=model.health,
        uptime_seconds=now - model.deployed_monotonic if deployed else None,
        acknowledged_at=model.acknowledged_at,
        baseline_accuracy=model.baseline_accuracy,
        watching_since=since,
        resumed_from_at=model.resumed_from_at,
        resumed_predictions=model.resumed_predictions,
    )


def metrics_section(
    model: ModelState,
    now: float,
    *,
    warming: bool,
    pending: int,
    task: Task,
    tolerance: float | None,
) -> MetricsSection:
    """Return what the model did of late; `pending` of its predictions wait for labels."""
    return MetricsSection(
        **_figures(model, now, pending),
        model_health=model.health,
        warming=warming,
        calls_per_minute=model.calls.get(now),
        task=task,
        tolerance=tolerance,
        median_label_delay_seconds=model.median_delay_seconds,
        segments=_segments(model),
    )


def durations(model: ModelState) -> Durations:
    """Return how long the model's calls took since it came."""
    return Durations(
        bounds_seconds=list(BOUNDS_SECONDS),
        counts=model.durations.counts,
        sum_seconds=model.durations.sum_seconds,
    )


def model_info(model: ModelState, now: float, *, active: bool, pending: int) -> ModelInfo:
    """Return a model's entry in ``monitor.models()``."""
    return ModelInfo(
        **_figures(model, now, pending),
        model_id=model.model_id,
        name=model.name,
        version=model.version,
        trained_at=model.trained_at,
        deployed_at=model.deployed_at if _deployed(model) else None,
        status=model.status,
        baseline_accuracy=model.baseline_accuracy,
        active=active,
        health=model.health,
        status_since=model.status_since,
        **_reason(model),
        acknowledged_at=model.acknowledged_at,
        duration_counts=model.durations.counts,
        duration_sum_seconds=model.durations.sum_seconds,
    )


def point(at: float, metrics: MetricsSection, system: SystemSection) -> Point:
    """Return one moment of the charts.

    Examples
    --------
    >>> point(1.0, MetricsSection(predictions_per_minute=3), SystemSection(cpu_percent=12.0))
    Point(at=1.0, current_accuracy=None, predictions_per_minute=3, ... cpu_percent=12.0, ...)
    """
    return Point(
        at=at,
        **{name: getattr(metrics, name) for name in POINTS_OF_METRICS},
        **{name: getattr(system, name) for name in POINTS_OF_SYSTEM},
    )


def _figures(model: ModelState, now: float, pending: int) -> dict[str, Any]:
    """Return the metrics that every model has: the active one's section and each model's row."""
    accuracy, low, high = _interval(model.window)
    p50, p95, p99 = model.latency.get(now, QUANTILES)
    streams = model.streams
    first_p50, first_p95 = (None, None) if streams is None else streams.first_item(now, [0.5, 0.95])
    return {
        "current_accuracy": accuracy,
        "predictions_per_minute": model.rows.get(now),
        "total_predictions": model.total_predictions,
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_threshold": model.accuracy_threshold,
        "window_labelled": model.window.count,
        "total_labelled": model.total_labelled,
        "label_coverage": _coverage(model),
        "total_errors": model.total_errors,
        "errors_per_minute": model.errors.get(now),
        "latency_p50_seconds": p50,
        "latency_p95_seconds": p95,
        "latency_p99_seconds": p99,
        "first_item_p50_seconds": first_p50,
        "first_item_p95_seconds": first_p95,
        "items_per_second": None if streams is None else streams.items_per_second(now),
        "total_streams_left": model.total_streams_left,
        "mae": model.residuals.mae,
        "rmse": model.residuals.rmse,
        "labels_pending": pending,
    }


def _reason(model: ModelState) -> dict[str, Any]:
    """Return why the status is what it is: the sentence, its code, and what a rule saw."""
    message, evidence = model.message, model.evidence
    return {
        "reason": message.text if message else None,
        "reason_code": message.code if message else None,
        "reason_args": message.args if message else {},
        "reason_rule": evidence.rule if evidence else None,
        "reason_value": evidence.value if evidence else None,
        "reason_threshold": evidence.threshold if evidence else None,
        "reason_n": evidence.n if evidence else None,
    }


def _deployed(model: ModelState) -> bool:
    return model.lifecycle not in ("registered", "failed")


def _interval(window: ScoreWindow) -> tuple[float | None, float | None, float | None]:
    mean = window.mean
    return (None, None, None) if mean is None else (mean, *wilson(mean, window.count))


def _coverage(model: ModelState) -> float | None:
    total = model.total_predictions
    return min(1.0, model.total_labelled / total) if total else None


def _segments(model: ModelState) -> list[Segment]:
    if model.segments is None:
        return []
    shown = [
        _segment(text_of(name) or EMPTY_SEGMENT, group) for name, group in model.segments.get()
    ]
    other = model.segments.other
    return [*shown, _segment("", other)] if other.total else shown


def _segment(name: str, group: SegmentTracker) -> Segment:
    enough = group.window.count >= SEGMENT_LABELS
    accuracy, low, high = _interval(group.window) if enough else (None, None, None)
    return Segment(
        name=name[:SEGMENT_CHARS],
        total_labelled=group.total,
        window_labelled=group.window.count,
        current_accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
    )
