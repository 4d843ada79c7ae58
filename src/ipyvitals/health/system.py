"""Judges readings of the machine: a health for each component, and one for the machine."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from ipyvitals.health.rules import COMPONENTS, Component, Thresholds
from ipyvitals.schema import Health, SystemSection
from ipyvitals.stats.streak import HysteresisSwitch

__all__ = ["SystemEvaluator"]

_SEVERITY: dict[Health, int] = {"unknown": 0, "healthy": 1, "degraded": 2, "unhealthy": 3}


class SystemEvaluator:
    """Judges each component by levels with hysteresis; the worst one is the machine's health.

    Parameters
    ----------
    thresholds : Thresholds
        The levels, and the samples in a row after which a verdict turns.
    components : sequence of Component
        What is judged.
    """

    def __init__(
        self, thresholds: Thresholds, components: Sequence[Component] = COMPONENTS
    ) -> None:
        self._components = components
        self._read = False
        self._seen = {one.name for one in components if not one.optional}
        self._levels: dict[str, list[tuple[Health, float, HysteresisSwitch]]] = {}
        self.adjust(thresholds)

    def adjust(self, thresholds: Thresholds) -> None:
        """Judge by other thresholds from here on; verdicts stay until a streak turns them."""
        before = {
            (name, health): switch
            for name, levels in self._levels.items()
            for health, _, switch in levels
        }
        self._levels = {}
        for component in self._components:
            name = component.name
            limits: list[tuple[Health, float | None]] = [("degraded", getattr(thresholds, name))]
            if component.critical:
                limits.append(("unhealthy", thresholds.critical))
            if limits[0][1] is None:
                continue
            self._levels[name] = levels = []
            for health, limit in limits:
                if limit is None:
                    continue
                switch = HysteresisSwitch(thresholds.look_hold)
                old = before.get((name, health))
                switch.on = old is not None and old.on
                levels.append((health, limit, switch))

    def update(self, reading: SystemSection) -> SystemSection:
        """Return the reading with its health, what limits it, and what could not be read."""
        judged: dict[str, Health] = {}
        unknown: list[str] = []
        for component in self._components:
            name = component.name
            levels = self._levels.get(name)
            if levels is None:
                continue
            percent: float | None = getattr(reading, component.figure)
            if percent is not None:
                self._seen.add(name)
                judged[name] = _health(levels, percent)
            # The first reading has no load, and a machine without a GPU misses none.
            elif name in self._seen and (self._read or not component.needs_two_samples):
                unknown.append(name)
        self._read = True
        worst = max(judged, key=lambda name: _SEVERITY[judged[name]], default=None)
        health: Health = "unknown" if worst is None else judged[worst]
        return msgspec.structs.replace(
            reading,
            system_health=health,
            limiter=worst if _SEVERITY[health] > _SEVERITY["healthy"] else None,
            unknown_components=unknown,
            components=judged,
        )


def _health(levels: list[tuple[Health, float, HysteresisSwitch]], percent: float) -> Health:
    verdict: Health = "healthy"
    for health, limit, switch in levels:
        over = np.array([percent >= limit])
        switch.update(over, ~over)
        if switch.on:
            verdict = health
    return verdict
