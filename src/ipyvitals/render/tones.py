"""Roles of colour, and which status, training run or component has which."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ipyvitals.schema import Health, Status, SystemSection

__all__ = ["TONES", "Tone", "component_tone", "status_tone", "training_tone"]

Tone: TypeAlias = Literal["accent", "ok", "warn", "bad", "muted"]

TONES: dict[Tone, str] = {
    "accent": "#2f74d6",
    "ok": "#14854a",
    "warn": "#a96500",
    "bad": "#d3382c",
    "muted": "#757b83",
}
"""Each can be read on white as well as on black."""
STATUS_TONES: dict[Status | Health, Tone] = {
    "training": "accent",
    "active": "ok",
    "healthy": "ok",
    "degraded": "warn",
    "unhealthy": "bad",
    "failed": "bad",
}
TRAINING_TONES: dict[str, Tone] = {
    "idle": "ok",
    "running": "accent",
    "completed": "ok",
    "failed": "bad",
}


def status_tone(status: Status | Health) -> Tone:
    """Return the tone of a status or a health; muted where it has none."""
    return STATUS_TONES.get(status, "muted")


def training_tone(state: str) -> Tone:
    """Return the tone of a training run in a state."""
    return TRAINING_TONES.get(state, "muted")


def component_tone(system: SystemSection, component: str) -> Tone | None:
    """Return the tone of a component by its health under the monitor's thresholds.

    ``None`` while it is healthy, and where it is not judged.
    """
    health = system.components.get(component)
    return status_tone(health) if health in ("degraded", "unhealthy") else None
