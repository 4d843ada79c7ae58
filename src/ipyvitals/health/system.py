"""The machine's readings become one health."""

from __future__ import annotations

import msgspec
import numpy as np

from ipyvitals.health.thresholds import Thresholds
from ipyvitals.schema import Health, SystemSection
from ipyvitals.stats.streak import Switch

__all__ = ["SystemRule"]

ALWAYS_THERE = ("cpu", "memory", "disk")
_SEVERITY: dict[Health, int] = {"unknown": 0, "healthy": 1, "degraded": 2, "unhealthy": 3}


class SystemRule:
    """The worst of the known components, each level held for some samples in a row."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._read = False
        self._seen = set(ALWAYS_THERE)
        self._levels: dict[str, list[tuple[Health, float, Switch]]] = {}
        self.adjust(thresholds)

    def adjust(self, thresholds: Thresholds) -> None:
        """Judge by other thresholds from here on; verdicts stay until a streak turns them."""
        before = {
            (component, level): switch
            for component, levels in self._levels.items()
            for level, _, switch in levels
        }
        limits: dict[str, list[tuple[Health, float | None]]] = {
            "cpu": [("degraded", thresholds.cpu)],
            "memory": [("degraded", thresholds.memory), ("unhealthy", thresholds.critical)],
            "disk": [("degraded", thresholds.disk), ("unhealthy", thresholds.critical)],
            # Frameworks take a whole GPU for themselves, so that a full one need be no trouble.
            "gpu_memory": [("degraded", thresholds.gpu_memory)],
            "shared_memory": [
                ("degraded", thresholds.shared_memory),
                ("unhealthy", thresholds.critical),
            ],
            "open_files": [
                ("degraded", thresholds.open_files),
                ("unhealthy", thresholds.critical),
            ],
        }
        self._levels = {}
        for component, levels in limits.items():
            if levels[0][1] is None:
                continue
            self._levels[component] = kept = []
            for level, limit in levels:
                if limit is None:
                    continue
                switch = Switch(thresholds.look_hold)
                old = before.get((component, level))
                switch.on = old is not None and old.on
                kept.append((level, limit, switch))

    def update(self, reading: SystemSection) -> SystemSection:
        """Return the reading with its health, what limits it, and what could not be read."""
        health: Health = "unknown"
        limiter: str | None = None
        unknown: list[str] = []
        for component, levels in self._levels.items():
            percent: float | None = getattr(reading, f"{component}_percent")
            if percent is None:
                # A load is a difference: the first reading has none, and nothing is wrong. Nor
                # is it when there never was such a thing, as on a machine without a GPU.
                if component in self._seen and (self._read or component != "cpu"):
                    unknown.append(component)
                continue
            self._seen.add(component)
            verdict: Health = "healthy"
            for level, limit, switch in levels:
                over = np.array([percent >= limit])
                switch.update(over, ~over)
                if switch.on:
                    verdict = level
            if _SEVERITY[verdict] > _SEVERITY[health]:
                health = verdict
                limiter = component if verdict != "healthy" else None
        self._read = True
        return msgspec.structs.replace(
            reading, system_health=health, limiter=limiter, unknown_components=unknown
        )
