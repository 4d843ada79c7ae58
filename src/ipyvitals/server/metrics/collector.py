"""``/metrics``: every kernel's model and machine, by the conventions of Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.registry import Collector

from ipyvitals.schema import ModelInfo, Snapshot
from ipyvitals.server.hub import Hub
from ipyvitals.server.metrics.model import (
    DURATIONS,
    GPU_MEASURES,
    MEASURES,
    MODEL_LABELS,
    MODEL_MEASURES,
    MODEL_STATE_SETS,
    MONITOR_LABELS,
    STATE_SETS,
)

__all__ = ["Exposition", "exposition"]

QUIET_SECONDS = 60.0
"""A kernel that nobody watches is asked for its figures once in so long, while they are scraped."""
MAX_LABEL_CHARS = 200

Family = TypeVar("Family", bound=Metric)
Labelled = tuple[str, Snapshot, float | None]


class Exposition(Collector):
    """Collects from the hubs of this process, at the moment in which somebody scrapes."""

    def __init__(self) -> None:
        self._hubs: dict[Hub, tuple[CollectorRegistry, asyncio.AbstractEventLoop]] = {}

    def add(self, hub: Hub, registry: CollectorRegistry) -> None:
        """Add the kernels of a hub to a registry; called on the event loop."""
        if not any(known is registry for known, _ in self._hubs.values()):
            registry.register(self)
        self._hubs[hub] = (registry, asyncio.get_running_loop())

    def remove(self, hub: Hub) -> None:
        """Take the kernels of a hub out again."""
        registry, _ = self._hubs.pop(hub, (None, None))
        if registry is not None and not any(one is registry for one, _ in self._hubs.values()):
            registry.unregister(self)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: which series there are is known when they are collected."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family that has a series; refresh quiet kernels for the next time."""
        found: list[Labelled] = []
        dropped = CounterMetricFamily(
            "ipyvitals_dropped_messages",
            "Messages of a kernel that the server did not take, or never got, by reason.",
            labels=["kernel", "reason"],
        )
        clients = GaugeMetricFamily(
            "ipyvitals_stream_clients", "WebSocket clients of this server.", value=None, labels=[]
        )
        count = 0
        for hub, (_, loop) in self._hubs.items():
            loop.call_soon_threadsafe(_refresh, hub)
            count += len(hub.broadcaster.subscribers)
            for record in hub.kernels.values():
                for reason, number in sorted(record.dropped.items()):
                    dropped.add_metric([record.kernel_id, reason], number)
                found += [
                    (record.kernel_id, monitor.snapshot(), record.last_seen)
                    for monitor in record.monitors.values()
                    if monitor.latest is not None and not monitor.latest.closed
                ]
        clients.add_metric([], count)
        yield clients
        yield from _families(found)
        if dropped.samples:
            yield dropped


exposition = Exposition()
"""That of this process: all of its servers share one registry."""


def _refresh(hub: Hub) -> None:
    hub.background.spawn(hub.refresh(list(hub.kernels), older_than=QUIET_SECONDS))


def _families(found: list[Labelled]) -> Iterator[Metric]:
    models = [row for one in found for row in _models(one)]
    for each in MODEL_MEASURES:
        yield from _filled(_measured(each, models, MODEL_LABELS, counter=each.counter))
    monitors = [(_labels(one), one[1]) for one in found]
    for measure in MEASURES:
        yield from _filled(_measured(measure, monitors, MONITOR_LABELS, counter=measure.counter))
    for state in MODEL_STATE_SETS:
        yield from _filled(_states(state, models, MODEL_LABELS))
    for states in STATE_SETS:
        yield from _filled(_states(states, monitors, MONITOR_LABELS))
    yield from _filled(_durations(found))
    yield from _gpus(found)
    notices = CounterMetricFamily(
        "ipyvitals_notices",
        "Things that went wrong in the background of a monitor, by code.",
        labels=[*MONITOR_LABELS, "code"],
    )
    for one in found:
        for notice in one[1].notices:
            notices.add_metric([*_labels(one), _clip(notice.code)], notice.count)
    yield from _filled(notices)
    seen = GaugeMetricFamily(
        "ipyvitals_last_update_timestamp_seconds",
        "When the kernel last told something.",
        labels=list(MONITOR_LABELS),
    )
    for one in found:
        if one[2] is not None:
            seen.add_metric(_labels(one), one[2])
    yield from _filled(seen)


def _filled(family: Family) -> Iterator[Family]:
    if family.samples:
        yield family


def _measured(
    measure: Any, found: list[tuple[list[str], Any]], names: Sequence[str], *, counter: bool = False
) -> Metric:
    kind = CounterMetricFamily if counter else GaugeMetricFamily
    family: Any = kind(measure.name, measure.help, labels=list(names))
    for labels, one in found:
        value = measure.read(one)
        if value is not None:
            family.add_metric(labels, value)
    return family  # type: ignore[no-any-return]


def _states(state: Any, found: list[tuple[list[str], Any]], names: Sequence[str]) -> Metric:
    family = StateSetMetricFamily(state.name, state.help, labels=list(names))
    for labels, one in found:
        now = state.read(one)
        family.add_metric(labels, {each: each == now for each in state.states})
    return family


def _durations(found: list[Labelled]) -> Metric:
    family = HistogramMetricFamily(*DURATIONS, labels=list(MODEL_LABELS))
    for one in found:
        bounds = one[1].durations.bounds_seconds if one[1].durations is not None else []
        for labels, model in _models(one):
            if len(model.duration_counts) == len(bounds) + 1:
                buckets = list(_buckets(bounds, model.duration_counts))
                family.add_metric(labels, buckets, model.duration_sum_seconds)
    return family


def _buckets(bounds: list[float], counts: list[int]) -> Iterator[tuple[str, float]]:
    """Yield upper bounds, and how many calls took no longer."""
    total = 0
    for bound, count in zip([*bounds, "+Inf"], counts, strict=True):
        total += count
        yield str(bound), total


def _gpus(found: list[Labelled]) -> Iterator[Metric]:
    for each in GPU_MEASURES:
        family = GaugeMetricFamily(each.name, each.help, labels=[*MONITOR_LABELS, "gpu"])
        for one in found:
            for gpu in one[1].system.gpus:
                value = each.read(gpu)
                if value is not None:
                    family.add_metric([*_labels(one), str(gpu.index)], value)
        yield from _filled(family)


def _labels(one: Labelled) -> list[str]:
    return [one[0], _clip(one[1].monitor)]


def _models(one: Labelled) -> Iterator[tuple[list[str], ModelInfo]]:
    """Yield the models of a monitor with their labels, of which no two may be the same."""
    seen: set[tuple[str, str]] = set()
    for model in one[1].models:
        name, version = _clip(model.name or ""), _clip(model.version or "")
        if (name, version) in seen:
            name = _clip(model.model_id)
        if (name, version) not in seen:
            seen.add((name, version))
            yield [*_labels(one), name, version], model


def _clip(text: str) -> str:
    # A lone surrogate cannot be encoded: it would take all of /metrics down.
    return text[:MAX_LABEL_CHARS].encode("utf-8", "replace").decode()
