"""Render a snapshot as plain HTML, for saved notebooks and wherever no script may run.

Some hosts remove styles and images, so every value is text in one plain table. The colours are
legible on light and dark pages, and nothing is loaded.
"""

from __future__ import annotations

from html import escape
from typing import Any

from ipyvitals.render import formatting as fmt
from ipyvitals.render.formatting import UNKNOWN
from ipyvitals.render.html_parts import (
    Columns,
    SparklineRenderer,
    bar,
    cell,
    pill,
    quiet,
    reading,
    row,
    table,
    tint,
    value,
)
from ipyvitals.render.plain import plain_text
from ipyvitals.render.run_summary import run_facts, run_title, shown_runs
from ipyvitals.render.text import text_view
from ipyvitals.render.tones import TONES, component_tone, status_tone, training_tone
from ipyvitals.render.worker_summary import heard_of, workers_text
from ipyvitals.schema import (
    MetricsSection,
    ModelInfo,
    Snapshot,
    SystemSection,
    TrainingSection,
    format_uptime,
)
from ipyvitals.schema.generated import RULE_UNITS

__all__ = ["saved_mark", "saved_text", "static_view"]

MOST_MODELS, MOST_METRICS, MOST_RUNS = 8, 6, 8


def static_view(snapshot: Snapshot, history: Columns | None = None) -> str:
    """Return a snapshot as HTML without scripts, style sheets or links.

    Parameters
    ----------
    snapshot : Snapshot
        What to show. All texts in it are escaped.
    history : mapping of str to sequence, optional
        Columns of `Point`, equally long, for the small charts; without them there are none.

    Examples
    --------
    >>> html = static_view(Snapshot(monitor="default", seq=0, at=1_767_323_045.0))
    >>> "As of 2 Jan 2026, 03:04:05 UTC, not live" in html
    True
    """
    charts = SparklineRenderer(history or {})
    html = table(
        [
            _head(snapshot),
            _banner(snapshot),
            _facts(snapshot),
            _training(snapshot.training),
            _runs(snapshot),
            _tiles(snapshot, charts),
            _meters(snapshot.system, charts),
            _others(snapshot),
            _workers(snapshot),
            _notices(snapshot),
        ]
    )
    return plain_text(html)


def saved_text(snapshot: Snapshot, *, closed: bool = False) -> str:
    """Return a snapshot as a few lines of text, for hosts that show no HTML."""
    return f"{text_view(snapshot, closed=closed)}\n  {_as_of(snapshot)}."


def saved_mark(snapshot: Snapshot) -> dict[str, Any]:
    """Return the metadata that identifies a saved panel among outputs, and its monitor."""
    return {"monitor": snapshot.monitor, "at": snapshot.at}


def _as_of(snapshot: Snapshot) -> str:
    return f"As of {fmt.moment(snapshot.at)}, not live"


def _head(snapshot: Snapshot) -> str:
    model = snapshot.model
    tone = status_tone(model.status)
    known = model.name is not None or model.model_id is not None
    version = model.version or ("" if known else "no model yet")
    who = (
        f'<span style="color:{TONES[tone]}">\N{BLACK CIRCLE}</span> '
        f'<b style="font-size:15px">{escape(model.name or UNKNOWN)}</b> {escape(version)}'
    )
    lines = [_as_of(snapshot)]
    if model.uptime_seconds is not None:
        lines.append(f"up {format_uptime(model.uptime_seconds)}")
    if fmt.resumed(model):
        lines.append(escape(fmt.resumed(model)))
    if snapshot.monitor != "default":
        lines[-1] += f" · monitor {escape(snapshot.monitor)}"
    return row(
        cell(f"{who} {pill(fmt.status_word(model.status), tone)}", span=2),
        cell(quiet("<br>".join(lines)), span=2, right=True),
        line=False,
    )


def _banner(snapshot: Snapshot) -> str:
    model = snapshot.model
    if model.status not in ("degraded", "unhealthy", "failed"):
        return ""
    tone = status_tone(model.status)
    text = ": ".join(
        filter(None, [model.reason or fmt.status_word(model.status), fmt.evidence(model)])
    )
    since = []
    if model.status_since is not None:
        since.append(f"since {fmt.moment(model.status_since, seconds=False)}")
    if model.acknowledged_at is not None:
        since.append(f"acknowledged {fmt.moment(model.acknowledged_at, seconds=False)}")
    html = f'<b style="color:{TONES[tone]}">{escape(text)}</b> {quiet(" · ".join(since))}'
    return row(cell(html, span=4), background=tint(tone), line=False)


