"""The status as a few lines of text, for terminals."""

from __future__ import annotations

from ipyvitals.render.formatting import component_label
from ipyvitals.schema import Snapshot, Status, format_uptime

__all__ = ["text_view"]

UNKNOWN = "\N{EN DASH}"
STATUS_WORDS: dict[Status, str] = {"active": "Live"}


def text_view(snapshot: Snapshot, *, closed: bool = False, threadless: bool = False) -> str:
    """Return the lines that ``repr(monitor)`` shows.

    Parameters
    ----------
    snapshot : Snapshot
        What to show.
    closed : bool
        Whether the monitor is closed.
    threadless : bool
        Whether this is a forked child, in which nothing is published.

    Examples
    --------
    >>> print(text_view(Snapshot(monitor="default", seq=0, at=0.0)).splitlines()[2].strip())
    Ready: System ready, 100 %
    """
    lines = [_model(snapshot), _metrics(snapshot)]
    lines += [line for line in (_drift(snapshot), _others(snapshot)) if line]
    lines += [_training(snapshot), _system(snapshot)]
    if closed:
        lines.append("Closed: these are the last values.")
    if threadless:
        lines.append("Forked: nothing is counted or published here.")
    if snapshot.notices:
        newest = max(snapshot.notices, key=lambda notice: notice.at)
        kinds = len(snapshot.notices)
        lines.append(f"{kinds} notice{_s(kinds)}, newest: {newest.message}")
    return "\n  ".join(lines)


def _model(snapshot: Snapshot) -> str:
    model = snapshot.model
    who = " ".join(filter(None, [model.name, model.version])) or "no model yet"
    status = STATUS_WORDS.get(model.status) or model.status.title()
    text = f"ipyvitals {snapshot.monitor!r}: {who}, {status}"
    if model.status in ("degraded", "unhealthy", "failed", "idle") and model.reason:
        text += f" ({model.reason})"
    if model.name is not None and model.uptime_seconds is not None and model.status != "registered":
        text += f", up {format_uptime(model.uptime_seconds)}"
    return text


def _metrics(snapshot: Snapshot) -> str:
    metrics = snapshot.metrics
    accuracy = UNKNOWN
    low, high = metrics.accuracy_low, metrics.accuracy_high
    if metrics.current_accuracy is not None and low is not None and high is not None:
        n = metrics.window_labelled
        accuracy = (
            f"{_percent(100 * metrics.current_accuracy, 1)} "
            f"({100 * low:.1f} to {_percent(100 * high, 1)}, last {n:,} label{_s(n)})"
        )
    what = "Accuracy"
    if metrics.task == "regression":
        what = "Within tolerance"
        if metrics.mae is not None and metrics.rmse is not None:
            accuracy += f", MAE {metrics.mae:.3g}, RMSE {metrics.rmse:.3g}"
    p95 = metrics.latency_p95_seconds
    latency = UNKNOWN if p95 is None else f"{p95 * 1000:.3g} ms"
    return (
        f"{what} {accuracy}, {metrics.predictions_per_minute:,} predictions/min, "
        f"latency p95 {latency}"
    )


def _drift(snapshot: Snapshot) -> str:
    drift = snapshot.drift
    worst = next((one for one in drift.features if one.drifted), None)
    if worst is not None and worst.psi is not None and worst.threshold is not None:
        name = worst.name or "predictions"
        return f"Drift of {name}: PSI {worst.psi:.2g} against {worst.threshold:.2g}"
    if drift.errors is not None and drift.errors.rising:
        return f"Mean error rose to {_percent(_hundred(drift.errors.error_rate), 1)}"
    return ""


def _others(snapshot: Snapshot) -> str:
    others = [model for model in snapshot.models if not model.active]
    shown = [
        f"{model.name or model.model_id} {model.version or ''}".strip()
        + f" {_percent(_hundred(model.current_accuracy), 1)}"
        for model in others[:3]
    ]
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"Beside it {', '.join(shown)}{more}" if others else ""


def _hundred(ratio: float | None) -> float | None:
    return None if ratio is None else 100 * ratio


def _training(snapshot: Snapshot) -> str:
    training = snapshot.training
    text = training.stage
    if training.details:
        text += f": {training.details}"
    text += f", {_percent(training.progress)}"
    if training.eta_seconds is not None:
        text += f", {format_uptime(training.eta_seconds)} left"
    return text


def _system(snapshot: Snapshot) -> str:
    system = snapshot.system
    health = UNKNOWN if system.system_health == "unknown" else system.system_health.title()
    if system.limiter is not None:
        health += f" ({component_label(system.limiter)})"
    gpu = f"GPU {_percent(system.gpu_percent)}, " if system.gpus else ""
    connections = UNKNOWN if system.active_connections is None else system.active_connections
    return (
        f"System {health}: CPU {_percent(system.cpu_percent)}, "
        f"memory {_percent(system.memory_percent)}, disk {_percent(system.disk_percent)}, "
        f"{gpu}connections {connections}{_ahead(system.memory_full_seconds)}"
    )


def _ahead(seconds: float | None) -> str:
    return "" if seconds is None else f"; memory full in about {max(1, round(seconds / 60))} min"


def _percent(value: float | None, digits: int = 0) -> str:
    return UNKNOWN if value is None else f"{value:.{digits}f} %"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
