"""Thresholds become health, health and lifecycle become one status."""

from __future__ import annotations

from ipyvitals.health.rules import (
    CHANGED,
    AccuracyRule,
    DriftRule,
    ErrorChange,
    Finding,
    LimitRule,
    Look,
    Verdict,
)
from ipyvitals.health.status import Lifecycle, status_of
from ipyvitals.health.system import SystemRule
from ipyvitals.health.thresholds import Policy, Thresholds

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
