"""Defines the contract: what leaves a kernel, as frozen structs with their units.

What comes in: values that other rooms computed. What goes out: one `Snapshot` of a monitor, its
sections, seven events, and the messages between kernel and Jupyter server (`protocol`); JSON Schema
and the TypeScript types in ``contract.gen.ts`` are generated from these structs. A field that is
measured is declared as a metric in its annotation (`metrics`). The room takes no lock.

Times are Unix seconds, ratios lie in [0, 1], percentages in [0, 100]; other units stand in the
field's name. A value that is not known is ``None``, never 0.
"""

from __future__ import annotations

from ipyvitals.schema.base import (
    AlertKind,
    Goal,
    GpuReason,
    Health,
    NotFiniteKind,
    Rule,
    RunEnd,
    Scope,
    Status,
    Task,
    TrainingState,
)
from ipyvitals.schema.drift import DriftSection, ErrorDrift, FeatureDrift
from ipyvitals.schema.events import (
    EVENT_TYPES,
    Event,
    ModelDeployed,
    ModelMetricsUpdate,
    ModelStatusChange,
    SystemMetrics,
    TrainingAlert,
    TrainingCompleted,
    TrainingProgress,
)
from ipyvitals.schema.gpu import Gpu
from ipyvitals.schema.model import (
    Durations,
    LabelsSection,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Segment,
)
from ipyvitals.schema.snapshot import (
    PANEL_SECTIONS,
    PANEL_TRAITS,
    POINTS_OF_METRICS,
    POINTS_OF_SYSTEM,
    SECTIONS,
    Notice,
    Point,
    Snapshot,
    format_uptime,
    panel_sections,
)
from ipyvitals.schema.system import ProcessUse, SystemSection
from ipyvitals.schema.training import (
    BestValue,
    CurveChunk,
    GpuCost,
    RunAlert,
    RunCost,
    RunEnvironment,
    RunInfo,
    TrainingSection,
    merge_runs,
    without_stall,
)
from ipyvitals.schema.workers import WorkerInfo

__all__ = [
    "EVENT_TYPES",
    "PANEL_SECTIONS",
    "PANEL_TRAITS",
    "POINTS_OF_METRICS",
    "POINTS_OF_SYSTEM",
    "SECTIONS",
    "AlertKind",
    "BestValue",
    "CurveChunk",
    "DriftSection",
    "Durations",
    "ErrorDrift",
    "Event",
    "FeatureDrift",
    "Goal",
    "Gpu",
    "GpuCost",
    "GpuReason",
    "Health",
    "LabelsSection",
    "MetricsSection",
    "ModelDeployed",
    "ModelInfo",
    "ModelMetricsUpdate",
    "ModelSection",
    "ModelStatusChange",
    "NotFiniteKind",
    "Notice",
    "Point",
    "ProcessUse",
    "Rule",
    "RunAlert",
    "RunCost",
    "RunEnd",
    "RunEnvironment",
    "RunInfo",
    "Scope",
    "Segment",
    "Snapshot",
    "Status",
    "SystemMetrics",
    "SystemSection",
    "Task",
    "TrainingAlert",
    "TrainingCompleted",
    "TrainingProgress",
    "TrainingSection",
    "TrainingState",
    "WorkerInfo",
    "format_uptime",
    "merge_runs",
    "panel_sections",
    "without_stall",
]
