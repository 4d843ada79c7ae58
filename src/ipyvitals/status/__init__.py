"""Thresholds become health, health and lifecycle become one status."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ipyvitals.schema import Health, Status
from ipyvitals.status.rules import (
    CHANGED,
    AccuracyRule,
    DriftRule,
    ErrorChange,
    Finding,
    LimitRule,
    Look,
    Verdict,
)
from ipyvitals.status.system import SystemRule
from ipyvitals.status.thresholds import Policy, Thresholds

__all__ = [
    "CHANGED",
    "AccuracyRule",
    "DriftRule",
    "ErrorChange",
    "Finding",
    "Lifecycle",
    "LimitRule",
    "Look",
    "Policy",
    "SystemRule",
    "Thresholds",
    "Verdict",
    "status_of",
]

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
