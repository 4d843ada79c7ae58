"""Judges figures: thresholds and rules become health, health and lifecycle become one status.

Comes in: scores and figures of a model (from ``models/``), readings of the machine (from
``system/``), and the user's `Thresholds`. Goes out: findings (a rule turned on or off, with its
evidence and its reason), a health for each component of the machine, one status. The room takes no
lock; its callers hold the engine's.
"""

from __future__ import annotations

from ipyvitals.health.findings import DriftCheck, ErrorChange, Finding, Verdict
from ipyvitals.health.model_rule import (
    LimitRule,
    ModelRule,
    RuleFigures,
    RuleSettings,
    WindowRule,
    changed,
)
from ipyvitals.health.rules import (
    COMPONENTS,
    HEALTH_RULES,
    RULES,
    Component,
    SilenceRule,
    Thresholds,
)
from ipyvitals.health.status import Lifecycle, status_of
from ipyvitals.health.system import SystemEvaluator
from ipyvitals.health.verdict_settings import Policy

__all__ = [
    "COMPONENTS",
    "HEALTH_RULES",
    "RULES",
    "Component",
    "DriftCheck",
    "ErrorChange",
    "Finding",
    "Lifecycle",
    "LimitRule",
    "ModelRule",
    "Policy",
    "RuleFigures",
    "RuleSettings",
    "SilenceRule",
    "SystemEvaluator",
    "Thresholds",
    "Verdict",
    "WindowRule",
    "changed",
    "status_of",
]
