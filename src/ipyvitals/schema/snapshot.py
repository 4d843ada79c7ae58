"""The snapshot of one monitor, and the points of its charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ipyvitals.schema.base import SchemaStruct
from ipyvitals.schema.drift import DriftSection
from ipyvitals.schema.messages import Args
from ipyvitals.schema.metrics import charted_fields, plain_type
from ipyvitals.schema.model import (
    Durations,
    LabelsSection,
    MetricsSection,
    ModelInfo,
    ModelSection,
)
from ipyvitals.schema.system import SystemSection
from ipyvitals.schema.training import RunInfo, TrainingSection
from ipyvitals.schema.workers import WorkerInfo, without_ages

__all__ = [
    "PANEL_SECTIONS",
    "PANEL_TRAITS",
    "POINTS_OF_METRICS",
    "POINTS_OF_SYSTEM",
    "SECTIONS",
    "Notice",
    "Point",
    "Snapshot",
    "format_uptime",
    "panel_sections",
    "point_base",
    "sections_of",
]


class Notice(SchemaStruct, frozen=True, kw_only=True):
    """A problem in the background, with its count; logged and shown, never raised."""

    code: str
    message: str
    count: int
    at: float
    """Time of the last occurrence."""
    args: Args = {}
    """The values in the sentence of ``code``."""


def point_base(*sections: type[msgspec.Struct]) -> Any:
    """Return a struct of the moment and every charted metric of the sections, each or ``None``."""
    charted = {
        field.name: plain_type(field.type) | None
        for section in sections
        for field in msgspec.structs.fields(section)
        if field.name in charted_fields(section)
    }
    return msgspec.defstruct(
        "PointBase",
        [("at", float), *((name, kind, None) for name, kind in charted.items())],
        bases=(SchemaStruct,),
        module=__name__,
        frozen=True,
        kw_only=True,
    )


_PointBase: Any = point_base(MetricsSection, SystemSection)


class Point(_PointBase):  # type: ignore[misc]
    """One moment of the charts."""


POINTS_OF_METRICS = charted_fields(MetricsSection)
POINTS_OF_SYSTEM = charted_fields(SystemSection)
"""The fields of a `Point`, by the section that they come from."""


class Snapshot(SchemaStruct, frozen=True, kw_only=True):
    """Everything known at one moment.

    Examples
    --------
    >>> Snapshot(monitor="default", seq=0, at=0.0).metrics.current_accuracy is None
    True
    """

    monitor: str
    seq: int
    at: float
    model: ModelSection = ModelSection()
    training: TrainingSection = TrainingSection()
    metrics: MetricsSection = MetricsSection()
    system: SystemSection = SystemSection()
    notices: list[Notice] = []
    models: list[ModelInfo] = []
    durations: Durations | None = None
    labels: LabelsSection = LabelsSection()
    drift: DriftSection = DriftSection()
    runs: list[RunInfo] = []
    """The open runs, oldest first, then the last 20 that ended, newest first."""
    workers: list[WorkerInfo] = []
    """Other processes that report to this monitor: those alive first, 100 at most."""

    def changed(self, before: Snapshot | None, fields: Sequence[str]) -> list[str]:
        """Return those of `fields` that differ from `before`.

        Uptime and the ages of the workers' reports are left out of the comparison: views advance
        them by their own clock.
        """
        if before is None:
            return list(fields)
        return [
            name
            for name in fields
            if getattr(self, name) is not getattr(before, name) and self._differs(name, before)
        ]

    def delta(self, before: Snapshot | None) -> Snapshot:
        """Return this snapshot with only those models and runs that changed since `before`."""
        if before is None:
            return self
        rows: dict[str, Any] = {}
        if self.models != before.models:
            known = {row.model_id: row for row in before.models}
            rows["models"] = [row for row in self.models if known.get(row.model_id) != row]
        if self.runs != before.runs:
            runs = {row.run_id: row for row in before.runs}
            rows["runs"] = [row for row in self.runs if runs.get(row.run_id) != row]
        return msgspec.structs.replace(self, **rows) if rows else self

    def _differs(self, name: str, before: Snapshot) -> bool:
        new, old = getattr(self, name), getattr(before, name)
        if name == "model":
            new, old = (msgspec.structs.replace(one, uptime_seconds=None) for one in (new, old))
        elif name == "workers":
            new, old = without_ages(new), without_ages(old)
        return bool(new != old)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of ``GET /api/monitoring/system``, with the full sections.

        Returns
        -------
        dict
            ``active_model``, ``system_status`` and ``real_time_metrics``, then every field
            of the snapshot under its own name.
        """
        sections: dict[str, Any] = msgspec.to_builtins(self)
        uptime = self.model.uptime_seconds
        return {
            "active_model": sections["model"],
            "system_status": sections["system"],
            "real_time_metrics": {
                "predictions_per_minute": self.metrics.predictions_per_minute,
                "live_accuracy": self.metrics.current_accuracy,
                "model_uptime": None if uptime is None else format_uptime(uptime),
            },
            **sections,
        }


def sections_of(snapshot: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the parts of a snapshot that travel only when they changed.

    These are the fields with a default: what a snapshot holds before anything is known.
    """
    return tuple(field.name for field in msgspec.structs.fields(snapshot) if not field.required)


def panel_sections(snapshot: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the sections that the panel shows; it draws no histogram of durations."""
    return tuple(name for name in sections_of(snapshot) if name != "durations")


SECTIONS = sections_of(Snapshot)
PANEL_SECTIONS = panel_sections(Snapshot)
PANEL_TRAITS = ("monitor", "at", "interval", *PANEL_SECTIONS, "curves", "history", "closed")
"""The synchronized traits of the panel's widget, in the order in which the page reads them."""


def format_uptime(seconds: float) -> str:
    """Return a duration in its two largest units, as the REST answer gives it.

    Examples
    --------
    >>> format_uptime(8100), format_uptime(59.9), format_uptime(90_000)
    ('2h 15m', '59s', '1d 1h')
    """
    whole = max(0, int(seconds))
    for big, small, size, sub in (("d", "h", 86_400, 3_600), ("h", "m", 3_600, 60)):
        if whole >= size:
            return f"{whole // size}{big} {whole % size // sub}{small}"
    return f"{whole // 60}m {whole % 60}s" if whole >= 60 else f"{whole}s"
