"""Render a snapshot as a few lines of text, for terminals."""

from __future__ import annotations

from ipyvitals.render import formatting as fmt
from ipyvitals.render.formatting import UNKNOWN
from ipyvitals.render.plain import plain_text
from ipyvitals.render.run_summary import run_facts, run_title, shown_runs
from ipyvitals.render.worker_summary import workers_text
from ipyvitals.schema import RunInfo, Snapshot, format_uptime

__all__ = ["text_view"]

MOST_RUNS = 3


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
    Ready
    """
    lines = [_model(snapshot), _metrics(snapshot)]
    resumed = fmt.resumed(snapshot.model)
    if resumed:
        lines.append(f"{resumed}; another version= or name= begins anew")
    lines += [line for line in (_drift(snapshot), _others(snapshot)) if line]
    lines += [_training(snapshot), *_runs(snapshot)]
    lines += [line for line in (workers_text(snapshot.workers), _system(snapshot)) if line]
    if closed:
        lines.append("Closed: these are the last values.")
    if threadless:
        lines.append("Forked: nothing is counted or published here.")
    if snapshot.notices:
        newest = max(snapshot.notices, key=lambda notice: notice.at)
        lines.append(f"{fmt.plural(len(snapshot.notices), 'notice')}, newest: {newest.message}")
    return plain_text("\n  ".join(lines))


def _model(snapshot: Snapshot) -> str:
    model = snapshot.model
    who = " ".join(filter(None, [model.name, model.version])) or "no model yet"
    text = f"ipyvitals {snapshot.monitor!r}: {who}, {fmt.status_word(model.status)}"
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
        labels = fmt.plural(metrics.window_labelled, "label")
        accuracy = fmt.ratio_text(metrics.current_accuracy)
        accuracy += f" ({fmt.ratio(low)} to {fmt.ratio_text(high)}, last {labels})"
    what = "Accuracy"
    if metrics.task == "regression":
        what = "Within tolerance"
        if metrics.mae is not None and metrics.rmse is not None:
            accuracy += f", MAE {fmt.error_size(metrics.mae)}, RMSE {fmt.error_size(metrics.rmse)}"
    text = (
        f"{what} {accuracy}, {fmt.short_count(metrics.predictions_per_minute)} predictions/min, "
        f"latency p95 {fmt.latency(metrics.latency_p95_seconds, 3)}"
    )
    if metrics.first_item_p95_seconds is not None:
        text += f", first item p95 {fmt.latency(metrics.first_item_p95_seconds, 3)}"
    if metrics.items_per_second is not None:
        text += f", {fmt.metric(metrics.items_per_second)} items/s"
    return text


def _drift(snapshot: Snapshot) -> str:
    drift = snapshot.drift
    worst = next((one for one in drift.features if one.drifted), None)
    if worst is not None and worst.psi is not None and worst.threshold is not None:
        name = worst.name or "predictions"
        return f"Drift of {name}: PSI {fmt.psi(worst.psi)} against {fmt.psi(worst.threshold)}"
    if drift.errors is not None and drift.errors.rising:
        return f"Mean error rose to {fmt.ratio_text(drift.errors.error_rate)}"
    return ""


def _others(snapshot: Snapshot) -> str:
    others = [model for model in snapshot.models if not model.active]
    shown = [
        f"{model.name or model.model_id} {model.version or ''}".strip()
        + f" {fmt.ratio_text(model.current_accuracy)}"
        for model in others[:3]
    ]
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"Beside it {', '.join(shown)}{more}" if others else ""


def _training(snapshot: Snapshot) -> str:
    training = snapshot.training
    text = training.stage
    if training.state == "idle":
        # Nothing was trained: neither a share nor a state is claimed.
        return text
    if training.details:
        text += f": {training.details}"
    text += f", {fmt.progress(training.progress)}"
    if training.eta_seconds is not None:
        text += f", {fmt.elapsed(training.eta_seconds)} left"
    return text


def _runs(snapshot: Snapshot) -> list[str]:
    return [
        f"Run {run_title(run)}: {', '.join([*run_facts(run), *_end(run)])}"
        for run in shown_runs(snapshot.runs, MOST_RUNS)
    ]


def _end(run: RunInfo) -> list[str]:
    return [] if run.ended_at is None else [f"ended {fmt.moment(run.ended_at, seconds=False)}"]


def _system(snapshot: Snapshot) -> str:
    system = snapshot.system
    health = fmt.status_word(system.system_health)
    if system.limiter is not None:
        health += f" ({fmt.limiter_text(system.limiter).removesuffix(' high')})"
    gpu = f"GPU {fmt.percent(system.gpu_percent)}, " if system.gpus else ""
    full = ""
    if system.memory_full_seconds is not None:
        full = f"; memory full in about {fmt.roughly(max(60.0, system.memory_full_seconds))}"
    return (
        f"System {health}: CPU {fmt.percent(system.cpu_percent)}, "
        f"memory {fmt.percent(system.memory_percent)}, disk {fmt.percent(system.disk_percent)}, "
        f"{gpu}connections {fmt.count(system.active_connections)}{full}"
    )
