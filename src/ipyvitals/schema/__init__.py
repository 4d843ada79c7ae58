"""The contract: one snapshot of four sections, and six events.

Everything that leaves the kernel (traits, JSON, callbacks) has one of these shapes, and the
TypeScript types in ``js/src/contract.gen.ts`` are generated from them. Times are Unix seconds,
ratios lie in [0, 1], percentages in [0, 100]; other units stand in the field's name.
A value that is not known is ``None``, never 0.
"""

from __future__ import annotations

from ipyvitals.schema.base import (
    GpuReason,
    Health,
    Rule,
    Scope,
    Status,
    Task,
    TrainingState,
)
from ipyvitals.schema.events import (
    EVENT_TYPES,
    Event,
    ModelDeployed,
    ModelMetricsUpdate,
    ModelStatusChange,
    SystemMetrics,
    TrainingCompleted,
    TrainingProgress,
)
from ipyvitals.schema.model import (
    DriftSection,
    Durations,
    ErrorDrift,
    FeatureDrift,
    LabelsSection,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Segment,
    TrainingSection,
)
from ipyvitals.schema.snapshot import (
    POINTS_OF_METRICS,
    POINTS_OF_SYSTEM,
    Notice,
    Point,
    Snapshot,
    format_uptime,
)
from ipyvitals.schema.system import (
    Gpu,
    ProcessUse,
    SystemSection,
)

__all__ = [
    "EVENT_TYPES",
    "POINTS_OF_METRICS",
    "POINTS_OF_SYSTEM",
    "DriftSection",
    "Durations",
    "ErrorDrift",
    "Event",
    "FeatureDrift",
    "Gpu",
    "GpuReason",
    "Health",
    "LabelsSection",
    "MetricsSection",
    "ModelDeployed",
    "ModelInfo",
    "ModelMetricsUpdate",
    "ModelSection",
    "ModelStatusChange",
    "Notice",
    "Point",
    "ProcessUse",
    "Rule",
    "Scope",
    "Segment",
    "Snapshot",
    "Status",
    "SystemMetrics",
    "SystemSection",
    "Task",
    "TrainingCompleted",
    "TrainingProgress",
    "TrainingSection",
    "TrainingState",
    "format_uptime",
]
