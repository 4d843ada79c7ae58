"""Computes the metric families that are not the value of one field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ipyvitals.schema import Snapshot
from ipyvitals.schema.workers import WORKER_STATES
from ipyvitals.server.metrics.families import Collected, MetricFamily
from ipyvitals.server.metrics.sources import (
    MODEL_LABELS,
    MONITOR_LABELS,
    MonitorReading,
    clip,
    models_of,
)

__all__ = ["CLIENTS", "DERIVED_FAMILIES", "DROPPED", "OMITTED", "SERVER_FAMILIES", "derived"]

MAX_CODES = 100
"""Codes of notices of one monitor that have series."""

DURATIONS = MetricFamily(
    name="ipyvitals_prediction_duration_seconds",
    help="How long the calls took that made predictions.",
    kind="histogram",
    labels=MODEL_LABELS,
)
DRIFT = MetricFamily(
    name="ipyvitals_drift_ratio",
    help="Population stability index of what drifted furthest, in units of its threshold.",
    labels=MONITOR_LABELS,
)
NOTICES = MetricFamily(
    name="ipyvitals_notices",
    help="Things that went wrong in the background of a monitor, by code.",
    kind="counter",
    labels=(*MONITOR_LABELS, "code"),
)
WORKERS = MetricFamily(
    name="ipyvitals_workers",
    help="Other processes that report to a monitor, by state.",
    labels=(*MONITOR_LABELS, "state"),
)
LAST_UPDATE = MetricFamily(
    name="ipyvitals_last_update_timestamp_seconds",
    help="Time of the last update from the kernel.",
    labels=MONITOR_LABELS,
)
DERIVED_FAMILIES = (DURATIONS, DRIFT, NOTICES, WORKERS, LAST_UPDATE)

CLIENTS = MetricFamily(
    name="ipyvitals_stream_clients", help="WebSocket clients of this server.", labels=()
)
DROPPED = MetricFamily(
    name="ipyvitals_dropped_messages",
    help="Messages of a kernel that the server did not take, or never got, by reason.",
    kind="counter",
    labels=("kernel", "reason"),
)
OMITTED = MetricFamily(
    name="ipyvitals_omitted_models",
    help="Models of a kernel that have no series, since the kernel has too many.",
    labels=("kernel",),
)
SERVER_FAMILIES = (CLIENTS, DROPPED, OMITTED)
"""Families about the server itself."""


def derived(readings: Sequence[MonitorReading]) -> Iterator[Collected]:
    """Yield `DERIVED_FAMILIES`, each with the series of all monitors."""
    durations, drift, notices, workers, last_update = (
        family.empty() for family in DERIVED_FAMILIES
    )
    for reading in readings:
        labels, snapshot = reading.labels, reading.snapshot
        _add_durations(durations, reading)
        furthest = _furthest_drift(snapshot)
        if furthest is not None:
            drift.add_metric(labels, furthest)
        for code, count in _counts_of(snapshot).items():
            notices.add_metric([*labels, code], count)
        if snapshot.workers:
            for state in WORKER_STATES:
                count = sum(one.state == state for one in snapshot.workers)
                workers.add_metric([*labels, state], count)
        if reading.last_seen is not None:
            last_update.add_metric(labels, reading.last_seen)
    yield from (durations, drift, notices, workers, last_update)


def _counts_of(snapshot: Snapshot) -> dict[str, float]:
    """Return the count of each code of a notice; one that stands there twice is summed up."""
    counts: dict[str, float] = {}
    for notice in snapshot.notices[:MAX_CODES]:
        code = clip(notice.code)
        counts[code] = counts.get(code, 0.0) + notice.count
    return counts


def _add_durations(family: Collected, reading: MonitorReading) -> None:
    durations = reading.snapshot.durations
    bounds = durations.bounds_seconds if durations is not None else []
    if any(high <= low for low, high in pairwise(bounds)):
        return
    for labels, model in models_of(reading):
        if len(model.duration_counts) == len(bounds) + 1:
            buckets = list(_buckets(bounds, model.duration_counts))
            family.add_metric(labels, buckets, model.duration_sum_seconds)  # type: ignore[attr-defined]


def _buckets(bounds: list[float], counts: list[int]) -> Iterator[tuple[str, float]]:
    """Yield the upper bound of each bucket with the count of calls that took no longer."""
    total = 0
    for bound, count in zip([*bounds, "+Inf"], counts, strict=True):
        total += count
        yield str(bound), total


def _furthest_drift(snapshot: Snapshot) -> float | None:
    """Return the largest drift of a feature, in units of its threshold."""
    ratios = [
        feature.psi / feature.threshold
        for feature in snapshot.drift.features
        if feature.psi is not None and feature.threshold
    ]
    return max(ratios, default=None)