def _facts(snapshot: Snapshot) -> str:
    model, metrics = snapshot.model, snapshot.metrics
    facts = {
        "Last trained": fmt.moment(model.trained_at, seconds=False),
        "Predictions": fmt.count(max(model.total_predictions, metrics.total_predictions)),
        "Labelled": fmt.ratio_whole(metrics.label_coverage),
        "Errors": fmt.count(metrics.total_errors),
    }
    if metrics.labels_pending:
        facts["Waiting for labels"] = fmt.count(metrics.labels_pending)
    html = " · ".join(f"{name} <b>{fact}</b>" for name, fact in facts.items())
    return row(cell(html, span=4, style="font-size:12px"), line=False)


def _training(run: TrainingSection) -> str:
    share = fmt.count(run.current) if run.progress is None else fmt.progress(run.progress)
    html = f"<b>{escape(run.stage)}</b> {quiet(escape(run.details))} {reading(share)}"
    html += bar(run.progress, TONES[training_tone(run.state)])
    details = []
    if run.state != "idle":
        if run.current is not None and run.total is not None:
            details.append(f"{fmt.count(run.current)} of {fmt.count(run.total)}")
        if run.elapsed_seconds is not None:
            details.append(f"{run.state}, {escape(fmt.elapsed(run.elapsed_seconds))}")
        if run.state == "running" and run.eta_seconds is not None:
            details.append(f"{escape(fmt.elapsed(run.eta_seconds))} left")
        details += [
            f"{escape(name)} <b>{fmt.metric(number)}</b>"
            for name, number in list(run.metrics.items())[:MOST_METRICS]
        ]
    return row(cell(html + quiet(" · ".join(details)), span=4))


def _runs(snapshot: Snapshot) -> str:
    runs = shown_runs(snapshot.runs, MOST_RUNS)
    if not runs:
        return ""
    lines = []
    for run in runs:
        state, *facts = run_facts(run)
        tone = TONES[training_tone(run.state)]
        word = f'<b style="color:{tone}">{escape(state)}</b>'
        when = [] if run.ended_at is None else [f"ended {fmt.moment(run.ended_at, seconds=False)}"]
        rest = escape(" · ".join([*facts, *when]))
        lines.append(f"<b>{escape(run_title(run))}</b> {word} {quiet(rest)}")
    return row(cell(f"{quiet('Training runs')}<br>{'<br>'.join(lines)}", span=4))


def _tiles(snapshot: Snapshot, charts: SparklineRenderer) -> str:
    metrics = snapshot.metrics
    return row(
        _accuracy(metrics, charts),
        _tile(
            "Predictions",
            value(fmt.short_count(metrics.predictions_per_minute), "/min"),
            "first minute" if metrics.warming else "last 60 s",
            charts.image(
                "predictions_per_minute",
                "Predictions per minute",
                fmt.short_count,
                "zero",
                fill=True,
            ),
        ),
        _latency(snapshot, charts),
        _health(snapshot.system),
    )


def _tile(label: str, shown: str, note: str, image: str = "") -> str:
    return cell(f"{quiet(label)}<br>{shown}<br>{quiet(note)}{image}")


def _accuracy(metrics: MetricsSection, charts: SparklineRenderer) -> str:
    accuracy, threshold = metrics.current_accuracy, metrics.accuracy_threshold
    low, high = metrics.accuracy_low, metrics.accuracy_high
    name = "Accuracy"
    if metrics.tolerance is not None:
        name = f"Within ± {fmt.metric(metrics.tolerance)}"
    poor = accuracy is not None and threshold is not None and accuracy < threshold
    judged = metrics.model_health in ("degraded", "unhealthy")
    note = "no labels yet"
    if low is not None and high is not None:
        labels = fmt.plural(metrics.window_labelled, "label")
        note = f"{fmt.ratio(low)}{UNKNOWN}{fmt.ratio(high)} %, last {labels}"
    if metrics.mae is not None and metrics.rmse is not None:
        note += f"<br>MAE {fmt.error_size(metrics.mae)} · RMSE {fmt.error_size(metrics.rmse)}"
    unit = "" if accuracy is None else "%"
    column = "current_accuracy"
    image = charts.image(column, name, fmt.ratio_text, "ratio", threshold=threshold, fill=True)
    return _tile(
        name, value(fmt.ratio(accuracy), unit, "warn" if poor and judged else None), note, image
    )


def _latency(snapshot: Snapshot, charts: SparklineRenderer) -> str:
    metrics = snapshot.metrics
    number, _, unit = fmt.latency(metrics.latency_p95_seconds, 3).partition(" ")
    note = "no calls"
    if metrics.latency_p50_seconds is not None:
        note = f"p50 {fmt.latency(metrics.latency_p50_seconds)}"
        note += f" · p99 {fmt.latency(metrics.latency_p99_seconds)}"
    if metrics.first_item_p95_seconds is not None:
        note += f" · first item p95 {fmt.latency(metrics.first_item_p95_seconds)}"
    if metrics.items_per_second is not None:
        note += f" · {fmt.metric(metrics.items_per_second)} items/s"
    slow = RULE_UNITS.get(snapshot.model.reason_rule or "") == "latency"
    return _tile(
        "Latency p95",
        value(number, unit, "warn" if slow else None),
        note,
        charts.image(
            "latency_p95_seconds", "Latency p95", lambda seconds: fmt.latency(seconds, 3), "zero"
        ),
    )


