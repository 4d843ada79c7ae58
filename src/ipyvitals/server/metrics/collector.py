"""Collects the metrics of all kernels when the server's ``/metrics`` is scraped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from ipyvitals.schema import ModelInfo, RunInfo, Snapshot
from ipyvitals.server.hub import Hub
from ipyvitals.server.kernel_state import KernelStateTracker
from ipyvitals.server.metrics.derived import CLIENTS, DROPPED, OMITTED, derived
from ipyvitals.server.metrics.families import Collected
from ipyvitals.server.metrics.sources import FIELD_FAMILIES, MAX_RUNS, MonitorReading, open_runs

__all__ = ["KernelCollector", "collect", "collector", "readings_of"]

log = logging.getLogger("ipyvitals")

QUIET_SECONDS = 60.0
"""While ``/metrics`` is scraped, a kernel that nobody watches is asked for its state this often."""
DEFAULT_MAX_MODELS = 200


class KernelCollector(Collector):
    """Collects the metrics of the hubs of this process at each scrape, on any thread.

    It copies each collection of the hub in one step, and the state of a monitor is replaced as a
    whole; so it needs no lock, and kernels may come and go meanwhile.
    """

    def __init__(self) -> None:
        self._hubs: dict[Hub, tuple[CollectorRegistry, asyncio.AbstractEventLoop, int]] = {}

    def add(
        self, hub: Hub, registry: CollectorRegistry, max_models: int = DEFAULT_MAX_MODELS
    ) -> None:
        """Add the kernels of a hub to a registry; called on the event loop.

        Parameters
        ----------
        hub : Hub
        registry : prometheus_client.CollectorRegistry
        max_models : int
            Models of one kernel that have series of their own.
        """
        if not any(known is registry for known, _, _ in self._hubs.values()):
            registry.register(self)
        self._hubs[hub] = (registry, asyncio.get_running_loop(), max_models)

    def remove(self, hub: Hub) -> None:
        """Remove the kernels of a hub from its registry."""
        registry, _, _ = self._hubs.pop(hub, (None, None, None))
        if registry is not None and not any(one is registry for one, _, _ in self._hubs.values()):
            registry.unregister(self)

    def describe(self) -> Iterable[Collected]:
        """Return nothing: which series there are is known when they are collected."""
        return ()

    def collect(self) -> Iterator[Collected]:
        """Yield every family that has a series; refresh quiet kernels for the next scrape."""
        readings: list[MonitorReading] = []
        dropped, clients, omitted = DROPPED.empty(), CLIENTS.empty(), OMITTED.empty()
        count = 0
        for hub, (_, loop, max_models) in list(self._hubs.items()):
            loop.call_soon_threadsafe(_refresh, hub)
            count += len(hub.broadcaster.subscribers)
            for record in list(hub.kernels.values()):
                for reason, number in sorted(dict(record.dropped).items()):
                    dropped.add_metric([record.kernel_id, reason], number)
                found = readings_of(record, max_models)
                if found:
                    left_out = sum(len(one.snapshot.models) - len(one.models) for one in found)
                    omitted.add_metric([record.kernel_id], left_out)
                readings += found
        clients.add_metric([], count)
        yield clients
        yield from collect(readings)
        yield from (family for family in (omitted, dropped) if family.samples)


collector = KernelCollector()
"""The collector of this process: all of its servers share one registry."""


def readings_of(record: KernelStateTracker, max_models: int) -> list[MonitorReading]:
    """Return a reading of each open monitor, with at most `max_models` models in all.

    The active models come first, then the others in the order of their monitors.
    """
    snapshots = [
        monitor.snapshot()
        for monitor in list(record.monitors.values())
        if monitor.latest is not None and not monitor.latest.closed
    ]
    chosen, runs = _chosen(snapshots, max_models), _open_runs(snapshots)
    return [
        MonitorReading(record.kernel_id, snapshot, record.last_seen, models, opened)
        for snapshot, models, opened in zip(snapshots, chosen, runs, strict=True)
    ]


def _chosen(snapshots: Sequence[Snapshot], most: int) -> list[list[ModelInfo]]:
    rows = [(place, row) for place, one in enumerate(snapshots) for row in one.models]
    rows.sort(key=lambda one: not one[1].active)
    ids = {(place, row.model_id) for place, row in rows[:most]}
    return [
        [row for row in one.models if (place, row.model_id) in ids]
        for place, one in enumerate(snapshots)
    ]


def _open_runs(snapshots: Sequence[Snapshot]) -> list[list[RunInfo]]:
    """Return the open runs of each monitor: of all of them together, at most `MAX_RUNS`."""
    left = MAX_RUNS
    found = []
    for one in snapshots:
        found.append(open_runs(one)[:left])
        left -= len(found[-1])
    return found


def collect(readings: Sequence[MonitorReading]) -> Iterator[Collected]:
    """Yield the families of all monitors; a value that is not known has no series.

    A monitor of which a family cannot be collected is left out.
    """
    families: dict[str, Collected] = {}
    for reading in readings:
        try:
            found = list(_families_of(reading))
        # Whatever a kernel sent, it must not end the metrics of all others.
        except Exception:
            log.warning("no metrics of the monitor %r", reading.snapshot.monitor, exc_info=True)
            continue
        for family in found:
            known = families.setdefault(family.name, family)
            if known is not family:
                known.samples.extend(family.samples)
    yield from families.values()


def _families_of(reading: MonitorReading) -> Iterator[Collected]:
    for family, source in FIELD_FAMILIES:
        collected = family.collect(source.read(reading))
        if collected.samples:
            yield collected
    yield from (family for family in derived([reading]) if family.samples)


def _refresh(hub: Hub) -> None:
    hub.background.spawn(hub.refresh(list(hub.kernels), older_than=QUIET_SECONDS))
