"""From what is counted to what is shown."""

from __future__ import annotations

from ipyvitals.intake.registry import ModelState
from ipyvitals.snapshot import (
    Durations,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Point,
    SystemSection,
)
from ipyvitals.stats.durations import BOUNDS_SECONDS
from ipyvitals.stats.interval import wilson

__all__ = ["durations", "metrics_section", "model_info", "model_section", "point"]

QUANTILES = [0.50, 0.95, 0.99]


def model_section(model: ModelState, now: float) -> ModelSection:
    """Return who the model is, since when, and how it is."""
    evidence = model.evidence
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
        reason=model.reason,
        reason_rule=evidence.rule if evidence else None,
        reason_value=evidence.value if evidence else None,
        reason_threshold=evidence.threshold if evidence else None,
        reason_n=evidence.n if evidence else None,
        health=model.health,
        uptime_seconds=now - model.deployed_monotonic if deployed else None,
        acknowledged_at=model.acknowledged_at,
    )


def metrics_section(model: ModelState, now: float, *, warming: bool) -> MetricsSection:
    """Return what the model did of late."""
    accuracy, n = model.window.mean, model.window.count
    low, high = wilson(accuracy, n) if accuracy is not None else (None, None)
    p50, p95, p99 = model.latency.get(now, QUANTILES)
    total = model.total_predictions
    return MetricsSection(
        current_accuracy=accuracy,
        predictions_per_minute=model.rows.get(now),
        total_predictions=total,
        model_health=model.health,
        accuracy_low=low,
        accuracy_high=high,
        accuracy_threshold=model.accuracy_rule.threshold,
        window_labelled=n,
        total_labelled=model.total_labelled,
        label_coverage=min(1.0, model.total_labelled / total) if total else None,
        warming=warming,
        calls_per_minute=model.calls.get(now),
        total_errors=model.total_errors,
        errors_per_minute=model.errors.get(now),
        latency_p50_seconds=p50,
        latency_p95_seconds=p95,
        latency_p99_seconds=p99,
    )


def durations(model: ModelState) -> Durations:
    """Return how long the model's calls took since it came."""
    return Durations(
        bounds_seconds=list(BOUNDS_SECONDS),
        counts=model.durations.counts,
        sum_seconds=model.durations.sum_seconds,
    )


def model_info(model: ModelState, *, active: bool) -> ModelInfo:
    """Return a model's entry in ``monitor.models()``."""
    return ModelInfo(
        model_id=model.model_id,
        name=model.name,
        version=model.version,
        trained_at=model.trained_at,
        deployed_at=model.deployed_at if _deployed(model) else None,
        status=model.status,
        total_predictions=model.total_predictions,
        current_accuracy=model.window.mean,
        baseline_accuracy=model.baseline_accuracy,
        active=active,
    )


def point(at: float, metrics: MetricsSection, system: SystemSection) -> Point:
    """Return one moment of the charts."""
    return Point(
        at=at,
        current_accuracy=metrics.current_accuracy,
        predictions_per_minute=metrics.predictions_per_minute,
        latency_p95_seconds=metrics.latency_p95_seconds,
        cpu_percent=system.cpu_percent,
        memory_percent=system.memory_percent,
    )


def _deployed(model: ModelState) -> bool:
    return model.lifecycle not in ("registered", "failed")