def _health(system: SystemSection) -> str:
    notes = [fmt.limiter_text(system.limiter)] if system.limiter else []
    notes += [system.scope or "not measured"]
    notes += [fmt.cores(system.cpu_limit_cores), fmt.capacity(system.memory_limit_bytes)]
    note = escape(", ".join(filter(None, notes)))
    if system.unknown_components:
        unknown = ", ".join(map(fmt.component_label, system.unknown_components))
        note += f"<br>{escape(unknown)} not readable"
    if system.process_memory_bytes is not None:
        used = fmt.bytes_text(system.process_memory_bytes)
        note += f"<br>kernel {fmt.percent(system.process_cpu_percent)} CPU, {used}"
    health = system.system_health
    return _tile("System health", value(fmt.status_word(health), tone=status_tone(health)), note)


def _meters(system: SystemSection, charts: SparklineRenderer) -> str:
    cpu, free = system.cpu_percent, ""
    if system.disk_free_bytes is not None:
        free = f"{fmt.bytes_text(system.disk_free_bytes)} free"
    used = fmt.cores_used(cpu, system.cpu_limit_cores)
    memory = fmt.bytes_of(system.memory_used_bytes, system.memory_limit_bytes)
    cells = [
        _meter(system, "cpu", "CPU", cpu, used, charts),
        _meter(system, "memory", "Memory", system.memory_percent, memory, charts),
        _meter(system, "disk", "Disk", system.disk_percent, free),
        cell(
            f"{quiet('Connections')} {reading(fmt.count(system.active_connections))}<br>"
            f"{quiet('to this notebook')}"
        ),
    ]
    for gpu in system.gpus:
        used = fmt.bytes_of(gpu.memory_used_bytes, gpu.memory_total_bytes)
        cells.append(_meter(system, "gpu", f"GPU {gpu.index}", gpu.utilization_percent, used))
    rows = [cells[start : start + 4] for start in range(0, len(cells), 4)]
    return "".join(
        row(*one, *[cell("")] * (4 - len(one)), background="rgba(128,128,128,.07)") for one in rows
    )


def _meter(
    system: SystemSection,
    part: str,
    label: str,
    level: float | None,
    note: str,
    charts: SparklineRenderer | None = None,
) -> str:
    tone = component_tone(system, part)
    shown = reading(fmt.percent(level), tone)
    html = f"{quiet(label)} {shown}{bar(level, TONES[tone or 'muted'])}"
    image = ""
    if charts is not None:
        image = charts.image(f"{part}_percent", label, _tenths, "percent", tone="muted", height=18)
    return cell(f"{html}{quiet(note)}{image}")


def _tenths(percents: float) -> str:
    return f"{fmt.tenths(percents)} %"


def _others(snapshot: Snapshot) -> str:
    others = [model for model in snapshot.models if not model.active]
    if not others:
        return ""
    lines = [_other(model) for model in others[:MOST_MODELS]]
    if len(others) > MOST_MODELS:
        lines.append(quiet(f"and {fmt.count(len(others) - MOST_MODELS)} more"))
    return row(cell(f"{quiet('Beside it')}<br>{'<br>'.join(lines)}", span=4))


def _other(model: ModelInfo) -> str:
    tone = status_tone(model.status)
    name = escape(" ".join(filter(None, [model.name or model.model_id, model.version])))
    facts = [
        fmt.ratio_text(model.current_accuracy),
        f"{fmt.short_count(model.predictions_per_minute)} /min",
        f"p95 {fmt.latency(model.latency_p95_seconds)}",
    ]
    return (
        f'<b>{name}</b> <b style="color:{TONES[tone]}">{fmt.status_word(model.status)}</b> '
        f"{quiet(' · '.join(facts))}"
    )


def _workers(snapshot: Snapshot) -> str:
    # Names of hosts and processes are nobody's business in a notebook that is shared.
    text = workers_text(snapshot.workers)
    if not text:
        return ""
    heard, expected = heard_of(snapshot.workers)
    colour = f' style="color:{TONES["warn"]}"' if heard < expected else ""
    return row(cell(f"<b{colour}>{escape(text)}</b>", span=4, style="font-size:12px"))


def _notices(snapshot: Snapshot) -> str:
    newest = sorted(snapshot.notices, key=lambda notice: notice.at, reverse=True)[:3]
    if not newest:
        return ""
    kinds = fmt.plural(len(snapshot.notices), "notice")
    lines = "<br>".join(
        f"{escape(notice.message)} ({fmt.count(notice.count)} ×)" for notice in newest
    )
    return row(cell(quiet(f"{kinds}, newest first<br>{lines}"), span=4))
