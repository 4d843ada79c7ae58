"""Combines lifecycle and health into one status."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ipyvitals.schema import Health, Status

__all__ = ["Lifecycle", "status_of"]

Lifecycle: TypeAlias = Literal["registered", "active", "stopped", "failed"]


def status_of(lifecycle: Lifecycle, health: Health, *, training: bool, idle: bool) -> Status:
    """Return the one label of the two axes; the first match wins.

    Examples
    --------
    >>> status_of("active", "degraded", training=False, idle=True)
    'degraded'
    """
    if lifecycle in ("failed", "stopped"):
        return lifecycle
    if training:
        return "training"
    if health in ("unhealthy", "degraded"):
        return health
    return "idle" if idle and lifecycle == "active" else lifecycle
