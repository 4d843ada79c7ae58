"""Collects the metrics of all kernels when the server's ``/metrics`` is scraped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from ipyvitals.server.hub import Hub
from ipyvitals.server.metrics.derived import CLIENTS, DROPPED, derived
from ipyvitals.server.metrics.families import Collected
from ipyvitals.server.metrics.sources import FIELD_FAMILIES, MonitorReading

__all__ = ["KernelCollector", "collect", "collector"]

QUIET_SECONDS = 60.0
"""While ``/metrics`` is scraped, a kernel that nobody watches is asked for its state this often."""


class KernelCollector(Collector):
    """Collects the metrics of the hubs of this process at each scrape."""

    def __init__(self) -> None:
        self._hubs: dict[Hub, tuple[CollectorRegistry, asyncio.AbstractEventLoop]] = {}

    def add(self, hub: Hub, registry: CollectorRegistry) -> None:
        """Add the kernels of a hub to a registry; called on the event loop."""
        if not any(known is registry for known, _ in self._hubs.values()):
            registry.register(self)
        self._hubs[hub] = (registry, asyncio.get_running_loop())

    def remove(self, hub: Hub) -> None:
        """Remove the kernels of a hub from its registry."""
        registry, _ = self._hubs.pop(hub, (None, None))
        if registry is not None and not any(one is registry for one, _ in self._hubs.values()):
            registry.unregister(self)

    def describe(self) -> Iterable[Collected]:
        """Return nothing: which series there are is known when they are collected."""
        return ()

    def collect(self) -> Iterator[Collected]:
        """Yield every family that has a series; refresh quiet kernels for the next scrape."""
        readings: list[MonitorReading] = []
        dropped, clients = DROPPED.empty(), CLIENTS.empty()
        count = 0
        for hub, (_, loop) in self._hubs.items():
            loop.call_soon_threadsafe(_refresh, hub)
            count += len(hub.feed.subscribers)
            for record in hub.records.values():
                for reason, number in sorted(record.dropped.items()):
                    dropped.add_metric([record.kernel_id, reason], number)
                readings += [
                    MonitorReading(record.kernel_id, monitor.snapshot(), record.last_seen)
                    for monitor in record.monitors.values()
                    if monitor.latest is not None and not monitor.latest.closed
                ]
        clients.add_metric([], count)
        yield clients
        yield from collect(readings)
        if dropped.samples:
            yield dropped


collector = KernelCollector()
"""The collector of this process: all of its servers share one registry."""


def collect(readings: Sequence[MonitorReading]) -> Iterator[Collected]:
    """Yield the families of all monitors; a value that is not known has no series."""
    for family, source in FIELD_FAMILIES:
        collected = family.collect(each for one in readings for each in source.read(one))
        if collected.samples:
            yield collected
    yield from (family for family in derived(readings) if family.samples)


def _refresh(hub: Hub) -> None:
    hub.background.spawn(hub.refresh(list(hub.records), older_than=QUIET_SECONDS))
